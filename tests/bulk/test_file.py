"""The file of a journal: its mode, its lock, and what happens when it cannot be written."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from posthog_environments import ConfigurationError, JournalError
from posthog_environments.bulk.file import JournalFile


@contextmanager
def room(size: int) -> Iterator[None]:
    """Limit the size of files. The kernel refuses the write that exceeds it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    before = os.umask(0)
    try:
        file = JournalFile(path)
        file.open()
        file.append(b"one\n")
        file.close()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    file.open()
    file.append(b"two\n")
    file.close()
    assert path.stat().st_mode & 0o777 == 0o600, "also where somebody has changed it"
    assert file.data == b"one\n"
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_second_one_is_refused_in_this_process_and_in_another(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first, second = JournalFile(path), JournalFile(path)
    first.open()
    with pytest.raises(ConfigurationError, match="another process is working with it"):
        second.open()
    script = f"from posthog_environments.bulk.file import JournalFile as J; J({str(path)!r}).open()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "another process is working with it" in done.stderr
    first.close()
    second.open()
    second.close()


def test_one_that_was_removed_under_our_hands_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path, flock = tmp_path / "j", fcntl.flock
    path.touch()

    def late(handle: int, how: int) -> None:
        path.unlink()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(ConfigurationError, match="has just removed it"):
        JournalFile(path).open()


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull), tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            JournalFile(path).open()
    with pytest.raises(ConfigurationError, match="its folder does not exist"):
        JournalFile(tmp_path / "nowhere" / "j").open()


def test_what_lies_behind_a_place_is_taken_out(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "j")
    file.open()
    file.append(b"one\ntwo\n")
    file.truncate(4)
    file.append(b"three\n")
    file.close()
    assert file.path.read_bytes() == b"one\nthree\n"


def test_no_room(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "j")
    file.open()
    with room(5), pytest.raises(JournalError, match="File too large"):
        file.append(b"0123456789\n")
    assert (tmp_path / "j").read_bytes() == b"01234", "a line that is cut short"
    with pytest.raises(JournalError, match="closed"):
        file.append(b"more\n")


def test_a_disk_that_fails_to_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = JournalFile(tmp_path / "j")
    file.open()

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        file.append(b"unsynced\n", sync=False)
        with pytest.raises(JournalError, match="Input/output error"):
            file.append(b"synced\n")
    with pytest.raises(JournalError, match="closed"):
        file.append(b"what the disk has is not known any more\n")


def test_one_that_was_begun_for_nothing_goes(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "j")
    file.open()
    assert file.created
    file.discard()
    assert list(tmp_path.iterdir()) == []

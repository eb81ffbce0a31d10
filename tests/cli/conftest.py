"""Runs `phenv` as a user does: in this process where only words matter, on a pseudo-terminal where it is looked at."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from posthog_environments.cli import main
from posthog_environments.sandbox import Sandbox

PHENV = [sys.executable, "-m", "posthog_environments.cli"]
NOW = "2026-02-01T12:00:00"
PATIENCE = 60


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    """Give a sandbox that the tests only read, but for persons that they make their own."""
    with Sandbox(persons=300, now=NOW, rates=False, lag=0) as box:
        yield box


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty home, so that no profile of the caller's is read."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def bare(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with nothing configured."""
    assert home.exists()

    def run(*args: str, text: str | None = None) -> Done:
        # Whatever the test runner's own is, it is no terminal.
        with Path(os.devnull).open() as nothing:
            if text is None:
                monkeypatch.setattr(sys, "stdin", nothing)
            else:
                import io

                monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
            code = main(args)
        captured = capfd.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture
def run(box: Sandbox, bare: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against the sandbox."""
    for name, value in box.environ.items():
        monkeypatch.setenv(name, value)
    return bare


@dataclass(frozen=True)
class Screen:
    """What a terminal showed, and how the command ended."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.text.replace("\r", "")).split("\n")


def on_screen(
    *args: str,
    width: int = 80,
    answers: Sequence[tuple[str, str]] = (),
    stdout: Path | None = None,
    env: Mapping[str, str] | None = None,
    **variables: str,
) -> Screen:
    """Run a command on a terminal of its own; each answer is typed once its question is there.

    With `stdout` the results go into a file, and the terminal shows the rest.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environ = {**os.environ, **(env or {}), "TERM": "xterm-256color", "PYTHONUTF8": "1", **variables}
    target = stdout.open("wb") if stdout else theirs
    process = subprocess.Popen(
        [*PHENV, *args],
        stdin=theirs,
        stdout=target,
        stderr=theirs,
        env=environ,
        start_new_session=True,
        # Without a controlling terminal Ctrl-C would be a character like others.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    if not isinstance(target, int):
        target.close()
    shown, waiting = b"", list(answers)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if waiting and waiting[0][0].encode() in shown:
            _, typed = waiting.pop(0)
            # Nobody types before the cursor is there, and a Ctrl-C that comes just before it is lost.
            time.sleep(0.3)
            os.write(ours, typed.encode())
        if not select.select([ours], [], [], 0.1)[0]:
            continue
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    process.wait(PATIENCE)
    os.close(ours)
    assert not waiting, (waiting, shown)
    return Screen(process.returncode, shown.decode())


@pytest.fixture
def screen(box: Sandbox, home: Path) -> Callable[..., Screen]:
    """Run a command against the sandbox, on a terminal."""
    assert home.exists()

    def show(*args: str, **options: object) -> Screen:
        return on_screen(*args, env=box.environ, **options)  # type: ignore[arg-type]

    return show

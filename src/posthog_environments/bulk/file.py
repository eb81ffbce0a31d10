"""The files of a job: the journal, and the distinct ids of deleted persons.

Files have mode 0600, are locked for one process, appended to and synced. All calls block: the async runner makes them
in a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from posthog_environments.bulk.inputs import MOST_DISTINCT_IDS
from posthog_environments.errors import ConfigurationError, JournalError

__all__ = ["JournalFile", "KeptIds"]

_BUSY = "another process is working with it"


class JournalFile:
    """A file that is open and locked.

    Attributes:
        data: Its content when it was opened.
        created: Whether this object created it.
    """

    def __init__(self, path: str | os.PathLike[str], *, what: str = "journal") -> None:
        self.path = Path(path)
        self._what = what
        self.data = b""
        self.created = False
        self._handle = -1

    def open(self) -> None:
        """Open and lock the file, create it if it does not exist, and read it.

        Raises:
            ConfigurationError: It cannot be opened, is not a regular file, or another process uses it.
        """
        try:
            self._open()
            with os.fdopen(self._handle, "rb", closefd=False) as file:
                self.data = file.read()
        except OSError as error:
            self.close()
            is_missing = isinstance(error, FileNotFoundError)
            problem = "its folder does not exist" if is_missing else error.strerror or str(error)
            raise ConfigurationError(
                f"The {self._what} {self.path} cannot be used: {problem}. Nothing was sent."
            ) from None

    def _open(self) -> None:
        # Without O_NONBLOCK, opening a named pipe would wait for its other end.
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)
        try:
            self._handle = os.open(self.path, flags)
        except FileNotFoundError:
            try:
                self._handle = os.open(self.path, flags | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                raise OSError(_BUSY) from None
            self.created = True
        if not stat.S_ISREG(os.fstat(self._handle).st_mode):
            raise OSError("it is no plain file")
        self._lock()
        os.fchmod(self._handle, 0o600)
        if self.created:
            self._sync_folder()

    def _lock(self) -> None:
        try:
            import fcntl
        except ImportError:  # pragma: no cover - on Windows, which no machine of ours is
            raise OSError("this system has no flock, which keeps two processes from one journal") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(_BUSY) from None
        # The process that had it before may have removed it in the meantime.
        if not self.path.exists() or not os.path.samestat(os.fstat(self._handle), self.path.stat()):
            raise OSError("another process has just removed it; try again")

    def append(self, data: bytes, *, sync: bool = True) -> None:
        """Append lines. With `sync`, return when they are on the disk.

        Raises:
            JournalError: They cannot be written. The file is closed, because its content is not known any more.
        """
        if self._handle < 0:
            raise JournalError(f"The {self._what} {self.path} is closed.")
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._handle, left) :]
            if sync:
                os.fsync(self._handle)
        except OSError as error:
            self.close()
            problem = error.strerror or type(error).__name__
            raise JournalError(
                f"The {self._what} {self.path} cannot be written: {problem}. The job has stopped; when there is room, "
                "run it again with the same journal to continue."
            ) from None

    def truncate(self, size: int) -> None:
        """Truncate the file.

        Raises:
            JournalError: It cannot be written.
        """
        try:
            os.ftruncate(self._handle, size)
        except OSError as error:
            raise JournalError(f"The {self._what} {self.path} cannot be written: {error.strerror}.") from None

    def discard(self) -> None:
        """Remove the file, if the job has done nothing yet."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the file and release the lock."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _sync_folder(self) -> None:
        # The new name must survive a crash, too. Some file systems cannot sync a folder.
        with contextlib.suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class KeptIds(JournalFile):
    """A file of the distinct ids of deleted persons, by which events can be found that are left.

    Lines of JSON: `uuid`, `distinct_ids`, `time`, and `complete`, which is False if there are as many distinct ids as a
    server returns at most, so that there may be more.
    """

    def __init__(self, path: str | os.PathLike[str], now: Callable[[], datetime]) -> None:
        super().__init__(path, what="file of distinct ids")
        self._now = now
        self._kept: dict[str, list[str]] = {}

    def open(self) -> None:
        """Open the file, and create it if it does not exist.

        Raises:
            ConfigurationError: It cannot be used, or is another file. Nothing was sent.
        """
        super().open()
        whole, self.data = self.data, b""
        lines = whole.splitlines()
        for number, line in enumerate(lines, 1):
            kept = _read_kept(line)
            if kept is not None:
                self._kept[kept[0]] = kept[1]
            elif number == 1 or number < len(lines):
                self.close()
                raise ConfigurationError(
                    f"{self.path} is another file than one of distinct ids (line {number}); give another path. "
                    "Nothing was sent."
                )
        if whole and not whole.endswith(b"\n"):
            # A crash has cut the last line short. The person had not been deleted yet.
            self.truncate(whole.rfind(b"\n") + 1)

    def write(self, uuid: str, distinct_ids: Sequence[str]) -> None:
        """Write the distinct ids of a person, and return when they are on the disk.

        Raises:
            JournalError: They cannot be written.
        """
        complete = len(distinct_ids) != MOST_DISTINCT_IDS
        if self._kept.get(uuid) == list(distinct_ids):
            return
        time = self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"uuid": uuid, "time": time, "complete": complete, "distinct_ids": list(distinct_ids)}
        self.append(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._kept[uuid] = list(distinct_ids)


def _read_kept(line: bytes) -> tuple[str, list[str]] | None:
    try:
        record: Any = json.loads(line)
        uuid, distinct_ids = record["uuid"], record["distinct_ids"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(uuid, str) or not isinstance(distinct_ids, list):
        return None
    return uuid, cast("list[str]", distinct_ids)

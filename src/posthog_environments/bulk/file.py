"""The file of a journal, or of what is kept beside it: locked for one process, 0600, appended to and synced.

It blocks; a driver runs it, in a thread where it awaits.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from posthog_environments.errors import ConfigurationError, JournalError

__all__ = ["JournalFile"]

_BUSY = "another process is working with it"


class JournalFile:
    """A journal that is open and locked.

    Attributes:
        data: What was in it when it was opened.
        created: Whether it was made by this very object.
    """

    def __init__(self, path: str | os.PathLike[str], *, what: str = "journal") -> None:
        self.path = Path(path)
        self._what = what
        self.data = b""
        self.created = False
        self._handle = -1

    def open(self) -> None:
        """Open and lock the file, which is made if it is not there, and read what is in it.

        Raises:
            ConfigurationError: It cannot be opened, is no plain file, or another process works with it.
        """
        problem = None
        try:
            self._open()
            self.data = self._whole()
        except FileNotFoundError:
            problem = "its folder does not exist"
        except OSError as error:
            problem = error.strerror or str(error)
        if problem:
            self.close()
            raise ConfigurationError(f"The {self._what} {self.path} cannot be used: {problem}. Nothing was sent.")

    def _open(self) -> None:
        # A named pipe would wait for its other end.
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
        # Whoever had it before may have removed it meanwhile.
        if not self.path.exists() or not os.path.samestat(os.fstat(self._handle), self.path.stat()):
            raise OSError("another process has just removed it; try again")

    def _whole(self) -> bytes:
        parts: list[bytes] = []
        os.lseek(self._handle, 0, os.SEEK_SET)
        while part := os.read(self._handle, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def append(self, data: bytes, *, sync: bool = True) -> None:
        """Append lines, and with `sync` come back when they are on the disk.

        Raises:
            JournalError: They cannot be written. After that nothing more is: what the disk has is not known.
        """
        if self._handle < 0:
            raise JournalError(f"The {self._what} {self.path} is closed.")
        problem = None
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._handle, left) :]
            if sync:
                os.fsync(self._handle)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem:
            self.close()
            raise JournalError(
                f"The {self._what} {self.path} cannot be written: {problem}. The job has stopped; when there is room, "
                "run it again with the same journal, and it goes on."
            )

    def truncate(self, size: int) -> None:
        """Take out what lies behind so many bytes.

        Raises:
            JournalError: It cannot be written.
        """
        try:
            os.ftruncate(self._handle, size)
        except OSError as error:
            raise JournalError(f"The {self._what} {self.path} cannot be written: {error.strerror}.") from None

    def discard(self) -> None:
        """Remove the file: nothing has been done by this job yet."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the file, and with it the lock."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _sync_folder(self) -> None:
        # That the file is there must outlast a crash too. Some file systems cannot tell.
        with contextlib.suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

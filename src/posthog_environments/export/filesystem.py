"""All that an export asks of the file system, in one place, so that a test can fail each step of it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["FileSystem"]

_FLAGS = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

# How a file system says that a folder cannot be synced there.
_NO_SUCH_THING = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})


class FileSystem:
    """The file system. Files that it makes are for their owner alone."""

    def create(self, path: Path) -> int:
        """Make a file that must not be there yet, and open it to write."""
        return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)

    def reopen(self, path: Path) -> int:
        """Open a file that is there, to write behind what it holds."""
        file = os.open(path, _FLAGS)
        if hasattr(os, "fchmod"):
            os.fchmod(file, 0o600)
        return file

    def write(self, file: int, data: bytes | memoryview) -> None:
        """Write all of it at the place where the file is."""
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def truncate(self, file: int, size: int) -> None:
        """Cut a file off, and go to its end."""
        os.ftruncate(file, size)
        os.lseek(file, size, os.SEEK_SET)

    def sync(self, file: int) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close a file."""
        os.close(file)

    def replace(self, path: Path, target: Path) -> None:
        """Give a file another name, in place of the one that has it, and wait until the folder knows."""
        path.replace(target)
        self.sync_folder(target.parent)

    def remove(self, path: Path) -> None:
        """Remove a file that may be there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk, where a system can be asked for that."""
        if os.name != "posix":
            return
        try:
            file = os.open(folder, os.O_RDONLY)
        except PermissionError:
            # Who may write into a folder need not be allowed to read it.
            return
        try:
            os.fsync(file)
        except OSError as error:
            if error.errno not in _NO_SUCH_THING:
                raise
        finally:
            os.close(file)

    def lock(self, file: int, path: Path) -> bool:
        """Lock an open file until it is closed. Return False if another process has it, or has renamed it."""
        try:
            import fcntl
        except ImportError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # An export that has just finished has made this its target, after it was opened here.
        return path.exists() and os.path.samestat(os.fstat(file), path.stat())

    def write_whole(self, path: Path, data: bytes, scratch: Path) -> None:
        """Replace a small file, whole or not at all. It is written as `scratch` first."""
        self.remove(scratch)
        try:
            file = self.create(scratch)
            try:
                self.write(file, data)
                self.sync(file)
            finally:
                self.close(file)
            self.replace(scratch, path)
        except BaseException:
            with suppress(OSError):
                self.remove(scratch)
            raise

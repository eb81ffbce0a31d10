"""The file system calls of an export, in one place, so that tests can let each of them fail."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["FileSystem"]

_FLAGS = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

# Errors of file systems that cannot sync a folder.
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})


class FileSystem:
    """The file system. New files are readable by their owner only."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist yet, and open it for writing."""
        return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)

    def reopen(self, path: Path) -> int:
        """Open an existing file for writing."""
        file = os.open(path, _FLAGS)
        if hasattr(os, "fchmod"):
            os.fchmod(file, 0o600)
        return file

    def write(self, file: int, data: bytes | memoryview) -> None:
        """Write all of the data at the current position."""
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def truncate(self, file: int, size: int) -> None:
        """Truncate a file, and move to its end."""
        os.ftruncate(file, size)
        os.lseek(file, size, os.SEEK_SET)

    def sync(self, file: int) -> None:
        """Wait until the data of a file is on the disk."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Close a file."""
        os.close(file)

    def replace(self, path: Path, target: Path) -> None:
        """Rename a file, replace the target if it exists, and sync the folder."""
        path.replace(target)
        self.sync_folder(target.parent)

    def remove(self, path: Path) -> None:
        """Remove a file if it exists."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names in a folder are on the disk, on systems that support it."""
        if os.name != "posix":
            return
        try:
            file = os.open(folder, os.O_RDONLY)
        except PermissionError:
            # A folder may be writable and not readable.
            return
        try:
            os.fsync(file)
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
        finally:
            os.close(file)

    def lock(self, file: int, path: Path) -> bool:
        """Lock an open file until it is closed. Return False if another process has locked or renamed it."""
        try:
            import fcntl
        except ImportError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # An export that has just finished may have made its target of the file, after it was opened here.
        return path.exists() and os.path.samestat(os.fstat(file), path.stat())

    def write_whole(self, path: Path, data: bytes, scratch: Path) -> None:
        """Replace a small file in one step. It is written as `scratch` first."""
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

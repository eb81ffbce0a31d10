"""Defects of exports. A process of the campaign applies one of them first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from posthog_environments.export import file
from posthog_environments.export import job as frame
from posthog_environments.export.filesystem import FileSystem
from posthog_environments.paging import seen

File: Any = file.FileExport


def no_sync() -> None:
    """The checkpoint is written while the part file may not be on the disk."""

    def store(self: Any, chunk: bytes) -> None:
        self._disk.write(self._file, chunk)
        self._save()
        self._keeps_files = True

    File._store = store


def checkpoint_first() -> None:
    def store(self: Any, chunk: bytes) -> None:
        self._save()
        self._keeps_files = True
        self._disk.write(self._file, chunk)
        self._disk.sync(self._file)

    File._store = store


def no_truncation() -> None:
    """Bytes after those of the checkpoint stay."""

    def truncate(self: FileSystem, file: int, size: int) -> None:
        os.lseek(file, 0, os.SEEK_END)

    FileSystem.truncate = truncate  # type: ignore[method-assign]


def in_place() -> None:
    """The checkpoint is overwritten, not replaced."""

    def write_whole(self: Any, path: Path, data: bytes, scratch: Path) -> None:
        file = self.reopen(path) if path.exists() else self.create(path)
        self.truncate(file, 0)
        self.write(file, data)
        self.sync(file)
        self.close(file)

    FileSystem.write_whole = write_whole  # type: ignore[method-assign]


def no_memory() -> None:
    """The paginator resumes without the uuids that it has seen."""
    seen.RecentKeys.state = lambda self: []  # type: ignore[method-assign]


def other_chunks() -> None:
    """Chunks end elsewhere after a resumption."""
    resume = File._resume

    def shifted(self: Any, saved: Any) -> None:
        resume(self, saved)
        frame.CHUNK_PAGES = 1

    File._resume = shifted


def target_at_once() -> None:
    """The target is written in place."""
    begin = File._begin

    def linked(self: Any) -> None:
        begin(self)
        if not self._paths.target.exists():
            os.link(self._paths.part, self._paths.target)

    File._begin = linked


def readable() -> None:
    """Others can read the file."""
    rename = File._rename

    def opened(self: Any) -> None:
        rename(self)
        self._paths.target.chmod(0o644)

    File._rename = opened

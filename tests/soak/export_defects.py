"""What could be wrong with an export. A process of the campaign spoils the package with one of these first."""

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
    """The checkpoint is written while the part file may still be in memory alone."""

    def store(self: Any, piece: bytes) -> None:
        self._disk.write(self._file, piece)
        self._save()
        self._worth_keeping = True

    File._store = store


def checkpoint_first() -> None:
    def store(self: Any, piece: bytes) -> None:
        self._save()
        self._worth_keeping = True
        self._disk.write(self._file, piece)
        self._disk.sync(self._file)

    File._store = store


def no_truncation() -> None:
    """What was written behind the checkpoint stays."""

    def truncate(self: FileSystem, file: int, size: int) -> None:
        os.lseek(file, 0, os.SEEK_END)

    FileSystem.truncate = truncate  # type: ignore[method-assign]


def in_place() -> None:
    """The checkpoint is written over, not replaced."""

    def write_whole(self: Any, path: Path, data: bytes) -> None:
        file = self.reopen(path) if path.exists() else self.create(path)
        self.truncate(file, 0)
        self.write(file, data)
        self.sync(file)
        self.close(file)

    FileSystem.write_whole = write_whole  # type: ignore[method-assign]


def no_memory() -> None:
    """The walk goes on without the uuids of what it has seen."""
    seen.RecentKeys.state = lambda self: []  # type: ignore[method-assign]


def other_pieces() -> None:
    """Pieces end elsewhere after a resumption."""
    go_on = File._go_on

    def shifted(self: Any, saved: Any) -> None:
        go_on(self, saved)
        frame.PIECE_PAGES = 1

    File._go_on = shifted


def target_at_once() -> None:
    """The file is written under its own name."""
    begin = File._begin

    def linked(self: Any) -> None:
        begin(self)
        if not self._paths.target.exists():
            os.link(self._paths.part, self._paths.target)

    File._begin = linked


def readable() -> None:
    """Others may read the file."""
    place = File._place

    def opened(self: Any) -> None:
        place(self)
        self._paths.target.chmod(0o644)

    File._place = opened

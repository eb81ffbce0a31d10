"""Parts for the tests of exports step by step: persons in a list, and a disk that keeps what was done on it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar

from posthog_environments import ExportSummary
from posthog_environments.export.filesystem import FileSystem
from posthog_environments.export.formats.lines import Csv, JsonLines
from posthog_environments.export.job import ExportJob
from posthog_environments.export.options import ExportOptions, read_options
from posthog_environments.export.run import begin
from posthog_environments.paging.listing import ExportListRequest
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage
from posthog_environments.results.raw_rows import Row

START = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    **dict.fromkeys(("resume", "force", "flatten", "raw", "since_last"), False),
    **dict.fromkeys(("format", "columns", "only")),
}


@dataclass(frozen=True, slots=True)
class WholeLines(JsonLines):
    """JSON Lines that are made when all rows are there."""

    streams: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class WholeCsv(Csv):
    """CSV that is made when all rows are there."""

    streams: ClassVar[bool] = False


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def person(number: int, *, timeless: bool = False, raw: bytes | None = None, **properties: Any) -> Row:
    """Return the person who was created in a certain minute."""
    text = json.dumps({"uuid": f"p{number}", "properties": properties}, separators=(",", ":")).encode()
    return Row(f"p{number}", None if timeless else minute(number), text if raw is None else raw)


def persons(count: int) -> list[Row | None]:
    """Return persons, newest first."""
    return [person(number) for number in range(count, 0, -1)]


def text(*numbers: int) -> str:
    """Return what a file of JSON Lines has of certain persons."""
    return "".join(f"{person(number).raw.decode()}\n" for number in numbers)


@dataclass
class Server:
    """Has persons in a list, and gives pages of them. It passes over None without a word.

    Attributes:
        asked: The pages that were asked for.
        steps: What each request takes.
        count: What pages say of their total.
        project: What the identity of listings is made of, among others.
    """

    people: Sequence[Row | None]
    asked: list[Cursor] = field(default_factory=list)
    steps: tuple[Any, ...] = ()
    count: int | None = None
    project: Any = "1"

    def fetch(self, cursor: Cursor) -> Generator[Any, Any, RawPage[Any]]:
        """Give a page."""
        yield from self.steps
        self.asked.append(cursor)
        end = cursor.number + cursor.limit
        some = [each for each in self.people[cursor.number : end] if each is not None]
        return RawPage(some, f"?offset={end}" if end < len(self.people) else None, self.count)

    def listing(self, page_size: int = 2, **filters: Any) -> ExportListRequest:
        """Make a listing of them."""
        row: Any = attrgetter("uuid"), attrgetter("created_at")

        def restore(state: Mapping[str, Any] | None) -> OffsetPaginator[Any]:
            return OffsetPaginator.restore(state, *row) if state else OffsetPaginator(page_size, 0, *row)

        identity = {"host": "https://one.example", "project": self.project, **filters}
        return ExportListRequest(self.fetch, restore, identity, page_size)


class Disk:
    """Passes calls on to the file system, and keeps what they were; fails at certain ones."""

    def __init__(self, *fails: str) -> None:
        self.log: list[str] = []
        self.open: dict[int, str] = {}
        self._fails = fails

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.log.append(" ".join([name, *map(self._named, arguments[:1]), *map(shown, arguments[1:])]).rstrip())
            if self.log[-1].startswith(self._fails or "?"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done = getattr(FileSystem(), name)(*arguments)
            if name in ("create", "reopen"):
                self.open[done] = arguments[0].name
            elif name == "close":
                del self.open[arguments[0]]
            return done

        return call

    def _named(self, file: int | Path) -> str:
        return file.name if isinstance(file, Path) else self.open[file]

    def done(self) -> list[str]:
        """Return what was done since this was asked last."""
        log, self.log = self.log, []
        return log

    def kill(self) -> None:
        """Let go of all files, as if the process had been killed."""
        while self.open:
            os.close(self.open.popitem()[0])


def shown(argument: Any) -> str:
    """Show a path by its name, a number as it is, and data not at all."""
    return argument.name if isinstance(argument, Path) else str(argument) if isinstance(argument, int) else ""


def begun(
    server: Server, path: Path | str, *, disk: Any = None, page_size: int = 2, progress: Any = None, **options: Any
) -> ExportJob:
    """Begin an export; `file_format` is put in place of the one that the name says."""
    file_format, filters = options.pop("file_format", None), options.pop("filters", {})
    checked: ExportOptions = read_options(path, **SETTINGS | options)
    if file_format is not None:
        checked = replace(checked, file_format=file_format)
    return begin(server.listing(page_size, **filters), checked, progress=progress, disk=disk)


def fetched(job: ExportJob) -> RawPage[Any]:
    """Carry out the next call."""
    call = job.fetch()
    while True:
        try:
            next(call)
        except StopIteration as stop:
            page: RawPage[Any] = stop.value
            return page


def take(job: ExportJob, pages: int = 1_000) -> ExportJob:
    """Take pages, as many as there are at most."""
    while job.more and pages:
        job.take(fetched(job))
        pages -= 1
    return job


def export(server: Server, path: Path | str, **options: Any) -> ExportSummary:
    """Do a whole export."""
    with begun(server, path, **options) as job:
        return take(job).finish()


def killed(server: Server, path: Path, pages: int, **options: Any) -> None:
    """Begin an export, and let nobody close it."""
    disk = Disk(*options.pop("fails", ()))
    job = begun(server, path, disk=disk, **options)
    with suppress(OSError):
        take(job, pages)
        if not job.more:
            job.finish()
    disk.kill()


def files(folder: Path) -> dict[str, str]:
    """Return the names of files, and what is in those that are not a checkpoint or receipt."""
    hidden = ("checkpoint", "receipt")
    return {
        each.name: "" if each.name.endswith(hidden) else each.read_bytes().decode("utf-8", "replace")
        for each in sorted(folder.iterdir())
    }

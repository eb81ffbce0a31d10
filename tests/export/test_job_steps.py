"""Exports step by step, without a server: what becomes of the pages, and what standard output is given."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from posthog_environments import ExportSummary, MalformedResponseError
from posthog_environments.calls.messages import RunBlocking, Send, Sleep
from posthog_environments.export import job as jobs
from posthog_environments.export.checkpoint import Checkpoint, read
from posthog_environments.export.formats.base import DoesNotFit
from posthog_environments.export.formats.lines import JsonLines
from posthog_environments.paging.page import Cursor
from tests.export.steps import (
    Disk,
    Server,
    WholeCsv,
    WholeLines,
    begun,
    export,
    files,
    minute,
    person,
    persons,
    take,
    text,
)


@dataclass(frozen=True, slots=True)
class Small(JsonLines):
    """JSON Lines of three persons at most."""

    most_rows: ClassVar[int | None] = 3


@dataclass(frozen=True, slots=True)
class Empty(JsonLines):
    """JSON Lines of nobody."""

    most_rows: ClassVar[int | None] = 0


def checkpoint(folder: Path, name: str = "a.jsonl") -> Checkpoint:
    saved: Checkpoint = read((folder / f"{name}.checkpoint").read_bytes(), Checkpoint)
    return saved


def table(data: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data, newline="")))


# --------------------------------------------------------------------------------------------------------------- pages


def test_pages_are_asked_for_in_turn(tmp_path: Path) -> None:
    server = Server(persons(5))
    job = begun(server, tmp_path / "a.jsonl")
    assert job.more
    assert (job.report.pages, job.report.rows) == (0, 0)
    take(job)
    assert server.asked == [Cursor(0, 2), Cursor(1, 3), Cursor(3, 3)]
    assert not job.more
    assert (job.report.pages, job.report.rows, job.report.complete) == (3, 5, True)
    with pytest.raises(AssertionError):
        job.fetch()
    with job:
        job.finish()
    assert files(tmp_path) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_a_chunk_is_eight_pages(tmp_path: Path) -> None:
    disk = Disk()
    with begun(Server(persons(19)), tmp_path / "a.jsonl", disk=disk, page_size=1) as job:
        written = []
        for _ in range(19):
            disk.done()
            take(job, 1)
            written.append(disk.done() == ["write a.jsonl.part", "sync a.jsonl.part", SAVED])
        assert [number for number, wrote in enumerate(written, 1) if wrote] == [8, 16, 19]
        assert checkpoint(tmp_path).rows == 19


SAVED = "write_whole a.jsonl.checkpoint  a.jsonl.checkpoint.new"


@pytest.mark.parametrize(("rows", "chunks"), [(4, [2, 4, 5]), (3, [2, 4, 5]), (5, [3, 5]), (1, [1, 2, 3, 4, 5])])
def test_a_chunk_is_so_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, chunks: list[int]) -> None:
    assert (jobs.CHUNK_ROWS, jobs.CHUNK_PAGES) == (4000, 8)
    monkeypatch.setattr(jobs, "CHUNK_ROWS", rows)
    disk = Disk()
    with begun(Server(persons(9)), tmp_path / "a.jsonl", disk=disk) as job:
        wrote = []
        for page in range(1, 6):
            disk.done()
            take(job, 1)
            if SAVED in disk.done():
                wrote.append(page)
                assert checkpoint(tmp_path).rows == min(2 * page, 9)
    assert wrote == chunks


def test_progress_is_told_after_the_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 2)
    told: list[tuple[int, int | None, int]] = []

    def progress(rows: int, total: int | None) -> None:
        told.append((rows, total, checkpoint(tmp_path).rows))

    export(Server(persons(5), count=5), tmp_path / "a.jsonl", progress=progress)
    assert told == [(2, 5, 0), (4, 5, 4), (5, 5, 5)]
    told.clear()
    export(Server(persons(1)), tmp_path / "a.jsonl", progress=progress, force=True)
    assert told == [(1, None, 1)]


def test_the_mark_is_when_the_newest_was_created(tmp_path: Path) -> None:
    for name, people, mark in (
        ("a", [person(9, timeless=True), person(7), person(6), person(5)], minute(7)),
        ("b", [person(7), person(6)], minute(7)),
        ("c", [person(9, timeless=True), person(8, timeless=True), person(5), person(4)], minute(5)),
        ("d", [person(9, timeless=True)], None),
        ("e", [], None),
    ):
        path = tmp_path / f"{name}.jsonl"
        with begun(Server(people), path) as job:
            take(job)
            assert checkpoint(tmp_path, path.name).mark == mark


def test_more_persons_than_a_file_can_hold_end_the_export(tmp_path: Path) -> None:
    message = "^JSON Lines holds 3 persons at most, and there are {}. Export to .csv or .parquet, or"
    path = tmp_path / "a.jsonl"
    # The server says so, before there are so many.
    server = Server(persons(2), count=4)
    with begun(server, path, file_format=Small()) as job, pytest.raises(DoesNotFit, match=message.format(4)):
        take(job)
    assert len(server.asked) == 1
    assert files(tmp_path) == {}
    # There are as many as may be.
    assert export(Server(persons(3), count=3), path, file_format=Small()).rows == 3
    # Nobody is never too many.
    assert export(Server([]), path, file_format=Empty(), force=True).rows == 0
    # What the server says is less than what there is.
    server = Server(persons(9), count=2)
    with (
        begun(server, path, file_format=Small(), force=True) as job,
        pytest.raises(DoesNotFit, match=message.format(4)),
    ):
        take(job)
    assert len(server.asked) == 2


def test_what_can_become_no_file_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 1)
    with begun(Server(persons(9)), tmp_path / "a.jsonl", file_format=Small()) as job:
        take(job, 1)
        assert list(files(tmp_path)) == ["a.jsonl.checkpoint", "a.jsonl.part"]
        with pytest.raises(DoesNotFit):
            take(job)
    assert files(tmp_path) == {}


@pytest.mark.parametrize("options", [{}, {"since_last": True}])
def test_a_row_that_is_no_person_ends_the_export(tmp_path: Path, options: dict[str, Any]) -> None:
    people = [person(4), person(3), person(2, raw=b"[]"), person(1)]
    with (
        begun(Server(people), tmp_path / "a.csv", **options) as job,
        pytest.raises(MalformedResponseError) as caught,
    ):
        take(job)
    assert str(caught.value).splitlines()[0] == (
        "persons.list: a row before offset 4 cannot be read: expected an object, got a list"
    )
    assert (caught.value.status_code, caught.value.body) == (200, b"")
    assert files(tmp_path) == {}


def test_rows_without_columns_are_passed_on_unread(tmp_path: Path) -> None:
    people = [person(2, raw=b'{"uuid":"p2","odd":[1, 2]} '), person(1, raw=b"[]")]
    for options in ({}, {"since_last": True}, {"file_format": WholeLines()}):
        path = tmp_path / "a.jsonl"
        assert export(Server(people), path, force=True, **options).rows == 2
        assert path.read_text() == '{"uuid":"p2","odd":[1, 2]} \n[]\n'


def test_csv_has_one_header_and_the_columns_of_the_first_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 1)
    people = [person(3, plan="pro"), person(2, plan="free"), person(1, later=7)]
    disk = Disk()
    with begun(Server(people), tmp_path / "a.csv", flatten=True, disk=disk) as job:
        take(job, 1)
        first = checkpoint(tmp_path, "a.csv")
        assert first.layout is not None
        assert first.layout.kinds == (("plan", "text"),)
        take(job)
        assert checkpoint(tmp_path, "a.csv").layout == first.layout
        job.finish()
    header, *rows = table((tmp_path / "a.csv").read_text())
    assert [dict(zip(header, row, strict=True))["plan"] for row in rows] == ["pro", "free", ""]
    assert [row[0] for row in rows] == ["p3", "p2", "p1"]
    assert rows[2][header.index("properties")] == '{"later":7}'


def test_lines_have_no_columns(tmp_path: Path) -> None:
    with begun(Server(persons(2)), tmp_path / "a.jsonl") as job:
        take(job)
        assert checkpoint(tmp_path).layout is None


def test_a_spool_is_lines_whatever_the_format(tmp_path: Path) -> None:
    with begun(Server(persons(2)), tmp_path / "a.csv", file_format=WholeCsv()) as job:
        take(job)
        assert (tmp_path / "a.csv.part").read_text() == text(2, 1)
        assert checkpoint(tmp_path, "a.csv").layout is None
        job.finish()
    assert [row[0] for row in table((tmp_path / "a.csv").read_text())] == ["uuid", "p2", "p1"]


# ------------------------------------------------------------------------------------------------------------- numbers


class Clock:
    """A clock that shows what it is set to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: self.now))


def test_a_summary_has_each_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    # One whom the server does not show makes a short page. One comes twice.
    people = [person(9), person(8), None, person(7), person(6), person(6), person(5)]
    steps = (Send(None, 0.0), Sleep(4.0, for_quota=True), Send(None, 0.0), Sleep(50.0), Sleep(0.5, for_quota=True))  # type: ignore[arg-type]
    job = begun(Server(people, steps=steps), tmp_path / "a.jsonl")
    while job.more:
        clock.now += 3.5
        take(job, 1)
    clock.now += 0.25
    with job:
        summary = job.finish()
    pages = job.report.pages
    assert summary == ExportSummary(
        path=str(tmp_path / "a.jsonl"),
        format="jsonl",
        rows=5,
        new=5,
        bytes=len(text(9, 8, 7, 6, 5)),
        pages=pages,
        short_pages=1,
        duplicates=1,
        complete=True,
        reason=None,
        seconds=3.5 * pages + 0.25,
        requests=2 * pages,
        waits=pages,
        waited=4.5 * pages,
        resumed=0,
    )
    assert pages == 3


def test_a_summary_says_why_it_is_not_complete(tmp_path: Path) -> None:
    summary = export(Server([person(4), person(2), person(3), person(1)]), tmp_path / "a.csv.gz")
    assert (summary.format, summary.complete) == ("csv.gz", False)
    assert summary.reason == "a row is newer than the one before it: rows moved or repeated"


def test_a_call_that_waits_is_counted_once(tmp_path: Path) -> None:
    blocking = RunBlocking(lambda: 7.0)
    for steps, numbers in (
        ((), (0, 0, 0.0)),
        ((Sleep(9.0), blocking), (0, 0, 0.0)),
        ((Send(None, 0.0),), (1, 0, 0.0)),  # type: ignore[arg-type]
        ((Sleep(1.5, for_quota=True),), (0, 1, 1.5)),
        ((Sleep(1.5, for_quota=True), Sleep(2.0, for_quota=True), Sleep(1.0, for_quota=True)), (0, 1, 4.5)),
    ):
        summary = export(Server(persons(1), steps=steps), tmp_path / "a.jsonl", force=True)
        assert (summary.requests, summary.waits, summary.waited) == numbers


def test_what_a_call_is_given_it_is_given_unchanged(tmp_path: Path) -> None:
    got: list[Any] = []

    class Asking(Server):
        def fetch(self, cursor: Cursor) -> Any:
            got.append((yield Sleep(1.0)))
            return (yield from super().fetch(cursor))

    with begun(Asking(persons(1)), tmp_path / "a.jsonl") as job:
        call = job.fetch()
        assert next(call) == Sleep(1.0)
        with pytest.raises(StopIteration) as stop:
            call.send(2.5)
        job.take(stop.value.value)
    assert got == [2.5]


# ----------------------------------------------------------------------------------------------------- standard output


class Output:
    """Standard output that keeps what was done."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.buffer = SimpleNamespace(write=self._write, flush=lambda: self.log.append("flush"))

    def flush(self) -> None:
        self.log.append("flush texts")

    def _write(self, data: Any) -> int:
        self.log.append(bytes(data).decode())
        return len(data)


def standard_output(monkeypatch: pytest.MonkeyPatch) -> Output:
    # Not in a fixture: pytest puts its own there for each step of a test.
    output = Output()
    monkeypatch.setattr(sys, "stdout", output)
    return output


def test_chunks_go_to_standard_output_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    output = standard_output(monkeypatch)
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 1)
    clock = Clock(monkeypatch)
    job = begun(Server(persons(3)), "-", format="jsonl")
    assert output.log == ["flush texts"]
    take(job, 1)
    assert output.log == ["flush texts", text(3, 2), "flush"]
    clock.now += 7.0
    with job:
        summary = take(job).finish()
    assert output.log == ["flush texts", text(3, 2), "flush", text(1), "flush"]
    assert (summary.path, summary.format, summary.rows, summary.new) == ("-", "jsonl", 3, 3)
    assert (summary.bytes, summary.pages, summary.seconds) == (len(text(3, 2, 1)), 2, 7.0)


def test_what_does_not_stream_is_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    output = standard_output(monkeypatch)
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 1)
    spools: list[io.BytesIO] = []

    def spool() -> io.BytesIO:
        spools.append(io.BytesIO())
        return spools[-1]

    monkeypatch.setattr(jobs, "tempfile", SimpleNamespace(TemporaryFile=spool))
    job = begun(Server(persons(3)), "-", format="csv", file_format=WholeCsv(), flatten=True)
    take(job)
    assert output.log == ["flush texts"]
    assert spools[0].getvalue().decode() == text(3, 2, 1)
    with job:
        summary = job.finish()
    *_, whole, flushed = output.log
    assert len(output.log) == 3
    assert flushed == "flush"
    assert [row[0] for row in table(whole)] == ["uuid", "p3", "p2", "p1"]
    assert (summary.rows, summary.new, summary.bytes) == (3, 3, len(whole))
    assert spools[0].closed


def test_a_spool_is_passed_on_to_standard_output_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    output = standard_output(monkeypatch)
    people = [person(2, raw=b'{"uuid":"p2"} '), person(1)]
    export(Server(people), "-", format="jsonl", file_format=WholeLines())
    assert output.log == ["flush texts", '{"uuid":"p2"} \n' + text(1), "flush"]

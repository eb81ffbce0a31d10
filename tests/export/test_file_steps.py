"""Exports to files step by step, without a server: the order of what is written, refusals, resumption, what is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from posthog_environments.export import file as files_module
from posthog_environments.export import job as jobs
from posthog_environments.export.checkpoint import Checkpoint, Receipt, Written, measure, read, write
from posthog_environments.export.file import NothingToResumeError
from posthog_environments.export.formats.base import DoesNotFit
from posthog_environments.paging.page import Cursor
from tests.export.steps import (
    Disk,
    Server,
    WholeCsv,
    WholeLines,
    begun,
    export,
    files,
    killed,
    minute,
    person,
    persons,
    take,
    text,
)

SAVED = "write_whole a.jsonl.checkpoint  a.jsonl.checkpoint.new"
RECORDED = "write_whole .a.jsonl.receipt  a.jsonl.checkpoint.new"
BEGUN = ["truncate a.jsonl.part 0", "remove a.jsonl.fresh", SAVED]
STORED = ["write a.jsonl.part", "sync a.jsonl.part", SAVED]
CREATED = ["reopen a.jsonl.part", "create a.jsonl.part", "lock a.jsonl.part a.jsonl.part"]
REOPENED = ["reopen a.jsonl.part", "lock a.jsonl.part a.jsonl.part"]
CLOSED = ["remove a.jsonl.checkpoint", "sync_folder FOLDER"]
ANEW = "Export all persons anew with since_last and force."


@dataclass(frozen=True, slots=True)
class TooWide(WholeLines):
    """A format that no persons fit into."""

    def write(self, *_: Any) -> Any:
        raise DoesNotFit("too wide")


@pytest.fixture(autouse=True)
def _each_page_is_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CHUNK_PAGES", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.jsonl"


def beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}.{end}")


def checkpoint(path: Path) -> Checkpoint:
    saved: Checkpoint = read(beside(path, "checkpoint").read_bytes(), Checkpoint)
    return saved


def receipt(path: Path) -> Receipt:
    found: Receipt = read(path.with_name(f".{path.name}.receipt").read_bytes(), Receipt)
    return found


def forge(path: Path, **changes: Any) -> None:
    """Change the receipt."""
    path.with_name(f".{path.name}.receipt").write_bytes(write(msgspec.structs.replace(receipt(path), **changes)))


def refused(kind: type[Exception], message: str, server: Server, path: Path, **options: Any) -> None:
    """Begin an export that is refused with exactly these words, without a request or a change."""
    before = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    asked, disk = len(server.asked), Disk()
    with pytest.raises(kind, match=f"^{re.escape(message)}$") as caught:
        begun(server, path, disk=disk, **options)
    assert caught.type is kind
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == before
    assert len(server.asked) == asked
    assert disk.open == {}


def log(disk: Disk, path: Path) -> list[str]:
    return [each.replace(f"sync_folder {path.parent.name}", "sync_folder FOLDER") for each in disk.done()]


# ------------------------------------------------------------------------------------------------ order of what is done


def test_each_step_of_an_export(path: Path) -> None:
    disk = Disk()
    job = begun(Server(persons(3)), path, disk=disk)
    assert log(disk, path) == [*CREATED, *BEGUN]
    first = checkpoint(path)
    assert (first.rows, first.part, first.replaces, first.made) == (0, Written(), False, None)
    assert first.paginator["report"]["pages"] == 0
    take(job, 1)
    assert log(disk, path) == STORED
    second = checkpoint(path)
    assert (second.rows, second.part) == (2, measure(beside(path, "part")))
    assert second.paginator["cursor"] == [1, 3]
    take(job)
    assert log(disk, path) == STORED
    assert beside(path, "part").read_text() == text(3, 2, 1)
    job.finish()
    renamed = ["replace a.jsonl.part a.jsonl", "remove .a.jsonl.receipt"]
    assert log(disk, path) == [SAVED, *renamed, *CLOSED]
    job.close()
    job.close()
    assert log(disk, path) == ["close a.jsonl.part"]
    assert files(path.parent) == {"a.jsonl": text(3, 2, 1)}


def test_each_step_of_an_export_that_is_assembled(path: Path) -> None:
    disk = Disk()
    with begun(Server(persons(3)), path, disk=disk, file_format=WholeLines(), page_size=9) as job:
        take(job)
        assert log(disk, path) == [*CREATED, *BEGUN, *STORED]
        job.finish()
        made = ["create a.jsonl.fresh", "write a.jsonl.fresh", "sync a.jsonl.fresh", "close a.jsonl.fresh", SAVED]
        renamed = ["replace a.jsonl.fresh a.jsonl", "remove .a.jsonl.receipt"]
        spool = ["remove a.jsonl.part", "sync_folder FOLDER"]
        assert log(disk, path) == ["remove a.jsonl.fresh", *made, *renamed, *spool, *CLOSED]
    assert log(disk, path) == ["close a.jsonl.part"]
    assert files(path.parent) == {"a.jsonl": text(3, 2, 1)}


def test_each_step_of_an_export_with_a_record(path: Path) -> None:
    disk = Disk()
    with begun(Server(persons(3)), path, disk=disk, since_last=True, page_size=9) as job:
        take(job)
        log(disk, path)
        job.finish()
    made = ["create a.jsonl.fresh", "write a.jsonl.fresh", "sync a.jsonl.fresh", "close a.jsonl.fresh", SAVED]
    renamed = ["replace a.jsonl.fresh a.jsonl", RECORDED, "remove a.jsonl.part", "sync_folder FOLDER"]
    assert log(disk, path) == ["remove a.jsonl.fresh", *made, *renamed, *CLOSED, "close a.jsonl.part"]
    assert list(files(path.parent)) == [".a.jsonl.receipt", "a.jsonl"]


def test_the_checkpoint_says_what_was_made(path: Path) -> None:
    killed(Server(persons(3)), path, 9, fails=("replace",))
    saved = checkpoint(path)
    assert (saved.made, saved.total, saved.new) == (measure(beside(path, "part")), 3, 3)
    killed(Server(persons(3)), path, 9, fails=("replace",), force=True, file_format=WholeCsv())
    saved = checkpoint(path)
    assert (saved.made, saved.total, saved.new) == (measure(beside(path, "fresh")), 3, 3)
    assert saved.layout is not None


def test_the_clock_runs_in_each_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: now))
    job = begun(Server(persons(3)), path)
    now = 53.0
    take(job, 1)
    assert checkpoint(path).stats.seconds == 3.0
    with job:
        take(job).finish()


# ------------------------------------------------------------------------------------------------------------ beginning


def test_two_do_not_write_into_one_file(path: Path) -> None:
    server, disk = Server(persons(3)), Disk()
    with begun(server, path) as job:
        with pytest.raises(FileExistsError, match=f"^Another process is exporting to {re.escape(str(path))}.$"):
            begun(Server(persons(3)), path, disk=disk, force=True)
        assert disk.done() == [*REOPENED, "close a.jsonl.part"]
        take(job).finish()
    assert files(path.parent) == {"a.jsonl": text(3, 2, 1)}


def test_a_target_is_not_replaced_unless_forced(path: Path) -> None:
    path.write_text("mine")
    server = Server(persons(3))
    message = f"{path} exists. Give another name, or force to replace it."
    refused(FileExistsError, message, server, path)
    message = f"{path} exists, and nothing unfinished is beside it. Whether it is this export is not known."
    refused(NothingToResumeError, message, server, path, resume=True)
    assert issubclass(NothingToResumeError, FileExistsError)
    # An empty part was somebody's, and stays.
    beside(path, "part").touch()
    assert export(server, path, resume=True, force=True).resumed == 0
    assert files(path.parent) == {"a.jsonl": text(3, 2, 1)}


def test_an_export_that_is_refused_removes_what_it_found_without_a_page(path: Path) -> None:
    killed(Server(persons(3)), path, 0)
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="force to replace it"):
        begun(Server(persons(3)), path)
    assert files(path.parent) == {"a.jsonl": "mine"}


def test_a_part_of_somebody_else_is_not_touched(path: Path) -> None:
    part = beside(path, "part")
    part.write_text("of a browser")
    message = f"{part} exists, and is not from an export. Move it away, or give force."
    refused(FileExistsError, message, Server([]), path)
    refused(FileExistsError, message, Server([]), path, resume=True)
    export(Server(persons(1)), path, force=True)
    assert files(path.parent) == {"a.jsonl": text(1)}


def test_without_a_page_there_is_nothing_to_resume(path: Path) -> None:
    for resume in (False, True):
        killed(Server(persons(3)), path, 0)
        assert list(files(path.parent)) == ["a.jsonl.checkpoint", "a.jsonl.part"]
        # What of the first chunk was written, and is in no checkpoint, does not count.
        beside(path, "part").write_text("half a")
        assert export(Server(persons(2)), path, resume=resume).resumed == 0
        assert files(path.parent) == {"a.jsonl": text(2, 1)}
        path.unlink()


def test_an_interrupted_export_is_not_lost_by_mistake(path: Path) -> None:
    killed(Server(persons(3)), path, 1)
    message = f"An export to {path} was interrupted. Continue it with resume, or start anew with force."
    server = Server(persons(3))
    refused(FileExistsError, message, server, path)
    disk = Disk()
    with begun(server, path, force=True, disk=disk) as job:
        assert log(disk, path) == [*REOPENED, *BEGUN]
        assert checkpoint(path).replaces
        assert take(job).finish().resumed == 0
    assert server.asked[0] == Cursor(0, 2)


@pytest.mark.parametrize("flags", [{}, {"resume": True}, {"resume": True, "force": True}])
def test_a_checkpoint_that_cannot_be_read_is_refused(path: Path, flags: dict[str, bool]) -> None:
    killed(Server(persons(3)), path, 1)
    saved = beside(path, "checkpoint")
    saved.write_bytes(b"{}\n")
    message = f"{saved} cannot be read: it was changed, or is not whole. Start anew with force."
    refused(ValueError, message, Server([]), path, **flags)
    export(Server(persons(2)), path, force=True)
    assert files(path.parent) == {"a.jsonl": text(2, 1)}


def test_what_fails_at_the_start_leaves_nothing(path: Path) -> None:
    for fails in ("truncate", "remove a.jsonl.fresh", "write_whole"):
        disk = Disk(fails)
        with pytest.raises(OSError, match="No space"):
            begun(Server([]), path, disk=disk)
        assert disk.open == {}
        assert files(path.parent) == {}


# ------------------------------------------------------------------------------------------------------------- resuming


def test_each_step_of_a_resumption(path: Path) -> None:
    server = Server(persons(5))
    killed(server, path, 1)
    with beside(path, "part").open("a") as part:
        part.write("of a chunk that does not count")
    before, disk = beside(path, "checkpoint").read_bytes(), Disk()
    job = begun(server, path, resume=True, disk=disk)
    assert log(disk, path) == [*REOPENED, f"truncate a.jsonl.part {len(text(5, 4))}"]
    assert beside(path, "checkpoint").read_bytes() == before
    with job:
        summary = take(job).finish()
    assert (summary.resumed, summary.rows, summary.new, summary.pages) == (1, 5, 5, 3)
    assert server.asked == [Cursor(0, 2), Cursor(1, 3), Cursor(3, 3)]
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_each_resumption_is_counted(path: Path) -> None:
    server = Server(persons(5))
    killed(server, path, 1)
    killed(server, path, 1, resume=True)
    assert checkpoint(path).stats.resumed == 1
    assert export(server, path, resume=True).resumed == 2


def test_a_resumed_export_that_fails_keeps_what_there_is(path: Path) -> None:
    killed(Server(persons(5)), path, 1)
    before = files(path.parent)
    begun(Server(persons(5)), path, resume=True).close()
    assert files(path.parent) == before
    assert list(before) == ["a.jsonl.checkpoint", "a.jsonl.part"]


def test_an_export_that_is_closed_keeps_its_pages(path: Path) -> None:
    for force in (False, True):
        begun(Server(persons(5)), path, force=force).close()
        assert files(path.parent) == {}
    with begun(Server(persons(5)), path) as job:
        take(job, 1)
    assert list(files(path.parent)) == ["a.jsonl.checkpoint", "a.jsonl.part"]


def test_a_chunk_that_does_not_fit_on_the_disk_leaves_the_earlier_ones(path: Path) -> None:
    for fails in ("write a.jsonl.part", "sync a.jsonl.part"):
        with pytest.raises(OSError, match="No space"):
            export(Server(persons(5)), path, disk=Disk(fails))
        assert files(path.parent) == {}
    killed(Server(persons(5)), path, 1)
    with pytest.raises(OSError, match="No space"):
        export(Server(persons(5)), path, disk=Disk("sync a.jsonl.part"), resume=True)
    assert list(files(path.parent)) == ["a.jsonl.checkpoint", "a.jsonl.part"]
    assert export(Server(persons(5)), path, resume=True).rows == 5
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_another_export_is_not_resumed(path: Path) -> None:
    killed(Server(persons(5)), path, 1)
    message = (
        f"The interrupted export to {path} is another one; what differs: the filters, the page size. "
        "Give the same arguments to resume it, or start anew with force."
    )
    other = Server(persons(5))
    for force in (False, True):
        refused(ValueError, message, other, path, page_size=3, filters={"search": "x"}, resume=True, force=force)


def test_a_target_that_came_meanwhile_is_not_replaced(path: Path) -> None:
    server = Server(persons(5))
    killed(server, path, 1)
    path.write_text("mine")
    message = f"{path} was created in the meantime. Move it away, or give force."
    refused(FileExistsError, message, server, path, resume=True)
    killed(server, path, 1, resume=True, force=True)
    # It is known that it may be replaced.
    assert checkpoint(path).replaces
    assert export(server, path, resume=True).resumed == 2
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_a_target_that_was_to_be_replaced_still_is(path: Path) -> None:
    path.write_text("old")
    server = Server(persons(5))
    killed(server, path, 1, force=True)
    assert export(server, path, resume=True).resumed == 1
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_whether_it_may_be_replaced_stays_open_otherwise(path: Path) -> None:
    server = Server(persons(5))
    killed(server, path, 1)
    killed(server, path, 1, resume=True)
    assert checkpoint(path).replaces is False


@pytest.mark.parametrize("harm", [lambda data: data[:-1], lambda data: data.replace("p5", "p6")])
def test_a_part_that_was_changed_is_not_resumed(path: Path, harm: Callable[[str], str]) -> None:
    server, part = Server(persons(5)), beside(path, "part")
    killed(server, path, 1)
    part.write_text(harm(part.read_text()))
    message = f"{part} is not what the interrupted export left. Start anew with force."
    refused(ValueError, message, server, path, resume=True)


def test_a_part_that_is_gone_is_not_made_again(path: Path) -> None:
    server, part = Server(persons(5)), beside(path, "part")
    killed(server, path, 1)
    part.unlink()
    message = f"{part} is not what the interrupted export left. Start anew with force."
    refused(ValueError, message, server, path, resume=True)


def test_a_checkpoint_that_makes_no_sense_is_refused(path: Path) -> None:
    server, saved = Server(persons(5)), beside(path, "checkpoint")
    killed(server, path, 1)
    state = checkpoint(path)
    del state.paginator["idle"]
    saved.write_bytes(write(state))
    message = f"{saved} cannot be used: KeyError('idle'). Start anew with force."
    refused(ValueError, message, server, path, resume=True)
    state.paginator["idle"], state.paginator["cursor"] = 0, 7
    saved.write_bytes(write(state))
    with pytest.raises(ValueError, match="cannot be used: TypeError"):
        begun(server, path, resume=True)


# ------------------------------------------------------------------------------------ interrupted while it was finished


@pytest.mark.parametrize("whole", [False, True])
def test_before_the_target_has_its_name(path: Path, whole: bool) -> None:
    server = Server(persons(5))
    options: dict[str, Any] = {"file_format": WholeLines()} if whole else {}
    killed(server, path, 9, fails=("replace",), **options)
    source = beside(path, "fresh" if whole else "part")
    asked, disk = len(server.asked), Disk()
    with begun(server, path, resume=True, disk=disk, **options) as job:
        # Nothing is cut off, and nothing saved.
        assert log(disk, path) == REOPENED
        assert not job.more
        summary = job.finish()
    renamed = [f"replace {source.name} a.jsonl", "remove .a.jsonl.receipt"]
    spool = ["remove a.jsonl.part", "sync_folder FOLDER"]
    assert log(disk, path) == [*renamed, *spool, *CLOSED, "close a.jsonl.part"]
    assert (summary.rows, summary.new, summary.bytes, summary.resumed) == (5, 5, len(text(5, 4, 3, 2, 1)), 1)
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}
    assert len(server.asked) == asked


@pytest.mark.parametrize("whole", [False, True])
def test_after_the_target_has_its_name(path: Path, whole: bool) -> None:
    server = Server(persons(5))
    options: dict[str, Any] = {"file_format": WholeLines()} if whole else {}
    killed(server, path, 9, fails=("remove .a.jsonl.receipt",), **options)
    assert path.read_text() == text(5, 4, 3, 2, 1)
    assert beside(path, "part").exists() is whole
    disk = Disk()
    with begun(server, path, resume=True, disk=disk, **options) as job:
        # A part that was made to lock it goes again.
        assert log(disk, path) == (REOPENED if whole else CREATED)
        assert job.finish().rows == 5
    spool = ["remove a.jsonl.part", "sync_folder FOLDER"]
    end = ["close a.jsonl.part"] if whole else ["close a.jsonl.part", "remove a.jsonl.part"]
    assert log(disk, path) == ["remove .a.jsonl.receipt", *spool, *CLOSED, *end]
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_what_was_made_and_changed_is_refused(path: Path) -> None:
    server, part = Server(persons(5)), beside(path, "part")
    killed(server, path, 9, fails=("replace",))
    part.write_text("changed")
    message = f"{part} is not what the interrupted export left. Start anew with force."
    with begun(server, path, resume=True) as job, pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        job.finish()
    assert list(files(path.parent)) == ["a.jsonl.checkpoint", "a.jsonl.part"]
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="in the meantime"):
        begun(server, path, resume=True)


def test_what_was_assembled_and_changed_is_refused(path: Path) -> None:
    server, fresh = Server(persons(5)), beside(path, "fresh")
    killed(server, path, 9, fails=("replace",), file_format=WholeLines())
    fresh.write_text("changed")
    message = f"{fresh} is not what the interrupted export left. Start anew with force."
    with (
        begun(server, path, resume=True, file_format=WholeLines()) as job,
        pytest.raises(ValueError, match=f"^{re.escape(message)}$"),
    ):
        job.finish()


def test_an_export_with_more_to_fetch_is_not_finished(path: Path) -> None:
    with begun(Server(persons(5)), path) as job, pytest.raises(AssertionError):
        job.finish()
    assert files(path.parent) == {}


# ----------------------------------------------------------------------------------------------------------- assembling


@pytest.mark.parametrize("fails", ["create a.jsonl.fresh", "write a.jsonl.fresh", "sync a.jsonl.fresh"])
def test_a_full_disk_while_it_is_assembled(path: Path, fails: str) -> None:
    server, disk = Server(persons(5)), Disk(fails)
    job = begun(server, path, disk=disk, file_format=WholeLines())
    take(job)
    log(disk, path)
    with job, pytest.raises(OSError, match="No space"):
        job.finish()
    steps = [f"{name} a.jsonl.fresh" for name in ("remove", "create", "write", "sync")]
    steps = steps[: steps.index(fails) + 1]
    closed = [] if fails.startswith("create") else ["close a.jsonl.fresh"]
    assert log(disk, path) == [*steps, *closed, "remove a.jsonl.fresh", "close a.jsonl.part"]
    assert disk.open == {}
    assert list(files(path.parent)) == ["a.jsonl.checkpoint", "a.jsonl.part"]
    assert export(server, path, resume=True, file_format=WholeLines()).resumed == 1
    assert files(path.parent) == {"a.jsonl": text(5, 4, 3, 2, 1)}


def test_if_even_that_cannot_be_removed_the_first_error_counts(path: Path) -> None:
    class Twice(Disk):
        def __getattr__(self, name: str) -> Any:
            if name == "remove" and beside(path, "fresh").exists():
                raise PermissionError
            return super().__getattr__(name)

    with (
        begun(Server(persons(5)), path, disk=Twice("write a.jsonl.fresh"), file_format=WholeLines()) as job,
        pytest.raises(OSError, match="No space"),
    ):
        take(job).finish()


def test_what_fits_in_no_file_is_not_kept(path: Path) -> None:
    with (
        begun(Server(persons(5)), path, file_format=TooWide()) as job,
        pytest.raises(DoesNotFit, match="too wide"),
    ):
        take(job).finish()
    assert files(path.parent) == {}


def test_of_the_part_only_counts_what_the_checkpoint_says(path: Path) -> None:
    job = begun(Server([person(2, raw=b'{"uuid":"p2"} '), person(1)]), path, file_format=WholeLines())
    take(job)
    with beside(path, "part").open("a") as part:
        part.write("{}\n{}\n")
    with job:
        assert job.finish().rows == 2
    assert path.read_text() == '{"uuid":"p2"} \n' + text(1)


# ----------------------------------------------------------------------------------------------------------- since last


def moment(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock, and return the time without what is less than a second."""
    now = datetime(2026, 3, 1, 12, 30, 59, 999_999, tzinfo=UTC)

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return now.astimezone(tz) if tz is not None else now.replace(tzinfo=None)

    monkeypatch.setattr(files_module, "datetime", Stopped)
    return now.replace(microsecond=0)


def test_the_record_of_a_first_export(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = moment(monkeypatch)
    export(Server(persons(3)), path, since_last=True)
    found = receipt(path)
    assert found == Receipt(
        job=found.job,
        complete=True,
        reason=None,
        mark=minute(3),
        layout=None,
        rows=3,
        made=measure(path),
        finished=finished,
    )
    assert (found.job.page_size, found.job.since_last, found.job.format) == (2, True, "jsonl")


def test_who_is_new_is_added(path: Path) -> None:
    export(Server(persons(9)), path, since_last=True, page_size=4)
    before = receipt(path)
    server = Server(persons(12))
    summary = export(server, path, since_last=True, page_size=4)
    # Half a page of older persons was seen.
    assert server.asked == [Cursor(0, 4), Cursor(3, 5)]
    assert (summary.rows, summary.new, summary.complete, summary.reason) == (12, 3, True, None)
    assert path.read_text() == text(*range(12, 0, -1))
    after = receipt(path)
    assert after == msgspec.structs.replace(
        before, mark=minute(12), rows=12, made=measure(path), finished=after.finished
    )
    assert list(files(path.parent)) == [".a.jsonl.receipt", "a.jsonl"]


def test_the_old_file_stays_until_the_new_one_is_made(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True)
    before = files(path.parent)
    killed(Server(persons(9)), path, 2, since_last=True)
    assert {name: files(path.parent)[name] for name in before} == before
    saved = checkpoint(path)
    assert (saved.since, saved.old, saved.replaces, saved.mark) == (minute(3), measure(path), True, minute(9))
    summary = export(Server(persons(9)), path, since_last=True, resume=True)
    assert (summary.rows, summary.new, summary.resumed) == (9, 6, 1)
    assert path.read_text() == text(*range(9, 0, -1))


@pytest.mark.parametrize(
    ("page_size", "asked", "older"),
    [(1, 4, 1), (2, 2, 1), (3, 2, 3), (4, 2, 5), (5, 1, 2), (6, 1, 3), (8, 1, 5), (9, 1, 6)],
)
def test_half_a_page_of_older_persons_is_read(path: Path, page_size: int, asked: int, older: int) -> None:
    # Two are new. Whoever was the newest at the last export is not older than that.
    export(Server(persons(20)), path, since_last=True)
    server = Server(persons(22))
    killed(server, path, 99, since_last=True, page_size=page_size, fails=("replace",))
    assert (len(server.asked), checkpoint(path).older) == (asked, older)


def test_whose_time_is_not_known_counts_as_neither(path: Path) -> None:
    export(Server(persons(20)), path, since_last=True)
    people: list[Any] = persons(22)
    people[3:5] = [person(19, timeless=True), person(18, timeless=True)]
    killed(Server(people), path, 1, since_last=True, page_size=8)
    assert checkpoint(path).older == 3


def test_without_a_mark_nobody_is_older(path: Path) -> None:
    export(Server([]), path, since_last=True)
    assert receipt(path).mark is None
    summary = export(Server(persons(5)), path, since_last=True)
    assert (summary.rows, summary.new, summary.pages) == (5, 5, 3)
    assert receipt(path).mark == minute(5)
    assert receipt(path).complete


def test_whoever_was_fetched_again_is_in_the_file_once(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True, page_size=9)
    again = [person(4), person(3, plan="new"), person(2), person(1)]
    summary = export(Server(again), path, since_last=True, page_size=9)
    assert (summary.rows, summary.new) == (4, 1)
    assert path.read_text() == "".join(f"{each.raw.decode()}\n" for each in again)


def test_the_columns_stay_those_of_the_first_export(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    export(Server([person(1, plan="a")]), path, since_last=True, flatten=True)
    layout = receipt(path).layout
    assert layout is not None
    assert layout.kinds == (("plan", "text"),)
    export(Server([person(2, other=1), person(1, plan="a")]), path, since_last=True, flatten=True)
    assert receipt(path).layout == layout


def test_an_export_of_who_is_new_that_is_not_whole_keeps_the_old_mark(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True)
    summary = export(Server([person(9), person(5), person(7), *persons(3)]), path, since_last=True)
    assert not summary.complete
    found = receipt(path)
    assert (found.complete, found.reason, found.mark, found.rows) == (True, None, minute(3), 6)


def test_where_nobody_has_a_time_any_more_the_old_mark_stays(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True)
    export(Server([person(5, timeless=True)]), path, since_last=True)
    assert (receipt(path).mark, receipt(path).complete) == (minute(3), True)


def test_what_was_not_whole_cannot_be_added_to(path: Path) -> None:
    export(Server([person(4), person(2), person(3), person(1)]), path, since_last=True)
    reason = "a row is newer than the one before it: rows moved or repeated"
    assert (receipt(path).complete, receipt(path).reason, receipt(path).mark) == (False, reason, minute(4))
    message = f"The last export to {path} is not complete: {reason}. {ANEW}"
    refused(ValueError, message, Server([]), path, since_last=True)


def test_what_cannot_be_added_to_is_refused(path: Path) -> None:
    server = Server(persons(3))
    export(server, path)
    refused(
        ValueError,
        f"There is no record of an export to {path}, .a.jsonl.receipt. {ANEW}",
        server,
        path,
        since_last=True,
    )
    export(server, path, since_last=True, force=True)
    changed = f"{path} was changed since it was exported. {ANEW}"
    path.write_text(path.read_text() + "\n")
    refused(ValueError, changed, server, path, since_last=True)
    export(server, path, since_last=True, force=True)
    other = f"The last export to {path} had other settings: the project, the filters. {ANEW}"
    refused(ValueError, other, Server([], project="2"), path, since_last=True, filters={"search": "x"})
    # The size of a page may be another, and so may since_last.
    forge(path, job=msgspec.structs.replace(receipt(path).job, page_size=7, since_last=False))
    begun(server, path, since_last=True).close()
    forge(path, mark=None)
    message = f"No person in {path} has a time of creation, so new persons cannot be found. {ANEW}"
    refused(ValueError, message, server, path, since_last=True)
    forge(path, rows=0)
    begun(server, path, since_last=True).close()
    record = path.with_name(".a.jsonl.receipt")
    record.write_bytes(b"{}")
    message = f"The record {record} cannot be read: it was changed, or is not whole. {ANEW}"
    refused(ValueError, message, server, path, since_last=True)
    assert export(server, path, since_last=True, force=True).new == 3


def test_a_target_that_changes_meanwhile_is_not_added_to(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True)
    message = f"{path} was changed while persons were fetched. Export all persons anew with force."
    with begun(Server(persons(5)), path, since_last=True) as job:
        take(job)
        path.write_text(path.read_text() + "\n")
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            job.finish()
    assert list(files(path.parent)) == [".a.jsonl.receipt", "a.jsonl", "a.jsonl.checkpoint", "a.jsonl.part"]


def test_a_first_export_does_not_mind_what_is_there_with_force(path: Path) -> None:
    path.write_text("old")
    with begun(Server(persons(5)), path, since_last=True, force=True) as job:
        take(job)
        path.write_text("older")
        assert job.finish().new == 5
    assert path.read_text() == text(5, 4, 3, 2, 1)


def test_the_record_of_a_file_that_is_replaced_goes(path: Path) -> None:
    export(Server(persons(3)), path, since_last=True)
    export(Server(persons(2)), path, force=True)
    assert files(path.parent) == {"a.jsonl": text(2, 1)}

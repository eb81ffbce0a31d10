"""Exports to files, against real servers: contents, refusals, resumption, and files that are left."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pyarrow.parquet as pq
import pytest

from posthog_environments import AsyncEnvironment, Environment, ExportSummary, PostHogError, prop
from posthog_environments.export import job as frame
from posthog_environments.export.filesystem import FileSystem
from posthog_environments.export.formats import FORMATS, read_format
from posthog_environments.sandbox import Sandbox
from tests.client.wire import Wire, http

PERSONS = 120
NOW = "2026-02-01T12:00:00"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(persons=PERSONS, now=NOW, rates=False, lag=0) as box:
        yield box


@pytest.fixture
def env(box: Sandbox) -> Iterator[Environment]:
    with client(box) as env:
        yield env


def client(box: Sandbox) -> Environment:
    return Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False)


def everybody(env: Environment) -> list[dict[str, Any]]:
    return [person.to_dict() for person in env.persons.list()]


def read_lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def same(rows: list[dict[str, Any]], env: Environment) -> bool:
    """Compare with a listing, by all fields of the records."""
    from posthog_environments_api.models import Person

    return [Person.from_dict(row).to_dict() for row in rows] == everybody(env)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


class Stopped(Exception):  # noqa: N818 - what ends an export half-way
    """The export was interrupted."""


def stop_after(pages: int) -> Any:
    seen = 0

    def progress(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == pages:
            raise Stopped

    return progress


def interrupted(env: Environment, path: Path, pages: int = 9, **options: Any) -> None:
    with pytest.raises(Stopped):
        env.persons.list(page_size=10).export(path, progress=stop_after(pages), **options)


# --------------------------------------------------------------------------------------------------- what is in them


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "a.jsonl.zst"])
def test_json_lines_hold_what_the_server_wrote(env: Environment, tmp_path: Path, name: str) -> None:
    summary = env.persons.list(page_size=50).export(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    elif name.endswith(".zst"):
        data = unzstd(data)
    rows = read_lines(data)
    assert same(rows, env)
    assert {"type", "is_identified", "matched_recordings"} <= rows[0].keys()
    assert isinstance(summary, ExportSummary)
    assert (summary.rows, summary.new, summary.complete, summary.reason) == (PERSONS, PERSONS, True, None)
    assert summary.bytes == (tmp_path / name).stat().st_size
    assert summary.requests == summary.pages > 2


def unzstd(data: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read())


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
def test_csv_has_a_column_for_each_field(env: Environment, tmp_path: Path, name: str) -> None:
    env.persons.list(page_size=50).export(tmp_path / name, columns=["email", "age"], raw=True)
    data = (tmp_path / name).read_bytes()
    data = gzip.decompress(data) if name.endswith("gz") else unzstd(data) if name.endswith("zst") else data
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    people = everybody(env)
    assert [row["uuid"] for row in rows] == [each["uuid"] for each in people]
    assert [row["email"] for row in rows] == [each["properties"].get("email", "") for each in people]
    assert [json.loads(row["distinct_ids"]) for row in rows] == [each["distinct_ids"] for each in people]
    together = [{**json.loads(row["properties"]), **chosen(row)} for row in rows]
    assert together == [each["properties"] for each in people]


def chosen(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"email": row["email"], "age": int(row["age"]) if row["age"] else None}
    return {name: value for name, value in found.items() if value not in ("", None)}


def test_no_spreadsheet_runs_what_a_person_has(own: tuple[Sandbox, Environment], tmp_path: Path) -> None:
    _, env = own
    person = env.persons.list().take(1)[0]
    env.persons.update(person, {"note": "=1+1", "@name": "-5", "+odd": "@SUM(A1)"})

    def row(name: str, **options: Any) -> dict[str, str]:
        env.persons.list(distinct_id=person.distinct_ids[0]).export(tmp_path / name, flatten=True, **options)
        with (tmp_path / name).open(newline="") as file:
            (found,) = csv.DictReader(file)
        return {key: value for key, value in found.items() if "note" in key or "name" in key or "odd" in key}

    tame, raw = row("a.csv"), row("b.csv", raw=True)
    assert (tame["note"], tame["'@name"], tame["'+odd"]) == ("'=1+1", "-5", "'@SUM(A1)")
    assert (raw["note"], raw["@name"], raw["+odd"]) == ("=1+1", "-5", "@SUM(A1)")


def test_csv_flattened_has_a_column_for_each_property(env: Environment, tmp_path: Path) -> None:
    env.persons.list().export(tmp_path / "a.csv", flatten=True)
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"plan", "$os", "email", "properties.name"} <= rows[0].keys()


@pytest.mark.parametrize("flatten", [False, True])
def test_parquet_has_types(env: Environment, tmp_path: Path, flatten: bool) -> None:
    summary = env.persons.list(page_size=50).export(tmp_path / "a.parquet", flatten=flatten)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column("uuid").to_pylist() == [each["uuid"] for each in everybody(env)]
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("distinct_ids").type).startswith("list<")
    assert ("age" in table.schema.names) is flatten
    assert summary.rows == table.num_rows


def test_each_format_is_listed() -> None:
    for name in FORMATS:
        assert str(read_format("-", name)) == name
        assert str(read_format(f"a.{name}", None)) == name
    with pytest.raises(ValueError, match=f"there are {', '.join(FORMATS)}"):
        read_format("a", "xls")


def test_a_filter_goes_with_the_export(env: Environment, tmp_path: Path) -> None:
    env.persons.list(properties=prop("plan") == "pro").export(tmp_path / "pro.jsonl")
    rows = read_lines((tmp_path / "pro.jsonl").read_bytes())
    assert rows
    assert {row["properties"]["plan"] for row in rows} == {"pro"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.zst", "a.parquet"])
def test_an_export_of_nobody_is_a_file_all_the_same(env: Environment, tmp_path: Path, name: str) -> None:
    nobody = env.persons.list(email="nobody@nowhere.example")
    assert nobody.export(tmp_path / name, since_last=True).rows == 0
    data = (tmp_path / name).read_bytes()
    text = gzip.decompress(data) if name.endswith("gz") else unzstd(data) if name.endswith("zst") else data
    assert text.startswith(b"uuid,id,name") if ".csv" in name else name.endswith("parquet") or text == b""
    again = nobody.export(tmp_path / name, since_last=True)
    assert (again.rows, again.complete) == (0, True)


def test_the_pager_has_the_report(env: Environment, tmp_path: Path) -> None:
    pager = env.persons.list(page_size=50)
    pager.export(tmp_path / "a.jsonl")
    assert pager.report.complete
    assert pager.report.rows == PERSONS


def test_awaiting(box: Sandbox, env: Environment, tmp_path: Path) -> None:
    env.persons.list(page_size=50).export(tmp_path / "a.csv")

    async def work() -> ExportSummary:
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as awaiting:
            with pytest.raises(Stopped):
                await awaiting.persons.list(page_size=10).export(tmp_path / "b.csv", progress=stop_after(9))
            return await awaiting.persons.list(page_size=10).export(tmp_path / "b.csv", True)

    summary = anyio.run(work)
    assert summary.resumed == 1
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_activity_is_not_exported(env: Environment, tmp_path: Path) -> None:
    person = env.persons.list().take(1)[0]
    with pytest.raises(TypeError, match=r"Only env\.persons\.list"):
        env.persons.activity(person).export(tmp_path / "a.jsonl")


# ------------------------------------------------------------------------------------------- resumed, refused, locked


def test_an_interrupted_export_goes_on(env: Environment, tmp_path: Path) -> None:
    env.persons.list(page_size=10).export(tmp_path / "whole.jsonl")
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    assert not path.exists()
    summary = env.persons.list(page_size=10).export(path, resume=True)
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert summary.resumed == 1
    # Eight pages were kept, and the ninth was asked for again.
    assert summary.requests == summary.pages
    assert names(tmp_path) == ["a.jsonl", "whole.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "options", "word"),
    [
        ({"search": "ember"}, {}, "the filters"),
        ({"properties": {"plan": "pro"}}, {}, "the filters"),
        ({"properties": iter([{"plan": "pro"}])}, {}, "the filters"),
        ({"extra_query": {"x": "1"}}, {}, "the filters"),
        ({"offset": 1}, {}, "the filters"),
        ({"page_size": 11}, {}, "the page size"),
        ({}, {"columns": ["plan"]}, "the columns"),
        ({}, {"flatten": True}, "flatten"),
        ({}, {"raw": True}, "raw"),
        ({}, {"only": ["uuid"]}, "only"),
        ({}, {"since_last": True}, "since_last"),
    ],
)
def test_another_export_is_not_resumed(
    env: Environment, tmp_path: Path, arguments: dict[str, Any], options: dict[str, Any], word: str
) -> None:
    path = tmp_path / "a.csv"
    interrupted(env, path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    with pytest.raises(ValueError, match=f"what differs: {word}"):
        env.persons.list(**{"page_size": 10, **arguments}).export(path, resume=True, **options)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_another_server_is_refused(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    with Sandbox(persons=1, rates=False) as other, client(other) as elsewhere:
        pager = elsewhere.persons.list(page_size=10)
        with pytest.raises(ValueError, match="what differs: the server"):
            pager.export(path, resume=True)


def test_an_interrupted_export_is_not_lost_by_mistake(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    with pytest.raises(FileExistsError, match="was interrupted"):
        env.persons.list(page_size=10).export(path)
    assert env.persons.list(page_size=10).export(path, force=True).resumed == 0


def test_a_file_is_not_replaced_by_mistake(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    for resume in (False, True):
        with pytest.raises(FileExistsError, match="exists"):
            env.persons.list().export(path, resume)
    assert names(tmp_path) == ["a.jsonl"]
    env.persons.list().export(path, force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert same(read_lines(path.read_bytes()), env)


def test_a_file_that_came_meanwhile_is_not_replaced(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="in the meantime"):
        env.persons.list(page_size=10).export(path, resume=True)
    assert path.read_text() == "mine"


def test_a_part_of_somebody_else_is_not_touched(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.part").write_text("of a browser")
    with pytest.raises(FileExistsError, match="is not from an export"):
        env.persons.list().export(tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl.part").read_text() == "of a browser"


@pytest.mark.parametrize("harm", ["shorter", "changed", "checkpoint", "version"])
def test_what_was_tampered_with_is_refused(env: Environment, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    part, checkpoint = tmp_path / "a.jsonl.part", tmp_path / "a.jsonl.checkpoint"
    data = part.read_bytes()
    if harm == "shorter":
        part.write_bytes(data[:-1])
    elif harm == "changed":
        part.write_bytes(data.replace(b"plan", b"PLAN", 1))
    elif harm == "checkpoint":
        checkpoint.write_bytes(checkpoint.read_bytes().replace(b'"_frontier":', b'"_frontier":1', 1))
    else:
        from posthog_environments.export import checkpoint as records

        saved = records.read(checkpoint.read_bytes(), records.Checkpoint)
        saved.version = 1
        checkpoint.write_bytes(records.write(saved))
    with pytest.raises(ValueError, match="Start anew with force"):
        env.persons.list(page_size=10).export(path, resume=True)
    env.persons.list(page_size=10).export(path, force=True)
    assert same(read_lines(path.read_bytes()), env)


def test_two_at_once_do_not_write_into_one_file(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"

    def second(*_: Any) -> None:
        with pytest.raises(FileExistsError, match="Another process"):
            env.persons.list().export(path, force=True)

    env.persons.list(page_size=50).export(path, progress=second)
    assert same(read_lines(path.read_bytes()), env)


def test_where_nothing_came_nothing_is_left(box: Sandbox, tmp_path: Path) -> None:
    with Environment(box.project_id, api_key="phx_wrong", host=box.host) as env, pytest.raises(PostHogError):
        env.persons.list().export(tmp_path / "a.jsonl")
    assert names(tmp_path) == []


def test_a_failed_assembly_leaves_the_part_and_the_checkpoint(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "a.parquet", FileSystem.write
    tried = False

    def full(self: FileSystem, file: int, data: bytes | memoryview) -> None:
        nonlocal tried
        if fresh.exists():
            tried = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, file, data)

    fresh = tmp_path / "a.parquet.fresh"
    monkeypatch.setattr(FileSystem, "write", full)
    with pytest.raises(OSError, match="No space"):
        env.persons.list(page_size=10).export(path)
    monkeypatch.undo()
    assert tried
    assert names(tmp_path) == ["a.parquet.checkpoint", "a.parquet.part"]
    env.persons.list(page_size=10).export(path, resume=True)
    assert names(tmp_path) == ["a.parquet"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.csv.gz", "a.jsonl.zst", "a.parquet", "a.xlsx"])
@pytest.mark.parametrize("how", ["force", "resume"])
def test_what_a_killed_export_left_goes(env: Environment, tmp_path: Path, name: str, how: str) -> None:
    path = tmp_path / name
    interrupted(env, path)
    # A process that is killed may leave these as well.
    assembled = how == "force" or name in ("a.parquet", "a.xlsx")
    for more in ("checkpoint.new", *(["fresh"] if assembled else [])):
        path.with_name(f"{name}.{more}").write_bytes(b"half of it")
    env.persons.list(page_size=10).export(path, resume=how == "resume", force=how == "force")
    assert names(tmp_path) == [name]


def test_an_export_that_is_refused_leaves_no_part(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    interrupted(env, path)
    (tmp_path / "a.jsonl.part").unlink()
    for resume in (False, True):
        with pytest.raises((ValueError, FileExistsError), match=r"was interrupted|is not what"):
            env.persons.list(page_size=10).export(path, resume)
        assert names(tmp_path) == ["a.jsonl.checkpoint"]
    (tmp_path / "a.jsonl.checkpoint").unlink()
    with Environment("1", api_key="phx_x", host=env.host, retries=0) as other, pytest.raises(PostHogError):
        other.persons.list().export(path, force=True)
    assert names(tmp_path) == []


def test_a_part_that_has_become_the_target_is_not_written_to(
    env: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reopen = tmp_path / "a.jsonl", FileSystem.reopen

    def too_late(self: FileSystem, part: Path) -> int:
        file = reopen(self, part)
        part.replace(path)
        return file

    interrupted(env, path)
    whole = (tmp_path / "a.jsonl.part").read_bytes()
    monkeypatch.setattr(FileSystem, "reopen", too_late)
    with pytest.raises(FileExistsError, match="Another process"):
        env.persons.list(page_size=10).export(path, force=True)
    assert path.read_bytes() == whole


def test_files_are_for_their_owner_alone(env: Environment, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        interrupted(env, tmp_path / "a.csv")
        env.persons.list().export(tmp_path / "b.parquet")
        env.persons.list().export(tmp_path / "c.csv", since_last=True)
    finally:
        os.umask(before)
    assert {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names(tmp_path)} == dict.fromkeys(
        ["a.csv.part", "a.csv.checkpoint", "b.parquet", "c.csv", ".c.csv.receipt"], 0o600
    )


def test_an_empty_part_that_others_could_read_is_theirs_no_more(env: Environment, tmp_path: Path) -> None:
    part = tmp_path / "a.jsonl.part"
    part.touch()
    part.chmod(0o644)
    env.persons.list().export(tmp_path / "a.jsonl")
    assert stat.S_IMODE((tmp_path / "a.jsonl").stat().st_mode) == 0o600


def test_no_file_holds_the_key_or_the_filters(box: Sandbox, env: Environment, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        env.persons.list(page_size=10, search="example").export(tmp_path / "a.jsonl", progress=stop_after(9))
    checkpoint = (tmp_path / "a.jsonl.checkpoint").read_bytes()
    assert box.api_key.encode() not in checkpoint
    assert b"example" not in checkpoint


def test_a_symbolic_link_stays_one(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "a.jsonl"
    link.symlink_to(tmp_path / "there" / "real.jsonl")
    env.persons.list().export(link)
    assert link.is_symlink()
    assert same(read_lines((tmp_path / "there" / "real.jsonl").read_bytes()), env)


@pytest.mark.parametrize(
    ("path", "options", "error", "words"),
    [
        ("a.txt", {}, ValueError, "End it in .jsonl"),
        ("a.parquet.gz", {}, ValueError, "compressed inside"),
        ("a.jsonl", {"format": "csv"}, ValueError, "Change one of them"),
        ("a", {"format": "xls"}, ValueError, "there are jsonl"),
        ("a.jsonl", {"columns": ["plan"]}, ValueError, "have no columns"),
        ("a.csv", {"columns": "plan"}, TypeError, "list of names"),
        ("a.csv", {"columns": [""]}, TypeError, "no name"),
        ("a.csv", {"columns": ["a", "a"]}, ValueError, "twice"),
        ("a.csv", {"columns": ["a"], "flatten": True}, ValueError, "exclude each other"),
        ("a.parquet", {"raw": True}, ValueError, "raw is for CSV"),
        ("a.csv", {"columns": ["a"], "only": ["a"]}, ValueError, "only stands alone"),
        ("a.csv", {"flatten": True, "only": ["a"]}, ValueError, "only stands alone"),
        ("a.csv", {"since_last": True, "only": ["uuid"]}, ValueError, "exclude each other"),
        ("a.jsonl", {"only": ["uuid"]}, ValueError, "have no columns"),
        ("a.csv", {"only": []}, ValueError, "no column"),
        ("a.csv", {"only": "uuid"}, TypeError, "only must be a list"),
        ("a.csv", {"only": ["UUID"]}, ValueError, "Write 'uuid' for the field"),
        ("a.csv", {"only": ["plan", "properties.plan"]}, ValueError, "two columns"),
        ("a.xlsx", {"since_last": True}, ValueError, "made anew each time"),
        ("a.xlsx", {"raw": True}, ValueError, "raw is for CSV"),
        ("a.xlsx.gz", {}, ValueError, "XLSX is compressed inside"),
        ("a.csv", {"resume": 1}, TypeError, "resume must be True or False"),
        ("nowhere/a.csv", {}, FileNotFoundError, "make it first"),
        (".", {"format": "csv"}, IsADirectoryError, "is a folder"),
        (os.devnull, {"format": "csv"}, ValueError, "no file that can be replaced"),
        ("-", {}, ValueError, "give the format"),
        ("-", {"format": "csv", "resume": True}, ValueError, "resume needs a file"),
        (7, {}, TypeError, "must be a str or a path"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any, options: dict[str, Any], error: Any, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with Environment("1", api_key="phx_x", host="http://127.0.0.1:9") as env, pytest.raises(error, match=words):
        env.persons.list().export(path, **options)
    assert names(tmp_path) == []


def test_without_the_extra_it_says_what_to_install(env: Environment, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, extra in (("a.parquet", "export"), ("a.csv.zst", "export"), ("a.xlsx", "excel")):
        with pytest.raises(ImportError, match=rf"posthog-environments\[{extra}\]"):
            env.persons.list().export(tmp_path / name)


# ---------------------------------------------------------------------------------------------------------- since last


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Sandbox, Environment]]:
    """Give a sandbox whose persons change."""
    with Sandbox(persons=60, now=NOW, rates=False, lag=0) as box, client(box) as env:
        yield box, env


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.zst", "a.parquet"])
def test_who_is_new_is_added(env: Environment, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    # As of a time when there were fewer: the last part of the list.
    env.persons.list(page_size=10, offset=40).export(path, since_last=True)
    forge_receipt(path, env)
    summary = env.persons.list(page_size=10).export(path, since_last=True)
    assert (summary.rows, summary.new) == (PERSONS, 40)
    assert summary.pages < 8
    assert uuids(path) == [each["uuid"] for each in everybody(env)]
    again = env.persons.list(page_size=30).export(path, since_last=True)
    assert (again.rows, again.new, again.requests) == (PERSONS, 0, 1)


def forge_receipt(path: Path, env: Environment) -> None:
    """Make the receipt of an export with an offset that of all persons."""
    from posthog_environments.export import checkpoint as records

    receipt_path = path.with_name(f".{path.name}.receipt")
    receipt = records.read(receipt_path.read_bytes(), records.Receipt)
    env.persons.list(page_size=10).export(path.with_name(f"other-{path.name}"), since_last=True)
    other = records.read(path.with_name(f".other-{path.name}.receipt").read_bytes(), records.Receipt)
    receipt.job = other.job
    receipt_path.write_bytes(records.write(receipt))


def uuids(path: Path) -> list[str]:
    data = path.read_bytes()
    if path.name.endswith("parquet"):
        return [str(uuid) for uuid in pq.read_table(path).column("uuid").to_pylist()]
    data = gzip.decompress(data) if path.name.endswith("gz") else unzstd(data) if path.name.endswith("zst") else data
    if ".csv" in path.name:
        return [row["uuid"] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]
    return [row["uuid"] for row in read_lines(data)]


def test_the_first_time_everybody_is_fetched(env: Environment, tmp_path: Path) -> None:
    summary = env.persons.list().export(tmp_path / "a.csv", since_last=True)
    assert (summary.rows, summary.new) == (PERSONS, PERSONS)


def test_what_it_cannot_be_added_to_is_refused(env: Environment, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("mine")
    with pytest.raises(ValueError, match="no record"):
        env.persons.list().export(path, since_last=True)
    env.persons.list().export(path, force=True)
    assert names(tmp_path) == ["a.jsonl"]
    with pytest.raises(ValueError, match=r"no record of an export .* anew with since_last and force"):
        env.persons.list().export(path, since_last=True)
    env.persons.list().export(path, since_last=True, force=True)
    with pytest.raises(ValueError, match="other settings: the filters"):
        env.persons.list(search="x").export(path, since_last=True)
    with path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(ValueError, match="was changed since"):
        env.persons.list().export(path, since_last=True)
    assert names(tmp_path) == [".a.jsonl.receipt", "a.jsonl"]
    env.persons.list().export(path, force=True)
    assert names(tmp_path) == ["a.jsonl"]


def test_who_is_new_is_not_known_without_times_or_a_record(tmp_path: Path) -> None:
    path, body = tmp_path / "a.jsonl", b'{"results":[{"uuid":"u-1","properties":{}}],"next":null,"previous":null}'
    with Wire(http(200, body)) as wire, Environment(1, api_key="phx_test", host=wire.host, pacing=False) as env:
        env.persons.list().export(path, since_last=True)
        with pytest.raises(ValueError, match=r"No person in .* has a time of creation"):
            env.persons.list().export(path, since_last=True)
        (tmp_path / ".a.jsonl.receipt").write_text("{")
        with pytest.raises(ValueError, match=r"cannot be read: .* force"):
            env.persons.list().export(path, since_last=True)
        assert len(wire.requests) == 1
    assert names(tmp_path) == [".a.jsonl.receipt", "a.jsonl"]


def test_an_export_of_who_is_new_goes_on(env: Environment, tmp_path: Path) -> None:
    whole, path = tmp_path / "b.csv", tmp_path / "a.csv"
    for each in (whole, path):
        env.persons.list(page_size=10, offset=100).export(each, since_last=True)
        forge_receipt(each, env)
    env.persons.list(page_size=10).export(whole, since_last=True)
    before = path.read_bytes()
    interrupted(env, path, since_last=True)
    assert path.read_bytes() == before
    summary = env.persons.list(page_size=10).export(path, resume=True, since_last=True)
    assert summary.resumed == 1
    assert path.read_bytes() == whole.read_bytes()


# ---------------------------------------------------------------------------------------- a server that changes, limits


def test_persons_who_go_while_it_is_interrupted_leave_no_gap(own: tuple[Sandbox, Environment], tmp_path: Path) -> None:
    _, env = own
    people = env.persons.list().take(60)
    path = tmp_path / "a.jsonl"
    interrupted(env, path, pages=5)
    for person in people[:7]:
        env.persons.delete(person)
    summary = env.persons.list(page_size=10).export(path, resume=True)
    found = [row["uuid"] for row in read_lines(path.read_bytes())]
    assert len(found) == len(set(found))
    assert {person.uuid for person in people[7:]} <= set(found)
    assert summary.complete


@pytest.fixture(autouse=True)
def _short_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "own" in request.fixturenames:
        monkeypatch.setattr(frame, "CHUNK_PAGES", 1)


def test_waits_for_the_quota_are_counted(tmp_path: Path) -> None:
    with Sandbox(persons=30, rates=False) as box, client(box) as env:
        box.fail_next(429)
        summary = env.persons.list(page_size=10).export(tmp_path / "a.jsonl")
    assert summary.waits == 1
    assert summary.waited > 0
    assert summary.requests == summary.pages + 1


def test_exports_wait_for_the_quota_for_an_hour_unless_told_otherwise(env: Environment) -> None:
    def patience(client: Environment) -> float | None:
        listing: Any = client.persons.list()._listing.export
        waits: float | None = listing.fetch.args[0].options.max_wait
        return waits

    assert patience(env) == 3600
    assert patience(env.with_options(max_wait=5)) == 5


def test_a_strict_reader_of_gzip_reads_it(env: Environment, tmp_path: Path) -> None:
    env.persons.list(page_size=10).export(tmp_path / "a.jsonl.gz")
    done = subprocess.run(["gzip", "-t", tmp_path / "a.jsonl.gz"], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


# ----------------------------------------------------------------------------------------------- certain columns only


def test_only_the_columns_that_were_asked_for(env: Environment, tmp_path: Path) -> None:
    people = everybody(env)
    for name in ("a.csv", "a.parquet"):
        env.persons.list().export(tmp_path / name, only=["plan", "uuid"])
    with (tmp_path / "a.csv").open(newline="") as file:
        assert next(iter(csv.reader(file))) == ["plan", "uuid"]
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == ["plan", "uuid"]
    assert table.column("plan").to_pylist() == [each["properties"].get("plan") for each in people]
    assert names(tmp_path) == ["a.csv", "a.parquet"]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx"])
def test_a_column_that_nobody_has_is_named(env: Environment, tmp_path: Path, name: str) -> None:
    with pytest.warns(
        UserWarning, match="(nobody|none of the first \\d+ persons) has the property 'pla', 'Plan'; the column is empty"
    ):
        env.persons.list().export(tmp_path / name, only=["pla", "plan", "Plan", "uuid"])


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx"])
def test_an_interrupted_export_of_certain_columns_goes_on(env: Environment, tmp_path: Path, name: str) -> None:
    env.persons.list(page_size=10).export(tmp_path / f"whole-{name}", only=["email", "uuid"])
    interrupted(env, tmp_path / name, only=["email", "uuid"])
    summary = env.persons.list(page_size=10).export(tmp_path / name, resume=True, only=["email", "uuid"])
    assert (summary.resumed, summary.rows) == (1, PERSONS)
    assert (tmp_path / name).read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    assert names(tmp_path) == [name, f"whole-{name}"]

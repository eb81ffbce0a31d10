"""`phenv persons export`: files, standard output, the summary, and how to go on."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from posthog_environments import Environment
from posthog_environments.export import job as frame
from posthog_environments.operations import persons
from posthog_environments.sandbox import Sandbox
from tests.client.wire import Wire, silence

from .conftest import PATIENCE, PHENV, Run, Screen


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def whole(box: Sandbox) -> bytes:
    """Give everybody as JSON Lines."""
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        env.persons.list().export("whole.jsonl")
    return Path("whole.jsonl").read_bytes()


def test_everybody_into_a_file(run: Run, whole: bytes) -> None:
    done = run("persons", "export", "a.jsonl", "--page-size", "100")
    assert (done.code, done.out) == (0, "")
    assert f"{len(whole.splitlines())} persons in " in done.err
    assert done.err.rstrip().endswith("Complete.")
    assert Path("a.jsonl").read_bytes() == whole


def test_json_is_the_summary(run: Run) -> None:
    done = run("persons", "export", "a.csv", "--columns", "email, plan", "--property", "plan=pro", "--json")
    summary = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert summary["path"] == str(Path("a.csv").resolve())
    assert summary["complete"] is True
    with Path("a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == summary["rows"] > 0
    assert {row["plan"] for row in rows} == {"pro"}


@pytest.mark.parametrize(("form", "begins"), [("jsonl", b'{"'), ("csv", b"uuid,"), ("parquet", b"PAR1")])
def test_standard_output(box: Sandbox, whole: bytes, form: str, begins: bytes) -> None:
    command = [*PHENV, "persons", "export", "-", "--format", form]
    done = subprocess.run(
        command, env={**os.environ, **box.environ}, capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith(begins)
    rows = len(whole.splitlines())
    assert f"{rows} persons in -".encode() in done.stderr
    assert {path.name.strip(".").partition(".")[0] for path in Path().iterdir()} == {"whole"}
    if form == "csv":
        assert len(list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))) == rows + 1


def test_a_reader_who_has_enough(box: Sandbox) -> None:
    command = [*PHENV, "persons", "export", "-", "--format", "jsonl", "--page-size", "20"]
    environ = {**os.environ, **box.environ}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-"], "give --format"),
        (["-", "--format", "csv", "--json"], "no room for --json"),
        (["a.txt"], "End it in .jsonl"),
        (["there.jsonl"], "or --force to replace it"),
        (["there.jsonl", "--since-last"], "anew with --since-last and --force"),
        (["a.csv", "--only", "UUID"], "--only: 'UUID' is no column"),
        (["a.csv", "--only", "uuid", "--flatten"], "--only stands alone"),
        (["a.jsonl", "--only", "uuid"], "have no columns"),
        (["a.xlsx", "--since-last"], "made anew each time"),
        (["a.csv", "--columns", "a", "--flatten"], "exclude each other"),
        (["a.jsonl", "--raw"], "have no columns"),
        (["nowhere/a.csv"], "make it first"),
        (["a.csv", "--property", "{x"], "--property"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: list[str], words: str) -> None:
    Path("there.jsonl").write_text("mine")
    done = run("persons", "export", *arguments)
    assert done.code == 2
    assert words in done.err
    assert [each.name for each in Path().iterdir()] == ["there.jsonl"]


def test_nothing_to_resume_is_said_and_is_no_failure(run: Run) -> None:
    Path("there.jsonl").write_text("mine")
    done = run("persons", "export", "there.jsonl", "--resume")
    assert (done.code, done.out) == (0, "")
    assert "nothing unfinished is beside it. Whether it is this export is not known." in done.err
    done = run("persons", "export", "there.jsonl", "--resume", "--json")
    assert done.code == 0
    assert json.loads(done.out)["complete"] is None
    assert Path("there.jsonl").read_text() == "mine"
    assert [each.name for each in Path().iterdir()] == ["there.jsonl"]


def test_a_workbook_of_certain_columns(run: Run, whole: bytes) -> None:
    done = run("persons", "export", "a.xlsx", "--only", "email,created_at,uuid")
    assert done.code == 0, done.err
    sheet = openpyxl.load_workbook("a.xlsx").active
    head, *rows = sheet.iter_rows(values_only=True)
    assert head == ("email", "created_at", "uuid")
    people = [json.loads(line) for line in whole.splitlines()]
    assert [row[2] for row in rows] == [each["uuid"] for each in people]
    assert [row[0] for row in rows] == [each["properties"].get("email") for each in people]
    assert all(isinstance(row[1], datetime) for row in rows)
    assert sorted(each.name for each in Path().iterdir()) == ["a.xlsx", "whole.jsonl"]


def test_force_replaces(run: Run, whole: bytes) -> None:
    Path("a.jsonl").write_text("mine")
    assert run("persons", "export", "a.jsonl", "--force").code == 0
    assert Path("a.jsonl").read_bytes() == whole


def test_since_last_says_what_it_cannot_see(run: Run, whole: bytes) -> None:
    assert run("persons", "export", "a.jsonl", "--since-last").code == 0
    done = run("persons", "export", "a.jsonl", "--since-last")
    assert done.code == 0
    assert "0 of them are new. Persons who were changed or deleted since the last export are in the file" in done.err
    assert Path("a.jsonl").read_bytes() == whole


def test_ctrl_c_and_on(box: Sandbox, run: Run, whole: bytes) -> None:
    command = [*PHENV, "persons", "export", "a.jsonl", "--page-size", "5"]
    with subprocess.Popen(command, env={**os.environ, **box.environ}, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + PATIENCE
        # Two pieces of eight pages are there, so the first is kept.
        part = Path("a.jsonl.part")
        while time.monotonic() < end and not (part.exists() and part.stat().st_size > 30_000):
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert b"To continue, repeat the command with --resume." in said
    assert not Path("a.jsonl").exists()
    refused = run("persons", "export", "a.jsonl", "--page-size", "5")
    assert refused.code == 2
    assert "was interrupted. Continue it with --resume, or start anew with --force." in refused.err
    other = run("persons", "export", "a.jsonl", "--page-size", "5", "--resume", "--search", "x")
    assert other.code == 2
    assert "what differs: the filters" in other.err
    done = run("persons", "export", "a.jsonl", "--page-size", "5", "--resume")
    assert done.code == 0
    assert "resumed 1 time" in done.err
    assert Path("a.jsonl").read_bytes() == whole


@pytest.mark.parametrize("limit", [40_000])
def test_a_full_disk_and_on(run: Run, whole: bytes, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(frame, "CHUNK_PAGES", 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        done = run("persons", "export", "a.jsonl", "--page-size", "20")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.code == 1
    assert "a.jsonl cannot be written: File too large. What was fetched is kept" in done.err
    assert run("persons", "export", "a.jsonl", "--page-size", "20", "--resume").code == 0
    assert Path("a.jsonl").read_bytes() == whole


def test_a_server_that_fails_and_on(run: Run, box: Sandbox, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "CHUNK_PAGES", 1)
    fetch, asked = persons._rows, 0

    def failing(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 3:
            box.fail_next(403)
        return fetch(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(persons, "_rows", failing)
        done = run("persons", "export", "a.jsonl", "--page-size", "100")
    assert done.code == 1
    assert "What was fetched is kept. To continue, repeat the command with --resume." in done.err
    assert "Error: persons.list: 403" in done.err
    assert run("persons", "export", "a.jsonl", "--page-size", "100", "--resume").code == 0
    assert Path("a.jsonl").read_bytes() == whole


def test_a_server_that_is_too_slow_is_not_taken_for_a_full_disk(run: Run) -> None:
    """The error is a `TimeoutError` too, and with that an `OSError`."""
    with Wire(silence) as wire:
        done = run("persons", "export", "a.jsonl", "--host", wire.host, "--timeout", "0.5")
    assert (done.code, done.out) == (1, "")
    assert "a.jsonl cannot be written" not in done.err
    assert done.err.splitlines()[-1] == "Try: again with a larger --timeout."


def test_some_may_be_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from posthog_environments.paging.offset import OffsetPaginator

    end = OffsetPaginator._end

    def doubtful(self: Any, *arguments: Any) -> None:
        self._add_trouble("rows moved")
        end(self, *arguments)

    monkeypatch.setattr(OffsetPaginator, "_end", doubtful)
    done = run("persons", "export", "a.jsonl", "--since-last")
    assert done.code == 1
    assert "Some persons may be missing: rows moved" in done.err
    assert Path("a.jsonl").exists()
    refused = run("persons", "export", "a.jsonl", "--since-last")
    assert refused.code == 2
    assert "is not complete: rows moved" in refused.err


def test_progress_on_a_terminal(screen: Callable[..., Screen], whole: bytes, tmp_path: Path) -> None:
    shown = screen("persons", "export", str(tmp_path / "a.jsonl"), "--page-size", "20", stdout=tmp_path / "out")
    assert shown.code == 0
    assert "Persons" in shown.text
    rows = len(whole.splitlines())
    assert f"{rows}/{rows}" in shown.text
    assert (tmp_path / "out").read_bytes() == b""

"""A database file of a process that was killed in the middle of its work."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from posthog_environments.sandbox import store
from posthog_environments.sandbox.store import Database

from .conftest import NOW, Client, Start

PERSONS, PATCHED = 300, 40

# Several writers at once. A line is printed after the answer has come: what was printed was acknowledged.
WRITERS = """
import itertools, os, sys, threading
import httpx
from posthog_environments.sandbox import Sandbox

path, now, lag, persons, patched, first = *sys.argv[1:3], float(sys.argv[3]), *map(int, sys.argv[4:])
box = Sandbox(persons, path=path, now=now, rates=False, lag=lag).start()
numbers, doomed = itertools.count(first), iter(range(patched + 1, persons + 1))
client = httpx.Client(base_url=f"{box.host}/api/projects/{box.project_id}/persons", timeout=60,
                      headers={"Authorization": "Bearer " + box.api_key})

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def patch():
    for number in numbers:
        person = number % patched + 1
        answer = client.patch(f"/{person}/", json={"properties": {f"w{number}": number}})
        assert answer.status_code == 202, answer.text
        say("patched", person, number)

def delete():
    for person in doomed:
        answer = client.delete(f"/{person}/", params={"delete_events": "true"})
        assert answer.status_code in {202, 404}, answer.text
        if answer.status_code == 202:
            say("deleted", person)

for work in (patch, patch, delete):
    threading.Thread(target=work, daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("lag", [0, 0.05, 60])
def test_all_that_was_acknowledged_is_there_and_nothing_half_done(tmp_path: Path, start: Start, lag: float) -> None:
    path = tmp_path / "box.db"
    patched: dict[str, int] = {}
    deleted: set[int] = set()
    for first in (0, 1_000_000):  # the second run goes on with the file that the first one left
        command = [sys.executable, "-c", WRITERS, str(path), NOW, str(lag), str(PERSONS), str(PATCHED), str(first)]
        for kind, person, *number in _killed_after(60 + random.randrange(20), command):
            if kind == "patched":
                patched[f"w{number[0]}"] = person
            else:
                deleted.add(person)
    assert patched
    assert deleted
    client = start(PERSONS, path=path, era="2026")
    _check(client, patched, deleted)


def _killed_after(lines: int, command: list[str]) -> list[tuple[Any, ...]]:
    """Kill the process in the middle of its writes; give all that it said."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -9
    whole = [line.split() for line in said if line.endswith("\n")]
    return [(kind, *map(int, numbers)) for kind, *numbers in whole]


def _check(client: Client, patched: dict[str, int], deleted: set[int]) -> None:
    everyone = {row["uuid"]: row for row in client.persons()}
    people = {number: client.get(f"/persons/{number}/") for number in range(1, PERSONS + 1)}
    there = {number: answer.json() for number, answer in people.items() if answer.status_code == 200}
    assert not deleted & there.keys()
    assert {person["uuid"] for person in there.values()} == everyone.keys()
    assert client.json("/persons/", include_total="true")["count"] == len(there)

    written = {name: number for number, person in there.items() for name in person["properties"] if _ours(name)}
    assert patched.items() <= written.items()
    # Each change that is there is in the log once and is an event once, whether it was acknowledged or not.
    entries: list[str] = []
    for number in range(1, PATCHED + 1):
        log = client.json(f"/persons/{number}/activity/", limit=1000)
        assert log["total_count"] == len([1 for owner in written.values() if owner == number]), number
        entries += [entry["id"] for entry in log["results"]]
    assert len(entries) == len(set(entries)) == len(written)
    (events,) = client.trend(events=["$set"], date_from="all", display="ActionsPie")
    assert events["aggregated_value"] == len(written)

    # A deletion is whole: no events are left of those who are gone.
    (active,) = client.trend(events=[{"id": None, "math": "dau"}], date_from="all", display="ActionsPie")
    assert active["aggregated_value"] == len(there)
    for number, person in there.items():
        found = client.persons(distinct_id=person["distinct_ids"][0])
        assert [row["uuid"] for row in found] == [person["uuid"]], number


def _ours(name: str) -> bool:
    return re.fullmatch(r"w\d+", name) is not None


@pytest.mark.parametrize("after", [0.0, 0.2, 0.4])
def test_a_file_that_was_left_half_filled_is_filled_anew(tmp_path: Path, start: Start, after: float) -> None:
    path = tmp_path / "box.db"
    code = f"""
import sys, threading
from posthog_environments.sandbox import Sandbox
print("begin", flush=True)
Sandbox(30_000, path={str(path)!r}).start()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
    client = start(30_000, path=path)
    page = client.json("/persons/", include_total="true")
    assert page["count"] == 30_000
    (active,) = client.trend(events=[{"id": None, "math": "dau"}], date_from="all", display="ActionsPie")
    assert active["aggregated_value"] == 30_000


def test_entries_of_the_log_keep_numbers_of_their_own(tmp_path: Path, start: Start) -> None:
    for _ in range(2):
        client = start(3, path=tmp_path / "box.db", era="2026")
        for _ in range(3):
            client.http.patch("/persons/1/", json={"properties": {"plan": "gold"}})
        client.box.stop()
    client = start(3, path=tmp_path / "box.db", era="2026")
    ids = [entry["id"] for entry in client.json("/persons/1/activity/")["results"]]
    assert len(set(ids)) == 6


def test_no_moment_leaves_a_file_with_some_of_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "box.db"
    broken = Database(path)
    first, semicolon, others = store._TABLES.partition(";")
    monkeypatch.setattr(store, "_TABLES", f"{first}{semicolon} SELECT error('here it ends'); {others}")
    with pytest.raises(Exception, match="here it ends"):
        broken.create()
    broken.close()
    monkeypatch.undo()
    again = Database(path)
    try:
        assert again.metadata() is None
        again.create()
    finally:
        again.close()

"""Bulk deletion, against the sandbox of each era."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment, NotFoundError
from posthog_environments.sandbox import Sandbox
from tests.bulk.conftest import kinds, lines

NOBODY = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3)]

Start = Callable[..., tuple[Sandbox, Environment]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sandboxes, with a client for each."""
    with ExitStack() as stack:

        def begin(persons: int = 12, **arguments: Any) -> tuple[Sandbox, Environment]:
            box = stack.enter_context(Sandbox(persons, rates=False, **{"lag": 0, **arguments}))
            client = Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False)
            return box, stack.enter_context(client)

        yield begin


def uuids(env: Environment) -> list[str]:
    return [person.uuid for person in env.persons.list()]


def events(env: Environment, person: str) -> int:
    points = env.persons.properties_timeline(person, date_from="all").points
    return sum(point.relevant_event_count or 0 for point in points)


AGES = pytest.mark.parametrize(
    ("box", "state"),
    [
        ({"era": "2025"}, "done"),
        ({"era": "2026"}, "done"),
        ({"era": "2026", "oddities": False, "queued": True}, "done"),
        ({"era": "2026-09"}, "done"),
        ({"era": "2026-09", "oddities": False}, "done"),
        ({"era": "2026-09", "queued": True, "lag": 60}, "queued"),
    ],
    ids=["2025", "2026", "2026 strict", "2026-09", "2026-09 strict", "2026-09 queued"],
)


@AGES
def test_each_id_has_its_outcome(start: Start, tmp_path: Path, box: dict[str, Any], state: str) -> None:
    server, env = start(**box)
    there = uuids(env)
    asked = [*there[:4], there[0].upper(), *there[4:6]]
    report = env.persons.delete_many(asked, journal=tmp_path / "j")
    assert [outcome.state for outcome in report] == [*[state] * 4, "duplicate", *[state] * 2]
    assert sum(report.counts().values()) == len(report) == 7
    assert report.ok
    server.settle()
    assert uuids(env) == there[6:]
    again = env.persons.delete_many(asked, journal=tmp_path / "j")
    assert (again.counts(), again.new) == (report.counts(), 1), "the duplicate is told each time"
    settled = [line["state"] for line in lines(tmp_path / "j") if line["line"] == "outcome"]
    assert Counter(settled)[state] == 6, "each is written down once"


@pytest.mark.parametrize(
    ("era", "queued", "there", "nowhere"),
    [
        ("2025", False, "done", "already_gone"),
        # Of an empty answer nothing can be said but that it was taken.
        ("2026", False, "done", "done"),
        ("2026-09", False, "done", "done"),
        ("2026-09", True, "queued", "done"),
    ],
)
def test_some_who_are_not_there(start: Start, tmp_path: Path, era: Any, queued: bool, there: str, nowhere: str) -> None:
    _, env = start(era=era, queued=queued, lag=60 if queued else 0)
    people = uuids(env)[:3]
    asked = [people[0], NOBODY[0], people[1], NOBODY[1], people[2]]
    report = env.persons.delete_many(asked, journal=tmp_path / "j")
    assert [outcome.state for outcome in report] == [there, nowhere, there, nowhere, there]
    assert sum(report.counts().values()) == 5


def test_who_insists_is_told_by_a_server_without_it(start: Start, tmp_path: Path) -> None:
    _, env = start(era="2025")
    people = uuids(env)
    wishes: list[dict[str, Any]] = [
        {"using": "bulk"}, {"delete_recordings": True}, {"keep_person": True, "delete_events": True},
    ]  # fmt: skip
    for options in wishes:
        with pytest.raises(Exception, match="405") as caught:
            env.persons.delete_many(people[:2], journal=tmp_path / "j", **options)
        assert any("does not delete many at once" in note for note in caught.value.__notes__)
        (tmp_path / "j").unlink()
    assert uuids(env) == people


@pytest.mark.parametrize("era", ["2026", "2026-09"])
def test_recordings_go_and_the_person_too(start: Start, tmp_path: Path, era: Any) -> None:
    _, env = start(era=era)
    people = uuids(env)
    report = env.persons.delete_many(people[:2], journal=tmp_path / "j", delete_recordings=True)
    assert report.done == 2
    assert uuids(env) == people[2:]


@pytest.mark.parametrize("era", ["2026", "2026-09"])
@pytest.mark.parametrize("queued", [False, True])
def test_a_person_who_is_kept_loses_the_events(start: Start, tmp_path: Path, era: Any, queued: bool) -> None:
    box, env = start(60, era=era, queued=queued)
    people = [person for person in uuids(env) if events(env, person)][:2]
    report = env.persons.delete_many(people, journal=tmp_path / "j", delete_events=True, keep_person=True)
    assert [outcome.state for outcome in report] == ["done", "done"]
    box.settle()
    assert [events(env, person) for person in people] == [0, 0]
    assert set(people) <= set(uuids(env))


def test_without_delete_events_the_events_stay(start: Start, tmp_path: Path) -> None:
    _, env = start(era="2026-09")
    assert env.persons.delete_many(uuids(env)[:3], journal=tmp_path / "j").done == 3
    assert list(env.persons.deletion_status()) == []


def test_more_than_a_thousand(start: Start, tmp_path: Path) -> None:
    _, env = start(1103, era="2026-09")
    people = uuids(env)
    report = env.persons.delete_many(people[:1101], journal=tmp_path / "j", using="bulk")
    assert report.counts() == {**dict.fromkeys(report.counts(), 0), "done": 1101}
    assert uuids(env) == people[1101:]


def test_how_far_the_events_are(start: Start, tmp_path: Path) -> None:
    box, env = start(era="2026-09", lag=60)
    people = uuids(env)
    env.persons.delete_many(people[:3], journal=tmp_path / "j", delete_events=True)
    env.persons.delete_many(people[3:5], journal=tmp_path / "k")
    rows = list(env.persons.deletion_status(page_size=2))
    assert {row.person_uuid for row in rows} == set(people[:3])
    assert {(row.status, row.delete_verified_at) for row in rows} == {("pending", None)}
    box.settle()
    (row,) = env.persons.deletion_status(id=people[0])
    assert (row.status, row.delete_verified_at is None) == ("completed", False)
    assert len(list(env.persons.deletion_status(status="completed"))) == 3
    assert list(env.persons.deletion_status(status="pending")) == []
    _, before = start(era="2025")
    with pytest.raises(Exception, match=r"400|404"):
        list(before.persons.deletion_status())


def test_a_doubt_is_closed_by_a_row_alone(start: Start, tmp_path: Path) -> None:
    # The answer is lost after the deletion was done, so who was to be deleted is gone.
    call: dict[str, Any] = {"journal": tmp_path / "j", "delete_events": True}
    for era, state in (("2026-09", "done"), ("2026", "unknown")):
        box, env = start(era=era, lag=60)
        people = uuids(env)[:3]
        box.fail_next(504, after=True)
        report = env.persons.delete_many(people, **call)
        assert [outcome.state for outcome in report] == [state] * 3
        again = env.persons.delete_many(people, **call)
        assert (again.counts(), again.new) == (report.counts(), 0)
        assert kinds(tmp_path / "j").count("intent") == 3, "it is not asked for again"
        (tmp_path / "j").unlink()


def test_whom_somebody_else_deleted_without_the_events_stays_unknown(start: Start, tmp_path: Path) -> None:
    call: dict[str, Any] = {"journal": tmp_path / "j", "delete_events": True}
    box, env = start(era="2026-09")
    ada, bob = uuids(env)[:2]
    env.persons.delete(ada)
    box.fail_next(504, after=True)
    for earlier in (False, True):
        report = env.persons.delete_many([ada, bob], **call)
        assert [(outcome.state, outcome.earlier) for outcome in report] == [("unknown", earlier), ("done", earlier)]
    assert [row.person_uuid for row in env.persons.deletion_status()] == [bob]


def test_a_fault_before_anything_was_done(start: Start, tmp_path: Path) -> None:
    for era in ("2026", "2026-09"):
        box, env = start(era=era)
        people = uuids(env)
        box.fail_next(504)
        report = env.persons.delete_many(people[:3], journal=tmp_path / f"j{era}", delete_events=True)
        assert report.done == 3, "they are there, so they are sent again"
        assert uuids(env) == people[3:]


def test_the_list_of_deletions_needs_no_key_of_its_own(start: Start) -> None:
    box, _ = start(era="2026-09")
    with (
        Environment(box.project_id, api_key=box.add_key("person:write"), host=box.host) as writer,
        Environment(box.project_id, api_key=box.add_key("insight:read"), host=box.host) as other,
    ):
        assert list(writer.persons.deletion_status()) == []
        with pytest.raises(Exception, match="person:read"):
            list(other.persons.deletion_status())
    with pytest.raises(NotFoundError), Environment(9, api_key=box.api_key, host=box.host) as elsewhere:
        list(elsewhere.persons.deletion_status())


KILLED = """
import os, signal, sys
import httpx
from posthog_environments import Environment
host, key, project, journal, when, *ids = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
class Deadly(httpx.HTTPTransport):
    def handle_request(self, request):
        deadly = request.url.path.endswith("/bulk_delete/")
        if deadly and when == "before it is sent":
            die()
        answer = super().handle_request(request)
        if deadly and when == "before it is read":
            answer.read()
            die()
        return answer
with Environment(project, api_key=key, host=host, pacing=False, transport=Deadly()) as env:
    env.persons.delete_many(ids, journal=journal, delete_events=True, on_outcome=die)
"""


@pytest.mark.parametrize(
    ("box", "state"),
    [({"era": "2026"}, "unknown"), ({"era": "2026-09"}, "done"), ({"era": "2026-09", "queued": True}, "done")],
)
def test_killed_and_taken_up_again(start: Start, tmp_path: Path, box: dict[str, Any], state: str) -> None:
    server, env = start(**box)
    people = uuids(env)
    journal = tmp_path / "j"
    for when in ("before it is sent", "before it is read"):
        command = [sys.executable, "-c", KILLED, server.host, server.api_key, server.project_id, str(journal), when]
        killed = subprocess.run([*command, *people[:6]], env=os.environ, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert kinds(journal).count("outcome") == 0
        server.settle()
        assert uuids(env) == (people if when == "before it is sent" else people[6:])
    report = env.persons.delete_many(people[:6], journal=journal, delete_events=True)
    # Only the list of deletions can tell whether the events were asked for, and servers of before have none.
    assert [outcome.state for outcome in report] == [state] * 6
    if box["era"] == "2026-09":
        rows = [str(row.person_uuid) for row in env.persons.deletion_status()]
        assert sorted(rows) == sorted(people[:6]), "of each the events are asked for once"

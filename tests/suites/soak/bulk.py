"""Suite "bulk": a job of many changes is broken off at every step, and goes on; at the server each is made once.

The server is a model with real persons, which counts what it carries out, and looks into the journal whenever a change
comes: its intent must be there. A job is killed (SIGKILL), interrupted (Ctrl-C) or its disk fails at each step in turn,
some of them again while they go on; at last it runs to its end, and what it says is held against what is true.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self
from urllib.parse import parse_qs

from soak.canned import Canned, Heard, http
from soak.frame import Campaign, Effort, Figure
from soak.surroundings import with_tests

__all__ = ["CAMPAIGNS", "JOBS", "Break", "Job", "Outcome", "People", "broken_off", "played"]

SUITES: Final = Path(__file__).parents[1]
WANTED: Final = "pro"


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


class People:
    """The persons of the model, and what was done to them.

    Args:
        lag: Whether a change of properties is taken and not shown, as by servers that carry it out later.
        at_once: Whether many can be deleted with one request.
    """

    def __init__(self, journal: Path, *, lag: bool, at_once: bool) -> None:
        self.properties: dict[str, dict[str, Any]] = {_uuid(n): {"email": f"{n}@example.com"} for n in range(1, 6)}
        self.done = dict.fromkeys(self.properties, 0)
        self.events = dict.fromkeys(self.properties, 0)
        self.unannounced: list[str] = []
        self._journal = journal
        self._lag = lag
        self._at_once = at_once
        self._lock = threading.Lock()

    def answer(self, heard: Heard) -> bytes:
        """Carry a request out."""
        with self._lock:
            key = heard.path.decode().partition("/persons/")[2].partition("/")[0]
            if not key:
                return self._list(parse_qs(heard.query.decode()))
            if key == "bulk_delete" and self._at_once:
                return self._delete_at_once(json.loads(heard.body))
            if key == "deletion_status":
                return self._show_deletions(parse_qs(heard.query.decode()))
            if key not in self.properties:
                return http(404, b'{"type": "invalid_request", "code": "not_found", "detail": "Not found."}')
            if heard.method == "GET":
                return http(200, json.dumps(self._row(key)).encode())
            self._count(key)
            if heard.method == "PATCH":
                self.properties[key] |= {} if self._lag else json.loads(heard.body)["properties"]
                return http(202, b"")
            if heard.method == "POST":
                self.properties[key].pop(json.loads(heard.body)["$unset"], None)
                return http(201, b'{"success": true}')
            del self.properties[key]
            self.events[key] += b"delete_events" in heard.query
            return http(202, b"")

    def _count(self, key: str) -> None:
        if not self._is_announced(key):
            self.unannounced.append(key)
        self.done[key] += 1

    def _delete_at_once(self, body: dict[str, Any]) -> bytes:
        found = [key for key in body["ids"] if key in self.properties]
        for key in found:
            self._count(key)
            del self.properties[key]
            self.events[key] += body.get("delete_events") is True
        return http(202, json.dumps({"persons_found": len(found), "persons_deleted": len(found)}).encode())

    def _show_deletions(self, query: dict[str, list[str]]) -> bytes:
        found = [key for key, count in self.events.items() if count and key in query.get("person_uuid", [key])]
        rows = [{"person_uuid": key, "created_at": "2100-01-01T00:00:00Z", "status": "pending"} for key in found]
        return http(200, json.dumps({"count": len(rows), "next": None, "results": rows}).encode())

    def _list(self, query: dict[str, list[str]]) -> bytes:
        emails = query.get("email", [])
        for condition in json.loads(query.get("properties", ["[]"])[0]):
            emails += condition["value"] if condition["key"] == "email" else []
        found = [key for key, each in self.properties.items() if each.get("email") in emails]
        return http(200, json.dumps({"results": [self._row(key) for key in found], "next": None}).encode())

    def _row(self, key: str) -> dict[str, Any]:
        return {"uuid": key, "id": 1, "distinct_ids": [key], "properties": self.properties[key]}

    def _is_announced(self, key: str) -> bool:
        """Tell whether the last word of the journal on a person is that a change is meant."""
        last = ""
        for line in self._journal.read_bytes().split(b"\n"):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if record.get("uuid") == key and record["line"] in ("intent", "outcome"):
                last = record["line"]
        return last == "intent"


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for."""

    name: str
    method: str
    inputs: Sequence[Any]
    arguments: dict[str, Any] = field(default_factory=dict)
    client: str = "sync"
    lag: bool = False
    at_once: bool = False

    @property
    def deletes(self) -> bool:
        """Whether it deletes persons."""
        return self.method == "delete_many"


_UUIDS: Final = [_uuid(1), _uuid(2), _uuid(2), _uuid(9), _uuid(3)]
_EMAILS: Final = ["1@example.com", "2@example.com", "9@example.com", "1@example.com"]
_CHANGES: Final = [
    {"id": _uuid(1), "set": {"plan": WANTED}},
    {"email": "2@example.com", "set": {"plan": WANTED}},
    {"id": _uuid(3), "unset": "email"},
]
JOBS: Final = (
    Job("delete", "delete_many", _UUIDS, {"using": "single"}),
    Job("delete, not at once after all", "delete_many", _UUIDS),
    Job("delete by email", "delete_many", _EMAILS, {"by": "email", "using": "single"}),
    Job("delete with events", "delete_many", _UUIDS, {"delete_events": True, "using": "single"}, "async"),
    Job("delete at once", "delete_many", _UUIDS, at_once=True),
    Job("delete at once with events", "delete_many", _EMAILS, {"by": "email", "delete_events": True}, at_once=True),
    Job("update", "update_many", _CHANGES, client="async"),
    Job("update, shown later", "update_many", _CHANGES[:1], lag=True),
)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a run breaks off: at which step and how, or when the journal has so many bytes."""

    at: int = 0
    how: str = ""
    room: int = 0


@dataclass(slots=True)
class Outcome:
    """How a job went in the end, and what is true."""

    job: Job
    breaks: Sequence[Break]
    runs: list[dict[str, Any]]
    done: dict[str, int]
    events: dict[str, int]
    unannounced: int
    whole: bool

    def __str__(self) -> str:
        return f"{self.job.name} {self.breaks}: done {self.done}, events {self.events}, {self.runs}"


class Player:
    """A process that plays runs, each in a fork of its own, before a server here."""

    def __init__(self, defect: str = "") -> None:
        self.people: People | None = None
        self._server = Canned(self._answer)
        self._defect = defect
        # In memory where there is such a place: what a killed process has written is there all the same.
        memory = Path("/dev/shm")
        self._folder = TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self._count = 0

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "soak.bulk_scenes", self._server.host, self._defect],
            cwd=SUITES, env=with_tests(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, start_new_session=True,
        )  # fmt: skip
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._server.__exit__(*exc_info)
        self._folder.cleanup()

    def _answer(self, heard: Heard) -> bytes:
        if self.people is None:
            return http(200, b'{"results": [], "next": null}')
        return self.people.answer(heard)

    def play(self, job: Job, breaks: Sequence[Break]) -> Outcome:
        """Run a job, breaking off as often as there are breaks, and then to its end."""
        self._count += 1
        journal = Path(self._folder.name) / f"{self._count}.jsonl"
        people = self.people = People(journal, lag=job.lag, at_once=job.at_once)
        runs = [self._run(job, journal, each) for each in (*breaks, Break())]
        told = journal.read_bytes()
        whole = told.endswith(b"\n") and journal.stat().st_mode & 0o777 == 0o600
        journal.unlink()
        return Outcome(job, breaks, runs, people.done, people.events, len(people.unannounced), whole)

    def _run(self, job: Job, journal: Path, each: Break) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        run = {
            "method": job.method, "inputs": job.inputs, "arguments": job.arguments, "client": job.client,
            "journal": os.fspath(journal), "at": each.at, "how": each.how, "room": each.room,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(run) + "\n")
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


def _plans(effort: Effort, job: Job, steps: int) -> Iterator[tuple[Break, ...]]:
    """Break off at each step in each way, and at a chosen one of the next run as well; and for want of room."""
    random = effort.random(f"bulk {job.name}")
    for at in range(1, steps + 1):
        for how in ("kill", "interrupt", "fail"):
            yield (Break(at, how),)
        yield (Break(at, "kill"), Break(random.randint(1, steps), random.choice(("kill", "fail"))))
    for room in range(1, 2400, 61):
        yield (Break(room=room),)


def broken_off(effort: Effort) -> Iterator[Figure]:
    """Break jobs off at every step, or at a sample of them, and hold what they say against what is true."""
    outcomes: list[Outcome] = []
    with Player() as player:
        for job in JOBS:
            smooth = player.play(job, ())
            outcomes.append(smooth)
            plans = list(_plans(effort, job, smooth.runs[0]["steps"]))
            if effort.share < 1:
                plans = effort.random(job.name).sample(plans, effort.count(len(plans), 1))
            outcomes += [player.play(job, plan) for plan in plans]
    return _figures(outcomes)


def played(job: Job, plans: Iterable[Sequence[Break]], defect: str = "") -> Iterator[Figure]:
    """Break one job off in these ways."""
    with Player(defect) as player:
        return _figures([player.play(job, plan) for plan in plans])


def _figures(outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    cut = sum(len(each.breaks) for each in outcomes)
    stopped = sum(run["ended"] != "report" for each in outcomes for run in each.runs[:-1])
    found = f"{len(outcomes)}, {stopped} of {cut} times in the middle"
    yield Figure("jobs, broken off", "> 0 in the middle", found, stopped > 0)
    yield _figure("jobs that did not go on to their end", [o for o in outcomes if not _ended(o)])
    outcomes = [each for each in outcomes if _ended(each)]
    yield _figure("changes made twice", [o for o in outcomes if any(count > 1 for count in o.done.values())])
    yield _figure("changes that no intent announced", [o for o in outcomes if o.unannounced])
    unsynced = [o for o in outcomes if any(run.get("sent unsynced") for run in o.runs)]
    yield _figure("changes sent before the intent was on the disk", unsynced)
    yield _figure("outcomes that are not true", [o for o in outcomes if not _is_true(o)])
    unclear = [o for o in outcomes if o.runs[-1]["counts"]["unknown"] > len(o.breaks)]
    yield _figure("jobs with more unknown than were broken off", unclear)
    yield _figure("tables that do not add up", [o for o in outcomes if not _adds_up(o)])
    yield _figure(
        "journals that end in the middle of a line, or that others may read", [o for o in outcomes if not o.whole]
    )


def _ended(outcome: Outcome) -> bool:
    return bool(outcome.runs[-1]["ended"] == "report")


def _adds_up(outcome: Outcome) -> bool:
    last = outcome.runs[-1]
    total = sum(last["counts"].values())
    return bool(total == last["inputs"] == len(outcome.job.inputs) and last["counts"]["pending"] == 0)


def _is_true(outcome: Outcome) -> bool:
    """Hold each outcome against what the server has done."""
    by = {f"{int(key[-12:])}@example.com": key for key in outcome.done}
    for key, state in outcome.runs[-1]["outcomes"].items():
        uuid = by.get(key, key)
        done = outcome.done.get(uuid, 0)
        if state == "duplicate":
            continue
        if uuid not in outcome.done:
            if not _is_true_of_nobody(outcome, key, state):
                return False
        elif state == "done":
            if done != 1 or (outcome.job.arguments.get("delete_events") and not outcome.events[uuid]):
                return False
        elif state != "unknown" or not outcome.breaks:
            # Everybody was there, so that nobody was gone before and there was no reason to refuse.
            return False
    return outcome.job.arguments.get("delete_events") is not None or not any(outcome.events.values())


def _figure(what: str, offenders: Sequence[Outcome]) -> Figure:
    return Figure(what, "0", str(len(offenders)), not offenders, "\n".join(map(str, offenders[:4])))


def _is_true_of_nobody(outcome: Outcome, key: str, state: str) -> bool:
    """Tell whether this may be said of somebody who was never there."""
    if "@" in key:
        return state == "not_found"
    if state == "already_gone":
        return True
    # Of many at once who is gone is done, for the server does not say whom it found; and after a break nobody can tell
    # whether it was this job that made nobody be there.
    if outcome.breaks:
        return state in ("done", "unknown")
    return state == "done" and outcome.job.at_once


CAMPAIGNS: Final = (Campaign("jobs go on wherever they were broken off", broken_off),)

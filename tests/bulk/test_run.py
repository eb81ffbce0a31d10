"""The order of the steps of a run, without I/O."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import RateLimitError
from posthog_environments.bulk.file import JournalFile
from posthog_environments.bulk.operations import delete_many, update_many
from posthog_environments.calls.messages import RunBlocking, Send, Sleep
from tests.unit.play import Play, answer

ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


def drive(flow: Any, *answers: Any) -> tuple[list[str], Any]:
    """Answer the requests of a run, and return their order."""
    asked: list[str] = []
    script, outcome = list(answers), None
    while True:
        try:
            command = flow.send(outcome)
        except StopIteration as stop:
            return asked, stop.value
        outcome = None
        if isinstance(command, Send):
            asked.append(command.call.operation.name)
            outcome = script.pop(0)
        elif isinstance(command, RunBlocking):
            work: Any = command.work
            name = work.func.__name__
            # What would be written; the data of an append are its first argument.
            line = work.args[0].split(b",")[0].decode() if work.args else ""
            asked.append(f"{name} {line}".strip())
        else:
            assert isinstance(command, Sleep)
            asked.append("sleep")


def test_intent_then_change_then_outcome(tmp_path: Path) -> None:
    context = Play(pacing=False).context
    flow = delete_many(context, [ID, 5], journal=tmp_path / "j", using="single")
    person = answer(200, {"uuid": ID.replace("9f", "90"), "id": 5}, content_type="application/json")
    asked, report = drive(flow, person, answer(202), answer(202))
    assert asked == [
        "open",
        'append {"line":"job"',
        "persons.get",
        'append {"line":"found"',
        'append {"line":"intent"',
        "persons.delete",
        'append {"line":"outcome"',
        'append {"line":"intent"',
        "persons.delete",
        'append {"line":"outcome"',
        "append",
    ]
    assert report.done == 2
    assert list(tmp_path.iterdir()) == [], "what nobody carries out does not happen"


def test_a_dry_run_only_asks(tmp_path: Path) -> None:
    flow = update_many(Play(pacing=False).context, {5: {"plan": "pro"}}, journal=tmp_path / "j", dry_run=True)
    person = answer(200, {"uuid": ID, "id": 5}, content_type="application/json")
    asked, report = drive(flow, person)
    assert asked == ["open", 'append {"line":"job"', "persons.get", 'append {"line":"found"', "append"]
    assert report.pending == 1


def synced(ids: list[Any], journal: Path, *answers: Any) -> list[bool]:
    """Return for each write of a run whether it waits for the disk."""
    found: list[bool] = []
    flow = delete_many(Play(pacing=False).context, ids, journal=journal, using="single")
    outcome: Any = None
    script = list(answers)
    while True:
        try:
            command = flow.send(outcome)
        except StopIteration:
            return found
        outcome = script.pop(0) if isinstance(command, Send) else None
        if isinstance(command, RunBlocking):
            work: Any = command.work
            if work.func.__name__ == JournalFile.append.__name__:
                found.append(work.keywords.get("sync", True))


def test_only_outcomes_of_changes_and_intents_wait_for_the_disk(tmp_path: Path) -> None:
    person = answer(200, {"uuid": ID, "id": 5}, content_type="application/json")
    writes = synced([5], tmp_path / "j", person, answer(202))
    assert writes == [True, False, True, True, True], "job, found, intent, outcome, and all of it at the end"
    nobody = answer(200, {"results": [], "next": None}, content_type="application/json")
    gone = answer(404, {"code": "not_found"}, content_type="application/json")
    writes = synced([5], tmp_path / "j", gone, nobody)
    assert writes == [True, False, False, True], "job, found, what became of it, and all of it at the end"


def test_a_job_waits_an_hour_for_the_quota_unless_told_otherwise(tmp_path: Path) -> None:
    def run(seconds: int, **options: Any) -> list[str]:
        flow = delete_many(Play(pacing=False, **options).context, [ID], journal=tmp_path / "j", using="single")
        return drive(flow, answer(429, retry_after=str(seconds)), answer(202))[0]

    assert "sleep" in run(3599)
    for seconds, options in ((3700, {}), (3599, {"max_wait": 5.0})):
        with pytest.raises(RateLimitError):
            run(seconds, **options)


def test_what_carries_jobs_out_is_imported_on_use() -> None:
    script = (
        "import sys; from posthog_environments import Environment; Environment.persons.delete_many\n"
        "print([name for name in sys.modules if name.startswith('posthog_environments.bulk.')])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['posthog_environments.bulk.operations']"

"""The campaign of jobs that are broken off, bounded; and the client broken on purpose, so that it misses figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from posthog_environments.bulk import changes, decisions, journal, journal_writer, lookup, outcomes, run
from posthog_environments.bulk.file import JournalFile
from soak import bulk
from soak.bulk import JOBS, Break, Job
from soak.frame import Effort, missed


def test_the_campaign() -> None:
    assert missed(bulk.broken_off(Effort(share=0.02, seed=5))) == []


# Each defect is applied in the process that plays the runs.


def none() -> None:
    """Leave the client as it is."""


def send_without_an_intent() -> None:
    """Write down the outcome only."""
    _spoil(journal_writer.JournalWriter, "intents", lambda *_: iter(()))


def write_without_sync() -> None:
    """Leave it to the kernel when the journal comes to the disk."""
    append = JournalFile.append
    _spoil(JournalFile, "append", lambda file, data, **_: append(file, data, sync=False))


def forget_what_was_meant() -> None:
    """Take what was meant and has no outcome for not begun."""
    _spoil(run, "uuid_in_doubt", lambda _: None)


def forget_what_is_settled() -> None:
    """Do again what has an outcome."""
    read = journal.read

    def forgetful(data: bytes) -> Any:
        history = read(data)
        history.states.clear()
        return history

    _spoil(journal_writer, "read", forgetful)


def repeat_what_does_not_show() -> None:
    """Make a change again that the person does not show."""
    decide = decisions.after_a_look
    _spoil(lookup, "after_a_look", lambda *given, **named: decide(*given, **{**named, "again": True}))


def call_it_done() -> None:
    """Take whatever was meant for done."""
    _spoil(lookup, "after_a_look", lambda *_, **__: decisions.Decision("done"))


def stumble_over_a_torn_line() -> None:
    """Take a line that was cut short for damage."""

    def strict(history: Any, line: bytes) -> bool:
        journal._take(history, json.loads(line))
        return True

    _spoil(journal, "_is_read", strict)


def make_a_line_of_a_torn_one() -> None:
    """Go on in the middle of a line."""
    read = journal.read

    def careless(data: bytes) -> Any:
        history = read(data)
        history.tail = b""
        return history

    _spoil(journal_writer, "read", careless)


def count_twice() -> None:
    """Have a table that is one short."""
    _spoil(
        outcomes.BulkReport, "_count", lambda report, state: sum(each.state == state for each in report.outcomes[1:])
    )


def know_nothing() -> None:
    """Call everything unknown that was looked at."""
    _spoil(lookup, "after_a_look", lambda *_, **__: decisions.Decision("unknown"))
    _spoil(changes, "of_answer", lambda _: decisions.Decision("unknown"))


def take_404_for_gone() -> None:
    """Delete by lists that nobody asked for: everybody who is not found is refused."""
    _spoil(lookup, "_is_meant", lambda *_: False)


def show_it_to_all() -> None:
    """Let others read the journal."""
    begin = JournalFile.open

    def shown(file: Any, **named: Any) -> None:
        begin(file, **named)
        file.path.chmod(0o644)

    _spoil(JournalFile, "open", shown)


def _spoil(owner: Any, name: str, new: object) -> None:
    setattr(owner, name, new)


BY_NAME = {job.name: job for job in JOBS}
UPDATE, LATER, DELETE = BY_NAME["update"], BY_NAME["update, shown later"], BY_NAME["delete"]
EVENTS, EMAIL = BY_NAME["delete with events"], BY_NAME["delete by email"]
AT_ONCE = BY_NAME["delete at once"]


def killed(*steps: int) -> list[Sequence[Break]]:
    return [(Break(step, "kill"),) for step in steps]


def with_room(*sizes: int) -> list[Sequence[Break]]:
    return [(Break(room=size),) for size in sizes]


BROKEN: dict[str, tuple[Callable[[], None], Job, Iterable[Sequence[Break]], str]] = {
    "no intent": (send_without_an_intent, DELETE, killed(20), "changes that no intent announced"),
    "no intent at once": (send_without_an_intent, AT_ONCE, killed(9), "changes that no intent announced"),
    "no sync at once": (write_without_sync, AT_ONCE, killed(3, 5), "changes sent before the intent was on the disk"),
    "no sync": (write_without_sync, DELETE, killed(20), "changes sent before the intent was on the disk"),
    "meant forgotten": (forget_what_was_meant, UPDATE, killed(*range(14, 28)), "changes made twice"),
    "settled forgotten": (forget_what_is_settled, UPDATE, killed(40, 48), "changes made twice"),
    "not shown, repeated": (repeat_what_does_not_show, LATER, killed(*range(8, 18)), "changes made twice"),
    "called done": (call_it_done, DELETE, killed(*range(8, 18)), "outcomes that are not true"),
    "torn line": (stumble_over_a_torn_line, DELETE, with_room(500, 530), "jobs that did not go on to their end"),
    "torn line, gone on in": (
        make_a_line_of_a_torn_one,
        DELETE,
        [(Break(room=500), Break(30, "kill"))],
        "jobs that did not go on",
    ),
    "one short": (count_twice, DELETE, killed(20), "tables that do not add up"),
    "all unknown": (know_nothing, DELETE, killed(20), "jobs with more unknown than were broken off"),
    "nobody found": (take_404_for_gone, EMAIL, killed(30), "outcomes that are not true"),
    "readable by all": (show_it_to_all, EVENTS, killed(20), "or that others may read"),
    "nothing broken off": (none, DELETE, [()], "jobs, broken off"),
}


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What is missed by each broken client; two are played side by side."""
    with ThreadPoolExecutor(2) as executor:
        played = {
            name: executor.submit(_played, job, plans, defect) for name, (defect, job, plans, _) in BROKEN.items()
        }
        return {name: future.result() for name, future in played.items()}


def _played(job: Job, plans: Iterable[Sequence[Break]], defect: Callable[[], None]) -> str:
    return "\n".join(missed(bulk.played(job, plans, f"{__name__}:{defect.__name__}")))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_client_misses_its_figure(name: str, found: dict[str, str]) -> None:
    assert BROKEN[name][3] in found[name]

"""Jobs, against the sandbox and against failing servers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import (
    AsyncEnvironment,
    AuthenticationError,
    BulkOutcome,
    BulkReport,
    ConfigurationError,
    Environment,
    JournalError,
    NotFoundError,
    OutcomeUnknown,
    Person,
    ServerError,
    TransportError,
)
from posthog_environments.sandbox import Sandbox
from tests.bulk.conftest import kinds, lines
from tests.bulk.test_file import room
from tests.client.wire import Wire, hang_up, http

NOBODY = "00000000-0000-4000-8000-000000000000"
ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
IDS = [f"095be615-a8ad-4c33-8e9c-{n:012d}" for n in range(20)]


def people(env: Environment, count: int) -> list[Person]:
    """Take some persons with an email."""
    found = [person for person in env.persons.list(page_size=200).take(200) if person.properties.get("email")]
    return found[:count]


def gone(env: Environment, person: Person) -> bool:
    try:
        env.persons.get(person)
    except NotFoundError:
        return True
    return False


def client(wire: Wire, **options: Any) -> Environment:
    env = Environment(1, api_key="phx_test", host=wire.host, pacing=False, timeout=10, **{"retries": 0, **options})
    env._context.client.random = lambda: 0.0
    return env


def singly(env: Environment, ids: Any, **options: Any) -> BulkReport:
    """Delete one by one; `test_batches` tests bulk deletion."""
    return env.persons.delete_many(ids, using="single", **options)


def page(*rows: dict[str, Any]) -> bytes:
    return http(200, json.dumps({"results": rows, "next": None}).encode())


def row(uuid: str = ID, **fields: Any) -> dict[str, Any]:
    return {"uuid": uuid, "id": 1, "distinct_ids": ["u"], "properties": {"email": "ada@example.com"}, **fields}


# ---------------------------------------------------------------------------------------------------- against a sandbox


def test_persons_are_deleted_and_it_is_written_down(env: Environment, journal: Path) -> None:
    ada, bob, keeps = people(env, 3)
    number: Any = env.persons.get(bob).id
    told: list[BulkOutcome] = []
    report = singly(
        env,
        [ada, number, NOBODY, ada.uuid.upper()],
        journal=journal,
        on_outcome=told.append,
    )
    assert [outcome.state for outcome in report] == ["done", "done", "already_gone", "duplicate"]
    assert [outcome.uuid for outcome in report] == [ada.uuid, bob.uuid, NOBODY, None]
    assert sorted(told, key=lambda outcome: outcome.input) == list(report)
    assert (gone(env, ada), gone(env, bob), gone(env, keeps)) == (True, True, False)
    assert report.ok
    assert journal.stat().st_mode & 0o777 == 0o600
    assert kinds(journal) == ["job", "found", *["intent", "outcome"] * 3]


def test_a_line_of_intent_comes_before_and_one_of_outcome_after(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    singly(env, [ada], journal=journal, delete_events=True)
    job, intent, outcome = lines(journal)
    assert job["delete_events"] is intent["delete_events"] is True
    assert (intent["input"], intent["task"], intent["by"], intent["uuid"]) == (1, "delete", "id", ada.uuid)
    assert outcome == {
        "line": "outcome", "time": outcome["time"], "input": 1, "uuid": ada.uuid, "state": "done", "status": 202,
        "request_id": None, "reason": "taken, to be carried out soon",
    }  # fmt: skip


@pytest.mark.parametrize("by", ["email", "distinct_id"])
def test_by_email_and_by_distinct_id(env: Environment, journal: Path, by: Any) -> None:
    ada, bob = people(env, 2)
    keys = [each.properties["email"] if by == "email" else each.distinct_ids[0] for each in (ada, bob)]
    plans: list[BulkReport] = []

    def agrees(plan: BulkReport) -> bool:
        plans.append(plan)
        return True

    report = env.persons.delete_many([*keys, "nobody@example.com"], by=by, journal=journal, confirm=agrees)
    assert [(outcome.uuid, outcome.name) for outcome in plans[0]] == [
        (ada.uuid, ada.name), (bob.uuid, bob.name), (None, None),
    ]  # fmt: skip
    assert [outcome.state for outcome in report] == ["done", "done", "not_found"]
    assert report.outcomes[2].reason == f"nobody has this {by.replace('_', ' ')}"
    assert gone(env, ada)
    assert gone(env, bob)
    text = journal.read_text()
    assert not any(key in text for key in keys), "it names them by a seal"
    assert not any(str(name) in text for name in (ada.name, bob.name))


def test_two_persons_with_one_email_are_both_left_alone(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    env.persons.update(bob, {"email": ada.properties["email"]})
    report = env.persons.delete_many([ada.properties["email"]], by="email", journal=journal)
    assert report.refused == 1
    assert "more than one person" in (report.outcomes[0].reason or "")
    assert not gone(env, ada)
    assert not gone(env, bob)
    assert "intent" not in kinds(journal)
    env.persons.delete(bob)


def test_two_names_of_one_person_are_one_deletion(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    number: Any = env.persons.get(ada).id
    report = env.persons.delete_many([ada.uuid, number], journal=journal)
    assert [outcome.state for outcome in report] == ["done", "duplicate"]
    assert report.outcomes[1].reason == "the same person as input 1"


def test_a_dry_run_changes_nothing(env: Environment, journal: Path) -> None:
    ada, _ = people(env, 2)
    report = env.persons.delete_many([ada.properties["email"], "n@x"], by="email", journal=journal, dry_run=True)
    assert report == env.persons.delete_many([ada.properties["email"], "n@x"], by="email", dry_run=True)
    assert [outcome.state for outcome in report] == ["pending", "not_found"]
    assert kinds(journal) == ["job", "found", "found"], "for the run that follows"
    journal.unlink()
    report = env.persons.delete_many([ada, NOBODY], dry_run=True)
    assert [(outcome.state, outcome.name) for outcome in report] == [("pending", ada.name), ("already_gone", None)]
    report = env.persons.update_many({ada.uuid: {"a": 1}, NOBODY: {"a": 1}}, dry_run=True)
    assert [outcome.state for outcome in report] == ["pending", "refused"]
    assert not gone(env, ada)
    assert not journal.exists()


def test_who_declines_leaves_no_trace(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    report = env.persons.delete_many([ada], journal=journal, confirm=lambda _: False)
    assert report.pending == 1
    assert not gone(env, ada)
    assert not journal.exists()

    def breaks_off(_: BulkReport) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        env.persons.delete_many([ada], journal=journal, confirm=breaks_off)
    assert not journal.exists()


@pytest.mark.parametrize("answer", ["yes", 1, None, []])
def test_an_answer_that_is_no_bool_is_refused(env: Environment, journal: Path, answer: Any) -> None:
    (ada,) = people(env, 1)
    with pytest.raises(TypeError, match="confirm must return True or False"):
        env.persons.delete_many([ada], journal=journal, confirm=lambda _: answer)
    assert not gone(env, ada)
    assert not journal.exists()


def test_the_same_call_again_does_nothing_twice(box: Sandbox, env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    first = singly(env, [ada, bob, NOBODY], journal=journal)
    before = journal.read_bytes()
    with Environment(box.project_id, api_key="phx_wrong", host=box.host) as blocked:
        again = blocked.persons.delete_many([ada, bob, NOBODY], journal=journal)
    assert again.counts() == first.counts()
    assert all(outcome.earlier for outcome in again)
    assert journal.read_bytes() == before


def test_changes(env: Environment, journal: Path) -> None:
    ada, bob, cy = people(env, 3)
    changes: list[dict[str, Any]] = [
        {"id": ada.uuid, "set": {"plan": "gold", "seats": 5}},
        {"distinct_id": bob.distinct_ids[0], "unset": "email"},
        {"id": NOBODY, "set": {"plan": "gold"}},
        {"email": cy.properties["email"], "set": {"note": "a very private note"}},
    ]
    report = env.persons.update_many(changes, journal=journal)
    assert [outcome.state for outcome in report] == ["done", "done", "refused", "done"]
    assert env.persons.get(ada).properties["seats"] == 5
    assert "email" not in env.persons.get(bob).properties
    assert env.persons.get(cy).properties["note"] == "a very private note"
    assert "private" not in journal.read_text()
    assert "gold" not in journal.read_text()
    intents = [line for line in lines(journal) if line["line"] == "intent"]
    assert [intent.get("set", intent.get("unset")) for intent in intents] == [
        ["plan", "seats"], "email", ["plan"], ["note"],
    ]  # fmt: skip


def test_changes_of_one_person_by_two_names_that_contradict_each_other(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    changes = [
        {"id": ada.uuid, "set": {"plan": "a"}},
        {"email": ada.properties["email"], "set": {"plan": "b"}},
        {"email": ada.properties["email"], "set": {"seats": 1}},
    ]
    report = env.persons.update_many(changes, journal=journal)
    assert [outcome.state for outcome in report] == ["done", "refused", "done"]
    assert env.persons.get(ada).properties["plan"] == "a"


def test_awaiting_is_the_same(box: Sandbox, env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)

    async def work() -> tuple[BulkReport, BulkReport]:
        async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host, pacing=False) as awaiting:
            updated = await awaiting.persons.update_many({ada.uuid: {"plan": "x"}}, journal=journal)
            ticks = 0

            async def tick() -> None:
                nonlocal ticks
                while True:
                    await asyncio.sleep(0)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            held, asked = threading.Event(), threading.Event()

            def confirm(_: BulkReport) -> bool:
                asked.set()
                return held.wait(30)

            async def answer() -> None:
                await asyncio.to_thread(asked.wait, 30)
                held.set()

            answering = asyncio.create_task(answer())
            deleted = await awaiting.persons.delete_many([bob], journal=f"{journal}.2", confirm=confirm)
            await answering
            ticking.cancel()
            assert ticks > 0
            return updated, deleted

    updated, deleted = asyncio.run(work())
    assert (updated.done, deleted.done) == (1, 1)
    assert env.persons.get(ada).properties["plan"] == "x"
    assert gone(env, bob)


def test_who_declines_to_go_on_keeps_what_was_done(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    write(journal, env, lambda: singly(env, [ada, bob], journal=journal), "outcome")
    before = journal.read_bytes()
    report = singly(env, [ada, bob], journal=journal, confirm=lambda _: False)
    assert [outcome.state for outcome in report] == ["done", "pending"]
    assert journal.read_bytes() == before


# ------------------------------------------------------------------------------------------------------------ journals


def test_a_journal_of_another_job_is_refused(box: Sandbox, env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    env.persons.delete_many([ada], journal=journal)
    before = journal.read_bytes()
    others: list[tuple[Callable[[], object], str]] = [
        (lambda: env.persons.delete_many([bob], journal=journal), "the inputs"),
        (lambda: env.persons.delete_many([ada, bob], journal=journal), "the number of inputs"),
        (lambda: env.persons.delete_many([ada], journal=journal, delete_events=True), "whether events are deleted"),
        (lambda: env.persons.update_many({ada.uuid: {"a": 1}}, journal=journal), "the task"),
    ]
    for other, what in others:
        with pytest.raises(ConfigurationError, match=what):
            other()
    project, host = int(box.project_id), box.host
    for number, server, what in ((7, host, "the project"), (project, "http://127.0.0.1:9", "the server")):
        with (
            Environment(number, host=server, api_key="phx_x") as elsewhere,
            pytest.raises(ConfigurationError, match=what),
        ):
            elsewhere.persons.delete_many([ada], journal=journal)
    assert not gone(env, bob)
    assert journal.read_bytes() == before


def test_a_journal_that_is_some_other_file_is_left_as_it_is(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    journal.write_text(f"{ada.uuid}\n")
    with pytest.raises(ConfigurationError, match="not a journal"):
        env.persons.delete_many([ada], journal=journal)
    assert journal.read_text() == f"{ada.uuid}\n"
    assert not gone(env, ada)


def test_without_a_journal_nothing_is_done(env: Environment) -> None:
    with pytest.raises(ValueError, match="journal is missing"):
        env.persons.delete_many([ID])


def test_a_journal_must_say_which_project(box: Sandbox, journal: Path) -> None:
    wanted = pytest.raises(ConfigurationError, match="needs the number of its project")
    with Environment("@current", api_key=box.api_key, host=box.host) as env, wanted:
        env.persons.delete_many([ID], journal=journal)
    assert not journal.exists()


def test_two_at_once_are_refused(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)

    def meanwhile(_: BulkReport) -> bool:
        with pytest.raises(ConfigurationError, match="another process is working with it"):
            env.persons.delete_many([ada, bob], journal=journal)
        return True

    assert env.persons.delete_many([ada, bob], journal=journal, confirm=meanwhile).done == 2


def test_where_the_journal_cannot_be_written_nothing_is_sent(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    size = [0]

    def measure(_: BulkReport) -> bool:
        size[0] = journal.stat().st_size
        return False

    env.persons.delete_many([ada, bob], journal=journal, confirm=measure)
    with room(size[0] + 20), pytest.raises(JournalError, match="File too large"):
        env.persons.delete_many([ada, bob], journal=journal)
    assert not gone(env, ada)
    assert journal.read_bytes()[-1:] != b"\n", "there is a line that is cut short"
    report = env.persons.delete_many([ada, bob], journal=journal)
    assert report.done == 2
    assert "torn" in journal.read_text()


# ------------------------------------------------------------------------------------------------- what was interrupted


def write(journal: Path, env: Environment, call: Callable[[], object], until: str) -> None:
    """Write the journal of a job that was killed after its first line of this type."""
    call()
    text = journal.read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(text) if json.loads(line)["line"] == until)
    journal.write_text("".join(text[: at + 1]))


def test_a_delete_that_may_have_happened(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)
    write(journal, env, lambda: env.persons.delete_many([ada], journal=journal), "intent")
    report = env.persons.delete_many([ada], journal=journal)
    assert [(o.state, o.reason) for o in report] == [("done", "gone when looked at after an interruption")]
    assert kinds(journal) == ["job", "intent", "outcome"]


def test_a_delete_with_events_that_may_have_happened_stays_unknown(env: Environment, journal: Path) -> None:
    (ada,) = people(env, 1)

    def call(*, retry_unknown: bool = False) -> BulkReport:
        return singly(env, [ada], journal=journal, delete_events=True, retry_unknown=retry_unknown)

    write(journal, env, call, "intent")
    report = call()
    assert report.unknown == 1
    assert "events" in (report.outcomes[0].reason or "")
    assert call().outcomes[0].earlier
    assert call(retry_unknown=True).unknown == 1, "who is gone cannot be asked for again"


def test_a_change_that_may_have_happened(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)

    def call(*, retry_unknown: bool = False) -> BulkReport:
        return env.persons.update_many(
            {ada.uuid: {"plan": "x1"}, bob.uuid: {"plan": "x2"}}, journal=journal, retry_unknown=retry_unknown
        )

    write(journal, env, call, "intent")
    assert [outcome.state for outcome in call()] == ["done", "done"]
    journal.unlink()
    write(journal, env, call, "intent")
    # Another hand, or a server that carries it out later.
    env.persons.update(ada, {"plan": "other"})
    report = call()
    assert [outcome.state for outcome in report] == ["unknown", "done"]
    assert env.persons.get(ada).properties["plan"] == "other", "it is not repeated"
    assert call().unknown == 1
    report = call(retry_unknown=True)
    assert [outcome.state for outcome in report] == ["done", "done"]
    assert env.persons.get(ada).properties["plan"] == "x1"
    assert call(retry_unknown=True).done == 2


def test_whom_an_email_meant_holds_for_a_day(env: Environment, journal: Path) -> None:
    ada, bob = people(env, 2)
    email = ada.properties["email"]

    def call() -> BulkReport:
        return env.persons.delete_many([email], by="email", journal=journal, dry_run=True)

    write(journal, env, lambda: env.persons.delete_many([email], by="email", journal=journal), "found")
    env.persons.update(bob, {"email": email})
    assert call().outcomes[0].uuid == ada.uuid
    text = journal.read_text().splitlines()
    found = json.loads(text[1])
    journal.write_text(f"{text[0]}\n{json.dumps({**found, 'time': '2020-01-01T00:00:00Z'})}\n")
    assert call().outcomes[0].uuid == bob.uuid


# ------------------------------------------------------------------------------------------------ servers that fail


def test_no_clear_answer_is_unknown_and_the_rest_goes_on(journal: Path) -> None:
    with (
        Wire(hang_up, http(202, b""), http(502, b"{}"), http(202, b"", "X-Request-Id: r-4")) as wire,
        client(wire) as env,
    ):
        changes = {each: {"plan": "x"} for each in IDS[:4]}
        report = env.persons.update_many(changes, journal=journal)
    assert [outcome.state for outcome in report] == ["unknown", "done", "unknown", "done"]
    assert [outcome.status for outcome in report] == [None, 202, 502, 202]
    assert report.outcomes[3].request_id == "r-4"
    assert len(wire.requests) == 4


def test_a_refusal_is_told_and_the_rest_goes_on(journal: Path) -> None:
    bad = http(400, b'{"type": "validation_error", "code": "invalid_input", "detail": "Ada is wrong", "attr": "x"}')
    with Wire(bad, http(202, b"")) as wire, client(wire) as env:
        report = env.persons.update_many({each: {"plan": "x"} for each in IDS[:2]}, journal=journal)
    assert [outcome.state for outcome in report] == ["refused", "done"]
    assert report.outcomes[0].reason == "the server said no (400 invalid_input)"
    assert "Ada" not in journal.read_text()


STOPPING: dict[str, tuple[bytes, type[Exception]]] = {
    "401": (http(401, b'{"type": "authentication_error", "code": "x", "detail": "no"}'), AuthenticationError),
    "403": (http(403, b'{"type": "authentication_error", "code": "permission_denied"}'), Exception),
    "302": (http(302, b"", "Location: https://example.com/"), Exception),
    "402": (http(402, b"{}"), Exception),
    "429": (http(429, b"{}", "Retry-After: 7200"), Exception),
}


@pytest.mark.parametrize("name", STOPPING)
def test_what_concerns_all_stops_the_job_and_leaves_the_rest(journal: Path, name: str) -> None:
    answer, error = STOPPING[name]
    told: list[BulkOutcome] = []
    with Wire(http(202, b""), answer) as wire, client(wire) as env:
        with pytest.raises(error) as caught:
            singly(env, IDS[:4], journal=journal, on_outcome=told.append)
        assert len(wire.requests) == 2
    assert [outcome.state for outcome in told] == ["done"]
    assert caught.value.__notes__ == [
        f"1 of 4 are settled, 3 are pending. The same call with the journal {journal} continues from here."
    ]
    assert lines(journal)[-1]["state"] == "pending", "that nothing was done is known, so that nobody need look"
    with Wire(http(202, b"")) as wire, client(wire) as env:
        # The other server is another job, but for this.
        text = journal.read_text()
        journal.write_text(text.replace(json.loads(text.splitlines()[0])["host"], wire.host))
        report = singly(env, IDS[:4], journal=journal)
        assert [line.split()[0] for line in wire.lines()] == ["DELETE"] * 3
    assert report.done == 4


def test_no_network_stops_the_job(journal: Path) -> None:
    with Wire(http()) as wire:
        pass
    with client(wire) as env, pytest.raises(TransportError):
        singly(env, IDS, journal=journal)
    assert kinds(journal) == ["job", "intent", "outcome"]


def test_a_server_that_fails_with_all_stops_the_job(journal: Path) -> None:
    with Wire(http(503, b"{}")) as wire, client(wire) as env, pytest.raises(ServerError):
        singly(env, IDS, journal=journal)
    assert len(wire.requests) == 10
    with Wire(http(502, b"{}")) as wire, client(wire) as env, pytest.raises(OutcomeUnknown):
        env.persons.update_many({each: {"a": 1} for each in IDS}, journal=f"{journal}.2")
    assert len(wire.requests) == 10
    page_of_a_proxy = http(200, b"<html>Sign in</html>", kind="text/html")
    with Wire(page_of_a_proxy) as wire, client(wire) as env, pytest.raises(Exception, match="is no JSON"):
        singly(env, IDS, journal=f"{journal}.3")
    assert len(wire.requests) == 10
    assert {line.get("state") for line in lines(Path(f"{journal}.3"))} == {None, "unknown"}


def test_looks_that_succeed_do_not_hide_that_all_changes_fail(journal: Path) -> None:
    person = http(200, json.dumps(row()).encode())
    with Wire(hang_up) as wire, client(wire) as env, pytest.raises(OutcomeUnknown):
        singly(env, IDS, journal=journal)
    with Wire(*[person, http(503, b"{}")] * 20) as wire, client(wire) as env:
        text = journal.read_text()
        journal.write_text(text.replace(json.loads(text.splitlines()[0])["host"], wire.host))
        with pytest.raises(ServerError):
            singly(env, IDS, journal=journal, retry_unknown=True)
    assert len(wire.requests) == 20


def test_one_that_fails_among_others_is_left_to_the_next_run(journal: Path) -> None:
    with Wire(http(503, b"{}"), http(202, b"")) as wire, client(wire) as env:
        report = singly(env, IDS[:3], journal=journal)
        assert [outcome.state for outcome in report] == ["pending", "done", "done"]
        report = singly(env, IDS[:3], journal=journal)
    assert [outcome.state for outcome in report] == ["done", "done", "done"]
    assert len(wire.requests) == 4


def test_a_wrong_project_does_not_pass_for_people_who_are_gone(journal: Path) -> None:
    with Wire(http(404, b'{"detail": "Project not found."}')) as wire, client(wire) as env:
        with pytest.raises(NotFoundError):
            singly(env, IDS[:2], journal=journal)
        with pytest.raises(NotFoundError):
            singly(env, ["42"], journal=f"{journal}.2")
    assert not any(line.get("state") == "already_gone" for line in lines(journal))
    # The first is tried at its twin as well; then the list shows that the project is there.
    with Wire(http(404, b"{}"), http(404, b"{}"), page(), http(404, b"{}")) as wire, client(wire) as env:
        journal.unlink()
        report = singly(env, IDS[:2], journal=journal)
    assert report.already_gone == 2


def test_a_server_that_passes_over_a_filter_harms_nobody(journal: Path) -> None:
    with Wire(page(row(properties={"email": "bob@example.com"}))) as wire, client(wire) as env:
        report = singly(env, ["ada@example.com"], by="email", journal=journal)
        assert report.refused == 1
        report = singly(env, ["t"], by="distinct_id", journal=f"{journal}.2")
        assert report.refused == 1
    assert not any(line.startswith("DELETE") for line in wire.lines())


def test_a_second_person_behind_a_short_page_is_seen(journal: Path) -> None:
    short = http(200, json.dumps({"results": [row()], "next": "http://x/?offset=1"}).encode())
    with Wire(short, page(row(), row(IDS[1]))) as wire, client(wire) as env:
        report = singly(env, ["ada@example.com"], by="email", journal=journal)
    assert report.refused == 1
    assert [line.split()[0] for line in wire.lines()] == ["GET", "GET"]


def test_a_404_after_a_doubt_with_events_is_unknown(journal: Path) -> None:
    gone = http(404, b"{}")
    with Wire(hang_up, gone, gone, page(), http(404, b"{}")) as wire, client(wire, retries=3) as env:
        report = singly(env, [ID], journal=journal, delete_events=True)
    assert report.unknown == 1
    with Wire(hang_up, http(404, b"{}"), http(404, b"{}"), page()) as wire, client(wire, retries=3) as env:
        report = singly(env, [ID], journal=f"{journal}.2")
    assert report.done == 1


def test_a_404_after_a_doubt_on_a_wrong_project_is_no_success(journal: Path) -> None:
    wanted = pytest.raises(NotFoundError)
    with Wire(hang_up, http(404, b"{}")) as wire, client(wire, retries=3) as env, wanted:
        singly(env, [ID], journal=journal)
    assert kinds(journal) == ["job", "intent"]
    assert [line.split()[0] for line in wire.lines()][:4] == ["DELETE", "DELETE", "DELETE", "GET"], "at the twin too"


def test_after_a_doubt_an_error_leaves_the_question_open(journal: Path) -> None:
    denied = http(401, b'{"type": "authentication_error"}')
    with Wire(hang_up, denied) as wire, client(wire, retries=3) as env, pytest.raises(AuthenticationError):
        singly(env, [ID], journal=journal)
    assert kinds(journal) == ["job", "intent"]


def test_the_events_are_deleted_only_by_name(journal: Path) -> None:
    with Wire(http(202, b"")) as wire, client(wire) as env:
        singly(env, [ID], journal=journal)
        singly(env, [ID], journal=f"{journal}.2", delete_events=True)
    assert ["delete_events" in line for line in wire.lines()] == [False, True]


def test_a_job_waits_for_the_quota_longer_than_a_call(journal: Path) -> None:
    refused = http(429, b"{}", "Retry-After: 0")
    with Wire(*[refused] * 3, http(202, b"")) as wire, client(wire, retries=5) as env:
        assert singly(env, [ID], journal=journal).done == 1
    assert len(wire.requests) == 4


def test_who_cannot_be_looked_up_now_is_left_to_the_next_run(journal: Path) -> None:
    found, nothing = page(row()), http(202, b"")
    down = http(503, b"{}")
    with Wire(down, down, found, nothing, found.replace(b"ada", b"bob"), nothing) as wire, client(wire) as env:
        report = singly(env, ["bob@example.com", "ada@example.com"], by="email", journal=journal)
        assert [outcome.state for outcome in report] == ["pending", "done"]
        assert report.outcomes[0].reason == "the server failed (503)"
        report = singly(env, ["bob@example.com", "ada@example.com"], by="email", journal=journal)
        # Both emails now lead to one person, who was deleted in the first run.
        assert [outcome.state for outcome in report] == ["duplicate", "done"]
    assert [line.split()[0] for line in wire.lines()] == ["GET", "GET", "GET", "DELETE", "GET"], "both at once first"


def test_whom_the_server_will_not_look_up_is_refused(journal: Path) -> None:
    bad = http(400, b'{"type": "validation_error", "code": "invalid_input"}')
    with Wire(bad, bad, page(row()), http(202, b"")) as wire, client(wire) as env:
        report = singly(env, ["x@y", "ada@example.com"], by="email", journal=journal)
    assert [outcome.state for outcome in report] == ["refused", "done"]


DOUBTS: dict[str, tuple[bytes, str | None]] = {
    "the key is not accepted": (http(401, b"{}"), None),
    "the look is refused": (http(400, b"{}"), "unknown"),
    "the server fails": (http(503, b"{}"), "pending"),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_a_doubt_that_cannot_be_looked_into_stays_one(journal: Path, name: str) -> None:
    answer, state = DOUBTS[name]
    with Wire(hang_up, answer) as wire, client(wire) as env:
        assert singly(env, [ID], journal=journal).unknown == 1
        text = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(text[:-1]))  # as if it had been killed before that was known
        if state is None:
            with pytest.raises(AuthenticationError):
                singly(env, [ID], journal=journal)
        else:
            report = singly(env, [ID], journal=journal)
            assert report.outcomes[0].state == state
    assert kinds(journal) == ["job", "intent", *(["outcome"] if state == "unknown" else [])]
    assert [line.split()[0] for line in wire.lines()] == ["DELETE", "GET"]


def test_a_doubt_whose_person_is_there_is_deleted_again(journal: Path) -> None:
    person = http(200, json.dumps(row()).encode())
    for number, events in enumerate((False, True)):
        path = Path(f"{journal}.{number}")
        with Wire(hang_up, person, http(202, b"")) as wire, client(wire) as env:
            singly(env, [ID], journal=path, delete_events=events)
            text = path.read_text().splitlines(keepends=True)
            path.write_text("".join(text[:-1]))
            assert singly(env, [ID], journal=path, delete_events=events).done == 1
        assert [line.split()[0] for line in wire.lines()] == ["DELETE", "GET", "DELETE"]
        assert ["delete_events=true" in line for line in wire.lines()] == [events, False, events]


def test_one_of_whom_a_delete_was_meant_is_not_deleted_by_another_name(journal: Path) -> None:
    person = http(200, json.dumps(row()).encode())
    with Wire(http(503, b"{}"), hang_up, person, person, http(202, b"")) as wire, client(wire) as env:
        report = singly(env, [1, ID], journal=journal)
        assert [outcome.state for outcome in report] == ["pending", "unknown"]
        text = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(text[:-1]))
        report = singly(env, [1, ID], journal=journal)
    assert [outcome.state for outcome in report] == ["duplicate", "done"]
    assert [line.split()[0] for line in wire.lines()] == ["GET", "DELETE", "GET", "GET", "DELETE"]


def test_no_error_and_no_line_holds_the_key(journal: Path) -> None:
    denied = http(401, b'{"detail": "phx_test is wrong"}')
    with Wire(denied) as wire, client(wire) as env, pytest.raises(AuthenticationError):
        singly(env, [ID], journal=journal)
    assert "phx_test" not in journal.read_text()

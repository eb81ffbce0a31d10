"""Runs of jobs step by step, without sockets and on a clock of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from posthog_environments import (
    AuthenticationError,
    BulkOutcome,
    BulkProgress,
    BulkReport,
    PostHogError,
    ServerError,
    SimilarPerson,
)
from posthog_environments.bulk import run as runs
from posthog_environments.bulk.operations import delete_many, update_many
from posthog_environments.bulk.run import seconds_for
from posthog_environments.calls.messages import RunBlocking, Send, ServerResponse, Sleep, TransportFailure
from tests.bulk.conftest import kinds, lines
from tests.bulk.model import Model, uuid
from tests.unit.play import Play

NO = {"type": "t", "code": "no", "detail": "no", "attr": None}
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Refusing(Model):
    """Answers requests for single persons with a status."""

    refuses: int = 0
    only: str = "GET"

    def _one(self, method: str, key: str, query: dict[str, str]) -> Any:
        return (self.refuses, NO) if self.refuses and method == self.only else super()._one(method, key, query)


class Late(Model):
    """Takes changes, and does not show them."""

    def _one(self, method: str, key: str, query: dict[str, str]) -> Any:
        return (200, self.people[key]) if method == "PATCH" else super()._one(method, key, query)


def carry_out(
    model: Model, ids: Any, at: datetime = START, *, make: Any = delete_many, pacing: bool = False, **job: Any
) -> BulkReport:
    """Carry out a job on a model; time passes only by sleeping."""
    play = Play(retries=0, pacing=pacing)
    play.client.now = lambda: at
    flow: Any = make(play.context, ids, **job)
    send: Callable[[Any], Any] = flow.send
    outcome: Any = None
    while True:
        try:
            command = send(outcome)
        except StopIteration as stop:
            report: BulkReport = stop.value
            return report
        send, outcome = flow.send, None
        if isinstance(command, Send):
            outcome = answered(model, command.call.request)
        elif isinstance(command, RunBlocking):
            try:
                command.work()
            except BaseException as error:
                send, outcome = flow.throw, error
        else:
            assert isinstance(command, Sleep)
            play.now += command.seconds


def answered(model: Model, request: Any) -> ServerResponse | TransportFailure:
    sent = httpx.Request(**{**request, "url": httpx.URL("http://x").join(request["url"])})
    answer = model.answer(sent.method, sent.url.raw_path.decode(), sent.content)
    if answer is None:
        return TransportFailure("the connection broke", sent=True)
    content = answer[1] if isinstance(answer[1], bytes) else json.dumps(answer[1]).encode()
    return ServerResponse(answer[0], {"content-type": "application/json"}, content, str(sent.url))


def cut(journal: Path, count: int) -> None:
    """Leave only the first lines, as if the job had been killed after them."""
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:count]))


def told(report: BulkReport) -> list[tuple[str, str | None, str | None]]:
    return [(outcome.state, outcome.uuid, outcome.reason) for outcome in report]


# ------------------------------------------------------------------------------------------------------ look-ups first


def test_a_look_up_is_written_and_holds_for_less_than_a_day(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    job: dict[str, Any] = {"journal": tmp_path / "j", "dry_run": True}
    for later, asked in ((timedelta(), 1), (timedelta(hours=23), 1), (timedelta(days=1), 2)):
        assert told(carry_out(model, [1], START + later, **job)) == [("pending", uuid(1), None)]
        assert len(model.asked("GET")) == asked
    assert kinds(tmp_path / "j") == ["job", "found", "found"]


def test_each_state_of_an_input_is_planned_without_a_change(tmp_path: Path) -> None:
    model = Model()
    model.add(1, 2)
    report = carry_out(model, [1, uuid(1), 1, uuid(9), 8], dry_run=True)
    assert told(report) == [
        ("pending", uuid(1), None),
        ("duplicate", uuid(1), "the same person as input 1"),
        ("duplicate", None, "the same as input 1"),
        ("already_gone", None, "nobody has this id"),
        ("already_gone", None, "nobody has this id"),
    ]
    assert [outcome.name for outcome in report] == ["Person 1", "Person 1", None, None, None]
    assert [outcome.by for outcome in report] == ["id"] * 5


def test_a_uuid_is_looked_up_only_by_a_dry_run(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    assert told(carry_out(model, [uuid(1)], journal=tmp_path / "j", using="single"))[0][0] == "done"
    assert model.asked("GET") == []
    # A fresh look-up of a dry run is used: nobody was there.
    carry_out(model, [uuid(1)], journal=tmp_path / "k", dry_run=True)
    asked = len(model.requests)
    report = carry_out(model, [uuid(1)], journal=tmp_path / "k", using="single")
    assert told(report) == [("already_gone", uuid(1), "nobody has this id")]
    assert len(model.requests) == asked
    # One of yesterday is not.
    report = carry_out(model, [uuid(1)], START + timedelta(days=2), journal=tmp_path / "k2", dry_run=True)
    model.add(1)
    report = carry_out(model, [uuid(1)], START + timedelta(days=4), journal=tmp_path / "k2", using="single")
    assert told(report)[0][0] == "done"


def test_the_key_of_nobody_is_told_as_a_uuid_only_if_it_is_one(tmp_path: Path) -> None:
    report = carry_out(Model(), [9], journal=tmp_path / "j", using="single")
    assert told(report) == [("already_gone", None, "nobody has this id")]
    report = carry_out(Model(), ["a-b@mail.example"], by="email", journal=tmp_path / "k", using="single")
    assert told(report) == [("not_found", None, "nobody has this email")]
    report = carry_out(Model(), {9: {"a": 1}}, make=update_many, journal=tmp_path / "l")
    assert told(report) == [("refused", None, "there is no such person")]


def test_a_uuid_is_an_id_also_if_that_was_left_open(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    report = carry_out(model, [UUID(uuid(1))], by="auto", journal=tmp_path / "j", using="single")
    assert [(outcome.by, outcome.state) for outcome in report] == [("id", "done")]


def test_whom_a_server_will_not_show_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    model = Refusing(refuses=400)
    model.add(2)
    report = carry_out(model, [1, uuid(2)], journal=tmp_path / "j", using="single")
    assert told(report) == [
        ("refused", None, "the server said no (400 no)"), ("done", uuid(2), "taken, to be carried out soon"),
    ]  # fmt: skip


def test_look_ups_that_succeed_in_between_keep_a_run_going(tmp_path: Path) -> None:
    class Flaky(Model):
        def _one(self, method: str, key: str, query: dict[str, str]) -> Any:
            return (503, NO) if int(key) % 9 else super()._one(method, key, query)

    model = Flaky()
    model.add(*range(40))
    report = carry_out(model, list(range(1, 28)), dry_run=True)
    assert report.pending == 27
    assert {reason for _, _, reason in told(report)} == {None, "the server failed (503 no)"}
    model = Flaky()
    with pytest.raises(ServerError) as caught:
        carry_out(model, [n for n in range(1, 40) if n % 9], journal=tmp_path / "j", dry_run=True)
    assert len(model.requests) == 10
    assert caught.value.__notes__ == [
        f"0 of 35 are settled, 35 are pending. The same call with the journal {tmp_path / 'j'} continues from here."
    ]


def test_progress_is_told_before_each_input_and_at_the_end_of_the_look_ups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RATES", {"persons": ((1, 60.0),), "deletes": ((2, 10.0), (3, 15.0))})

    def progress(*, pacing: bool, **job: Any) -> list[BulkProgress]:
        model, seen = Model(), list[BulkProgress]()
        model.add(*range(1, 7))
        ids = [uuid(1), uuid(2), uuid(3), uuid(4), 5, 6]
        carry_out(model, ids, on_progress=seen.append, pacing=pacing, **job)
        return seen

    look_ups = [("look-ups", 0, 2, 60.0), ("look-ups", 1, 2, 0.0), ("look-ups", 2, 2, 0.0)]
    singly = [20.0, 20.0, 15.0, 10.0, 0.0, 0.0]
    for using, waits in (("single", singly), ("auto", [0.0] * 6)):
        seen = progress(pacing=True, journal=tmp_path / using, using=using)
        assert [(each.stage, each.done, each.total, each.seconds) for each in seen] == [
            *look_ups, *(("changes", done, 6, seconds) for done, seconds in enumerate(waits)),
        ]  # fmt: skip
    seen = progress(pacing=False, journal=tmp_path / "k", using="single")
    assert [each.seconds for each in seen] == [0.0] * 9
    assert [each.stage for each in progress(pacing=True, dry_run=True)] == ["look-ups"] * 7
    model, seen = Late(), list[BulkProgress]()
    model.add(1, 2)
    changes = {uuid(1): {"a": 1}, uuid(2): {"a": 1}}
    carry_out(model, changes, make=update_many, pacing=True, journal=tmp_path / "u", on_progress=seen.append)
    assert [(each.stage, each.seconds) for each in seen] == [("changes", 60.0), ("changes", 0.0)]


def test_how_long_the_rates_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RATES", {"deletes": ((2, 10.0), (5, 100.0))})
    assert [seconds_for(count, "deletes") for count in range(8)] == [0, 0, 0, 10, 10, 20, 100, 100]


def test_whom_this_journal_has_dealt_with_by_another_name_is_gone_already(tmp_path: Path) -> None:
    model, journal, ids = Model(), tmp_path / "j", ["d1", "p1@mail.example", "p2@mail.example"]
    model.add(1, 2)
    carry_out(model, ids, by="auto", journal=journal, dry_run=True)
    outcome = {"line": "outcome", "input": 1, "uuid": uuid(1), "state": "done", "status": 202, "request_id": None,
               "reason": None, "time": "2026-03-01T12:00:00Z"}  # fmt: skip
    with journal.open("a") as file:
        file.write(json.dumps(outcome) + "\n")
    model.people.clear()
    report = carry_out(model, ids, START + timedelta(days=1), by="auto", journal=journal)
    assert told(report) == [
        ("done", uuid(1), None),
        ("already_gone", uuid(1), "this journal dealt with the person before"),
        ("not_found", None, "nobody has this email or distinct id"),
    ]


# ------------------------------------------------------------------------------------------------------- what is asked


def test_who_agrees_is_asked_once_with_the_plan_and_who_does_not_leaves_no_journal(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    plans: list[BulkReport] = []

    def agrees(plan: BulkReport) -> bool:
        plans.append(plan)
        return True

    job: dict[str, Any] = {"journal": tmp_path / "j", "using": "single"}
    assert carry_out(model, [1, 9], confirm=lambda _: False, **job).counts()["pending"] == 1
    assert list(tmp_path.iterdir()) == []
    assert carry_out(model, [1, 9], confirm=agrees, **job).done == 1
    assert [told(plan) for plan in plans] == [
        [("pending", uuid(1), None), ("already_gone", None, "nobody has this id")]
    ]
    before = (tmp_path / "j").read_text()
    carry_out(model, [1, 9], confirm=lambda _: False, **job)
    assert (tmp_path / "j").read_text() == before, "an earlier run has created it"
    wrong: Any = lambda _: "yes"  # noqa: E731
    with pytest.raises(TypeError, match=r"^confirm must return True or False, not str\. Nothing was sent\.$"):
        carry_out(model, [2], journal=tmp_path / "k", confirm=wrong)
    assert not (tmp_path / "k").exists()


def test_an_error_tells_how_far_it_came(tmp_path: Path) -> None:
    with pytest.raises(PostHogError) as caught:
        carry_out(Refusing(refuses=401), [1], dry_run=True)
    assert caught.value.__notes__ == ["0 of 1 are settled, 1 are pending. The same call continues from here."]
    # The journal is free again.
    with pytest.raises(PostHogError):
        carry_out(Refusing(refuses=401), [1], journal=tmp_path / "j")
    model = Model()
    model.add(1)
    assert carry_out(model, [1], journal=tmp_path / "j").done == 1


# ------------------------------------------------------------------------------------------------ what was interrupted


def test_a_doubt_that_may_not_be_looked_into_is_told_with_person_and_reason(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    model = Refusing()
    model.add(1)
    carry_out(model, [uuid(1)], journal=journal, using="single")
    cut(journal, 2)
    model.refuses = 400
    assert told(carry_out(model, [uuid(1)], journal=journal, using="single")) == [
        ("unknown", uuid(1), "the server said no (400 no)")
    ]
    assert lines(journal)[-1]["uuid"] == uuid(1)
    cut(journal, 2)
    model.refuses = 503
    report = carry_out(model, [uuid(1)], journal=journal, using="single")
    assert told(report) == [("pending", uuid(1), "the server failed (503 no)")]
    model.refuses = 401
    with pytest.raises(AuthenticationError):
        carry_out(model, [uuid(1)], journal=journal, using="single")


@pytest.mark.parametrize(("over", "state"), [(-1, "unknown"), (1, "done"), (None, "done")])
def test_only_a_deletion_of_events_since_the_intent_closes_a_doubt(
    tmp_path: Path, over: int | None, state: str
) -> None:
    journal, model = tmp_path / "j", Model()
    model.add(1)
    job: dict[str, Any] = {"journal": journal, "using": "single", "delete_events": True}
    carry_out(model, [uuid(1)], **job)
    cut(journal, 2)
    time = None if over is None else (START + timedelta(hours=over)).isoformat()
    model.rows = [{"person_uuid": uuid(1), "created_at": "2026-01-01T00:00:00Z", "status": "completed",
                   "delete_verified_at": time}]  # fmt: skip
    report = carry_out(model, [uuid(1)], **job)
    assert report.outcomes[0].state == state
    assert report.outcomes[0].uuid == uuid(1)


def test_an_unknown_of_an_earlier_run_is_closed_by_a_row_and_told_once(tmp_path: Path) -> None:
    journal, model = tmp_path / "j", Model()
    model.add(1)
    seen: list[BulkOutcome] = []
    job: dict[str, Any] = {
        "journal": journal, "using": "single", "delete_events": True, "on_outcome": seen.append,
    }  # fmt: skip
    carry_out(model, [uuid(1)], **job)
    cut(journal, 2)
    model.rows.clear()
    carry_out(model, [uuid(1)], **job)
    seen.clear()
    asked = len(model.requests)
    assert told(carry_out(model, [uuid(1)], **job)) == [
        ("unknown", uuid(1), "the person is gone; whether the deletion of the events was queued is not known")
    ]
    assert [(each.state, each.earlier) for each in seen] == [("unknown", True)]
    assert [target.partition("?")[0].rsplit("/", 2)[1] for _, target, _ in model.requests[asked:]] == [
        "deletion_status"
    ]
    model.rows.append({"person_uuid": uuid(1), "created_at": "2026-01-01T00:00:00Z", "status": "completed",
                       "delete_verified_at": "2026-03-01T11:59:59Z"})  # fmt: skip
    assert carry_out(model, [uuid(1)], **job).unknown == 1, "that was over before the intent"
    model.rows.append({"person_uuid": uuid(1), "created_at": "2026-03-01T12:00:00Z", "status": "pending"})
    seen.clear()
    assert told(carry_out(model, [uuid(1)], **job)) == [
        ("done", uuid(1), "the server lists the deletion of the events")
    ]
    assert [(each.state, each.earlier) for each in seen] == [("done", False)]
    assert lines(journal)[-1]["uuid"] == uuid(1)


def test_all_that_is_settled_is_told_again_and_not_asked_about(tmp_path: Path) -> None:
    model, seen = Model(), list[BulkOutcome]()
    model.add(1)
    ids = [uuid(1), uuid(1), uuid(9)]
    job: dict[str, Any] = {
        "journal": tmp_path / "j", "using": "single", "delete_events": True, "on_outcome": seen.append,
    }  # fmt: skip
    for earlier in (False, True):
        asked = len(model.requests)
        report = carry_out(model, ids, **job)
        assert [(each.state, each.earlier) for each in seen] == [
            ("done", earlier), ("duplicate", False), ("already_gone", earlier),
        ]  # fmt: skip
        assert list(report) == seen
        seen.clear()
    assert len(model.requests) == asked


def test_what_cannot_be_closed_now_stays_unknown(tmp_path: Path) -> None:
    class Closed(Model):
        status = 503

        def _status(self, query: dict[str, str]) -> Any:
            return self.status, NO

    journal, model = tmp_path / "j", Closed()
    model.add(1, 2)
    job: dict[str, Any] = {"journal": journal, "using": "single", "delete_events": True}
    model.status = 404
    carry_out(model, [uuid(1), uuid(2)], **job)
    cut(journal, 2)
    carry_out(model, [uuid(1), uuid(2)], **job)
    seen: list[BulkOutcome] = []
    for status in (503, 400, 404):
        model.status = status
        assert carry_out(model, [uuid(1), uuid(2)], on_outcome=seen.append, **job).outcomes[0].state == "unknown"
    assert [each.state for each in seen if each.input == 1] == ["unknown"] * 3
    model.status = 401
    with pytest.raises(AuthenticationError):
        carry_out(model, [uuid(1), uuid(2)], **job)


@pytest.mark.parametrize(("status", "body"), [(503, NO), (200, b"no list")])
def test_a_list_of_deletions_that_fails_again_and_again_stops_the_job(tmp_path: Path, status: int, body: Any) -> None:
    class Failing(Model):
        def _status(self, query: dict[str, str]) -> Any:
            return status, body

    journal, model = tmp_path / "j", Failing(lists_deletions=False)
    ids = [uuid(number) for number in range(1, 13)]
    model.add(1)
    job: dict[str, Any] = {"journal": journal, "using": "single", "delete_events": True}
    carry_out(model, ids, **job)
    text = journal.read_text().splitlines(keepends=True)
    done = json.loads(text[2])
    journal.write_text(text[0] + "".join(
        json.dumps({**done, "input": number, "uuid": key, "state": "unknown"}) + "\n"
        for number, key in enumerate(ids, 1)
    ))  # fmt: skip
    asked = len(model.requests)
    with pytest.raises(PostHogError):
        carry_out(model, ids, **job)
    assert len(model.requests) - asked == 10


def test_what_is_pending_is_gone_on_with(tmp_path: Path) -> None:
    model = Refusing(refuses=503, only="DELETE")
    model.add(1)
    job: dict[str, Any] = {"journal": tmp_path / "j", "using": "single"}
    assert told(carry_out(model, [uuid(1)], **job)) == [("pending", None, "the server failed (503 no)")]
    model.refuses = 0
    report = carry_out(model, [uuid(1)], **job)
    assert (report.done, report.new) == (1, 1)


def test_a_doubt_is_looked_into_once_and_its_person_not_deleted_by_another_name(tmp_path: Path) -> None:
    model, journal = Model(), tmp_path / "j"
    model.add(1)
    carry_out(model, [1, uuid(1)], journal=journal, using="single")
    cut(journal, 3)
    assert kinds(journal) == ["job", "found", "intent"]
    model.add(1)
    asked = len(model.requests)
    report = carry_out(model, [1, uuid(1)], START + timedelta(days=2), journal=journal, using="single")
    assert [outcome.state for outcome in report] == ["done", "duplicate"]
    assert [method for method, _, _ in model.requests[asked:]] == ["GET", "DELETE"]


def test_what_is_pending_is_not_done_by_another_name_as_well(tmp_path: Path) -> None:
    model = Refusing(refuses=503, only="DELETE")
    model.add(1)
    job: dict[str, Any] = {"journal": tmp_path / "j", "using": "single"}
    carry_out(model, [uuid(1), 1], **job)
    assert kinds(tmp_path / "j")[:4] == ["job", "found", "intent", "outcome"]
    cut(tmp_path / "j", 4)
    model.refuses = 0
    report = carry_out(model, [uuid(1), 1], **job)
    assert [outcome.state for outcome in report] == ["done", "duplicate"]
    assert len(model.asked("DELETE")) == 2


def test_a_change_that_does_not_show_is_repeated_only_if_that_is_asked_for(tmp_path: Path) -> None:
    model = Late()
    model.add(1)
    job: dict[str, Any] = {"journal": tmp_path / "j", "make": update_many}
    carry_out(model, {uuid(1): {"plan": "pro"}}, **job)
    cut(tmp_path / "j", 2)
    assert told(carry_out(model, {uuid(1): {"plan": "pro"}}, **job)) == [
        ("unknown", uuid(1), "it may have been sent, and the person does not show it (yet)")
    ]
    assert len(model.asked("PATCH")) == 1
    assert carry_out(model, {uuid(1): {"plan": "pro"}}, retry_unknown=True, **job).done == 1
    assert len(model.asked("PATCH")) == 2


def test_without_events_an_unknown_is_not_asked_about_again(tmp_path: Path) -> None:
    journal, model = tmp_path / "j", Refusing(refuses=400)
    model.add(1)
    carry_out(model, [uuid(1)], journal=journal, using="single")
    cut(journal, 2)
    carry_out(model, [uuid(1)], journal=journal, using="single")
    asked = len(model.requests)
    report = carry_out(model, [uuid(1)], journal=journal, using="single")
    assert (report.unknown, report.outcomes[0].earlier, len(model.requests)) == (1, True, asked)
    # But it is looked at again if that is asked for.
    model.refuses = 0
    report = carry_out(model, [uuid(1)], journal=journal, using="single", retry_unknown=True)
    assert told(report) == [("done", uuid(1), "gone when looked at after an interruption")]


@pytest.mark.parametrize("state", ["refused", "duplicate", "done"])
def test_the_person_of_an_earlier_outcome_is_not_deleted_by_another_name(tmp_path: Path, state: str) -> None:
    journal, model = tmp_path / "j", Model()
    model.add(1)
    carry_out(model, [uuid(1), 1], journal=journal, using="single")
    first = next(line for line in lines(journal) if line["line"] == "outcome")
    text = [line for line in journal.read_text().splitlines(keepends=True) if json.loads(line)["line"] != "outcome"]
    text = [line for line in text if json.loads(line)["line"] != "intent"]
    journal.write_text("".join(text) + json.dumps({**first, "state": state}) + "\n")
    model.add(1)
    report = carry_out(model, [uuid(1), 1], journal=journal, using="single")
    assert [outcome.state for outcome in report] == [state, "duplicate" if state == "done" else "done"]


# --------------------------------------------------------------------------------------------------- ids that are kept


def test_ids_are_kept_from_the_look_up_if_there_was_one(tmp_path: Path) -> None:
    model = Model()
    model.add(1, 2)
    kept = tmp_path / "kept"
    carry_out(model, [1, uuid(2)], journal=tmp_path / "j", keep_ids=kept, using="single")
    assert [target.rsplit("/", 2)[1] for _, target, _ in model.asked("GET")] == ["1", uuid(2)]
    assert [(line["uuid"], line["distinct_ids"]) for line in lines(kept)] == [(uuid(1), ["d1"]), (uuid(2), ["d2"])]
    assert sorted(model.deleted) == [uuid(1), uuid(2)]


def test_nobody_is_deleted_whose_ids_cannot_be_kept(tmp_path: Path) -> None:
    model = Refusing()
    model.add(2)
    job: dict[str, Any] = {"journal": tmp_path / "j", "keep_ids": tmp_path / "kept", "using": "single"}
    model.refuses = 503
    assert told(carry_out(model, [uuid(2)], **job)) == [("pending", None, "the server failed (503 no)")]
    model.refuses = 401
    with pytest.raises(AuthenticationError):
        carry_out(model, [uuid(2)], **job)
    assert model.asked("DELETE") == []
    model.refuses = 0
    assert told(carry_out(model, [uuid(2)], **job))[0][0] == "done"
    job["journal"] = tmp_path / "j2"
    assert told(carry_out(model, [uuid(1)], **job)) == [
        ("already_gone", uuid(1), "not found when the distinct ids were to be kept")
    ]
    assert lines(tmp_path / "j2")[-1]["uuid"] == uuid(1)
    job["journal"] = tmp_path / "j3"
    model.refuses = 400
    assert told(carry_out(model, [uuid(1)], **job)) == [("refused", uuid(1), "the server said no (400 no)")]
    assert len(model.asked("DELETE")) == 1


def test_of_whom_nobody_is_no_ids_are_kept_and_similar_persons_have_names(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    job: dict[str, Any] = {"journal": tmp_path / "j", "keep_ids": tmp_path / "kept", "by": "email"}
    report = carry_out(model, ["P1@mail.example"], **job)
    assert report.outcomes[0].similar == (SimilarPerson(uuid(1), "Person 1"),)
    assert carry_out(model, ["P1@mail.example"], **job).outcomes[0].similar == (SimilarPerson(uuid(1), None),)
    assert (tmp_path / "kept").read_text() == ""


def test_a_dry_run_keeps_no_ids(tmp_path: Path) -> None:
    model = Model()
    model.add(1)
    carry_out(model, [1], journal=tmp_path / "j", keep_ids=tmp_path / "kept", dry_run=True)
    assert not (tmp_path / "kept").exists()

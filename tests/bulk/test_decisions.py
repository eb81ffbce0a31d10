"""Decisions on one change: by response, error, look-up, and a look at the person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from posthog_environments_api.models import Person

from posthog_environments import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DeadlineExceeded,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknown,
    PagingError,
    PermissionDeniedError,
    PostHogError,
    RateLimitError,
    RedirectError,
    ServerError,
    TransportError,
)
from posthog_environments.bulk.decisions import (
    Summary,
    Trouble,
    after_a_look,
    decide,
    of_answer,
    of_finding,
    of_summary,
    read_summary,
    shows,
)
from posthog_environments.bulk.jobs import Flags, changes_of, deletions_of
from posthog_environments.bulk.journal import FoundPerson
from posthog_environments.calls.messages import ServerResponse
from tests.bulk.model import uuid

ID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
STOPS, COUNTS, NONE = Trouble.STOPS, Trouble.COUNTS, Trouble.NONE


def status(cls: type[APIStatusError], code: int) -> APIStatusError:
    body = {"type": "t", "code": "some_code", "detail": "Ada Lovelace is wrong"}
    return cls("", status_code=code, body=body)


OF_A_CHANGE: list[tuple[PostHogError, str, Trouble]] = [
    (OutcomeUnknown(""), "unknown", COUNTS),
    (MalformedResponseError("", status_code=200), "unknown", COUNTS),
    (status(ServerError, 503), "pending", COUNTS),
    (DeadlineExceeded(""), "pending", COUNTS),
    (TransportError(""), "pending", STOPS),
    (status(AuthenticationError, 401), "pending", STOPS),
    (status(PermissionDeniedError, 403), "pending", STOPS),
    (status(RateLimitError, 429), "pending", STOPS),
    (status(RedirectError, 302), "pending", STOPS),
    (status(APIStatusError, 402), "pending", STOPS),
    (ConfigurationError(""), "pending", STOPS),
    (status(BadRequestError, 400), "refused", NONE),
    (status(ConflictError, 409), "refused", NONE),
    (status(APIStatusError, 422), "refused", NONE),
    (status(APIStatusError, 200), "refused", NONE),
]


@pytest.mark.parametrize("task", ["delete", "update"])
@pytest.mark.parametrize(("error", "state", "trouble"), OF_A_CHANGE, ids=lambda value: type(value).__name__)
def test_a_change_that_failed(error: PostHogError, state: str, trouble: Trouble, task: str) -> None:
    decision = decide(error, task, changing=True)
    assert (decision.state, decision.trouble, decision.certain) == (state, trouble, True)
    assert "Ada" not in (decision.reason or ""), "the words of a server may hold personal data"


def test_the_code_of_a_refusal_is_told() -> None:
    reason = decide(status(BadRequestError, 400), "update", changing=True).reason
    assert reason == "the server said no (400 some_code)"
    strange = BadRequestError("", status_code=400, body={"code": "Ada Lovelace"})
    assert decide(strange, "update", changing=True).reason == "the server said no (400)"


def test_nobody_there() -> None:
    error = status(NotFoundError, 404)
    assert decide(error, "delete", changing=True).state == "already_gone"
    assert decide(error, "update", changing=True).state == "refused"


@pytest.mark.parametrize(("error", "state", "trouble"), OF_A_CHANGE, ids=lambda value: type(value).__name__)
def test_after_an_attempt_that_may_have_done_it_nothing_is_certain(
    error: PostHogError, state: str, trouble: Trouble
) -> None:
    decision = decide(error, "delete", changing=True, doubtful=True)
    assert decision.trouble == trouble
    if state == "pending":
        assert not decision.certain
    else:
        assert decision.state == "unknown"


@pytest.mark.parametrize(
    ("error", "state", "trouble"),
    [
        (MalformedResponseError("", status_code=200), "pending", COUNTS),
        (PagingError(""), "pending", COUNTS),
        (status(ServerError, 500), "pending", COUNTS),
        (DeadlineExceeded(""), "pending", COUNTS),
        (TransportError(""), "pending", STOPS),
        (status(AuthenticationError, 401), "pending", STOPS),
        (status(NotFoundError, 404), "pending", STOPS),
        (status(BadRequestError, 400), "refused", NONE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_look_that_failed(error: PostHogError, state: str, trouble: Trouble) -> None:
    decision = decide(error, "delete", changing=False)
    assert (decision.state, decision.trouble) == (state, trouble)


def test_answers() -> None:
    assert of_answer(ServerResponse(200, {}, b"{}")).state == "done"
    assert of_answer(ServerResponse(202, {}, b"")).reason == "taken, to be carried out soon"
    assert of_answer(ServerResponse(404, {}, b"")).state == "done", "the client has judged that it was its own attempt"


DELETION = deletions_of(["a@b"], "email", delete_events=False).entries[0]
UPDATE = changes_of([{"id": ID, "set": {"plan": "pro"}}]).entries[0]
UNSET = changes_of([{"id": ID, "unset": "phone"}]).entries[0]


@pytest.mark.parametrize(
    ("found", "task", "state"),
    [
        (FoundPerson(ID, 1), "delete", None),
        (FoundPerson(None, 0), "delete", "not_found"),
        (FoundPerson(None, 0), "update", "not_found"),
        (FoundPerson(None, 2), "delete", "refused"),
        (FoundPerson(None, 0, foreign=True), "delete", "refused"),
    ],
)
def test_whom_an_input_means(found: FoundPerson, task: str, state: str | None) -> None:
    decision = of_finding(DELETION, found, task)
    assert (decision and decision.state) == state


def person(**properties: Any) -> Person:
    return Person.from_dict({"uuid": ID, "properties": properties})


@pytest.mark.parametrize(
    ("entry", "seen", "events", "again", "state"),
    [
        (DELETION, person(), False, False, None),
        (DELETION, person(), True, False, None),
        (DELETION, None, False, False, "done"),
        (DELETION, None, True, False, "unknown"),
        (DELETION, None, True, True, "unknown"),
        (UPDATE, None, False, False, "refused"),
        (UPDATE, person(plan="pro", other=1), False, False, "done"),
        (UPDATE, person(plan="free"), False, False, "unknown"),
        (UPDATE, person(plan="free"), False, True, None),
        (UPDATE, person(plan="pro"), False, True, "done"),
        (UNSET, person(phone=None), False, False, "unknown"),
        (UNSET, person(), False, False, "done"),
    ],
)
def test_a_change_that_may_have_been_sent(entry: Any, seen: Any, events: bool, again: bool, state: str | None) -> None:
    decision = after_a_look(entry, seen, Flags(delete_events=events), again=again)
    assert (decision and decision.state) == state


def test_what_a_person_shows() -> None:
    def shown(has: dict[str, Any], **wanted: Any) -> bool:
        change = changes_of([{"id": ID, "set": wanted}]).entries[0].change
        assert change is not None
        return shows(has, change)

    assert shown({"a": {"x": 1, "y": 2}}, a={"y": 2, "x": 1})
    assert shown({"a": {"y": 2, "x": 1}}, a={"x": 1, "y": 2})
    assert not shown({"a": 1}, a=True)
    assert not shown({"a": "1"}, a=1)
    assert not shown({}, a=None), "it is not there"
    assert shown({"a": None}, a=None)


# ---------------------------------------------------------------------------------------------------- many at once -


ALL = [uuid(1), uuid(2), uuid(3)]


def summary(found: int, deleted: int | None = None, queued: int = 0, *errors: tuple[str | None, object]) -> Any:
    body = {
        "persons_found": found, "persons_deleted": deleted, "persons_queued_for_deletion": queued,
        "deletion_errors": [{"person_uuid": key, "step": step} for key, step in errors],
    }  # fmt: skip
    return read_summary(ServerResponse(202, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("answer", "states"),
    [
        (None, ["done", "done", "done"]),
        (summary(3, 3), ["done", "done", "done"]),
        (summary(3), ["done", "done", "done"]),
        (summary(3, 0, 3), ["queued", "queued", "queued"]),
        (summary(3, 2, 0, (uuid(2), None)), ["done", "refused", "done"]),
        (summary(3, 1, 1, (uuid(2), "x")), ["queued", "refused", "queued"]),
        (summary(2, 2), [None, None, None]),
        (summary(4, 4), [None, None, None]),
        (summary(2, 1, 0, (uuid(1).upper(), "x")), ["refused", None, None]),
        (summary(3, 2), [None, None, None]),
        (summary(3, 2, 0, (None, "x")), [None, None, None]),
        (summary(0, 0), [None, None, None]),
        (summary(3, 3, 0, (uuid(9), "x")), ["done", "done", "done"]),
        (summary(3, 1, 0, (uuid(2), "x"), (uuid(2), "y")), [None, "refused", None]),
    ],
)
def test_what_a_summary_says_of_each(answer: Summary | None, states: list[str | None]) -> None:
    verdicts = of_summary(answer, ALL, Flags())
    assert [verdict and verdict.state for verdict in map(verdicts.__getitem__, ALL)] == states

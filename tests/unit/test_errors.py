"""The tree of errors: which class for which status, what an error carries, and how it travels."""

from __future__ import annotations

import copy
import pickle
from typing import Self

import pytest

import posthog_environments
from posthog_environments import errors
from posthog_environments.errors import (
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
    fields_of,
    printable,
    status_error_class,
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, RedirectError) for status in (300, 301, 307, 399)),
        *((status, ServerError) for status in (500, 501, 520, 599)),
        *((status, APIStatusError) for status in (100, 200, 299, 402, 405, 418, 499, 600, 601, 999, -1)),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (429, RateLimitError),
    ],
)
def test_the_class_of_a_status(status: int, expected: type[APIStatusError]) -> None:
    assert status_error_class(status) is expected


def test_an_answer_of_the_api_is_taken_apart() -> None:
    body = {"type": "validation_error", "code": "invalid_input", "detail": "Bad.", "attr": "email__x"}
    error = BadRequestError("said no", status_code=400, body=body, request_id="r1")
    assert (error.type, error.code, error.detail, error.attr) == (
        "validation_error",
        "invalid_input",
        "Bad.",
        "email__x",
    )
    assert (str(error), error.status_code, error.body, error.request_id) == ("said no", 400, body, "r1")


@pytest.mark.parametrize(
    "body", [None, "text", [{"detail": "x"}], {"type": 1, "code": None, "detail": ["x"], "attr": {}}]
)
def test_an_answer_of_anybody_else_is_kept_whole(body: object) -> None:
    error = APIStatusError("said no", status_code=418, body=body)
    assert (error.type, error.code, error.detail, error.attr, error.request_id) == (None,) * 5
    assert error.body is body


def test_fields_come_from_objects_alone() -> None:
    assert fields_of({"a": 1}) == {"a": 1}
    assert fields_of([1]) == fields_of("a") == fields_of(None) == {}


def test_what_classes_add_is_none_until_somebody_knows() -> None:
    assert PermissionDeniedError("x", status_code=403).required_scope is None
    assert RateLimitError("x", status_code=429).retry_after is None
    assert RedirectError("x", status_code=302).location is None


def test_a_malformed_answer_keeps_its_bytes() -> None:
    error = MalformedResponseError("no JSON", status_code=200)
    assert (str(error), error.status_code, error.body) == ("no JSON", 200, b"")
    assert MalformedResponseError("no JSON", status_code=200, body=b"<html>").body == b"<html>"


def every_error() -> list[PostHogError]:
    rate = RateLimitError("slow down", status_code=429, body={"detail": "x"}, request_id="r")
    rate.retry_after = 1.5
    return [
        rate,
        MalformedResponseError("no JSON", status_code=200, body=b"<"),
        *(
            cls("it failed")
            for cls in (ConfigurationError, TransportError, DeadlineExceeded, OutcomeUnknown, PagingError)
        ),
    ]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_an_error_travels_between_processes(error: PostHogError) -> None:
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))


def test_an_error_that_the_system_makes_travels_too() -> None:
    # OSError reads its arguments when it is made, not when it is started.
    again = pickle.loads(pickle.dumps(DeadlineExceeded("60 seconds")))
    assert isinstance(again, TimeoutError)
    assert (again.args, str(again), again.errno) == (("60 seconds",), "60 seconds", None)


class OwnError(PostHogError):
    """An error of somebody's own that reads its message when it is made."""

    def __new__(cls, message: str) -> Self:
        error = super().__new__(cls, message)
        error.hint = message.upper()
        return error


def test_an_error_of_ones_own_is_made_anew_with_its_message() -> None:
    for again in (pickle.loads(pickle.dumps(OwnError("no"))), copy.copy(OwnError("no"))):
        assert (type(again), str(again), again.hint) == (OwnError, "no", "NO")


def test_every_error_is_exported() -> None:
    classes = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PostHogError)
    }
    assert classes <= set(posthog_environments.__all__)


def test_text_of_a_server_is_one_safe_line() -> None:
    assert printable("plain, ünïcode 🎉") == "plain, ünïcode 🎉"
    assert printable("a\nb\x1b[31m\x7f\x85\u202ec\ufeff\ud800") == r"a\nb\x1b[31m\x7f\x85\u202ec\ufeff\ud800"


@pytest.mark.parametrize(("length", "shown"), [(5, "x" * 5), (6, "x" * 4 + "…"), (600, "x" * 4 + "…")])
def test_text_of_a_server_is_cut(length: int, shown: str) -> None:
    assert printable("x" * length, 5) == shown


def test_text_of_a_server_is_cut_at_300() -> None:
    assert printable("x" * 300) == "x" * 300
    assert printable("x" * 301) == "x" * 299 + "…"
    # What it takes to write a character out counts, too.
    assert printable("x" * 297 + "\n\n") == "x" * 297 + "\\n…"

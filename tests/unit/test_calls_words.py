"""What a call says: messages, hints, warnings and the log, word for word where a person acts on them."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import Any

import pytest
from posthog_environments_api.models import Person, PersonPage
from posthog_environments_api.records import DecodeError

from posthog_environments import errors
from posthog_environments.calls.decode import decode, decode_record
from posthog_environments.calls.messages import Call, Operation, OperationKind, ServerResponse, TransportFailure
from posthog_environments.calls.state import CallContext
from tests.unit.play import CHANGE, DELETE, LATE, READ, REFUSED, RESET, TLS, URL, Play, answer

CALL = Call(READ, {"method": "get", "url": "/"})
FREE = {
    kind: Operation("request", kind, "general", mute=frozenset({404}), free=True)
    for kind in (OperationKind.CHANGE, OperationKind.DELETE)
}
UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"


def text_of(
    operation: Operation, *outcomes: ServerResponse | TransportFailure, play: Play | None = None, **call: Any
) -> str:
    with pytest.raises(errors.PostHogError) as caught:
        (play or Play(pacing=False, retries=0)).run(operation, *outcomes, **call)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------ refusals


def test_what_the_server_said_is_the_message() -> None:
    assert text_of(READ, answer(400, {"detail": " No\x1b good "})) == "persons.get: 400, No\\x1b good"
    assert text_of(READ, answer(400, b"plain text")) == "persons.get: 400, plain text"
    assert text_of(READ, answer(400, {"detail": "  "})) == "persons.get: 400"
    assert text_of(READ, answer(400, {"detail": 5})) == "persons.get: 400"
    assert text_of(READ, answer(400)) == "persons.get: 400"
    assert text_of(READ, answer(400, b"\xff")) == "persons.get: 400, \ufffd"


def test_hints() -> None:
    unscoped = Operation("insights.timing", OperationKind.READ, "persons", unscoped=True)
    key = " Check POSTHOG_PERSONAL_API_KEY, and that host is the region of the key."
    assert text_of(READ, answer(401)) == "persons.get: 401." + key
    refused = " Servers refuse personal API keys for this operation, with any scope."
    assert text_of(unscoped, answer(403)) == "insights.timing: 403." + refused
    assert text_of(READ, answer(403)) == "persons.get: 403"
    assert text_of(unscoped, answer(402)) == "insights.timing: 402"
    nothing = (
        " Nothing under /api/{}/ has been found so far: check host, project_id and id, or let "
        'prefix="auto" choose the path.'
    )
    assert text_of(READ, answer(404)) == "persons.get: 404." + nothing.format("environments")
    play = Play("projects", pacing=False)
    play.client.prefix = "projects"
    assert text_of(READ, answer(404), play=play) == "persons.get: 404." + nothing.format("projects")
    play.run(READ, answer(200))
    assert text_of(READ, answer(404), play=play) == "persons.get: 404"
    gone = Operation("insights.trend", OperationKind.READ, "persons", mute=frozenset({404}))
    assert text_of(gone, answer(404)) == "insights.trend: 404"
    followed = " It does not say where to. Redirects are not followed; check host and project_id."
    for status in (300, 302, 399):
        assert text_of(READ, answer(status)) == f"persons.get: {status}.{followed}"
    for said in ("No.", "No!", "No?"):
        assert text_of(READ, answer(302, {"detail": said})) == f"persons.get: 302, {said}{followed}"
    assert text_of(READ, answer(302, {"detail": "No"})) == f"persons.get: 302, No.{followed}"
    assert text_of(READ, answer(400)) == "persons.get: 400"
    auto = Play("auto", pacing=False)
    assert text_of(READ, answer(403), play=auto) == "persons.get: 403"
    project = " Nothing of this project has been found so far: check project_id and id."
    assert text_of(READ, answer(404), play=auto) == "persons.get: 404." + project


@pytest.mark.parametrize(("status", "said"), [(400, " Ask for less."), (503, " Ask for less."), (409, "")])
def test_the_remark_of_a_call_is_for_what_would_come_again(status: int, said: str) -> None:
    play = Play(pacing=False)
    text = text_of(READ, answer(status), play=play, final=frozenset({503}), remark="Ask for less.")
    assert text == f"persons.get: {status}" + ("." + said if said else "")
    assert play.sent == 1


def test_only_the_beginning_of_a_long_body_counts() -> None:
    body = b'{"detail": "' + b"x" * (1 << 20) + b'"}'
    with pytest.raises(errors.BadRequestError) as caught:
        Play().run(READ, answer(400, body))
    assert caught.value.body == body[: 1 << 20].decode()
    assert caught.value.detail is None
    exact = b'{"detail": "' + b"x" * ((1 << 20) - 14) + b'"}'
    assert len(exact) == 1 << 20
    with pytest.raises(errors.BadRequestError) as caught:
        Play().run(READ, answer(400, exact))
    assert isinstance(caught.value.body, dict)


@pytest.mark.parametrize(
    ("detail", "scope"),
    [
        ("API key missing required scope 'person:write'", "person:write"),
        ("needs batch_export:read", "batch_export:read"),
        ("person:writes", None),
        ("nothing of the kind", None),
        (None, None),
    ],
)
def test_the_scope_that_is_missing(detail: str | None, scope: str | None) -> None:
    with pytest.raises(errors.PermissionDeniedError) as caught:
        Play().run(READ, answer(403, {"detail": detail}))
    assert caught.value.required_scope == scope


def test_a_redirect_and_a_429_say_where_and_when() -> None:
    with pytest.raises(errors.RedirectError) as redirect:
        Play().run(READ, answer(302, location="https://else.example/"))
    assert redirect.value.location == "https://else.example/"
    with pytest.raises(errors.RateLimitError) as refused:
        Play(retries=0).run(READ, answer(429, retry_after="7"))
    assert refused.value.retry_after == 7.0


def test_no_quota_left() -> None:
    play = Play(timeout=30)
    for _ in range(240):
        play.run(READ, answer(200))
    with pytest.raises(errors.RateLimitError) as caught:
        play.run(READ, answer(200))
    assert str(caught.value) == (
        "The quota for persons and insights is used up: the next request may go in 60 s, which is longer than this "
        "call may wait. Nothing was sent. Give a larger max_wait or timeout, or call less often."
    )
    assert caught.value.status_code == 429


# ------------------------------------------------------------------------------------------------ no usable answer


def test_transport_errors() -> None:
    assert text_of(READ, REFUSED) == "persons.get: no connection could be made."
    assert text_of(READ, TLS) == "persons.get: the TLS handshake failed."
    late = "persons.get took longer than its 60 s: too late. Give a larger timeout= if the server is slow."
    assert text_of(READ, LATE) == late
    play = Play(pacing=False, retries=2, timeout=7.5)
    assert text_of(READ, RESET, play=play) == "persons.get: the connection broke (attempt 3)."
    later = text_of(READ, RESET, LATE, play=Play(pacing=False, timeout=7.5))
    assert later.startswith("persons.get took longer than its 7.5 s (attempt 2): too late.")


def test_a_body_over_the_limit_says_what_to_do_in_a_listing() -> None:
    long, strange = (
        TransportFailure(reason, sent=True, again=False, malformed=(200, b"x"))
        for reason in ("the answer is longer than 9 bytes (max_body)", "the answer is odd")
    )
    listing = Operation("persons.list", OperationKind.READ, "persons", patient=True)
    hint = "Ask for fewer rows at once with a smaller page_size, or allow more bytes with max_body."
    for operation, failure, said in ((listing, long, hint), (listing, strange, ""), (READ, long, "")):
        with pytest.raises(errors.MalformedResponseError) as caught:
            Play(pacing=False).run(operation, failure)
        assert caught.value.hint == said
        assert str(caught.value) == f"{operation.name}: {failure.reason}" + (f". {hint}" if said else "")
        assert (caught.value.status_code, caught.value.body) == (200, b"x")


def test_nobody_knows() -> None:
    look = "Read the person and look before you try again."
    doubt = "may or may not have been carried out"
    assert text_of(CHANGE, RESET) == f"persons.update {doubt}: the connection broke. {look}"
    assert text_of(CHANGE, answer(502)) == f"persons.update {doubt}: the server answered 502. {look}"
    assert text_of(DELETE, answer(502)) == f"persons.delete {doubt}: the server answered 502. {look}"
    play = Play(pacing=False)
    gone = "the person is gone, but whether the deletion of the events was queued is not known"
    said = text_of(DELETE, RESET, answer(404), play=play, delete_events=True)
    assert said == f"persons.delete {doubt}: {gone}. {look}"
    explained = answer(502, {"detail": "The gateway is down"})
    assert text_of(CHANGE, explained) == (
        f"persons.update {doubt}: the server answered 502, The gateway is down. {look}"
    )
    nowhere = "the server answered 404, and nothing so far has shown that it knows the path"
    said = text_of(DELETE, RESET, answer(404), play=Play("auto", pacing=False))
    assert said == f"persons.delete {doubt}: {nowhere}. {look}"


def test_nobody_knows_of_what_the_user_has_named() -> None:
    look = "Look at what it is to change before you try again."
    doubt = "request may or may not have been carried out"
    assert text_of(FREE[OperationKind.CHANGE], RESET) == f"{doubt}: the connection broke. {look}"
    gone = "it is gone, but whether the deletion of the events was queued is not known"
    play = Play(pacing=False)
    said = text_of(FREE[OperationKind.DELETE], RESET, answer(404), play=play, delete_events=True)
    assert said == f"{doubt}: {gone}. {look}"


def test_no_quota_to_ask_again_after_a_doubtful_delete() -> None:
    play = Play(max_wait=0)
    for _ in range(479):
        play.run(DELETE, answer(204))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        play.run(DELETE, answer(502))
    assert "there was no quota left to ask again" in str(caught.value)
    assert caught.value.__suppress_context__
    reading = Play(max_wait=0)
    for _ in range(239):
        reading.run(READ, answer(200))
    with pytest.raises(errors.RateLimitError):
        reading.run(READ, answer(502))


def test_what_failed_is_kept() -> None:
    failed = TransportFailure("why", sent=True, again=False, timed_out=True, malformed=(200, b"x"))
    assert str(failed) == failed.reason == "why"
    assert (failed.sent, failed.again, failed.timed_out, failed.malformed) == (True, False, True, (200, b"x"))
    plain = TransportFailure("why", sent=False)
    assert (plain.sent, plain.again, plain.timed_out, plain.malformed) == (False, True, False, None)


def test_an_answer_that_cannot_be_used() -> None:
    with pytest.raises(errors.MalformedResponseError) as caught:
        Play().run(READ, TransportFailure("it is too large", sent=True, again=False, malformed=(206, b"begin")))
    assert str(caught.value) == "persons.get: it is too large"
    assert (caught.value.status_code, caught.value.body) == (206, b"begin")


# ------------------------------------------------------------------------------------------------ decoding


def malformed(found: ServerResponse, start: int = 0, kind: Any = PersonPage) -> errors.MalformedResponseError:
    with pytest.raises(errors.MalformedResponseError) as caught:
        decode_record(CALL, found, kind, start)
    return caught.value


def test_a_good_answer_is_decoded() -> None:
    body = {"results": [{"uuid": UUID}], "next": None}
    for found in (
        answer(200, body),
        answer(200, body, content_type="application/json; charset=utf-8"),
        answer(226, body, content_type="application/problem+json"),
    ):
        assert decode_record(CALL, found, PersonPage).results[0].uuid == UUID


def test_another_media_type() -> None:
    error = malformed(answer(200, b" <h1>Hello\x07</h1>", content_type="text/html"))
    assert str(error) == (
        "persons.get: an answer of type text/html came instead of JSON. It begins: <h1>Hello\\x07</h1>"
    )
    assert (error.status_code, error.body) == (200, b" <h1>Hello\x07</h1>")
    plain = malformed(answer(200, b"{}", content_type="text/plain"))
    assert str(plain) == "persons.get: an answer of type text/plain came instead of JSON."
    odd = malformed(answer(200, b"x", content_type="a/" + "b" * 100))
    assert str(odd).startswith("persons.get: an answer of type a/bbb")
    assert len(str(odd)) < 120


def test_how_much_of_a_page_is_shown() -> None:
    long = malformed(answer(200, b"<" + b"y" * 500, content_type="text/html"))
    shown = str(long).partition("It begins: ")[2]
    assert shown.startswith("<y")
    assert 100 <= len(shown) <= 121
    assert len(long.body or b"") == 501
    broken = malformed(answer(200, b"<\xff>", content_type="text/html"))
    assert str(broken).endswith("It begins: <\ufffd>")


def test_a_row_that_is_wrong_is_named() -> None:
    error = malformed(answer(200, {"results": [{"uuid": UUID}, {"uuid": 5}], "next": None}), start=40)
    assert "persons.get: the answer is not what the contract says: " in str(error)
    assert ", row 1 at offset 41" in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    whole = str(malformed(answer(200, b"[]"), start=40))
    assert "row" not in whole
    assert "XX" not in whole


def test_an_answer_with_nothing_in_it() -> None:
    nothing = malformed(answer(204), kind=Person)
    assert str(nothing).startswith("persons.get: the answer is not what the contract says: the JSON cannot be read: ")
    assert nothing.status_code == 204


@pytest.mark.parametrize("status", [200, 201, 226, 299])
def test_a_record_is_decoded_with_any_success(status: int) -> None:
    assert decode_record(CALL, answer(status, {"uuid": UUID}), Person).uuid == UUID


def test_rows_count_from_the_beginning_unless_told() -> None:
    def read(_: bytes) -> Any:
        raise DecodeError("bad", index=3)

    with pytest.raises(errors.MalformedResponseError) as caught:
        decode(CALL, answer(200, {}), read)
    assert str(caught.value).endswith("contract says: bad, row 3 at offset 3.")
    rows = [{"uuid": UUID}] * 3 + [{}]
    with pytest.raises(errors.MalformedResponseError) as caught:
        decode_record(CALL, answer(200, {"results": rows}), PersonPage)
    assert str(caught.value).endswith("row 3 at offset 3.")


# ------------------------------------------------------------------------------------------------ log and warnings


def test_each_attempt_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    play = Play(pacing=False)

    def slow() -> ServerResponse:
        play.now += 1.5
        return answer(200)

    with caplog.at_level(logging.DEBUG, "posthog_environments"):
        play.run(READ, RESET, answer(503), slow)
    assert [record.getMessage() for record in caplog.records] == [
        "GET persons.get: failed, the connection broke, attempt 1, 0.000 s",
        "GET persons.get: waiting 1.0 s after a fault, before attempt 2",
        "GET persons.get: 503, attempt 2, 0.000 s",
        "GET persons.get: waiting 2.0 s after a fault, before attempt 3",
        "GET persons.get: 200, attempt 3, 1.500 s",
    ]
    assert {record.name for record in caplog.records} == {"posthog_environments"}


def test_nothing_is_logged_unless_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "posthog_environments"):
        Play().run(READ, answer(200))
    assert not caplog.records


def sunset_warning(*outcomes: ServerResponse, play: Play | None = None) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        (play or Play()).run(READ, *outcomes)
    return seen


def test_the_end_of_the_prefix_is_told_once() -> None:
    play = Play()
    (seen,) = sunset_warning(answer(200, sunset="Sat, 1 Jan 2028"), play=play)
    assert seen.category is DeprecationWarning
    assert str(seen.message) == (
        "The server says that /api/environments/ is on its way out (its end is announced for Sat, 1 Jan 2028). "
        'Leave prefix="environments" out, or set prefix="projects"; the operations are the same.'
    )
    assert sunset_warning(answer(200, sunset="again"), play=play) == []
    (plain,) = sunset_warning(answer(200, deprecation="true"))
    assert "is on its way out. Leave" in str(plain.message)
    (long,) = sunset_warning(answer(200, sunset="x" * 100))
    assert "x" * 41 not in str(long.message)
    assert "x" * 30 in str(long.message)


def at(url: str, status: int = 200, **headers: str) -> ServerResponse:
    return replace(answer(status, **headers), url=url)


def test_the_other_prefix_is_not_warned_of() -> None:
    play = Play("projects")
    play.client.prefix = "projects"
    url = URL.replace("environments", "projects")
    assert sunset_warning(at(url, sunset="soon"), play=play) == []
    assert sunset_warning(at(url, deprecation="true", link=f'<{url}>; rel="successor-version"'), play=play) == []
    assert not play.client.warned
    assert sunset_warning(answer(200)) == []
    assert sunset_warning(answer(200, deprecation="false")) == []


def test_auto_moves_without_a_word() -> None:
    play = Play("auto")
    link = '</api/projects/1/persons/2/>; rel="successor-version"'
    assert sunset_warning(answer(200, deprecation="true", link=link), play=play) == []
    assert play.client.prefix == "projects"


CURRENT = "https://us.posthog.com/api/{}/@current/persons/?limit=1"
TELLS = (
    '</api/projects/12345/persons/?limit=1>; rel="successor-version", '
    '<https://posthog.com/docs/api/current-alias-deprecation>; rel="deprecation"; type="text/html"'
)


@pytest.mark.parametrize("prefix", ["environments", "projects"])
def test_current_is_warned_of_once_with_the_number(prefix: str) -> None:
    play = Play("auto")
    url = CURRENT.format(prefix)
    (seen,) = sunset_warning(at(url, deprecation="@1795564800", link=TELLS), play=play)
    assert str(seen.message) == (
        'The server says that the project id "@current" is deprecated since 2026-11-25. Use the number of the project '
        "instead, 12345: project_id=12345. See https://posthog.com/docs/api/current-alias-deprecation."
    )
    assert sunset_warning(at(url, deprecation="@1795564800", link=TELLS), play=play) == []


def test_current_is_warned_of_where_no_number_is_told() -> None:
    (seen,) = sunset_warning(at(CURRENT.format("projects"), deprecation="@1795564800"), play=Play("auto"))
    assert '"@current" is deprecated' in str(seen.message)
    assert "instead: " in str(seen.message)


def test_a_twin_of_current_that_keeps_it_is_about_the_prefix() -> None:
    link = '</api/projects/@current/persons/?limit=1>; rel="successor-version"'
    (seen,) = sunset_warning(at(CURRENT.format("environments"), deprecation="true", link=link))
    assert "/api/environments/ is on its way out" in str(seen.message)


def test_something_else_is_said_to_be_what_the_link_names() -> None:
    play = Play("auto")
    link = '</api/projects/1/persons/bulk_delete/>; rel="successor-version"'
    (seen,) = sunset_warning(answer(200, deprecation="true", link=link), play=play)
    text = str(seen.message)
    assert "that persons.get is deprecated" in text
    assert "/api/projects/1/persons/bulk_delete/" in text
    assert "environments" not in text.replace("posthog-environments", "")
    assert play.client.prefix == "environments"
    assert sunset_warning(answer(200, deprecation="true", link=link), play=play) == []


# ------------------------------------------------------------------------------------------------ scopes and twins


def test_a_scope_with_another_timeout() -> None:
    context = Play(timeout=20).context
    assert context.but(None) is context
    other = context.but(3)
    assert isinstance(other, CallContext)
    assert (other.options.timeout, context.options.timeout) == (3, 20)
    assert other.client is context.client
    assert other.project_id == "1"


@pytest.mark.parametrize("status", [307, 308])
def test_the_twin_may_be_given_as_a_path(status: int) -> None:
    play = Play()
    path = "/api/projects/1/persons/2/"
    assert play.run(CHANGE, answer(status, location=path), answer(202)).status_code == 202


@pytest.mark.parametrize(
    "location",
    [
        None,
        URL,
        "https://us.posthog.com:99999/api/projects/1/persons/2/",
        "https://us.posthog.com/api/projects/1/persons/3/",
        "https://[/",
    ],
)
def test_another_place_is_not_followed(location: str | None) -> None:
    play = Play()
    headers = {} if location is None else {"location": location}
    with pytest.raises(errors.RedirectError) as caught:
        play.run(READ, answer(307, **headers))
    assert caught.value.location == location
    assert (play.sent, play.client.prefix) == (1, "environments")

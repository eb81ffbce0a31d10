"""One call without a server: the call generator is run by hand, on a clock of the test's own."""

from __future__ import annotations

import pickle
import warnings

import pytest

from posthog_environments import errors
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import (
    Call,
    CallGenerator,
    Operation,
    OperationKind,
    Send,
    ServerResponse,
    Sleep,
    Step,
    StepResult,
    TransportFailure,
    with_observer,
)
from posthog_environments.ratelimit.limiter import Bucket, RateLimiter
from tests.unit.play import CHANGE, DELETE, LATE, READ, REFUSED, RESET, TLS, URL, Play, answer

STATUSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.APIStatusError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    415: errors.APIStatusError,
    302: errors.RedirectError,
    304: errors.RedirectError,
    999: errors.APIStatusError,
    100: errors.APIStatusError,
    501: errors.ServerError,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("operation", [READ, CHANGE, DELETE])
def test_a_clear_no_is_an_error_at_once(status: int, operation: Operation) -> None:
    play = Play()
    body = {"type": "t", "code": "c", "detail": "No\x1b[2J good", "attr": "a__b"}
    with pytest.raises(errors.APIStatusError) as caught:
        play.run(operation, answer(status, body, x_request_id="r-1"))
    error = caught.value
    assert type(error) is STATUSES[status]
    assert (error.status_code, error.type, error.code, error.attr) == (status, "t", "c", "a__b")
    assert (error.detail, error.body, error.request_id) == (body["detail"], body, "r-1")
    assert "\x1b" not in str(error)
    assert play.sent == 1
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 512, 520, 527])
def test_reads_are_tried_again_after_faults_of_the_server(status: int) -> None:
    play = Play()
    assert play.run(READ, answer(status), answer(status), answer(200)).status_code == 200
    assert play.sent == 3
    assert play.slept == [1.0, 2.0]


@pytest.mark.parametrize("status", [408, 500, 502, 504, 512, 520, 527])
def test_a_change_that_may_have_happened_is_not_repeated(status: int) -> None:
    play = Play()
    with pytest.raises(errors.OutcomeUnknown, match=str(status)):
        play.run(CHANGE, answer(status))
    assert play.sent == 1


@pytest.mark.parametrize("failure", [RESET, LATE])
def test_a_change_that_broke_off_is_not_repeated(failure: TransportFailure) -> None:
    play = Play()
    with pytest.raises(errors.OutcomeUnknown):
        play.run(CHANGE, failure)
    assert play.sent == 1


@pytest.mark.parametrize("outcome", [answer(503), answer(429, retry_after="1"), REFUSED])
def test_a_change_that_cannot_have_happened_is_repeated(outcome: ServerResponse | TransportFailure) -> None:
    play = Play()
    assert play.run(CHANGE, outcome, answer(202)).status_code == 202
    assert play.sent == 2


def test_a_change_is_unknown_even_if_a_later_attempt_was_the_doubtful_one() -> None:
    play = Play()
    with pytest.raises(errors.OutcomeUnknown):
        play.run(CHANGE, answer(503), RESET)
    assert play.sent == 2


@pytest.mark.parametrize("doubtful", [RESET, answer(500), answer(520)])
def test_a_delete_is_repeated_and_a_404_then_means_deleted(doubtful: ServerResponse | TransportFailure) -> None:
    play = Play()
    assert play.run(DELETE, doubtful, answer(404)).status_code == 404
    assert play.sent == 2


@pytest.mark.parametrize("doubtful", [RESET, answer(500)])
def test_whether_the_events_were_queued_is_unknown_then(doubtful: ServerResponse | TransportFailure) -> None:
    with pytest.raises(errors.OutcomeUnknown, match="events"):
        Play().run(DELETE, doubtful, answer(404), delete_events=True)


def test_a_first_404_is_not_found() -> None:
    with pytest.raises(errors.NotFoundError):
        Play().run(DELETE, answer(404))
    with pytest.raises(errors.NotFoundError):
        Play().run(DELETE, answer(503), answer(404))


@pytest.mark.parametrize("last", [RESET, LATE, answer(500), answer(503), answer(429, retry_after="999")])
def test_a_delete_without_a_clear_answer_is_unknown(last: ServerResponse | TransportFailure) -> None:
    with pytest.raises(errors.OutcomeUnknown):
        Play(retries=1).run(DELETE, RESET, last)


def test_a_delete_that_never_went_out_is_not_unknown() -> None:
    with pytest.raises(errors.TransportError) as caught:
        Play(retries=1).run(DELETE, REFUSED)
    assert type(caught.value) is errors.TransportError


@pytest.mark.parametrize("operation", [READ, CHANGE, DELETE])
def test_a_failed_handshake_is_never_repeated(operation: Operation) -> None:
    play = Play()
    with pytest.raises(errors.TransportError, match="TLS"):
        play.run(operation, TLS)
    assert play.sent == 1


def test_time_that_ran_out_is_a_timeout() -> None:
    with pytest.raises(errors.DeadlineExceeded) as caught:
        Play(timeout=7).run(READ, LATE)
    assert isinstance(caught.value, TimeoutError)
    assert "7 s" in str(caught.value)


def test_an_answer_that_cannot_be_used_keeps_status_and_body() -> None:
    with pytest.raises(errors.MalformedResponseError) as caught:
        Play().run(READ, TransportFailure("bad gzip", sent=True, again=False, malformed=(200, b"abc")))
    assert (caught.value.status_code, caught.value.body) == (200, b"abc")


def test_429_waits_as_long_as_the_server_says() -> None:
    play = Play(pacing=False)
    play.run(READ, answer(429, retry_after="17"), answer(200))
    assert play.slept == [17.0]


@pytest.mark.parametrize("header", [{}, {"retry_after": "soon"}, {"retry_after": "-5"}])
def test_429_without_a_usable_word_backs_off(header: dict[str, str]) -> None:
    play = Play(pacing=False)
    play.run(READ, answer(429, **header), answer(200))
    assert play.slept == [2.0]


@pytest.mark.parametrize("asked", ["61", "99999999999999999999"])
def test_a_429_that_does_not_fit_into_the_timeout_raises_at_once(asked: str) -> None:
    play = Play(timeout=60)
    with pytest.raises(errors.RateLimitError) as caught:
        play.run(READ, answer(429, retry_after=asked))
    assert play.slept == []
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 61


def test_max_wait_bounds_the_waits_for_429_and_does_not_use_up_the_timeout() -> None:
    play = Play(timeout=10, max_wait=100, pacing=False)
    play.run(READ, answer(429, retry_after="40"), answer(429, retry_after="50"), answer(200))
    assert play.slept == [40.0, 50.0]
    with pytest.raises(errors.RateLimitError):
        Play(timeout=10, max_wait=60).run(READ, answer(429, retry_after="40"), answer(429, retry_after="40"))


def test_a_server_that_says_429_and_now_is_not_asked_for_ever() -> None:
    play = Play(pacing=False)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(429, retry_after="0"))
    assert play.sent <= 101


def test_retries_can_be_switched_off() -> None:
    for outcome in (answer(500), answer(429, retry_after="0"), RESET):
        play = Play(retries=0)
        with pytest.raises(errors.PostHogError):
            play.run(READ, outcome)
        assert play.sent == 1


def test_an_outage_costs_ten_retries_over_all_calls() -> None:
    play = Play(pacing=False, timeout=1000)
    for _ in range(50):
        with pytest.raises(errors.ServerError):
            play.run(READ, answer(503))
    assert play.sent == 60


def test_waits_never_go_beyond_the_deadline() -> None:
    play = Play(timeout=5, pacing=False)
    with pytest.raises(errors.ServerError):
        play.run(READ, answer(503))
    assert sum(play.slept) <= 5


def test_a_listing_waits_for_the_quota_and_a_single_call_does_not() -> None:
    play = Play(timeout=30)
    for _ in range(240):
        play.run(READ, answer(200))
    with pytest.raises(errors.RateLimitError) as caught:
        play.run(READ, answer(200))
    assert caught.value.retry_after == pytest.approx(60)
    assert (play.sent, play.slept) == (240, [])
    patient = Operation("persons.list", OperationKind.READ, "persons", patient=True)
    play.run(patient, answer(200))
    assert sum(play.slept) == pytest.approx(60)
    play.run(DELETE, answer(204))


def test_who_waits_for_the_quota_notices_that_it_grew() -> None:
    class Growing(RateLimiter):
        asked = 0

        def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
            self.asked += 1
            return 3600.0 if self.asked == 1 else super().acquire(bucket, ticket, seconds, patience)

    play = Play()
    play.client.quota = Growing(clock=play.clock)
    play.run(Operation("persons.list", OperationKind.READ, "persons", patient=True), answer(200))
    assert play.slept == [15.0]


def test_max_wait_bounds_what_a_listing_waits() -> None:
    play = Play(max_wait=10)
    patient = Operation("persons.list", OperationKind.READ, "persons", patient=True)
    for _ in range(240):
        play.run(patient, answer(200))
    with pytest.raises(errors.RateLimitError):
        play.run(patient, answer(200))


def test_the_twin_is_followed_once_and_remembered() -> None:
    play = Play()
    twin = URL.replace("environments", "projects")
    play.run(CHANGE, answer(307, location=twin), answer(202))
    assert (play.sent, play.client.prefix) == (2, "projects")
    with pytest.raises(errors.RedirectError) as caught:
        Play().run(READ, answer(308, location=twin))
    assert caught.value.location == twin


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/api/projects/1/persons/2/",
        "http://us.posthog.com/api/projects/1/persons/2/",
        "https://us.posthog.com/api/projects/1/persons/3/",
        "https://us.posthog.com/api/projects/1/persons/2/?a=1",
        "https://us.posthog.com:444/api/projects/1/persons/2/",
        "//evil.example/api/projects/1/persons/2/",
        "https://[bad",
        URL,
    ],
)
def test_nothing_else_is_followed(location: str) -> None:
    play = Play()
    with pytest.raises(errors.RedirectError) as caught:
        play.run(READ, answer(307, location=location))
    assert play.sent == 1
    assert caught.value.location == location


def test_a_redirect_that_is_not_for_repeating_is_not_followed() -> None:
    play = Play()
    with pytest.raises(errors.RedirectError):
        play.run(READ, answer(301, location=URL.replace("environments", "projects")))
    assert play.sent == 1


def test_sunset_warns_once_for_each_client() -> None:
    play = Play()
    with pytest.warns(DeprecationWarning, match="2026") as caught:
        play.run(READ, answer(200, sunset="Fri, 31 Jul 2026 00:00:00 GMT"))
    assert "projects" in str(caught[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        play.run(READ, answer(200, deprecation="true"))


def test_a_missing_scope_is_named() -> None:
    with pytest.raises(errors.PermissionDeniedError) as caught:
        Play().run(READ, answer(403, {"detail": "API key missing required scope 'person:read'"}))
    assert caught.value.required_scope == "person:read"


def test_the_first_404_hints_at_the_prefix_and_later_ones_do_not() -> None:
    play = Play()
    with pytest.raises(errors.NotFoundError, match='prefix="auto"'):
        play.run(READ, answer(404))
    play.run(READ, answer(200))
    with pytest.raises(errors.NotFoundError) as caught:
        play.run(READ, answer(404))
    assert "prefix" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, True),
        ({"content_type": "application/json"}, True),
        ({"content_type": "text/html; charset=utf-8"}, False),
    ],
)
def test_a_page_of_a_proxy_does_not_show_that_the_project_exists(headers: dict[str, str], found: bool) -> None:
    play = Play()
    play.run(READ, answer(200, **headers))
    with pytest.raises(errors.NotFoundError) as caught:
        play.run(READ, answer(404))
    assert (caught.value.hint == "") is found


def test_an_html_page_gives_a_short_escaped_excerpt() -> None:
    with pytest.raises(errors.ServerError) as caught:
        Play(retries=0).run(READ, answer(502, b"<html>\x1b]0;x\x07" + b"y" * 5000))
    assert "<html>" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_flow_that_is_dropped_gives_its_place_back() -> None:
    play = Play(timeout=30)
    generator = execute_call(play.context, Call(READ, {"method": "get", "url": "/"}))
    assert isinstance(next(generator), Send)
    generator.close()
    for _ in range(239):
        play.run(READ, answer(200))
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(200))


def test_the_headers_of_one_call_go_out_with_each_attempt() -> None:
    play = Play(extra_headers={"X-Trace": "7"}, pacing=False)
    generator = execute_call(play.context, Call(READ, {"method": "get", "url": "/", "params": {"a": 1}}))
    sent = [next(generator)]
    generator.send(answer(503))
    sent.append(generator.send(None))
    for command in sent:
        assert isinstance(command, Send)
        assert command.call.request == {
            "method": "get",
            "url": "/",
            "params": {"a": 1},
            "extra_headers": {"X-Trace": "7"},
        }


BUDGET = {"type": "throttled_error", "code": "api_queries_budget_exceeded", "detail": "Too much.", "attr": None}
QUERY = Operation("insights.trend", OperationKind.READ, "query")


def test_a_budget_of_bytes_is_waited_for_and_said() -> None:
    play = Play(max_wait=3600)
    play.run(QUERY, answer(429, BUDGET, retry_after="900"), answer(200))
    assert sum(play.slept) == pytest.approx(900)
    play.run(QUERY, answer(200))
    assert sum(play.slept) == pytest.approx(900)
    hurried = Play()
    for header in ({"retry_after": "900"}, {}):
        with pytest.raises(errors.RateLimitError, match="budget of bytes"):
            hurried.run(QUERY, answer(429, BUDGET, **header))
        hurried.now += 5000


def test_a_429_without_a_time_is_waited_for_a_little() -> None:
    play = Play()
    play.run(READ, answer(429), answer(429), answer(200))
    assert play.sent == 3
    assert 0 < sum(play.slept) < 60


def test_a_429_about_requests_leaves_room_for_others() -> None:
    play = Play(max_wait=100)
    for _ in range(100):
        play.run(READ, answer(200))
    play.run(READ, answer(429, retry_after="10"), answer(200))
    # What the window held is more than is used from now on, so that it has to pass.
    assert sum(play.slept) == pytest.approx(60)


def test_persons_and_insights_have_one_bucket_and_the_others_their_own() -> None:
    from posthog_environments.operations import insights, person_changes, person_history, persons

    asked = (persons.LIST, persons.GET, person_changes.UPDATE, person_history.ACTIVITY, insights.TREND)
    assert {op.bucket for op in asked} == {"persons"}
    assert person_changes.DELETE.bucket == "deletes"


def test_a_503_with_retry_after_is_waited_for_and_a_little_longer() -> None:
    play = Play(pacing=False)
    play.run(READ, answer(503, retry_after="3"), answer(200))
    assert play.slept == [4.0]


def test_a_429_that_ends_a_call_teaches_the_next_one() -> None:
    play = Play(timeout=60)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(429, retry_after="61"))
    with pytest.raises(errors.RateLimitError, match="Nothing was sent"):
        play.run(READ, answer(200))
    assert play.sent == 1


def _two_pauses(closed: list[bool]) -> CallGenerator[StepResult]:
    try:
        yield Sleep(1.0)
        return (yield Sleep(2.0))
    finally:
        closed.append(True)


def test_a_flow_that_is_watched_runs_as_it_would() -> None:
    seen: list[Step | StepResult] = []
    generator = with_observer(_two_pauses([]), seen.append)
    assert next(generator) == Sleep(1.0)
    assert seen == [Sleep(1.0)]
    one, other = answer(200), answer(404)
    assert generator.send(one) == Sleep(2.0)
    assert seen == [Sleep(1.0), one, Sleep(2.0)]
    with pytest.raises(StopIteration) as caught:
        generator.send(other)
    assert caught.value.value is other
    assert seen == [Sleep(1.0), one, Sleep(2.0), other]


def test_a_flow_that_is_watched_is_closed_with_its_watcher() -> None:
    closed: list[bool] = []
    inner = _two_pauses(closed)
    generator = with_observer(inner, lambda _: None)
    next(generator)
    generator.close()
    assert closed == [True]

    def fail(_: object) -> None:
        raise LookupError

    inner = _two_pauses(closed)
    with pytest.raises(LookupError):
        next(with_observer(inner, fail))
    assert closed == [True, True]

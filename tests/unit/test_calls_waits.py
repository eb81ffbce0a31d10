"""How long a call waits, for what, and what that leaves of its time, to the second."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from posthog_environments import errors
from posthog_environments.calls import attempts, messages
from posthog_environments.config.forks import restart_all
from posthog_environments.ratelimit.limiter import Bucket, RateLimiter
from tests.unit.play import DELETE, READ, RESET, URL, Play, answer


class Script(RateLimiter):
    """A quota that makes callers wait as a script says, then lets them go."""

    def __init__(self, play: Play, *waits: float) -> None:
        super().__init__(clock=play.clock)
        self.waits = list(waits)
        self.asked: list[str] = []
        self.left: list[str] = []

    def acquire(self, bucket: Bucket, ticket: str, seconds: float, patience: float) -> float:
        self.asked.append(ticket)
        return self.waits.pop(0) if self.waits else super().acquire(bucket, ticket, seconds, patience)

    def leave(self, bucket: Bucket, ticket: str) -> None:
        self.left.append(ticket)
        super().leave(bucket, ticket)


def scripted(*waits: float, **options: Any) -> tuple[Play, Script]:
    play = Play(**options)
    play.client.quota = quota = Script(play, *waits)
    return play, quota


# ------------------------------------------------------------------------------------------------ for the quota


def test_a_short_wait_is_a_wait() -> None:
    play, _ = scripted(0.5)
    play.run(READ, answer(200))
    assert play.slept == [0.5]


def test_a_nap_says_whether_it_is_for_the_quota() -> None:
    play, _ = scripted(0.5)
    play.run(READ, answer(503), answer(429, retry_after="2"), answer(200))
    assert play.slept == [0.5, 1.0, 2.0]
    assert play.naps_for_quota == [True, False, True]
    play, _ = scripted()
    play.run(READ, RESET, answer(200))
    assert play.naps_for_quota == [False]


def test_the_limit_itself_is_allowed() -> None:
    play, _ = scripted(10.0, max_wait=10)
    play.run(READ, answer(200))
    assert play.slept == [10.0]
    play, _ = scripted(10.5, max_wait=10)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(200))
    assert (play.sent, play.slept) == (0, [])


def test_waits_in_a_row_count_together() -> None:
    play, _ = scripted(6.0, 5.0, max_wait=10)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(200))
    assert (play.sent, play.slept) == (0, [6.0])


def test_who_waits_keeps_one_place_and_gives_it_up() -> None:
    play, quota = scripted(5.0, 5.0)
    play.run(READ, answer(200))
    assert quota.asked == ["0"] * 3
    assert quota.left == []
    play.run(READ, answer(200))
    assert quota.asked[-1] == "1"


def test_the_wait_for_the_quota_does_not_use_up_the_timeout() -> None:
    play, _ = scripted(12.0, timeout=5, max_wait=20)
    play.run(READ, answer(200))
    assert play.deadlines == [1017.0]


def test_the_wait_for_another_attempt_counts_as_the_first_does() -> None:
    play, _ = scripted(12.0, 0.0, 8.0, timeout=50, max_wait=20)
    play.client.quota = quota = Script(play, 12.0)
    script = [503, 200]

    def next_answer() -> messages.ServerResponse:
        quota.waits[:] = [8.0]
        return answer(script.pop(0))

    play.run(READ, next_answer, next_answer)
    assert play.slept == [12.0, 1.0, 8.0]
    assert play.deadlines == [1062.0, 1070.0]


def test_both_waits_together_are_bounded() -> None:
    play, quota = scripted(12.0, timeout=50, max_wait=19)

    def busy() -> messages.ServerResponse:
        quota.waits[:] = [8.0]
        return answer(503)

    with pytest.raises(errors.RateLimitError):
        play.run(READ, busy)
    assert play.slept == [12.0, 1.0]


def test_where_nothing_is_allowed_besides_it_counts_towards_the_timeout() -> None:
    play, quota = scripted(timeout=50)

    def busy() -> messages.ServerResponse:
        quota.waits[:] = [48.0, 33.0, 18.0, 3.0]
        return answer(503)

    play.run(READ, busy, answer(200))
    assert sum(play.slept) == pytest.approx(1 + 48)
    assert play.deadlines == [1050.0, 1050.0]
    play, quota = scripted(timeout=48)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, busy, answer(200))
    assert play.sent == 1


def test_no_time_left_is_no_second_of_grace() -> None:
    play, quota = scripted(timeout=2, max_wait=None)

    def late() -> messages.ServerResponse:
        quota.waits[:] = [0.5]
        play.now += 0.9
        return answer(503)

    with pytest.raises(errors.RateLimitError):
        play.run(READ, late)
    assert play.slept == [1.0]


def test_patience_used_up_is_no_second_of_grace() -> None:
    play, quota = scripted(10.0, timeout=50, max_wait=10)

    def busy() -> messages.ServerResponse:
        quota.waits[:] = [0.5]
        return answer(503)

    with pytest.raises(errors.RateLimitError):
        play.run(READ, busy)


def test_what_was_waited_adds_up_with_what_a_429_asks_for() -> None:
    play, quota = scripted(5.0, timeout=50, max_wait=20)
    script = ["again", "wait"]

    def busy() -> messages.ServerResponse:
        if script.pop(0) == "again":
            quota.waits[:] = [5.0]
            return answer(503)
        return answer(429, retry_after="11")

    with pytest.raises(errors.RateLimitError) as caught:
        play.run(READ, busy, busy)
    assert caught.value.retry_after == 11.0
    assert play.slept == [5.0, 1.0, 5.0]


# ------------------------------------------------------------------------------------------------ for a server


def test_waits_for_429_add_up_to_the_limit() -> None:
    play = Play(timeout=10, max_wait=100, pacing=False)
    play.run(READ, answer(429, retry_after="40"), answer(429, retry_after="60"), answer(200))
    assert play.slept == [40.0, 60.0]
    assert play.deadlines == [1010.0, 1050.0, 1110.0]
    play = Play(timeout=10, max_wait=100, pacing=False)
    more = [answer(429, retry_after=wait) for wait in ("40", "50", "11")]
    with pytest.raises(errors.RateLimitError):
        play.run(READ, *more)
    assert play.slept == [40.0, 50.0]


def test_without_pacing_nothing_was_waited_before() -> None:
    play = Play(timeout=10, max_wait=10, pacing=False)
    play.run(READ, answer(429, retry_after="10"), answer(200))
    assert play.slept == [10.0]


@pytest.mark.parametrize(("wait", "sent"), [("39", 2), ("40", 1)])
def test_a_429_is_waited_for_within_the_timeout(wait: str, sent: int) -> None:
    play = Play(timeout=40, pacing=False)
    try:
        play.run(READ, answer(429, retry_after=wait), answer(200))
    except errors.RateLimitError:
        assert sent == 1
    assert play.sent == sent


@pytest.mark.parametrize(("timeout", "sent"), [(1.0, 1), (1.5, 2)])
def test_a_retry_that_could_not_end_in_time_is_not_begun(timeout: float, sent: int) -> None:
    play = Play(timeout=timeout, pacing=False)
    with pytest.raises(errors.ServerError):
        play.run(READ, answer(503))
    assert play.sent == sent


def test_how_often_a_server_may_say_429_and_now() -> None:
    play = Play(pacing=False)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(429, retry_after="0"))
    assert play.sent == attempts.MAX_RATE_LIMITS + 1
    assert play.slept == []


def test_a_date_counts_from_the_clock_of_the_session() -> None:
    play = Play(pacing=False)
    play.client.now = lambda: datetime(2026, 1, 1, tzinfo=UTC)
    play.run(READ, answer(429, retry_after="Thu, 01 Jan 2026 00:00:07 GMT"), answer(200))
    assert play.slept == [7.0]


# ------------------------------------------------------------------------------------------------ the rest


def test_a_redirect_to_its_own_place_is_not_followed() -> None:
    play = Play(pacing=False)
    own = URL.replace("environments", "projects")
    with pytest.raises(errors.RedirectError):
        play.run(READ, replace(answer(307, location=own), url=own))
    assert (play.sent, play.client.prefix) == (1, "environments")


def test_a_child_begins_anew() -> None:
    play = Play()
    held = play.client.lock
    held.acquire()
    gone: list[str] = []
    play.client.quota.after_fork = lambda: gone.append("quota")  # type: ignore[method-assign]
    restart_all()
    assert play.client.lock is not held
    assert play.client.lock.acquire(blocking=False)
    assert gone == ["quota"]


def test_a_doubtful_delete_says_why_it_stopped() -> None:
    play, quota = scripted(max_wait=0)

    def busy() -> messages.ServerResponse:
        quota.waits[:] = [60.0]
        return answer(502)

    with pytest.raises(errors.OutcomeUnknown) as caught:
        play.run(DELETE, busy)
    assert "carried out: there was no quota left to ask again. " in str(caught.value)

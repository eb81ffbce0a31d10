"""Delays, budgets and rates, with a clock of the test's own."""

from __future__ import annotations

import math
from collections import deque
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.calls.retry import RetryBudget, backoff, retry_after
from posthog_environments.ratelimit.limiter import RATES
from tests.unit.play import TimedLimiter

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("17", 17.0),
        (" 2.5 ", 2.5),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1 2", None),
        ("99999999999999999999", math.inf),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Wed, 31 Dec 2025 23:59:59 GMT", None),
        ("Thu, 99 Jan 2026 00:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_or_passed_over(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
@settings(deadline=None, derandomize=True)
def test_retry_after_never_raises(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


def test_backoff_grows_to_a_cap_and_has_full_jitter() -> None:
    assert [backoff(n, lambda: 1.0) for n in (1, 2, 3, 4, 5, 500)] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert backoff(3, lambda: 0.0) == 0.0


def test_an_outage_costs_ten_retries() -> None:
    budget = RetryBudget()
    assert sum(budget.spend() for _ in range(1000)) == 10


def test_a_third_of_random_faults_is_ridden_out() -> None:
    budget = RetryBudget()
    for _ in range(10_000):
        budget.earn()
        budget.earn()
        assert budget.spend()


class SlidingServer:
    """A server that counts each request when it arrives, over a sliding window."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self.log: deque[float] = deque()

    def accepts(self, now: float) -> bool:
        while self.log and self.log[0] <= now - self.seconds:
            self.log.popleft()
        if len(self.log) >= self.limit:
            return False
        self.log.append(now)
        return True


class FixedServer:
    """A server that counts requests in windows of the clock."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self.window, self.count = -1, 0

    def accepts(self, now: float) -> bool:
        window = int(now // self.seconds)
        if window != self.window:
            self.window, self.count = window, 0
        self.count += 1
        return self.count <= self.limit


@pytest.mark.parametrize("server", [SlidingServer, FixedServer])
@pytest.mark.parametrize("latency", [0.0, 0.05, 0.3])
def test_the_rates_are_used_up_and_never_broken(server: type[SlidingServer | FixedServer], latency: float) -> None:
    quota = TimedLimiter({**RATES, "persons": ((180, 60.0), (1200, 3600.0))})
    servers = [server(limit, seconds) for limit, seconds in ((180, 60.0), (1200, 3600.0))]
    now, sent = 7.0, 0
    end = now + 7200
    while now < end:
        wait = quota.acquire("persons", now)
        if wait > 0:
            now += wait
            continue
        accepted = [each.accepts(now + latency / 2) for each in servers]
        assert all(accepted), f"refused after {sent}"
        sent += 1
        now += latency
        quota.settle("persons", now)
    assert sent >= 0.97 * 2 * 1200


def test_requests_in_flight_count() -> None:
    quota = TimedLimiter({"persons": ((2, 60.0),), "deletes": ((2, 60.0),), "query": ((1, 60.0),)})
    assert quota.acquire("persons", 0.0) == 0
    assert quota.acquire("persons", 0.0) == 0
    assert quota.acquire("persons", 0.0) > 0
    quota.settle("persons", 10.0)
    assert quota.acquire("persons", 10.0) > 0
    quota.settle("persons", 11.0)
    assert quota.acquire("persons", 12.0) == pytest.approx(58.0)
    assert quota.acquire("deletes", 12.0) == 0


def test_a_block_by_the_server_holds() -> None:
    quota = TimedLimiter()
    quota.refuse("persons", 40.0, 60.0)
    assert quota.acquire("persons", 40.0) == pytest.approx(60.0)
    assert quota.acquire("query", 40.0) == 0
    assert quota.acquire("persons", 100.0) == 0


def _used_up(limit: int, now: float) -> TimedLimiter:
    """Return a quota with so many requests behind it in the last second."""
    quota = TimedLimiter()
    for _ in range(limit):
        assert quota.acquire("persons", now) == 0
        quota.settle("persons", now)
    return quota


def test_a_block_lasts_no_longer_than_the_longest_window() -> None:
    quota = TimedLimiter()
    quota.refuse("persons", 0.0, math.inf)
    assert quota.acquire("persons", 0.0) == pytest.approx(3600.0)


def test_a_refusal_leaves_room_for_others_and_spreads_what_is_ours() -> None:
    quota = _used_up(100, 0.0)
    quota.refuse("persons", 0.0, 10.0)
    # 70 of the 100 that had room, at a fixed distance, once the log has room.
    assert quota.acquire("persons", 61.0) == 0
    assert quota.acquire("persons", 61.0) == pytest.approx(60 / 70, rel=0.03)


def test_refusals_of_what_was_under_way_teach_once() -> None:
    quota = _used_up(100, 0.0)
    for _ in range(8):
        quota.refuse("persons", 0.0, 10.0)
    assert quota.acquire("persons", 61.0) == 0
    assert quota.acquire("persons", 61.0) == pytest.approx(60 / 70, rel=0.03)


def test_a_long_retry_after_speaks_of_the_long_window() -> None:
    quota = _used_up(100, 0.0)
    quota.refuse("persons", 0.0, 600.0)
    assert quota.acquire("persons", 601.0) == 0
    # A quarter of the hour is left at least.
    assert quota.acquire("persons", 601.0) == pytest.approx(3600 / 300, rel=0.03)


def test_what_was_lost_comes_back_by_requests_and_by_time() -> None:
    quota = _used_up(100, 0.0)
    quota.refuse("persons", 0.0, 10.0)
    now = 61.0
    for _ in range(2000):
        while (wait := quota.acquire("persons", now)) > 0:
            now += wait
        quota.settle("persons", now)
    assert now < 61.0 + 12 * 3600
    rested = now + 14 * 3600
    assert [quota.acquire("persons", rested) for _ in range(180)] == [0.0] * 180
    rested_only = _used_up(100, 0.0)
    rested_only.refuse("persons", 0.0, 10.0)
    assert [rested_only.acquire("persons", 14 * 3600.0) for _ in range(180)] == [0.0] * 180


def test_who_waits_keeps_his_place() -> None:
    quota = TimedLimiter({"persons": ((1, 60.0),), "deletes": ((1, 60.0),), "query": ((1, 60.0),)})
    assert quota.acquire("persons", 0.0, "first") == 0
    quota.settle("persons", 0.0)
    assert quota.acquire("persons", 1.0, "second") == pytest.approx(59.0)
    assert quota.acquire("persons", 2.0, "third") > 0
    assert quota.acquire("persons", 60.0, "third") > 0
    assert quota.acquire("persons", 60.0, "second") == 0
    quota.settle("persons", 60.0)
    assert quota.acquire("persons", 61.0, "fourth") > 0
    quota.leave("persons", "third")
    quota.leave("persons", "nobody")
    assert quota.acquire("persons", 120.0, "fourth") == 0


def test_a_child_process_has_nothing_in_flight() -> None:
    quota = TimedLimiter({"persons": ((1, 60.0),), "deletes": ((1, 60.0),), "query": ((1, 60.0),)})
    assert quota.acquire("persons", 0.0, "one") == 0
    assert quota.acquire("persons", 0.0, "other") > 0
    quota.limiter.after_fork()
    assert quota.limiter.in_flight("persons") == 0
    assert quota.acquire("persons", 0.0, "third") == 0


def test_a_success_gives_ten_retries_in_a_row_again_and_half_of_one_to_the_store() -> None:
    budget = RetryBudget()
    for _ in range(10):
        assert budget.spend()
    assert not budget.spend()
    budget.earn()
    assert sum(budget.spend() for _ in range(20)) == 10
    # A server that fails most of the time gets half a retry for each success in the end.
    retries = 0
    for _ in range(400):
        budget.earn()
        while budget.spend():
            retries += 1
    assert retries <= 100 + 400 / 2


def test_faults_at_random_do_not_use_the_budget_up() -> None:
    dice, budget = Random(1), RetryBudget()
    for _ in range(100_000):
        while dice.random() < 0.3:
            assert budget.spend()
        budget.earn()


def test_a_date_in_retry_after_counts_from_now() -> None:
    later = NOW + timedelta(hours=1)
    assert retry_after(later.strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW) == 3600


def test_where_a_number_becomes_absurd() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after("9" * 12, now) == 999_999_999_999
    assert retry_after("9" * 13, now) == math.inf


def test_a_date_that_is_now_or_nearly() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    assert retry_after(date, now) == 0.0
    assert retry_after(date, now - timedelta(seconds=0.5)) == 0.5
    assert retry_after(date, now + timedelta(seconds=0.5)) is None


def test_the_store_of_retries_can_be_used_up_to_the_last() -> None:
    budget = RetryBudget()
    spent = 0
    while budget.spend():
        spent += 1
        budget.earn()
    # Each success gives back half of what a retry takes.
    assert spent == 199

"""Delays, budgets and rates, with a clock of the test's own."""

from __future__ import annotations

import math
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.quota import RATES, Quota
from posthog_environments.retry import RetryBudget, backoff, retry_after

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
    quota = Quota()
    servers = [server(limit, seconds) for limit, seconds in RATES["persons"]]
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
    quota = Quota({"persons": ((2, 60.0),), "deletes": ((2, 60.0),), "insights": ((1, 60.0),)})
    assert quota.acquire("persons", 0.0) == 0
    assert quota.acquire("persons", 0.0) == 0
    assert quota.acquire("persons", 0.0) > 0
    quota.settle("persons", 10.0)
    assert quota.acquire("persons", 10.0) > 0
    quota.settle("persons", 11.0)
    assert quota.acquire("persons", 12.0) == pytest.approx(58.0)
    assert quota.acquire("deletes", 12.0) == 0


def test_a_block_by_the_server_holds() -> None:
    quota = Quota()
    quota.block("persons", 100.0)
    assert quota.acquire("persons", 40.0) == pytest.approx(60.0)
    assert quota.acquire("insights", 40.0) == 0
    assert quota.acquire("persons", 100.0) == 0


def test_a_date_in_retry_after_counts_from_now() -> None:
    later = NOW + timedelta(hours=1)
    assert retry_after(later.strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW) == 3600

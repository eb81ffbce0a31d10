"""The campaigns about load and limits, bounded; and the client broken on purpose, so that they miss their figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments import errors
from posthog_environments.calls import attempts, execute, retry
from posthog_environments.client.pager import Pager
from posthog_environments.ratelimit import limiter as quota
from soak import load
from soak.frame import Campaign, Effort, missed

EFFORT = Effort(share=0.02, seed=2)
LITTLE = Effort(share=0.01, seed=3)


@pytest.mark.parametrize("campaign", load.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_the_campaigns(campaign: Campaign) -> None:
    assert missed(campaign.make(EFFORT)) == []


def _missed(make: Callable[[Effort], Any]) -> str:
    return "\n".join(missed(make(LITTLE)))


class _WithoutFlights(quota.SlidingLog):
    """Counts requests from their answers on alone."""

    def acquire(self, now: float, waiter: Any) -> float:
        wait = super().acquire(now, waiter)
        self.flying = 0
        return wait

    def settle(self, now: float) -> None:
        self.flying = 1
        super().settle(now)


def test_a_log_without_what_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "SlidingLog", _WithoutFlights)
    assert "429s and failures" in _missed(load.quiet)


def test_requests_spread_evenly_and_a_little_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.RateWindow, "fraction", lambda *_: 0.95)
    assert "part of the quota that was used" in _missed(load.quiet)


class _LastComeFirst(quota.SlidingLog):
    """Serves those first who have waited least."""

    def _ahead(self, waiter: Any) -> int:
        waiting = list(self._waiting)
        return len(waiting) - 1 - waiting.index(waiter) if waiter in waiting else 0


def test_a_queue_that_serves_the_last_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "SlidingLog", _LastComeFirst)
    assert "the worker with the fewest calls" in _missed(load.neighbours)


def test_a_quota_that_learns_nothing_from_a_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.RateWindow, "refuse", lambda *_: None)
    found = _missed(load.neighbours)
    assert "429s in" in found
    assert "what the neighbour got" in found


def test_a_quota_that_gives_up_most_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.RateWindow, "DECREASE", 0.1)
    monkeypatch.setattr(quota.RateWindow, "LEAST", 0.02)
    monkeypatch.setattr(quota.RateWindow, "DOUBLING", 10_000)
    assert "part of the quota that both used" in _missed(load.neighbours)


def test_a_block_that_lasts_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = quota.SlidingLog.refuse

    def refuse_longer(log: Any, now: float, wait: float, *, teaches: bool = True) -> None:
        refuse(log, now, wait, teaches=teaches)
        log._blocked_until = now + 2 * log._windows[-1].seconds

    monkeypatch.setattr(quota.SlidingLog, "refuse", refuse_longer)
    assert "longest wait for a call" in _missed(load.neighbours)


def test_429s_that_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MAX_RATE_LIMITS", 0)
    found = _missed(load.neighbours)
    assert "calls of ours that failed" in found


def test_no_pacing_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.RateLimiter, "acquire", lambda *_: 0.0)
    monkeypatch.setattr(quota.RateLimiter, "settle", lambda *_: None)
    assert "429s" in _missed(load.real_time)


def test_pacing_at_half_of_the_rate_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota.RateWindow, "fraction", lambda *_: 0.5)
    assert "part used" in _missed(load.real_time)


# Defects for the process of a long walk, which has a client of its own.


def retry_nothing() -> None:
    """Give up at the first fault."""
    retry.RetryBudget.IN_A_ROW = 0


def hold_all() -> None:
    """Keep 16 kB for each row that was walked over."""
    rows: Callable[..., Any] = Pager.__iter__
    kept: list[bytes] = []

    def iterate(pager: Any) -> Any:
        for row in rows(pager):
            kept.append(bytes(16_384))
            yield row

    Pager.__iter__ = iterate  # type: ignore[method-assign]


def fetch_twice() -> None:
    """Make each call twice."""
    make = execute.execute_call

    def make_twice(context: Any, call: Any) -> Any:
        yield from make(context, call)
        return (yield from make(context, call))

    from posthog_environments.operations import persons

    persons.execute_call = make_twice  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("defect", "figure"),
    [(retry_nothing, "missed or seen twice"), (hold_all, "memory besides"), (fetch_twice, "requests for each page")],
)
def test_a_walk_that_is_spoiled(defect: Callable[[], None], figure: str) -> None:
    found = "\n".join(missed(load.faults(LITTLE, f"{__name__}:{defect.__name__}")))
    assert figure in found


def test_a_budget_that_is_never_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry.RetryBudget, "spend", lambda _: True)
    found = _missed(load.outage)
    assert "503: requests for" in found
    assert "503 on the wire" in found
    assert "refused on the wire" in found


def test_a_client_that_is_shut_by_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    send = execute._send

    def send_unless_used_up(scope: Any, attempt: Any) -> Any:
        if scope.client.budget._in_a_row >= 10:
            raise errors.TransportError("open")
        return (yield from send(scope, attempt))

    monkeypatch.setattr(execute, "_send", send_unless_used_up)
    assert "calls that work afterwards" in _missed(load.outage)


def test_pauses_without_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "backoff", lambda attempt, _: retry.backoff(attempt, lambda: 1.0))
    found = _missed(load.recovery)
    assert "told nothing" in found
    assert "told Retry-After" in found

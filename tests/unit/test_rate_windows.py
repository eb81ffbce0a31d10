"""The fraction of a rate that a client uses after a 429."""

from __future__ import annotations

import pytest

from posthog_environments.ratelimit.limiter import HOURLY, RATES, Bucket, Rate, RateLimiter, RateWindow
from posthog_environments.ratelimit.shared_state import SharedState, StateChange, StoreTime
from tests.unit.play import TimedLimiter

MINUTE: Rate = (100, 60.0)
HOUR: Rate = (1000, 3600.0)


def refused(held: int = 50, now: float = 0.0) -> RateWindow:
    window = RateWindow(MINUTE)
    window.refuse(held, now)
    return window


def test_all_of_a_window_is_used_until_a_429() -> None:
    window = RateWindow(MINUTE)
    for _ in range(3):
        window.let_through()
    assert window.fraction(1e6) == 1.0


@pytest.mark.parametrize(("held", "fraction"), [(100, 0.7), (50, 0.35), (10, 0.25), (0, 0.25)])
def test_after_a_429_somewhat_less_than_it_held_is_used(held: int, fraction: float) -> None:
    assert refused(held).fraction(0.0) == pytest.approx(fraction)


def test_the_fraction_grows_with_each_accepted_request() -> None:
    window = refused()
    fractions = []
    for _ in range(3):
        for _ in range(RateWindow.DOUBLING):
            window.let_through()
        fractions.append(window.fraction(0.0))
    assert fractions == [pytest.approx(0.36), pytest.approx(0.38), pytest.approx(0.42)]


def test_the_fraction_grows_with_time() -> None:
    window = refused(now=1000.0)
    assert window.fraction(1000.0) == 0.35
    assert window.fraction(990.0) == 0.35
    assert window.fraction(1120.0) == pytest.approx(0.36)
    assert window.fraction(1240.0) == pytest.approx(0.38)


def test_the_fraction_never_exceeds_one() -> None:
    window = refused()
    assert window.fraction(1e9) == 1.0
    assert window.fraction(0.0) == 1.0


def test_another_429_lowers_the_current_fraction() -> None:
    window = refused()
    for _ in range(100):
        window.let_through()
    window.refuse(100, 0.0)
    assert window.fraction(0.0) == pytest.approx(0.7 * 0.36)


def used(quota: TimedLimiter, count: int, now: float) -> None:
    for _ in range(count):
        assert quota.acquire("persons", now) == 0
        quota.settle("persons", now)


def spacing(quota: TimedLimiter, now: float) -> float:
    """Return the seconds between two requests that a fraction leaves; 0 while all of the rate is used."""
    assert quota.acquire("persons", now) == 0
    wait = quota.acquire("persons", now)
    quota.settle("persons", now)
    return wait


def test_one_window_alone() -> None:
    quota = TimedLimiter({"persons": (MINUTE,)})
    used(quota, 50, 0.0)
    quota.refuse("persons", 0.0, 60.0)
    assert quota.acquire("persons", 59.0) == pytest.approx(1.0)
    assert spacing(quota, 61.0) == pytest.approx(60 / 35, rel=0.1)


def test_a_429_is_of_the_fullest_window_that_fits_the_wait() -> None:
    for wait, slow in ((60.0, False), (61.0, True), (7200.0, True)):
        quota = TimedLimiter({"persons": (MINUTE, HOUR)})
        used(quota, 90, 0.0)
        quota.refuse("persons", 0.0, wait)
        after = 3700.0
        # The hour spaces requests fourteen seconds apart, the minute by one at most.
        assert (spacing(quota, after) > 5) is slow, wait


def test_a_429_of_a_request_in_flight_teaches_nothing_new() -> None:
    quota = TimedLimiter({"persons": (MINUTE,)})
    used(quota, 100, 0.0)
    quota.refuse("persons", 0.0, 30.0)
    quota.refuse("persons", 29.9, 0.0)
    once = quota.logs["persons"]._windows[0].fraction(30.0)
    assert once > 0.69
    quota.refuse("persons", 30.0, 1.0)
    assert quota.logs["persons"]._windows[0].fraction(30.0) < 0.5


def test_the_log_is_no_longer_than_the_largest_rate() -> None:
    quota = TimedLimiter({"persons": (MINUTE, HOUR)})
    for hour in range(3):
        for minute in range(12):
            used(quota, 80, 3700.0 * hour + 70.0 * minute)
    assert len(quota.logs["persons"]._stamps) == max(HOUR[0], HOURLY[0])


def test_a_wait_of_more_than_a_minute_teaches_an_hour() -> None:
    """As servers of 2025 do, which count 180 a minute and 1,200 an hour."""
    quota = TimedLimiter()
    for turn in range(6):
        used(quota, 200, 61.0 * turn)
    now = 61.0 * 6
    quota.refuse("persons", now, 60.0)
    assert len(quota.logs["persons"]._windows) == 1
    quota.refuse("persons", now + 60.0, 3200.0)
    minute, hour = quota.logs["persons"]._windows
    assert (hour.limit, hour.seconds) == HOURLY == (1200, 3600.0)
    assert 0.69 < hour.fraction(now + 60.0) < 0.71
    assert quota.acquire("persons", now + 3000.0) >= 260.0
    assert minute.limit == 240
    quota.refuse("persons", now + 60.0, 3200.0)
    assert len(quota.logs["persons"]._windows) == 2


def test_deletes_have_a_window_of_an_hour_from_the_start() -> None:
    quota = TimedLimiter()
    quota.refuse("deletes", 0.0, 3000.0)
    assert [(window.limit, window.seconds) for window in quota.logs["deletes"]._windows] == [(480, 60), (4800, 3600)]


def test_a_429_about_bytes_teaches_nothing_about_requests() -> None:
    quota = TimedLimiter()
    used(quota, 10, 0.0)
    quota.refuse("query", 1.0, 1800.0, teaches=False)
    assert quota.acquire("query", 1.0) == pytest.approx(1800.0)
    (window,) = quota.logs["query"]._windows
    assert window.fraction(1.0) == 1.0
    assert quota.acquire("persons", 1.0) == 0


def test_a_429_is_about_requests_unless_it_is_said_not_to_be() -> None:
    now = [0.0]
    limiter = RateLimiter({"persons": (MINUTE,)}, lambda: now[0])
    limiter.refuse("persons", 1.0)
    now[0] = 61.0
    assert limiter.acquire("persons", "a", 60.0, 1.0) == 0
    assert limiter.acquire("persons", "b", 60.0, 1.0) == pytest.approx(60 / 25, rel=0.05)


def test_an_absurd_wait_stops_the_client_for_its_longest_window() -> None:
    quota = TimedLimiter({"persons": (MINUTE, (500, 600.0)), "deletes": ((500, 600.0),)})
    buckets: tuple[Bucket, ...] = ("persons", "deletes")
    for bucket in buckets:
        quota.refuse(bucket, 0.0, 1e9)
        assert quota.acquire(bucket, 0.0) == pytest.approx(600.0)
        # It is the longest window that the server has shown to be full.
        assert quota.acquire(bucket, 600.0) == 0
        assert quota.acquire(bucket, 600.0, "next") == pytest.approx(600 / 125, rel=0.05)


def test_a_learned_window_is_kept_in_the_store() -> None:
    rates = RATES["persons"]
    state = SharedState.open(rates, None, StoreTime(0.0, 0.0), "a")
    state.refuse(0.0, 3000.0)
    page = state.close()
    assert len(page.learned) == 2
    again = SharedState.open(rates, page.encode(), StoreTime(10.0, 10.0), "b")
    assert again.acquire(10.0, "t") == pytest.approx(2990.0)
    assert [window.seconds for window in again._windows] == [60.0, 3600.0]
    fresh = SharedState.open(rates, None, StoreTime(10.0, 10.0), "c").close()
    fresh.merge(page)
    assert len(fresh.learned) == 2
    page.merge(SharedState.open(rates, None, StoreTime(10.0, 10.0), "d").close())
    assert len(page.learned) == 2
    paused = SharedState.open(rates, None, StoreTime(0.0, 0.0), "e")
    paused.apply([StateChange("pause", 0.0, seconds=1800.0)], 0.0, 0.0)
    assert len(paused.close().learned) == 1
    assert paused.acquire(0.0, "t") == pytest.approx(1800.0)

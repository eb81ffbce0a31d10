"""A shared limiter decides as one in memory does, and copes with dead workers, clocks that jump and lost states."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.ratelimit import shared_state
from posthog_environments.ratelimit.limiter import Rate
from posthog_environments.ratelimit.shared_state import (
    CachedSnapshot,
    FallbackLimiter,
    SharedState,
    Snapshot,
    StateChange,
    StoreTime,
)
from tests.unit.play import TimedLimiter

RATES: tuple[Rate, ...] = ((3, 10.0), (8, 60.0))


class Store:
    """Keeps one state, as a store does, on a clock of the test."""

    def __init__(self, rates: tuple[Rate, ...] = RATES) -> None:
        self.rates = rates
        self.data: bytes | None = None
        self.now = 1000.0
        self.run = ""

    def use(
        self,
        user: str,
        seen: CachedSnapshot | None = None,
        *changes: StateChange,
        take: str = "",
        cut_off: bool = False,
    ) -> Any:
        """Apply changes, acquire permission if a ticket is given; return the wait, and the cached state."""
        moment = StoreTime(self.now, self.now, run=self.run)
        state = SharedState.open(self.rates, self.data, moment, user, seen, self.now, cut_off=cut_off)
        state.apply(changes, self.now, self.now)
        wait = state.take(self.now, take, 5.0) if take else None
        self.data = state.close().encode()
        return wait, CachedSnapshot(Snapshot.decode(self.data), self.now)

    @property
    def page(self) -> Snapshot:
        assert self.data is not None
        return Snapshot.decode(self.data)

    def settle(self, ticket: str) -> StateChange:
        return StateChange("settle", self.now, ticket)


STEP = st.tuples(st.sampled_from(["ask", "settle", "refuse", "leave"]), st.integers(0, 3), st.floats(0.0, 8.0))
STEPS = st.lists(STEP, max_size=60)


@given(STEPS)
@settings(deadline=None, derandomize=True, max_examples=150)
def test_one_worker_with_a_store_decides_as_in_memory(steps: list[tuple[str, int, float]]) -> None:
    store = Store()
    quota = TimedLimiter({"persons": RATES})
    flying: set[str] = set()
    waiting: set[str] = set()
    for do, number, pause in steps:
        # Shorter than leases and queue positions last, which do not expire in memory.
        store.now += pause / 2
        name = f"a.{number}"
        if do == "ask" and name not in flying:
            wait = store.use("a", take=name)[0]
            assert wait == pytest.approx(quota.acquire("persons", store.now, name), abs=1e-6)
            (waiting if wait > 0 else flying).add(name)
            waiting -= flying
        elif do == "settle":
            for each in sorted(flying):
                store.use("a", None, store.settle(each))
                quota.settle("persons", store.now)
            flying.clear()
        elif do == "refuse":
            store.use("a", None, StateChange("refuse", store.now, seconds=pause))
            quota.refuse("persons", store.now, pause)
        elif do == "leave" and name in waiting:
            store.use("a", None, StateChange("leave", store.now, name))
            quota.leave("persons", name)
        if do != "settle":
            # No request is in flight for longer than its lease lasts.
            for each in sorted(flying):
                store.use("a", None, store.settle(each))
                quota.settle("persons", store.now)
            flying.clear()
        for each in sorted(waiting):
            quota.leave("persons", each)
            store.use("a", None, StateChange("leave", store.now, each))
        waiting.clear()


def test_workers_share_one_quota_and_take_turns() -> None:
    store = Store(((1, 10.0),))
    assert store.use("a", take="a.1")[0] == 0
    assert store.use("b", take="b.1")[0] > 0
    store.use("a", None, store.settle("a.1"))
    store.now += 1.0
    assert store.use("b", take="b.1")[0] == pytest.approx(9.0)
    assert store.use("a", take="a.2")[0] > 9.0
    store.now += 9.0
    assert store.use("a", take="a.2")[0] > 0
    assert store.use("b", take="b.1")[0] == 0


def test_a_lease_that_is_not_returned_expires_and_then_counts_for_a_window() -> None:
    store = Store(((1, 10.0),))
    assert store.use("a", take="a.1")[0] == 0
    store.now += 5.0
    assert store.use("b", take="b.1")[0] == pytest.approx(10.0)
    store.now += 10.0
    assert store.use("b", take="b.1")[0] == 0


def test_an_abandoned_queue_position_goes_to_the_next() -> None:
    store = Store(((1, 10.0),))
    store.use("a", take="a.1")
    store.use("a", None, store.settle("a.1"))
    store.use("dead", take="dead.1")
    store.now += 10.0
    assert store.use("b", take="b.1")[0] > 0
    store.now += shared_state.LATE + 0.1
    assert store.use("b", take="b.1")[0] == 0


def test_a_change_that_is_applied_twice_counts_once() -> None:
    store = Store()
    store.use("a", take="a.1")
    note = store.settle("a.1")
    store.use("a", None, note, note)
    store.use("a", None, note)
    assert len(store.page.stamps) == 1


def test_a_lease_of_a_request_that_was_not_sent_costs_nothing() -> None:
    store = Store(((1, 10.0),))
    assert store.use("a", take="a.1")[0] == 0
    store.use("a", None, StateChange("leave", store.now, "a.1"))
    assert store.use("b", take="b.1")[0] == 0


def test_a_late_change_is_dated_when_it_happened() -> None:
    store = Store()
    store.use("a", take="a.1")
    early = store.settle("a.1")
    store.now += 2.0
    store.use("b", take="b.1")
    store.use("b", None, store.settle("b.1"))
    store.now += 1.0
    store.use("a", None, early)
    assert store.page.stamps == [1000.0, 1002.0]


def fill(store: Store, user: str, count: int) -> CachedSnapshot:
    for number in range(count):
        assert store.use(user, take=f"{user}.{number}")[0] == 0
        store.use(user, None, store.settle(f"{user}.{number}"))
    seen: CachedSnapshot = store.use(user)[1]
    return seen


WINDOW = RATES[0][1]


def test_a_store_that_lost_its_state_holds_all_requests_for_one_window() -> None:
    store = Store()
    store.use("b")
    seen_a = fill(store, "a", 1)
    seen_b = fill(store, "b", 1)
    store.data = None
    assert store.use("a", seen_a, take="a.9")[0] == WINDOW
    store.now += WINDOW - 1
    # The next worker adds what it knows, and does not begin another window.
    assert store.use("b", seen_b, take="b.9")[0] == pytest.approx(1.0)
    assert store.page.stamps == [1000.0, 1000.0]
    store.now += 1.0
    assert store.use("a", take="a.9")[0] == 0
    assert store.use("b", take="b.9")[0] == 0


def test_the_longer_window_counts_what_all_workers_remember() -> None:
    store = Store(((8, 10.0), (8, 60.0)))
    seen_a = fill(store, "a", 3)
    seen_b = fill(store, "b", 4)
    store.data = None
    store.use("a", seen_a)
    store.use("b", seen_b)
    store.now += WINDOW
    assert store.use("a", take="a.9")[0] == 0
    assert store.use("b", take="b.9")[0] > 40.0


def test_a_new_worker_cannot_know_of_a_loss_and_the_next_one_notices() -> None:
    store = Store()
    seen = fill(store, "a", 2)
    store.data = None
    assert store.use("new", take="new.1")[0] == 0
    assert store.use("a", seen, take="a.9")[0] == WINDOW
    assert store.page.leases == {"new.1": 1005.0}
    assert len(store.page.stamps) == 2


def test_a_request_in_flight_when_the_state_was_lost_is_counted_when_it_ends() -> None:
    store = Store()
    seen_a = store.use("a", take="a.1")[1]
    seen_b = store.use("b")[1]
    store.data = None
    store.use("b", seen_b)
    store.now += 2.0
    store.use("a", seen_a, store.settle("a.1"))
    assert store.page.stamps == [1002.0]


def test_an_earlier_state_is_noticed() -> None:
    store = Store()
    store.use("a", take="a.1")
    earlier = store.data
    seen = fill(store, "b", 2)
    store.data = earlier
    assert store.use("b", seen, take="b.9")[0] == WINDOW
    assert len(store.page.stamps) == 2
    assert store.page.generation != seen.snapshot.generation


def test_a_state_from_before_a_loss_is_noticed_too() -> None:
    store = Store()
    store.use("b")
    before = fill(store, "a", 1)
    kept = store.data
    store.data = None
    after = store.use("a", before)[1]
    store.now += WINDOW
    store.data = kept
    assert store.use("a", after, take="a.9")[0] == WINDOW
    store.now += WINDOW
    # A worker that saw only the first state has nothing to wait for.
    assert store.use("b", before, take="b.9")[0] == 0


def test_a_worker_that_comes_long_after_a_loss_holds_nobody() -> None:
    store = Store()
    seen_b = fill(store, "b", 1)
    seen_a = fill(store, "a", 1)
    store.data = None
    store.use("a", seen_a)
    store.now += 50.0
    assert store.use("b", seen_b, take="b.9")[0] == 0


def test_a_server_that_was_restarted_may_have_lost_changes() -> None:
    store = Store()
    seen = store.use("a", take="a.1")[1]
    store.run = "second"
    assert store.use("b", take="b.1")[0] == WINDOW
    store.now += WINDOW
    assert store.use("a", seen, store.settle("a.1"), take="a.2")[0] == 0


def test_an_outage_of_the_store_holds_requests_so_that_all_can_write_what_they_did() -> None:
    store = Store()
    seen_a = store.use("a")[1]
    seen_b = store.use("b")[1]
    store.now += shared_state.NOTICED - 1
    assert store.use("b", seen_b, take="b.1", cut_off=True)[0] == 0
    store.use("b", None, store.settle("b.1"))
    store.now += 900.0
    assert store.use("b", seen_b, take="b.2", cut_off=True)[0] == WINDOW
    lease, settle = StateChange("lease", store.now - 8.0, "a.1", 5.0), StateChange("settle", store.now - 8.0, "a.1")
    store.use("a", seen_a, lease, settle, cut_off=True)
    store.now += WINDOW
    assert store.use("b", take="b.2")[0] == 0
    assert store.now - 18.0 in store.page.stamps


def test_one_worker_that_was_cut_off_holds_nobody() -> None:
    store = Store()
    seen = store.use("a")[1]
    store.now += 900.0
    store.use("b")
    store.now += 1.0
    assert store.use("a", seen, take="a.1", cut_off=True)[0] == 0


def test_a_pause_in_which_the_store_was_not_used_costs_nothing() -> None:
    store = Store()
    seen = fill(store, "a", 1)
    store.now += shared_state.NOTICED + 1
    assert store.use("b", take="b.1")[0] == 0
    assert store.use("a", seen, take="a.9")[0] == 0


def test_a_state_that_cannot_be_read_is_a_lost_one() -> None:
    store = Store()
    store.use("b")
    seen = fill(store, "a", 2)
    store.data = b"\xc1 no snapshot"
    assert store.use("a", seen, take="a.9")[0] == WINDOW
    assert len(store.page.stamps) == 2


def test_former_generations_are_few() -> None:
    store = Store()
    store.use("b")
    seen = fill(store, "a", 1)
    for _ in range(2 * shared_state.FORMER):
        store.data = None
        seen = store.use("a", seen)[1]
    assert len(store.page.former) == shared_state.FORMER


def test_times_of_another_boot_are_moved_by_the_calendar() -> None:
    page = Snapshot("g", at=5000.0, calendar=100.0, boot="one", stamps=[4990.0], leases={"x": 5005.0}, started=4990.0)
    page.arrive(StoreTime(10.0, 104.0, "two"))
    assert (page.stamps, page.leases, page.started) == ([-4.0], {"x": 11.0}, -4.0)
    assert page.blocked_until == float("-inf")
    backwards = Snapshot("g", at=5000.0, calendar=100.0, boot="one", stamps=[4990.0])
    backwards.arrive(StoreTime(10.0, 50.0, "two"))
    assert backwards.stamps == [0.0]


def test_a_clock_that_was_set_back_takes_the_stamps_with_it() -> None:
    page = Snapshot("g", at=5000.0, stamps=[4990.0])
    page.arrive(StoreTime(2000.0, 2000.0))
    assert page.stamps == [1990.0]


def test_a_copy_is_read_on_the_clock_of_another_server() -> None:
    seen = CachedSnapshot(Snapshot("g", at=5000.0, stamps=[4990.0]), here=10.0)
    assert seen.on(StoreTime(9000.0, 9000.0), 12.0).stamps == [8988.0]
    assert seen.on(StoreTime(5003.0, 5003.0), 12.0).stamps == [4990.0]


MINUTE: tuple[Rate, ...] = ((60, 60.0),)


def alone(users: int, stamps: int, elapsed: float = 0.0) -> FallbackLimiter:
    page = Snapshot("g", at=500.0, stamps=[490.0] * stamps, users={f"u{n}": 500.0 for n in range(users)})
    return FallbackLimiter(MINUTE, CachedSnapshot(page, here=100.0), 100.0 + elapsed)


def granted(who: FallbackLimiter, since: float, until: float) -> int:
    """Count the requests of a worker that asks all the time. Each request ends at once."""
    count, here = 0, since
    while here < until:
        ticket = f"x.{here}"
        wait = who.ask(here, ticket, 5.0)
        if wait > 0:
            who.note(StateChange("leave", here, ticket))
            here += min(wait, 1.0)
        else:
            who.note(StateChange("settle", here, ticket))
            count += 1
    return count


@pytest.mark.parametrize("users", [1, 3, 5])
def test_alone_each_worker_takes_a_part_so_that_all_and_one_more_find_room(users: int) -> None:
    who = alone(users, 20)
    begin = 100.0 + shared_state.NOTICED
    assert granted(who, 100.0, begin) == 0
    later = [granted(who, begin + 60.0 * n, begin + 60.0 * (n + 1)) for n in range(1, 5)]
    assert max(later) <= 60 // (users + 1)
    assert min(later) >= 0.8 * (60 // (users + 1))


def test_alone_what_was_free_counts_as_used() -> None:
    assert granted(alone(2, 20), 100.0, 100.0 + shared_state.NOTICED + 30.0) <= 7
    # After a window and more, all of it may have been.
    assert granted(alone(2, 60, 70.0), 170.0, 170.0 + shared_state.NOTICED + 58.0) == 0


def test_a_worker_that_never_reached_the_store_takes_a_tenth() -> None:
    who = FallbackLimiter(MINUTE, None, 100.0)
    assert who.ask(100.0, "x.0", 5.0) == 0
    who.note(StateChange("settle", 100.0, "x.0"))
    assert granted(who, 100.0, 160.0) == 5
    assert granted(who, 160.0, 220.0) == 6


def test_alone_a_rate_smaller_than_the_number_of_workers_still_grants_requests() -> None:
    page = Snapshot("g", at=500.0, users={f"u{n}": 500.0 for n in range(9)})
    who = FallbackLimiter(((2, 60.0),), CachedSnapshot(page, here=100.0), 100.0)
    assert 1 <= granted(who, 100.0, 100.0 + 3600.0) <= 12


def test_alone_a_429_is_applied_too() -> None:
    who = FallbackLimiter(MINUTE, None, 100.0)
    who.note(StateChange("refuse", 100.0, seconds=30.0))
    assert who.ask(100.0, "x", 5.0) == pytest.approx(30.0)

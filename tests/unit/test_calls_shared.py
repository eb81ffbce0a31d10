"""What a call asks of a shared rate limiter, and what it records there."""

from __future__ import annotations

from typing import Any

import pytest

from posthog_environments import errors
from posthog_environments.calls import execute, messages
from posthog_environments.calls.messages import Call, Operation, OperationKind, RunBlocking, Send, Sleep
from tests.unit.play import DELETE, READ, Play, answer

PATIENT = Operation("persons.list", OperationKind.READ, "persons", patient=True)


class Store:
    """A shared rate limiter with scripted waits, which records its calls."""

    in_store = True

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.heard: list[tuple[Any, ...]] = []
        self.pending = False
        self.trouble = ""
        self.tickets = 0

    def ticket(self) -> str:
        self.tickets += 1
        return f"t{self.tickets}"

    def acquire(self, bucket: str, ticket: str, seconds: float, patience: float) -> float:
        self.heard.append(("acquire", bucket, ticket, seconds, patience))
        return self.waits.pop(0) if self.waits else 0.0

    def flush(self, patience: float) -> None:
        assert self.pending, "there was nothing to write"
        self.heard.append(("flush", patience))
        self.pending = False

    def settle(self, bucket: str, ticket: str) -> None:
        self._note("settle", bucket, ticket)

    def leave(self, bucket: str, ticket: str) -> None:
        self._note("leave", bucket, ticket)

    def refuse(self, bucket: str, wait: float, *, teaches: bool = True) -> None:
        self._note("refuse", bucket, wait)

    def after_fork(self) -> None:
        self.heard.append(("after_fork",))

    def _note(self, *what: Any) -> None:
        self.heard.append(what)
        self.pending = True


def shared(*waits: float, **options: Any) -> tuple[Play, Store]:
    play, store = Play(**options), Store(*waits)
    play.client.quota = store
    return play, store


def test_a_call_acquires_permission_and_writes_its_end() -> None:
    play, store = shared()
    play.run(READ, answer(200))
    assert store.heard == [("acquire", "persons", "t1", 60.0, 1.0), ("settle", "persons", "t1"), ("flush", 1.0)]
    play.run(DELETE, answer(204))
    assert store.heard[3:] == [("acquire", "deletes", "t2", 60.0, 1.0), ("settle", "deletes", "t2"), ("flush", 1.0)]


def test_waits_are_short_and_lie_before_the_time_of_a_listing() -> None:
    play, store = shared(20.0, 5.0)
    play.run(PATIENT, answer(200))
    assert play.slept == [15.0, 5.0]
    assert play.naps_for_quota == [True, True]
    assert play.deadlines == [1080.0]
    assert [what[0] for what in store.heard] == ["acquire"] * 3 + ["settle", "flush"]
    assert {what[2] for what in store.heard[:4]} == {"t1"}


@pytest.mark.parametrize(
    ("waits", "slept"), [([10.0], [10.0]), ([10.5], None), ([6.0, 4.0], [6.0, 4.0]), ([6.0, 5.0], None), ([0.5], [0.5])]
)
def test_the_limit_itself_is_allowed(waits: list[float], slept: list[float] | None) -> None:
    play, store = shared(*waits, max_wait=10)
    if slept is not None:
        play.run(READ, answer(200))
        assert play.slept == slept
        return
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(200))
    assert play.sent == 0
    assert store.heard[-2:] == [("leave", "persons", "t1"), ("flush", 1.0)]
    assert [what[0] for what in store.heard].count("leave") == 1


def test_trouble_of_the_store_is_said() -> None:
    for trouble in ("", "The store is away."):
        play, store = shared(99.0, timeout=30)
        store.trouble = trouble
        with pytest.raises(errors.RateLimitError) as caught:
            play.run(READ, answer(200))
        assert str(caught.value) == (
            "The quota for persons and insights is used up: the next request may go in 99 s, which is longer than this "
            "call may wait. Nothing was sent. Give a larger max_wait or timeout, or call less often."
            + (f" {trouble}" if trouble else "")
        )
        assert caught.value.retry_after == 99.0


@pytest.mark.parametrize(
    ("options", "patience"),
    [({"timeout": 0.05}, 0.1), ({"timeout": 0.5}, 0.5), ({"timeout": 9}, 1.0), ({"timeout": 9, "max_wait": 0.3}, 0.3)],
)
def test_a_call_in_a_hurry_asks_in_a_hurry(options: dict[str, Any], patience: float) -> None:
    play, store = shared(**options)
    play.run(READ, answer(200))
    assert store.heard[0] == ("acquire", "persons", "t1", options["timeout"], patience)


def test_the_end_is_written_in_the_time_that_is_left() -> None:
    play, store = shared(timeout=2)

    def slow() -> messages.ServerResponse:
        play.now += 1.5
        return answer(200)

    play.run(READ, slow)
    assert store.heard[-1] == ("flush", 0.5)


def test_each_attempt_acquires_permission_for_the_time_that_is_left() -> None:
    play, store = shared(timeout=40)
    play.run(READ, answer(429, retry_after="17"), answer(200))
    assert store.heard == [
        ("acquire", "persons", "t1", 40.0, 1.0), ("settle", "persons", "t1"), ("flush", 1.0),
        ("refuse", "persons", 17.0), ("flush", 1.0),
        ("acquire", "persons", "t1", 23.0, 1.0), ("settle", "persons", "t1"), ("flush", 1.0),
    ]  # fmt: skip
    assert play.slept == [17.0]


def test_a_429_is_written_also_if_the_call_gives_up() -> None:
    play, store = shared(retries=0)
    with pytest.raises(errors.RateLimitError):
        play.run(READ, answer(429, retry_after="7"))
    assert store.heard[-2:] == [("refuse", "persons", 7.0), ("flush", 1.0)]


def test_without_pacing_the_limiter_is_not_used() -> None:
    play, store = shared(pacing=False)
    play.run(READ, answer(429, retry_after="7"), answer(200))
    assert store.heard == []


def begun(play: Play) -> Any:
    return execute.execute_call(play.context, Call(PATIENT, {"method": "get", "url": "/"}))


def test_who_is_dropped_while_waiting_gives_up_the_place() -> None:
    play, store = shared(20.0)
    generator = begun(play)
    asked = next(generator)
    assert isinstance(asked, RunBlocking)
    assert isinstance(generator.send(asked.work()), Sleep)
    generator.close()
    assert store.heard[1:] == [("leave", "persons", "t1")]
    play, store = shared()
    generator = begun(play)
    assert isinstance(next(generator), RunBlocking)
    generator.close()
    assert store.heard == [("leave", "persons", "t1")]


def test_who_is_dropped_while_sending_has_no_place_any_more() -> None:
    play, store = shared()
    generator = begun(play)
    assert isinstance(generator.send(next(generator).work()), Send)
    generator.close()
    assert store.heard[1:] == [("settle", "persons", "t1")]


def test_a_child_begins_anew() -> None:
    play, store = shared()
    play.client.after_fork()
    assert store.heard == [("after_fork",)]

"""A walk that is written down and read again goes on as if nothing had been."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Any

import pytest

from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage

START = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = attrgetter("uuid"), attrgetter("created_at")


@dataclass(frozen=True)
class Row:
    uuid: str
    created_at: datetime | None


class Table:
    """Rows that come and go between two requests; now and then one has no time, or comes where it should not."""

    def __init__(self, seed: int, number: int) -> None:
        self._random = Random(seed)
        self._next = 0
        self.rows = [Row(f"old-{i}", START - timedelta(seconds=i)) for i in range(number)]

    def churn(self) -> None:
        for _ in range(self._random.randrange(4)):
            self._next += 1
            where = 0 if self._random.random() < 0.9 else self._random.randrange(len(self.rows) + 1)
            time = START + timedelta(seconds=self._next) if self._random.random() < 0.9 else None
            self.rows.insert(where, Row(f"new-{self._next}", time))
        for _ in range(self._random.randrange(6)):
            if self.rows:
                self.rows.pop(self._random.randrange(len(self.rows)))

    def serve(self, cursor: Cursor) -> RawPage[Row]:
        # Some pages show less than they should, or are stale.
        page = self.rows[cursor.number : cursor.number + cursor.limit]
        link = f"https://x.example/?offset={cursor.number + cursor.limit}"
        shown = page if self._random.random() < 0.9 else page[: len(page) // 2]
        return RawPage(shown, link if len(page) >= cursor.limit else None)


def everything(value: Any) -> Any:
    """Lay open all that a walk holds, but for the functions, and the record of the last page as lists."""
    if isinstance(value, (int, str, type(None), datetime)):
        return value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if callable(value) or isinstance(value, attrgetter):
        return "a function"
    if hasattr(value, "__dict__"):
        return {name: everything(inner) for name, inner in vars(value).items()}
    if hasattr(value, "__slots__"):
        return {name: everything(getattr(value, name)) for name in value.__slots__}
    return [everything(inner) for inner in value]


def written_and_read(walk: OffsetPaginator[Row]) -> OffsetPaginator[Row]:
    return OffsetPaginator[Row].restore(json.loads(json.dumps(walk.state())), *FACTS)


@pytest.mark.parametrize("seed", range(150))
def test_every_part_of_a_walk_is_written_down(seed: int) -> None:
    table = Table(seed, 400)
    walk: OffsetPaginator[Row] = OffsetPaginator(10 + seed % 13, 3 * (seed % 3), *FACTS)
    for _ in range(500):
        if walk.cursor is None:
            break
        again = written_and_read(walk)
        assert everything(again) == everything(walk)
        page = table.serve(walk.cursor)
        assert again.consume(page) == walk.consume(page)
        assert everything(again) == everything(walk)
        # On with the one that was read.
        walk = again
        table.churn()
    else:
        pytest.fail("the walk does not end")


def test_a_window_that_is_full_is_kept_as_it_is() -> None:
    rows = [Row(f"{i}", START - timedelta(seconds=i)) for i in range(15_000)]
    walk: OffsetPaginator[Row] = OffsetPaginator(1000, 0, *FACTS)
    while walk.cursor is not None:
        page = rows[walk.cursor.number : walk.cursor.number + walk.cursor.limit]
        more = f"https://x.example/?offset={walk.cursor.number + len(page)}" if len(page) == walk.cursor.limit else None
        walk.consume(RawPage(page, more))
        assert everything(written_and_read(walk)) == everything(walk)
    assert walk.report.complete


@pytest.mark.parametrize("times", [(), (None,), (None, START), (START, None), (START,)])
def test_times_that_no_row_has_told_yet_are_written_down_as_unknown(times: tuple[datetime | None, ...]) -> None:
    walk: OffsetPaginator[Row] = OffsetPaginator(10, 0, *FACTS)
    if times:
        found = [Row(f"row-{number}", time) for number, time in enumerate(times)]
        walk.consume(RawPage(found, "https://x.example/?offset=10"))
    assert everything(written_and_read(walk)) == everything(walk)
    assert walk.state()["order"] == [START.isoformat() if START in times else None] * 2


@pytest.mark.parametrize("state", [{}, {"_size": 1, "_start": 0}, {"_size": 1, "_start": 0, "cursor": 7}])
def test_what_is_no_state_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        OffsetPaginator[Row].restore(state, *FACTS)


def test_a_walk_that_is_stopped_is_complete_so_far() -> None:
    walk: OffsetPaginator[Row] = OffsetPaginator(2, 0, *FACTS)
    walk.consume(RawPage([Row("a", START), Row("b", START)], "https://x.example/?offset=2"))
    walk.stop()
    assert walk.cursor is None
    assert (walk.report.complete, walk.report.reason, walk.report.next_offset) == (True, None, 2)
    walk.stop()


def test_a_walk_that_saw_disorder_is_not_complete_when_it_is_stopped() -> None:
    walk: OffsetPaginator[Row] = OffsetPaginator(2, 0, *FACTS)
    walk.consume(RawPage([Row("a", START), Row("b", START + timedelta(1))], "https://x.example/?offset=2"))
    walk.stop()
    assert not walk.report.complete
    assert walk.report.reason


@pytest.mark.parametrize(("seconds", "added"), [(-5, False), (5, True)])
def test_a_walk_that_begins_further_down_knows_what_was_there(seconds: int, added: bool) -> None:
    """An unknown row was added meanwhile only if it is newer than all that were there; else it shows a gap."""
    walk: OffsetPaginator[Row] = OffsetPaginator(2, 0, *FACTS)
    walk.start_at(Cursor(4, 2), START)
    first = [Row("a", START - timedelta(seconds=10)), Row("b", START - timedelta(seconds=12))]
    walk.consume(RawPage(first, "https://x.example/?offset=6"))
    unknown, last = Row("new", START + timedelta(seconds=seconds)), Row("c", START - timedelta(seconds=13))
    assert walk.consume(RawPage([unknown, first[-1], last], None)) == ([unknown, last] if added else [])
    assert (walk.cursor is None, walk.report.complete) == (added, added)

"""A walk over a range of time, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest

from posthog_environments.paging.page import RawPage, Report
from posthog_environments.paging.time_range import TimeRangePaginator

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    uuid: str
    created_at: datetime | None


def ago(n: float) -> datetime:
    return START - timedelta(hours=n)


def rows(n: int, *undated: int) -> list[Row]:
    return [Row(f"r{i}", None if i in undated else ago(i)) for i in range(n)]


def follow(
    table: list[Row], since: float | None, before: float | None, *, near: int = 0, offset: int = 0, size: int = 10
) -> tuple[list[str], list[int], Report]:
    """Walk over what was created so many hours ago; return who was seen, what was asked for, and the report."""
    edges = [None if hours is None else ago(hours) for hours in (since, before)]
    walk: TimeRangePaginator[Row] = TimeRangePaginator(
        size, offset, near, attrgetter("uuid"), attrgetter("created_at"), *edges
    )
    seen, asked = list[str](), list[int]()
    while walk.cursor is not None:
        asked.append(walk.cursor.number)
        assert len(asked) < 100
        found = table[walk.cursor.number :][: walk.cursor.limit]
        more = len(found) == walk.cursor.limit
        link = f"https://h.example/?offset={walk.cursor.number + walk.cursor.limit}" if more else None
        seen += [row.uuid for row in walk.consume(RawPage(found, link))]
    assert walk.report.rows == len(seen)
    assert walk.report.pages == len(asked)
    return seen, asked, walk.report


def names(begin: int, end: int) -> list[str]:
    return [f"r{i}" for i in range(begin, end)]


@pytest.mark.parametrize(
    ("since", "before", "begin", "end"),
    [
        (5, None, 0, 6),  # the start belongs to it
        (25, None, 0, 26),
        (None, 5, 6, 100),  # the end does not
        (None, 95, 96, 100),
        (60, 20, 21, 61),
        (60.5, 60.2, 61, 61),
        (-1, None, 0, 0),
        (None, 100, 0, 0),
        (None, -1, 0, 100),
        (99, 98, 99, 100),
    ],
)
@pytest.mark.parametrize("near", [0, 21, 99, 5000])
def test_a_range(since: float | None, before: float | None, begin: int, end: int, near: int) -> None:
    seen, _, report = follow(rows(100), since, before, near=near if before is not None else 0)
    assert seen == names(begin, end)
    assert report.complete
    assert report.reason is None


def test_it_ends_where_rows_are_older() -> None:
    _, asked, report = follow(rows(1000), 12, None)
    assert asked == [0, 9]
    assert report.next_offset == 20


def test_a_good_guess_costs_nothing() -> None:
    _, asked, _ = follow(rows(1000), 529, 499, near=500)
    assert asked == [499, 508, 518, 528]


def test_without_a_guess_it_is_found_quickly() -> None:
    seen, asked, _ = follow(rows(100_000), 77_777, 77_770)
    assert seen == names(77_771, 77_778)
    assert len(asked) <= 25


def test_an_offset_is_kept_where_the_range_is_open_towards_now() -> None:
    seen, asked, _ = follow(rows(100), 30, None, offset=20)
    assert seen == names(20, 31)
    assert asked[0] == 20


def test_an_empty_list() -> None:
    assert follow([], 5, 1)[0] == []
    assert follow([], 5, 1)[2].complete


@pytest.mark.parametrize(
    ("undated", "since", "before", "seen", "complete"),
    [
        ({0, 1}, 50, None, [*names(0, 51)], False),  # nothing newer: they belong to the newest range
        ({0, 1}, None, 20, [*names(21, 60)], True),
        ({58, 59}, None, 20, [*names(21, 60)], False),  # nothing older: they belong to the oldest
        ({58, 59}, 20, None, [*names(0, 21)], True),
        ({30, 31}, 50, 20, [*names(21, 51)], False),
        ({30, 31}, 20, None, [*names(0, 21)], True),
        ({30, 31}, None, 40, [*names(41, 60)], False),
        ({10, 11}, None, 20, [*names(21, 60)], False),
        (set(range(60)), 20, None, names(0, 60), False),  # nobody is known: they belong to the newest
        (set(range(60)), None, 20, [], False),
    ],
)
def test_rows_whose_time_cannot_be_read(
    undated: set[int], since: float | None, before: float | None, seen: list[str], complete: bool
) -> None:
    found, _, report = follow(rows(60, *undated), since, before)
    assert found == seen
    # It is where such rows are passed over unseen: before the page with which the walk begins, or behind its end.
    assert report.complete is complete


@pytest.mark.parametrize(("since", "before"), [(20.5, None), (None, 20.5), (40, 20.5)])
def test_such_a_row_between_two_ranges(since: float | None, before: float | None) -> None:
    _, _, report = follow(rows(60, 21), since, before)
    assert not report.complete
    assert report.reason is not None
    assert report.reason.startswith("the created_at of a row cannot be read")


def test_one_row_that_lies_wrong_does_not_end_it() -> None:
    table = rows(1000)
    table[199] = Row("wrong", ago(900))
    seen, _, report = follow(table, 400, None, size=200)
    assert len(seen) == 400
    assert report.reason == "a row is newer than the one before it: rows moved or repeated"


def test_a_server_that_never_comes_to_the_range() -> None:
    """Wherever it is looked for, rows are newer; in the end the walk begins at the beginning."""
    walk: TimeRangePaginator[Row] = TimeRangePaginator(
        10, 0, 500, attrgetter("uuid"), attrgetter("created_at"), None, ago(50)
    )
    asked, page = 0, [Row("a", ago(1))]
    while walk.cursor is not None and walk.cursor.number:
        asked += 1
        assert walk.cursor.number < 2**63
        assert walk.consume(RawPage(page, f"https://h.example/?offset={walk.cursor.number + 10}")) == []
    assert walk.cursor is not None
    assert asked == 64
    assert [row.uuid for row in walk.consume(RawPage([*page, Row("b", ago(99))], None))] == ["b"]
    assert walk.report.complete

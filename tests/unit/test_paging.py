"""A walk over rows that come and go: nobody is missed, nobody comes twice, or the report says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments import PagingError
from posthog_environments.paging.numbered import NumberedPaginator
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage, next_number

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    uuid: str
    created_at: datetime | None


def rows(n: int) -> list[Row]:
    return [Row(f"old-{i}", START - timedelta(seconds=i)) for i in range(n)]


def walk_of(page_size: int, offset: int = 0) -> OffsetPaginator[Row]:
    return OffsetPaginator(page_size, offset, attrgetter("uuid"), attrgetter("created_at"))


def serve(table: list[Row], cursor: Cursor) -> RawPage[Row]:
    page = table[cursor.number : cursor.number + cursor.limit]
    link = f"https://elsewhere.example/x?limit={cursor.limit}&offset={cursor.number + cursor.limit}"
    return RawPage(page, link if len(page) >= cursor.limit else None)


def finish(walk: OffsetPaginator[Row], table: list[Row], between: Any = lambda: None) -> tuple[list[str], int]:
    seen: list[str] = []
    requests = 0
    while walk.cursor is not None:
        requests += 1
        assert requests < 10_000, "the walk does not end"
        seen += [row.uuid for row in walk.consume(serve(table, walk.cursor))]
        between()
    return seen, requests


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 100, 1005])
@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_quiet_walk_gives_every_row_once_in_order(n: int, size: int) -> None:
    table = rows(n)
    walk = walk_of(size)
    seen, requests = finish(walk, table)
    assert seen == [row.uuid for row in table]
    assert walk.report.complete
    assert walk.report.reason is None
    assert (walk.report.rows, walk.report.pages, walk.report.duplicates) == (n, requests, 0)
    assert requests <= n // size + 1


@settings(deadline=None, derandomize=True, max_examples=400)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 400),
    size=st.sampled_from([1, 2, 7, 20, 100]),
    deletes=st.floats(0, 1),
    inserts=st.floats(0, 1),
    burst=st.integers(1, 40),
)
def test_everybody_who_stays_is_seen_exactly_once(
    seed: int, n: int, size: int, deletes: float, inserts: float, burst: int
) -> None:
    random = Random(seed)
    table = rows(n)
    there_at_start = {row.uuid for row in table}
    new = 0

    def churn() -> None:
        nonlocal new
        if random.random() < deletes:
            for _ in range(min(len(table), random.randint(1, burst))):
                table.pop(random.randrange(len(table)))
        if random.random() < inserts and new < 500:
            for _ in range(random.randint(1, burst)):
                new += 1
                table.insert(0, Row(f"new-{new}", START + timedelta(seconds=new)))

    walk = walk_of(size)
    seen, _ = finish(walk, table, churn)
    assert len(seen) == len(set(seen))
    missed = (there_at_start & {row.uuid for row in table}) - set(seen)
    assert not missed or not walk.report.complete


def test_deleting_what_was_just_read_misses_nobody() -> None:
    table = rows(95)
    walk = walk_of(10)
    seen: list[str] = []
    while walk.cursor is not None:
        fresh = walk.consume(serve(table, walk.cursor))
        seen += [row.uuid for row in fresh]
        table[:] = [row for row in table if row not in fresh]
    assert seen == [row.uuid for row in rows(95)]
    assert walk.report.complete


def test_a_row_newer_than_its_predecessor_is_disorder() -> None:
    table = rows(10)
    table[7], table[3] = table[3], table[7]
    walk = walk_of(5)
    seen, _ = finish(walk, table)
    assert len(seen) == 10
    assert not walk.report.complete
    assert "newer" in (walk.report.reason or "")


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize("unknown", [range(7), range(3), range(2, 5), range(6, 7)])
def test_rows_without_a_time_are_no_disorder(size: int, unknown: range) -> None:
    table = [Row(row.uuid, None if n in unknown else row.created_at) for n, row in enumerate(rows(7))]
    walk = walk_of(size)
    seen, _ = finish(walk, table)
    assert len(seen) == 7
    assert walk.report.complete


def test_a_row_that_comes_again_within_a_page_is_dropped_and_counted() -> None:
    table = rows(4)
    table.insert(2, table[1])
    walk = walk_of(10)
    seen, _ = finish(walk, table)
    assert seen == ["old-0", "old-1", "old-2", "old-3"]
    assert walk.report.duplicates == 1


def test_short_pages_with_a_successor_do_not_end_the_walk() -> None:
    walk = walk_of(10)
    first = walk.consume(RawPage(rows(3), "https://x/?offset=10"))
    assert [row.uuid for row in first] == ["old-0", "old-1", "old-2"]
    assert walk.cursor is not None
    assert walk.report.short_pages == 1
    assert not walk.report.complete


def test_empty_pages_in_the_middle_are_walked_over_but_not_for_ever() -> None:
    walk = walk_of(10)
    for page in range(99):
        assert walk.cursor is not None
        walk.consume(RawPage([], f"https://x/?offset={10 * page + 10}"))
    with pytest.raises(PagingError, match="100 pages in a row were empty"):
        walk.consume(RawPage([], "https://x/?offset=1000"))


def test_rows_that_the_server_leaves_out_end_in_a_walk_that_ends() -> None:
    """A server that cuts pages by ids and then leaves out a thousand rows that it cannot show."""
    table = rows(3000)
    hidden = {row.uuid for row in table[1000:2100]}
    walk = walk_of(100)
    seen: list[str] = []
    for _ in range(200):
        if walk.cursor is None:
            break
        page = serve(table, walk.cursor)
        seen += [r.uuid for r in walk.consume(RawPage([r for r in page.results if r.uuid not in hidden], page.next))]
    assert walk.cursor is None
    assert seen == [row.uuid for row in table if row.uuid not in hidden]
    assert walk.report.complete


def test_a_gap_that_cannot_be_closed_is_said() -> None:
    table = rows(9000)
    hidden = {row.uuid for row in table[1000:8000]}
    walk = walk_of(100)
    seen: list[str] = []
    for _ in range(300):
        if walk.cursor is None:
            break
        page = serve(table, walk.cursor)
        seen += [r.uuid for r in walk.consume(RawPage([r for r in page.results if r.uuid not in hidden], page.next))]
    assert seen == [row.uuid for row in table if row.uuid not in hidden]
    assert not walk.report.complete
    assert "gap" in (walk.report.reason or "")


@pytest.mark.parametrize("offset", [0, 5, 9, 10])
def test_a_link_that_does_not_lead_beyond_its_request_is_an_error(offset: int) -> None:
    walk = walk_of(10, offset=10)
    with pytest.raises(PagingError, match="not beyond it"):
        walk.consume(RawPage(rows(10), f"https://x/?offset={offset}"))


@pytest.mark.parametrize(
    "link",
    [
        "",
        "https://x/",
        "https://x/?offset=",
        "https://x/?offset=-1",
        "https://x/?offset=abc",
        "https://x/?offset=1e3",
        "https://x/?offset=1&offset=2",
        "https://x/?offset=\u0663",
        "https://x/?offset=99999999999999999999",
        "https://[x/?offset=10",
        "cursor=abc",
    ],
)
def test_a_link_without_a_usable_number_is_an_error(link: str) -> None:
    with pytest.raises(PagingError, match="no usable offset"):
        next_number(link, "offset")


def test_only_the_number_is_taken_from_a_link() -> None:
    assert next_number("http://evil.example:1/other?limit=1&offset=42#x", "offset") == 42
    assert next_number("/api/?page=3", "page") == 3


def test_next_offset_tells_where_a_failed_walk_can_go_on() -> None:
    table = rows(250)
    walk = walk_of(100)
    seen = []
    for _ in range(2):
        assert walk.cursor is not None
        seen += [row.uuid for row in walk.consume(serve(table, walk.cursor))]
    again = walk_of(100, offset=walk.report.next_offset)
    rest, _ = finish(again, table)
    assert list(dict.fromkeys(seen + rest)) == [row.uuid for row in table]


def test_numbered_pages_drop_repeats_and_notice_entries_that_went_away() -> None:
    walk: NumberedPaginator[str] = NumberedPaginator(2, key=str)
    assert walk.consume(RawPage(["e", "d"], "https://x/?page=2", 5)) == ["e", "d"]
    assert walk.cursor == Cursor(2, 2)
    assert walk.consume(RawPage(["d", "c"], "https://x/?page=3", 5)) == ["c"]
    assert walk.consume(RawPage(["a"], None, 3)) == ["a"]
    assert walk.cursor is None
    assert walk.report.duplicates == 1
    assert not walk.report.complete


def test_a_numbered_page_that_points_back_is_an_error() -> None:
    walk: NumberedPaginator[str] = NumberedPaginator(2, key=str)
    with pytest.raises(PagingError, match="not beyond it"):
        walk.consume(RawPage(["a", "b"], "https://x/?page=1"))


def test_a_page_of_rows_added_since_is_no_gap() -> None:
    walk = walk_of(5)
    table = rows(5)
    walk.consume(serve(table, walk.cursor or Cursor(0, 5)))
    table[:0] = [Row(f"new-{i}", START + timedelta(seconds=9 - i)) for i in range(9)]
    assert walk.cursor is not None
    walk.consume(serve(table, walk.cursor))
    assert walk.cursor is not None
    assert walk.cursor.number > 0, "it stepped back for rows that are newer than the walk"


def test_a_stale_answer_to_a_step_back_is_asked_for_again() -> None:
    walk = walk_of(100)
    table = rows(300)
    assert walk.cursor is not None
    seen = [row.uuid for row in walk.consume(serve(table, walk.cursor))]
    del table[:100]
    assert walk.cursor is not None
    stale = serve(table, walk.cursor)
    walk.consume(stale)
    asked = walk.cursor
    assert asked is not None
    assert asked.number == 0
    assert walk.consume(stale) == []
    assert walk.cursor == asked
    more, _ = finish(walk, table)
    assert set(seen + more) == {f"old-{i}" for i in range(300)}
    assert walk.report.complete


def test_rows_behind_an_empty_beginning_are_not_passed_over() -> None:
    walk = walk_of(1)
    walk.consume(RawPage([], "https://elsewhere.example/x?limit=1&offset=1"))
    # Row 0, which was not shown, goes away: row 1 takes its place.
    seen, _ = finish(walk, rows(5)[1:])
    assert seen == [f"old-{i}" for i in range(1, 5)]
    assert walk.report.complete


def test_an_empty_beginning_that_does_not_end_is_gone_past_and_said() -> None:
    walk = walk_of(2)
    while walk.cursor is not None and walk.cursor.number == 0:
        walk.consume(RawPage([], "https://elsewhere.example/x?limit=2&offset=2"))
    seen, _ = finish(walk, rows(6))
    assert seen == [f"old-{i}" for i in range(2, 6)]
    assert not walk.report.complete
    assert "does not show" in str(walk.report.reason)


@pytest.mark.parametrize(
    ("seed", "n", "size", "deletes", "inserts", "burst"),
    [(48441, 363, 1, 1.0, 0.5, 19), (14667, 182, 1, 0.10856246914499368, 0.8401831316742754, 7)],
)
def test_churn_faster_than_the_pages_is_outrun(
    seed: int, n: int, size: int, deletes: float, inserts: float, burst: int
) -> None:
    inner: Any = test_everybody_who_stays_is_seen_exactly_once
    inner.hypothesis.inner_test(seed=seed, n=n, size=size, deletes=deletes, inserts=inserts, burst=burst)

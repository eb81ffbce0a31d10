"""What a walk asks for, request by request: these numbers are its price, and change on purpose alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from pathlib import Path

import pytest

from posthog_environments import PagingError
from posthog_environments.paging.numbered import NumberedPaginator
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import MAX_NUMBER, MOST_ROWS, Cursor, RawPage, Report, next_number
from posthog_environments.paging.seen import RecentKeys

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    uuid: str
    created_at: datetime


@dataclass
class Scene:
    """A server, and what happens to it after its answers, by their number."""

    rows: int
    size: int
    offset: int = 0
    cap: int = 10**9
    hidden: range = range(0)
    deletes: dict[int, slice] = field(default_factory=dict[int, slice])
    inserts: dict[int, int] = field(default_factory=dict[int, int])
    stale: tuple[int, ...] = ()


def rows(n: int) -> list[Row]:
    return [Row(f"old-{i}", START - timedelta(seconds=i)) for i in range(n)]


def follow(scene: Scene) -> tuple[list[tuple[int, int]], tuple[int, int, int, int, int, bool]]:
    """Walk over a scene; return what was asked for, and the report."""
    table, born, asked = rows(scene.rows), 0, list[tuple[int, int]]()
    hidden = {f"old-{i}" for i in scene.hidden}
    walk: OffsetPaginator[Row] = OffsetPaginator(scene.size, scene.offset, attrgetter("uuid"), attrgetter("created_at"))
    page: RawPage[Row] = RawPage([], None)
    seen: list[Row] = []
    while walk.cursor is not None:
        number, limit = walk.cursor.number, min(walk.cursor.limit, scene.cap)
        asked.append((number, walk.cursor.limit))
        assert len(asked) < 60
        if len(asked) not in scene.stale:
            found = table[number : number + limit]
            link = f"https://h.example/?offset={number + limit}" if len(found) == limit else None
            page = RawPage([row for row in found if row.uuid not in hidden], link)
        seen += walk.consume(page)
        if (gone := scene.deletes.get(len(asked))) is not None:
            del table[gone]
        for _ in range(scene.inserts.get(len(asked), 0)):
            born += 1
            table.insert(0, Row(f"new-{born}", START + timedelta(seconds=born)))
    assert len(set(seen)) == len(seen)
    there = {row for row in table[scene.offset :] if row.uuid.startswith("old") and row.uuid not in hidden}
    assert there <= set(seen)
    end = walk.report
    return asked, (end.rows, end.pages, end.short_pages, end.duplicates, end.next_offset, end.complete)


SCENARIOS = {
    "quiet": Scene(rows=250, size=100),
    "quiet, large pages": Scene(rows=7000, size=2000),
    "quiet, from an offset": Scene(rows=250, size=100, offset=30),
    "a page and no more": Scene(rows=10, size=10),
    "pages of one": Scene(rows=4, size=1),
    "read rows go": Scene(rows=1500, size=100, deletes={1: slice(20, 60), 4: slice(0, 30)}),
    "many read rows go": Scene(rows=900, size=100, deletes={1: slice(0, 90), 2: slice(0, 9), 4: slice(100, 330)}),
    "rows go until the beginning": Scene(rows=60, size=10, deletes={3: slice(0, 28), 4: slice(0, 2)}),
    "rows come": Scene(rows=500, size=100, inserts={1: 30, 2: 150, 3: 5}),
    "rows come, more than pages hold": Scene(rows=30, size=5, inserts={2: 20, 3: 40, 4: 1, 5: 60}),
    "rows come and go": Scene(rows=120, size=10, inserts={1: 4, 3: 12}, deletes={2: slice(5, 15), 4: slice(20, 45)}),
    "a hidden stretch": Scene(rows=600, size=50, hidden=range(120, 300)),
    "a hidden stretch, and rows go": Scene(rows=600, size=50, hidden=range(120, 300), deletes={2: slice(0, 60)}),
    "a hidden beginning": Scene(rows=100, size=10, hidden=range(25)),
    "a hidden beginning, capped": Scene(rows=100, size=10, cap=10, hidden=range(25)),
    "capped": Scene(rows=300, size=100, cap=40),
    "capped, and rows go": Scene(rows=200, size=20, cap=25, deletes={2: slice(0, 30), 5: slice(10, 50)}),
    "a cap that larger pages alone meet": Scene(rows=1500, size=100, cap=110, deletes={3: slice(0, 60)}),
    "large pages, and rows go": Scene(rows=3000, size=300, deletes={2: slice(0, 100)}),
    "a stale page": Scene(rows=100, size=20, stale=(3,)),
    "a stale page after a step back": Scene(rows=100, size=20, deletes={1: slice(0, 20)}, stale=(3,)),
    "a stale page at the end": Scene(rows=100, size=30, stale=(4,)),
    "rows before the offset go": Scene(rows=100, size=10, offset=20, deletes={2: slice(0, 40)}),
    "more rows go than one step back reaches": Scene(rows=500, size=20, deletes={15: slice(0, 100)}),
    "rows go, and more come during the step back": Scene(
        rows=500, size=20, deletes={12: slice(0, 30)}, inserts={13: 120, 14: 20}
    ),
    "rows come before the last page": Scene(rows=40, size=20, inserts={2: 10}),
    "a hidden stretch as long as can be crossed": Scene(rows=3000, size=25, hidden=range(24, 2500)),
    "a hidden stretch that is too long": Scene(rows=4000, size=25, hidden=range(24, 3800)),
}


EXPECTED = dict(
    line.split(": ", 1) for line in Path(__file__).with_name("paging_requests.txt").read_text("utf-8").splitlines()
)


@pytest.mark.parametrize("name", SCENARIOS)
def test_requests(name: str) -> None:
    asked, report = follow(SCENARIOS[name])
    requests = " ".join(f"{number}+{limit}" for number, limit in asked)
    assert f"{requests} = {' '.join(map(str, report))}" == EXPECTED[name]


def reason_of(walk: OffsetPaginator[Row] | NumberedPaginator[Row], *pages: RawPage[Row]) -> str | None:
    for page in pages:
        walk.consume(page)
    return walk.report.reason


def walk_of(size: int, offset: int = 0) -> OffsetPaginator[Row]:
    return OffsetPaginator(size, offset, attrgetter("uuid"), attrgetter("created_at"))


def link(number: int) -> str:
    return f"https://h.example/?offset={number}"


def test_reasons() -> None:
    old = rows(50)
    moved = "a row is newer than the one before it: rows moved or repeated"
    assert reason_of(walk_of(2), RawPage([old[1], old[0]], None)) == moved
    away = "rows before the start offset were deleted, and others moved there"
    assert reason_of(walk_of(2, 1), RawPage(old[1:3], link(3)), RawPage(old[9:11], link(4)), RawPage(old[9:11], None),
                     RawPage(old[9:11], None)) == away  # fmt: skip
    hidden = "the listing starts with rows that the server does not show, so gaps there cannot be noticed"
    assert reason_of(walk_of(2), RawPage([], link(2)), RawPage([], link(2)), RawPage(old[:1], None)) == hidden
    open_gap = "a gap between two pages could not be closed"
    pages = [RawPage(old[:2], link(2)), RawPage(old[5:7], link(4)), RawPage(old[:1], link(4)), RawPage(old[5:7], None)]
    walk = walk_of(2)
    while walk.report.reason != open_gap and walk.cursor is not None and walk.report.pages < 20:
        number = walk.cursor.number
        first = not walk.report.pages
        walk.consume(pages[0] if first else RawPage(old[:1] if number == 0 else [], link(number + 2)))
    finish = walk.cursor
    assert finish is not None
    assert reason_of(walk, RawPage(old[5:7], None)) == open_gap


def test_a_walk_that_has_not_begun() -> None:
    assert walk_of(2, 7).report.next_offset == 7
    numbered: NumberedPaginator[Row] = NumberedPaginator(2, attrgetter("uuid"))
    assert (numbered.report.next_offset, numbered.cursor) == (1, Cursor(1, 2))


def test_how_many_rows_are_remembered() -> None:
    for size, window in ((1, 10_000), (1000, 10_000), (1001, 10_010), (2000, 20_000)):
        assert walk_of(size)._memory._window == window
    memory = RecentKeys[Row](attrgetter("uuid"), 10_000)
    table = rows(60_000)
    for number in range(0, 60_000, 4000):
        assert memory.take_new(table[number : number + 4000]) == table[number : number + 4000]
    assert [memory.knows(table[n]) for n in (0, 47_999, 48_000, 59_999)] == [False, False, True, True]
    assert [memory.after(table[n]) for n in (59_999, 59_998, 56_000, 55_999, 48_000)] == [0, 1, 3999, 4000, 11_999]
    # All that is remembered came after a row that is forgotten.
    assert memory.after(table[0]) == 12_000
    # A page goes only when the others alone fill the window.
    exact = RecentKeys[Row](attrgetter("uuid"), 10)
    for number in range(0, 15, 5):
        exact.take_new(table[number : number + 5])
    assert [exact.knows(table[n]) for n in (4, 5, 14)] == [False, True, True]


def test_links() -> None:
    assert next_number("?offset=" + str(MAX_NUMBER), "offset") == MAX_NUMBER
    for beyond in (MAX_NUMBER + 1, 10**19, 10**20, "0" * 19 + "5"):
        with pytest.raises(PagingError):
            next_number(f"?offset={beyond}", "offset")
    with pytest.raises(PagingError, match="not a string but int; the listing cannot"):
        next_number(5, "offset")  # type: ignore[arg-type]


def test_a_hundred_pages_of_nothing() -> None:
    walk = walk_of(1)
    walk.consume(RawPage(rows(1), link(1)))
    for number in range(99):
        walk.consume(RawPage(rows(1), link(10**6 + 1000 * number)))
    with pytest.raises(PagingError) as caught:
        walk.consume(RawPage(rows(1), link(10**9)))
    assert str(caught.value) == (
        "100 pages in a row were empty or held nothing new, each with a next link. The listing stops here."
    )
    assert walk.report.pages == 101


def test_a_server_that_shows_a_gap_wherever_the_walk_goes_on() -> None:
    walk = walk_of(10)
    old = rows(11)
    first, stranger = old[:10], old[10:]

    def go_on() -> None:
        while walk.cursor is not None and walk.report.pages < 200:
            number = walk.cursor.number
            walk.consume(RawPage(stranger if number else first, link(number + 10)))

    with pytest.raises(PagingError, match="100 pages in a row"):
        go_on()
    assert walk.report.pages == 101
    assert walk.report.rows == 10


def test_a_row_as_old_as_the_newest_is_not_taken_for_one_that_was_added() -> None:
    for unseen, steps_back in ((Row("twin", START), True), (Row("later", START + timedelta(seconds=1)), False)):
        walk = walk_of(10)
        walk.consume(RawPage(rows(10), link(10)))
        assert walk.cursor == Cursor(9, 11)
        walk.consume(RawPage([unseen, *rows(10)], link(20)))
        assert walk.cursor is not None
        assert (walk.cursor.number == 0) is steps_back, unseen


def test_a_row_that_belongs_further_up_is_disorder_behind_a_row_that_was_added() -> None:
    old = rows(5)
    added = Row("added", START + timedelta(seconds=5))
    twin = Row("twin", START)
    for page, complete in (([added, old[3]], True), ([added, twin, old[3]], False)):
        walk = walk_of(3)
        walk.consume(RawPage(old[:3], link(3)))
        walk.consume(RawPage(page, None))
        assert walk.report.complete is complete, page


def test_a_row_that_belongs_further_up_is_disorder_behind_a_row_without_a_time() -> None:
    old = rows(6)
    for late, complete in ((old[5], True), (old[3], False)):
        walk: OffsetPaginator[Row] = OffsetPaginator(
            3, 0, attrgetter("uuid"), lambda row: None if row.uuid == "old-2" else row.created_at
        )
        walk.consume(RawPage([old[0], old[4], old[2]], link(3)))
        walk.consume(RawPage([old[2], late], None))
        assert walk.report.complete is complete, late


def test_rows_without_a_time_behind_rows_that_come_again_are_no_disorder() -> None:
    old = rows(6)
    walk: OffsetPaginator[Row] = OffsetPaginator(
        3, 0, attrgetter("uuid"), lambda row: None if row.uuid in ("old-3", "old-4") else row.created_at
    )
    walk.consume(RawPage(old[:3], link(3)))
    assert walk.consume(RawPage(old[1:], None)) == old[3:]
    assert walk.report.complete


def test_the_first_time_that_can_be_read_is_not_held_against_rows_without_one() -> None:
    walk: OffsetPaginator[Row] = OffsetPaginator(
        3, 0, attrgetter("uuid"), lambda row: row.created_at if row.uuid == "old-9" else None
    )
    walk.consume(RawPage(rows(3), link(3)))
    assert walk.consume(RawPage([rows(10)[9], *rows(6)[3:]], link(6))) == []
    assert walk.cursor is not None
    assert walk.cursor.number == 0


@pytest.mark.parametrize(("successor", "number"), [(3200, 0), (3201, 3201)])
def test_how_far_a_walk_looks_for_its_first_row(successor: int, number: int) -> None:
    walk = walk_of(100)
    walk.consume(RawPage([], link(successor)))
    assert walk.cursor is not None
    assert walk.cursor.number == number


def test_a_page_as_large_as_servers_send_is_not_asked_for_again_to_get_past_hidden_rows() -> None:
    walk = walk_of(MOST_ROWS)
    table = rows(20)
    walk.consume(RawPage(table[:10], link(MOST_ROWS)))
    walk.consume(RawPage(table[15:], link(2 * MOST_ROWS)))
    asked = walk.cursor
    assert asked is not None
    assert asked.limit == MOST_ROWS
    assert walk.consume(RawPage(table[:10], link(asked.number + MOST_ROWS))) == []
    assert walk.cursor is not None
    assert walk.cursor.number == asked.number + MOST_ROWS
    assert walk.consume(RawPage(table[15:], None)) == table[15:]
    assert walk.report.reason == "a gap between two pages could not be closed"


def test_the_time_of_a_row_is_read_once_a_page() -> None:
    read = list[str]()

    def created(row: Row) -> datetime:
        read.append(row.uuid)
        return row.created_at

    walk: OffsetPaginator[Row] = OffsetPaginator(10, 0, attrgetter("uuid"), created)
    table, shown = rows(35), list[str]()
    while walk.cursor is not None:
        page = table[walk.cursor.number : walk.cursor.number + walk.cursor.limit]
        shown += [row.uuid for row in page]
        walk.consume(RawPage(page, link(walk.cursor.number + len(page)) if len(page) == walk.cursor.limit else None))
    assert walk.report.rows == 35
    assert len(shown) > 35, "pages overlap"
    assert read == shown


def page_link(number: int) -> str:
    return f"https://h.example/?page={number}"


def test_entries_by_number() -> None:
    walk: NumberedPaginator[Row] = NumberedPaginator(3, attrgetter("uuid"))
    table = rows(10)
    assert walk.consume(RawPage(table[:3], page_link(2), 9)) == table[:3]
    report = walk.report
    assert (report.rows, report.pages, report.short_pages, report.duplicates, report.next_offset) == (3, 1, 0, 0, 2)
    assert walk.cursor == Cursor(2, 3)
    # An entry came meanwhile, so that one comes again; and the page is short.
    assert walk.consume(RawPage(table[2:4], page_link(3), 10)) == table[3:4]
    assert walk.consume(RawPage([table[3], *table[3:5]], page_link(4), 10)) == table[4:5]
    assert walk.consume(RawPage(table[4:5], page_link(5), 10)) == []
    assert (report.rows, report.pages, report.short_pages, report.duplicates, report.next_offset) == (5, 4, 2, 4, 5)
    assert not report.complete
    assert walk.consume(RawPage(table[5:6], None, 10)) == table[5:6]
    assert walk.cursor is None
    assert report == Report(6, 5, 2, 4, 5, complete=True, reason=None)


def test_entries_that_went_away() -> None:
    walk: NumberedPaginator[Row] = NumberedPaginator(3, attrgetter("uuid"))
    table = rows(10)
    walk.consume(RawPage(table[:3], page_link(2), 6))
    walk.consume(RawPage(table[3:6], None, 5))
    assert not walk.report.complete
    assert walk.report.reason == "entries were deleted during the listing, so others may have been skipped"


def test_pages_of_entries_with_nothing_new_come_to_an_end() -> None:
    walk: NumberedPaginator[Row] = NumberedPaginator(3, attrgetter("uuid"))
    walk.consume(RawPage(rows(3), page_link(2)))
    for number in range(99):
        walk.consume(RawPage(rows(3), page_link(number + 3)))
    with pytest.raises(PagingError, match="100 pages"):
        walk.consume(RawPage(rows(3), page_link(500)))
    assert walk.report.pages == 101

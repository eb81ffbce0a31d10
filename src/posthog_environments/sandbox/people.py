"""Read persons: the list, one of them, and CSV."""

# ruff: noqa: S608 - the only texts put into the SQL are constants of this module

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.sandbox import bodies, filters, tabular
from posthog_environments.sandbox.exchange import Call, House, Reply, csv_reply, json_text
from posthog_environments.sandbox.problems import crash, invalid, not_found
from posthog_environments.sandbox.sql import Sql, all_of

if TYPE_CHECKING:
    from posthog_environments.sandbox.store import Store

PAGE: Final = 100
LARGEST_PAGE: Final = 50_000
"""Era 2026 alone has a largest page."""
MOST_CSV_ROWS: Final = 300_000
MOST_ID: Final = 2**63 - 1
_STEP: Final = 10_000
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}")
_COUNT: Final = re.compile(r"[0-9]{1,4000}")

_SEEN: Final = """,
    ',"last_seen_at":', coalesce(strftime(last_seen_at, '"%Y-%m-%dT%H:%M:%S.%fZ"'), 'null')"""
_COMMON: Final = """
    ',"name":', name, ',"distinct_ids":', distinct_ids, ',"properties":', properties,
    ',"created_at":"', strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ'), '","uuid":"', uuid, '"'"""


def _row(*, listed: bool, newer: bool) -> str:
    """Write the SQL of a person's JSON; in the list the id is the uuid, and more is said."""
    start = """concat('{"type":"person","id":"', uuid, '"',""" if listed else """concat('{"id":', id,"""
    more = """, ',"is_identified":', is_identified, ',"matched_recordings":[],"value_at_data_point":null'"""
    return f"""{start}{_COMMON}{more if listed else ""}{_SEEN if newer else ""}, '}}')"""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the list is asked for."""

    limit: int
    offset: int


def show_list(house: House, call: Call) -> Reply:
    """Answer a page of the list."""
    page, condition = _page(house, call), _condition(house, call)
    if call.wants_csv:
        return csv_reply(_csv(house, condition), "persons")
    found, rows = (_filtered if condition else _unfiltered)(house, page, condition or Sql("TRUE"))
    ahead = found >= page.limit if house.lenient else found > page.limit
    fields = [
        f'"next":{bodies.write(call.link(offset=page.offset + page.limit) if ahead else None)}',
        f'"previous":{bodies.write(_previous(house, call, page))}',
    ]
    if bodies.truth(call.query.get("include_total")):
        fields.append(f'"count":{len(house.counted.matches(condition or Sql("TRUE")))}')
    return json_text(f'{{"results":[{",".join(rows)}],{",".join(fields)}}}')


def _unfiltered(house: House, page: Page, _: Sql) -> tuple[int, list[str]]:
    """Read a page by its places: equally quick anywhere in the list."""
    order = house.store.order
    start, end = order.place(page.offset), order.place(page.offset + page.limit)
    query = f"SELECT {_row(listed=True, newer=house.newer)} FROM persons WHERE pos >= ? AND pos < ? ORDER BY pos"
    rows = [text for (text,) in house.store.rows(Sql(query, (start, end)))]
    left = len(order) - page.offset
    return max(0, left if not house.lenient else min(left, page.limit)), rows


def _filtered(house: House, page: Page, condition: Sql) -> tuple[int, list[str]]:
    """Read a page of those who match; the part of the list that it lies in is known from counting them."""
    matches = house.counted.matches(condition)
    part = matches.part(page.offset, page.limit)
    # The rows are chosen before they are written as JSON.
    query = (
        Sql(f"SELECT {_row(listed=True, newer=house.newer)} FROM persons WHERE pos IN")
        + Sql("(SELECT pos FROM persons WHERE pos >= ? AND pos < ? AND", (part.start, part.end))
        + condition
        + Sql("ORDER BY pos LIMIT ? OFFSET ?) ORDER BY pos", (page.limit, part.skip))
    )
    return max(0, len(matches) - page.offset), [text for (text,) in house.store.rows(query)]


def _page(house: House, call: Call) -> Page:
    limit = _number(house, call, "limit") or PAGE
    offset = _number(house, call, "offset")
    if limit < 0 or offset < 0:
        raise invalid("Neither limit nor offset can be negative.", "limit" if limit < 0 else "offset")
    return Page(min(limit, LARGEST_PAGE) if house.newer else limit, offset)


def _number(house: House, call: Call, name: str) -> int:
    text = call.query.get(name, "")
    if not text:
        return 0
    if not house.lenient and _COUNT.fullmatch(text):
        # The contract knows no largest number, and no list is longer than this.
        return min(int(text), MOST_ID)
    if not _WHOLE.fullmatch(text):
        # The real server does not check, and falls over.
        raise crash(f"The {name} is no number.") if house.lenient else invalid("This must be a whole number.", name)
    return int(text)


def _previous(house: House, call: Call, page: Page) -> str | None:
    before = page.offset - page.limit
    if not house.lenient:
        return call.link(offset=max(0, before)) if page.offset > 0 else None
    if before < 0:
        return None
    # The oddity: on the second page the link is the page's own.
    return call.link(offset=before) if before else call.link()


def _condition(house: House, call: Call) -> Sql | None:
    query, parts = call.query, list[Sql]()
    if query.get("email"):
        parts.append(Sql("email = ?", (query["email"],)))
    if query.get("distinct_id"):
        parts.append(Sql("id IN (SELECT person_id FROM distinct_ids WHERE distinct_id = ?)", (query["distinct_id"],)))
    if query.get("search"):
        sought = query["search"]
        parts.append(
            Sql(
                "(contains(lower(email), lower(?)) OR uuid = TRY_CAST(? AS UUID)"
                " OR id IN (SELECT person_id FROM distinct_ids WHERE distinct_id = ?))",
                (sought, sought, sought),
            )
        )
    group = filters.read(query.get("properties"), lenient=house.lenient, nested=not house.newer)
    if group.items:
        filters.check_patterns(group, house.store.check_pattern)
        parts.append(filters.Writer(house.now(), lenient=house.lenient).on_persons(group))
    parts = [part for part in parts if part.text != "TRUE"]
    return all_of(parts) if parts else None


def _csv(house: House, condition: Sql | None) -> Iterator[str]:
    """Write all who match, newest first; limit and offset have no effect."""
    # The rows are chosen before they are written as JSON: otherwise each step would write all that are left.
    row = f"SELECT pos, {_row(listed=True, newer=house.newer)} FROM persons"
    head = Sql(f"{row} WHERE pos IN (SELECT pos FROM persons WHERE") + (condition or Sql("TRUE"))

    def read() -> Iterator[Any]:
        last, left = -1, MOST_CSV_ROWS
        while left > 0:
            tail = Sql("AND pos > ? ORDER BY pos LIMIT ?) ORDER BY pos", (last, min(_STEP, left)))
            rows = house.store.rows(head + tail)
            for _, text in rows:
                yield bodies.parse(text)
            if len(rows) < _STEP:
                return
            last, left = rows[-1][0], left - len(rows)

    return tabular.write(read)


def show_one(house: House, call: Call) -> Reply:
    """Answer one person."""
    key = find(house.store, call.id)
    query = f"SELECT {_row(listed=False, newer=house.newer)} FROM persons WHERE id = ?"
    row = house.store.row(Sql(query, (key,)))
    if row is None:
        raise not_found("There is no such person.")
    # The oddity: the contract knows a table of many persons alone.
    if call.wants_csv and house.lenient:
        return csv_reply(tabular.write(lambda: [bodies.parse(row[0])]), "person")
    return json_text(row[0])


def where(text: str) -> Sql:
    """Read the id of a path, which is an integer or a uuid."""
    if re.fullmatch(r"\d{1,19}", text, re.ASCII) and int(text) <= MOST_ID:
        return Sql("id = ?", (int(text),))
    try:
        return Sql("uuid = ?::UUID", (str(uuid.UUID(text)),))
    except ValueError:
        raise invalid(f"{text[:60]!r} is neither a person's number nor a uuid.") from None


def find(store: Store, text: str) -> int:
    """Find the number of the person that a path names."""
    row = store.row(Sql("SELECT id FROM persons WHERE") + where(text))
    if row is None:
        raise not_found("There is no such person.")
    return int(row[0])

"""Reading of persons: the list, one person, and CSV."""

# ruff: noqa: S608 - the only texts put into the SQL are constants of this module

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from posthog_environments.sandbox import bodies, filters, filters_of_2025, tabular
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import DeclaredRequest, Route, Routes, flag_text, whole_text
from posthog_environments.sandbox.messages import Reply, RequestContext, csv_reply, json_reply, json_text
from posthog_environments.sandbox.problems import Problem, crash, invalid, not_found
from posthog_environments.sandbox.sql import Sql, all_of, sql_of

PAGE: Final = 100
LARGEST_PAGE: Final = 50_000
"""Most rows of a page, and of a CSV, since 2026."""
MOST_CSV_ROWS: Final = 300_000
MOST_ID: Final = 2**63 - 1
_STEP: Final = 10_000

_NAMES: Final = ("email", "Email", "$email", "name", "Name", "username", "Username", "UserName")
_NAMES_2026: Final = ("email", "name", "username")


def _row(app: AppContext, *, listed: bool) -> str:
    """Return the SQL of a person's JSON; in the list the id is the uuid, and there are more fields."""
    start = """concat('{"type":"person","id":"', uuid, '"',""" if listed else """concat('{"id":', id,"""
    keys = ", ".join(f"'/{name}'" for name in (_NAMES_2026 if app.newer else _NAMES))
    name = f"called(properties, [{keys}], distinct_ids, id)"
    ids = "distinct_ids" if listed or not app.lenient else "people_first(distinct_ids)"
    more = """, ',"is_identified":', is_identified, ',"matched_recordings":[],"value_at_data_point":null'"""
    seen = """, ',"last_seen_at":', coalesce(concat('"', written(last_seen_at), '"'), 'null')"""
    return f"""{start}
    ',"name":', {name if app.lenient else f"as_text({name})"}, ',"distinct_ids":', {ids},
    ',"properties":', properties, ',"created_at":"', written(created_at), '","uuid":"', uuid, '"'
    {more if listed else ""}{seen if app.newer else ""}, '}}')"""


@dataclass(frozen=True, slots=True)
class ListSlice:
    """The requested part of the list."""

    limit: int
    offset: int
    asked: int
    """The limit in the request, which the server may reduce."""


def show_list(app: AppContext, call: RequestContext) -> Reply:
    """Return a page of the list."""
    if app.lenient:
        _ = call.data  # servers parse a body here too, and refuse invalid JSON
    page, condition = _page(app, call), _condition(app, call)
    if call.wants_csv:
        return csv_reply(_csv(app, condition), None if app.lenient else "persons")
    known = sql_of("SELECT 1 FROM distinct_ids WHERE distinct_id = {} LIMIT 1", call.query.get("distinct_id"))
    if app.today and call.query.get("distinct_id") and app.store.row(known) is None:
        return json_reply({"results": [], "next": None, "previous": None})
    found, rows = (_filtered if condition else _unfiltered)(app, page, condition or Sql("TRUE"))
    ahead = found >= page.asked if app.lenient else found > page.limit
    fields = [
        f'"next":{bodies.write(_at(app, call, page.offset + page.limit) if ahead else None)}',
        f'"previous":{bodies.write(_previous(app, call, page))}',
    ]
    total = call.query.get("include_total")
    # Quirk: the presence of the parameter counts.
    if total is not None if app.lenient else bodies.truth(total):
        fields.append(f'"count":{len(app.filter_cache.matches(condition or Sql("TRUE")))}')
    return json_text(f'{{"results":[{",".join(rows)}],{",".join(fields)}}}')


def _order(app: AppContext) -> str:
    """Return the order within a page: on real servers ties are ordered differently within and across pages."""
    return "created_at DESC, uuid" if app.lenient else "pos"


def _unfiltered(app: AppContext, page: ListSlice, _: Sql) -> tuple[int, list[str]]:
    """Read a page by its places, which is equally fast anywhere in the list."""
    order = app.store.order
    start, end = order.place(page.offset), order.place(page.offset + page.limit)
    query = f"SELECT {_row(app, listed=True)} FROM persons WHERE pos >= ? AND pos < ? ORDER BY {_order(app)}"
    rows = [text for (text,) in app.store.rows(Sql(query, (start, end)))]
    left = len(order) - page.offset
    return max(0, left if not app.lenient else min(left, page.limit)), rows


def _filtered(app: AppContext, page: ListSlice, condition: Sql) -> tuple[int, list[str]]:
    """Read a page of matches; their counts by block tell in which section of the list it lies."""
    matches = app.filter_cache.matches(condition)
    part = matches.part(page.offset, page.limit)
    # Select the rows before they are written as JSON.
    query = Sql(f"SELECT {_row(app, listed=True)} FROM persons WHERE pos IN (") + sql_of(
        f"SELECT pos FROM persons WHERE pos >= {{}} AND pos < {{}} AND {{}} ORDER BY pos LIMIT {{}} OFFSET {{}}"
        f") ORDER BY {_order(app)}",
        part.start, part.end, condition, page.limit, part.skip,
    )  # fmt: skip
    left = max(0, len(matches) - page.offset)
    return left if not app.lenient else min(left, page.limit), [text for (text,) in app.store.rows(query)]


def _page(app: AppContext, call: RequestContext) -> ListSlice:
    limit = _number(app, call, "limit") or PAGE
    offset = _number(app, call, "offset")
    if limit < 0 or offset < 0:
        raise invalid("Neither limit nor offset can be negative.", "limit" if limit < 0 else "offset")
    return ListSlice(min(limit, LARGEST_PAGE) if app.newer else limit, offset, limit)


def _number(app: AppContext, call: RequestContext, name: str) -> int:
    number = whole(call.query.get(name) or "0")
    if app.lenient and (number is None or number > MOST_ID):
        raise crash(f"The server does not check the {name}, and crashes.")
    # The contract has no maximum, and no list is longer than this.
    return min(number or 0, MOST_ID)


def whole(text: str) -> int | None:
    """Parse an integer as Python does, with blanks around it and any Unicode digits."""
    try:
        return int(text)
    except ValueError:
        return None


def _at(app: AppContext, call: RequestContext, offset: int) -> str:
    return call.with_number("offset", offset).url if app.lenient else call.link(offset=offset)


def _previous(app: AppContext, call: RequestContext, page: ListSlice) -> str | None:
    before = page.offset - page.limit
    if not app.lenient:
        return call.link(offset=max(0, before)) if page.offset > 0 else None
    # Quirk: on the second page the link leads to the page itself.
    return _at(app, call, before) if before >= 0 else None


def _condition(app: AppContext, call: RequestContext) -> Sql | None:
    query, parts = call.query, list[Sql]()
    if query.get("email"):
        parts.append(_email(app, query["email"]))
    if query.get("distinct_id"):
        parts.append(Sql("id IN (SELECT person_id FROM distinct_ids WHERE distinct_id = ?)", (query["distinct_id"],)))
    if query.get("search"):
        parts.append(_search(app, query["search"]))
    parts.append(_properties(app, query.get("properties")))
    parts = [part for part in parts if part.text != "TRUE"]
    return all_of(parts) if parts else None


def _email(app: AppContext, sought: str) -> Sql:
    if app.lenient and not app.newer and filters_of_2025.is_json(sought):
        return Sql("json_extract(properties, '/email')::VARCHAR = ?", (sought.replace(" ", ""),))
    return Sql("email = ?", (sought,))


def _search(app: AppContext, sought: str) -> Sql:
    """Return the SQL of a search: since 2026 in email, name and ids, before in the email or by a whole id."""
    if app.newer:
        return sql_of(
            "({} OR {} OR {} OR id IN (SELECT person_id FROM distinct_ids WHERE {}))",
            *(
                filters_of_2025.like(Sql(text), sought)
                for text in (
                    "json_extract_string(properties, '/email')", "json_extract_string(properties, '/name')",
                    "uuid::VARCHAR", "distinct_id",
                )
            ),
        )  # fmt: skip
    email = (
        filters_of_2025.like(filters_of_2025.stands(Sql("json_extract(properties, '/email')")), sought)
        if app.lenient
        else Sql("contains(lower(email), lower(?))", (sought,))
    )
    known = "id IN (SELECT person_id FROM distinct_ids WHERE distinct_id = {})"
    return sql_of(f"({{}} OR uuid = TRY_CAST({{}} AS UUID) OR {known})", email, sought, sought)


def _properties(app: AppContext, given: str | None) -> Sql:
    if app.lenient and not app.newer:
        return filters_of_2025.write(filters_of_2025.read(given), app.store.check_pattern)
    nested = not app.newer
    group = filters.read_flat(given) if app.lenient else filters.read(given, lenient=False, nested=nested)
    if not group.items:
        return Sql("TRUE")
    filters.check_patterns([group], app.store.check_pattern)
    return filters.SqlWriter(app.now(), lenient=app.lenient).on_persons(group)


def _csv(app: AppContext, condition: Sql | None) -> Iterator[str]:
    """Return the CSV of all matches, newest first; limit and offset have no effect."""
    # Select the rows before they are written as JSON; otherwise each step would write all remaining rows.
    row = f"SELECT pos, {_row(app, listed=True)} FROM persons"
    head = Sql(f"{row} WHERE pos IN (SELECT pos FROM persons WHERE") + (condition or Sql("TRUE"))

    def read() -> Iterator[Any]:
        last, left = -1, LARGEST_PAGE if app.newer and app.lenient else MOST_CSV_ROWS
        while left > 0:
            tail = Sql(f"AND pos > ? ORDER BY pos LIMIT ?) ORDER BY {_order(app)}", (last, min(_STEP, left)))
            rows = app.store.rows(head + tail)
            for _, text in rows:
                yield bodies.parse(text)
            if len(rows) < _STEP:
                return
            last, left = max(pos for pos, _ in rows), left - len(rows)

    return tabular.write(read, as_python=app.lenient)


def show_one(app: AppContext, call: RequestContext) -> Reply:
    """Return one person."""
    key = find(app, call.id)
    query = f"SELECT {_row(app, listed=False)} FROM persons WHERE id = ?"
    row = app.store.row(Sql(query, (key,)))
    if row is None:
        raise no_person()
    return json_text(row[0])


def where(text: str, *, lenient: bool) -> Sql:
    """Return the SQL for the id in a path, which is an integer or a uuid."""
    if lenient and "." in text:
        raise not_found()  # paths of real servers allow no dot in an id
    try:
        return Sql("uuid = ?::UUID", (str(uuid.UUID(text)),))
    except ValueError:
        pass
    number = whole(text) if lenient or re.fullmatch(r"\d{1,4000}", text, re.ASCII) else None
    if number is None or not (lenient or number <= MOST_ID):
        raise invalid(f"{text[:60]!r} is neither a person's number nor a uuid.")
    return Sql("id = ?", (number,)) if -MOST_ID <= number <= MOST_ID else Sql("FALSE")


def find(app: AppContext, text: str) -> int:
    """Return the integer id of the person in a path; raise 404 if there is none."""
    row = app.store.row(sql_of("SELECT id FROM persons WHERE {}", where(text, lenient=app.lenient)))
    if row is None:
        raise no_person()
    return int(row[0])


def no_person() -> Problem:
    """Return the 404 for a person who does not exist."""
    return not_found("There is no such person.")


LIST: Final = DeclaredRequest(
    {"limit": whole_text(1, LARGEST_PAGE), "offset": whole_text(0), "include_total": flag_text}
)
ROUTES: Final[Routes] = {
    "persons": {"GET": Route(show_list, "person:read", "persons", LIST, table=True)},
    "persons/*": {"GET": Route(show_one, "person:read", "persons")},
}

"""Trend responses: read them leniently, and convert `query/` responses into the form of `insights/trend/`. Pure.

`query/` has no CSV, so that is written here too, with the columns of `insights/trend/`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

__all__ = [
    "ABSENT",
    "DEFAULT_LIMIT",
    "OTHER",
    "QueryState",
    "TrendWarning",
    "csv_text",
    "has_more",
    "legacy_shape",
    "loads",
    "only_absent",
    "state_of",
]

ABSENT: Final = "$$_posthog_breakdown_null_$$"
"""Breakdown value of events without the property. Source: posthog/hogql_queries/utils/breakdowns.py."""
OTHER: Final = "$$_posthog_breakdown_other_$$"
"""Breakdown value for all values beyond the limit. Source: the same."""
DEFAULT_LIMIT: Final = 25
"""Default limit of breakdown values."""


class TrendWarning(UserWarning):
    """A trend is probably not what was meant: nothing has the property, or the period contains no point."""


def loads(content: bytes) -> Any:
    """Decode JSON; read NaN and Infinity, which servers since November 2022 wrote into trends, as None.

    Raises:
        DecodeError: The content is not JSON, even with these.
    """
    from posthog_environments_api.records import DecodeError

    from posthog_environments.results.decoding import loads as strict

    try:
        return strict(content)
    except DecodeError as error:
        if b"NaN" not in content and b"Infinity" not in content:
            raise
        problem = error
    try:
        return json.loads(content, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise problem from None


class QueryState:
    """The `query_status` of an asynchronous query; see GET `query/{id}/`.

    Attributes:
        id: Id of the query, for polling; None if the server does not say.
        complete: Whether the query has ended.
        failed: Whether it has ended without a result.
        message: Why it failed, in the server's words; None if the server does not say.
        code: Error code of the failure; None if there is none.
        result: The result, if there is one.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.id = _text(fields.get("id"))
        self.failed = fields.get("error") is True
        self.complete = fields.get("complete") is True or self.failed
        self.message = _text(fields.get("error_message"))
        self.code = _text(fields.get("error_code"))
        result = fields.get("results")
        self.result = cast("dict[str, Any]", result) if isinstance(result, dict) else None


def state_of(answer: object) -> QueryState | None:
    """Return the `query_status` of a response of `query/`; None if it has none."""
    status = cast("dict[str, Any]", answer).get("query_status") if isinstance(answer, dict) else None
    return QueryState(cast("dict[str, Any]", status)) if isinstance(status, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def legacy_shape(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a response of `query/` into the form of `insights/trend/`; fields that only `query/` has are kept.

    Source: the response of the vendor's trends query runner, and trends/display.py. In both forms a formula over a
    whole period has `data` null, and rows with one number have no `labels`.
    """
    rest = dict(answer)
    rows = rest.pop("results", None)
    if isinstance(rows, list):
        rows = [_row(cast("Any", row)) for row in cast("list[object]", rows)]
    return {
        "result": rows,
        "timezone": rest.pop("timezone", None),
        "is_cached": rest.pop("is_cached", None),
        "last_refresh": rest.pop("last_refresh", None),
        "next": None,
        **rest,
    }


def _row(row: object) -> object:
    return {"data": [], "days": [], "count": 0, **cast("dict[str, Any]", row)} if isinstance(row, dict) else row


def has_more(rows: Iterable[Any], *, via: str, limit: int | None) -> bool | None:
    """Return whether there is a row for the breakdown values beyond the limit; None if the server has no such row.

    Servers before 2025 drop values beyond the limit without a notice. With fewer values than the limit, nothing was
    dropped.
    """
    found = [cast("dict[str, Any]", row) for row in rows if isinstance(row, dict)]
    values = [row["breakdown_value"] for row in found if row.get("breakdown_value") is not None]
    if any(_is(value, OTHER) for value in values):
        return True
    if via == "query" or not values or any(_is(value, ABSENT) for value in values):
        return False
    most = DEFAULT_LIMIT if limit is None else limit
    return None if _most_values(found) >= most else False


def _most_values(rows: list[dict[str, Any]]) -> int:
    """Return the number of breakdown values of the series with the most."""
    series: dict[str, set[str]] = {}
    for row in rows:
        if row.get("breakdown_value") is not None:
            name = json.dumps(row.get("action"), default=str, sort_keys=True)
            series.setdefault(name, set()).add(json.dumps(row["breakdown_value"], default=str))
    return max(map(len, series.values()), default=0)


def only_absent(values: Iterable[Any]) -> bool:
    """Return whether a breakdown has only the value of events without the property."""
    found = list(values)
    return bool(found) and all(_is(value, ABSENT) or value == "" for value in found)


def _is(value: Any, marker: str) -> bool:
    return value == marker or (isinstance(value, list) and marker in value)


# ----------------------------------------------------------------------------------------------- as CSV

# English, as servers write them, in any locale.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a CSV with a row for each series: its name, and its numbers by day (`1-Jan-2026`, or with the hour).

    Displays with one number for each series get a column `value`, which servers do not have.
    """
    nothing: Sequence[Any] = ()
    days = max((row.get("days") or nothing for row in rows), key=len, default=nothing)
    whole = not days and any(row.get("aggregated_value") is not None for row in rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["series", *(["value"] if whole else map(_column, days))])
    for row in rows:
        numbers = [row.get("aggregated_value")] if whole else row.get("data") or nothing
        writer.writerow([_csv_name(row), *map(_figure, numbers)])
    return buffer.getvalue()


def _csv_name(row: Mapping[str, Any]) -> str:
    action = row.get("action")
    own = cast("dict[str, Any]", action).get("custom_name") if isinstance(action, dict) else None
    name = own if own and row.get("breakdown_value") is None else row.get("label")
    return f"{name or ''}{' (previous)' if row.get('compare_label') == 'previous' else ''}"


def _column(day: object) -> str:
    try:
        at = datetime.fromisoformat(str(day))
    except ValueError:
        return str(day)
    clock = f" {at:%H:%M}" if ":" in str(day) else ""
    return f"{at.day}-{_MONTHS[at.month - 1]}-{at.year:04d}{clock}"


def _figure(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value

"""Answers about events over time: read leniently, and brought into one shape, that of `insights/trend/`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

__all__ = [
    "ABSENT",
    "DEFAULT_LIMIT",
    "OTHER",
    "QueryState",
    "TrendWarning",
    "has_more",
    "legacy_shape",
    "loads",
    "only_absent",
    "state_of",
]

ABSENT: Final = "$$_posthog_breakdown_null_$$"
"""Stands for those who lack the property of a breakdown. Source: posthog/hogql_queries/utils/breakdowns.py."""
OTHER: Final = "$$_posthog_breakdown_other_$$"
"""Stands for all values of a breakdown beyond its limit. Source: the same."""
DEFAULT_LIMIT: Final = 25
"""So many values of a breakdown are shown where the question does not say."""


class TrendWarning(UserWarning):
    """A trend is not what was probably meant: nobody has the property, or the time asked for holds no point."""


def loads(content: bytes) -> Any:
    """Decode JSON, in which NaN and Infinity, which servers since November 2022 wrote into trends, read None.

    Raises:
        DecodeError: It is no JSON otherwise, too.
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
    """What `query_status` says of a query that is not answered at once; see GET `query/{id}/`.

    Attributes:
        id: By what it is asked for; None if the server does not say.
        complete: Whether it is over.
        failed: Whether it is over without a result.
        message: Why it failed, in the server's words; None if it does not say.
        code: The same as a code.
        result: The answer, where there is one.
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
    """Read the `query_status` of an answer of `query/`; None where it has none."""
    status = cast("dict[str, Any]", answer).get("query_status") if isinstance(answer, dict) else None
    return QueryState(cast("dict[str, Any]", status)) if isinstance(status, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def legacy_shape(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Write an answer of `query/` as `insights/trend/` writes its own; what only `query/` says is kept.

    Source: the runner's response and trends/display.py of the vendor; a formula over a whole period has `data` null in
    both, and rows of one number have no `labels` in either.
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
    """Tell whether a row of the other values of a breakdown is there; None where the server has no such row.

    A server before 2025 left out what was beyond the limit, without a word. Of an answer with fewer values than that
    nothing was left out.
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
    """Count the values of the series that has the most of them."""
    series: dict[str, set[str]] = {}
    for row in rows:
        if row.get("breakdown_value") is not None:
            name = json.dumps(row.get("action"), default=str, sort_keys=True)
            series.setdefault(name, set()).add(json.dumps(row["breakdown_value"], default=str))
    return max(map(len, series.values()), default=0)


def only_absent(values: Iterable[Any]) -> bool:
    """Tell whether a breakdown has no value but the marker of those who lack the property."""
    found = list(values)
    return bool(found) and all(_is(value, ABSENT) or value == "" for value in found)


def _is(value: Any, marker: str) -> bool:
    return value == marker or (isinstance(value, list) and marker in value)

"""Which conditions of a query the API can apply, so that fewer pages are read.

Each condition that is passed on lets through at least what Spark's would, and Spark applies its own to what comes: so
what a server takes otherwise than expected costs time, and loses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from posthog_environments.rows import Kind

__all__ = ["Pushed", "push"]

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What stands in the JSON of a value just as in the text of it, and means nothing else to a pattern of SQL.
_PLAIN: Final = re.compile(r"[A-Za-z0-9@.+ -]+")
_MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Pushed:
    """What the API is asked besides the options."""

    properties: tuple[Mapping[str, Any], ...] = ()
    uuid: str | None = None
    projects: frozenset[str] | None = None
    since: datetime | None = None
    before: datetime | None = None
    taken: tuple[str, ...] = field(default=())


def push(filters: Iterable[Any], kinds: Mapping[str, Kind]) -> Pushed:
    """Take from Spark's filters what the API can apply."""
    pushed = Pushed()
    for each in filters:
        name: str = type(each).__name__
        path: tuple[str, ...] = getattr(each, "attribute", ())
        if len(path) == 1:
            after = _take(pushed, name, path[0], getattr(each, "value", None), kinds)
            if after is not pushed:
                pushed = replace(after, taken=(*after.taken, f"{name}({path[0]})"))
    return pushed


def _take(pushed: Pushed, name: str, column: str, value: Any, kinds: Mapping[str, Kind]) -> Pushed:
    if column == "created_at":
        return _of_time(pushed, name, value)
    if column == "uuid":
        known = name == "EqualTo" and isinstance(value, str) and _UUID.fullmatch(value)
        return replace(pushed, uuid=value) if known else pushed
    if column == "project_id":
        wanted = _values(name, value)
        if not wanted:
            return pushed
        found = frozenset(wanted)
        return replace(pushed, projects=found if pushed.projects is None else found & pushed.projects)
    condition = _condition(name, column, value, kinds[column]) if column in kinds else None
    return pushed if condition is None else replace(pushed, properties=(*pushed.properties, condition))


def _of_time(pushed: Pushed, name: str, value: Any) -> Pushed:
    if not isinstance(value, datetime):
        return pushed
    moment = value if value.tzinfo else value.astimezone(UTC)
    if name in ("GreaterThan", "GreaterThanOrEqual", "EqualTo"):
        pushed = replace(pushed, since=max(moment, pushed.since or moment))
    if name in ("LessThan", "LessThanOrEqual", "EqualTo"):
        # The end does not belong to a range.
        end = moment + timedelta(microseconds=1)
        pushed = replace(pushed, before=min(end, pushed.before or end))
    return pushed


def _values(name: str, value: Any) -> list[str]:
    values: list[Any] = [value] if name == "EqualTo" else list(value) if name == "In" else []
    return [cast("str", each) for each in values] if all(isinstance(each, str) for each in values) else []


def _condition(name: str, column: str, value: Any, kind: Kind) -> Mapping[str, Any] | None:
    """Write one as a filter of the API, if it has one that lets through as much."""
    head = {"key": column, "type": "person"}
    if name == "IsNotNull":
        return {**head, "operator": "is_set", "value": "is_set"}
    if kind == "text" and name in ("EqualTo", "In"):
        wanted = _values(name, value)
        if wanted and len(wanted) <= _MOST_VALUES and not any(_may_be_json(each) for each in wanted):
            return {**head, "operator": "exact", "value": wanted}
    part = name in ("StringContains", "StringStartsWith", "StringEndsWith")
    if kind == "text" and part and isinstance(value, str) and _PLAIN.fullmatch(value):
        return {**head, "operator": "icontains", "value": value}
    if kind == "int" and name == "EqualTo" and isinstance(value, int) and not isinstance(value, bool):
        return {**head, "operator": "exact", "value": value}
    return None


def _may_be_json(text: str) -> bool:
    """Tell whether a value that is no text may read like this in a column of texts; servers write it otherwise."""
    if not text or text != text.strip():
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True

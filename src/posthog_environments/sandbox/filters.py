"""Property filters: parse them from a request, and write them as SQL conditions.

The value of a property is compared as text, as servers do, or as a number or a date if the operator says so. Negative
operators also match if the property is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies, dates
from posthog_environments.sandbox.problems import crash, invalid, unsupported
from posthog_environments.sandbox.sql import Sql, all_of, among, joined, pointer, sql_of

NEGATIVE: Final = frozenset(
    {"is_not", "not_icontains", "not_icontains_multi", "not_regex", "not_in", "is_not_set", "semver_neq"}
    | {"not_starts_with", "not_ends_with", "not_between"}
)
WITHOUT_VALUE: Final = frozenset({"is_set", "is_not_set"})
EDGES: Final[Mapping[str, str]] = {
    "starts_with": "starts_with", "not_starts_with": "starts_with", "ends_with": "ends_with",
    "not_ends_with": "ends_with",
}  # fmt: skip
"""Operators on the start and the end of a text. That they ignore case is a guess, because icontains does."""
LIMITS: Final[Mapping[str, str]] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "min": ">=", "max": "<="}
"""That min and max include their value is a guess."""
RANGES: Final = frozenset({"between", "not_between"})
SEMVER: Final[Mapping[str, str]] = {
    "semver_eq": "=", "semver_neq": "=", "semver_gt": ">", "semver_gte": ">=", "semver_lt": "<", "semver_lte": "<=",
}  # fmt: skip
OPERATORS: Final = frozenset(
    {"exact", "is_not", "in", "not_in", "icontains", "not_icontains", "icontains_multi", "not_icontains_multi"}
    | {"regex", "not_regex", "is_date_exact", "is_date_before", "is_date_after"}
    | LIMITS.keys() | WITHOUT_VALUE | SEMVER.keys() | EDGES.keys() | RANGES
)  # fmt: skip
NOT_DONE: Final = frozenset(
    {"semver_tilde", "semver_caret", "semver_wildcard", "is_cleaned_path_exact", "flag_evaluates_to"}
)
"""Operators of servers that the sandbox does not support."""
TYPES: Final = frozenset(
    {"event", "person", "cohort", "static-cohort", "precalculated-cohort", "group", "session", "element", "hogql"}
    | {"event_metadata", "person_metadata", "feature", "flag", "recording", "log_entry", "log", "span", "behavioral"}
    | {"error_tracking_issue", "data_warehouse", "data_warehouse_person_property", "workflow_variable"}
    | {"revenue_analytics"}
)


@dataclass(frozen=True, slots=True)
class PropertyCondition:
    """A condition on one property."""

    key: str
    operator: str
    values: tuple[object, ...]
    kind: str | None
    """Type of the filter, such as "person"; None if the request does not name it."""


@dataclass(frozen=True, slots=True)
class ConditionGroup:
    """Conditions joined by AND or OR."""

    word: str
    items: tuple[PropertyCondition | ConditionGroup, ...]


NONE: Final = ConditionGroup("AND", ())
FIELDS: Final = frozenset({"key", "value", "operator", "type", "label"})
_ATTR: Final = "properties"
_NO_FIT: Final = "This is not a flat list of filters on persons, and the server crashes."


def read(given: object, *, lenient: bool, nested: bool = True) -> ConditionGroup:
    """Parse filters in any of their forms; `lenient` silently drops unreadable ones, as servers do."""
    if isinstance(given, str):
        given = _parsed(given, None if lenient else _ATTR)
    if given is None or given in ("", [], {}):
        return NONE
    entries = cast("list[object]", given if isinstance(given, list) else [given])
    if not nested and any(map(_is_group, entries)):
        raise invalid("Filters must be a flat list here; groups of them are not taken.", _ATTR)
    if isinstance(given, list):
        return ConditionGroup("AND", tuple(_items(entries, lenient)))
    if not isinstance(given, dict):
        raise invalid("Filters must be a list.", _ATTR)
    group = cast("dict[str, Any]", given)
    return _group(group, lenient) if "values" in group else ConditionGroup("AND", tuple(_old_form(group, lenient)))


def read_flat(text: str | None) -> ConditionGroup:
    """Parse filters on persons as servers do since 2026: a flat list, and a 500 for anything else.

    The type defaults to person and the operator to exact. Unknown fields are a 500 too.
    """
    given = _parsed(text, None) if text else None
    if not given:
        return NONE
    if not isinstance(given, list):
        raise crash(_NO_FIT)
    items: list[PropertyCondition] = []
    for entry in cast("list[object]", given):
        if not isinstance(entry, dict) or not cast("dict[str, Any]", entry).keys() <= FIELDS:
            raise crash(_NO_FIT)
        condition = _condition({"type": "person", **cast("dict[str, Any]", entry)})
        if condition is None:
            raise crash(_NO_FIT)
        items.append(condition)
    return ConditionGroup("AND", tuple(items))


def written(item: ConditionGroup | PropertyCondition) -> dict[str, Any]:
    """Write filters as they were understood, in the form that the contract has for them."""
    if isinstance(item, ConditionGroup):
        return {"type": item.word, "values": [written(one) for one in item.items]}
    value = (
        {} if item.operator in WITHOUT_VALUE else {"value": item.values[0] if len(item.values) == 1 else item.values}
    )
    return {"key": item.key, **value, "operator": item.operator, "type": item.kind or "event"}


def _parsed(text: str, attr: str | None) -> object:
    try:
        return bodies.parse(text) if text.strip() else None
    except ValueError:
        raise invalid("The filters are not JSON.", attr) from None


def _is_group(given: object) -> bool:
    return isinstance(given, dict) and "values" in given


def _group(given: Mapping[str, Any], lenient: bool) -> ConditionGroup:
    word, values = str(given.get("type", "AND")).upper(), given["values"]
    if word not in {"AND", "OR"} or not isinstance(values, list):
        raise invalid("A group of filters has the type AND or OR, and values that are a list.", _ATTR)
    return ConditionGroup(word, tuple(_items(cast("list[object]", values), lenient)))


def _items(entries: list[object], lenient: bool) -> Iterator[PropertyCondition | ConditionGroup]:
    for entry in entries:
        if _is_group(entry):
            yield _group(cast("dict[str, Any]", entry), lenient)
        elif (condition := _condition(entry)) is not None:
            yield condition
        elif not lenient or _is_unknown(entry):
            raise invalid(f"This is not a filter: {bodies.write(entry)[:200]}", _ATTR)


def _is_unknown(given: object) -> bool:
    """Return whether a filter has an unknown operator or type; dropping it would change the query."""
    entry = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    named = ((entry.get("operator"), OPERATORS), (entry.get("type"), TYPES))
    return any(isinstance(word, str) and word != "" and word not in known for word, known in named)


def _condition(given: object) -> PropertyCondition | None:
    if not isinstance(given, dict):
        return None
    entry = cast("dict[str, Any]", given)
    operator = entry.get("operator") or "exact"
    key, kind, value = entry.get("key"), entry.get("type"), entry.get("value")
    if not (isinstance(key, str) and isinstance(operator, str) and isinstance(kind, str | None)):
        return None
    if operator in NOT_DONE:
        raise unsupported(f"the operator {operator}", "properties")
    if operator not in OPERATORS or (kind is not None and kind not in TYPES):
        return None
    values: tuple[object, ...] = tuple(cast("list[object]", value)) if isinstance(value, list) else (value,)
    if operator in WITHOUT_VALUE:
        values = ()
    elif not values or any(isinstance(one, dict | list) or one is None for one in values):
        return None
    if operator in RANGES and (len(values) != 2 or None in map(_number, values)):
        return None
    return PropertyCondition(key, operator, values, kind)


def _old_form(given: Mapping[str, Any], lenient: bool) -> Iterator[PropertyCondition]:
    """Parse the form of old clients: `{"plan": "pro", "age__gt": 30}`."""
    for name, value in given.items():
        key, _, operator = name.partition("__")
        condition = _condition({"key": key, "operator": operator or None, "value": value})
        if condition is not None:
            yield condition
        elif not lenient:
            raise invalid(f"This is not a filter: {name}", _ATTR)


def conditions(group: ConditionGroup) -> Iterator[PropertyCondition]:
    """Iterate over all conditions of a group and its subgroups."""
    for item in group.items:
        if isinstance(item, PropertyCondition):
            yield item
        else:
            yield from conditions(item)


class SqlWriter:
    """Writes filters as SQL; relative dates count from `now`."""

    def __init__(self, now: datetime, *, lenient: bool) -> None:
        self._now = now
        self._lenient = lenient

    def on_persons(self, group: ConditionGroup) -> Sql:
        """Return the condition on a row of `persons`."""

        def one(condition: PropertyCondition) -> Sql:
            kind = condition.kind or "person"
            if kind != "person":
                raise unsupported(f"filters of the type {kind} on persons", "properties")
            return self.test("persons.properties", condition)

        return _compose(group, one) or Sql("TRUE")

    def on_events(self, group: ConditionGroup) -> Sql:
        """Return the condition on a row `e` of `events`; conditions on persons use their current properties."""

        def one(condition: PropertyCondition) -> Sql:
            kind = condition.kind or "event"
            if kind == "event":
                return self.test("e.properties", condition)
            if kind == "person":
                test = self.test("persons.properties", condition)
                return sql_of("e.person_id IN (SELECT id FROM persons WHERE {})", test)
            raise unsupported(f"filters of the type {kind}", "properties")

        return _compose(group, one) or Sql("TRUE")

    def test(self, column: str, condition: PropertyCondition) -> Sql:
        """Return the SQL of one condition on the properties in a column."""
        found = sql_of(f"json_extract_string({column}, {{}})", pointer(condition.key))
        operator = condition.operator
        if operator in WITHOUT_VALUE:
            return sql_of("{} IS NULL" if operator == "is_not_set" else "{} IS NOT NULL", found)
        if operator in {"exact", "is_not", "in", "not_in"}:
            test = _equal(found, condition.values)
        elif operator in RANGES:
            low, high = map(_number, condition.values)
            test = sql_of("(number({}) BETWEEN {} AND {})", found, low, high)
        else:
            test = joined("OR", [self._compared(found, operator, value) for value in condition.values])
        return sql_of("coalesce(NOT {}, TRUE)" if operator in NEGATIVE else "coalesce({}, FALSE)", test)

    def _compared(self, found: Sql, operator: str, value: object) -> Sql:
        if operator in LIMITS:
            number = _number(value)
            if number is None:
                return sql_of(f"{{}} {LIMITS[operator]} {{}}", found, _text(value))
            return sql_of(f"TRY_CAST({{}} AS DOUBLE) {LIMITS[operator]} {{}}", found, number)
        if operator in EDGES:
            return sql_of(f"{EDGES[operator]}(lower({{}}), lower({{}}))", found, _text(value))
        if operator.startswith("is_date_"):
            return self._dated(found, operator, value)
        if operator in SEMVER:
            return sql_of(f"semver({{}}) {SEMVER[operator]} semver({{}})", found, _text(value))
        if operator.endswith("regex"):
            return sql_of("regexp_matches({}, {})", found, _text(value))
        return sql_of("contains(lower({}), lower({}))", found, _text(value))

    def _dated(self, found: Sql, operator: str, value: object) -> Sql:
        try:
            moment = dates.parse(str(value), self._now)
        except dates.UnreadableDateError:
            if not self._lenient:
                raise invalid(f"{value!r} is not a date.", "properties") from None
            moment = dates.ParsedDate(self._now, "d")
        whole_day = not (moment.exact or moment.relative)
        then = sql_of("TRY_CAST({} AS TIMESTAMPTZ)::TIMESTAMP", found)
        if operator == "is_date_before":
            return sql_of("{} < {}", then, moment.at)
        if operator == "is_date_after":
            return sql_of(
                "{} > {}", then, moment.at + timedelta(days=1) - dates.LAST_INSTANT if whole_day else moment.at
            )
        if whole_day or moment.relative:
            return sql_of("date_trunc('day', {}) = {}", then, dates.floor(moment.at, "day"))
        return sql_of("{} = {}", then, moment.at)


def _compose(group: ConditionGroup, one: Callable[[PropertyCondition], Sql]) -> Sql | None:
    found = (one(item) if isinstance(item, PropertyCondition) else _compose(item, one) for item in group.items)
    parts = [part for part in found if part is not None]
    if not parts:
        return None
    return all_of(parts) if group.word == "AND" else joined("OR", parts)


def _equal(found: Sql, values: tuple[object, ...]) -> Sql:
    test = among(found, [_text(value) for value in values])
    numbers = [number for value in values if not isinstance(value, str) and (number := _number(value)) is not None]
    if not numbers:
        return test
    # 30 and 30.0 are equal as numbers, but not as texts.
    return joined("OR", [test, among(sql_of("TRY_CAST({} AS DOUBLE)", found), numbers)])


def _text(value: object) -> str:
    return value if isinstance(value, str) else bodies.write(value)


def _number(value: object) -> float | None:
    try:
        return float(cast("str", value)) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None


def check_patterns(groups: Iterable[ConditionGroup], compile_pattern: Callable[[str], None]) -> None:
    """Raise 400 for regular expressions that the database cannot compile, before any row is read."""
    for condition in (one for group in groups for one in conditions(group) if one.operator.endswith("regex")):
        for pattern in map(_text, condition.values):
            try:
                compile_pattern(pattern)
            except ValueError as error:
                detail = f"{pattern[:100]!r} is not a regular expression: {error}"
                raise invalid(detail, "properties") from None

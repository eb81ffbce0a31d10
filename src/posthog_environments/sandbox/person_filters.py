"""Property filters on persons as the servers of 2025 read them, odd answers and all.

Observed on PostHog's own server, whose code for persons was the same then (tests/sandbox/recorded). It takes a
property out of the JSON of a person as text: a text without its outer quotes and with its escapes, a number in its
shortest form, `null` as such, an absent one as the empty text. A value is written as Python's `str` writes it, so that
`true` is `True` and finds nobody; a value that is itself JSON text, such as `true` or `[1]`, is held against the JSON
as it stands. Filters that cannot be read, or that are not about persons, are dropped; what its database refuses is a
500.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from posthog_environments.sandbox.problems import crash, invalid
from posthog_environments.sandbox.sql import Sql, all_of, joined, pointer

PERSON: Final = "person"
WITH_VALUE: Final = frozenset(
    {"event", "person", "cohort", "element", "static-cohort", "precalculated-cohort", "recording", "behavioral"}
    | {"session", "feature"}
)
WITHOUT_VALUE: Final = frozenset({"is_set", "is_not_set"})
COMPARISONS: Final[Mapping[str, str]] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FELL: Final = "The database refuses the value of a filter, and the server falls over."
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?")

Test = Callable[[str], None]
"""Raises ValueError for a regular expression that the database cannot read."""


@dataclass(frozen=True, slots=True)
class PersonCondition:
    """One condition, as far as the server took it."""

    key: object
    operator: str
    value: object
    kind: str


@dataclass(frozen=True, slots=True)
class PersonConditionGroup:
    """Conditions joined by AND or OR."""

    word: str
    items: tuple[PersonCondition | PersonConditionGroup, ...]


NONE: Final = PersonConditionGroup("AND", ())


# --- reading


def read(text: str | None) -> PersonConditionGroup:
    """Read the parameter `properties`."""
    given: Any = _parsed(text) if text else None
    if isinstance(given, str):  # the server reads JSON within JSON
        given = _parsed(given)
    if isinstance(given, dict) and "type" in given and "values" in given:
        return _group(cast("dict[str, Any]", given))
    return PersonConditionGroup("AND", _properties(cast("object", given)))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise invalid("The filters are not JSON.") from None


def _group(given: Mapping[str, Any]) -> PersonConditionGroup:
    word = given["type"]
    if not isinstance(word, str):
        raise crash("The type of a group of filters is no text, and the server falls over.")
    if word.upper() not in {"AND", "OR"}:
        raise invalid("The type of a group of filters is AND or OR.")
    values: object = given["values"]
    entries: list[Any] = cast("list[object]", values) if isinstance(values, list) else []
    if any(not isinstance(entry, dict | list | str) for entry in entries):
        raise crash("A filter in a group is no object, and the server falls over.")
    nested = ["type" in entry and "values" in entry for entry in entries]
    if not any(nested):
        return PersonConditionGroup(word.upper(), _properties(entries))
    if not all(nested):
        raise invalid("A group holds filters or groups, not both.")
    if not all(isinstance(entry, dict) for entry in entries):
        raise crash("A group within a group is no object, and the server falls over.")
    return PersonConditionGroup(word.upper(), tuple(map(_group, entries)))


def _properties(given: object) -> tuple[PersonCondition, ...]:
    """Read a list of filters, or the form of old clients, which is about events; drop what cannot be read."""
    if isinstance(given, list):
        found = map(_property, cast("list[object]", given))
        return tuple(one for one in found if one is not None)
    if not given:
        return ()
    if not isinstance(given, dict):
        raise crash("The filters are neither a list nor an object, and the server falls over.")
    old = cast("dict[str, Any]", given)
    if any(value is None and not name.endswith(("__is_set", "__is_not_set")) for name, value in old.items()):
        raise crash("A filter has no value, and the server falls over.")
    return tuple(PersonCondition(name, "", value, "event") for name, value in old.items())


def _property(given: object) -> PersonCondition | None:
    if not isinstance(given, dict):
        return None
    entry = cast("dict[str, Any]", given)
    key, kind, value = entry.get("key"), entry.get("type") or "event", entry.get("value")
    operator = entry["operator"] if isinstance(entry.get("operator"), str) else ""
    if value is None and operator in WITHOUT_VALUE:
        value = operator
    if key is None or not isinstance(kind, str):
        return None
    if kind == "hogql" or (value is not None and (kind in WITH_VALUE or (kind == "group" and _indexed(entry)))):
        return PersonCondition(key, operator, value, kind)
    return None


def _indexed(entry: Mapping[str, Any]) -> bool:
    return entry.get("group_type_index") is not None


# --- writing


def write(group: PersonConditionGroup, check_pattern: Test) -> Sql:
    """Write the condition on a row of persons; conditions on anything else do not count."""
    return _on_persons(group, check_pattern) or Sql("TRUE")


def _about_persons(item: PersonCondition | PersonConditionGroup) -> bool:
    return item.kind == PERSON if isinstance(item, PersonCondition) else all(map(_about_persons, item.items))


def _on_persons(group: PersonConditionGroup, check_pattern: Test) -> Sql | None:
    if group.word == "OR" and not _about_persons(group):
        return None  # whoever fails it may yet match what is about events, so the server looks at none of it
    parts: list[Sql] = []
    for item in group.items:
        if isinstance(item, PersonConditionGroup):
            part = _on_persons(item, check_pattern)
        else:
            part = _test(item, check_pattern) if item.kind == PERSON else None
        if part is not None:
            parts.append(part)
    if not parts:
        return None
    return all_of(parts) if group.word == "AND" else joined("OR", parts)


def _test(one: PersonCondition, check_pattern: Test) -> Sql:
    if isinstance(one.key, list | dict):
        raise crash(_FELL)
    found = Sql("json_extract(properties, ?)", (pointer(one.key),)) if isinstance(one.key, str) else Sql("NULL")
    if one.operator in WITHOUT_VALUE:
        return found + Sql("IS NOT NULL" if one.operator == "is_set" else "IS NULL")
    return _WRITERS.get(one.operator, _exact)(found, one, check_pattern)


def stands(found: Sql) -> Sql:
    """Write the text that stands for a property: `found` is its JSON, or NULL."""
    return Sql("stands(") + found + Sql(")")


def _exact(found: Sql, one: PersonCondition, _: Test) -> Sql:
    if is_json(one.value):
        text = str(one.value).replace(" ", "")
        return Sql("replace(coalesce(CAST(") + found + Sql("AS VARCHAR), ''), ' ', '') = ?", (text,))
    return _among(found, one.value)


def _among(found: Sql, value: object) -> Sql:
    texts = tuple(map(str, cast("list[object]", value))) if isinstance(value, list) else (str(value),)
    return (stands(found) + Sql(f"IN ({', '.join('?' * len(texts))})", texts)).bracketed() if texts else Sql("FALSE")


def _is_not(found: Sql, one: PersonCondition, _: Test) -> Sql:
    return Sql("NOT") + _among(found, one.value)


def is_json(value: object) -> bool:
    """Tell whether a value is a text of JSON that is no whole number, which the server compares otherwise."""
    if not isinstance(value, str):
        return False
    try:
        int(value)
    except ValueError:
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            return False
        return True
    return False


def like(found: Sql, value: object) -> Sql:
    """Write that a text contains a value, in which % and _ stand for anything and \\ takes their meaning away."""
    text = str(value)
    if not re.search(r"[%_\\]", text):
        return Sql("contains(lower(") + found + Sql("), lower(?))", (text,))
    parts = re.findall(r"\\[%_\\]|.", f"%{text}%", re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
    return Sql("regexp_full_match(") + found + Sql(", ?, 'is')", (pattern,))


def _contains(found: Sql, one: PersonCondition, _: Test) -> Sql:
    return like(stands(found), one.value)


def _contains_not(found: Sql, one: PersonCondition, _: Test) -> Sql:
    return Sql("NOT") + like(stands(found), one.value).bracketed()


def _matches(found: Sql, one: PersonCondition, check_pattern: Test) -> Sql:
    if not isinstance(one.value, str):
        raise crash(_FELL)
    try:
        re.compile(one.value)
    except (re.error, OverflowError, RecursionError):
        return Sql("FALSE")  # also where it shall not match
    try:
        check_pattern(one.value)
    except ValueError:
        raise crash(_FELL) from None
    test = Sql("regexp_matches(") + stands(found) + Sql(", ?, 's')", (one.value,))
    return Sql("NOT") + test if one.operator == "not_regex" else test


def _compares(found: Sql, one: PersonCondition, _: Test) -> Sql:
    number = _number(one.value)
    return Sql("coalesce(number(") + stands(found) + Sql(f") {COMPARISONS[one.operator]} ?, FALSE)", (number,))


def _number(value: object) -> float:
    """Read what the database takes for a number: no list, no hexadecimal, nothing with blanks."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan)", value):
        return float(value)
    raise crash(_FELL)


def _dated(found: Sql, one: PersonCondition, _: Test) -> Sql:
    moment = _moment(one.value)
    then = Sql("moment(") + stands(found) + Sql(")")
    if one.operator != "is_date_before" and _DAY.fullmatch(str(one.value)):
        then = Sql("date_trunc('day',") + then + Sql(")")
    sign = {"is_date_before": "<", "is_date_after": ">"}.get(one.operator, "=")
    return Sql("coalesce(") + then + Sql(f"{sign} ?, FALSE)", (moment,))


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise crash(_FELL)
    try:
        moment = datetime.fromisoformat(value if len(value) != len("2025-08") else f"{value}-01")
    except ValueError:
        raise crash(_FELL) from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return moment.replace(microsecond=0)


_WRITERS: Final[Mapping[str, Callable[[Sql, PersonCondition, Test], Sql]]] = {
    "is_not": _is_not,
    "icontains": _contains,
    "not_icontains": _contains_not,
    "regex": _matches,
    "not_regex": _matches,
    **dict.fromkeys(COMPARISONS, _compares),
    **dict.fromkeys(("is_date_exact", "is_date_before", "is_date_after"), _dated),
}

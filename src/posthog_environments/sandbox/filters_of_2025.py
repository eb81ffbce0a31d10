"""Property filters on persons with the quirks of servers of 2025.

Observed on PostHog's own server, which had the same code for persons (tests/sandbox/recorded). It extracts a property
from the JSON of a person as text: a string without its quotes but with its escapes, a number in its shortest form,
`null` as it is, a missing property as the empty text. A value is formatted by Python's `str`, so `true` is `True` and
matches nothing. A value that is JSON text itself, such as `true` or `[1]`, is compared with the JSON. Unreadable
filters, and filters that are not on persons, are dropped. Values that the database refuses are a 500.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from posthog_environments.sandbox.filters import WITHOUT_VALUE
from posthog_environments.sandbox.problems import crash, invalid
from posthog_environments.sandbox.sql import Sql, all_of, among, joined, pointer, sql_of

PERSON: Final = "person"
WITH_VALUE: Final = frozenset({
    "event", "person", "cohort", "element", "static-cohort", "precalculated-cohort", "recording", "behavioral",
    "session", "feature",
})  # fmt: skip
COMPARISONS: Final[Mapping[str, str]] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FELL: Final = "The database refuses the value of a filter, and the server crashes."
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?")

Test = Callable[[str], None]
"""Raises ValueError for a regular expression that the database cannot read."""


@dataclass(frozen=True, slots=True)
class PersonCondition:
    """A condition that the server accepts."""

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
    """Parse the parameter `properties`."""
    given: Any = _parsed(text) if text else None
    if isinstance(given, str):  # servers parse JSON in a JSON string
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
        raise crash("The type of a group of filters is not a string, and the server crashes.")
    if word.upper() not in {"AND", "OR"}:
        raise invalid("The type of a group of filters is AND or OR.")
    values: object = given["values"]
    entries: list[Any] = cast("list[object]", values) if isinstance(values, list) else []
    if any(not isinstance(entry, dict | list | str) for entry in entries):
        raise crash("A filter in a group is not an object, and the server crashes.")
    nested = ["type" in entry and "values" in entry for entry in entries]
    if not any(nested):
        return PersonConditionGroup(word.upper(), _properties(entries))
    if not all(nested):
        raise invalid("A group holds filters or groups, not both.")
    if not all(isinstance(entry, dict) for entry in entries):
        raise crash("A group within a group is not an object, and the server crashes.")
    return PersonConditionGroup(word.upper(), tuple(map(_group, entries)))


def _properties(given: object) -> tuple[PersonCondition, ...]:
    """Parse a list of filters, or the form of old clients, which is on events; drop unreadable ones."""
    if isinstance(given, list):
        found = map(_property, cast("list[object]", given))
        return tuple(one for one in found if one is not None)
    if not given:
        return ()
    if not isinstance(given, dict):
        raise crash("The filters are neither a list nor an object, and the server crashes.")
    old = cast("dict[str, Any]", given)
    if any(value is None and not name.endswith(("__is_set", "__is_not_set")) for name, value in old.items()):
        raise crash("A filter has no value, and the server crashes.")
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
    """Return the SQL on a row of `persons`; conditions on anything else are ignored."""
    return _on_persons(group, check_pattern) or Sql("TRUE")


def _about_persons(item: PersonCondition | PersonConditionGroup) -> bool:
    return item.kind == PERSON if isinstance(item, PersonCondition) else all(map(_about_persons, item.items))


def _on_persons(group: PersonConditionGroup, check_pattern: Test) -> Sql | None:
    if group.word == "OR" and not _about_persons(group):
        return None  # the part on events may match anyone, so the server ignores the group
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
    if isinstance(one.key, list | dict) or not _is_text([one.key, one.value]):
        raise crash(_FELL)
    found = sql_of("json_extract(properties, {})", pointer(one.key)) if isinstance(one.key, str) else Sql("NULL")
    if one.operator in COMPARISONS:
        sign = COMPARISONS[one.operator]
        return sql_of(f"coalesce(number({{}}) {sign} {{}}, FALSE)", stands(found), _number(one.value))
    match one.operator:
        case "is_set" | "is_not_set":
            return sql_of("{} IS NOT NULL" if one.operator == "is_set" else "{} IS NULL", found)
        case "is_not":
            return sql_of("NOT {}", _among(found, one.value))
        case "icontains":
            return like(stands(found), one.value)
        case "not_icontains":
            return sql_of("NOT ({})", like(stands(found), one.value))
        case "regex" | "not_regex":
            return _matches(found, one, check_pattern)
        case "is_date_exact" | "is_date_before" | "is_date_after":
            return _dated(found, one)
        case _ if is_json(one.value):
            text = str(one.value).replace(" ", "")
            return sql_of("replace(coalesce(CAST({} AS VARCHAR), ''), ' ', '') = {}", found, text)
        case _:
            return _among(found, one.value)


def _is_text(value: object) -> bool:
    """Return whether no text in a value has half of a surrogate pair, which no database takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def stands(found: Sql) -> Sql:
    """Return the SQL of a property's text; `found` is its JSON, or NULL."""
    return sql_of("stands({})", found)


def _among(found: Sql, value: object) -> Sql:
    texts = [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else [str(value)]
    return among(stands(found), texts) if texts else Sql("FALSE")


def is_json(value: object) -> bool:
    """Return whether a value is JSON text other than an integer, which servers compare differently."""
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
    """Return the SQL of "contains", in which % and _ are wildcards and \\ escapes them."""
    text = str(value)
    if not re.search(r"[%_\\]", text):
        return sql_of("contains(lower({}), lower({}))", found, text)
    parts = re.findall(r"\\[%_\\]|.", f"%{text}%", re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(part) or re.escape(part[-1]) for part in parts)
    return sql_of("regexp_full_match({}, {}, 'is')", found, pattern)


def _matches(found: Sql, one: PersonCondition, check_pattern: Test) -> Sql:
    if not isinstance(one.value, str):
        raise crash(_FELL)
    try:
        re.compile(one.value)
    except (re.error, OverflowError, RecursionError):
        return Sql("FALSE")  # also for not_regex
    try:
        check_pattern(one.value)
    except ValueError:
        raise crash(_FELL) from None
    test = sql_of("regexp_matches({}, {}, 's')", stands(found), one.value)
    return sql_of("NOT {}", test) if one.operator == "not_regex" else test


def _number(value: object) -> float:
    """Parse a number as the database does: no lists, hexadecimals or blanks."""
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            raise crash(_FELL) from None
    if isinstance(value, str) and re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan)", value):
        return float(value)
    raise crash(_FELL)


def _dated(found: Sql, one: PersonCondition) -> Sql:
    moment = _moment(one.value)
    then = sql_of("moment({})", stands(found))
    if one.operator != "is_date_before" and _DAY.fullmatch(str(one.value)):
        then = sql_of("date_trunc('day', {})", then)
    sign = {"is_date_before": "<", "is_date_after": ">"}.get(one.operator, "=")
    return sql_of(f"coalesce({{}} {sign} {{}}, FALSE)", then, moment)


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise crash(_FELL)
    try:
        moment = datetime.fromisoformat(value if len(value) != len("2025-08") else f"{value}-01")
    except ValueError:
        raise crash(_FELL) from None
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return moment.replace(microsecond=0)

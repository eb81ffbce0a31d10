"""The operators of property filters, and the values that go with each. Pure.

A server ignores a filter that it does not understand, without an error (PostHog's source: filters/mixins/property.py),
so such filters are refused here, before anything is sent.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeAlias, TypeGuard, cast

from posthog_environments.query.texts import TIMESTAMP, check_unicode, closest

__all__ = [
    "COMPANIONS",
    "FIELDS",
    "MEANT",
    "OPERATORS",
    "RELATIVE",
    "TYPES",
    "Scalar",
    "Value",
    "check",
    "check_key",
    "check_type",
    "check_word",
    "is_list",
    "plain",
    "show",
]

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None

# Operators and the kind of value each takes, a key of `_KINDS`. Up to is_date_after every server knows them,
# newer ones the others too (PostHog's source: models/property/property.py, schema.json).
OPERATORS = {
    "exact": "any", "is_not": "any", "icontains": "one", "not_icontains": "one",
    "regex": "text", "not_regex": "text", "gt": "one", "gte": "one", "lt": "one", "lte": "one",
    "is_set": "none", "is_not_set": "none",
    "is_date_exact": "date", "is_date_before": "date", "is_date_after": "date",
    "in": "list", "not_in": "list", "icontains_multi": "texts", "not_icontains_multi": "texts",
    "starts_with": "text", "not_starts_with": "text", "ends_with": "text", "not_ends_with": "text",
    "between": "range", "not_between": "range", "min": "one", "max": "one",
    "semver_eq": "version", "semver_neq": "version", "semver_gt": "version", "semver_gte": "version",
    "semver_lt": "version", "semver_lte": "version", "semver_tilde": "version", "semver_caret": "version",
    "semver_wildcard": "version", "is_cleaned_path_exact": "any", "flag_evaluates_to": "any",
}  # fmt: skip
TYPES = (
    "event", "person", "cohort", "group", "session", "element", "hogql", "event_metadata", "person_metadata", "feature",
    "flag", "recording", "log_entry", "log", "span", "error_tracking_issue", "data_warehouse", "workflow_variable",
    "data_warehouse_person_property", "revenue_analytics", "behavioral", "static-cohort",
    "precalculated-cohort",
)  # fmt: skip
FIELDS = ("key", "value", "operator", "type", "group_type_index", "label", "cohort_name", "negation")
COMPANIONS = ("value", "operator", "type", "group_type_index")
SIGNS = {"exact": "==", "is_not": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
METHODS = {"is_date_exact": "date_exact", "is_date_before": "before", "is_date_after": "after"}
DATE_OPERATORS = {"exact": "is_date_exact", "lt": "is_date_before", "gt": "is_date_after"}
# Words that people use for an operator and whose nearest spelling is another operator.
MEANT = {sign: name for name, sign in SIGNS.items()} | {
    "=": "exact", "eq": "exact", "equals": "exact", "is": "exact",
    "ne": "is_not", "neq": "is_not", "not": "is_not", "not_equals": "is_not",
    "contains": "icontains", "like": "icontains", "not_contains": "not_icontains", "matches": "regex",
    "exists": "is_set", "set": "is_set", "not_set": "is_not_set", "is_null": "is_not_set",
    "before": "is_date_before", "after": "is_date_after", "is_in": "in", "nin": "not_in",
    "not_equal": "is_not", "<>": "is_not", "ge": "gte", "le": "lte", "greater_than": "gt", "less_than": "lt",
    "greater_than_or_equal": "gte", "less_than_or_equal": "lte", "includes": "icontains", "ilike": "icontains",
    "does_not_contain": "not_icontains", "not_like": "not_icontains", "match": "regex", "~": "regex",
    "not_matches": "not_regex", "!~": "not_regex", "startswith": "starts_with", "begins_with": "starts_with",
    "endswith": "ends_with", "not_exists": "is_not_set", "is_not_null": "is_set",
}  # fmt: skip
RELATIVE = re.compile(r"-?[0-9]{1,4}[hdwmyqMs]")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}(\.\*|[-+][0-9A-Za-z.+-]+)?")


def show(value: object) -> str:
    """Show a value in a message, cut short."""
    try:
        text = repr(value)
    except ValueError:  # Python does not write out an int of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else f"{text[:59]}…"


def check_word(place: str, what: str, word: object, known: Iterable[str]) -> None:
    """Refuse a word that is not known, and say which was meant or which there are."""
    names = list(known)
    if not isinstance(word, str):
        raise TypeError(f"{place}: expected text, got {type(word).__name__}; use one of {', '.join(names)}")
    if word in names:
        return
    hint = MEANT.get(word.lower().strip()) if what == "operator" else None
    hint = hint or closest(word, names)
    raise ValueError(
        f"{place}: unknown {what} {show(word)}, which a server would ignore or drop in silence; "
        + (f"did you mean {hint!r}? " if hint else f"expected one of {', '.join(names)}. ")
        + "What only a newer server knows can be sent through extra_query or extra_body."
    )


# Values: each function takes a value and its place, and returns what is sent, or raises.


def _is(value: object, module: str, name: str) -> bool:
    """Tell whether a value is of a class, without importing the module: a value of it has done so already."""
    known = getattr(sys.modules.get(module), name, None)
    return isinstance(known, type) and isinstance(value, known)


def _number(value: Any, place: str) -> int | float:
    if not (isinstance(value, int) or (math.isfinite(value) if isinstance(value, float) else value.is_finite())):
        raise ValueError(f"{place}: {value} has no form in JSON; expected a finite number")
    number: int | float
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        number = int(value)
        exact = -(1 << 63) <= number < 1 << 64
    else:  # a Decimal; by its exponent first, because the int of a huge one would fill the memory
        exact = value.adjusted() < 19
        number = int(value) if exact and value == int(value) else float(value)
        exact = exact and type(value)(repr(number)) == value
    if not exact:
        raise ValueError(f"{place}: the number has more digits than JSON numbers keep; give it as text")
    return number


def _scalar(value: object, place: str) -> Scalar:
    value = value.value if isinstance(value, Enum) else value
    if isinstance(value, bool):
        return value  # how it goes out is up to `plain`
    if isinstance(value, str):
        return check_unicode(value, place)
    if isinstance(value, int | float) or _is(value, "decimal", "Decimal"):
        return _number(value, place)
    if _is(value, "uuid", "UUID"):
        return str(value)
    if value is None:
        raise ValueError(f"{place}: None is not compared with; ask is_not_set (or is_set) instead")
    remedy = "expected text, a number, a bool or a UUID, or a list of these where the operator takes one"
    if isinstance(value, date):
        remedy = "use .date_exact(), .before() or .after(), in a dict the operators is_date_exact, _before, _after"
    raise TypeError(f"{place}: a {type(value).__name__} does not go with this operator; {remedy}")


def is_list(value: object) -> TypeGuard[Collection[object]]:
    """Tell whether a value is a list to servers."""
    return isinstance(value, list | tuple | set | frozenset)


def _list(value: object, place: str) -> tuple[Scalar, ...]:
    if not is_list(value):
        raise TypeError(f"{place}: expected a list of values, got {type(value).__name__}; write [value] for one")
    if not value:
        raise ValueError(
            f"{place}: the list is empty, by which servers find nobody; give one value at least, or no filter"
        )
    # The same set gives the same request.
    values = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    return tuple(_scalar(item, f"{place}[{i}]") for i, item in enumerate(values))


def _any(value: object, place: str) -> Value:
    return _list(value, place) if is_list(value) else _scalar(value, place)


def _one(value: object, place: str) -> str | int | float:
    if isinstance(value, bool) or is_list(value):
        remedy = "use exact" if isinstance(value, bool) else "write one filter for each value"
        raise TypeError(f"{place}: expected text or a number, got {type(value).__name__}; {remedy}")
    return _scalar(value, place)


def _refuse_list(operator: str, value: object, place: str) -> None:
    """Refuse a list where only newer servers read it as one expects, and say how the same is asked for everywhere.

    Older ones find nobody by a list with icontains, exclude nobody by one with not_icontains, and fail by one with
    regex. What shall hold for any of the values is joined by OR, what shall hold for none of them by AND.
    """
    if not is_list(value) or OPERATORS[operator] not in ("one", "text", "version"):
        return
    if operator.startswith("not_") or operator == "semver_neq":
        how, sense, group = "&", "none of them", "AND"
    else:
        how, sense, group = "|", "any of them", "OR"
    raise TypeError(
        f"{place}: expected one value, got a {type(value).__name__}, by which older servers find the wrong persons; "
        f"write one filter for each value and join them with {how}, which means {sense} (in the API's own dicts: "
        f"{{'type': '{group}', 'values': [...]}})"
    )


def _str(value: object, place: str) -> str:
    found = _one(value, place)
    if not isinstance(found, str):
        raise TypeError(f"{place}: expected text, got {type(value).__name__}; write it as a str")
    return found


def _texts(value: object, place: str) -> Value:
    return tuple(_str(item, f"{place}[{i}]") for i, item in enumerate(_list(value, place)))


def _range(value: object, place: str) -> Value:
    found = _list(value, place)
    try:
        low, high = (float(item) for item in found)
    except ValueError:
        low = high = math.nan
    if not low <= high:
        raise ValueError(
            f"{place}: expected two numbers with the smaller one first, such as [1, 10]; got {show(value)}"
        )
    return found


def _date(value: object, place: str) -> str:
    # pandas' NaT is a datetime that is unlike itself.
    if isinstance(value, datetime) and value.date() == value.date():
        odd = (value.utcoffset() or UTC.utcoffset(None)).total_seconds() % 60  # servers read whole minutes only
        return (value.astimezone(UTC) if odd else value).isoformat()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and _readable(value):
        return value
    raise (ValueError if isinstance(value, str | datetime) else TypeError)(
        f"{place}: {show(value)} is not a date; expected a date, a datetime or text such as '2026-01-31',"
        " '2026-01-31T10:00:00Z' or '-7d'"
    )


def _readable(text: str) -> bool:
    if RELATIVE.fullmatch(text):
        return True
    try:
        return bool(TIMESTAMP.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _version(value: object, place: str) -> str:
    if not _VERSION.fullmatch(found := _str(value, place)):
        raise ValueError(
            f"{place}: {show(found)} is not a version; expected one such as '1.2.3', or '1.2.*' as a wildcard"
        )
    return found


_KINDS: dict[str, Callable[[object, str], Value]] = {
    "any": _any, "list": _list, "one": _one, "text": _str, "texts": _texts, "range": _range, "date": _date,
    "version": _version,
}  # fmt: skip


def check_type(kind: object, index: object, place: str) -> None:
    """Refuse a type that is not known, and an index of groups that does not go with it."""
    if kind is not None:
        check_word(f"{place}.type", "filter type", kind, TYPES)
    place = f"{place}.group_type_index"
    if kind != "group" and index is not None:
        raise ValueError(f"{place}: goes with the type 'group' only, not {kind!r}; leave it out or change the type")
    if kind == "group" and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        raise ValueError(f"{place}: the type 'group' needs the number of its kind, 0 or more; got {show(index)}")


def check(operator: object, kind: object, value: object, place: str) -> Value:
    """Return the value as it is sent; refuse an operator or value that a server would misread."""
    check_word(f"{place}.operator", "operator", operator, OPERATORS)
    operator = cast("str", operator)
    takes = OPERATORS[operator]
    # Of a cohort filter servers heed not_in and take all else as in (PostHog's source: hogql/property.py).
    if kind == "cohort":
        if operator not in ("exact", "in", "not_in"):
            raise ValueError(f"{place}.operator: {operator!r} does not go with a cohort; expected 'in' or 'not_in'")
        found = _one(value, f"{place}.value")
        if not re.fullmatch("[0-9]+", str(found)):
            raise ValueError(f"{place}.value: {show(value)} is not the number of a cohort; expected one such as 42")
        return found
    _refuse_list(operator, value, f"{place}.value")
    if takes != "none":
        return _KINDS[takes](value, f"{place}.value")
    # The web application writes the operator's own name there.
    if value is not None and value is not True and value not in ("", operator):
        raise ValueError(f"{place}.value: {operator} takes none, got {show(value)}; leave it out or use the opposite")
    return None


def plain(value: object, kind: str) -> object:
    """Return a checked value as JSON has it.

    A bool goes out as text: by JSON's true servers find nobody with "exact", and exclude nobody with "is_not"; the
    texts do what is meant in every era. Only what a feature flag evaluates to may be a true bool.
    """
    if isinstance(value, tuple):
        return [plain(item, kind) for item in cast("tuple[object, ...]", value)]
    if isinstance(value, bool) and kind != "flag":
        return "true" if value else "false"
    return value


def check_key(key: object, place: str) -> None:
    """Refuse what is no name of a property."""
    if not isinstance(key, str):
        raise TypeError(f"{place}: the name of a property is text, not {type(key).__name__}; write it as a str")
    if not check_unicode(key, place):
        raise ValueError(f"{place}: the name of the property is empty; expected one such as 'email'")

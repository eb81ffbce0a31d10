"""Property filters as values: `prop("plan") == "pro"`, joined by `&` and `|`, and their form on the wire.

A server drops a filter that it cannot read in silence and answers as if it had not been asked for (PostHog's
source: filters/mixins/property.py). So all is checked here, and what a server would misread is refused before
anything is sent. What only a newer server knows can still be sent, unchecked, by `extra_query`, `extra_body`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, ClassVar, Never, NoReturn, TypeAlias, TypeGuard, cast

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None

# Operators and the kind of value each takes, a key of `_KINDS`. Up to is_date_after every server knows them,
# newer ones the others too (PostHog's source: models/property/property.py, schema.json).
_OPERATORS = {
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
_TYPES = (
    "event", "person", "cohort", "group", "session", "element", "hogql", "event_metadata", "feature", "flag",
    "recording", "log_entry", "log", "span", "error_tracking_issue", "data_warehouse", "workflow_variable",
    "data_warehouse_person_property", "revenue_analytics", "behavioral", "static-cohort",
    "precalculated-cohort",
)  # fmt: skip
_FIELDS = ("key", "value", "operator", "type", "group_type_index", "label", "cohort_name", "negation")
_COMPANIONS = ("value", "operator", "type", "group_type_index")
_SIGNS = {"exact": "==", "is_not": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_METHODS = {"is_date_exact": "date_exact", "is_date_before": "before", "is_date_after": "after"}
_DATE_OPERATORS = {"exact": "is_date_exact", "lt": "is_date_before", "gt": "is_date_after"}
# What people write for an operator, where the nearest spelling would be another one.
_MEANT = {sign: name for name, sign in _SIGNS.items()} | {
    "=": "exact", "eq": "exact", "equals": "exact", "is": "exact",
    "ne": "is_not", "neq": "is_not", "not": "is_not", "not_equals": "is_not",
    "contains": "icontains", "like": "icontains", "not_contains": "not_icontains", "matches": "regex",
    "exists": "is_set", "set": "is_set", "not_set": "is_not_set", "is_null": "is_not_set",
    "before": "is_date_before", "after": "is_date_after", "is_in": "in", "nin": "not_in",
}  # fmt: skip
_RELATIVE = re.compile(r"-?[0-9]{1,4}[hdwmyqMs]")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-5][0-9])?)?"
)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}(\.\*|[-+][0-9A-Za-z.+-]+)?")


def _closest(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # milliseconds to import, and only a mistake needs it

    found = get_close_matches(word[:50].lower().replace(" ", "_"), list(known), 1, 0.75)
    return found[0] if found else None


def _show(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not write out an int of thousands of digits
        return "a huge number"
    return text if len(text) <= 60 else f"{text[:59]}…"


def _check_word(place: str, what: str, word: object, known: Iterable[str]) -> None:
    names = list(known)
    if not isinstance(word, str):
        raise TypeError(f"{place}: expected text, got {type(word).__name__}; use one of {', '.join(names)}")
    if word in names:
        return
    hint = _MEANT.get(word.lower().strip()) if what == "operator" else None
    hint = hint or _closest(word, names)
    raise ValueError(
        f"{place}: unknown {what} {_show(word)}, which a server would ignore or drop in silence; "
        + (f"did you mean {hint!r}? " if hint else f"expected one of {', '.join(names)}. ")
        + "What only a newer server knows can be sent through extra_query or extra_body."
    )


# Values: each function takes a value and its place, and returns what is sent, or raises.


def _is(value: object, module: str, name: str) -> bool:
    """Tell whether a value is of a class, without importing the module: a value of it has done so already."""
    known = getattr(sys.modules.get(module), name, None)
    return isinstance(known, type) and isinstance(value, known)


def _text(value: str, place: str) -> str:
    text = str.__str__(value)  # a plain str, also of a subclass
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{place}: has a lone surrogate, which is not valid Unicode; remove it") from None
    return text


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
        return value  # servers take true and "true" alike (PostHog's source: hogql/property.py)
    if isinstance(value, str):
        return _text(value, place)
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


def _is_list(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, list | tuple | set | frozenset)


def _list(value: object, place: str) -> tuple[Scalar, ...]:
    if not _is_list(value):
        raise TypeError(f"{place}: expected a list of values, got {type(value).__name__}; write [value] for one")
    if not value:
        raise ValueError(f"{place}: the list is empty, which a server reads as no filter; give one value at least")
    # The same set gives the same request.
    values = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    return tuple(_scalar(item, f"{place}[{i}]") for i, item in enumerate(values))


def _any(value: object, place: str) -> Value:
    return _list(value, place) if _is_list(value) else _scalar(value, place)


def _one(value: object, place: str) -> str | int | float:
    if isinstance(value, bool) or _is_list(value):
        remedy = "use exact" if isinstance(value, bool) else "join one filter for each value with |"
        raise TypeError(f"{place}: expected text or a number, got {type(value).__name__}; {remedy}")
    return _scalar(value, place)


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
            f"{place}: expected two numbers with the smaller one first, such as [1, 10]; got {_show(value)}"
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
        f"{place}: {_show(value)} is not a date; expected a date, a datetime or text such as '2026-01-31',"
        " '2026-01-31T10:00:00Z' or '-7d'"
    )


def _readable(text: str) -> bool:
    if _RELATIVE.fullmatch(text):
        return True
    try:
        return bool(_MOMENT.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _version(value: object, place: str) -> str:
    if not _VERSION.fullmatch(found := _str(value, place)):
        raise ValueError(
            f"{place}: {_show(found)} is not a version; expected one such as '1.2.3', or '1.2.*' as a wildcard"
        )
    return found


_KINDS: dict[str, Callable[[object, str], Value]] = {
    "any": _any, "list": _list, "one": _one, "text": _str, "texts": _texts, "range": _range, "date": _date,
    "version": _version,
}  # fmt: skip


def _check_type(kind: object, index: object, place: str) -> None:
    if kind is not None:
        _check_word(f"{place}.type", "filter type", kind, _TYPES)
    place = f"{place}.group_type_index"
    if kind != "group" and index is not None:
        raise ValueError(f"{place}: goes with the type 'group' only, not {kind!r}; leave it out or change the type")
    if kind == "group" and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        raise ValueError(f"{place}: the type 'group' needs the number of its kind, 0 or more; got {_show(index)}")


def _check(operator: object, kind: object, value: object, place: str) -> Value:
    """Return the value as it is sent; refuse an operator or value that a server would misread."""
    _check_word(f"{place}.operator", "operator", operator, _OPERATORS)
    takes = _OPERATORS[cast("str", operator)]
    # Of a cohort filter servers heed not_in and take all else as in (PostHog's source: hogql/property.py).
    if kind == "cohort":
        if operator not in ("exact", "in", "not_in"):
            raise ValueError(f"{place}.operator: {operator!r} does not go with a cohort; expected 'in' or 'not_in'")
        found = _one(value, f"{place}.value")
        if not re.fullmatch("[0-9]+", str(found)):
            raise ValueError(f"{place}.value: {_show(value)} is not the number of a cohort; expected one such as 42")
        return found
    if takes != "none":
        return _KINDS[takes](value, f"{place}.value")
    # The web application writes the operator's own name there.
    if value is not None and value is not True and value not in ("", operator):
        raise ValueError(f"{place}.value: {operator} takes none, got {_show(value)}; leave it out or use the opposite")
    return None


def _plain(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _check_key(key: object, place: str) -> None:
    if not isinstance(key, str):
        raise TypeError(f"{place}: the name of a property is text, not {type(key).__name__}; write it as a str")
    if not _text(key, place):
        raise ValueError(f"{place}: the name of the property is empty; expected one such as 'email'")


class Condition:
    """What `properties` takes: one `Filter`, or several in a `FilterGroup`. Join with `&` and `|`."""

    __slots__ = ()

    def __and__(self, other: Condition) -> FilterGroup:
        return _join("AND", self, other)

    def __or__(self, other: Condition) -> FilterGroup:
        return _join("OR", self, other)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a property filter has no truth value: join filters with & and |, each in parentheses, not with"
            " `and` and `or`; for `not` use the opposite operator, and for a < x < b write"
            " (prop('x') > a) & (prop('x') < b)"
        )

    # By text, because 1, 1.0 and True are equal in Python but different on the wire.
    def __eq__(self, other: object) -> bool:
        return repr(self) == repr(other) if isinstance(other, Condition) else NotImplemented

    def __hash__(self) -> int:
        return hash(repr(self))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Filter(Condition):
    """One condition on one property, made by `prop`; immutable and hashable.

    Attributes:
        key: Name of the property.
        operator: How to compare, such as "exact" or "gt".
        value: What to compare with; None where the operator needs nothing.
        type: What has the property; None stands for the default of the call: person in `persons.*`, event in
            `insights.*`.
        group_type_index: Which kind of group, for the type "group".
    """

    key: str
    operator: str
    value: Any = None
    type: str | None = None
    group_type_index: int | None = None

    def __post_init__(self) -> None:
        _check_key(self.key, "prop()")
        _check_type(self.type, self.group_type_index, place := f"prop({self.key!r})")
        object.__setattr__(self, "value", _check(self.operator, self.type, self.value, place))

    def __repr__(self) -> str:
        subject = repr(Prop(self.key, self.type, self.group_type_index))
        if self.operator in _SIGNS and not isinstance(self.value, tuple):
            return f"{subject} {_SIGNS[self.operator]} {self.value!r}"
        value = _plain(cast("object", self.value))
        method = {"exact": "is_in", "is_not": "not_in"}.get(self.operator) or _METHODS.get(self.operator)
        if method or (hasattr(Prop, self.operator) and self.operator != "not_in"):
            return f"{subject}.{method or self.operator}({'' if value is None else repr(value)})"
        return f"{subject}.where({self.operator!r}, {value!r})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FilterGroup(Condition):
    """Filters and groups joined by AND or OR; made by `&` and `|`, immutable and hashable.

    Attributes:
        type: "AND" or "OR".
        values: The filters and groups that are joined.
    """

    type: str
    values: tuple[Condition, ...]

    def __post_init__(self) -> None:
        _check_word("FilterGroup.type", "way to join", self.type, ("AND", "OR"))
        object.__setattr__(self, "values", tuple(self.values))
        values = cast("tuple[object, ...]", self.values)
        if not values or not all(isinstance(value, Condition) for value in values):
            raise TypeError("FilterGroup.values: expected one filter or more, such as prop('plan') == 'pro'")

    def __repr__(self) -> str:
        return (" & " if self.type == "AND" else " | ").join(f"({value!r})" for value in self.values)


def _join(how: str, left: Condition, right: object) -> FilterGroup:
    values: list[Condition] = []
    for side in (left, right):
        if not isinstance(side, Condition):
            raise TypeError(
                f"& and | join filters made with prop(), each in parentheses; got {type(side).__name__}."
                " The API's own dicts are joined by {'type': 'AND' or 'OR', 'values': [...]}"
            )
        values.extend(side.values if isinstance(side, FilterGroup) and side.type == how else [side])
    return FilterGroup(how, tuple(values))


class Prop:
    """A property to compare, made by `prop`. Comparing it gives a `Filter`; it is not hashable on purpose.

    Every comparison raises TypeError or ValueError, with the remedy, for a value that a server would misread.
    A date or datetime compared by `==`, `<` or `>` gives the date operators.
    """

    __slots__ = ("_group", "_key", "_type")
    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # == makes a filter, so a lookup would mislead

    def __init__(self, key: str, type: str | None = None, group_type_index: int | None = None) -> None:
        _check_key(key, "prop()")
        kind = "group" if type is None and group_type_index is not None else type
        _check_type(kind, group_type_index, f"prop({key!r})")
        self._key, self._type, self._group = key, kind, group_type_index

    def __repr__(self) -> str:
        kind = "" if self._type is None else f", {self._type!r}"
        return f"prop({self._key!r}{kind}{'' if self._group is None else f', group_type_index={self._group}'})"

    def where(self, operator: str, value: object = None) -> Filter:
        """Compare by an operator of the API under its own name: `prop("v").where("semver_gte", "1.2.0")`.

        Args:
            operator: Its name, such as "gt", "in" or "between".
            value: What to compare with; None where the operator takes nothing.

        Raises:
            TypeError, ValueError: The operator is not known, or a server would misread the value.
        """
        return Filter(self._key, operator, value, self._type, self._group)

    def _many(self, operator: str, values: Iterable[object]) -> Filter:
        # The letters of a text are an iterable too, and never what is meant.
        given = cast("object", values)
        if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
            raise TypeError(f"{self!r}: expected a list of values; write [value] for one")
        return self.where(operator, values if isinstance(values, set | frozenset) else list(values))

    def _compare(self, operator: str, value: object) -> Filter:
        if isinstance(value, date):
            if operator not in _DATE_OPERATORS:
                raise TypeError(f"{self!r} {_SIGNS[operator]} {value!r}: no operator of the API; use ==, < or >")
            operator = _DATE_OPERATORS[operator]
        if operator == "is_not" and self._type == "cohort":
            operator = "not_in"
        return self.where(operator, value)

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]  # a filter, which is the purpose
        return self._compare("exact", value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]  # a filter, which is the purpose
        return self._compare("is_not", value)

    def __lt__(self, value: object) -> Filter:
        return self._compare("lt", value)

    def __le__(self, value: object) -> Filter:
        return self._compare("lte", value)

    def __gt__(self, value: object) -> Filter:
        return self._compare("gt", value)

    def __ge__(self, value: object) -> Filter:
        return self._compare("gte", value)

    def _alone(self, *_other: Never) -> NoReturn:
        raise TypeError(
            f"{self!r} alone is no filter; compare it, each comparison in parentheses because & and | bind"
            " tighter: (prop('a') == 1) & (prop('b') == 2)"
        )

    __and__ = __rand__ = __or__ = __ror__ = __bool__ = __contains__ = _alone

    def icontains(self, text: str | float) -> Filter:
        """Hold where the property contains the text, upper and lower case alike."""
        return self.where("icontains", text)

    def not_icontains(self, text: str | float) -> Filter:
        """Hold where it does not contain the text, or is absent."""
        return self.where("not_icontains", text)

    def icontains_multi(self, texts: Iterable[str]) -> Filter:
        """Hold where it contains one of the texts; newer servers only."""
        return self._many("icontains_multi", texts)

    def regex(self, pattern: str) -> Filter:
        """Hold where it matches the pattern, in the RE2 syntax of the server, which alone compiles it."""
        return self.where("regex", pattern)

    def not_regex(self, pattern: str) -> Filter:
        """Hold where it does not match the pattern, or is absent."""
        return self.where("not_regex", pattern)

    def is_set(self) -> Filter:
        """Hold where the property is there."""
        return self.where("is_set")

    def is_not_set(self) -> Filter:
        """Hold where it is absent."""
        return self.where("is_not_set")

    def is_in(self, values: Iterable[object]) -> Filter:
        """Hold where it equals one of the values; sent as `exact` with a list, which every server knows."""
        return self._many("exact", values)

    def not_in(self, values: Iterable[object]) -> Filter:
        """Hold where it equals none of the values, or is absent; sent as `is_not` with a list."""
        return self._many("is_not", values)

    def date_exact(self, when: date | str) -> Filter:
        """Hold at this date: ISO text (no offset: the project's time zone), or relative such as `-7d`."""
        return self.where("is_date_exact", when)

    def before(self, when: date | str) -> Filter:
        """Hold before this date, given as in `date_exact`."""
        return self.where("is_date_before", when)

    def after(self, when: date | str) -> Filter:
        """Hold after this date, given as in `date_exact`."""
        return self.where("is_date_after", when)


def prop(key: str, type: str | None = None, *, group_type_index: int | None = None) -> Prop:
    """Name a property, to be compared: `prop("age") > 30`, `prop("email").icontains("@acme.com")`.

    Args:
        key: Name of the property.
        type: What has it: "person", "event", "cohort", "group", "session", … (PostHog's source: models/property).
            None is a person in `persons.*` and an event in `insights.*`.
        group_type_index: Which kind of group has it, 0 or more; the type is then "group".

    Raises:
        TypeError, ValueError: A key, type or index that a server would drop in silence.
    """
    return Prop(key, type, group_type_index)


PropertiesArgument: TypeAlias = Condition | Mapping[str, Any] | Iterable[Condition | Mapping[str, Any]] | None
_Node: TypeAlias = "dict[str, Any] | tuple[str, list[_Node]]"


def filters_to_wire(
    properties: PropertiesArgument, *, default_type: str, argument: str = "properties"
) -> list[dict[str, Any]] | dict[str, Any] | None:
    """Turn the argument `properties` into what the API takes: a list (AND), a group, or None for no filter.

    Takes filters made with `prop`, the API's own dicts, a mapping of names to values, and any iterable of
    such, all of which must hold. A mapping with `key` is the API's filter, one with `type` AND or OR its
    group; any other names properties that must equal the value, or one value of a list. AND is sent as a flat
    list, which servers of either era take; `|` as the nested form, each level all filters or all groups,
    since servers refuse a mixture (PostHog's source: filters/mixins/property.py). `default_type` goes where a
    filter has no type; `argument` is the name of the argument in messages.

    Raise TypeError or ValueError, saying where, what and what to do instead, for all that a server would drop
    or misread: unknown operators and types, misspelt fields, values that do not go with the operator, None,
    empty lists and OR groups, and mappings that could be either a filter or names of properties.
    """
    if properties is None:
        return None
    single = isinstance(properties, Condition | Mapping | str | bytes)
    if single or not hasattr(properties, "__iter__"):
        node = _read(cast("object", properties), default_type, argument, top=True)
    else:
        entries = cast("Iterable[object]", properties)
        node = ("AND", [_read(entry, default_type, f"{argument}[{i}]") for i, entry in enumerate(entries)])
    node = _flat(node)
    if isinstance(node, dict):
        return [node]
    if node[0] == "AND" and all(isinstance(part, dict) for part in node[1]):
        return cast("list[dict[str, Any]]", node[1]) or None
    return _emit(node)


def _read(entry: object, default: str, place: str, *, top: bool = False) -> _Node:
    if isinstance(entry, Filter):
        return _leaf(entry.key, entry.operator, entry.value, entry.type or default, entry.group_type_index)
    if isinstance(entry, FilterGroup):
        return entry.type, [_read(value, default, place) for value in entry.values]
    if isinstance(entry, Mapping):
        return _read_mapping(cast("Mapping[object, Any]", entry), default, place, top=top)
    if isinstance(entry, Prop):
        raise TypeError(f"{place}: {entry!r} is compared with nothing; write {entry!r} == value or {entry!r}.is_set()")
    remedy = "pass the objects themselves, not their JSON" if isinstance(entry, str | bytes) else "leave it out"
    if _is_list(entry):
        remedy = "put its filters into the outer list (AND), or join them with |"
    raise TypeError(
        f"{place}: expected a filter such as prop('plan') == 'pro', a mapping or a list of these, got"
        f" {type(entry).__name__}; {remedy}"
    )


def _leaf(key: str, operator: str, value: object, kind: str, index: int | None) -> dict[str, Any]:
    leaf: dict[str, Any] = {"key": key, "operator": operator, "type": kind}
    if _OPERATORS[operator] != "none":
        leaf["value"] = _plain(value)
    return leaf if index is None else leaf | {"group_type_index": index}


def _read_mapping(entry: Mapping[object, Any], default: str, place: str, *, top: bool) -> _Node:
    kind = entry.get("type")
    if (isinstance(kind, str) and kind.upper() in ("AND", "OR")) or set(entry) in (
        {"type", "values"},
        {"values"},
    ):
        return _read_group(entry, default, place, top=top)
    if "key" in entry:
        return _read_filter(entry, default, place)
    if isinstance(operator := entry.get("operator"), str) and operator in _OPERATORS:
        raise ValueError(f"{place}: a filter of the API without key; add 'key', the name of the property")
    if not entry and not top:
        raise ValueError(f"{place}: the mapping is empty; expected a name and a value such as {{'plan': 'pro'}}")
    return "AND", [_read_plain(key, value, default, place) for key, value in entry.items()]


def _read_group(entry: Mapping[object, Any], default: str, place: str, *, top: bool) -> _Node:
    form = "expected {'type': 'AND' or 'OR', 'values': [...]}"
    if set(entry) != {"type", "values"}:
        raise ValueError(
            f"{place}: has the fields {', '.join(map(repr, entry))}: a group, or names of properties?"
            f" {form}, or name properties by prop('type') == value"
        )
    _check_word(f"{place}.type", "way to join", how := entry["type"], ("AND", "OR"))
    if not isinstance(values := entry["values"], list | tuple):
        raise TypeError(f"{place}.values: {form}, got {type(values).__name__}; put the filters into a list")
    if not values and not (top and how == "AND"):
        raise ValueError(f"{place}.values: empty, which a server reads as no filter; {form} with one filter or more")
    if place.count(".values[") > 20:
        raise ValueError(f"{place[:40]}…: groups are nested more than 20 deep; flatten them")
    entries = cast("list[object]", values)
    return cast("str", how), [_read(part, default, f"{place}.values[{i}]") for i, part in enumerate(entries)]


def _read_filter(entry: Mapping[object, Any], default: str, place: str) -> dict[str, Any]:
    for name in entry:
        if name not in _FIELDS and (not isinstance(name, str) or _closest(name, _FIELDS)):
            _check_word(f"{place}.{name}", "field", name, _FIELDS)
    if not any(name in entry for name in _COMPANIONS):
        raise ValueError(
            f"{place}: a filter of the API, or a property named 'key'? Add 'value' or 'operator' if a filter,"
            " else write prop('key') == value"
        )
    _check_key(entry["key"], f"{place}.key")
    wire = {str(name): value for name, value in entry.items()}
    if wire.get("type") is None:
        wire["type"] = default
    _check_type(wire["type"], wire.get("group_type_index"), place)
    if wire["type"] in ("hogql", "behavioral"):
        return wire  # the key is an expression, the value another language
    operator = "exact" if wire.get("operator") is None else wire["operator"]
    value = _check(operator, wire["type"], wire.pop("value", None), place)
    return wire if value is None else wire | {"value": _plain(value)}


def _read_plain(key: object, value: object, default: str, place: str) -> dict[str, Any]:
    _check_key(key, place)
    name = cast("str", key)
    if isinstance(value, Mapping | Condition | Prop):
        raise TypeError(
            f"{place}[{name!r}]: expected a plain value, got {_show(cast('object', value))}; "
            "pass a list of filters instead"
        )
    base, _, suffix = name.rpartition("__")
    if base and suffix in _OPERATORS:
        raise ValueError(f"{place}[{name!r}]: names no operator here; write prop({base!r}).where({suffix!r}, value)")
    operator = "is_date_exact" if isinstance(value, date) else "exact"
    return _leaf(name, operator, _check(operator, default, value, f"{place}[{name!r}]"), default, None)


def _flat(node: _Node) -> _Node:
    """Merge groups into an outer one that joins alike, and unwrap groups of one."""
    if isinstance(node, dict):
        return node
    how, parts = node[0], [_flat(part) for part in node[1]]
    merged: list[_Node] = []
    for part in parts:
        merged.extend(part[1] if isinstance(part, tuple) and part[0] == how else [part])
    return merged[0] if len(merged) == 1 else (how, merged)


def _emit(node: _Node) -> dict[str, Any]:
    if isinstance(node, dict):
        return node
    mixed = any(isinstance(part, tuple) for part in node[1])
    wrapped: list[_Node] = [("AND", [part]) if mixed and isinstance(part, dict) else part for part in node[1]]
    return {"type": node[0], "values": [_emit(part) for part in wrapped]}

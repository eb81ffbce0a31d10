"""Property filters as values: `prop("plan") == "pro"`, joined by `&` and `|`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Never, NoReturn, cast

from posthog_environments.query.operators import (
    DATE_OPERATORS,
    METHODS,
    SIGNS,
    check,
    check_key,
    check_type,
    check_word,
)

__all__ = ["Condition", "Filter", "FilterGroup", "Prop", "prop"]


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
        check_key(self.key, "prop()")
        check_type(self.type, self.group_type_index, place := f"prop({self.key!r})")
        object.__setattr__(self, "value", check(self.operator, self.type, self.value, place))

    def __repr__(self) -> str:
        subject = repr(Prop(self.key, self.type, self.group_type_index))
        if self.operator in SIGNS and not isinstance(self.value, tuple):
            return f"{subject} {SIGNS[self.operator]} {self.value!r}"
        given = cast("object", self.value)
        value = list(cast("tuple[object, ...]", given)) if isinstance(given, tuple) else given
        method = {"exact": "is_in", "is_not": "not_in"}.get(self.operator) or METHODS.get(self.operator)
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
        check_word("FilterGroup.type", "way to join", self.type, ("AND", "OR"))
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
        check_key(key, "prop()")
        kind = "group" if type is None and group_type_index is not None else type
        check_type(kind, group_type_index, f"prop({key!r})")
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
        # A text is an iterable of letters, which is never meant.
        given = cast("object", values)
        if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__iter__"):
            raise TypeError(f"{self!r}: expected a list of values; write [value] for one")
        return self.where(operator, values if isinstance(values, set | frozenset) else list(values))

    def _compare(self, operator: str, value: object) -> Filter:
        if isinstance(value, date):
            if operator not in DATE_OPERATORS:
                raise TypeError(f"{self!r} {SIGNS[operator]} {value!r}: no operator of the API; use ==, < or >")
            operator = DATE_OPERATORS[operator]
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
        TypeError, ValueError: A key, type or index that a server would ignore without saying so.
    """
    return Prop(key, type, group_type_index)

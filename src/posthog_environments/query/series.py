"""What a trend counts: events by name and actions by number, and the arithmetic on them. Pure values.

A server reads a `math` that it does not know as a plain count, and a series without an id as every event (PostHog's
source: models/entity), so both are refused here. A `math` that only a newer server knows can be given in the API's own
dict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NoReturn, TypeAlias, cast

from posthog_environments.query.filters import filters_to_wire
from posthog_environments.query.texts import check_unicode, closest

Kind: TypeAlias = Literal["events", "actions"]

# PostHog's source: models/entity/entity.py and, for the first_… ones, schema.json.
_PROPERTY_MATH = ("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99")
_MATH = (
    "total", "dau", "weekly_active", "monthly_active", "unique_session", "unique_group", "hogql",
    "first_time_for_user", "first_matching_event_for_user", *_PROPERTY_MATH,
    *(f"{name}_count_per_actor" for name in ("min", "max", "avg", "median", "p75", "p90", "p95", "p99")),
)  # fmt: skip
# What some of them cannot do without; the others do not look at it.
_NEEDS = dict.fromkeys(_PROPERTY_MATH, "math_property") | {
    "hogql": "math_hogql",
    "unique_group": "math_group_type_index",
}
_MEANT = {
    "count": "total", "number": "total", "unique": "dau", "unique_users": "dau", "users": "dau",
    "wau": "weekly_active", "mau": "monthly_active", "sessions": "unique_session",
    "average": "avg", "mean": "avg", "p50": "median", "minimum": "min", "maximum": "max",
}  # fmt: skip
# How like a known word one must be to be taken for a mistake: a newer server may know more words.
_ALIKE = 0.8
_SAID = {"property": "properties", "filter": "properties", "filters": "properties", "label": "custom_name"}
FIELDS = (
    "id", "name", "custom_name", "type", "order", "math", "math_property", "math_property_type", "math_hogql",
    "math_group_type_index", "math_property_revenue_currency", "math_multiplier", "properties",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entity:
    """An event or action to count, made by `event` or `action`; immutable.

    Attributes:
        kind: "events" or "actions".
        id: Name of the event, or number of the action; None counts every event.
        math: What is counted, such as "dau" or "sum"; None is the number of events.
        math_property: Name of the numeric property that `math` works on.
        math_hogql: The expression of the `math` "hogql".
        math_group_type_index: The kind of group of the `math` "unique_group".
        properties: Conditions that an event must meet to count, in any form of the argument `properties`.
        custom_name: A label for people.
    """

    kind: Kind
    id: str | int | None
    math: str | None = None
    math_property: str | None = None
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    properties: Any = None
    custom_name: str | None = None

    def __post_init__(self) -> None:
        place = f"{self.kind.removesuffix('s')}({self.id!r})"
        object.__setattr__(self, "id", _check_id(self.kind, self.id, place))
        if self.math is not None and self.math not in _MATH:
            _refuse_math(self.math, f"{place}: math")
        _check_math(_given(self), place)


def _given(entity: Entity) -> dict[str, Any]:
    found = {field.name: getattr(entity, field.name) for field in fields(entity) if field.name != "kind"}
    return {name: value for name, value in found.items() if value is not None or name == "id"}


# Apart, so that type checkers flag a number among events.
EventsArgument: TypeAlias = "str | Entity | Mapping[str, Any] | Iterable[str | Entity | Mapping[str, Any]] | None"
ActionsArgument: TypeAlias = (
    "int | str | Entity | Mapping[str, Any] | Iterable[int | str | Entity | Mapping[str, Any]] | None"
)


def event(
    name: str | None,
    *,
    math: str | None = None,
    math_property: str | None = None,
    math_hogql: str | None = None,
    math_group_type_index: int | None = None,
    properties: Any = None,
    custom_name: str | None = None,
) -> Entity:
    """Name an event to count: `event("purchase", math="sum", math_property="amount")`.

    Args:
        name: Name of the event, such as "$pageview"; None counts every event.
        math: What is counted: "total" (the default), "dau", "weekly_active", "monthly_active" or "unique_session";
            "sum", "avg", "min", "max", "median", "p75", "p90", "p95" or "p99" of a numeric property; "hogql";
            "unique_group"; and more (PostHog's source: models/entity).
        math_property: Name of the numeric property that `math` works on.
        math_hogql: The expression of the `math` "hogql".
        math_group_type_index: The kind of group of the `math` "unique_group", 0 or more.
        properties: Conditions that an event must meet to count, in any form of the argument `properties` of a call.
        custom_name: A label for people.

    Raises:
        TypeError, ValueError: The name is empty, or `math` is not known or lacks what it needs.
    """
    return Entity("events", name, math, math_property, math_hogql, math_group_type_index, properties, custom_name)


def action(
    id: int | str,
    *,
    math: str | None = None,
    math_property: str | None = None,
    math_hogql: str | None = None,
    math_group_type_index: int | None = None,
    properties: Any = None,
    custom_name: str | None = None,
) -> Entity:
    """Name an action to count; all arguments but the first are those of `event`.

    Args:
        id: Number of the action, a positive int or its digits.
        math: What is counted, as in `event`.
        math_property: Name of the numeric property that `math` works on.
        math_hogql: The expression of the `math` "hogql".
        math_group_type_index: The kind of group of the `math` "unique_group", 0 or more.
        properties: Conditions that an event must meet to count, in any form of the argument `properties` of a call.
        custom_name: A label for people.

    Raises:
        TypeError, ValueError: The number is none, or `math` is not known or lacks what it needs.
    """
    return Entity("actions", id, math, math_property, math_hogql, math_group_type_index, properties, custom_name)


def series_to_wire(
    events: EventsArgument, actions: ActionsArgument
) -> tuple[list[dict[str, Any]] | None, list[dict[str, Any]] | None]:
    """Turn the arguments `events` and `actions` into the lists that the API takes; see `entities_to_wire`.

    Letters in a formula go by `order`, and where it is missing servers put all actions before all events
    (PostHog's source: filters/mixins/common.py). So with both, each entity gets its order.
    """
    first, second = entities_to_wire(events, kind="events"), entities_to_wire(actions, kind="actions")
    if not first or not second:
        return first, second
    both = first + second
    if not _has_order(both, "events and actions"):
        both = [entity | {"order": order} for order, entity in enumerate(both)]
    return both[: len(first)], both[len(first) :]


def entities_to_wire(entities: EventsArgument | ActionsArgument, *, kind: Kind) -> list[dict[str, Any]] | None:
    """Turn the argument `events` or `actions` into the list that the API takes, or None where it is empty.

    Takes a name (of an action, its number), an object made by `event` or `action`, a dict of the API with
    `id`, or an iterable of these. `type` is not added: servers take it from the list.

    Raise TypeError or ValueError that says where, what and what to do instead for all that a server would
    misread: a missing id, an action among events, misspelt `math` and fields, `math` without what it needs or
    with what it does not look at, order for some but not all.
    """
    if entities is None:
        return None
    if isinstance(entities, str | bytes | int | Entity | Mapping) or not hasattr(entities, "__iter__"):
        wire = [_one(cast("object", entities), kind, kind)]
    else:
        wire = [_one(entry, kind, f"{kind}[{i}]") for i, entry in enumerate(entities)]
    _has_order(wire, kind)
    return wire or None


def _one(entry: object, kind: Kind, place: str) -> dict[str, Any]:
    wire: dict[str, Any]
    if isinstance(entry, Entity):
        if entry.kind != kind:
            other = entry.kind
            raise ValueError(f"{place}: expected one of the {kind}, got one of the {other}; pass it as {other}=")
        wire = _given(entry)
    elif isinstance(entry, Mapping):
        wire = _check_dict(cast("Mapping[str, Any]", entry), kind, place)
    else:
        wire = {"id": _check_id(kind, entry, place, null=False)}
    if wire.get("properties") is not None:
        wire["properties"] = filters_to_wire(wire["properties"], default_type="event", argument=f"{place}.properties")
        if wire["properties"] is None:
            del wire["properties"]
    return wire


def _check_dict(entry: Mapping[str, Any], kind: Kind, place: str) -> dict[str, Any]:
    for name in entry:
        if not isinstance(cast("object", name), str):
            raise TypeError(f"{place}: the fields of an entity are text, not {type(name).__name__}")
        hint = None if name in FIELDS else _SAID.get(name) or closest(name, FIELDS, _ALIKE)
        if hint and not name.startswith(f"{hint}_"):
            raise ValueError(
                f"{place}.{name}: not a field of the API, and servers would ignore it; did you mean {hint!r}?"
            )
    if "id" not in entry:
        raise ValueError(f"{place}: no id, which servers read as every event; add 'id' (None does count every event)")
    if entry.get("type") not in (None, kind):
        raise ValueError(f"{place}.type: {entry['type']!r} does not go with {kind}= and would be ignored; leave it out")
    math = entry.get("math")
    if math is not None and not isinstance(math, str):
        raise TypeError(f"{place}.math: expected text such as 'dau', got {type(math).__name__}")
    if math not in (None, *_MATH) and (str(math).lower() in _MEANT or closest(math, _MATH, _ALIKE)):
        _refuse_math(math, f"{place}.math")
    _check_math(entry, place)
    return dict(entry) | {"id": _check_id(kind, entry["id"], f"{place}.id")}


def _check_id(kind: Kind, value: object, place: str, *, null: bool = True) -> str | int | None:
    if kind == "actions":
        return _check_number(value, place)
    if value is None and null:
        return None
    if not isinstance(value, str):
        remedy = "actions go by number, in actions=" if isinstance(value, int) else "write event(None) for every event"
        raise TypeError(
            f"{place}: expected the name of an event such as '$pageview', got {type(value).__name__}; {remedy}"
        )
    if not value.strip():
        raise ValueError(f"{place}: the name of the event is empty; write event(None) to count every event")
    if value.lstrip().startswith(('{"', "[{", '["')):
        raise ValueError(f"{place}: JSON text is no name of an event; pass the objects themselves (json.loads)")
    return check_unicode(value, place)


def _check_number(value: object, place: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{place}: expected the number of an action such as 42, got {type(value).__name__}")
    if isinstance(value, str) or not 0 < value < 1 << 63:
        shown = ascii(value[:40]) if isinstance(value, str) else "the int"
        raise ValueError(
            f"{place}: {shown} is not the number of an action; expected one such as 42, names go in events="
        )
    return int(value)


def _check_math(given: Mapping[str, Any], place: str) -> None:
    math = given.get("math")
    for name in ("math_property", "math_hogql", "name", "custom_name"):
        if not isinstance(given.get(name, ""), str | None):
            raise TypeError(f"{place}.{name}: expected text, got {type(given[name]).__name__}")
    index = given.get("math_group_type_index")
    if index is not None and (not isinstance(index, int) or isinstance(index, bool) or index < 0):
        raise ValueError(f"{place}.math_group_type_index: expected an int, 0 or more, got {index!r}")
    need = _NEEDS.get(cast("str", math))
    if need and given.get(need) in (None, ""):
        raise ValueError(f"{place}.{need}: missing, and math {math!r} needs it; add {need}")
    if math is not None and math not in _MATH:
        return  # a newer server may look at anything
    for name in ("math_property", "math_hogql", "math_group_type_index"):
        if given.get(name) is not None and name != need:
            raise ValueError(
                f"{place}.{name}: given, but math {math or 'total'!r} does not look at it; leave it out or change math"
            )


def _refuse_math(math: object, place: str) -> NoReturn:
    hint = _MEANT.get(str(math).lower()) or closest(math, _MATH, _ALIKE)
    raise ValueError(
        f"{place}: {math!r} is not known, and servers would count in another way; "
        + (f"did you mean {hint!r}? " if hint else f"expected one of {', '.join(_MATH)}. ")
        + "What only a newer server knows goes in the API's own dict, {'id': …, 'math': …}"
    )


def _has_order(entities: list[dict[str, Any]], place: str) -> bool:
    """Tell whether entities have an order; refuse one that not all of them have."""
    orders = [entity.get("order") for entity in entities]
    given = [order for order in orders if order is not None]
    if any(isinstance(order, bool) or not isinstance(order, int) or order < 0 for order in given):
        raise ValueError(f"{place}: order must be an int, 0 or more; got {given!r}")
    if given and len(set(given)) < len(orders):
        raise ValueError(f"{place}: order is given for some but not all, or twice; give each its own, or none")
    return bool(given)

"""Property filters on the wire: what the argument `properties` takes, and the form in which it is sent. Pure.

Filters that a server would misread or ignore are refused here, before anything is sent. What only a newer server knows
can be sent unchecked, with `extra_query` and `extra_body`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias, cast

from posthog_environments.query.conditions import Condition, Filter, FilterGroup, Prop, prop
from posthog_environments.query.dates import go_back
from posthog_environments.query.operators import (
    COMPANIONS,
    FIELDS,
    MEANT,
    OPERATORS,
    RELATIVE,
    check,
    check_key,
    check_type,
    check_word,
    is_list,
    plain,
    show,
)
from posthog_environments.query.texts import closest

__all__ = ["Condition", "Filter", "FilterGroup", "Prop", "PropertiesArgument", "absolute", "filters_to_wire", "prop"]

PropertiesArgument: TypeAlias = Condition | Mapping[str, Any] | Iterable[Condition | Mapping[str, Any]] | None
_Node: TypeAlias = "dict[str, Any] | tuple[str, list[_Node]]"


def filters_to_wire(
    properties: PropertiesArgument, *, default_type: str, argument: str = "properties"
) -> list[dict[str, Any]] | dict[str, Any] | None:
    """Turn the argument `properties` into what the API takes: a list (AND), a group, or None for no filter.

    Takes filters made with `prop`, the API's own dicts, a mapping of names to values, and any iterable of
    such, all of which must hold. A mapping with `key` is the API's filter, one with `type` AND or OR its
    group; any other names properties that must equal the value, or one value of a list. An AND of nothing, as the
    web application writes it, is no filter. AND is sent as a flat list, which servers of every era take. So does an OR
    of `exact` on one property become one filter with a list, and an AND of its `is_not`. Every other OR goes out in
    the nested form, each level all filters or all groups, since servers refuse a mixture (PostHog's source:
    filters/mixins/property.py). `default_type` goes where a filter has no type; `argument` is the name of the
    argument in messages.

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
    node = _simplify(node)
    if isinstance(node, dict):
        return [node]
    how, parts = node
    if not parts:
        return None
    if how == "AND" and all(isinstance(part, dict) for part in parts):
        return cast("list[dict[str, Any]]", parts)
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
    if is_list(entry):
        remedy = "put its filters into the outer list (AND), or join them with |"
    raise TypeError(
        f"{place}: expected a filter such as prop('plan') == 'pro', a mapping or a list of these, got"
        f" {type(entry).__name__}; {remedy}"
    )


def _leaf(key: str, operator: str, value: object, kind: str, index: int | None) -> dict[str, Any]:
    leaf: dict[str, Any] = {"key": key, "operator": operator, "type": kind}
    if OPERATORS[operator] != "none":
        leaf["value"] = plain(value, kind)
    return leaf if index is None else leaf | {"group_type_index": index}


def _read_mapping(entry: Mapping[object, Any], default: str, place: str, *, top: bool) -> _Node:
    kind = entry.get("type")
    if (isinstance(kind, str) and kind.upper() in ("AND", "OR")) or set(entry) in (
        {"type", "values"},
        {"values"},
    ):
        return _read_group(entry, default, place)
    if "key" in entry:
        return _read_filter(entry, default, place)
    _refuse_dialect(entry, place)
    if not entry and not top:
        raise ValueError(f"{place}: the mapping is empty; expected a name and a value such as {{'plan': 'pro'}}")
    return "AND", [_read_plain(key, value, default, place) for key, value in entry.items()]


def _read_group(entry: Mapping[object, Any], default: str, place: str) -> _Node:
    form = "expected {'type': 'AND' or 'OR', 'values': [...]}"
    if set(entry) != {"type", "values"}:
        raise ValueError(
            f"{place}: has the fields {', '.join(map(repr, entry))}: a group, or names of properties?"
            f" {form}, or name properties by prop('type') == value"
        )
    check_word(f"{place}.type", "way to join", how := entry["type"], ("AND", "OR"))
    if not isinstance(values := entry["values"], list | tuple):
        raise TypeError(f"{place}.values: {form}, got {type(values).__name__}; put the filters into a list")
    if not values and how == "OR":
        raise ValueError(f"{place}.values: empty, which a server reads as no filter; {form} with one filter or more")
    if place.count(".values[") > 20:
        raise ValueError(f"{place[:40]}…: groups are nested more than 20 deep; flatten them")
    entries = cast("list[object]", values)
    return cast("str", how), [_read(part, default, f"{place}.values[{i}]") for i, part in enumerate(entries)]


# Names that other APIs use for the property, and for the operator. `connector` was PostHog's own, years ago.
_NAMES = {"property", "property_name", "propertyname", "property_key", "field", "name", "attribute", "column", "prop"}
_WAYS = {
    "operator", "op", "connector", "match", "matchtype", "match_type", "comparator", "comparison", "cmp", "condition",
    "operation", "relation", "predicate", "test",
}  # fmt: skip


def _operator(word: object) -> str | None:
    """Return the operator that a value is the name of, in the API's words or in others'."""
    name = word.strip().lower() if isinstance(word, str) else ""
    return name if name in OPERATORS else MEANT.get(name.replace(" ", "_"))


def _refuse_dialect(entry: Mapping[object, Any], place: str) -> None:
    """Refuse a filter in words that are not the API's, instead of reading it as names and values of properties."""
    fields = {name.lower(): name for name in entry if isinstance(name, str)}
    way = next((name for name in fields if name in _WAYS and _operator(entry[fields[name]])), None)
    named = next((name for name in fields if name in _NAMES), None)
    has_value = "value" in fields or "values" in fields
    if way is None and not (named and has_value):
        return
    if way == "operator" and named is None:
        raise ValueError(f"{place}: a filter of the API without key; add 'key', the name of the property")
    if len(entry) == 1:
        return
    key = show(entry[fields[named]]) if named else "..."
    raise ValueError(
        f"{place}: looks like a filter, but {', '.join(map(repr, fields.values()))} are not the fields of the API's; "
        f"write {{'key': {key}, 'operator': {_operator(entry[fields[way]]) if way else 'exact'!r}, 'value': ...}}. If "
        f"they name properties, write prop({next(iter(fields.values()))!r}) == value, and so on"
    )


def _check_fields(entry: Mapping[object, Any], place: str) -> None:
    """Refuse a misspelt field, or a field that other APIs use for the operator. A newer server may know more fields."""
    for name, value in entry.items():
        if name in FIELDS:
            continue
        if not isinstance(name, str) or closest(name, FIELDS):
            check_word(f"{place}.{name}", "field", name, FIELDS)
        if found := _operator(value):
            raise ValueError(
                f"{place}.{name}: {show(value)} names an operator, but the field for it is 'operator'; a server would "
                f"ignore this one, and compare exactly; write 'operator': {found!r}"
            )


def _read_filter(entry: Mapping[object, Any], default: str, place: str) -> dict[str, Any]:
    _check_fields(entry, place)
    if not any(name in entry for name in COMPANIONS):
        raise ValueError(
            f"{place}: a filter of the API, or a property named 'key'? Add 'value' or 'operator' if a filter,"
            " else write prop('key') == value"
        )
    check_key(entry["key"], f"{place}.key")
    wire = {str(name): value for name, value in entry.items()}
    if wire.get("type") is None:
        wire["type"] = default
    check_type(wire["type"], wire.get("group_type_index"), place)
    if wire["type"] in ("hogql", "behavioral"):
        return wire  # the key is an expression, the value another language
    operator = "exact" if wire.get("operator") is None else wire["operator"]
    value = check(operator, wire["type"], wire.pop("value", None), place)
    return wire if value is None else wire | {"value": plain(value, wire["type"])}


def _read_plain(key: object, value: object, default: str, place: str) -> dict[str, Any]:
    check_key(key, place)
    name = cast("str", key)
    within = value if is_list(value) else [value]
    if isinstance(value, Prop) or any(isinstance(item, Mapping | Condition) for item in within):
        remedy = "pass a list of filters instead"
        if name in ("properties", "filters", "filterGroup", "filter_groups", "values"):
            remedy = f"if this is what an insight, a cohort or a flag was saved as, pass what stands under {name!r}"
        raise TypeError(f"{place}[{name!r}]: expected a plain value, got {show(cast(Any, value))}; {remedy}")
    base, _, suffix = name.rpartition("__")
    if base and suffix in OPERATORS:
        raise ValueError(f"{place}[{name!r}]: names no operator here; write prop({base!r}).where({suffix!r}, value)")
    operator = "is_date_exact" if isinstance(value, date) else "exact"
    return _leaf(name, operator, check(operator, default, value, f"{place}[{name!r}]"), default, None)


# What of a filter must be equal for two to become one; and where a list means the same in every era.
_SUBJECT = ("key", "type", "group_type_index")
_LISTED = ("event", "person", "group", "session")


def _simplify(node: _Node) -> _Node:
    """Merge groups into an outer one that joins alike, unwrap groups of one, and leave out groups of nothing.

    An OR of `exact` on one property becomes one filter with a list, and so does an AND of its `is_not`.
    """
    if isinstance(node, dict):
        return node
    how = node[0]
    operator = "exact" if how == "OR" else "is_not"
    merged: list[_Node] = []
    places: dict[tuple[object, ...], int] = {}
    for part in _parts(node):
        if isinstance(part, dict) and _is_listable(part, operator):
            subject = tuple(part.get(name) for name in _SUBJECT)
            if subject in places:
                first = cast("dict[str, Any]", merged[places[subject]])
                merged[places[subject]] = first | {"operator": operator, "value": _union(first, part)}
                continue
            places[subject] = len(merged)
        merged.append(part)
    return merged[0] if len(merged) == 1 else (how, merged)


def _parts(group: tuple[str, list[_Node]]) -> Iterator[_Node]:
    for part in map(_simplify, group[1]):
        if isinstance(part, tuple) and (part[0] == group[0] or not part[1]):
            yield from part[1]
        else:
            yield part


def _is_listable(leaf: dict[str, Any], operator: str) -> bool:
    """Tell whether a filter may become part of one with a list. An empty text finds those without the property."""
    values = _values(leaf)
    return (
        (leaf.get("operator") or "exact") == operator
        and leaf["type"] in _LISTED
        and leaf.keys() <= {*COMPANIONS, "key"}
        and "" not in values
    )


def _values(leaf: Mapping[str, Any]) -> list[Any]:
    value: object = leaf.get("value")
    return [*cast("list[object]", value)] if isinstance(value, list) else [value]


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Any]:
    # By text, because 1 and 1.0 are equal in Python but different on the wire.
    return list({repr(value): value for value in (*_values(one), *_values(other))}.values())


def _emit(node: _Node) -> dict[str, Any]:
    if isinstance(node, dict):
        return node
    mixed = any(isinstance(part, tuple) for part in node[1])
    wrapped: list[_Node] = [("AND", [part]) if mixed and isinstance(part, dict) else part for part in node[1]]
    return {"type": node[0], "values": [_emit(part) for part in wrapped]}


def absolute(
    wanted: list[dict[str, Any]] | dict[str, Any] | None, now: Callable[[], datetime]
) -> list[dict[str, Any]] | dict[str, Any] | None:
    """Return filters on persons with relative dates as absolute ones: servers of 2025 fail by relative ones there."""
    if isinstance(wanted, list):
        return [_absolute(part, now) for part in wanted]
    return None if wanted is None else _absolute(wanted, now)


def _absolute(part: dict[str, Any], now: Callable[[], datetime]) -> dict[str, Any]:
    if "values" in part:
        return part | {"values": [_absolute(each, now) for each in part["values"]]}
    operator, value = part.get("operator"), part.get("value")
    if operator not in ("is_date_exact", "is_date_before", "is_date_after") or not RELATIVE.fullmatch(str(value)):
        return part
    return part | {"value": _moment_back(str(value), now().astimezone(UTC), day=operator == "is_date_exact")}


def _moment_back(text: str, now: datetime, *, day: bool) -> str:
    """Count back from now, to the second; to the day where that is asked for and the unit is no smaller."""
    try:
        when = go_back(now, int(text[:-1].removeprefix("-")), text[-1])
    except (OverflowError, ValueError):
        raise ValueError(f"properties: {text!r} lies before the year 1; use a smaller number") from None
    return when.date().isoformat() if day and text[-1] in "dwmyq" else when.replace(microsecond=0).isoformat()

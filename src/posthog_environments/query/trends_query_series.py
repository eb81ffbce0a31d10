"""The series and filters of a trend as nodes of a TrendsQuery. Pure; see `trends_query`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

__all__ = ["flat_conditions", "series_nodes", "trend_properties"]

_NODES: Final[Mapping[str, str]] = {
    "actions": "ActionsNode",
    "events": "EventsNode",
    "data_warehouse": "DataWarehouseNode",
}
"""Kinds of series and their nodes, in the order in which servers take them."""
_FIELDS: Final = frozenset(
    {
        "name", "custom_name", "math", "math_property", "math_hogql", "math_group_type_index", "math_property_type",
        "math_multiplier", "math_property_revenue_currency",
    }
)  # fmt: skip
"""Fields that an entity and its node have alike. The last three servers drop when they map by themselves."""
_TABLE: Final = frozenset({"id_field", "table_name", "timestamp_field", "distinct_id_field"})
_COHORTS: Final = frozenset({"cohort", "static-cohort", "precalculated-cohort"})


def series_nodes(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write what is counted as nodes: actions, events, tables, then by `order`, where 0 and none come first.

    Raises:
        ValueError: A field of an entity has no place in a node.
    """
    found: list[tuple[int, dict[str, Any]]] = []
    for kind in _NODES:
        for number, entity in enumerate(cast("list[dict[str, Any]]", asked.get(kind) or [])):
            found.append((entity.get("order") or -1, _node(kind, entity, f"{kind}[{number}]")))
    return [node for _, node in sorted(found, key=lambda each: each[0])]


def _node(kind: str, entity: Mapping[str, Any], place: str) -> dict[str, Any]:
    node: dict[str, Any] = {"kind": _NODES[kind]}
    if kind == "events":
        node["event"] = entity["id"]
    else:
        node["id"] = int(entity["id"]) if kind == "actions" else entity["id"]
    known = _FIELDS | _TABLE if kind == "data_warehouse" else _FIELDS
    for name, value in entity.items():
        if name in ("id", "type", "order") or value is None:
            continue
        if name == "properties":
            if properties := flat_conditions(value, place):
                node["properties"] = properties
        elif name in known:
            node[name] = value
        else:
            raise ValueError(f"{place}.{name}: has no place in a TrendsQuery, which query/ takes; leave it out.")
    return node


def flat_conditions(value: Any, place: str) -> list[dict[str, Any]]:
    """Write the conditions of a series as the list that a node takes, all of which must hold.

    Raises:
        ValueError: They need not all hold. Servers flatten such a group all the same (filter_to_query.py).
    """
    if isinstance(value, list):
        return [_leaf(each) for each in cast("list[dict[str, Any]]", value)]
    group = cast("dict[str, Any]", value)
    parts = cast("list[dict[str, Any]]", group["values"])
    if any(_is_group(part) for part in parts) or (group["type"] == "OR" and len(parts) > 1):
        raise ValueError(
            f"{place}.properties: servers read | within one series as &. Put it into properties= of the call, or give "
            "one series for each and a formula such as A+B."
        )
    return [_leaf(part) for part in parts]


def trend_properties(value: Any, _place: str) -> dict[str, Any] | None:
    """Write the conditions of a question as groups: two levels, as servers make them of a list."""
    if not value:
        return None
    if isinstance(value, list):
        leaves = [_leaf(each) for each in cast("list[dict[str, Any]]", value)]
        return {"type": "AND", "values": [{"type": "AND", "values": leaves}]}
    group = _group(cast("dict[str, Any]", value))
    return group if any(map(_is_group, group["values"])) else {"type": "AND", "values": [group]}


def _is_group(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("AND", "OR") and "values" in part and "key" not in part


def _group(group: dict[str, Any]) -> dict[str, Any]:
    parts = cast("list[dict[str, Any]]", group["values"])
    return {"type": group["type"], "values": [_group(part) if _is_group(part) else _leaf(part) for part in parts]}


def _leaf(given: Mapping[str, Any]) -> dict[str, Any]:
    """Write one condition as the strict records of a TrendsQuery take it."""
    leaf = {name: value for name, value in given.items() if value is not None}
    if "values" in leaf:
        leaf["value"] = leaf.pop("values")
    if isinstance(leaf.get("value"), list):
        leaf["value"] = [each for each in cast("list[Any]", leaf["value"]) if each is not None]
    if leaf.get("type") == "events":
        leaf["type"] = "event"
    if leaf.get("type") in _COHORTS:
        without = leaf.pop("negation", False) or leaf.get("operator") in ("not_in", "is_not")
        return leaf | {"type": "cohort", "key": "id", "operator": "not_in" if without else "in"}
    if leaf.get("type") == "hogql":
        leaf.pop("operator", None)
        return leaf
    return {"operator": "exact", **leaf}

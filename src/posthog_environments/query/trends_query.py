"""Map the fields of `insights/trend/` to a TrendsQuery, which `query/` takes. Pure.

Since January 2025 servers map requests to `insights/trend/` to a TrendsQuery themselves
(posthog/hogql_queries/legacy_compatibility/filter_to_query.py). The mapping here is the same and so gives the same
figures. Where the mapping of the servers loses a field, the query keeps it, and a call to `insights/trend/` is refused,
see `refuse_what_is_lost`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

__all__ = [
    "WORDS",
    "FieldMapping",
    "Places",
    "at",
    "merge_fields",
    "refuse_what_is_lost",
    "to_trends_query",
    "trend_properties",
    "write_breakdown",
    "write_breakdown_type",
    "write_flag",
]

Write = Callable[[Any, str], Any]


def _same(value: Any, _place: str) -> Any:
    return value


def write_flag(value: Any, place: str) -> bool:
    """Read a flag, which may be a text."""
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise ValueError(f"{place}: expected true or false, got {value!r}.")
    return found


def _number(value: Any, place: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{place}: expected a number, got {value!r}.") from None


def _hidden(value: Any, place: str) -> list[int]:
    """Turn `{"1": true}` into `[1]`, the places of what is hidden."""
    try:
        return sorted(int(key) for key, hidden in value.items() if hidden)
    except (AttributeError, ValueError):
        raise ValueError(f'{place}: expected an object such as {{"1": true}}, got {value!r}.') from None


def write_breakdown(value: Any, _place: str) -> Any:
    """Read the JSON text of a list of cohorts, which is how `insights/trend/` takes one; drop nulls."""
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    return [each for each in cast("Any", value) if each is not None] if isinstance(value, list) else value


def write_breakdown_type(value: Any, _place: str) -> Any:
    """Write the type of a breakdown by its newer name."""
    return "event" if value == "events" else value


def _breakdowns(value: Any, place: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 0 < len(cast("Any", value)) <= 3:
        raise ValueError(f"{place}: expected a list of one to three objects with a property, got {value!r}.")
    return [{"type": "event", **each} for each in cast("list[dict[str, Any]]", value)]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Where a word of `insights/trend/` stands in a TrendsQuery, and how its value is written there."""

    path: tuple[str, ...]
    write: Write = _same


def at(path: str, write: Write = _same) -> FieldMapping:
    """Return a place by its path, such as "breakdownFilter.breakdown_limit"."""
    return FieldMapping(tuple(path.split(".")), write)


Places = Mapping[str, FieldMapping]

WORDS: Final[Places] = {
    "explicit_date": at("dateRange.explicitDate", write_flag),
    "sampling_factor": at("samplingFactor", _number),
    "aggregation_group_type_index": at("aggregation_group_type_index"),
    "breakdowns": at("breakdownFilter.breakdowns", _breakdowns),
    "breakdown_hide_other_aggregation": at("breakdownFilter.breakdown_hide_other_aggregation", write_flag),
    "breakdown_histogram_bin_count": at("breakdownFilter.breakdown_histogram_bin_count"),
    "breakdown_normalize_url": at("breakdownFilter.breakdown_normalize_url", write_flag),
    "breakdown_path_cleaning": at("breakdownFilter.breakdown_path_cleaning", write_flag),
    "smoothing_intervals": at("trendsFilter.smoothingIntervals"),
    "show_legend": at("trendsFilter.showLegend", write_flag),
    "show_values_on_series": at("trendsFilter.showValuesOnSeries", write_flag),
    "show_percent_stack_view": at("trendsFilter.showPercentStackView", write_flag),
    "show_multiple_y_axes": at("trendsFilter.showMultipleYAxes", write_flag),
    "aggregation_axis_format": at("trendsFilter.aggregationAxisFormat"),
    "aggregation_axis_prefix": at("trendsFilter.aggregationAxisPrefix"),
    "aggregation_axis_postfix": at("trendsFilter.aggregationAxisPostfix"),
    "decimal_places": at("trendsFilter.decimalPlaces"),
    "y_axis_scale_type": at("trendsFilter.yAxisScaleType"),
    "hidden_legend_keys": at("trendsFilter.hiddenLegendIndexes", _hidden),
}
"""Words of `extra_body` that no argument stands for, and their places in a TrendsQuery.

Arguments say their places themselves, see `Argument.place`.
"""

# Fields that do not change the figures of a trend.
_SILENT: Final = frozenset({"refresh", "entity_type"})


def to_trends_query(asked: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Write a question in the words of `insights/trend/` as a TrendsQuery.

    Args:
        asked: The question.
        places: The places of arguments.

    Raises:
        ValueError: A word has no place in a TrendsQuery, or a value none there.
    """
    query: dict[str, Any] = {"kind": "TrendsQuery", "series": _series_nodes(asked)}
    for name, value in asked.items():
        if name in _NODES or name in _SILENT or value in (None, ""):
            continue
        if name in ("insight", "shown_as"):
            if str(value).upper() not in ("TRENDS", "SESSIONS", "VOLUME"):
                raise ValueError(f"{name}: {value!r} is no trend, and query/ is asked for trends alone; leave it out.")
            continue
        word = places.get(name) or WORDS.get(name)
        if word is None:
            raise ValueError(
                f'{name}: has no place in a TrendsQuery, which query/ takes. With trend_api="query" the keys of '
                "extra_body are the fields of a TrendsQuery itself."
            )
        written = word.write(value, name)
        if written not in (None, [], {}):
            _put(query, word.path, written)
    if query.get("compareFilter") == {"compare": False}:
        del query["compareFilter"]
    return query


def _put(query: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for name in above:
        query = query.setdefault(name, {})
    query[last] = value


_ALWAYS: Final = frozenset({("kind",), ("series",)})


def merge_fields(query: dict[str, Any], fields: Mapping[str, Any], places: Places, above: tuple[str, ...] = ()) -> None:
    """Add fields of a TrendsQuery that the user gave under their own names.

    Args:
        query: The TrendsQuery so far.
        fields: The fields to add.
        places: The places of arguments.
        above: The path to the object that is added to.

    Raises:
        ValueError: One is what an argument with a name of its own stands for.
    """
    named = {place.path for place in places.values()} | _ALWAYS
    for name, value in fields.items():
        path = (*above, name)
        if path in named:
            raise ValueError(f"extra_body repeats {'.'.join(path)}; use the argument of the method for it.")
        inside = any(each[: len(path)] == path for each in named)
        if inside and not isinstance(value, Mapping):
            raise ValueError(f"extra_body: {'.'.join(path)} must be an object, not {value!r}.")
        if inside:
            merge_fields(query.setdefault(name, {}), cast("Mapping[str, Any]", value), places, path)
        else:
            query[name] = value


_BY_QUERY: Final = 'query/ can say it: trend_api="query"'
_LEGACY_DISPLAYS: Final = (
    "ActionsLineGraph", "ActionsLineGraphCumulative", "ActionsAreaGraph", "ActionsBar", "ActionsStackedBar",
    "ActionsUnstackedBar", "ActionsBarValue", "ActionsPie", "ActionsTable", "WorldMap", "BoldNumber",
)  # fmt: skip
_LOST_INTERVALS: Final = frozenset({"second", "minute", "quarter", "year"})
_LOST_IN_SERIES: Final = ("math_property_type", "math_multiplier", "math_property_revenue_currency")


def refuse_what_is_lost(asked: Mapping[str, Any]) -> None:
    """Refuse what `insights/trend/` would answer as if it had not been asked, or had been asked otherwise.

    Raises:
        ValueError: Something would be lost; the message says what, and what to do.
    """
    interval, display = asked.get("interval"), asked.get("display")
    if interval in _LOST_INTERVALS:
        instead = "servers answer it by hour" if interval == "minute" else "insights/trend/ does not know it"
        raise ValueError(f"interval: {interval!r} is lost at insights/trend/, {instead}; {_BY_QUERY}.")
    if display is not None and display not in _LEGACY_DISPLAYS:
        raise ValueError(
            f"display: {str(display)[:60]!r} is not known at insights/trend/, which would answer with a line; use one "
            f"of {', '.join(_LEGACY_DISPLAYS)}, or where {_BY_QUERY}."
        )
    for kind in ("events", "actions"):
        for number, entity in enumerate(cast("list[dict[str, Any]]", asked.get(kind) or [])):
            lost = next((name for name in _LOST_IN_SERIES if entity.get(name) is not None), None)
            if lost:
                raise ValueError(f"{kind}[{number}].{lost}: is lost at insights/trend/; {_BY_QUERY}.")
            _flat_conditions(entity.get("properties") or [], f"{kind}[{number}]")


# ------------------------------------------------------------------------------------- series and filters

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


def _series_nodes(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
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
            if properties := _flat_conditions(value, place):
                node["properties"] = properties
        elif name in known:
            node[name] = value
        else:
            raise ValueError(f"{place}.{name}: has no place in a TrendsQuery, which query/ takes; leave it out.")
    return node


def _flat_conditions(value: Any, place: str) -> list[dict[str, Any]]:
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

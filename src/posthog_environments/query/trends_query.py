"""A question about events over time in the words of `query/`: a TrendsQuery. Pure.

Since January 2025 servers turn what comes to `insights/trend/` into a TrendsQuery themselves
(posthog/hogql_queries/legacy_compatibility/filter_to_query.py). What is mapped here in the same way therefore gives
the same figures. Where the servers' mapping loses something, the query says what was asked, and `insights/trend/`
refuses it, see `refuse_what_is_lost`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from posthog_environments.query.trends_query_series import flat_conditions, series_nodes, trend_properties

__all__ = ["NAMED", "WORDS", "FieldMapping", "merge_fields", "refuse_what_is_lost", "to_trends_query"]

Write = Callable[[Any, str], Any]


def _same(value: Any, _place: str) -> Any:
    return value


def _flag(value: Any, place: str) -> bool:
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


def _breakdown(value: Any, _place: str) -> Any:
    """Read the JSON text of a list of cohorts, which is how `insights/trend/` takes one; drop nulls."""
    if isinstance(value, str) and value.startswith("["):
        value = json.loads(value)
    return [each for each in cast("Any", value) if each is not None] if isinstance(value, list) else value


def _kind(value: Any, _place: str) -> Any:
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


def _breakdown_word(name: str, write: Write = _same) -> FieldMapping:
    return FieldMapping(("breakdownFilter", name), write)


def _shown(name: str, write: Write = _same) -> FieldMapping:
    return FieldMapping(("trendsFilter", name), write)


WORDS: Final[Mapping[str, FieldMapping]] = {
    "date_from": FieldMapping(("dateRange", "date_from")),
    "date_to": FieldMapping(("dateRange", "date_to")),
    "explicit_date": FieldMapping(("dateRange", "explicitDate"), _flag),
    "interval": FieldMapping(("interval",)),
    "properties": FieldMapping(("properties",), trend_properties),
    "filter_test_accounts": FieldMapping(("filterTestAccounts",), _flag),
    "sampling_factor": FieldMapping(("samplingFactor",), _number),
    "aggregation_group_type_index": FieldMapping(("aggregation_group_type_index",)),
    "breakdown": _breakdown_word("breakdown", _breakdown),
    "breakdown_type": _breakdown_word("breakdown_type", _kind),
    "breakdowns": _breakdown_word("breakdowns", _breakdowns),
    "breakdown_limit": _breakdown_word("breakdown_limit"),
    "breakdown_group_type_index": _breakdown_word("breakdown_group_type_index"),
    "breakdown_hide_other_aggregation": _breakdown_word("breakdown_hide_other_aggregation", _flag),
    "breakdown_histogram_bin_count": _breakdown_word("breakdown_histogram_bin_count"),
    "breakdown_normalize_url": _breakdown_word("breakdown_normalize_url", _flag),
    "breakdown_path_cleaning": _breakdown_word("breakdown_path_cleaning", _flag),
    "compare": FieldMapping(("compareFilter", "compare"), _flag),
    "compare_to": FieldMapping(("compareFilter", "compare_to")),
    "display": _shown("display"),
    "formula": _shown("formula"),
    "smoothing_intervals": _shown("smoothingIntervals"),
    "show_legend": _shown("showLegend", _flag),
    "show_values_on_series": _shown("showValuesOnSeries", _flag),
    "show_percent_stack_view": _shown("showPercentStackView", _flag),
    "show_multiple_y_axes": _shown("showMultipleYAxes", _flag),
    "aggregation_axis_format": _shown("aggregationAxisFormat"),
    "aggregation_axis_prefix": _shown("aggregationAxisPrefix"),
    "aggregation_axis_postfix": _shown("aggregationAxisPostfix"),
    "decimal_places": _shown("decimalPlaces"),
    "y_axis_scale_type": _shown("yAxisScaleType"),
    "hidden_legend_keys": _shown("hiddenLegendIndexes", _hidden),
}
"""Each word of a question but for its series, and its place in a TrendsQuery."""

_SERIES: Final = ("actions", "events", "data_warehouse")
# Words that say nothing about the figures of a trend.
_SILENT: Final = frozenset({"refresh", "entity_type"})


def to_trends_query(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Write a question in the words of `insights/trend/` as a TrendsQuery.

    Raises:
        ValueError: A word has no place in a TrendsQuery, or a value none there.
    """
    query: dict[str, Any] = {"kind": "TrendsQuery", "series": series_nodes(asked)}
    for name, value in asked.items():
        if name in _SERIES or name in _SILENT or value in (None, ""):
            continue
        if name in ("insight", "shown_as"):
            _only_trends(name, value)
            continue
        word = WORDS.get(name)
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


def _only_trends(name: str, value: Any) -> None:
    if str(value).upper() not in ("TRENDS", "SESSIONS", "VOLUME"):
        raise ValueError(f"{name}: {value!r} is no trend, and query/ is asked for trends alone; leave it out.")


def _put(query: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for name in above:
        query = query.setdefault(name, {})
    query[last] = value


NAMED: Final = frozenset(
    WORDS[name].path
    for name in (
        "date_from", "date_to", "interval", "properties", "filter_test_accounts", "breakdown", "breakdown_type",
        "breakdown_limit", "breakdown_group_type_index", "compare", "compare_to", "display", "formula",
    )
) | {("kind",), ("series",)}  # fmt: skip
"""Fields that arguments of their own stand for."""


def merge_fields(query: dict[str, Any], fields: Mapping[str, Any], above: tuple[str, ...] = ()) -> None:
    """Add fields of a TrendsQuery that the user gave under their own names.

    Raises:
        ValueError: One is what an argument with a name of its own stands for.
    """
    for name, value in fields.items():
        path = (*above, name)
        if path in NAMED:
            raise ValueError(f"extra_body repeats {'.'.join(path)}; use the argument of the method for it.")
        inside = any(named[: len(path)] == path for named in NAMED)
        if inside and not isinstance(value, Mapping):
            raise ValueError(f"extra_body: {'.'.join(path)} must be an object, not {value!r}.")
        if inside:
            merge_fields(query.setdefault(name, {}), cast("Mapping[str, Any]", value), path)
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
            flat_conditions(entity.get("properties") or [], f"{kind}[{number}]")

"""TrendsQuery: parse the query of `query/`, strictly as on servers.

Fields that the sandbox does not support are refused by name. Fields that only change how a chart is drawn are accepted.
Source: PostHog's schema of mid 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies, filters, strict, trend_request
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.dates import STEPS
from posthog_environments.sandbox.period import Calendar, PeriodRequest
from posthog_environments.sandbox.problems import Problem, invalid, unsupported
from posthog_environments.sandbox.strict import any_of, anything, flag, listing, mapping, number, text, whole, word
from posthog_environments.sandbox.trend_request import Breakdown, NamedFormula, SeriesSpec, TrendRequest

_NEWER_INTERVALS: Final = frozenset({"second", "quarter", "year"})
_QUERY: Final[Mapping[str, strict.Test]] = {
    "kind": word("TrendsQuery"), "series": listing, "interval": word(*STEPS), "dateRange": mapping,
    "properties": any_of(listing, mapping), "filterTestAccounts": flag, "breakdownFilter": mapping,
    "compareFilter": mapping, "trendsFilter": mapping, "samplingFactor": number, "aggregation_group_type_index": whole,
    "conversionGoal": mapping, "dataColorTheme": number, "modifiers": mapping, "tags": mapping, "version": number,
    "calendarHeatmapFilter": mapping,
}  # fmt: skip
_DATES: Final[Mapping[str, strict.Test]] = {
    "date_from": text, "date_to": text, "explicitDate": flag, "daysOfWeek": listing, "excludeIncompletePeriods": flag,
    "timezone": text,
}  # fmt: skip
_MATHS: Final = word(*trend_request.MATHS, *trend_request.OTHER_MATHS)
_NODE: Final[Mapping[str, strict.Test]] = {
    "kind": text, "name": text, "custom_name": text, "math": _MATHS, "math_multiplier": number, "math_property": text,
    "math_property_type": text, "math_property_revenue_currency": mapping, "math_hogql": text,
    "math_group_type_index": whole, "properties": listing, "fixedProperties": listing, "optionalInFunnel": flag,
    "version": number, "response": anything,
}  # fmt: skip
_NODES: Final[Mapping[str, Mapping[str, strict.Test]]] = {
    "EventsNode": {**_NODE, "event": text, "limit": whole, "orderBy": listing},
    "ActionsNode": {**_NODE, "id": whole},
}
_OTHER_NODES: Final = frozenset({"DataWarehouseNode", "GroupNode"})
_BREAKDOWN_TYPES: Final = word(
    "cohort", "person", "event", "event_metadata", "group", "session", "hogql", "data_warehouse",
    "data_warehouse_person_property", "revenue_analytics",
)  # fmt: skip
_BREAKDOWN: Final[Mapping[str, strict.Test]] = {
    "breakdown_type": _BREAKDOWN_TYPES, "breakdown": any_of(text, whole, listing), "breakdowns": listing,
    "breakdown_limit": whole, "breakdown_hide_other_aggregation": flag, "breakdown_histogram_bin_count": whole,
    "breakdown_normalize_url": flag, "breakdown_path_cleaning": flag, "breakdown_group_type_index": whole,
}  # fmt: skip
_ONE_BREAKDOWN: Final[Mapping[str, strict.Test]] = {
    "property": any_of(text, whole), "type": _BREAKDOWN_TYPES, "normalize_url": flag, "group_type_index": whole,
    "histogram_bin_count": whole,
}  # fmt: skip
_COMPARE: Final[Mapping[str, strict.Test]] = {"compare": flag, "compare_to": text}
_READ_OF_FILTER: Final[Mapping[str, strict.Test]] = {
    "display": word(*trend_request.DISPLAYS, *trend_request.OTHER_DISPLAYS), "formula": text, "formulas": listing,
    "formulaNodes": listing, "smoothingIntervals": whole,
}  # fmt: skip
_DRAWN: Final = (
    "showLegend", "legendPosition", "showAlertThresholdLines", "aggregationAxisFormat", "aggregationAxisPrefix",
    "aggregationAxisPostfix", "decimalPlaces", "minDecimalPlaces", "xAxisLabel", "yAxisLabel", "showValuesOnSeries",
    "showLabelsOnSeries", "showPercentStackView", "stackBreakdownValues", "yAxisScaleType", "showMultipleYAxes",
    "hiddenLegendIndexes", "resultCustomizationBy", "resultCustomizations", "goalLines", "showConfidenceIntervals",
    "confidenceLevel", "showTrendLines", "showMovingAverage", "movingAverageIntervals",
    "detailedResultsAggregationType", "excludeBoxPlotOutliers", "hideWeekends", "showAnnotations",
)  # fmt: skip
_TRENDS: Final[Mapping[str, strict.Test]] = {**_READ_OF_FILTER, **dict.fromkeys(_DRAWN, anything)}
_LEAF: Final[Mapping[str, strict.Test]] = {
    "key": any_of(text, whole), "type": text, "operator": text, "value": anything, "label": text,
    "group_type_index": whole, "cohort_name": text, "group_key_names": mapping,
}  # fmt: skip
_GROUP: Final[Mapping[str, strict.Test]] = {"type": word("AND", "OR"), "values": listing}


def read(app: AppContext, value: object) -> TrendRequest:
    """Parse a TrendsQuery."""
    given = strict.read(value, "query", _QUERY, needs=("kind", "series"))
    interval = given.get("interval", "day")
    if interval in _NEWER_INTERVALS and not app.newer:
        strict.refuse("query.interval", f"Servers of 2025 know no {interval}.")
    _refuse_set(given, "query", ("conversionGoal", "aggregation_group_type_index", "calendarHeatmapFilter"))
    if given.get("samplingFactor", 1) != 1:
        raise unsupported("sampling", "samplingFactor")
    found = _series(app, given["series"])
    properties = _properties(given.get("properties"), "query.properties")
    filters.check_patterns([properties, *(one.properties for one in found)], app.store.check_pattern)
    drawn = strict.read(given.get("trendsFilter", {}), "query.trendsFilter", _TRENDS)
    display = drawn.get("display", "ActionsLineGraph")
    if display in trend_request.OTHER_DISPLAYS:
        raise unsupported(f"the display {display}", "display")
    wanted = _wanted(given.get("dateRange", {}), interval, bold=display == "BoldNumber")
    calendar = Calendar(app)
    span = calendar.trend_span(wanted)
    compare = strict.read(given.get("compareFilter", {}), "query.compareFilter", _COMPARE)
    compared = bodies.truth(compare.get("compare"))
    breakdown = _breakdown(given.get("breakdownFilter", {}), display)
    return TrendRequest(
        entities=found,
        properties=properties,
        without_test_accounts=bodies.truth(given.get("filterTestAccounts")),
        span=span,
        earlier=calendar.earlier(wanted, span, compare.get("compare_to")) if compared else None,
        breakdown=breakdown,
        display=display,
        formulas=_formulas(drawn, len(found)),
        smoothing=_smoothing(drawn),
        echo=_echo(given, wanted, display, compare),
        key=json.dumps(given, sort_keys=True),
    )


def _refuse_set(given: Mapping[str, Any], where: str, names: tuple[str, ...]) -> None:
    for name in names:
        if given.get(name):
            raise unsupported(f"{where}.{name}", name)


def _wanted(value: object, interval: str, *, bold: bool) -> PeriodRequest:
    given = strict.read(value, "query.dateRange", _DATES)
    _refuse_set(given, "dateRange", ("daysOfWeek", "excludeIncompletePeriods", "timezone"))
    return PeriodRequest(
        date_from=given.get("date_from"),
        date_to=given.get("date_to"),
        interval=interval,
        explicit=bodies.truth(given.get("explicitDate")),
        to_the_instant=bold,
    )


def _series(app: AppContext, nodes: list[object]) -> tuple[SeriesSpec, ...]:
    if not nodes:
        raise Problem(
            400, "validation_error", "insight_requires_at_least_one_series", "A trend needs one series at least."
        )
    if len(nodes) > trend_request.MOST_SERIES:
        raise invalid(f"There can be {trend_request.MOST_SERIES} series at most.", "series")
    found = [_entity(app, node, number) for number, node in enumerate(nodes)]
    return tuple(entity for entity in found if entity is not None)


def _kind(value: object) -> object:
    return cast("dict[str, Any]", value).get("kind") if isinstance(value, dict) else None


def _entity(app: AppContext, value: object, order: int) -> SeriesSpec | None:
    where = f"query.series.{order}"
    kind = _kind(value)
    if isinstance(kind, str) and kind in _OTHER_NODES:
        raise unsupported(f"series of the kind {kind}", "series")
    if not isinstance(kind, str) or kind not in _NODES:
        strict.refuse(where, f"The kind {str(kind)[:60]!r} is none of {', '.join(sorted({*_NODES, *_OTHER_NODES}))}.")
    given = strict.read(value, where, _NODES[kind], needs=("kind", "id") if kind == "ActionsNode" else ("kind",))
    _refuse_set(given, where, ("math_property_revenue_currency",))
    event = given.get("event")
    if kind == "ActionsNode":
        event = trend_request.actions(app).get(int(given["id"]))
        if event is None:
            return None  # as on servers: an unknown action has no row
    of = given.get("math_property")
    of_person = given.get("math_property_type") == "person_properties"
    if given.get("math_property_type") not in {None, "event_properties", "person_properties"} and of != _DURATION:
        raise unsupported(f"the math_property_type {given['math_property_type']!r}", "math_property_type")
    own = [*given.get("properties", ()), *given.get("fixedProperties", ())]
    return SeriesSpec(
        event=event,
        order=order,
        properties=_properties(own, f"{where}.properties"),
        math=trend_request.math_of(given.get("math"), of),
        math_property=of,
        math_of_person=of_person,
        multiplier=given.get("math_multiplier", 1) if of else 1,
        name=given.get("name"),
        custom_name=given.get("custom_name"),
        kind="actions" if kind == "ActionsNode" else "events",
        id=given["id"] if kind == "ActionsNode" else event,
    )


_DURATION: Final = "$session_duration"


def _properties(value: object, where: str) -> filters.ConditionGroup:
    """Parse filters: a flat list, or a group of groups."""
    if not isinstance(value, list | None):
        outer = strict.read(value, where, _GROUP, needs=("type", "values"))
        for place, inner in enumerate(outer["values"]):
            group = strict.read(inner, f"{where}.values.{place}", _GROUP, needs=("type", "values"))
            _check_leaves(group["values"], f"{where}.values.{place}.values")
    else:
        _check_leaves(cast("list[object]", value or []), where)
    return filters.read(cast("list[object] | dict[str, object] | None", value), lenient=False)


def _check_leaves(values: list[object], where: str) -> None:
    for place, leaf in enumerate(values):
        strict.read(leaf, f"{where}.{place}", _LEAF, needs=("key",))


def _breakdown(value: object, display: str) -> Breakdown | None:
    given = strict.read(value, "query.breakdownFilter", _BREAKDOWN)
    _refuse_set(
        given,
        "breakdownFilter",
        ("breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_path_cleaning"),
    )
    several: list[object] = given.get("breakdowns") or []
    key = trend_request.only_one(given.get("breakdown"))
    if not several and key in (None, "", []):
        return None
    if len(several) > 3:
        strict.refuse("query.breakdownFilter.breakdowns", "There can be three at most.")
    limit = int(given.get("breakdown_limit", trend_request.MOST_PARTS))
    if not 0 < limit <= 100_000:
        raise invalid("The limit of a breakdown is from 1 to 100,000.", "breakdown_limit")
    entries = [_one_breakdown(entry, number) for number, entry in enumerate(several)]
    if not entries:
        entries = [trend_request.one_property(key, given.get("breakdown_type", "event"), "breakdown")]
    return Breakdown(
        tuple(entries),
        several=bool(several),
        limit=trend_request.COUNTRIES if display == "WorldMap" else limit,
        hide_other=bodies.truth(given.get("breakdown_hide_other_aggregation")),
    )


def _one_breakdown(value: object, number: int) -> trend_request.BreakdownProperty:
    where = f"query.breakdownFilter.breakdowns.{number}"
    given = strict.read(value, where, _ONE_BREAKDOWN, needs=("property",))
    _refuse_set(given, where, ("normalize_url", "histogram_bin_count"))
    return trend_request.one_property(given["property"], given.get("type", "event"), "breakdowns")


def _formulas(given: Mapping[str, Any], series: int) -> tuple[NamedFormula, ...]:
    texts: list[object] = given.get("formulas") or ([given["formula"]] if given.get("formula") else [])
    nodes: list[object] = given.get("formulaNodes") or [{"formula": one} for one in texts]
    found: list[NamedFormula] = []
    for place, node in enumerate(nodes):
        where = f"query.trendsFilter.formulaNodes.{place}"
        one = strict.read(node, where, {"formula": text, "custom_name": text}, needs=("formula",))
        found.append(NamedFormula(trend_request.formula_of(one["formula"], series), one.get("custom_name")))
    return tuple(found)


def _smoothing(given: Mapping[str, Any]) -> int:
    over = int(given.get("smoothingIntervals", 1))
    if not 1 <= over <= 1_000:
        raise invalid("Smoothing goes over 1 to 1,000 intervals.", "smoothingIntervals")
    return over


def _echo(given: Mapping[str, Any], wanted: PeriodRequest, display: str, compare: Mapping[str, Any]) -> dict[str, Any]:
    """Return the query as rows of `query/` repeat it."""
    broken: dict[str, Any] = given.get("breakdownFilter") or {}
    return {
        "insight": "TRENDS",
        "properties": given.get("properties") or [],
        "filter_test_accounts": bodies.truth(given.get("filterTestAccounts")),
        "date_from": wanted.date_from,
        "date_to": wanted.date_to,
        "entity_type": "events",
        "interval": wanted.interval,
        "display": display,
        **{name: value for name, value in broken.items() if value is not None},
        **compare,
    }

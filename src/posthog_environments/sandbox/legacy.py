"""Legacy trends: parse the query or body of `insights/trend/`, with the mapping of servers of 2025.

Fields that servers ignore, or that only change how a chart is drawn, are accepted. Fields that would change the result,
and that the sandbox does not support, are refused by name. So are fields that no server has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Literal, cast

from posthog_environments.sandbox import bodies, declared, filters, trend_request
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.messages import KEY_PARAMETER, RequestContext
from posthog_environments.sandbox.period import Calendar, PeriodRequest
from posthog_environments.sandbox.problems import Problem, crash, invalid, unsupported
from posthog_environments.sandbox.trend_request import (
    Breakdown,
    BreakdownProperty,
    NamedFormula,
    SeriesSpec,
    TrendRequest,
)

INTERVALS: Final = ("hour", "day", "week", "month")
BREAKDOWN_TYPES: Final = frozenset(
    {"event", "person", "cohort", "group", "session", "hogql", "event_metadata", "events"}
)
# Fields that only change how a chart is drawn.
_DISPLAY_ONLY: Final = frozenset({
    "show_legend", "hidden_legend_keys", "aggregation_axis_format", "aggregation_axis_prefix", "decimal_places",
    "aggregation_axis_postfix", "show_values_on_series", "show_percent_stack_view", "show_labels_on_series",
    "y_axis_scale_type", "show_multiple_y_axes", "show_alert_threshold_lines", "layout", "breakdown_attribution_type",
})  # fmt: skip
# Fields of the request that are not part of the query, so not of its cache key.
_REQUEST_ONLY: Final = frozenset({
    KEY_PARAMETER, "format", "refresh", "offset", "limit", "client_query_id", "session_id", "from_dashboard",
    "entity_type",
})  # fmt: skip
# Fields that the sandbox supports.
_SUPPORTED: Final = frozenset({
    "events", "actions", "properties", "filter_test_accounts", "date_from", "date_to", "explicit_date", "interval",
    "breakdown", "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation", "compare",
    "compare_to", "display", "formula", "smoothing_intervals", "insight", "shown_as",
})  # fmt: skip
# Fields that change the result and are not supported, with the values that change nothing.
_UNSUPPORTED: Final[Mapping[str, tuple[object, ...]]] = {
    "sampling_factor": ("", None, "1", 1),
    **dict.fromkeys(("breakdown_normalize_url", "breakdown_path_cleaning"), ("", None, False, "false")),
    **dict.fromkeys(
        ("aggregation_group_type_index", "breakdown_group_type_index", "breakdown_histogram_bin_count",
         "stickiness_days", "math_multiplier"),
        ("", None),
    ),
    "data_warehouse": ("", None, "[]", []),
}  # fmt: skip
_SERIES_FIELDS: Final = frozenset({
    "id", "type", "order", "name", "custom_name", "math", "math_property", "properties", "math_property_type",
    "math_multiplier", "uuid", "index", "days", "math_property_revenue_currency", "math_hogql", "math_group_type_index",
    "optionalInFunnel", "distinct_id_field", "id_field", "table_name", "timestamp_field",
})  # fmt: skip
"""Fields of a series. Servers drop `math_property_type` and the ones after it."""


def fields(call: RequestContext) -> dict[str, Any]:
    """Return the fields of the body, with the query as a default."""
    return {**call.query, **(call.fields if call.method == "POST" else {})}


def read(app: AppContext, call: RequestContext) -> TrendRequest:
    """Parse a trend."""
    given = fields(call)
    check_fields(given)
    found = entities(app, given)
    properties = filters.read(given.get("properties"), lenient=app.lenient)
    filters.check_patterns([properties, *(one.properties for one in found)], app.store.check_pattern)
    display = _display(app, given)
    wanted = wanted_of(app, given, bold=display == "BoldNumber")
    calendar = Calendar(app)
    span = calendar.trend_span(wanted, crashes=app.lenient)
    # `compare_to` without `compare` has no effect.
    compared = bodies.truth(given.get("compare"))
    return TrendRequest(
        entities=found,
        properties=properties,
        without_test_accounts=bodies.truth(given.get("filter_test_accounts")),
        span=span,
        earlier=calendar.earlier(wanted, span, given.get("compare_to")) if compared else None,
        breakdown=_breakdown(app, given, display),
        display=display,
        formulas=_formulas(app, given, len(found)),
        smoothing=_count(given.get("smoothing_intervals"), "smoothing_intervals") or 1,
        echo=_echo(given, found, properties, wanted, display),
        key=json.dumps({name: value for name, value in given.items() if name not in _REQUEST_ONLY}, sort_keys=True),
    )


def check_fields(given: Mapping[str, Any]) -> None:
    """Raise 400 for fields that the sandbox does not support and that would change the result, and for unknown ones."""
    for name, value in given.items():
        if name in _UNSUPPORTED:
            if value not in _UNSUPPORTED[name]:
                raise unsupported(f"the field {name}", name)
        elif name not in _SUPPORTED | _DISPLAY_ONLY | _REQUEST_ONLY:
            raise unsupported(f"the field {name[:60]}", name)
    insight, shown_as = given.get("insight") or "TRENDS", given.get("shown_as") or "Volume"
    if insight not in ("TRENDS", "SESSIONS"):
        raise unsupported(f"the insight {str(insight)[:60]!r}; this endpoint answers TRENDS", "insight")
    if shown_as != "Volume":
        raise unsupported(f"trends shown as {str(shown_as)[:60]!r}", "shown_as")


def wanted_of(app: AppContext, given: Mapping[str, Any], *, bold: bool = False) -> PeriodRequest:
    """Parse the period of a trend."""
    interval = given.get("interval") or "day"
    if interval == "minute":
        interval = "hour"  # as servers map it
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise invalid(f"{str(interval)[:60]!r} is not an interval; there are {', '.join(INTERVALS)}.", "interval")
    return PeriodRequest(
        date_from=given.get("date_from"),
        date_to=given.get("date_to"),
        interval=interval,
        explicit=bodies.truth(given.get("explicit_date")),
        to_the_instant=bold and app.lenient,
    )


def entities(app: AppContext, given: Mapping[str, Any], *, strict_actions: bool = False) -> tuple[SeriesSpec, ...]:
    """Parse the actions and the events, in their order; an unknown action has no row, or is refused."""
    found: list[SeriesSpec] = []
    kinds: tuple[Literal["actions"], Literal["events"]] = ("actions", "events")
    for kind in kinds:
        for entry in _list(app, given.get(kind), kind):
            if len(found) == trend_request.MOST_SERIES:
                # Checked before the next entry, because an action takes a query of the database.
                raise invalid(f"There can be {trend_request.MOST_SERIES} series at most.", "events")
            entity = _entity(app, entry, kind, strict_actions=strict_actions)
            if entity is not None:
                found.append(entity)
    # Series without an order come first, in their own order. The response numbers all series anew.
    found.sort(key=lambda entity: entity.order or -1)
    return tuple(replace(entity, order=number) for number, entity in enumerate(found))


def _list(app: AppContext, value: object, attr: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        try:
            value = bodies.parse(value) if value.strip() else []
        except ValueError:
            raise _unreadable(app, "This is not JSON.", attr) from None
    if not isinstance(value, list | None):
        raise _unreadable(app, "This must be a list.", attr)
    for entry in cast("list[object]", value or []):
        if not isinstance(entry, dict):
            raise _unreadable(app, "Each entry must be an object.", attr)
        yield cast("dict[str, Any]", entry)


def _unreadable(app: AppContext, detail: str, attr: str) -> Problem:
    """Return a 500, as servers do, or without quirks a 400."""
    return crash(f"{attr}: {detail}") if app.lenient else invalid(detail, attr)


def _entity(
    app: AppContext, entry: dict[str, Any], kind: Literal["events", "actions"], *, strict_actions: bool
) -> SeriesSpec | None:
    unknown = sorted(entry.keys() - _SERIES_FIELDS)
    if unknown:
        raise unsupported(f"the field {unknown[0][:60]} of a series", kind)
    named = entry.get("id")
    if not isinstance(named, str | int | None) or isinstance(named, bool):
        raise invalid("An id is a text or a number.", kind)
    event = str(named) if named is not None else None
    if kind == "actions":
        event = _action(app, named)
        if event is None and strict_actions:
            raise invalid(f"There is no action {str(named)[:60]!r}.")
        if event is None:
            return None
    if entry.get("math") == "hogql" and not entry.get("math_hogql") and app.lenient:
        raise crash("The math hogql needs math_hogql.")
    order = entry.get("order")
    return SeriesSpec(
        event=event,
        order=order if isinstance(order, int) else -1,
        properties=_flat(filters.read(entry.get("properties"), lenient=app.lenient)),
        math=trend_request.math_of(entry.get("math"), entry.get("math_property")),
        math_property=_text(entry.get("math_property")),
        name=_text(entry.get("name")),
        custom_name=_text(entry.get("custom_name")),
        kind=kind,
        id=named,
    )


def _flat(group: filters.ConditionGroup) -> filters.ConditionGroup:
    """Join the conditions of one level by AND, as servers do for a series."""
    if any(isinstance(item, filters.ConditionGroup) for item in group.items):
        return group
    return filters.ConditionGroup("AND", group.items)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _action(app: AppContext, id: object) -> str | None:
    number = int(id) if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < 10 else id
    if not isinstance(number, int):
        raise _unreadable(app, f"{str(id)[:60]!r} is not the id of an action.", "actions")
    known = trend_request.actions(app)
    if number not in known and not app.lenient:
        raise invalid(f"There is no action {number}; the sandbox has {bodies.write(known)}.", "actions")
    return known.get(number)


def _display(app: AppContext, given: Mapping[str, Any]) -> str:
    display = given.get("display") or "ActionsLineGraph"
    if isinstance(display, str) and display in trend_request.OTHER_DISPLAYS:
        raise unsupported(f"the display {display}", "display")
    if isinstance(display, str) and display in trend_request.DISPLAYS:
        return display
    if app.lenient:
        return "ActionsLineGraph"  # quirk: an unknown display is a line chart
    raise invalid(f"{str(display)[:60]!r} is not a display; there are {', '.join(trend_request.DISPLAYS)}.", "display")


def breakdown_on(app: AppContext, given: Mapping[str, Any]) -> tuple[object, str]:
    """Parse `breakdown` and `breakdown_type`."""
    key: Any = given.get("breakdown")
    kind: object = given.get("breakdown_type") or "event"
    if key in (None, "", []):
        return None, "event"
    if kind == "events":
        kind = "event"
    if isinstance(key, list) and kind != "cohort":
        raise _unreadable(app, "This must be the name of one property.", "breakdown")
    if isinstance(key, str) and kind == "cohort":
        with suppress(ValueError):
            key = bodies.parse(key)
    return trend_request.only_one(key), str(kind)


def _breakdown(app: AppContext, given: Mapping[str, Any], display: str) -> Breakdown | None:
    several = list(_list(app, given.get("breakdowns"), "breakdowns"))
    key, kind = breakdown_on(app, given)
    if not several and key is None:
        return None
    entries = several or [{"property": key, "type": kind}]
    if len(entries) > 3:
        raise invalid("There can be three breakdowns at most.", "breakdowns")
    for entry in entries:
        unknown = sorted(name for name in entry.keys() - {"property", "type"} if entry[name] not in (None, False))
        if unknown:
            raise unsupported(f"{unknown[0][:60]} of a breakdown", "breakdowns")
    attr = "breakdowns" if several else "breakdown"
    return Breakdown(
        tuple(_property(app, entry, attr) for entry in entries),
        several=bool(several),
        limit=trend_request.COUNTRIES
        if display == "WorldMap"
        else _count(given.get("breakdown_limit"), "breakdown_limit") or trend_request.MOST_PARTS,
        hide_other=bodies.truth(given.get("breakdown_hide_other_aggregation")),
    )


def _property(app: AppContext, entry: Mapping[str, Any], attr: str) -> BreakdownProperty:
    kind = entry.get("type") or "event"
    if app.lenient and not app.newer and kind not in BREAKDOWN_TYPES:
        return BreakdownProperty("", "nothing")  # quirk: with an unknown type the property is always missing
    return trend_request.one_property(entry.get("property"), kind, attr)


def _count(value: object, attr: str) -> int | None:
    if value in (None, ""):
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= 1_000_000:
        raise invalid(f"{text[:60]!r} is not a whole number from 1 to 1,000,000.", attr)
    return int(text)


def _formulas(app: AppContext, given: Mapping[str, Any], series: int) -> tuple[NamedFormula, ...]:
    text = given.get("formula")
    if text in (None, ""):
        return ()
    return (NamedFormula(trend_request.formula_of(text, series, crashes=app.lenient)),)


def _echo(
    given: Mapping[str, Any],
    found: tuple[SeriesSpec, ...],
    properties: filters.ConditionGroup,
    wanted: PeriodRequest,
    display: str,
) -> dict[str, Any]:
    """Return the query as the response repeats it: as it was understood. A date that is no text means now."""
    asked: object = given.get("properties")
    asked = (bodies.parse(asked) if isinstance(asked, str) and asked.strip() else asked) or []
    echo: dict[str, Any] = {
        "insight": "TRENDS",
        "properties": asked if declared.good_filters(asked) else filters.written(properties),
        "filter_test_accounts": bodies.truth(given.get("filter_test_accounts")),
        "date_from": wanted.date_from if isinstance(wanted.date_from, str) else None,
        "date_to": wanted.date_to if isinstance(wanted.date_to, str) else None,
        "interval": wanted.interval,
        "display": display,
    }
    for kind in ("events", "actions"):
        echo[kind] = [entity.action([]) | {"id": entity.id} for entity in found if entity.kind == kind]
    for name in ("breakdown", "breakdown_type", "breakdowns", "formula", "compare_to"):
        if given.get(name):
            echo[name] = given[name]
    if bodies.truth(given.get("compare")):
        echo["compare"] = True
    return echo

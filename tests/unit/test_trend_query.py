"""From the words of insights/trend/ to a TrendsQuery: each row of the table, and what would be lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from posthog_environments import event, prop
from posthog_environments.operations.insights import PLACES
from posthog_environments.query.filters import filters_to_wire
from posthog_environments.query.trend_filter import QuestionArguments, question
from posthog_environments.query.trends_query import WORDS, merge_fields, refuse_what_is_lost
from posthog_environments.query.trends_query import to_trends_query as written

A = {"id": "a"}
SERIES = [{"kind": "EventsNode", "event": "a"}]
BROWSER = {"key": "$browser", "operator": "exact", "type": "event", "value": "Chrome"}


def to_trends_query(asked: dict[str, Any]) -> dict[str, Any]:
    return written(asked, PLACES)


def query(**asked: Any) -> dict[str, Any]:
    return to_trends_query({"events": [A], **asked})


# For each word a value, and what a TrendsQuery has of it beside its kind and its series.
ROWS: list[tuple[str, Any, dict[str, Any]]] = [
    ("date_from", "-30d", {"dateRange": {"date_from": "-30d"}}),
    ("date_from", "all", {"dateRange": {"date_from": "all"}}),
    ("date_from", None, {}),
    ("date_to", "2026-01-31", {"dateRange": {"date_to": "2026-01-31"}}),
    ("explicit_date", "true", {"dateRange": {"explicitDate": True}}),
    ("interval", "week", {"interval": "week"}),
    ("interval", "minute", {"interval": "minute"}),
    ("interval", "fortnight", {"interval": "fortnight"}),
    ("properties", [BROWSER], {"properties": {"type": "AND", "values": [{"type": "AND", "values": [BROWSER]}]}}),
    (
        "properties",
        {"type": "OR", "values": [BROWSER, BROWSER]},
        {"properties": {"type": "AND", "values": [{"type": "OR", "values": [BROWSER, BROWSER]}]}},
    ),
    (
        "properties",
        {"type": "OR", "values": [{"type": "AND", "values": [BROWSER]}]},
        {"properties": {"type": "OR", "values": [{"type": "AND", "values": [BROWSER]}]}},
    ),
    ("properties", [], {}),
    ("filter_test_accounts", True, {"filterTestAccounts": True}),
    ("filter_test_accounts", "false", {"filterTestAccounts": False}),
    ("sampling_factor", "0.1", {"samplingFactor": 0.1}),
    ("aggregation_group_type_index", 0, {"aggregation_group_type_index": 0}),
    ("breakdown", "plan", {"breakdownFilter": {"breakdown": "plan"}}),
    ("breakdown", '[42,"all"]', {"breakdownFilter": {"breakdown": [42, "all"]}}),
    ("breakdown", [42, None], {"breakdownFilter": {"breakdown": [42]}}),
    ("breakdown_type", "person", {"breakdownFilter": {"breakdown_type": "person"}}),
    ("breakdown_type", "events", {"breakdownFilter": {"breakdown_type": "event"}}),
    (
        "breakdowns",
        [{"property": "plan"}, {"property": "$os", "type": "person"}],
        {
            "breakdownFilter": {
                "breakdowns": [{"type": "event", "property": "plan"}, {"type": "person", "property": "$os"}]
            }
        },
    ),
    ("breakdown_limit", 100, {"breakdownFilter": {"breakdown_limit": 100}}),
    ("breakdown_group_type_index", 0, {"breakdownFilter": {"breakdown_group_type_index": 0}}),
    ("breakdown_hide_other_aggregation", "true", {"breakdownFilter": {"breakdown_hide_other_aggregation": True}}),
    ("breakdown_histogram_bin_count", 5, {"breakdownFilter": {"breakdown_histogram_bin_count": 5}}),
    ("breakdown_normalize_url", True, {"breakdownFilter": {"breakdown_normalize_url": True}}),
    ("breakdown_path_cleaning", True, {"breakdownFilter": {"breakdown_path_cleaning": True}}),
    ("compare", True, {"compareFilter": {"compare": True}}),
    ("compare", False, {}),
    ("compare_to", "-1m", {"compareFilter": {"compare_to": "-1m"}}),
    ("display", "BoldNumber", {"trendsFilter": {"display": "BoldNumber"}}),
    ("display", "Hologram", {"trendsFilter": {"display": "Hologram"}}),
    ("formula", "A/B", {"trendsFilter": {"formula": "A/B"}}),
    ("smoothing_intervals", 3, {"trendsFilter": {"smoothingIntervals": 3}}),
    ("show_legend", True, {"trendsFilter": {"showLegend": True}}),
    ("show_values_on_series", True, {"trendsFilter": {"showValuesOnSeries": True}}),
    ("show_percent_stack_view", True, {"trendsFilter": {"showPercentStackView": True}}),
    ("show_multiple_y_axes", True, {"trendsFilter": {"showMultipleYAxes": True}}),
    ("aggregation_axis_format", "currency", {"trendsFilter": {"aggregationAxisFormat": "currency"}}),
    ("aggregation_axis_prefix", "$", {"trendsFilter": {"aggregationAxisPrefix": "$"}}),
    ("aggregation_axis_postfix", "%", {"trendsFilter": {"aggregationAxisPostfix": "%"}}),
    ("decimal_places", 2, {"trendsFilter": {"decimalPlaces": 2}}),
    ("y_axis_scale_type", "log10", {"trendsFilter": {"yAxisScaleType": "log10"}}),
    ("hidden_legend_keys", {"1": True, "2": False}, {"trendsFilter": {"hiddenLegendIndexes": [1]}}),
    ("insight", "TRENDS", {}),
    ("refresh", True, {}),
]


@pytest.mark.parametrize(("word", "value", "written"), ROWS)
def test_a_word_and_its_place(word: str, value: Any, written: dict[str, Any]) -> None:
    assert query(**{word: value}) == {"kind": "TrendsQuery", "series": SERIES, **written}


def test_each_row_of_the_table_has_a_test() -> None:
    assert {*WORDS, *PLACES} <= {word for word, _, _ in ROWS}


def test_words_of_one_part_stand_together() -> None:
    assert query(
        date_from="-7d", date_to="-1d", compare=True, compare_to="-1m", breakdown="$os", breakdown_limit=3
    ) == {
        "kind": "TrendsQuery",
        "series": SERIES,
        "dateRange": {"date_from": "-7d", "date_to": "-1d"},
        "compareFilter": {"compare": True, "compare_to": "-1m"},
        "breakdownFilter": {"breakdown": "$os", "breakdown_limit": 3},
    }


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("new_word", 1),
        ("offset", 25),
        ("insight", "FUNNELS"),
        ("shown_as", "Stickiness"),
        ("explicit_date", "maybe"),
        ("sampling_factor", "much"),
        ("hidden_legend_keys", ["1"]),
        ("breakdowns", []),
        ("breakdowns", [{"property": name} for name in "abcd"]),
    ],
)
def test_what_has_no_place_is_refused(word: str, value: Any) -> None:
    with pytest.raises(ValueError, match=word):
        query(**{word: value})


# ----- series


@pytest.mark.parametrize(
    ("asked", "series"),
    [
        ({"events": [{"id": None}]}, [{"kind": "EventsNode", "event": None}]),
        ({"actions": [{"id": "5"}]}, [{"kind": "ActionsNode", "id": 5}]),
        (
            {"events": [{"id": "e", "order": 0}], "actions": [{"id": 7, "order": 1}]},
            [{"kind": "EventsNode", "event": "e"}, {"kind": "ActionsNode", "id": 7}],
        ),
        (
            {"events": [{"id": "e"}], "actions": [{"id": 7}]},
            [{"kind": "ActionsNode", "id": 7}, {"kind": "EventsNode", "event": "e"}],
        ),
        (
            {"events": [{"id": "late", "order": 2}, {"id": "first", "order": 0}, {"id": "second", "order": 1}]},
            [{"kind": "EventsNode", "event": name} for name in ("first", "second", "late")],
        ),
        (
            {"data_warehouse": [{"id": "t", "table_name": "t", "id_field": "i", "timestamp_field": "at",
                                 "distinct_id_field": "who"}]},
            [{"kind": "DataWarehouseNode", "id": "t", "table_name": "t", "id_field": "i", "timestamp_field": "at",
              "distinct_id_field": "who"}],
        ),
    ],
)  # fmt: skip
def test_series(asked: dict[str, Any], series: list[Any]) -> None:
    assert to_trends_query(asked)["series"] == series


FIELDS = {
    "name": "n", "custom_name": "c", "math": "sum", "math_property": "amount", "math_hogql": "count()",
    "math_group_type_index": 1, "math_property_type": "event_properties", "math_multiplier": 0.01,
    "math_property_revenue_currency": {"static": "EUR"},
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_a_series_keeps_its_name(field: str) -> None:
    assert query(events=[{**A, field: FIELDS[field]}])["series"] == [{**SERIES[0], field: FIELDS[field]}]


def test_the_conditions_of_a_series_are_a_list() -> None:
    for given in ([BROWSER], {"type": "AND", "values": [BROWSER]}, {"type": "OR", "values": [BROWSER]}):
        assert query(events=[{**A, "properties": given}])["series"] == [{**SERIES[0], "properties": [BROWSER]}]
    assert query(events=[{**A, "properties": [], "type": "events", "math": None}])["series"] == SERIES


@pytest.mark.parametrize(
    "group",
    [
        {"type": "OR", "values": [BROWSER, BROWSER]},
        {"type": "AND", "values": [{"type": "AND", "values": [BROWSER]}]},
    ],
)
def test_conditions_that_need_not_all_hold_are_refused_by_both(group: dict[str, Any]) -> None:
    asked = {"events": [{**A, "properties": group}]}
    for refuse in (to_trends_query, refuse_what_is_lost):
        with pytest.raises(ValueError, match=r"events\[0\]\.properties: .* as &\. Put it into properties="):
            refuse(asked)


def test_a_field_that_no_node_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"events\[0\]\.newer: has no place"):
        query(events=[{**A, "newer": 1}])


# ----- conditions


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"key": "a", "type": "events", "value": 1}, {"key": "a", "type": "event", "value": 1, "operator": "exact"}),
        ({"key": "a", "type": "event", "values": ["x", None]},
         {"key": "a", "type": "event", "value": ["x"], "operator": "exact"}),
        ({"key": "a", "type": "person", "operator": "is_set", "value": None},
         {"key": "a", "type": "person", "operator": "is_set"}),
        ({"key": "id", "type": "cohort", "value": 5, "operator": "exact"},
         {"key": "id", "type": "cohort", "value": 5, "operator": "in"}),
        ({"key": "id", "type": "precalculated-cohort", "value": 5, "negation": True},
         {"key": "id", "type": "cohort", "value": 5, "operator": "not_in"}),
        ({"key": "id", "type": "static-cohort", "value": 5},
         {"key": "id", "type": "cohort", "value": 5, "operator": "in"}),
        ({"key": "1 = 1", "type": "hogql", "operator": "exact"}, {"key": "1 = 1", "type": "hogql"}),
        ({"key": "n", "type": "group", "value": "x", "operator": "is_not", "group_type_index": 0},
         {"key": "n", "type": "group", "value": "x", "operator": "is_not", "group_type_index": 0}),
    ],
)  # fmt: skip
def test_a_condition(given: dict[str, Any], written: dict[str, Any]) -> None:
    assert query(properties=[given])["properties"]["values"][0]["values"] == [written]


def test_conditions_as_people_write_them() -> None:
    wire = filters_to_wire((prop("plan") == "pro") | (prop("age") > 3), default_type="event")
    assert query(properties=wire)["properties"] == {
        "type": "AND",
        "values": [
            {
                "type": "OR",
                "values": [
                    {"key": "plan", "operator": "exact", "type": "event", "value": "pro"},
                    {"key": "age", "operator": "gt", "type": "event", "value": 3},
                ],
            }
        ],
    }


# ----- fields of a TrendsQuery by their own names


def test_fields_of_a_trends_query_are_added_as_they_are() -> None:
    found = query(display="ActionsBar", date_from="-7d")
    merge_fields(
        found,
        {
            "samplingFactor": 0.5,
            "trendsFilter": {"smoothingIntervals": 3},
            "dateRange": {"explicitDate": True},
            "breakdownFilter": {"breakdowns": [{"property": "plan"}]},
            "modifiers": {"interval": "x"},
        },
        PLACES,
    )
    assert found == {
        "kind": "TrendsQuery",
        "series": SERIES,
        "samplingFactor": 0.5,
        "trendsFilter": {"display": "ActionsBar", "smoothingIntervals": 3},
        "dateRange": {"date_from": "-7d", "explicitDate": True},
        "breakdownFilter": {"breakdowns": [{"property": "plan"}]},
        "modifiers": {"interval": "x"},
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"kind": "FunnelsQuery"}, "kind"),
        ({"series": []}, "series"),
        ({"interval": "day"}, "interval"),
        ({"properties": []}, "properties"),
        ({"filterTestAccounts": True}, "filterTestAccounts"),
        ({"dateRange": {"date_from": "-7d"}}, "dateRange.date_from"),
        ({"trendsFilter": {"display": "ActionsBar"}}, "trendsFilter.display"),
        ({"compareFilter": {"compare": True}}, "compareFilter.compare"),
        ({"breakdownFilter": {"breakdown_limit": 5}}, "breakdownFilter.breakdown_limit"),
        ({"trendsFilter": 5}, "trendsFilter"),
    ],
)
def test_a_field_that_an_argument_stands_for_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        merge_fields(query(), fields, PLACES)


# ----- what insights/trend/ would lose


@pytest.mark.parametrize(
    "asked",
    [
        {"interval": "minute"},
        {"interval": "second"},
        {"interval": "quarter"},
        {"interval": "year"},
        {"display": "ActionsDonut"},
        {"display": "Hologram"},
        {"events": [{**A, "math": "sum", "math_property": "n", "math_property_type": "person_properties"}]},
        {"events": [{**A, "math_multiplier": 100}]},
        {"events": [], "actions": [{"id": 1, "math_property_revenue_currency": {"static": "EUR"}}]},
    ],
)
def test_what_would_be_lost_is_refused_with_the_remedy(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='trend_api="query"'):
        refuse_what_is_lost({"events": [A], **asked})
    assert to_trends_query({"events": [A], **asked})


@pytest.mark.parametrize("interval", [None, "hour", "day", "week", "month", "fortnight"])
def test_what_is_not_lost_passes(interval: str | None) -> None:
    refuse_what_is_lost({"events": [A], "interval": interval, "display": "ActionsLineGraphCumulative"})


def test_a_whole_question() -> None:
    arguments = QuestionArguments(
        events=[event("buy", math="sum", math_property="amount", properties={"plan": "pro"}), "$pageview"],
        actions=[3],
        properties={"$browser": ["Chrome", "Firefox"]},
        date_from="-30d",
        date_to=None,
        breakdown="plan",
        breakdown_type="person",
        display=None,
        interval="month",
    )
    asked = question(arguments, default_type="event", now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert to_trends_query(asked.fields()) == {
        "kind": "TrendsQuery",
        "series": [
            {
                "kind": "EventsNode",
                "event": "buy",
                "math": "sum",
                "math_property": "amount",
                "properties": [{"key": "plan", "operator": "exact", "type": "event", "value": "pro"}],
            },
            {"kind": "EventsNode", "event": "$pageview"},
            {"kind": "ActionsNode", "id": 3},
        ],
        "properties": {
            "type": "AND",
            "values": [
                {
                    "type": "AND",
                    "values": [
                        {"key": "$browser", "operator": "exact", "type": "event", "value": ["Chrome", "Firefox"]}
                    ],
                }
            ],
        },
        "dateRange": {"date_from": "-30d"},
        "breakdownFilter": {"breakdown": "plan", "breakdown_type": "person"},
        "interval": "month",
    }

"""`query/`: where it is, the form of its answers, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox, SandboxArgumentError

from .asking import ERAS, SERIES, ask, trends_query
from .conftest import Client, Start


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("prefix", ["environments", "projects"])
def test_it_is_there_in_every_era(start: Start, era: str, prefix: str) -> None:
    client = start(50, era=era, prefix=prefix)
    status, answer = ask(client)
    assert status == 200
    (row,) = answer["results"]
    assert (row["label"], len(row["data"]), row["action"]["id"], row["order"]) == ("$pageview", 8, "$pageview", 0)
    assert row["count"] == sum(row["data"]) > 0
    keys = {"results", "hasMore", "timings", "hogql", "modifiers", "error", "query_status", "resolved_date_range"}
    keys |= {"is_cached", "last_refresh", "next_allowed_client_refresh", "cache_target_age", "cache_key", "timezone"}
    keys |= {"calculation_trigger", "query_metadata"}
    newer = {"resolved_compare_date_range", "warnings", "boxplot_data"} if era != "2025" else set[str]()
    assert answer.keys() == keys | newer
    assert (answer["hasMore"], answer["error"], answer["query_status"], answer["timezone"]) == (False, "", None, "UTC")
    assert ask(client, path="/query/TrendsQuery/")[0] == 200


def test_the_older_endpoint_ends_with_its_era(start: Start) -> None:
    question = {"events": [{"id": "$pageview"}]}
    for era, switch, expected in (
        ("2025", None, (200, 200)),
        ("2026", None, (200, 200)),
        ("2026", 403, (403, 403)),
        ("2026-09", None, (404, 403)),
        ("2026-09", 404, (404, 404)),
        ("2026-09", 405, (404, 405)),
    ):
        client = start(5, era=era, legacy_trends=switch)
        answers = (
            client.get("/insights/trend/", events=json.dumps(question["events"])),
            client.http.post("/insights/trend/", json=question),
        )
        assert tuple(answer.status_code for answer in answers) == expected, (era, switch)
        for answer in answers:
            codes = {200: None, 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}
            assert answer.json().get("code") == codes[answer.status_code]
        assert ask(client)[0] == 200


@pytest.mark.parametrize("wrong", [{"era": "2025", "legacy_trends": 403}, {"era": "2026", "legacy_trends": 404}])
def test_a_status_that_no_server_of_the_era_has(wrong: dict[str, Any]) -> None:
    with pytest.raises(SandboxArgumentError, match="legacy_trends in the era"):
        Sandbox(5, **wrong)


def test_scopes_and_rates(start: Start) -> None:
    client = start(5, rates={"query": "3/min"})
    key = client.box.add_key("insight:read", "person:read")
    refused = client.http.post("/query/", json={"query": trends_query()}, headers={"Authorization": f"Bearer {key}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "query:read" in refused.json()["detail"]
    assert [ask(client)[0] for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("request_", "where"),
    [
        ({"query": trends_query(), "sorted": True}, "QueryRequest.sorted"),
        ({"query": trends_query(), "refresh": "now"}, "QueryRequest.refresh"),
        ({"query": trends_query(), "name": "x" * 129}, "QueryRequest.name"),
        ({}, "QueryRequest.query"),
        ({"query": trends_query(filter="x")}, "query.filter"),
        ({"query": {"kind": "TrendsQuery"}}, "query.series"),
        ({"query": {"kind": "Trends", "series": SERIES}}, "'Trends'"),
        ({"query": {"series": SERIES}}, "'None'"),
        ({"query": trends_query(interval="fortnight")}, "query.interval"),
        ({"query": trends_query(series=[{"event": "x"}])}, "query.series.0"),
        ({"query": trends_query(series=[{"kind": {}}])}, "query.series.0"),
        ({"query": trends_query(series=[{"kind": [None]}])}, "query.series.0"),
        ({"query": trends_query(series=[{**SERIES[0], "maths": "dau"}])}, "query.series.0.maths"),
        ({"query": trends_query(series=[{**SERIES[0], "math": "mode"}])}, "query.series.0.math"),
        ({"query": trends_query(series=[{"kind": "ActionsNode"}])}, "query.series.0.id"),
        ({"query": trends_query(dateRange={"from": "-7d"})}, "query.dateRange.from"),
        ({"query": trends_query(compareFilter={"compare": "yes"})}, "query.compareFilter.compare"),
        ({"query": trends_query(trendsFilter={"display": "Pie"})}, "query.trendsFilter.display"),
        ({"query": trends_query(trendsFilter={"colour": "red"})}, "query.trendsFilter.colour"),
        ({"query": trends_query(breakdownFilter={"breakdown_type": "nobody"})}, "query.breakdownFilter.breakdown_type"),
        ({"query": trends_query(breakdownFilter={"breakdowns": [{"type": "event"}]})}, "breakdowns.0.property"),
        ({"query": trends_query(properties=[{"value": 1}])}, "query.properties.0.key"),
        ({"query": trends_query(properties={"type": "AND", "values": [{"key": "x"}]})}, "query.properties.values.0"),
    ],
)
def test_objects_are_strict(odd: Client, request_: dict[str, Any], where: str) -> None:
    answer = odd.http.post("/query/", json=request_)
    body = answer.json()
    assert (answer.status_code, body["type"], body["code"]) == (400, "invalid_request", "parse_error"), body
    assert where in body["detail"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"kind": "HogQLQuery", "query": "SELECT 1"}, "HogQLQuery"),
        ({"kind": "FunnelsQuery", "series": SERIES}, "FunnelsQuery"),
        (trends_query(series=[{"kind": "GroupNode", "operator": "OR", "nodes": SERIES}]), "GroupNode"),
        (trends_query(series=[{**SERIES[0], "math": "unique_group", "math_group_type_index": 0}]), "unique_group"),
        (trends_query(series=[{**SERIES[0], "math": "hogql", "math_hogql": "count()"}]), "hogql"),
        (trends_query(trendsFilter={"display": "BoxPlot"}), "BoxPlot"),
        (trends_query(trendsFilter={"display": "Metric"}), "Metric"),
        (trends_query(samplingFactor=0.1), "sampling"),
        (trends_query(conversionGoal={"actionId": 1}), "conversionGoal"),
        (trends_query(dateRange={"daysOfWeek": [1]}), "daysOfWeek"),
        (trends_query(breakdownFilter={"breakdown": "$browser", "breakdown_histogram_bin_count": 3}), "histogram"),
        (trends_query(breakdownFilter={"breakdown": "x", "breakdown_type": "group"}), "group"),
        (trends_query(breakdownFilter={"breakdown": [7], "breakdown_type": "cohort"}), "cohorts"),
        (trends_query(breakdownFilter={"breakdown": "now()", "breakdown_type": "hogql"}), "now()"),
    ],
)
def test_what_the_sandbox_does_not_do_is_named(odd: Client, query: dict[str, Any], named: str) -> None:
    status, body = ask(odd, query)
    assert (status, body["code"]) == (400, "not_supported_by_sandbox"), body
    assert named in body["detail"]


def test_other_refusals(odd: Client) -> None:
    assert ask(odd, trends_query(series=[]))[1]["code"] == "insight_requires_at_least_one_series"
    status, body = ask(odd, path="/query/FunnelsQuery/")
    assert (status, "TrendsQuery" in body["detail"]) == (400, True)
    for parts, attr in (
        ({"dateRange": {"date_from": "2026-01-14", "date_to": "2026-01-01"}}, "date_to"),
        ({"trendsFilter": {"formula": "B"}}, "formula"),
        ({"trendsFilter": {"formula": "A^2"}}, "formula"),
        ({"compareFilter": {"compare": True, "compare_to": "2025-01-01"}}, "compare_to"),
        ({"trendsFilter": {"smoothingIntervals": 0}}, "smoothingIntervals"),
    ):
        status, body = ask(odd, trends_query(**parts))
        assert (status, body["attr"]) == (400, attr), body
    assert ask(odd, trends_query(series=[{**SERIES[0], "math": "sum"}]))[1]["attr"] == "math_property"


@pytest.mark.parametrize(
    "field",
    [
        {"insight": "LIFECYCLE"}, {"shown_as": "Stickiness"}, {"breakdown_histogram_bin_count": 2},
        {"breakdown_normalize_url": True}, {"sampling_factor": 0.1}, {"aggregation_group_type_index": 0},
        {"nobody_knows_it": 1}, {"display": "BoxPlot"}, {"data_warehouse": [{"id": "x"}]},
    ],
)  # fmt: skip
def test_the_older_words_are_carried_out_or_named(odd: Client, plain: Client, field: dict[str, Any]) -> None:
    for client in (odd, plain):
        answer = client.http.post("/insights/trend/", json={"events": [{"id": "$pageview"}], **field})
        assert (answer.status_code, answer.json()["attr"]) == (400, next(iter(field))), answer.text
    answer = odd.http.post("/insights/trend/", json={"events": [{"id": "$pageview", "mathematics": "dau"}]})
    assert (answer.status_code, "mathematics" in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: {**asked, "smoothing_intervals": 3},
        lambda asked: {**asked, "breakdowns": [{"property": "$browser", "type": "event"}]},
        lambda asked: {**asked, "breakdown": "$browser", "breakdown_limit": 1},
        lambda asked: {**asked, "compare": True},
    ],
)
def test_what_is_carried_out_has_an_effect(odd: Client, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    asked = {"events": [{"id": "$pageview"}], "date_from": "-14d"}
    drawn = {"show_legend": True, "aggregation_axis_format": "duration"}
    rows = [(row["label"], row["data"]) for row in odd.trend(**asked)]
    assert [(row["label"], row["data"]) for row in odd.trend(**asked, **drawn)] == rows  # that is drawn only
    assert [(row["label"], row["data"]) for row in odd.trend(**change(asked))] != rows


def test_lists_that_are_nested_deeply_are_refused(plain: Client) -> None:
    deep = "[" * 900 + "]" * 900
    headers = {"Content-Type": "application/json"}
    body = f'{{"query": {{"kind": "TrendsQuery", "series": {deep}}}}}'
    assert plain.http.post("/query/", content=body, headers=headers).status_code == 400

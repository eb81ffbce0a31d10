"""What a trend, a filter on dates and a change may not be: limits, and what the sandbox does not do, said by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .asking import SERIES, ask, trends_query
from .conftest import Start
from .test_newer_operators import filters

FOUR = [{"property": name, "type": "event"} for name in "abcd"]


@pytest.mark.parametrize(
    ("parts", "attr", "says"),
    [
        ({"series": SERIES * 200}, "series", "series at most"),
        ({"breakdownFilter": {"breakdowns": FOUR}}, "breakdownFilter", "three at most"),
        ({"breakdownFilter": {"breakdown": "a", "breakdown_limit": 0}}, "breakdown_limit", "from 1 to 100,000"),
    ],
)
def test_a_query_has_limits(start: Start, parts: dict[str, Any], attr: str, says: str) -> None:
    status, answer = ask(start(2, era="2026-09"), trends_query(**parts))
    assert status == 400
    assert says in answer["detail"]
    assert attr in json.dumps(answer)


def test_a_query_overrides_no_filters(start: Start) -> None:
    status, answer = ask(start(2), filters_override={"date_from": "-7d"})
    assert (status, answer["code"]) == (400, "not_supported_by_sandbox")
    assert "filters_override" in answer["detail"]


def test_an_unknown_action_has_no_row(start: Start) -> None:
    client = start(2)
    status, answer = ask(client, trends_query(series=[*SERIES, {"kind": "ActionsNode", "id": 4711}]))
    assert (status, [row["label"] for row in answer["results"]]) == (200, ["$pageview"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"breakdowns": FOUR}, "three breakdowns at most"),
        ({"breakdowns": [{"property": "a", "type": "event", "histogram_bin_count": 3}]}, "histogram_bin_count"),
        ({"breakdown": "$browser", "breakdown_limit": "many"}, "whole number from 1 to 1,000,000"),
        ({"breakdown": "$browser", "breakdown_limit": 0}, "whole number from 1 to 1,000,000"),
    ],
)
def test_a_legacy_trend_has_limits(start: Start, body: dict[str, Any], says: str) -> None:
    answer = start(2).http.post("/insights/trend/", json={"events": [{"id": "$pageview"}], **body})
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_the_type_of_a_breakdown_may_be_in_the_plural(start: Start) -> None:
    client = start(50)
    question = {"events": [{"id": "$pageview"}], "breakdown": "$browser"}
    one, other = (
        client.http.post("/insights/trend/", json={**question, "breakdown_type": kind}).json()["result"]
        for kind in ("event", "events")
    )
    assert [(row["breakdown_value"], row["data"]) for row in one] == [
        (row["breakdown_value"], row["data"]) for row in other
    ]
    assert len(one) > 1


@pytest.mark.parametrize("operator", ["is_date_before", "is_date_after", "is_date_exact"])
def test_dates_divide_the_persons(start: Start, operator: str) -> None:
    client = start(3, era="2026-09", lag=0)
    days = {1: "2026-01-01", 2: "2026-01-02T12:00:00Z", 3: "2026-01-03"}
    uuids: dict[str, int] = {}
    for number, day in days.items():
        assert client.http.patch(f"/persons/{number}/", json={"properties": {"day": day}}).is_success
        uuids[client.json(f"/persons/{number}/")["uuid"]] = number
    expected = {"is_date_before": [1], "is_date_after": [3], "is_date_exact": [2]}[operator]
    for value in ("2026-01-02", "2026-01-02T12:00:00Z"):
        found = client.persons(properties=filters("day", operator, value))
        assert [uuids[row["uuid"]] for row in found] == expected


def test_a_property_to_delete_has_a_name(start: Start) -> None:
    client = start(1, oddities=False)
    answer = client.http.post("/persons/1/delete_property/", json={})
    assert answer.status_code == 400
    assert "$unset" in answer.json()["detail"]

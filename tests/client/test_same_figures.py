"""A client of each kind gets the same figures from the same data: by either endpoint and under either prefix."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from posthog_environments import Environment, Trend, event, prop
from posthog_environments.sandbox import Sandbox

KINDS = list(itertools.product(("auto", "environments", "projects"), ("auto", "legacy", "query")))
NOW = "2026-03-01T12:00:00"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(persons=120, rates=False, now=NOW) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def clients(box: Sandbox) -> Iterator[dict[tuple[str, str], Environment]]:
    made: dict[tuple[str, str], Any] = {
        (prefix, trends): Environment(
            box.project_id,
            api_key=box.api_key,
            host=box.host,
            prefix=prefix,  # type: ignore[arg-type]
            trend_api=trends,  # type: ignore[arg-type]
            pacing=False,
        )
        for prefix, trends in KINDS
    }
    yield made
    for env in made.values():
        env.close()


def shape(trend: Trend) -> list[dict[str, Any]]:
    """What must be the same: all that a row says of itself. How the question is repeated differs."""
    rows: list[dict[str, Any]] = trend.to_dict()["result"]
    return [{name: value for name, value in row.items() if name not in ("filter", "action")} for row in rows]


COUNTS: list[Any] = [
    "$pageview",
    event("$pageview", math="dau"),
    event("$pageview", math="weekly_active"),
    event("$pageview", math="unique_session"),
    event("purchase", math="sum", math_property="amount"),
    event("purchase", math="avg", math_property="amount"),
    event("purchase", math="p90", math_property="amount"),
    event(None),
]
BREAKDOWNS: list[dict[str, Any]] = [
    {},
    {"breakdown": "$browser"},
    {"breakdown": "plan", "breakdown_type": "person"},
    {"breakdown": "email", "breakdown_type": "person", "breakdown_limit": 3},
    {"breakdown": "email", "breakdown_type": "person"},
]
SHOWN: list[dict[str, Any]] = [
    {},
    {"display": "ActionsLineGraphCumulative"},
    {"display": "BoldNumber"},
    {"display": "ActionsPie"},
    {"compare": True},
    {"compare_to": "-1m"},
]


def questions() -> Iterator[dict[str, Any]]:
    """Each value of each dimension with each of the next one, and not all with all."""
    for count, interval in itertools.product(COUNTS, ("hour", "day", "week", "month")):
        yield {"events": [count], "interval": interval, "date_from": "-3d" if interval == "hour" else "-40d"}
    for breakdown, shown in itertools.product(BREAKDOWNS, SHOWN):
        yield {"events": ["$pageview"], **breakdown, **shown}
        yield {"events": ["$pageview", "purchase"], "formula": "A+2*B", **breakdown, **shown}
    for interval, shown in itertools.product(("day", "week", "month"), SHOWN):
        yield {"events": ["$pageview", "purchase"], "interval": interval, **shown, "date_from": "-35d"}
    for time in (
        {"date_from": "2026-01-05", "date_to": "2026-02-10"},
        {"date_from": "mStart"},
        {"date_from": "all"},
        {"date_from": "-1wStart", "date_to": "-1wEnd"},
        {"date_from": "-1mStart", "date_to": "-1mEnd"},
    ):
        yield {"events": ["$pageview"], **time}  # fmt: skip
    for properties in (
        {"$browser": "Chrome"},
        (prop("$browser") == "Chrome") | (prop("$os") == "Linux"),
        prop("plan", "person") == "pro",
    ):
        yield {"events": ["$pageview"], "properties": properties}
    yield {"events": ["$pageview"], "actions": [1, 2], "formula": "A-B+C"}
    yield {"events": ["$pageview"], "filter_test_accounts": True}
    yield {"events": ["$pageview"], "refresh": True}


ASKED = list(questions())
COUNTED: dict[str, Any] = {"events": ["$pageview"], "compare": True}
BROKEN_DOWN: dict[str, Any] = {
    "events": ["$pageview"],
    "breakdown": "plan",
    "breakdown_type": "person",
    "interval": "week",
}
WORKED_OUT: dict[str, Any] = {"events": ["$pageview", "purchase"], "formula": "A/B", "display": "BoldNumber"}
OVER_TIME = [question for question in ASKED if question.get("display") in (None, "ActionsLineGraphCumulative")]


@pytest.mark.filterwarnings("ignore::posthog_environments.results.trend_answers.TrendWarning")
@pytest.mark.parametrize("question", ASKED, ids=[str(number) for number in range(len(ASKED))])
def test_by_either_endpoint_the_figures_and_shapes_are_the_same(
    clients: dict[tuple[str, str], Environment], question: dict[str, Any]
) -> None:
    legacy = clients["environments", "legacy"].insights.trend(**question)
    query = clients["environments", "query"].insights.trend(**question)
    assert (legacy.via, query.via) == ("legacy", "query")
    assert shape(query) == shape(legacy)
    assert [s.to_dict().keys() for s in query] == [s.to_dict().keys() for s in legacy]
    assert (query.timezone, query.has_more, query.next is None) == (legacy.timezone, legacy.has_more, True)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("question", [COUNTED, BROKEN_DOWN, WORKED_OUT], ids=["counts", "breakdown", "formula"])
def test_a_client_of_each_kind(
    clients: dict[tuple[str, str], Environment], kind: tuple[str, str], question: dict[str, Any]
) -> None:
    expected = clients["environments", "legacy"].insights.trend(**question)
    env = clients[kind]
    assert any(row.get("data") or row.get("aggregated_value") is not None for row in shape(expected))
    assert shape(env.insights.trend(**question)) == shape(expected)
    assert shape(env.insights.get_trend(**question)) == shape(expected)


@pytest.mark.filterwarnings("ignore::posthog_environments.results.trend_answers.TrendWarning")
@pytest.mark.parametrize("question", OVER_TIME[::4], ids=str)
def test_csv_is_the_same(clients: dict[tuple[str, str], Environment], question: dict[str, Any]) -> None:
    by_query, by_legacy = table(clients["auto", "query"], question), table(clients["auto", "legacy"], question)
    assert by_query == by_legacy
    assert len(by_query) > 1


@pytest.mark.parametrize("question", [WORKED_OUT, {"events": ["$pageview"], "display": "ActionsPie"}], ids=str)
def test_csv_of_one_number_has_it_where_servers_have_none(
    clients: dict[tuple[str, str], Environment], question: dict[str, Any]
) -> None:
    by_query, by_legacy = table(clients["auto", "query"], question), table(clients["auto", "legacy"], question)
    assert [row[:1] for row in by_query] == by_legacy
    trend = clients["auto", "query"].insights.trend(**question)
    assert by_query[1:] == [[series.label, series.aggregated_value] for series in trend]


def table(env: Environment, question: dict[str, Any]) -> list[list[Any]]:
    rows = csv.reader(io.StringIO("".join(env.insights.trend_csv(**question))))
    return [[_number(cell) for cell in row] for row in rows]


def _number(cell: str) -> Any:
    try:
        return float(cell)
    except ValueError:
        return cell


def test_the_cloud_of_today_gives_the_same_as_the_server_of_before(clients: dict[tuple[str, str], Environment]) -> None:
    before = clients["environments", "legacy"]
    with (
        Sandbox(persons=120, rates=False, now=NOW, era="2026-09") as today,
        Environment(today.project_id, api_key=today.api_key, host=today.host) as env,
    ):
        for question in ({"events": ["$pageview"]}, BROKEN_DOWN):
            found = env.insights.trend(**question)
            assert found.via == "query"
            assert figures(found) == figures(before.insights.trend(**question))


def figures(trend: Trend) -> list[tuple[Any, ...]]:
    return [(series.label, series.breakdown_value, series.days, series.data, series.count) for series in trend]

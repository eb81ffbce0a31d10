"""What the sandbox says to questions, keys and files that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from posthog_environments.sandbox import Sandbox, SandboxArgumentError, SandboxDataError
from posthog_environments.sandbox.access import Throttle
from posthog_environments.sandbox.problems import Problem
from posthog_environments.sandbox.trend_request import MOST_SERIES

from .conftest import Client, Start

PAGEVIEW = [{"id": "$pageview"}]


@pytest.mark.parametrize(
    ("question", "attr"),
    [
        ({"events": PAGEVIEW, "interval": "hour", "date_from": "1990-01-01"}, "interval"),
        ({"events": PAGEVIEW, "properties": 5}, "properties"),
        ({"events": PAGEVIEW, "compare": True, "compare_to": "whenever"}, "compare_to"),
        ({"events": PAGEVIEW, "properties": [{"key": "x", "value": 1, "type": "session"}]}, "properties"),
    ],
)
def test_what_even_a_lenient_server_refuses(odd: Client, question: dict[str, Any], attr: str) -> None:
    answer = odd.http.post("/insights/trend/", json=question)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_events_may_be_text_or_nothing(odd: Client) -> None:
    asked = odd.trend(events=PAGEVIEW, date_from="-30d")
    question = {"events": '[{"id": "$pageview"}]', "date_from": "-30d"}
    answer = odd.http.post("/insights/trend/", json=question).json()["result"]
    assert [series["data"] for series in answer] == [series["data"] for series in asked]
    assert odd.http.post("/insights/trend/", json={"events": None}).json()["result"] == []


@pytest.mark.parametrize(
    ("question", "attr"),
    [
        ({"events": [5.5]}, "events"),
        ({"events": ["$pageview"]}, "events"),
        ({"events": {"id": "$pageview"}}, "events"),
        ({"events": "[{"}, "events"),
        ({"events": 5}, "events"),
        ({"actions": [{"id": "x"}]}, "actions"),
        ({"events": PAGEVIEW, "formula": "A+"}, "formula"),
        ({"events": PAGEVIEW, "formula": "A^2"}, "formula"),
        ({"events": PAGEVIEW, "formula": "(" * 200 + "A" + ")" * 200}, "formula"),
        ({"events": PAGEVIEW, "breakdown": ["$browser", "plan"]}, "breakdown"),
        ({"events": PAGEVIEW, "date_from": "2026-01-14", "date_to": "2026-01-01"}, "date_to"),
    ],
)
def test_what_breaks_real_servers(odd: Client, plain: Client, question: dict[str, Any], attr: str) -> None:
    """Real servers answer 500 to these; without oddities it is said what is wrong."""
    answer = odd.http.post("/insights/trend/", json=question)
    assert (answer.status_code, answer.json()["type"]) == (500, "server_error")
    answer = plain.http.post("/insights/trend/", json=question)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_the_form_of_old_clients_is_the_same_filter(odd: Client) -> None:
    for old, new in (
        ({"plan": "pro"}, [{"key": "plan", "value": "pro", "type": "event"}]),
        ({"age__gt": 30}, [{"key": "age", "value": 30, "operator": "gt", "type": "event"}]),
    ):
        answers = [odd.trend(events=PAGEVIEW, date_from="-30d", properties=properties) for properties in (old, new)]
        assert answers[0][0]["data"] == answers[1][0]["data"]


def test_actions_of_own_data(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "a", "timestamp": "2026-01-30", "distinct_id": "x"}', encoding="utf-8")
    assert start(data=path).trend(actions=[{"id": 1}]) == []
    (row,) = start(data=path, actions={7: "a"}).trend(actions=[{"id": "7"}])
    assert (row["label"], row["count"]) == ("a", 1)
    for wrong in ({0: "a"}, {1: 2}, {"1": "a"}, ["a"], "a"):
        with pytest.raises(SandboxArgumentError, match="actions must be"):
            Sandbox(5, actions=wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("operator", ["is_cleaned_path_exact", "flag_evaluates_to", "semver_caret", "sounds_like"])
@pytest.mark.parametrize("where", ["question", "series"])
def test_operators_that_are_not_carried_out_are_named(odd: Client, operator: str, where: str) -> None:
    """To drop the filter would give everybody's figures."""
    filters = [{"key": "$browser", "value": "x", "operator": operator, "type": "event"}]
    question: dict[str, Any] = {"events": PAGEVIEW, "properties": filters}
    if where == "series":
        question = {"events": [{"id": "$pageview", "properties": filters}]}
    answer = odd.http.post("/insights/trend/", json=question)
    assert (answer.status_code, answer.json()["attr"], operator in answer.json()["detail"]) == (400, "properties", True)
    answer = odd.http.post("/insights/trend/", json={"events": PAGEVIEW, "properties": [{**filters[0], "type": "sun"}]})
    assert answer.status_code == 400


def test_a_key_in_the_body_counts_too(odd: Client) -> None:
    place = f"{odd.box.host}/api/projects/{odd.box.project_id}/insights/trend/"
    question = {"events": PAGEVIEW}
    for body, status in (
        ({"personal_api_key": odd.box.api_key}, 200),
        ({"personal_api_key": 5}, 401),
        ({"personal_api_key": "phx_wrong"}, 401),
    ):
        assert httpx.post(place, json=question | body).status_code == status
    broken = httpx.post(place, content=b'{"personal_api_key": ', headers={"content-type": "application/json"})
    assert broken.status_code == 401


@pytest.mark.parametrize("key", ["short", "with a blank in it", "x" * 201, 5])
def test_keys_that_a_sandbox_cannot_have(key: Any) -> None:
    with pytest.raises(SandboxArgumentError, match="8 to 200") as caught:
        Sandbox(1, api_key=key)
    assert str(key) not in str(caught.value).replace("8 to 200", "")


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE mine (x INTEGER)")
    with pytest.raises(SandboxDataError, match="a database of something else"), Sandbox(5, path=file):
        pass
    with duckdb.connect(str(file)) as connection:
        assert connection.execute("SELECT count(*) FROM mine").fetchall() == [(0,)]


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "box.duckdb"
    with Sandbox(5, path=file):
        pass
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE meta SET value = 'of old' WHERE key = 'layout'")
    with pytest.raises(SandboxDataError, match="made by another version"), Sandbox(5, path=file):
        pass


def test_a_database_without_what_it_says_of_itself_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "half.duckdb"
    with duckdb.connect(str(file)) as connection:
        for name in ("meta", "persons", "events"):
            connection.execute(f"CREATE TABLE {name} (x INTEGER)")
    with Sandbox(5, path=file) as box:
        client = Client(box)
        assert len(client.persons()) == 5
        client.close()


@pytest.mark.parametrize("page", [{"limit": "-1"}, {"offset": "-1"}])
def test_no_page_begins_or_ends_before_the_first_row(odd: Client, plain: Client, page: dict[str, str]) -> None:
    for client in (odd, plain):
        answer = client.get("/persons/", **page)
        assert (answer.status_code, answer.json()["attr"]) == (400, *page)


def test_one_person_as_a_table(odd: Client, plain: Client) -> None:
    person = odd.persons()[0]
    # The oddity: what has no rows is nothing as CSV, refusals are their status alone, and what has no body a crash.
    for path, status in ((person["id"], 200), ("77777", 404), ("nobody", 400), (f"{person['id']}/activity", 200)):
        answer = odd.get(f"/persons/{path}/", format="csv")
        assert (answer.status_code, answer.content, answer.headers.get("content-type")) == (status, b"", None)
    answer = odd.http.post("/insights/timing/?format=csv", json={})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    # The contract knows tables of many alone.
    other = plain.persons()[0]
    assert plain.get(f"/persons/{other['id']}/", format="csv").headers["content-type"] == "application/json"


def test_groups_of_filters_are_of_the_older_era(start: Start) -> None:
    plan = {"key": "plan", "value": "pro", "type": "person"}
    for given in ([{"type": "AND", "values": [plan]}], {"type": "AND", "values": [plan]}):
        older, newer = (start(20, era=era).get("/persons/", properties=json.dumps(given)) for era in ("2025", "2026"))
        assert (older.status_code, newer.status_code) == (200, 500)


def test_the_form_of_old_clients_is_read_strictly_without_oddities(plain: Client, odd: Client) -> None:
    for given, right in (({"plan": "pro"}, True), ({"plan__nothing": "pro"}, False), ({"plan": None}, False)):
        strict = plain.get("/persons/", properties=json.dumps(given))
        assert strict.status_code == (200 if right else 400), strict.text
        real = 500 if given == {"plan": None} else 200  # the oddity: nobody looked for a value
        assert odd.get("/persons/", properties=json.dumps(given)).status_code == real


def test_a_name_twice_in_the_query_is_not_the_contract(plain: Client, odd: Client) -> None:
    answer = plain.http.get("/persons/?search=a&search=b")
    assert (answer.status_code, answer.json()["attr"]) == (400, "search")
    assert odd.http.get("/persons/?search=a&search=b").status_code == 200


@pytest.mark.parametrize("formula", ["(" * 60 + "A" + ")" * 60, "-" * 60 + "A"])
def test_a_formula_is_nested_fifty_deep_at_most(plain: Client, formula: str) -> None:
    answer = plain.http.post("/insights/trend/", json={"events": PAGEVIEW, "formula": formula})
    assert (answer.status_code, answer.json()["attr"]) == (400, "formula")


def test_there_are_not_endless_series(plain: Client) -> None:
    for count, status in ((MOST_SERIES, 200), (MOST_SERIES + 1, 400)):
        answer = plain.http.post("/insights/trend/", json={"events": PAGEVIEW * count, "date_from": "-1d"})
        assert answer.status_code == status, answer.text


def test_a_timeline_heeds_what_is_asked_of_the_events(plain: Client) -> None:
    person = plain.persons()[0]
    counts: list[int] = []
    for properties in ([], [{"key": "$browser", "value": "no such browser", "type": "event"}]):
        events = json.dumps([{"id": "$pageview", "properties": properties}])
        answer = plain.json(f"/persons/{person['id']}/properties_timeline/", events=events, date_from="-1y")
        counts.append(sum(point["relevant_event_count"] for point in answer["points"]))
    assert counts[0] > 0
    assert counts[1] == 0


def test_a_change_of_somebody_who_goes_first_is_no_harm(start: Start) -> None:
    client = start(3, lag=60)
    client.http.patch("/persons/1/", json={"properties": {"plan": "pro"}}).raise_for_status()
    client.http.delete("/persons/1/").raise_for_status()
    client.http.patch("/persons/2/", json={"properties": {"plan": "odd one"}}).raise_for_status()
    client.box.settle()
    assert client.get("/persons/1/").status_code == 404
    assert client.json("/persons/2/")["properties"]["plan"] == "odd one"


def test_a_rate_of_none_lets_nobody_in() -> None:
    now = [0.0]
    throttle = Throttle({"persons": ((0, 60.0),)}, shared=(), clock=lambda: now[0])
    for now[0] in (0.0, 1000.0):
        with pytest.raises(Problem) as caught:
            throttle.take("a", "persons")
        assert (caught.value.headers or {})["Retry-After"] == "60"


def test_what_is_older_than_the_window_is_forgotten() -> None:
    now = [0.0]
    throttle = Throttle({"persons": ((2, 10.0), (3, 100.0))}, shared=(), clock=lambda: now[0])
    for now[0] in (0.0, 50.0, 100.0, 160.0, 170.0):
        throttle.take("a", "persons")
    assert list(throttle._logs["a", "persons", 10.0]) == [170.0]
    assert list(throttle._logs["a", "persons", 100.0]) == [100.0, 160.0, 170.0]

"""What the sandbox says to questions, keys and files that are not as they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from posthog_environments.sandbox import Sandbox, SandboxArgumentError, SandboxDataError

from .conftest import Client

PAGEVIEW = [{"id": "$pageview"}]


@pytest.mark.parametrize(
    ("question", "attr"),
    [
        ({"events": "[{"}, "events"),
        ({"events": 5}, "events"),
        ({"events": [5.5]}, "events"),
        ({"events": PAGEVIEW, "interval": "hour", "date_from": "1990-01-01"}, "interval"),
        ({"events": PAGEVIEW, "formula": "(" * 200 + "A" + ")" * 200}, "formula"),
        ({"events": PAGEVIEW, "properties": 5}, "properties"),
        ({"events": PAGEVIEW, "compare": True, "compare_to": "whenever"}, "compare_to"),
        ({"events": PAGEVIEW, "properties": [{"key": "x", "value": 1, "type": "session"}]}, "properties"),
    ],
)
def test_what_even_a_lenient_server_refuses(odd: Client, question: dict[str, Any], attr: str) -> None:
    answer = odd.http.post("/insights/trend/", json=question)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_events_may_be_text_names_or_nothing(odd: Client) -> None:
    asked = odd.trend(events=PAGEVIEW, date_from="-30d")
    for events in ('[{"id": "$pageview"}]', ["$pageview"]):
        answer = odd.http.post("/insights/trend/", json={"events": events, "date_from": "-30d"}).json()["result"]
        assert [series["data"] for series in answer] == [series["data"] for series in asked]


def test_the_form_of_old_clients_is_the_same_filter(odd: Client) -> None:
    for old, new in (
        ({"plan": "pro"}, [{"key": "plan", "value": "pro", "type": "event"}]),
        ({"age__gt": 30}, [{"key": "age", "value": 30, "operator": "gt", "type": "event"}]),
    ):
        answers = [odd.trend(events=PAGEVIEW, date_from="-30d", properties=properties) for properties in (old, new)]
        assert answers[0][0]["data"] == answers[1][0]["data"]


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

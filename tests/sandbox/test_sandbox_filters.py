from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Client, Start

Properties = dict[str, Any]
CASES: dict[str, tuple[Properties, Callable[[Properties], bool]]] = {
    "exact": ({"key": "plan", "value": "pro"}, lambda p: p["plan"] == "pro"),
    "exact of several": ({"key": "country", "value": ["DE", "FR"]}, lambda p: p["country"] in {"DE", "FR"}),
    "exact number": ({"key": "age", "value": 30}, lambda p: p["age"] == 30),
    "exact number as text": ({"key": "age", "value": "30"}, lambda p: p["age"] == 30),
    "exact float": ({"key": "age", "value": 30.0}, lambda p: p["age"] == 30),
    "exact flag": ({"key": "newsletter", "value": True}, lambda p: p["newsletter"] is True),
    "is_not": ({"key": "company", "value": "Acme", "operator": "is_not"}, lambda p: p.get("company") != "Acme"),
    "in": ({"key": "plan", "value": ["pro", "free"], "operator": "in"}, lambda p: p["plan"] in {"pro", "free"}),
    "not_in": (
        {"key": "company", "value": ["Acme", "Birch"], "operator": "not_in"},
        lambda p: p.get("company") not in {"Acme", "Birch"},
    ),
    "icontains": ({"key": "email", "value": "@ACME", "operator": "icontains"}, lambda p: "@acme" in p.get("email", "")),
    "icontains_multi": (
        {"key": "email", "value": ["@acme", "@dune"], "operator": "icontains_multi"},
        lambda p: "@acme" in p.get("email", "") or "@dune" in p.get("email", ""),
    ),
    "not_icontains": (
        {"key": "email", "value": "example", "operator": "not_icontains"},
        lambda p: "example" not in p.get("email", ""),
    ),
    "regex": (
        {"key": "email", "value": "^a.*[05]@", "operator": "regex"},
        lambda p: bool(re.search("^a.*[05]@", p.get("email", ""))),
    ),
    "not_regex": (
        {"key": "email", "value": "^a", "operator": "not_regex"},
        lambda p: not re.search("^a", p.get("email", "")),
    ),
    "gt": ({"key": "age", "value": 60, "operator": "gt"}, lambda p: p["age"] > 60),
    "gte": ({"key": "age", "value": "60", "operator": "gte"}, lambda p: p["age"] >= 60),
    "lt": ({"key": "age", "value": 20.5, "operator": "lt"}, lambda p: p["age"] < 20.5),
    "lte": ({"key": "age", "value": 20, "operator": "lte"}, lambda p: p["age"] <= 20),
    "gt of a text": ({"key": "plan", "value": "free", "operator": "gt"}, lambda p: p["plan"] > "free"),
    "is_set": ({"key": "email", "operator": "is_set"}, lambda p: "email" in p),
    "is_not_set": ({"key": "email", "operator": "is_not_set", "value": "x"}, lambda p: "email" not in p),
    "odd names": ({"key": "$os", "value": "Linux"}, lambda p: p["$os"] == "Linux"),
    "nothing": ({"key": "no/such~one\"'", "value": "x"}, lambda p: False),
    "injection": ({"key": "plan", "value": "' OR TRUE --"}, lambda p: False),
}


@pytest.mark.parametrize("case", CASES)
def test_operators(plain: Client, case: str) -> None:
    given, holds = CASES[case]
    text = json.dumps([{**given, "type": "person"}])
    everyone = plain.persons()
    expected = [row["uuid"] for row in everyone if holds(row["properties"])]
    assert len(expected) < 1000
    assert bool(expected) is (case not in {"nothing", "injection"})
    assert [row["uuid"] for row in plain.persons(properties=text)] == expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is_date_exact", "1997-02-01", 1),
        ("is_date_before", "1997-01-02", 0),
        ("is_date_before", "1997-02-02", None),
        ("is_date_after", "1997-02-28", None),
        ("is_date_after", "-17m", None),
    ],
)
def test_dates(cdnow: Client, start: Start, operator: str, value: str, expected: int | None) -> None:
    text = json.dumps([{"key": "first_purchase", "value": value, "operator": operator, "type": "person"}])
    # The servers of 2025 take no relative date here.
    client = start(data="cdnow", now=None, era="2026") if value == "-17m" else cdnow
    found = {row["properties"]["first_purchase"] for row in client.persons(properties=text)}
    everything = {row["properties"]["first_purchase"] for row in cdnow.persons()}
    day = "1997-02-01" if value == "-17m" else value
    tests: dict[str, Callable[[str], bool]] = {
        "is_date_exact": lambda one: one == day,
        "is_date_before": lambda one: one < day,
        "is_date_after": lambda one: one > day,
    }
    assert found == {one for one in everything if tests[operator](one)}
    assert expected is None or len(found) == (expected or 1)


def test_versions(start: Start) -> None:
    client = start(4, oddities=False)
    for number, version in enumerate(("1.2.3", "1.10.0", "v2.0.1-rc1", "none"), 1):
        client.http.patch(f"/persons/{number}/", json={"properties": {"app": version}})
    expected = {"semver_eq": {2}, "semver_gt": {3}, "semver_gte": {2, 3}, "semver_lt": {1}, "semver_lte": {1, 2},
                "semver_neq": {1, 3, 4}}  # fmt: skip
    for operator, ids in expected.items():
        text = json.dumps([{"key": "app", "value": "1.10.0", "operator": operator, "type": "person"}])
        assert {5 - number for number in _places(client, text)} == ids, operator


def _places(client: Client, text: str) -> list[int]:
    everyone = [row["uuid"] for row in client.persons()]
    return [everyone.index(row["uuid"]) + 1 for row in client.persons(properties=text)]


def test_list_is_and(plain: Client) -> None:
    text = json.dumps(
        [
            {"key": "plan", "value": "pro", "type": "person"},
            {"key": "age", "value": 40, "operator": "gt", "type": "person"},
        ]
    )
    rows = plain.persons()
    expected = [row["uuid"] for row in rows if row["properties"]["plan"] == "pro" and row["properties"]["age"] > 40]
    assert [row["uuid"] for row in plain.persons(properties=text)] == expected


def test_groups_nest_in_2025_and_are_refused_in_2026(plain: Client, start: Start) -> None:
    group = {
        "type": "OR",
        "values": [
            {"key": "plan", "value": "enterprise", "type": "person"},
            {"type": "AND", "values": [
                {"key": "plan", "value": "pro", "type": "person"},
                {"key": "country", "value": "DE", "type": "person"},
            ]},
        ],
    }  # fmt: skip
    rows = [(row["uuid"], row["properties"]) for row in plain.persons()]
    expected = [one for one, p in rows if p["plan"] == "enterprise" or (p["plan"] == "pro" and p["country"] == "DE")]
    assert [row["uuid"] for row in plain.persons(properties=json.dumps(group))] == expected
    newer = start(10, era="2026")
    answer = newer.get("/persons/", properties=json.dumps(group))
    assert answer.status_code == 500
    strict = start(10, era="2026", oddities=False).get("/persons/", properties=json.dumps(group))
    assert (strict.status_code, strict.json()["attr"]) == (400, "properties")
    assert "flat list" in strict.json()["detail"]


def test_no_type_means_event_and_is_ignored(odd: Client, plain: Client) -> None:
    text = json.dumps([{"key": "plan", "value": "pro"}])
    assert len(odd.persons(properties=text)) == 1000
    assert {row["properties"]["plan"] for row in plain.persons(properties=text)} == {"pro"}


def test_what_cannot_be_read_is_dropped_or_refused(odd: Client, plain: Client) -> None:
    bad: list[Any] = [
        {"key": "plan", "operator": "equals", "value": "pro", "type": "person"},
        "x",
        {"value": 1},
        {"key": "a"},
    ]
    for entry in bad:
        found = odd.persons(properties=json.dumps([entry]))
        # The oddity: an unknown operator counts as exact, and what cannot be read as nothing.
        assert {row["properties"]["plan"] for row in found} == {"pro"} if "operator" in entry else len(found) == 1000
        assert plain.get("/persons/", properties=json.dumps([entry])).status_code == 400
    assert len(odd.persons(properties='{"plan": "pro"}')) == 1000
    assert {row["properties"]["plan"] for row in plain.persons(properties='{"plan": "pro"}')} == {"pro"}


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("[", 400),
        ("7", 500),
        ('"x"', 400),
        ("[" * 15000, 400),
        ('{"type":"XOR","values":[]}', 400),
        ('{"values":3}', 200),
    ],
)
def test_broken_filters_are_refused(odd: Client, plain: Client, text: str, real: int) -> None:
    assert odd.get("/persons/", properties=text).status_code == real
    answer = plain.get("/persons/", properties=text)
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation_error"


def test_broken_patterns_are_refused(odd: Client, plain: Client) -> None:
    for operator in ("regex", "not_regex"):
        text = json.dumps([{"key": "email", "value": "(", "operator": operator, "type": "person"}])
        assert odd.persons(properties=text) == []  # the oddity, for both
        answer = plain.get("/persons/", properties=text)
        assert answer.status_code == 400
        assert "regular expression" in answer.json()["detail"]
    # Python can read it, and the database cannot.
    text = json.dumps([{"key": "email", "value": "(?=x)", "operator": "regex", "type": "person"}])
    assert odd.get("/persons/", properties=text).status_code == 500


@pytest.mark.parametrize(("operator", "value"), [("exact", '"\\ud800"'), ("icontains", '"\\ud800"'), ("gt", "9" * 400)])
def test_what_no_database_takes_is_a_crash_of_the_server(odd: Client, operator: str, value: str) -> None:
    text = f'[{{"key": "email", "type": "person", "operator": "{operator}", "value": {value}}}]'
    answer = odd.http.get("/persons/", params={"properties": text})
    assert (answer.status_code, "the server crashes" in answer.json()["detail"]) == (500, True), answer.text


def test_what_the_sandbox_cannot_do_is_said(odd: Client, plain: Client) -> None:
    text = '[{"key":"id","value":3,"type":"cohort"}]'
    assert len(odd.persons(properties=text)) == 1000  # the servers of 2025 ignored it
    answer = plain.get("/persons/", properties=text)
    assert answer.status_code == 400
    assert answer.json()["code"] == "not_supported_by_sandbox"

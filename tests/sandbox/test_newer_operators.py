"""Operators that newer servers have: carried out, or refused by name; unknown ones are never dropped."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments.sandbox.filters import NOT_DONE

from .conftest import Client, Start

Row = dict[str, Any]
CASES: dict[str, tuple[str, str, object, Callable[[Row], bool]]] = {
    "starts_with": ("country", "starts_with", "d", lambda p: p["country"].lower().startswith("d")),
    "not_starts_with": ("country", "not_starts_with", "D", lambda p: not p["country"].startswith("D")),
    "ends_with": ("plan", "ends_with", "RO", lambda p: p["plan"] == "pro"),
    "not_ends_with": ("name", "not_ends_with", "z", lambda p: not p.get("name", "").endswith("z")),
    "between": ("age", "between", [20, "30"], lambda p: 20 <= p["age"] <= 30),
    "not_between": ("age", "not_between", [20, 30], lambda p: not 20 <= p["age"] <= 30),
    "min": ("age", "min", 40, lambda p: p["age"] >= 40),
    "max": ("age", "max", 40, lambda p: p["age"] <= 40),
    "icontains_multi": ("plan", "icontains_multi", ["PR", "ent"], lambda p: p["plan"] in {"pro", "enterprise"}),
    "not_icontains_multi": ("plan", "not_icontains_multi", ["pr", "ent"], lambda p: p["plan"] == "free"),
}


def filters(key: str, operator: str, value: object, kind: str = "person") -> str:
    return json.dumps([{"key": key, "operator": operator, "value": value, "type": kind}])


@pytest.mark.parametrize("case", sorted(CASES))
def test_they_are_carried_out(plain: Client, case: str) -> None:
    key, operator, value, holds = CASES[case]
    expected = [row["uuid"] for row in plain.persons() if holds(row["properties"])]
    assert 0 < len(expected) < 1000
    assert [row["uuid"] for row in plain.persons(properties=filters(key, operator, value))] == expected


@pytest.mark.parametrize("value", [1, [1], [1, 2, 3], [1, "x"]])
def test_a_range_has_two_numbers(plain: Client, value: object) -> None:
    assert plain.get("/persons/", properties=filters("age", "between", value)).status_code == 400


@pytest.mark.parametrize("operator", sorted(NOT_DONE))
@pytest.mark.parametrize("era", ["2026", "2026-09"])
def test_others_are_refused_by_name(start: Start, era: str, operator: str) -> None:
    answer = start(2, era=era).get("/persons/", properties=filters("v", operator, "1.2"))
    assert (answer.status_code, answer.json()["code"]) == (400, "not_supported_by_sandbox")
    assert operator in answer.json()["detail"]


@pytest.mark.parametrize(
    ("operator", "kind"), [("nonsense", "event"), ("exact", "nonsense"), ("semver_tilde", "event")]
)
@pytest.mark.parametrize("oddities", [True, False])
def test_a_trend_never_drops_what_it_does_not_know(start: Start, oddities: bool, operator: str, kind: str) -> None:
    client = start(2, oddities=oddities)
    given = json.loads(filters("plan", operator, "pro", kind))
    answer = client.http.post("/insights/trend/", json={"events": [{"id": "$pageview"}], "properties": given})
    assert answer.status_code == 400
    assert operator in answer.json()["detail"] or kind in answer.json()["detail"]

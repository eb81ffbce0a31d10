"""Pages of a filter are found by what was counted before: they must be the same as those of the whole list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from posthog_environments.sandbox import Sandbox
from posthog_environments.sandbox.filter_cache import BLOCK, FilterMatches, ListSection

from .conftest import NOW, Client, Start

Person = dict[str, Any]


def _filter(**given: Any) -> str:
    return json.dumps([{**given, "type": "person"}])


FILTERS: dict[str, tuple[dict[str, str], Callable[[Person], bool]]] = {
    "most": ({"properties": _filter(key="plan", value="pro", operator="is_not")}, lambda p: p["plan"] != "pro"),
    "few": ({"properties": _filter(key="age", value=33)}, lambda p: p["age"] == 33),
    "search": ({"search": "@acme"}, lambda p: "@acme" in p.get("email", "")),
    "nobody": ({"search": "no such text"}, lambda p: False),
}


@pytest.fixture(scope="module", params=[True, False], ids=["oddities", "plain"])
def many(request: pytest.FixtureRequest) -> Iterator[Client]:
    """Give a list of several blocks."""
    with Sandbox(persons=3 * BLOCK + 100, now=NOW, rates=False, oddities=request.param) as box:
        client = Client(box)
        yield client
        client.close()


@pytest.mark.parametrize("name", FILTERS)
def test_any_page_is_a_part_of_all_who_match(many: Client, name: str) -> None:
    query, holds = FILTERS[name]
    expected = [row["uuid"] for row in many.persons() if holds(row["properties"])]
    total = len(expected)
    assert total > BLOCK or name != "most"
    offsets = {0, 1, 99, total // 2, max(0, total - 100), max(0, total - 1), total, total + 1, 10**17}
    for offset in sorted(offsets):
        for limit in (1, 100, BLOCK, 5 * BLOCK):
            page = many.json("/persons/", **query, offset=offset, limit=limit, include_total="true")
            assert [row["uuid"] for row in page["results"]] == expected[offset : offset + limit], (offset, limit)
            left = max(0, total - offset)
            # With oddities a full page always has a next one, which may be empty.
            assert bool(page["next"]) is (left >= limit if many.box._settings.oddities else left > limit)
            assert page["count"] == total


def test_a_change_is_seen_at_once(start: Start) -> None:
    client = start(200, oddities=False)
    query = {"properties": _filter(key="plan", value="gold"), "include_total": "true"}
    assert client.json("/persons/", **query)["count"] == 0
    for number in (3, 150, 77):
        client.http.patch(f"/persons/{number}/", json={"properties": {"plan": "gold"}})
        assert number in {client.json(f"/persons/{row['uuid']}/")["id"] for row in client.persons(**query)}
    assert len(client.persons(**query, limit=2)) == 3
    client.http.delete("/persons/77/")
    assert client.json("/persons/", **query)["count"] == 2
    client.http.post("/persons/3/delete_property/", json={"$unset": "plan"})
    assert [client.json(f"/persons/{row['uuid']}/")["id"] for row in client.persons(**query)] == [150]


def test_the_part_of_a_page() -> None:
    matches = FilterMatches([(0, 5), (2, 10), (3, 1)])
    assert len(matches) == 16
    assert matches.part(0, 5) == ListSection(0, BLOCK, 0)
    assert matches.part(0, 6) == ListSection(0, 3 * BLOCK, 0)
    assert matches.part(4, 1) == ListSection(0, BLOCK, 4)
    assert matches.part(5, 10) == ListSection(2 * BLOCK, 3 * BLOCK, 0)
    assert matches.part(14, 10**18) == ListSection(2 * BLOCK, 4 * BLOCK, 9)
    assert matches.part(16, 1) == ListSection(0, 0, 0)
    assert FilterMatches([]).part(0, 100) == ListSection(0, 0, 0)

"""Headers that say what ends, by era."""

from __future__ import annotations

import pytest

from .conftest import Start

FIELDS = ("deprecation", "sunset", "link", "www-authenticate")
OLD = {
    "deprecation": "true",
    "sunset": "Fri, 31 Jul 2026 00:00:00 GMT",
    "link": '</api/projects/12345/persons/?limit=1>; rel="successor-version"',
}
CURRENT = {
    "deprecation": "@1795564800",
    "sunset": "Fri, 30 Apr 2027 23:59:59 GMT",
    "link": '</api/projects/12345/persons/?limit=1>; rel="successor-version", '
    '<https://posthog.com/docs/api/current-alias-deprecation>; rel="deprecation"',
}


@pytest.mark.parametrize(
    ("era", "place", "expected"),
    [
        ("2025", "environments/12345", {}),
        ("2025", "projects/@current", {}),
        ("2026", "environments/12345", OLD),
        ("2026", "projects/@current", {}),
        ("2026-09", "environments/12345", OLD),
        ("2026-09", "projects/12345", {}),
        ("2026-09", "projects/@current", CURRENT),
        ("2026-09", "projects/%40current", CURRENT),
        ("2026-09", "environments/@current", {**OLD, "link": CURRENT["link"]}),
    ],
)
def test_what_ends(start: Start, era: str, place: str, expected: dict[str, str]) -> None:
    client = start(1, era=era)
    answer = client.http.get(f"{client.box.host}/api/{place}/persons/?limit=1")
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in FIELDS if name in answer.headers} == expected


def test_it_is_said_whatever_the_status(start: Start) -> None:
    client = start(1, era="2026-09")
    answer = client.http.get(f"{client.box.host}/api/environments/12345/persons/77/")
    assert (answer.status_code, answer.headers["deprecation"]) == (404, "true")


@pytest.mark.parametrize(("era", "said"), [("2025", False), ("2026", False), ("2026-09", True)])
def test_a_401_says_where_keys_come_from(start: Start, era: str, said: bool) -> None:
    client = start(1, era=era)
    answer = client.http.get("/persons/", headers={"Authorization": "Bearer phx_unknown"})
    assert answer.status_code == 401
    where = f'Bearer resource_metadata="{client.box.host}/.well-known/oauth-protected-resource"'
    assert answer.headers.get("www-authenticate") == (where if said else None)

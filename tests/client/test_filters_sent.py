"""What a listing of persons sends for its filters, and what becomes of an answer that refuses it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from posthog_environments import BadRequestError, Environment, ServerError, prop
from posthog_environments.sandbox import Sandbox
from tests.client.wire import Wire, http

EMPTY = b'{"results": [], "next": null, "previous": null}'
NESTED = (prop("age") > 3) | (prop("plan") == "pro")


def sent(properties: Any) -> Any:
    with Wire(http(200, EMPTY)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        env.persons.list(properties=properties).first()
        query = parse_qs(urlsplit(wire.lines()[0].split()[1]).query)
    return json.loads(query["properties"][0]) if "properties" in query else None


def test_the_filter_as_it_goes_out() -> None:
    assert sent({"active": True}) == [{"key": "active", "operator": "exact", "type": "person", "value": "true"}]
    assert sent({"type": "AND", "values": [{"type": "AND", "values": []}]}) is None
    (found,) = sent(prop("seen").after("-1d"))
    ago = datetime.now(UTC) - datetime.fromisoformat(found["value"])
    assert 86_400 <= ago.total_seconds() < 86_400 + 600


@pytest.mark.parametrize("properties", [prop("k", "event") == 1, {"key": "k", "type": "recording", "value": 1}])
def test_filters_on_anything_else_are_refused(properties: Any) -> None:
    with pytest.raises(ValueError, match="has no effect on persons"):
        sent(properties)


@pytest.mark.parametrize(("status", "error"), [(400, BadRequestError), (500, ServerError)])
def test_a_refused_or_is_not_repeated_and_says_what_to_do(status: int, error: type[Exception]) -> None:
    with Wire(http(status, b"{}")) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        with pytest.raises(error, match=re.escape("Newer servers take no | on persons")):
            env.persons.list(properties=NESTED).first()
        with pytest.raises(error, match="Newer servers"):
            list(env.persons.csv(properties=NESTED))
        assert len(wire.requests) == 2


def test_other_filters_are_repeated_after_a_500() -> None:
    with Wire(http(500, b"{}"), http(200, EMPTY)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        assert env.persons.list(properties={"plan": "pro"}).first() is None
        assert len(wire.requests) == 2


@pytest.mark.filterwarnings("ignore:.*on its way out:DeprecationWarning")
@pytest.mark.parametrize("kind", ["cohort", "hogql", "behavioral", "person_metadata"])
@pytest.mark.parametrize("within", [False, True])
def test_of_what_older_servers_pass_over_a_warning_is_given(kind: str, within: bool) -> None:
    one = {"key": "id", "value": 3, "type": kind, "operator": "exact"}
    filters: Any = {"type": "OR", "values": [one, {"key": "plan", "value": "pro"}]} if within else [one]
    with Wire(http(200, EMPTY)) as wire, Environment(1, api_key="phx_test", host=wire.host, pacing=False) as env:
        with pytest.warns(UserWarning, match=f"{kind}.*list everybody") as caught:
            env.persons.list(properties=filters).first()
        assert [warning.filename for warning in caught] == [__file__]
        assert len(wire.requests) == 1


@pytest.mark.parametrize("era", ["2025", "2026"])
def test_or_on_one_property_works_in_every_era(era: Any) -> None:
    wanted = (prop("age") >= 18) & prop("email").is_set() & ((prop("plan") == "pro") | (prop("plan") == "team"))
    with (
        Sandbox(persons=60, era=era, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        people = list(env.persons.list(properties=wanted))
        assert people
        assert {person.properties["plan"] for person in people} <= {"pro", "team"}
        both = list(env.persons.list(properties=(prop("plan") != "pro") & (prop("plan") != "team")))
        assert both
        assert {person.properties.get("plan") for person in both}.isdisjoint({"pro", "team"})


def test_an_export_with_a_relative_date_goes_on_the_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    with Environment(1, api_key="phx_x", host="http://127.0.0.1:9") as env:
        client = env._context.client  # pyright: ignore[reportPrivateUsage]
        identities: list[object] = []
        for day in (1, 2):
            monkeypatch.setattr(client, "now", lambda day=day: datetime(2026, 1, day, tzinfo=UTC))
            pager = env.persons.list(properties=prop("seen").after("-7d"))
            export = pager._listing.export  # pyright: ignore[reportPrivateUsage]
            assert export is not None
            identities.append(export.identity)
        assert identities[0] == identities[1]

"""Prism: a mock of the contract answers our own client, and a proxy sees nothing wrong between client and sandbox."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from posthog_environments_api.api.query import get_query, run_query
from posthog_environments_api.models import QueryProgress, QueryRequest

from operations import CALLS, OPERATIONS, PERSON, success
from posthog_environments import Environment, Pager, PostHogError
from posthog_environments.sandbox import Sandbox
from prove.frame import CONTRACT, NEWEST, ROOT, Failed, Work, installed, load, node

NODE: Final = ROOT / "tests" / "suites" / "prove" / "node" / "live"
PATIENCE: Final = 60.0
Call = tuple[str, Any, Any]
"""The operation, what came, and what should have come."""
Calls = Callable[[Environment, Mapping[str, Any]], Iterator[Call]]


version: Final = installed(NODE, "@stoplight/prism-cli")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _prism(words: Sequence[str | Path], work: Work) -> Iterator[str]:
    """Run Prism until the end of the block, and give its address."""
    port = _free_port()
    command = [node(NODE) / "prism", *words, "--host", "127.0.0.1", "--port", str(port)]
    with work.log.open("a") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=work.folder)
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        else:
            raise Failed(f"prism does not answer (see {work.log.name})")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _write(contract: Mapping[str, Any], work: Work, name: str) -> Path:
    path = work.folder / f"{name}.json"
    path.write_text(json.dumps(contract), "utf-8")
    return path


def _example(contract: Mapping[str, Any], response: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = contract["components"]["responses"][response]["content"]["application/json"]["examples"]
    example: dict[str, Any] = found[name]["value"]
    return example


def _mocked(env: Environment, contract: Mapping[str, Any]) -> Iterator[Call]:
    """Call each operation, and say what the examples of the contract promise."""
    for name, call in CALLS.items():
        _, example = success(OPERATIONS[name])
        found = call(env, PERSON, "a")
        if isinstance(found, Pager):
            yield name, [each.to_dict() for each in found.take(len(example["results"]))], example["results"]
        else:
            # What says no more than that it went well is nothing.
            yield name, found and found.to_dict(), None if example == {"success": True} else example
    status = _example(contract, "QueryFinished", "answered")["query_status"]
    answer = run_query.sync(env.project_id, client=env.api, body=_query())
    yield "runQuery", answer and answer.to_dict(), _example(contract, "QueryResult", "pageviews")
    finished = get_query.sync(env.project_id, status["id"], client=env.api)
    yield "getQuery", finished and finished.to_dict(), {"query_status": status}
    yield "bulkDeletePersons", _delete(env, [PERSON, PERSON.replace("0", "1")]), {"done": 2}


def _query(**fields: Any) -> QueryRequest:
    asked = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
    return QueryRequest.from_dict({"query": asked, **fields})


def _delete(env: Environment, uuids: Sequence[str]) -> dict[str, int]:
    """Delete with one request, and return the outcomes that there are."""
    with tempfile.TemporaryDirectory() as folder:
        report = env.persons.delete_many(uuids, journal=Path(folder) / "journal", using="bulk", delete_events=True)
    return {state: count for state, count in report.counts().items() if count}


def _newest(env: Environment, contract: Mapping[str, Any]) -> Iterator[Call]:
    """Call all that the cloud has today."""
    yield from _real(env, contract)
    people = [person.uuid for person in env.persons.list().take(2)]
    yield "bulkDeletePersons", _delete(env, people), {"done": 2}
    yield "listPersonDeletions", {row.person_uuid for row in env.persons.deletion_status()}, set(people)


def _real(env: Environment, _: Mapping[str, Any]) -> Iterator[Call]:
    """Call each operation that servers of every age have, and say what has to come."""
    people = list(env.persons.list(page_size=7))
    yield "listPersons", len({person.uuid for person in people}), 20
    one = people[0]
    yield "getPerson", env.persons.get(one).uuid, one.uuid
    updated = env.persons.update(one, {"plan": "team"})
    yield "updatePerson", updated and updated.properties["plan"], "team"
    yield "listPersonActivity", [entry.activity for entry in env.persons.activity(one)], ["updated"]
    line = env.persons.properties_timeline(one, properties={"plan": "team"}, date_from="-100d")
    yield "getPersonPropertiesTimeline", line.points[-1].properties["plan"], "team"
    yield "deletePersonProperty", env.persons.delete_property(one, "plan"), None
    yield "getPerson", "plan" in env.persons.get(one).properties, False
    for name, ask in {"queryTrend": env.insights.trend, "getTrend": env.insights.get_trend}.items():
        (row,) = ask(events=["$pageview"], date_from="-30d", properties={"$browser": "Chrome"})
        yield name, (row.label, len(row.days)), ("$pageview", 31)
    yield "recordInsightTiming", env.insights.timing(name="x", tags=["a"]), None
    later = run_query.sync(env.project_id, client=env.api, body=_query(refresh="force_async", client_query_id="mine"))
    assert isinstance(later, QueryProgress)
    yield "runQuery", later.query_status.id, "mine"
    answer = get_query.sync(env.project_id, "mine", client=env.api)
    assert answer
    assert answer.query_status.results
    yield "getQuery", [row.label for row in answer.query_status.results.results or ()], ["$pageview"]
    yield "deletePerson", env.persons.delete(one), None
    yield "listPersons", len(env.persons.list(page_size=7).take(100)), 19


def _make(calls: Calls, host: str, contract: Mapping[str, Any], key: str = "phx_nothing_to_prism") -> set[str]:
    """Make the calls, and return the names of those operations that did what they should."""
    made: set[str] = set()
    # The contract has this prefix alone: the client is not to go where the answers say that it moved.
    with Environment("12345", api_key=key, host=host, prefix="environments", retries=0, pacing=False) as env:
        try:
            for name, came, wanted in calls(env, contract):
                if came != wanted:
                    raise Failed(f"{name} gave {came!r:.150}, not {wanted!r:.150}")
                made.add(name)
        except (PostHogError, AssertionError) as error:
            raise Failed(f"after {len(made)} operations: {type(error).__name__}: {str(error)[:300]}") from None
    return made


def _all(made: set[str], *, without: frozenset[str] = frozenset()) -> None:
    if made != OPERATIONS.keys() - without:
        raise Failed(f"not called: {', '.join(sorted(OPERATIONS.keys() - without - made))}")


def _fails(text: str, make: Callable[[], object]) -> None:
    try:
        make()
    except Failed:
        return
    raise Failed(f"it passes as well with a contract that is wrong: {text}")


def mock(work: Work) -> str:
    """Let our client call a mock, and compare what it returns with the examples.

    Raises:
        Failed: Something else came back; or the same from a mock that is wrong.
    """
    contract = load()
    with _prism(["mock", CONTRACT], work) as host:
        made = _make(_mocked, host, contract)
    _all(made)
    wrong = load()
    _example(wrong, "Person", "ada")["id"] = 43
    with _prism(["mock", _write(wrong, work, "example")], work) as host:
        _fails("an example", lambda: _make(_mocked, host, contract))
    wrong = load()
    listing = wrong["paths"]["/api/environments/{project_id}/persons/"]["get"]
    listing["parameters"].append({"name": "new", "in": "query", "required": True, "schema": {"type": "string"}})
    with _prism(["mock", _write(wrong, work, "parameter")], work) as host:
        _fails("a required parameter", lambda: _make(_mocked, host, contract))
    return f"{len(made)} operations called, what they return is what the examples say; finds 2 seeded faults"


def proxy(work: Work) -> str:
    """Let our client call a sandbox through a proxy that refuses what the contract does not allow, on either side.

    Raises:
        Failed: Something was refused; or nothing, where it should be.
    """
    contract = load()
    wrong = load()
    wrong["components"]["schemas"]["Person"]["properties"]["uuid"]["type"] = "integer"
    stricter = load()
    stricter["components"]["schemas"]["PersonUpdate"]["required"].append("reason")
    made: set[str] = set()
    for era in ("2025", "2026", "2026-09"):
        newest = era == "2026-09"
        with Sandbox(20, era=era, oddities=False, rates=False, now="2026-03-01T12:00:00") as box:
            with _prism(["proxy", CONTRACT, box.host, "--errors"], work) as host:
                made = _make(_newest if newest else _real, host, contract, box.api_key)
            _all(made, without=frozenset() if newest else NEWEST)
    for name, document in {"answer": wrong, "request": stricter}.items():
        with (
            Sandbox(20, oddities=False, rates=False, now="2026-03-01T12:00:00") as box,
            _prism(["proxy", _write(document, work, name), box.host, "--errors"], work) as host,
        ):
            _fails(f"a field of the {name}", lambda: _make(_real, host, contract, box.api_key))
    return f"{len(made)} operations called in the newest era, {len(made - NEWEST)} in each; finds 2 seeded faults"

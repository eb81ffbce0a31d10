"""Each answer that the contract describes is produced by the sandbox, and each that it gives is one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import httpx
import samples
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from posthog_environments.sandbox import Sandbox
from prove.frame import NEWEST, Failed, Routes, Work, load

Contract = Mapping[str, Any]
Described = tuple[str, str, str]
"""An operation, a status, and a media type or nothing."""

NOBODY: Final = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
# What a local server has no cause for: a plan that is used up, a server or a proxy that fails.
ORDERED: Final = (402, 409, 500, 502, 503, 504, 512, 513)
SUNSET: Final = frozenset({"deprecation", "sunset", "link"})
# What HTTP itself wants, and the name of a file to be saved.
PLAIN: Final = frozenset(
    {"content-type", "content-length", "content-disposition", "date", "vary", "transfer-encoding", "connection"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and how it came about."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    newer: bool
    ordered: bool
    table: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status} {self.headers.get('content-type', 'without a type')}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a list of answers covers: described answers, with those that had a cause of their own, and headers."""

    covered: frozenset[Described]
    caused: frozenset[Described]
    headers: frozenset[tuple[str, str, str]]


class Asker:
    """Asks the operations of one sandbox, and keeps the answers."""

    def __init__(self, box: Sandbox, client: httpx.Client, *, newer: bool, answers: list[Answer]) -> None:
        self.box = box
        self.client = client
        self._newer = newer
        self._answers = answers

    def __call__(self, method: str, path: str, *, ordered: bool = False, **more: Any) -> Answer:
        """Send a request; paths are inside the project."""
        got = self.client.request(method, path, **more)
        table = got.request.url.params.get("format") == "csv"
        answer = Answer(
            method, got.request.url.path, got.status_code, got.headers, got.content, self._newer, ordered, table
        )
        self._answers.append(answer)
        return answer


@contextmanager
def _asker(answers: list[Answer], **arguments: Any) -> Iterator[Asker]:
    with (
        Sandbox(30, now="2026-03-01T00:00:00", lag=0, **arguments) as box,
        httpx.Client(
            base_url=f"{box.host}/api/environments/{box.project_id}",
            headers={"Authorization": f"Bearer {box.api_key}"},
            timeout=30,
        ) as client,
    ):
        yield Asker(box, client, newer=arguments["era"] != "2025", answers=answers)


EVENTS: Final = [{"id": "$pageview"}]
_TEXT: Final = json.dumps(EVENTS)
_PLAN: Final = '[{"key":"plan","type":"person","operator":"is_set"}]'
_ASKED: Final = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
Request = tuple[str, str, Mapping[str, Any]]
# The query that is asked for later.
_LATER: Final[Request] = (
    "POST",
    "/query/",
    {"json": {"query": _ASKED, "refresh": "force_async", "client_query_id": "mine"}},
)
_IDS: Final = {"getQuery": "mine", "deletePerson": "2"}
"""Whom an operation is about, where not person 1."""


def good(contract: Contract, *, newest: bool) -> list[Request]:
    """Return the operations, each asked for as its examples are, and for a table where there are tables."""
    found: list[Request] = [_LATER]
    for call in sorted(samples.calls(contract), key=lambda call: call.method == "DELETE"):
        if call.name not in NEWEST or newest:
            path = call.path.partition("{project_id}")[2].replace("{id}", _IDS.get(call.name, "1"))
            # Nobody in a sandbox is found by the text of the example, and of nobody there is no table.
            query = {name: value for name, value in call.query.items() if name != "search"}
            more = {} if call.body is None else {"json": call.body}
            found.append((call.method, path, {"params": query, **more}))
            if any(name == call.name and kind == "text/csv" for name, _, kind in described(contract)):
                found.append((call.method, path, {"params": {**query, "format": "csv"}, **more}))
    return found


# More of what answers may look like.
MORE: Final[Sequence[Request]] = (
    ("GET", "/persons/", {"params": {"limit": 10, "offset": 10, "include_total": "true"}}),
    ("GET", "/persons/", {"params": {"search": "nobody at all"}}),
    ("GET", "/persons/", {"params": {"properties": _PLAN}}),
    ("PATCH", "/persons/1/", {"json": {"properties": {"plan": "x", "email": None}}}),
    ("GET", "/persons/1/activity/", {"params": {"page": 2, "limit": 1}}),
    ("GET", "/persons/1/properties_timeline/", {"params": {"properties": _PLAN, "date_from": "all"}}),
    ("GET", "/query/mine/", {"params": {"show_progress": "true"}}),
    ("GET", "/persons/2/activity/", {}),
    ("GET", "/persons/3/properties_timeline/", {"params": {"events": _TEXT, "date_from": "-100d"}}),
    *(
        ("POST", "/insights/trend/", {"json": {"events": EVENTS, **question}})
        for question in (
            {"display": "BoldNumber"},
            {"display": "ActionsTable", "breakdown": "plan", "breakdown_type": "person"},
            {"display": "ActionsLineGraphCumulative", "breakdown": "$browser"},
            {"compare": True},
            {"interval": "hour", "date_from": "-1d"},
            {"formula": "A * 2"},
            {"actions": [{"id": 1}], "properties": json.loads(_PLAN)},
        )
    ),
    *(
        ("POST", "/query/", {"json": {"query": {**_ASKED, **part}}})
        for part in (
            {"trendsFilter": {"display": "BoldNumber"}},
            {"trendsFilter": {"formula": "A * 2"}},
            {"breakdownFilter": {"breakdown": "$browser"}, "compareFilter": {"compare": True}},
            {"interval": "hour", "dateRange": {"date_from": "-1d"}},
        )
    ),
)
BAD: Final[Sequence[Request]] = (
    ("GET", "/persons/", {"params": {"properties": "{no json"}}),
    ("GET", "/persons/nobody/", {}),
    ("PATCH", "/persons/1/", {"json": {}}),
    ("DELETE", "/persons/nobody/", {}),
    ("GET", "/persons/1/activity/", {"params": {"page": "x"}}),
    ("POST", "/persons/1/delete_property/", {"json": {"$unset": 7}}),
    ("GET", "/persons/1/properties_timeline/", {"params": {"interval": "decade"}}),
    ("GET", "/insights/trend/", {"params": {"events": "["}}),
    ("POST", "/insights/trend/", {"json": {"events": [{"id": "x", "math": "sum"}]}}),
    ("POST", "/insights/timing/", {"content": b"[1]", "headers": {"Content-Type": "application/json"}}),
    ("POST", "/query/", {"json": {"query": {**_ASKED, "sorted": True}}}),
    ("POST", "/query/", {"json": {"query": {"kind": "HogQLQuery", "query": "SELECT 1"}}}),
    ("GET", "/query/nobodys/", {}),
)
# Without oddities alone: the real servers look less.
STRICT: Final[Sequence[Request]] = (
    ("GET", "/persons/", {"params": {"limit": "0"}}),
    ("DELETE", "/persons/1/", {"params": {"delete_events": "maybe"}}),
    ("POST", "/insights/timing/", {"json": {"name": 5}}),
)


def record(contract: Contract) -> list[Answer]:
    """Ask sandboxes of every kind, and return all that they answered."""
    answers: list[Answer] = []
    for era in ("2025", "2026", "2026-09"):
        newest = era == "2026-09"
        requests = good(contract, newest=newest)
        for oddities in (True, False):
            with _asker(answers, era=era, oddities=oddities, rates=False) as ask:
                _causes(ask, requests, oddities=oddities, newest=newest)
                _orders(ask, requests, contract)
        with _asker(answers, era=era, rates=False, unscoped="refuse", later=3) as ask:
            for method, path, more in requests:
                ask(method, path, **more)
        none = dict.fromkeys(("persons", "deletes", "insights", "query"), "0/min")
        with _asker(answers, era=era, rates=none) as ask:
            for method, path, more in requests:
                ask(method, path, **more)
    return answers


def _causes(ask: Asker, requests: Sequence[Request], *, oddities: bool, newest: bool) -> None:
    """Give the server a cause for each answer that it can have one for."""
    for method, path, more in (*requests, *MORE, *BAD, *(() if oddities else STRICT)):
        ask(method, path, **more)
    if newest:
        (last,) = json.loads(ask("GET", "/persons/", params={"limit": 1, "offset": 20}).content)["results"]
        ask("POST", "/persons/bulk_delete/", json={"ids": [last["uuid"]], "delete_events": True})
        ask("GET", "/persons/deletion_status/")
        ask("POST", "/persons/bulk_delete/", json={"distinct_ids": ["x"] * 1001})
        ask("GET", "/persons/deletion_status/", params={"status": "x"})
    for number, reason in enumerate(("It is too much.", "")):
        ask.box.fail_later(reason)
        ask("POST", "/query/", json={"query": _ASKED, "refresh": "force_async", "client_query_id": str(number)})
        ask("GET", f"/query/{number}/")
    if oddities:
        ask("GET", "/persons/", params={"limit": "many"})  # the real servers fall over, and so does this one
    narrow = {"Authorization": f"Bearer {ask.box.add_key('project:read')}"}
    other = f"{ask.box.host}/api/environments/999"
    for method, path, more in requests:
        ask(method, path, **more, headers={"Authorization": ""})
        ask(method, path, **more, headers={"Authorization": "Bearer wrong"})
        ask(method, path, **more, headers=narrow)
        ask(method, other + path, **more)
        if "/persons/1/" in path:
            ask(method, path.replace("/1/", f"/{NOBODY}/"), **more)
        if "json" in more:
            ask(method, path, content=b"a=1", headers={"Content-Type": "application/x-www-form-urlencoded"})


def _orders(ask: Asker, requests: Sequence[Request], contract: Contract) -> None:
    """Order what it has no cause for, and each error of its own kind too."""
    responses, routes = _responses(contract), Routes(contract)
    for method, path, more in requests:
        name = routes.named(method, f"/api/environments/{ask.box.project_id}{path}")
        for status in ORDERED:
            if (name, str(status)) in responses:
                ask.box.fail_next(status)
                ask(method, path, ordered=True, **more)
        for status in (429, 503):
            ask.box.fail_next(status, retry_after=42)
            ask(method, path, ordered=True, **more)


def _responses(contract: Contract) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the responses that are described, by operation and status."""
    return {
        (call.name, status): samples.resolved(contract, response)
        for call in samples.calls(contract)
        for status, response in call.operation["responses"].items()
    }


def described(contract: Contract) -> frozenset[Described]:
    """Return each answer that a contract describes."""
    return frozenset(
        (name, status, kind)
        for (name, status), response in _responses(contract).items()
        for kind in response.get("content", {"": None})
    )


def described_headers(contract: Contract) -> frozenset[tuple[str, str, str]]:
    """Return each header that a contract describes, as operation, status and name."""
    return frozenset(
        (name, status, header.lower())
        for (name, status), response in _responses(contract).items()
        for header in response.get("headers", {})
    )


def judge(contract: Contract, answers: Sequence[Answer]) -> Judged:
    """Hold answers against a contract.

    Raises:
        Failed: One of them is not described, or not as it is.
    """
    registry: Registry[Any] = Registry().with_resource("urn:api", Resource.from_contents(contract, DRAFT202012))
    responses, routes = _responses(contract), Routes(contract)
    covered: set[Described] = set()
    caused: set[Described] = set()
    headers: set[tuple[str, str, str]] = set()
    for answer in answers:
        name = routes.named(answer.method, answer.path)
        response = responses.get((name or "", str(answer.status)))
        if name is None or response is None:
            raise Failed(f"{answer} is not described")
        if answer.table and answer.status >= 400 and not answer.content and "content-type" not in answer.headers:
            continue  # the real servers say no more of an error to those who ask for CSV
        kind = _body(registry, answer, response.get("content"))
        headers |= {(name, str(answer.status), header) for header in _headers(contract, registry, answer, response)}
        covered.add((name, str(answer.status), kind))
        if not answer.ordered:
            caused.add((name, str(answer.status), kind))
    return Judged(frozenset(covered), frozenset(caused), frozenset(headers))


def _body(registry: Registry[Any], answer: Answer, content: Mapping[str, Any] | None) -> str:
    if content is None:
        if answer.content or "content-type" in answer.headers:
            raise Failed(f"{answer} has a body, and none is described")
        return ""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/html" and answer.table and "/trend/" in answer.path:
        kind = "text/csv"  # the real servers call the CSV of a trend so
    if kind not in content:
        raise Failed(f"{answer} is of a type that is not described")
    schema = content[kind]["schema"]
    value = json.loads(answer.content) if kind == "application/json" else answer.content.decode()
    _valid(registry, schema, value, str(answer))
    return kind


def _headers(contract: Contract, registry: Registry[Any], answer: Answer, response: Contract) -> set[str]:
    """Check the headers of an answer, and return those that are described."""
    known = {name.lower(): samples.resolved(contract, header) for name, header in response.get("headers", {}).items()}
    strange = {name.lower() for name in answer.headers} - PLAIN - known.keys() - SUNSET
    if strange:
        raise Failed(f"{answer} has the headers {', '.join(sorted(strange))}, which are not described")
    if (SUNSET & known.keys() if answer.newer else frozenset()) - {name.lower() for name in answer.headers}:
        raise Failed(f"{answer} lacks a header that servers of 2026 send")
    found = {name for name in known if name in answer.headers}
    for name in found:
        _valid(registry, known[name]["schema"], answer.headers[name], f"{answer}, {name}")
    return found


def _valid(registry: Registry[Any], schema: object, value: object, where: str) -> None:
    # "#/…" within the contract resolves in the resource that holds it; from outside it needs its name.
    whole = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
    validator = Draft202012Validator(whole, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)
    error = next(iter(validator.iter_errors(value)), None)
    if error is not None:
        raise Failed(f"{where}: {error.json_path}: {error.message[:200]}")


def _complete(contract: Contract, answers: Sequence[Answer]) -> Judged:
    judged = judge(contract, answers)
    missing = sorted(described(contract) - judged.covered)
    if missing:
        raise Failed(f"{len(missing)} described answers were never given, such as {' '.join(missing[0])}")
    unsent = sorted(described_headers(contract) - judged.headers)
    if unsent:
        raise Failed(f"{len(unsent)} described headers were never sent, such as {' '.join(unsent[0])}")
    return judged


def _seeded(contract: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give mistakes that a contract may have, each as a change to it."""
    schemas, responses = contract["components"]["schemas"], contract["components"]["responses"]
    persons = contract["paths"]["/api/environments/{project_id}/persons/"]["get"]["responses"]
    yield "a status is missing", partial(persons.pop, "429")
    yield "a status that no server gives", partial(persons.update, {"409": persons["404"]})
    yield "a type of a field", partial(schemas["Person"]["properties"]["uuid"].update, type="integer")
    yield "a field that may be null", partial(schemas["PersonPage"]["properties"]["next"].update, type="string")
    yield "a format", partial(schemas["Person"]["properties"]["name"].update, format="uuid")
    yield "a required field", partial(schemas["Trend"].update, required=["result", "nothing"])
    known = schemas["Person"]["properties"]
    lacking = {name: field for name, field in known.items() if name != "last_seen_at"}
    yield (
        "a closed object that lacks a field",
        partial(schemas["Person"].update, additionalProperties=False, properties=lacking),
    )
    for schema, field in {
        "QueryResult": "results",
        "QueryStatus": "complete",
        "PersonBulkDeletionOutcome": "persons_found",
        "PersonDeletion": "person_uuid",
    }.items():
        changed = {**schemas[schema]["properties"], field: {"type": "object"}}
        yield f"a type of a field of {schema}", partial(schemas[schema].update, properties=changed)
    yield (
        "a media type that no server sends",
        partial(responses["Person"]["content"].update, {"text/csv": {"schema": {}}}),
    )
    yield "a media type is missing", partial(responses["Trend"]["content"].pop, "text/csv")
    yield (
        "a body where there is none",
        partial(responses["Accepted"].update, content={"application/json": {"schema": {}}}),
    )
    yield (
        "a header that no server sends",
        partial(responses["Forbidden"].update, headers={"Retry-After": {"schema": {"type": "string"}}}),
    )
    yield "a header is missing", partial(responses["TooManyRequests"].pop, "headers")
    yield (
        "a pattern of a header",
        partial(contract["components"]["headers"]["Sunset"]["schema"].update, pattern="^[0-9]+$"),
    )


def cover(work: Work) -> str:
    """Check that answers and contract are the same set, and that a mistake in the contract would be noticed.

    Raises:
        Failed: They are not, or it would not.
    """
    contract = load()
    answers = record(contract)
    work.log.write_text("\n".join(map(str, answers)), "utf-8")
    judged = _complete(contract, answers)
    mistakes = [name for name, _ in _seeded(deepcopy(contract))]
    for mistake in mistakes:
        wrong = deepcopy(contract)
        dict(_seeded(wrong))[mistake]()
        try:
            _complete(wrong, answers)
        except Failed:
            continue
        raise Failed(f"a contract with a mistake ({mistake}) passes as well")
    wanted, headers = described(contract), described_headers(contract)
    return (
        f"{len(judged.covered)} of {len(wanted)} described answers given, {len(judged.caused)} for a cause, the others "
        f"on order; {len(judged.headers)} of {len(headers)} described headers; "
        f"{len(answers):,} answers valid; finds {len(mistakes)} seeded mistakes"
    )


def tool() -> str:
    """Tell what judges the bodies."""
    return f"jsonschema {version('jsonschema')}"

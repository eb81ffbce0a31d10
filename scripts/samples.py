"""What one sends with each operation, in curl and in Python with this client: `x-codeSamples` of the derived forms.

Each sample runs in tests/contract/test_forms.py.
"""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

METHODS: Final = ("get", "post", "patch", "put", "delete")
SENT: Final[Mapping[str, tuple[str, ...]]] = {
    "deletePersonProperty": ("$unset",),
    "getPersonPropertiesTimeline": ("events", "date_from"),
    "getTrend": ("events", "date_from"),
    "listPersons": ("search", "limit"),
}
"""The optional parameters that a sample has; all others are left to the reader."""

TREND: Final = 'events=["$pageview"], date_from="-30d")\nprint(trend[0].label, trend[0].data)'
PERSON: Final = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
QUERY: Final = "0190d2a45b1f7c3e9d4a2f6b8c0e1a35"
# An operation that is not here is shown as a request to its path.
PYTHON: Final[dict[str, str]] = {
    "recordInsightTiming": 'env.insights.timing(name="Weekly sign-ups", saved=True)',
    "getTrend": f"trend = env.insights.get_trend({TREND}",
    "queryTrend": f"trend = env.insights.trend({TREND}",
    "runQuery": f"trend = env.insights.trend({TREND}",
    "getQuery": f'answer = env.request("GET", "query/{QUERY}/")\nprint(answer.json()["query_status"]["complete"])',
    "listPersons": 'for person in env.persons.list(search="acme"):\n    print(person.uuid, person.name)',
    "bulkDeletePersons": f"""\
report = env.persons.delete_many(
    ["{PERSON}", "0190d2a4-5b1f-7c3e-9d4a-2f6b8c0e1a35"],
    journal="deletions.jsonl",
    delete_events=True,
)
print(report.counts)""",
    "listPersonDeletions": "for row in env.persons.deletion_status():\n    print(row.person_uuid, row.status)",
    "getPerson": f'person = env.persons.get("{PERSON}")\nprint(person.name, person.properties)',
    "updatePerson": f'env.persons.update("{PERSON}", {{"plan": "pro"}})',
    "deletePerson": f'env.persons.delete("{PERSON}")',
    "listPersonActivity": f"""\
for entry in env.persons.activity("{PERSON}"):
    print(entry.created_at, entry.activity)""",
    "deletePersonProperty": f'env.persons.delete_property("{PERSON}", "plan")',
    "getPersonPropertiesTimeline": f"""\
timeline = env.persons.properties_timeline(
    "{PERSON}", events=["$pageview"], date_from="-30d"
)
print(timeline.points)""",
}
OPTIONS: Final = {"queryTrend": 'trend_api="legacy"', "getTrend": 'trend_api="legacy"', "runQuery": 'trend_api="query"'}
"""Without these the client finds out by itself where trends are."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation with what a sample sends.

    Attributes:
        name: The id of the operation.
        method: The method, in capitals.
        path: The path, with its templates.
        operation: What the contract says of it.
        parameters: Its parameters, those of its path first, with references followed.
        body: What is sent as JSON, or None.
    """

    name: str
    method: str
    path: str
    operation: dict[str, Any]
    parameters: tuple[dict[str, Any], ...]
    body: Any

    @property
    def query(self) -> dict[str, str]:
        """What is sent in the query."""
        known = {each["name"]: each for each in self.parameters if each["in"] == "query"}
        return {name: example(known[name]) for name in SENT.get(self.name, ())}

    @property
    def at(self) -> dict[str, str]:
        """What stands for the templates of the path, but for the project."""
        return {each["name"]: example(each) for each in self.parameters if each["in"] == "path"} | {"project_id": ""}


def example(parameter: Mapping[str, Any]) -> str:
    """Return the example of a parameter as it is sent."""
    value = parameter.get("example", parameter["schema"].get("default", ""))
    return value if isinstance(value, str) else json.dumps(value)


def followed(contract: Mapping[str, Any], reference: str) -> Any:
    """Return what a reference names."""
    found: Any = contract
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def resolved(contract: Mapping[str, Any], node: Any) -> Any:
    """Follow references."""
    while isinstance(node, dict) and "$ref" in node:
        node = followed(contract, node["$ref"])
    return node


def calls(contract: Mapping[str, Any]) -> Iterator[Sample]:
    """Yield each operation of a contract."""
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            every = [*item.get("parameters", []), *operation.get("parameters", [])]
            body = None
            if "requestBody" in operation:
                body = next(iter(operation["requestBody"]["content"]["application/json"]["examples"].values()))["value"]
            parameters = tuple(resolved(contract, each) for each in every)
            yield Sample(operation["operationId"], method.upper(), path, operation, parameters, body)


def curl(call: Sample) -> str:
    """Return a call as a command for a shell."""
    path = call.path.replace("{project_id}", "$POSTHOG_PROJECT_ID").replace("{id}", call.at.get("id", ""))
    query = f"?{urlencode(call.query)}" if call.query else ""
    lines = [
        "curl" if call.method == "GET" else f"curl -X {call.method}",
        f'"$POSTHOG_HOST{path}{query}"',
        '-H "Authorization: Bearer $POSTHOG_PERSONAL_API_KEY"',
    ]
    if call.body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(call.body))}"]
    return f"{lines[0]} " + " \\\n  ".join(lines[1:]) + "\n"


def python(call: Sample) -> str:
    """Return a call as a program with this client."""
    body = textwrap.indent(PYTHON.get(call.name) or _request(call), "    ")
    options = OPTIONS.get(call.name, "")
    return f"from posthog_environments import Environment\n\nwith Environment({options}) as env:\n{body}\n"


def _request(call: Sample) -> str:
    path = call.path.partition("{project_id}/")[2].replace("{id}", call.at.get("id", ""))
    query = f", params={call.query!r}" if call.query else ""
    body = "" if call.body is None else f", json={call.body!r}"
    return f'env.request("{call.method}", "{path}"{query}{body})'


def with_samples(contract: dict[str, Any]) -> dict[str, Any]:
    """Return a contract whose operations have `x-codeSamples`.

    Raises:
        ValueError: There is a sample for no operation.
    """
    found = list(calls(contract))
    if odd := PYTHON.keys() - {call.name for call in found}:
        raise ValueError(f"samples.py has what the contract has not: {', '.join(sorted(odd))}")
    paths = {path: dict(item) for path, item in contract["paths"].items()}
    for call in found:
        shown = [
            {"lang": "Shell", "label": "curl", "source": curl(call)},
            {"lang": "Python", "label": "posthog-environments", "source": python(call)},
        ]
        paths[call.path][call.method.lower()] = {**call.operation, "x-codeSamples": shown}
    return {**contract, "paths": paths}

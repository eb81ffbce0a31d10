"""All that the contract names reaches the wire by its name, and nothing that was not asked for does."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import anyio
import pytest
import yaml
from posthog_environments_api import AuthenticatedClient

from tests.client.wire import Wire, http

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text("utf-8"))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


class Operation:
    """One operation of the contract and the module that was generated for it."""

    def __init__(self, path: str, method: str, item: dict[str, Any]) -> None:
        self.path, self.method, self.id = path, method, item[method]["operationId"]
        module = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.id).lower()
        self.module: Any = import_module(f"posthog_environments_api.api.{item[method]['tags'][0]}.{module}")
        found = [resolve(each) for each in [*item.get("parameters", []), *item[method].get("parameters", [])]]
        self.query = [each for each in found if each["in"] == "query"]
        self.in_path = [each["name"] for each in found if each["in"] == "path"]
        body = item[method].get("requestBody")
        schema = body["content"]["application/json"]["schema"] if body else None
        self.body = resolve(schema)["properties"] if schema else None
        self.body_class = schema["$ref"].rpartition("/")[2] if schema else None

    @property
    def record(self) -> Any:
        """The class of the body."""
        return getattr(import_module("posthog_environments_api.models"), self.body_class or "")

    def __repr__(self) -> str:
        return str(self.id)


# What a body cannot do without, and a query with something in each of its parts.
QUERY: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "purchase", "math": "sum", "properties": [{"key": "plan"}]}],
    "dateRange": {"date_from": "-30d", "explicitDate": True},
    "breakdownFilter": {"breakdown": [1, "all"], "breakdowns": [{"property": "plan", "type": "person"}]},
    "compareFilter": {"compare": True, "compare_to": "-1m"},
    "trendsFilter": {"display": "Metric", "formulaNodes": [{"formula": "A*2", "custom_name": "Twice"}]},
    "samplingFactor": 0.5,
}
LEAST: dict[str, dict[str, Any]] = {
    "updatePerson": {"properties": {}},
    "runQuery": {"query": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode"}]}},
}
OPERATIONS = [
    Operation(path, method, item)
    for path, item in CONTRACT["paths"].items()
    for method in item
    if method in ("get", "post", "patch", "delete")
]


def python_name(wire: str) -> str:
    name = wire.removeprefix("$")
    return f"{name}_" if name in ("format", "filter", "next", "type") else name


def value_for(parameter: dict[str, Any]) -> Any:
    schema = resolve(parameter["schema"])
    kinds = {"integer": 7, "boolean": True, "string": 'a b&c="✂"/../#'}
    return kinds[schema["type"]]


def written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def send(operation: Operation, way: str, **arguments: Any) -> tuple[str, dict[str, str], bytes]:
    """Call a generated function against a real server, and return method, path, query and body as they came."""
    with Wire(http(599, b"{}")) as wire:
        client = AuthenticatedClient(wire.host, "phx_x")
        path = ["12345", "@/..?#é"][: len(operation.in_path)]
        if way == "sync":
            with client:
                answer = operation.module.sync_detailed(*path, client=client, **arguments)
        else:

            async def main() -> Any:
                async with client:
                    return await operation.module.asyncio_detailed(*path, client=client, **arguments)

            answer = anyio.run(main)
        assert (answer.status_code, answer.parsed) == (599, None)
        (request,) = wire.requests
    head, _, body = request.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    assert b"Authorization: Bearer phx_x" in head
    parts = urlsplit(target)
    template = operation.path
    for name, value in zip(operation.in_path, path, strict=True):
        template = template.replace(f"{{{name}}}", value)
    assert unquote(parts.path) == template
    assert parts.path.count("/") == operation.path.count("/"), "a value left its segment of the path"
    assert method == operation.method.upper()
    return method, dict(parse_qsl(parts.query, keep_blank_values=True)), body


def test_there_is_a_module_for_each_operation() -> None:
    assert len(OPERATIONS) == 14
    assert len({operation.module.__name__ for operation in OPERATIONS}) == 14


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_all_that_is_given_reaches_the_wire(operation: Operation, way: str) -> None:
    query = {each["name"]: value_for(each) for each in operation.query}
    arguments: dict[str, Any] = {python_name(name): value for name, value in query.items()}
    body: dict[str, Any] = {}
    if operation.body is not None:
        # What is not of its type goes out as it is.
        body = {name: [name] if name in ("events", "actions") else {"in": name} for name in operation.body}
        body |= LEAST.get(str(operation.id), {})
        arguments["body"] = operation.record.from_dict(body)
    _, came, content = send(operation, way, **arguments)
    assert came == {name: written(value) for name, value in query.items()}
    assert (json.loads(content) if content else {}) == body


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_nothing_that_was_not_asked_for_does(operation: Operation, way: str) -> None:
    arguments: dict[str, Any] = {}
    least = LEAST.get(str(operation.id), {})
    if operation.body_class:
        arguments["body"] = operation.record.from_dict(least)
    _, query, content = send(operation, way, **arguments)
    assert query == {}
    assert (json.loads(content) if content else {}) == least


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.body_class], ids=repr)
def test_each_field_of_a_record_reaches_the_wire(operation: Operation) -> None:
    """Records, too, write each field by the contract's name, and what is in them."""
    assert operation.body is not None
    samples: dict[str, Any] = {"array": [], "boolean": True, "integer": 3, "string": "text", "object": QUERY}
    body: dict[str, Any] = {}
    for name, schema in operation.body.items():
        kind = resolve(schema).get("type")
        body[name] = samples[kind] if kind else {"free": [name]}
        if kind == "array":
            inner = str(resolve(schema["items"]).get("type"))
            body[name] = {"object": [{"id": "$pageview", "math": "dau"}], "string": ["x"]}.get(inner, [5])
    record = operation.record.from_dict(body)
    _, _, content = send(operation, "sync", body=record)
    assert json.loads(content) == body


@pytest.mark.parametrize("bad", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_is_refused(bad: str) -> None:
    for operation in OPERATIONS:
        least = LEAST.get(str(operation.id), {})
        arguments: dict[str, Any] = {"body": operation.record.from_dict(least)} if operation.body_class else {}
        with pytest.raises(ValueError, match="another operation"):
            operation.module._get_kwargs(*[bad] * len(operation.in_path), **arguments)

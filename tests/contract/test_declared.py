"""Without oddities the sandbox refuses what the contract does not allow: parameter by parameter, field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from posthog_environments.sandbox import declared, routes, strict
from posthog_environments.sandbox.messages import RequestContext
from posthog_environments.sandbox.problems import Problem
from tests.contract.test_sandbox_answers import CONTRACT, REGISTRY, SINCE_2026_09, resolve

METHODS = ("get", "post", "patch", "delete")
OPERATIONS = {
    item[method]["operationId"]: (path, method)
    for path, item in CONTRACT["paths"].items()
    for method in METHODS
    if method in item
}
WORDS = tuple(word for schema in CONTRACT["components"]["schemas"].values() for word in schema.get("enum", ()))
TEXTS = (
    *WORDS, "", " ", "x", "true", "false", "True", "1", "0", "-1", "+1", "01", "1.0", "1.5", "1e3", "1_000", "²",
    "9" * 40, "null", "[]", "JSON",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *WORDS, None, True, False, 0, 1, -1, 1.0, 1.5, "", "x", "1", [], {}, [None], [True], [1], [1.0], [1.5], ["x"], [{}],
    [[]], {"x": 1}, {"values": []}, {"type": "AND"}, {"type": "AND", "values": []}, {"type": 1, "values": []},
    {"type": "OR", "values": {}}, [{"key": "x"}], [{"key": 1}], [{"key": "x", "operator": 5}],
    [{"key": "x", "type": None}], [{"type": "OR", "values": [{"key": "x"}]}], [{"type": "OR", "values": [1]}],
    [{"key": "x", "group_type_index": "0"}], {"type": "AND", "values": [{"key": "x"}]}, {"key": "x"}, [{"value": "x"}],
    {"type": "AND", "values": [{"type": "OR", "values": [{"key": "x"}]}]}, {"type": "AND", "values": [{"type": "OR"}]},
    {"type": "AND", "values": [[{"key": "x"}]]},
)  # fmt: skip


def _schema(node: dict[str, Any]) -> dict[str, Any]:
    """Give a schema with what the contract says of its shape in keywords of its own."""
    node = resolve(node)
    if "anyOf" in node:
        # Within the contract the alternatives may refer to each other.
        return {"anyOf": [{"$ref": option["$ref"].replace("#/", "urn:api#/")} for option in node["anyOf"]]}
    if "x-holds" in node:
        return {"type": node["x-holds"]}
    node = {name: value for name, value in node.items() if not name.startswith("x-")}
    if "items" in node:
        node["items"] = _schema(node["items"])
    if "properties" in node:
        node["properties"] = {name: _schema(value) for name, value in node["properties"].items()}
    return node


def _holds(schema: dict[str, Any], value: object) -> bool:
    return bool(Draft202012Validator(schema, registry=REGISTRY).is_valid(value))


def _of_text(schema: dict[str, Any], text: str) -> object:
    """Read a text of the query as what its parameter is declared to be; what cannot be read stays a text."""
    if schema["type"] == "boolean" and text in {"true", "false"}:
        return text == "true"
    if schema["type"] == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    return text


def _parameters(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    path, method = OPERATIONS[name]
    item = CONTRACT["paths"][path]
    for parameter in map(resolve, [*item["parameters"], *item[method].get("parameters", [])]):
        if parameter["in"] == "query":
            yield parameter["name"], _schema(parameter["schema"])


def _body(name: str) -> dict[str, Any] | None:
    path, method = OPERATIONS[name]
    body = CONTRACT["paths"][path][method].get("requestBody")
    if body is None:
        return None
    assert body["required"] is True
    assert list(body["content"]) == ["application/json"]
    return _schema(body["content"]["application/json"]["schema"])


@pytest.mark.parametrize("name", sorted(SINCE_2026_09))
def test_what_is_of_the_latest_era_alone(name: str) -> None:
    path, method = OPERATIONS[name]
    resource = routes.find(path.replace("{project_id}", "1"), "2025")
    assert resource is not None
    assert (resource.id, method.upper() in resource.operations) == (path.split("/")[-2], method == "get")


def _takes(name: str) -> declared.DeclaredRequest:
    path, method = OPERATIONS[name]
    resource = routes.find(path.replace("{project_id}", "1").replace("{id}", "1"), "2026-09")
    assert resource is not None
    return resource.operations[method.upper()].takes


def _takes_format(text: str) -> bool:
    call = RequestContext("GET", f"http://x/?format={text}", {}, b"")
    try:
        return call.wants_csv in {True, False}
    except Problem:
        return False


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_parameter_of_the_query(name: str) -> None:
    takes, parameters = _takes(name), dict(_parameters(name))
    assert takes.query.keys() <= parameters.keys()
    for parameter, schema in parameters.items():
        test = takes.query.get(parameter, lambda _: True)
        if parameter == "format":
            test = _takes_format
        for text in TEXTS:
            assert test(text) == _holds(schema, _of_text(schema, text)), (parameter, text)


def _differences(tests: dict[str, strict.Test], fields: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for field, schema in fields.items():
        test = tests.get(field, lambda _: True)
        entity = schema.get("items", {}).get("properties", {})
        within = [[{inner: value}] for inner in entity for value in VALUES]
        for value in (*VALUES, *within):
            if test(value) != _holds(schema, value):
                yield field, value


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_field_of_the_body(name: str) -> None:
    takes, schema = _takes(name), _body(name)
    assert (takes.body is None) == (schema is None)
    if schema is None or takes.body is None:
        return
    assert takes.body.keys() <= schema["properties"].keys()
    assert list(_differences(dict(takes.body), schema["properties"])) == []


# A query with something at each place that has fields of its own.
_WHOLE: dict[str, Any] = {
    "query": {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "properties": [{"key": "plan"}]}],
        "dateRange": {},
        "properties": {"type": "AND", "values": [{"type": "OR", "values": [{"key": "plan"}]}]},
        "breakdownFilter": {"breakdowns": [{"property": "plan"}]},
        "compareFilter": {},
        "trendsFilter": {"formulaNodes": [{"formula": "A"}]},
    }
}
_LEFT = {"key"}
"""Of filters: what the operation refuses itself when it is null."""


def _nulls(schema: dict[str, Any], given: Any, whole: Any) -> Iterator[tuple[str, Any]]:
    """Give `whole` with a null at each field in turn, of those that the contract names."""
    schema = resolve(schema)
    if isinstance(given, list):
        yield from _nulls(schema["items"], given[0], whole)
        return
    for name, inner in schema.get("properties", {}).items():
        before = given.get(name)
        given[name] = None
        yield name, json.loads(json.dumps(whole))
        del given[name]
        if before is not None:
            given[name] = before
        if isinstance(before, dict | list):
            yield from _nulls(inner, before, whole)


def _refused(call: RequestContext) -> str | None:
    try:
        declared.check(call, declared.QUERY)
    except Problem as problem:
        return problem.body["attr"]
    return None


def test_what_of_a_query_is_never_null() -> None:
    whole = json.loads(json.dumps(_WHOLE))
    schema = {"$ref": "urn:api#/components/schemas/QueryRequest"}
    assert _holds(schema, whole)
    found = list(_nulls({"$ref": "#/components/schemas/QueryRequest"}, whole, whole))
    assert whole == _WHOLE
    assert len(found) > 60
    for name, body in found:
        call = RequestContext("POST", "http://x/", {"content-type": "application/json"}, json.dumps(body).encode())
        assert _refused(call) == (None if name in _LEFT or _holds(schema, body) else name)


def test_a_difference_is_noticed() -> None:
    schema = _body("queryTrend")
    assert schema is not None
    for change in (
        {"interval": {"type": "string", "enum": ["hour", "day", "week"]}},
        {"interval": {"type": "string", "enum": ["hour", "day", "week", "month", "json"]}},
        {"compare": {"type": ["boolean", "null"]}},
        {"breakdown": {"type": ["string", "integer"]}},
        {"properties": {"type": "array"}},
        {"events": {"type": "array", "items": {**schema["properties"]["events"]["items"], "required": ["id"]}}},
        {"new": {"type": "string"}},
    ):
        changed = json.loads(json.dumps({**schema["properties"], **change}))
        assert {field for field, _ in _differences(dict(declared.TREND.body or {}), changed)} == change.keys()

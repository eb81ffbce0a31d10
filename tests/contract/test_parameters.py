"""Parameters: each kind that passes is generated, type-checked and called; each other kind is refused by name."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from reduced import TABLE, reduced, refusals

from tests.client.wire import Wire, http
from tests.contract.test_generator import GENERATE, ROOT

MOMENT = dt.datetime(2026, 1, 31, 10, 0, 0, 500000, tzinfo=dt.timezone(dt.timedelta(hours=2)))
# Of each kind: its schema, a value, and what of it must reach the server.
SAMPLES: dict[str, tuple[dict[str, Any], Any, str]] = {
    "string": ({"type": "string"}, "a b&c=✂/../#", "a b&c=✂/../#"),
    "integer": ({"type": "integer"}, 7, "7"),
    "number": ({"type": "number"}, 1.5, "1.5"),
    "boolean": ({"type": "boolean"}, True, "true"),
    "enum": ({"type": "string", "enum": ["day", "week"]}, "week", "week"),
    "date": ({"type": "string", "format": "date"}, dt.date(2026, 1, 31), "2026-01-31"),
    "date-time": ({"type": "string", "format": "date-time"}, MOMENT, "2026-01-31T10:00:00.500000+02:00"),
    "plain or null": ({"type": ["string", "null"]}, "x", "x"),
    "one of several plain": ({"type": ["string", "integer"]}, 7, "7"),
}
MORE = {
    "boolean": (False, "false"),
    "integer": (-1, "-1"),
    "string": ("@current", "@current"),
}


def sample(kind: str) -> tuple[dict[str, Any], Any, list[str]]:
    if kind.startswith("array of "):
        schema, value, written = SAMPLES[kind.removeprefix("array of ")]
        return {"type": "array", "items": schema}, [value, value], [written, written]
    schema, value, written = SAMPLES[kind]
    return schema, value, [written]


def contract(*parameters: dict[str, Any], **operation: Any) -> dict[str, Any]:
    """Return a small contract with one operation."""
    segments = "".join(f"{{{each['name']}}}/" for each in parameters if each.get("in") == "path")
    whole = {
        "operationId": "lookUp",
        "tags": ["things"],
        "parameters": list(parameters),
        "responses": {"200": {"description": "Done."}},
        **operation,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {f"/things/{segments}": {"get": whole}},
    }


CELLS = [(place, kind) for place, kinds in sorted(TABLE.items()) for kind in sorted(kinds)]


def named(place: str, kind: str) -> str:
    name = "".join(letter if letter.isalnum() else "_" for letter in f"{place}_{kind}")
    return f"X-{name}" if place == "header" else name


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Generate a client from a contract that has the whole table."""
    folder = tmp_path_factory.mktemp("table")
    paths: dict[str, Any] = {}
    for place, kind in CELLS:
        parameter = {"name": named(place, kind), "in": place, "required": place == "path", "schema": sample(kind)[0]}
        made = contract(parameter, operationId=f"try_{named(place, kind)}".replace("X-", ""))["paths"]
        ((path, item),) = made.items()
        paths[f"{path}{place}/{CELLS.index((place, kind))}/"] = item
    file = folder / "openapi.yaml"
    file.write_text(json.dumps({**contract(), "paths": paths}), encoding="utf-8")
    target = folder / "table_client"
    places = [f"--contract={file}", f"--output={target}"]
    assert GENERATE.main(places) == 0
    sys.path.insert(0, str(folder))
    yield target
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "table_client"]:
        del sys.modules[name]


def test_the_whole_table_is_type_checked(package: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        str(package.parent / ".mypy"),
        "-p",
    ]
    done = subprocess.run([*command, package.name], cwd=package.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("place", "kind"), CELLS)
def test_each_kind_reaches_the_server(package: Path, place: str, kind: str) -> None:
    name = f"try_{named(place, kind)}".replace("X-", "").replace("-", "_")
    module: Any = import_module(f"table_client.api.things.{name}")
    client: Any = import_module("table_client").Client
    _, value, wanted = sample(kind)
    if (place, kind) == ("header", "string"):
        # httpx refuses what is not ASCII there.
        value, wanted = "a b&c=/../#", ["a b&c=/../#"]
    argument = named(place, kind).replace("-", "_").lower()
    values = [(value, wanted)]
    if kind in MORE:
        values.append((MORE[kind][0], [MORE[kind][1]]))
    for each, written in values:
        with Wire(http(200, b"{}")) as wire, client(wire.host) as connected:
            assert module.sync_detailed(client=connected, **{argument: each}).status_code == 200
            (request,) = wire.requests
        head = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        parts = urlsplit(head[0].split(" ")[1])
        headers = [
            line.partition(": ")[2] for line in head if line.lower().startswith(named(place, kind).lower() + ":")
        ]
        found = {
            "query": [text for key, text in parse_qsl(parts.query) if key == named(place, kind)],
            "path": [unquote(parts.path.split("/")[2])],
            "header": headers,
        }[place]
        assert found == written


STRING = {"type": "string"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "a", "in": "query", "content": {"application/json": {"schema": STRING}}}, "content:"),
    ({"name": "a", "in": "query", "style": "deepObject", "schema": {"type": "object"}}, "style: deepObject"),
    ({"name": "a", "in": "query", "style": "pipeDelimited", "schema": {"type": "array", "items": STRING}}, "style"),
    ({"name": "a", "in": "query", "explode": False, "schema": {"type": "array", "items": STRING}}, "explode: false"),
    ({"name": "a", "in": "query", "allowReserved": True, "schema": STRING}, "allowReserved"),
    ({"name": "a", "in": "query", "schema": {"type": "object"}}, "object in query"),
    ({"name": "a", "in": "query", "schema": {}}, "a value of any type"),
    ({"name": "a", "in": "query", "schema": {"type": "array"}}, "array of a value of any type"),
    ({"name": "a", "in": "query", "schema": {"type": "array", "items": {"type": "object"}}}, "array of object"),
    ({"name": "a", "in": "query", "schema": {"type": "array", "items": {"type": ["string", "null"]}}}, "array of"),
    ({"name": "a", "in": "query", "schema": {"type": ["array", "string"], "items": STRING}}, "not plain"),
    ({"name": "a", "in": "query", "schema": {"type": ["string", "null"], "format": "date-time"}}, "date-time or null"),
    ({"name": "a", "in": "query", "schema": {"type": ["string", "integer"], "format": "date"}}, "not plain"),
    ({"name": "a", "in": "query", "schema": {"anyOf": [STRING, {"type": "integer"}]}}, "a choice"),
    ({"name": "a", "in": "query", "schema": {"oneOf": [STRING]}}, "a choice"),
    ({"name": "a", "in": "query", "schema": {"allOf": [STRING]}}, "a choice"),
    ({"name": "a", "in": "query", "schema": {"const": "x"}}, "a constant"),
    ({"name": "a", "in": "query", "schema": {"type": "string", "enum": ["x", None]}}, "a mixed enum"),
    ({"name": "a", "in": "query", "schema": {"type": "number", "enum": [1.5]}}, "a mixed enum"),
    ({"name": "a", "in": "query", "schema": {"type": "string", "format": "binary"}}, "binary"),
    ({"name": "a", "in": "path", "required": True, "schema": {"type": "array", "items": STRING}}, "in path"),
    ({"name": "a", "in": "path", "required": True, "schema": {"type": ["string", "null"]}}, "in path"),
    ({"name": "a", "in": "path", "required": True, "style": "matrix", "schema": STRING}, "style: matrix"),
    ({"name": "X-A", "in": "header", "schema": {"type": "string", "format": "date-time"}}, "date-time in header"),
    ({"name": "X-A", "in": "header", "schema": {"type": "array", "items": STRING}}, "in header"),
    ({"name": "X-A", "in": "header", "schema": {"type": ["string", "integer"]}}, "in header"),
    ({"name": "Content-Type", "in": "header", "schema": STRING}, "this header"),
    ({"name": "a", "in": "cookie", "schema": STRING}, "in cookie"),
    ({"name": "client", "in": "query", "schema": STRING}, "the name of the client"),
]


@pytest.mark.parametrize(("parameter", "said"), REFUSED)
def test_each_other_kind_is_refused_with_operation_and_parameter(parameter: dict[str, Any], said: str) -> None:
    (line,) = refusals(contract(parameter))
    assert line.startswith(f"lookUp: parameter {parameter['name']}: ")
    assert said in line


def test_references_are_followed() -> None:
    made = contract({"$ref": "#/components/parameters/A"})
    made["components"] = {
        "parameters": {"A": {"name": "a", "in": "query", "schema": {"$ref": "#/components/schemas/B"}}},
        "schemas": {"B": {"type": "object"}},
    }
    assert refusals(made) == [
        "lookUp: parameter a: object in query is not among the kinds that the generator gets right"
    ]
    made["components"]["schemas"]["B"] = STRING
    assert refusals(made) == []
    made["paths"]["/things/"]["parameters"] = [{"name": "b", "in": "query", "schema": {}}]
    assert refusals(made)[0].startswith("lookUp: parameter b: ")


JSON = {"schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"security": [{"key": []}]}, "security at the top"),
        ({"webhooks": {"new": {}}}, "webhooks"),
        (
            {"components": {"schemas": {"A": {"discriminator": {"propertyName": "x"}}}}},
            "schema A: the generator ignores",
        ),
    ],
)
def test_what_is_lost_of_the_whole_is_refused(change: dict[str, Any], said: str) -> None:
    (line,) = refusals(contract() | change)
    assert said in line


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"callbacks": {"a": {}}}, "callbacks"),
        ({"servers": [{"url": "/"}]}, "servers"),
        ({"requestBody": {"content": {"multipart/form-data": JSON}}}, "a body of type multipart/form-data"),
        ({"requestBody": {"content": {"application/json": JSON, "text/csv": JSON}}}, "a body of type text/csv"),
        ({"responses": {"200": {"content": {"application/json": JSON, "application/a+json": JSON}}}}, "the first"),
        ({"responses": {"200": {"content": {"application/octet-stream": JSON}}}}, "octet-stream"),
        ({"responses": {"200": {"content": {"text/csv": JSON}}}}, "text/csv"),
        ({"responses": {"201": {"content": {"application/json": {"schema": {"oneOf": [{}]}}}}}}, "first branch"),
        (
            {"requestBody": {"content": {"application/json": {"schema": {"items": {"discriminator": {}}}}}}},
            "discriminators",
        ),
    ],
)
def test_what_is_lost_of_an_operation_is_refused(change: dict[str, Any], said: str) -> None:
    (line,) = refusals(contract(**change))
    assert line.startswith("lookUp: ")
    assert said in line


def test_names_that_become_one_are_refused() -> None:
    made = contract({"name": "a-b", "in": "query", "schema": STRING}, {"name": "aB", "in": "query", "schema": STRING})
    assert refusals(made) == ["lookUp: parameter aB: it has the name of a-b in Python"]
    made = contract()
    made["paths"]["/others/"] = {"get": {**made["paths"]["/things/"]["get"], "operationId": "look_up"}}
    assert refusals(made) == ["look_up: it becomes the same module as lookUp, and one would overwrite the other"]


def test_the_generator_stops_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text(json.dumps(contract(REFUSED[0][0], REFUSED[5][0] | {"name": "b"})), encoding="utf-8")
    assert GENERATE.main([f"--contract={file}", f"--output={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert "lookUp: parameter a: " in said
    assert "lookUp: parameter b: " in said
    assert not (tmp_path / "out").exists()


def test_csv_beside_json_is_left_to_the_caller() -> None:
    made = contract(responses={"200": {"content": {"text/csv": {"schema": STRING}, "application/json": JSON}}})
    assert refusals(made) == []
    (operation,) = [item["get"] for item in reduced(made)["paths"].values()]
    assert list(operation["responses"]["200"]["content"]) == ["application/json"]


def test_the_copy_has_no_defaults_no_errors_and_no_uuids() -> None:
    schema = {
        "type": "object",
        "properties": {
            "default": {"type": "string", "default": "x", "format": "uuid"},
            "list": {"type": "array", "items": {"type": "integer", "default": 1}},
            "format": {"type": "string", "enum": ["default"], "example": {"default": 1, "type": "x"}},
        },
        "example": {"default": 1, "type": "string"},
    }
    responses = {
        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
        "404": {"description": "No."},
        "default": {"description": "No."},
    }
    parameter = {"name": "a", "in": "query", "schema": {"type": "string", "default": "x"}}
    made = contract(parameter, responses=responses) | {
        "components": {"schemas": {"A": schema, "B": {"type": "object"}}}
    }
    found = reduced(made)
    assert made["components"]["schemas"]["A"] is schema
    assert schema["properties"]["default"]["default"] == "x", "the contract itself is left alone"
    kept = found["components"]["schemas"]["A"]["properties"]
    assert kept["default"] == {"type": "string"}
    assert kept["list"] == {"type": "array", "items": {"type": "integer"}}
    assert kept["format"]["example"] == {"default": 1, "type": "x"}
    (operation,) = [item["get"] for item in found["paths"].values()]
    assert operation["parameters"] == [{"name": "a", "in": "query", "schema": {"type": "string"}}]
    assert list(operation["responses"]) == ["200"]
    assert "x-request-only" not in found["components"]["schemas"]["A"]
    assert found["components"]["schemas"]["B"]["x-request-only"] is True


def test_our_own_contract_is_not_refused() -> None:
    assert refusals(GENERATE._read(ROOT / "openapi.yaml")) == []

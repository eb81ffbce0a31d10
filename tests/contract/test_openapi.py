"""The contract: valid and portable. What it says of the page is in test_drift.py and test_evidence.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

HERE = Path(__file__).resolve().parent
TEXT = (HERE.parents[1] / "openapi.yaml").read_text("utf-8")
CONTRACT: dict[str, Any] = yaml.safe_load(TEXT)
METHODS = ("get", "post", "patch", "put", "delete")
REGISTRY: Registry[Any] = Registry().with_resource("urn:api", Resource.from_contents(CONTRACT, DRAFT202012))


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        found: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


OPERATIONS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    item[method]["operationId"]: (f"{method.upper()} {path}", item[method], item)
    for path, item in CONTRACT["paths"].items()
    for method in item
    if method in METHODS
}


def parameters(name: str, place: str) -> dict[str, dict[str, Any]]:
    _, operation, item = OPERATIONS[name]
    found = [resolve(each) for each in [*item.get("parameters", []), *operation.get("parameters", [])]]
    return {each["name"]: each for each in found if each["in"] == place}


def body(name: str) -> dict[str, Any]:
    request = OPERATIONS[name][1].get("requestBody")
    return resolve(request["content"]["application/json"]["schema"])["properties"] if request else {}


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Walk all objects of the contract, but not examples and marks."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in ("x-evidence", "examples", "example", "x-evidence-sources"):
                yield from nodes(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, (*path, str(index)))


# ------------------------------------------------------------------------------------------------- valid and portable


def test_it_is_valid() -> None:
    validate(CONTRACT)
    assert CONTRACT["openapi"].startswith("3.1")


def test_it_is_read_with_pleasure() -> None:
    assert [number for number, line in enumerate(TEXT.splitlines(), 1) if len(line) > 120] == []
    assert "\t" not in TEXT
    # A number sign after a space begins a comment, and the rest of the line is lost.
    lost = [line for line in TEXT.splitlines() if re.search(r"^[^#'\"]*: [^'\"|>{\[][^'\"]* #\d", line)]
    assert lost == []


def test_examples_are_valid_against_their_schemas() -> None:
    count = 0
    for path, node in nodes(CONTRACT):
        if "schema" not in node:
            continue
        values = [resolve(each)["value"] for each in node.get("examples", {}).values()]
        values += [node["example"]] if "example" in node else []
        reference = "/".join(part.replace("~", "~0").replace("/", "~1") for part in (*path, "schema"))
        for value in values:
            validator = Draft202012Validator({"$ref": f"urn:api#/{reference}"}, registry=REGISTRY)
            errors = list(validator.iter_errors(value))
            assert not errors, f"{'/'.join(path)}: {errors[0].message}"
            count += 1
    assert count > 40


def test_the_portable_subset() -> None:
    """Each rule was learnt from a generator that failed to compile."""
    for path, node in nodes(CONTRACT):
        where = "/".join(path)
        assert not {"oneOf", "allOf", "discriminator"} & node.keys(), where
        if "anyOf" in node:
            assert path[:2] == ("components", "schemas"), where
            assert len(path) == 3, f"{where}: a union without a name"
            assert all(option.keys() == {"$ref"} for option in node["anyOf"]), f"{where}: an alternative without a name"
        if "enum" in node and path[0] == "components":
            assert path[1] == "schemas", where
            assert len(path) == 3, f"{where}: an enum without a name"
            assert None not in node["enum"], where
        if "schema" in node and node.get("in") == "query":
            assert resolve(node["schema"])["type"] in ("string", "integer", "boolean"), where
        if node.get("in"):
            assert "content" not in node, where
    for name, (_, operation, _) in OPERATIONS.items():
        assert all(re.fullmatch(r"\d{3}", status) for status in operation["responses"]), name
        assert "security" in operation, name
    assert "Error" not in CONTRACT["components"]["schemas"]
    snakes = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower() for name in OPERATIONS}
    assert len(snakes) == len(OPERATIONS) == 14


def reachable(node: Any) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    todo = [node]
    while todo:
        for _, found in nodes(todo.pop()):
            if "$ref" in found and found["$ref"] not in seen:
                seen.add(found["$ref"])
                todo.append(resolve(found))
            yield found


def test_enums_of_answers_are_open() -> None:
    for name, (_, operation, _) in OPERATIONS.items():
        for found in reachable(operation["responses"]):
            assert "enum" not in found, f"{name}: a server may send a new value"


def test_errors_have_a_body() -> None:
    for name, (_, operation, _) in OPERATIONS.items():
        for status in ("400", "401", "403", "404", "429", "500", "503", "504"):
            response = resolve(operation["responses"][status])
            schema = response["content"]["application/json"]["schema"]
            # A query that failed says so in its own status.
            own = name == "getQuery" and status in ("400", "500")
            assert schema["$ref"].endswith("/QueryFailure" if own else "/ApiErrorBody"), f"{name} {status}"
    assert "Retry-After" in resolve(OPERATIONS["listPersons"][1]["responses"]["429"])["headers"]

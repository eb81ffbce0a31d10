"""The derived document of OpenAPI 3.0 is valid, and describes the same wire."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from downgrade import downgrade
from forms import FOLDER, SOURCE
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from samples import with_samples

NEW: dict[str, Any] = with_samples(yaml.safe_load(SOURCE.read_text("utf-8")))
OLD: dict[str, Any] = yaml.safe_load((FOLDER / "openapi-3.0.yaml").read_text("utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource("urn:old", Resource.from_contents(OLD, DRAFT4))


def normal(node: Any) -> Any:
    """Write either document in one form: what it says of the wire, and nothing of how."""
    if isinstance(node, list):
        return [normal(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kinds: Any = node.get("type", node.get("x-types"))
    keywords = isinstance(kinds, str | list)  # and no field that is called so
    left_out = ("x-evidence", "x-types", "nullable", "type") if keywords else ("x-evidence",)
    found = {key: value for key, value in node.items() if key not in left_out}
    if keywords:
        some = {kinds} if isinstance(kinds, str) else set(kinds)
        # A field of several types takes anything in 3.0, null included.
        some |= {"null"} if node.get("nullable") or "x-types" in node else set()
        found["type"] = sorted(some)
    if "x-contentMediaType" in found:
        found["contentMediaType"] = found.pop("x-contentMediaType")
    return {
        key: value if key in ("example", "value", "default", "enum") else normal(value) for key, value in found.items()
    }


def scopes(contract: dict[str, Any]) -> dict[str, list[str]]:
    return {
        f"{method} {path}": operation.get(
            "x-scopes", [each for some in operation["security"] for each in some["PersonalApiKey"]]
        )
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def without_security(contract: dict[str, Any]) -> dict[str, Any]:
    paths = {
        path: {
            key: {name: value for name, value in each.items() if name not in ("security", "x-scopes")}
            if isinstance(each, dict)
            else each
            for key, each in item.items()
        }
        for path, item in contract["paths"].items()
    }
    return {"paths": paths, "components": contract["components"], "servers": contract["servers"]}


def test_it_is_valid() -> None:
    assert OLD["openapi"] == "3.0.3"
    assert list(OpenAPIV30SpecValidator(OLD).iter_errors()) == []
    wrong = {**OLD, "info": {"title": "x"}}
    assert list(OpenAPIV30SpecValidator(wrong).iter_errors()) != []


def test_both_describe_the_same_wire() -> None:
    assert normal(without_security(OLD)) == normal(without_security(NEW))
    assert scopes(OLD) == scopes(NEW)
    assert sum(map(bool, scopes(OLD).values())) == 12


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("components", "schemas", "Person", "properties", "uuid", "type"), "integer"),
        (("components", "schemas", "Person", "properties", "name", "type"), "string"),
        (("components", "schemas", "Person", "required"), ["uuid", "name"]),
        (("components", "schemas", "ResponseFormat", "enum"), ["json"]),
        (("components", "parameters", "ProjectId", "in"), "query"),
    ],
)
def test_a_difference_is_seen(path: tuple[str, ...], value: Any) -> None:
    changed = with_samples(yaml.safe_load(SOURCE.read_text("utf-8")))
    node = changed
    for part in path[:-1]:
        node = node[part]
    assert node[path[-1]] != value
    node[path[-1]] = value
    assert normal(without_security(downgrade(changed))) != normal(without_security(NEW))


def examples(node: Any, path: str = "") -> list[tuple[str, Any]]:
    """Find each schema that has examples beside it, by its place, with each example."""
    found: list[tuple[str, Any]] = []
    if isinstance(node, dict):
        if "schema" in node:
            values = [each["value"] for each in node.get("examples", {}).values() if "value" in each]
            values += [node["example"]] if "example" in node else []
            found += [(f"{path}/schema", value) for value in values]
        for key, value in node.items():
            if key not in ("x-evidence", "example", "examples"):
                part = str(key).replace("~", "~0").replace("/", "~1")
                found += examples(value, f"{path}/{part}")
    return found


def test_its_examples_are_valid_by_the_rules_of_3_0() -> None:
    found = examples(OLD)
    assert len(found) > 30
    for path, value in found:
        errors = list(OAS30Validator({"$ref": f"urn:old#{path}"}, registry=REGISTRY).iter_errors(value))
        assert not errors, f"{path}: {errors[0].message}"
    person = "/components/schemas/Person"
    bad = OAS30Validator({"$ref": f"urn:old#{person}"}, registry=REGISTRY)
    assert list(bad.iter_errors({"uuid": None}))
    assert not list(bad.iter_errors({"uuid": "x", "name": None, "id": 5}))

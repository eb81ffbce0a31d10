"""The contract: valid, portable, complete against the page, and honest about what the page does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

HERE = Path(__file__).resolve().parent
TEXT = (HERE.parents[1] / "openapi.yaml").read_text("utf-8")
CONTRACT: dict[str, Any] = yaml.safe_load(TEXT)
FACTS: dict[str, Any] = yaml.safe_load((HERE / "page_facts.yaml").read_text("utf-8"))
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


def states(schema: dict[str, Any], fact: Any) -> bool:
    """Tell whether a schema says what the page says: its type, format or values, null aside."""
    schema = resolve(schema)
    if isinstance(fact, list):
        return bool(schema.get("enum") == fact)
    kinds = schema.get("type")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds or ()) - {"null"}
    if fact == "~":
        return not kinds
    if fact in ("date-time", "uuid", "uri"):
        return kinds == {"string"} and schema.get("format") == fact
    return kinds == {fact}


def marked(schema: dict[str, Any], keyword: str, *owners: dict[str, Any]) -> bool:
    """Tell whether a departure is marked: on the schema, on what it refers to, or on the object that holds it."""
    for owner in (schema, resolve(schema), *owners):
        evidence = owner.get("x-evidence", {})
        if keyword in evidence or "this" in evidence:
            return True
    return False


# ------------------------------------------------------------------------------------------------- valid and portable


def test_it_is_valid() -> None:
    validate(CONTRACT)
    assert CONTRACT["openapi"].startswith("3.1")


def test_it_is_read_with_pleasure() -> None:
    assert [number for number, line in enumerate(TEXT.splitlines(), 1) if len(line) > 120] == []
    assert "\t" not in TEXT


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
        assert not {"oneOf", "anyOf", "allOf", "discriminator"} & node.keys(), where
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
    assert len(snakes) == len(OPERATIONS) == 10


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
            assert schema["$ref"].endswith("/ApiErrorBody"), f"{name} {status}"
    assert "Retry-After" in resolve(OPERATIONS["listPersons"][1]["responses"]["429"])["headers"]


# ------------------------------------------------------------------------------------------------- against the page


def test_the_ten_operations_are_there_once() -> None:
    assert {name: at for name, (at, _, _) in OPERATIONS.items()} == {
        name: fact["at"] for name, fact in FACTS["operations"].items()
    }


@pytest.mark.parametrize("name", FACTS["operations"])
def test_every_fact_of_the_page_is_in_it(name: str) -> None:
    fact = FACTS["operations"][name]
    _, operation, _ = OPERATIONS[name]
    assert operation["security"] == [{"PersonalApiKey": fact["scopes"]}]
    assert str(fact["status"]) in operation["responses"]
    assert states(parameters(name, "path")["project_id"]["schema"], FACTS["shared"]["project_id"])
    query = parameters(name, "query")
    for wanted, kind in {**FACTS["shared"]["query"], **fact.get("query", {})}.items():
        schema = query[wanted]["schema"]
        assert states(schema, kind) or marked(schema, "type", query[wanted]), f"{wanted} is {kind} on the page"
    fields = body(name)
    for wanted, kind in fact.get("body", {}).items():
        assert states(fields[wanted], kind) or marked(fields[wanted], "type"), f"{wanted} is {kind} on the page"
    for wanted in fact.get("deprecated", []):
        assert fields[wanted]["deprecated"] is True
    for wanted, value in fact.get("defaults", {}).items():
        assert resolve(fields[wanted])["default"] == value
    for wanted in fact.get("untrue_defaults", {}):
        assert "default" not in resolve(fields[wanted])
        assert resolve(fields[wanted])["x-evidence"]["default"]["page"] == fact["untrue_defaults"][wanted]
    for path, kind in fact.get("answer", {}).items():
        schema = resolve(operation["responses"]["200"])["content"]["application/json"]["schema"]
        for part in path.replace("[]", ".[]").split("."):
            schema = resolve(schema)
            schema = schema["items"] if part == "[]" else schema["properties"][part]
        assert states(schema, kind) or marked(schema, "type"), f"{path} is {kind} on the page"


def test_only_true_defaults_are_declared() -> None:
    """The page states three; two of the activity log's are marked. Examples of a sampler are never defaults."""
    declared = {(path[-1], str(node["default"])) for path, node in nodes(CONTRACT["components"]) if "default" in node}
    assert declared == {
        ("DateFrom", "-7d"),
        ("Display", "ActionsLineGraph"),
        ("BreakdownType", "event"),
        ("Interval", "day"),
    }
    assert marked(CONTRACT["components"]["schemas"]["Interval"], "default")
    for parameter in parameters("listPersonActivity", "query").values():
        assert (
            "default" not in resolve(parameter["schema"])
            or marked(parameter, "default")
            or parameter["name"] == "format"
        )


def named(name: str) -> set[str]:
    return set(body(name)) | set(parameters(name, "query"))


@pytest.mark.parametrize("name", FACTS["operations"])
def test_what_the_page_does_not_name_is_marked(name: str) -> None:
    fact = FACTS["operations"][name]
    stated = {*FACTS["shared"]["query"], *fact.get("query", {}), *fact.get("body", {})}
    for extra in named(name) - stated:
        query = parameters(name, "query")
        node = query[extra] if extra in query else body(name)[extra]
        assert marked(node, "this"), f"{name}: {extra} is not on the page and has no mark"
    answers = {status for status in OPERATIONS[name][1]["responses"] if status != str(fact["status"])}
    for status in answers:
        response = OPERATIONS[name][1]["responses"][status]
        shared = any(each["status"] == int(status) for each in FACTS["operations"].values())
        assert marked(response, "this") or shared, f"{name}: {status} is not on the page and has no mark"
    stated_fields = {path.split(".")[-1].replace("[]", "") for path in fact.get("answer", {})}
    stated_fields |= {part.replace("[]", "") for path in fact.get("answer", {}) for part in path.split(".")}
    response = resolve(OPERATIONS[name][1]["responses"].get("200", {}))
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None and "answer" in fact:
        for field, node in resolve(schema)["properties"].items():
            assert field in stated_fields or marked(node, "this"), f"{name}: {field} is not on the page and has no mark"


# ------------------------------------------------------------------------------------------------------- evidence


def marks() -> Iterator[tuple[str, dict[str, Any], str, dict[str, Any]]]:
    for path, node in nodes(CONTRACT):
        for keyword, mark in node.get("x-evidence", {}).items():
            yield "/".join(path), node, keyword, mark


def test_every_mark_says_where_it_comes_from() -> None:
    count = 0
    for where, node, keyword, mark in marks():
        count += 1
        assert mark["basis"] in ("stated", "inferred", "external"), where
        assert mark.keys() <= {"basis", "source", "page", "note"}, where
        if mark["basis"] == "external":
            assert mark["source"] in CONTRACT["x-evidence-sources"], where
        # A mark for a keyword that is not there marks an absence, and then says what the page has in its place.
        assert keyword == "this" or keyword in node or "page" in mark, f"{where}: a mark with no fact: {keyword}"
    assert count > 100


def test_every_source_is_used() -> None:
    used = {mark.get("source") for _, _, _, mark in marks()} | {"page"}
    assert used >= CONTRACT["x-evidence-sources"].keys()


def test_what_the_page_gets_wrong_is_marked() -> None:
    """The departures that cost data or break clients, each on its spot."""
    schemas, responses = CONTRACT["components"]["schemas"], CONTRACT["components"]["responses"]
    assert "202" in OPERATIONS["deletePerson"][1]["responses"]
    assert "202" in OPERATIONS["updatePerson"][1]["responses"]
    assert "201" in OPERATIONS["deletePersonProperty"][1]["responses"]
    assert "201" in OPERATIONS["recordInsightTiming"][1]["responses"]
    for name in ("Accepted", "PropertyDeleted", "TimingRecorded"):
        assert responses[name]["x-evidence"]["this"]["page"]
    delete_events = parameters("deletePerson", "query")["delete_events"]
    assert "description" in delete_events["x-evidence"]
    assert "this" in schemas["PropertyDeletion"]["properties"]["$unset"]["x-evidence"]
    assert schemas["Person"]["properties"]["id"]["x-evidence"]["type"]["page"] == "integer"
    assert parameters("getPerson", "path")["id"]["schema"]["x-evidence"]["type"]["page"] == "integer"
    assert "count" not in schemas["PersonPage"]["required"]
    assert schemas["DateTo"]["x-evidence"]["default"]["page"] == "-7d"
    assert parameters("listPersons", "query")["properties"]["schema"]["x-evidence"]["type"]["page"] == "array"
    for name in ("recordInsightTiming", "getPersonPropertiesTimeline"):
        assert "403" in OPERATIONS[name][1]["description"]

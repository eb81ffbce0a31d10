"""The copy of the contract that the generator is given, and what of a contract the generator would get wrong.

The copy has no defaults (they would be sent), no `format: uuid` (slow, and stricter than servers are), and of responses
only successes, each with its JSON alone: so errors and pages of HTML parse to None, and enumerations of answers stay
open. It says of each schema whether requests alone have it (`x-request-only`), and whether it comes in rows
(`x-in-rows`), which the template of records asks for.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["TABLE", "operations", "parameters_of", "reduced", "refusals"]

Node = dict[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PLAIN: Final = frozenset({"string", "integer", "number", "boolean", "enum"})
_TIMES: Final = frozenset({"date", "date-time"})
_ITEMS: Final = _PLAIN | _TIMES

TABLE: Final[Mapping[str, frozenset[str]]] = {
    "query": _PLAIN | _TIMES | {"plain or null", "one of several plain"} | {f"array of {item}" for item in _ITEMS},
    "path": _PLAIN | _TIMES,
    "header": _PLAIN,
}
"""The kinds of parameters that the generator gets right, by place; tests/contract/test_parameters.py tries each."""

_STYLES: Final = {"query": "form", "path": "simple", "header": "simple"}
_SET_ELSEWHERE: Final = frozenset({"accept", "content-type", "authorization"})
_LOST: Final = {"callbacks": "callbacks", "servers": "servers of one operation", "security": "security"}
_WITHIN: Final = ("items", "additionalProperties", "not", "contains", "propertyNames")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS: Final = ("properties", "patternProperties", "$defs", "dependentSchemas")


def resolve(contract: Node, node: Any) -> Node:
    """Follow `$ref`s within the contract."""
    seen = 0
    while isinstance(node, dict) and "$ref" in node and seen < 100:
        seen += 1
        found: Any = contract
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        node = found
    return node if isinstance(node, dict) else {}


def operations(contract: Node) -> Iterator[tuple[str, Node, Node]]:
    """Yield each operation: its name, what its path has in common, and itself."""
    for path, item in (contract.get("paths") or {}).items():
        for method in METHODS:
            if method in item:
                yield item[method].get("operationId") or f"{method} {path}", item, item[method]


def parameters_of(contract: Node, item: Node, operation: Node) -> list[Node]:
    """Return the parameters of an operation, those of its path included."""
    found: dict[tuple[Any, Any], Node] = {}
    for each in (*item.get("parameters", []), *operation.get("parameters", [])):
        parameter = resolve(contract, each)
        found[parameter.get("in"), parameter.get("name")] = parameter
    return list(found.values())


# ------------------------------------------------------------------------------------------------ what is refused


def refusals(contract: Node) -> list[str]:
    """Name each thing in a contract that the generator would lose, or get wrong, in silence."""
    lines = []
    if contract.get("security"):
        lines.append("the contract: the generator ignores security at the top; write it at each operation")
    if contract.get("webhooks"):
        lines.append("the contract: the generator ignores webhooks")
    lines += [f"{where}: the generator ignores discriminators" for where in _discriminators(contract)]
    names: dict[str, str] = {}
    for name, item, operation in operations(contract):
        twin = names.setdefault(_snake_case(name), name)
        if twin is not name:
            lines.append(f"{name}: it becomes the same module as {twin}, and one would overwrite the other")
        lines += [f"{name}: {problem}" for problem in _of_operation(contract, item, operation)]
    return lines


def _of_operation(contract: Node, item: Node, operation: Node) -> Iterator[str]:
    for key, what in _LOST.items():
        if key != "security" and (operation.get(key) or item.get(key)):
            yield f"the generator ignores {what}"
    names: dict[str, str] = {"client": "the client", "body": "the body"}
    for parameter in parameters_of(contract, item, operation):
        name = str(parameter.get("name"))
        other = names.setdefault(_snake_case(name), name)
        if other is not name:
            yield f"parameter {name}: it has the name of {other} in Python"
        problem = _of_parameter(contract, parameter)
        if problem:
            yield f"parameter {name}: {problem}"
    body = resolve(contract, operation.get("requestBody") or {})
    for kind in body.get("content", {}):
        if kind != "application/json":
            yield f"a body of type {kind}: only application/json is tried"
    for status, response in operation.get("responses", {}).items():
        for problem in _of_response(contract, resolve(contract, response)) if str(status).startswith("2") else ():
            yield f"response {status}: {problem}"


def _of_parameter(contract: Node, parameter: Node) -> str | None:
    place = str(parameter.get("in"))
    if place not in TABLE:
        return f"parameters in {place} are not tried"
    if "schema" not in parameter:
        return "the generator drops what has content: instead of a schema"
    style = parameter.get("style", _STYLES[place])
    if style != _STYLES[place]:
        return f"the generator ignores style: {style}"
    if parameter.get("allowReserved"):
        return "the generator ignores allowReserved"
    if place == "header" and str(parameter.get("name")).lower() in _SET_ELSEWHERE:
        return "OpenAPI ignores a parameter for this header"
    kind = _kind(contract, parameter["schema"])
    if kind not in TABLE[place]:
        return f"{kind} in {place} is not among the kinds that the generator gets right"
    if kind.startswith("array") and parameter.get("explode", True) is False:
        return "the generator ignores explode: false"
    return None


def _kind(contract: Node, schema: Any) -> str:
    """Name the kind of a parameter's schema."""
    schema = resolve(contract, schema)
    if any(key in schema for key in (*_LISTS, "const", "not")):
        return "a choice, a combination or a constant"
    types = schema.get("type")
    names = list(types) if isinstance(types, list) else [types]
    rest = [name for name in names if name != "null"]
    if len(rest) > 1:
        plain = not {"array", "object"}.intersection(rest) and "enum" not in schema and "format" not in schema
        return "one of several plain" if plain else "one of several that are not plain"
    if not rest or rest[0] is None:
        return "a value of any type"
    kind = _kind_of_one(contract, schema, str(rest[0]))
    if len(rest) == len(names):
        return kind
    return "plain or null" if kind in _PLAIN - {"enum"} else f"{kind} or null"


def _kind_of_one(contract: Node, schema: Node, name: str) -> str:
    if "enum" in schema:
        alike = {"string": str, "integer": int}.get(name)
        return "enum" if alike and all(type(value) is alike for value in schema["enum"]) else "a mixed enum"
    if name == "array":
        return f"array of {_kind(contract, schema.get('items', {}))}"
    if name == "string" and schema.get("format") in ("date", "date-time", "binary", "byte"):
        return str(schema["format"])
    return name


def _of_response(contract: Node, response: Node) -> Iterator[str]:
    kinds = list(response.get("content") or {})
    json = [kind for kind in kinds if _is_json(kind)]
    others = [kind for kind in kinds if not _is_json(kind) and kind != "text/csv"]
    if len(json) > 1:
        yield f"of {' and '.join(json)} the generator takes the first"
    if others or (kinds and not json):
        yield f"a body of type {', '.join(others or kinds)} is not tried"
    for kind in json:
        schema = resolve(contract, response["content"][kind].get("schema") or {})
        if "oneOf" in schema or "anyOf" in schema:
            yield "the generator takes the first branch of a choice; make it a property of an object"


def _is_json(kind: str) -> bool:
    essence = kind.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def _discriminators(contract: Node) -> Iterator[str]:
    for name, schema in contract.get("components", {}).get("schemas", {}).items():
        if any("discriminator" in each for each in _within(schema)):
            yield f"schema {name}"
    for name, _, operation in operations(contract):
        if any("discriminator" in each for root in _roots(operation) for each in _within(root)):
            yield name


def _snake_case(name: str) -> str:
    """Write a name as the generator names a module or an argument."""
    words = re.findall(r"[A-Z\d]+(?=[A-Z][a-z]|\W|_|$)|[A-Z]?[a-z\d]+|[A-Z\d]+", name)
    return "_".join(word.lower() for word in words)


# ------------------------------------------------------------------------------------------------ the copy


def reduced(contract: Node) -> Node:
    """Return the copy."""
    found: Node = copy.deepcopy(contract)
    schemas: Node = found.get("components", {}).get("schemas", {})
    _mark(found, schemas)
    roots = [*schemas.values(), *_roots(found.get("components", {}))]
    for _, item, operation in operations(found):
        roots += [*_roots({"parameters": item.get("parameters", [])}), *_roots(operation)]
    for root in roots:
        for schema in _within(root):
            schema.pop("default", None)
            if schema.get("format") == "uuid":
                del schema["format"]
    for _, _, operation in operations(found):
        # The generated functions take any client, for the key may be added below it.
        operation.pop("security", None)
        successes = {status: each for status, each in operation["responses"].items() if str(status).startswith("2")}
        operation["responses"] = {status: _json_alone(resolve(found, each)) for status, each in successes.items()}
    return found


def _json_alone(response: Node) -> Node:
    content = response.get("content") or {}
    kept = {kind: each for kind, each in content.items() if _is_json(kind)}
    return {**response, "content": kept} if content else response


def _mark(contract: Node, schemas: Node) -> None:
    """Say of each schema whether requests alone have it, and whether it comes in rows."""
    answers: list[Any] = []
    for _, _, operation in operations(contract):
        answers += [resolve(contract, each) for each in operation.get("responses", {}).values()]
    reached: set[str] = set()
    waiting = [name for answer in answers for root in _roots(answer) for name in _named(root)]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in schemas:
            reached.add(name)
            waiting += _named(schemas[name])
    for name in schemas.keys() - reached:
        for each in _within(schemas[name]):
            each["x-request-only"] = True
    for root in (root for answer in answers for root in _roots(answer)):
        for each in (resolve(contract, root).get("properties") or {}).values():
            if isinstance(each.get("items"), dict) and "$ref" in each["items"]:
                resolve(contract, each["items"])["x-in-rows"] = True


def _named(root: Any) -> list[str]:
    """Return the names of the components that a schema refers to."""
    return [str(each["$ref"]).rpartition("/")[2] for each in _within(root) if "$ref" in each]


def _roots(node: Any) -> Iterator[Any]:
    """Yield the schemas of parameters, headers and bodies below a node that is no schema."""
    if isinstance(node, list):
        for each in node:
            yield from _roots(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            elif key not in ("schemas", "example", "examples") and not str(key).startswith("x-"):
                yield from _roots(value)


def _within(schema: Any) -> Iterator[Node]:
    """Yield a schema and those written down within it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for key in _WITHIN:
        yield from _within(schema.get(key))
    for key in _LISTS:
        for each in schema.get(key) or ():
            yield from _within(each)
    for key in _MAPS:
        for each in (schema.get(key) or {}).values():
            yield from _within(each)

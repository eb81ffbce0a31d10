"""Says a contract of OpenAPI 3.1 in the words of 3.0, for tools that read that alone.

Both describe the same wire. What 3.0 has no word for is said in its own way (`nullable`), or kept as an extension:
types with several kinds stand under `x-types`, scopes of a key under `x-scopes`, `contentMediaType` likewise.
"""

from __future__ import annotations

from typing import Any


def downgrade(contract: dict[str, Any]) -> dict[str, Any]:
    """Return a contract of OpenAPI 3.1 as one of 3.0.3."""
    found = {**contract, "openapi": "3.0.3", "info": {**contract["info"]}}
    summary = found["info"].pop("summary", None)
    if summary:
        found["info"]["x-summary"] = summary
    licence = dict(found["info"]["license"])
    found["info"]["license"] = {"name": licence["name"], "x-identifier": licence["identifier"]}
    walked = _walk(found)
    assert isinstance(walked, dict)
    for item in walked["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "security" in operation:
                _scopes(operation)
    return walked


def _walk(node: Any) -> Any:
    if isinstance(node, list):
        return [_walk(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"]}  # 3.0 allows nothing beside it
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "type" and isinstance(value, list):
            found |= _kinds(value)
        elif key == "contentMediaType":
            found["x-contentMediaType"] = value
        elif key in ("example", "value", "x-evidence"):
            found[key] = value  # data, not a schema
        else:
            found[key] = _walk(value)
    return found


def _kinds(kinds: list[str]) -> dict[str, Any]:
    some = [kind for kind in kinds if kind != "null"]
    # 3.0 knows one type or none; none takes anything, and `nullable` needs a type beside it.
    single: dict[str, Any] = {"type": some[0]} if len(some) == 1 else {"x-types": some}
    return single | ({"nullable": True} if "null" in kinds and len(some) == 1 else {})


def _scopes(operation: dict[str, Any]) -> None:
    """Move scopes out of `security`, where 3.0 allows them for OAuth alone."""
    scopes = [scope for each in operation["security"] for some in each.values() for scope in some]
    operation["security"] = [{name: [] for name in each} for each in operation["security"]]
    if scopes:
        operation["x-scopes"] = scopes

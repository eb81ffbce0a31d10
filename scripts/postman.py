"""Writes the contract as a Postman collection (v2.1), which Bruno, Insomnia and Hoppscotch read as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from samples import Sample, calls, example

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VARIABLES: Final[Mapping[str, str]] = {
    "host": "https://us.posthog.com",
    "project_id": "12345",
    "api_key": "",
}
"""What a user fills in once; what else stands in a path is a variable of the request."""


def collection(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return a collection with a folder for each tag."""
    found = list(calls(contract))
    folders = [
        {
            "name": tag["name"],
            "description": tag["description"],
            "item": [_request(call) for call in found if tag["name"] in call.operation["tags"]],
        }
        for tag in contract["tags"]
    ]
    info = contract["info"]
    return {
        "info": {
            "name": info["title"],
            "description": info["description"],
            "version": info["version"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{api_key}}", "type": "string"}]},
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in VARIABLES.items()],
        "item": folders,
    }


def _request(call: Sample) -> dict[str, Any]:
    path = call.path.replace("{project_id}", "{{project_id}}").replace("{id}", ":id").strip("/")
    query = [_parameter(each, call) for each in call.parameters if each["in"] == "query"]
    own = [each for each in call.parameters if each["in"] == "path" and each["name"] != "project_id"]
    variables = [{"key": each["name"], "value": example(each), "description": each["description"]} for each in own]
    # A raw URL shows what is sent; the parts beside it hold the rest.
    sent = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    request: dict[str, Any] = {
        "method": call.method,
        "description": call.operation["description"],
        "header": [],
        "url": {
            "raw": f"{{{{host}}}}/{path}/" + (f"?{sent}" if sent else ""),
            "host": ["{{host}}"],
            "path": [*path.split("/"), ""],
            "query": query,
            "variable": variables,
        },
    }
    if call.body is not None:
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {"mode": "raw", "raw": json.dumps(call.body, indent=2, ensure_ascii=False)}
    return {"name": call.operation["summary"], "request": request}


def _parameter(parameter: Mapping[str, Any], call: Sample) -> dict[str, Any]:
    name = parameter["name"]
    found = {"key": name, "value": example(parameter), "description": parameter["description"]}
    return {**found, "disabled": name not in call.query}

"""Writes the contract as a page of Markdown, and as `llms.txt`, which a model starts from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from samples import Sample, calls, curl, python, resolved

PREFIX: Final = "/api/environments/{project_id}/"
HEAD: Final = "<!-- Written by scripts/forms.py from openapi.yaml; `make generate` writes it anew. -->\n"


def reference(contract: Mapping[str, Any]) -> str:
    """Return the whole contract as Markdown."""
    info = contract["info"]
    found = list(calls(contract))
    lines = [HEAD, f"# {info['title']} {info['version']}\n", info["description"]]
    lines += [scheme["description"] for scheme in contract["components"]["securitySchemes"].values()]
    for tag in contract["tags"]:
        lines.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}\n")
        for call in found:
            if tag["name"] in call.operation["tags"]:
                lines += _operation(contract, call)
    lines.append("## Schemas\n")
    for name, schema in contract["components"]["schemas"].items():
        lines += _schema(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def llms(contract: Mapping[str, Any]) -> str:
    """Return what a model needs to know first, with links to the rest."""
    info = contract["info"]
    head = f"""\
# {info["title"]}

> {info["summary"]} OpenAPI contract {info["version"]}, with a Python client (`posthog-environments`, command `phenv`)
> and a local sandbox. Not affiliated with PostHog.

{info["description"]}
Requests have the header `Authorization: Bearer <personal API key>`. Lists come in pages: follow `next` until it is
null. Never reject an unknown field, or a value that `x-extensible-enum` does not list.

## Operations
"""
    operations = [
        f"- `{call.method} {call.path}` (`{call.name}`): {call.operation['summary']}{_end(call)}"
        for call in calls(contract)
    ]
    links = (
        ("reference.md", "every operation, parameter, answer and schema, with samples in curl and Python"),
        ("openapi.yaml", "OpenAPI 3.1, with the source of each fact in `x-evidence`"),
        ("openapi-projects.yaml", f"the same under `{PREFIX.replace('environments', 'projects')}`"),
        ("openapi-3.0.yaml", "the same for tools of OpenAPI 3.0"),
        ("json-schema.json", "JSON Schema (draft 2020-12) of each component"),
        ("types.ts", "TypeScript types"),
        ("arazzo.yaml", "workflows of several calls"),
    )
    files = ["\n## Files\n", *(f"- [{name}]({name}): {text}" for name, text in links)]
    return "\n".join([head, *operations, *files]) + "\n"


def _end(call: Sample) -> str:
    """Say when the vendor has removed an operation."""
    return f" (removed by the vendor on {call.operation['x-sunset']})" if "x-sunset" in call.operation else ""


def _operation(contract: Mapping[str, Any], call: Sample) -> Iterator[str]:
    scopes = [scope for each in call.operation["security"] for some in each.values() for scope in some]
    yield f"### {call.operation['summary']}\n\n`{call.method} {call.path}` · `{call.name}`{_end(call)}\n"
    yield call.operation["description"].rstrip() + "\n"
    yield f"Scope of the key: {', '.join(f'`{each}`' for each in scopes) or 'none named'}.\n"
    yield "| parameter | in | type | meaning |\n|---|---|---|---|"
    for each in call.parameters:
        demanded = " (required)" if each.get("required") else ""
        yield f"| `{each['name']}` | {each['in']}{demanded} | {_type(each['schema'])} | {_cell(each['description'])} |"
    if "requestBody" in call.operation:
        schema = call.operation["requestBody"]["content"]["application/json"]["schema"]
        yield f"\nBody: {_type(schema)}\n"
    yield f"\n```sh\n{curl(call)}```\n\n```python\n{python(call)}```\n"
    yield "| status | body | meaning |\n|---|---|---|"
    for status, node in call.operation["responses"].items():
        response = resolved(contract, node)
        bodies = [f"{kind}: {_type(media['schema'])}" for kind, media in response.get("content", {}).items()]
        yield f"| {status} | {', '.join(bodies)} | {_cell(response['description'])} |"
    yield ""


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    yield f"{_type(schema)}. {schema.get('description', '').rstrip()}\n"
    if "x-extensible-enum" in schema:
        yield f"Known today: {_values(schema['x-extensible-enum'])}.\n"
    if "properties" in schema:
        yield "| field | type | meaning |\n|---|---|---|"
        needed = schema.get("required", [])
        for field, node in schema["properties"].items():
            known = f" Known today: {_values(node['x-extensible-enum'])}." if "x-extensible-enum" in node else ""
            demanded = " (required)" if field in needed else ""
            yield f"| `{field}`{demanded} | {_type(node)} | {_cell(node.get('description', '') + known)} |"
        yield ""


def _type(schema: Mapping[str, Any]) -> str:
    """Say in a word or two what a schema takes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return f"one of {_values(schema['enum'])}"
    kinds = schema.get("type", schema.get("x-holds", "anything"))
    if kinds == "array":
        return f"list of {_type(schema['items'])}"
    return " or ".join([kinds] if isinstance(kinds, str) else kinds)


def _values(values: list[Any]) -> str:
    return ", ".join(f"`{each if isinstance(each, str) else json.dumps(each)}`" for each in values)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

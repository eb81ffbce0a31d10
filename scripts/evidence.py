"""Writes docs/evidence.md: each fact of the contract, with where it comes from; `--check` only compares.

A fact is what a program or a reader takes from the contract: operations, scopes, parameters, fields, types, formats,
values, limits, defaults, statuses, media types, headers, explanations. Our own are names of operations and components,
summaries, examples, and captions: the few words that say what a schema or an answer is. A fact without a mark is stated
by the vendor's page; tests/contract/test_evidence.py holds that against a page.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import generated_page
from drift import CONTRACT, Contract, Located

PAGE: Final = CONTRACT.parent / "docs" / "evidence.md"
CASES: Final = Path(__file__).with_name("evidence_cases.toml")
RECORDED: Final = CONTRACT.parent / "tests" / "sandbox" / "recorded" / "exchanges.jsonl.gz"
STATES: Final = {
    "type", "format", "enum", "default", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "const", "nullable",
    "readOnly", "writeOnly", "deprecated", "additionalProperties", "contentMediaType", "contentEncoding", "x-holds",
    "x-extensible-enum", "anyOf", "maxProperties",
}  # fmt: skip
"""Keywords of a schema that state something. Others are our own words, or carry schemas, which are walked."""
SILENT: Final = {"$ref", "description", "properties", "items", "x-evidence", "example", "examples"}
OF_OPERATIONS: Final = {"x-sunset", "x-successor", "x-audience"}
"""What an operation states in words of ours: when it ended, where it went, and for whom it is."""
CAPTION: Final = 10
"""Words that a description of a schema or an answer may have and still be no more than its name."""

CONTRADICTED: Final = """Each statement of the vendor's page that servers contradict, and what PostHog's own server was
seen to answer: the [recorded answers](how-true.md) of its source of November 2023, by their ids. The contract says what
servers do, and is held against these answers by the tests."""
WORDS: Final = """`this` is the thing itself, and what is in it unless it is listed. Names of operations and components,
summaries, captions and examples are our own."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: where, on which object, and the mark on it, on its object or around it. `this` is the object itself."""

    where: str
    keyword: str
    node: Located
    mark: Mapping[str, Any] | None
    line: int


class Walk:
    """All facts of a contract, and all objects that were seen on the way."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.facts: list[Fact] = []
        self.seen: dict[int, tuple[str, Located]] = {}
        root = contract.root
        self._add("info", root["info"], "this", None)
        for node in root["servers"]:
            self._add(f"server {node['url']}", node, "this", None)
        for path, item in root["paths"].items():
            for node in item["parameters"]:
                self._parameter(path, node, None)
        for _, _, _, node in contract.operations():
            self._operation(node)
        for name, node in root["components"]["securitySchemes"].items():
            self._keywords(name, node, None, {"type", "scheme", "description"})
        for kind in ("parameters", "headers"):
            for name, node in root["components"][kind].items():
                self._parameter(f"{kind.removesuffix('s')} {name}", node, None)
        for name, node in root["components"]["responses"].items():
            self._response(f"answer {name}", node)
        for name, node in root["components"]["schemas"].items():
            self._schema(name, node, None, named=True)

    def _add(self, where: str, node: Located, keyword: str, around: Mapping[str, Any] | None) -> None:
        self.seen[id(node)] = (where, node)
        marks = node.get("x-evidence", {})
        mark = marks.get(keyword) or marks.get("this") or around
        self.facts.append(Fact(where, keyword, node, mark, node.lines.get(keyword, node.line)))

    def _keywords(self, where: str, node: Located, around: Mapping[str, Any] | None, names: set[str]) -> Any:
        """Add the keywords that state something; return the mark that covers what is inside."""
        self.seen[id(node)] = (where, node)
        for keyword in (name for name in node if name in names):
            self._add(where, node, keyword, around)
        return node.get("x-evidence", {}).get("this") or around

    def _resolved(self, node: Located) -> Located:
        return self._contract.resolve(node["$ref"]) if "$ref" in node else node

    def _parameter(self, where: str, node: Located, around: Mapping[str, Any] | None) -> None:
        if "$ref" in node:
            return
        where = f"{where}, {node['in']} {node['name']}" if "in" in node else where
        self._add(where, node, "this", around)
        inside = self._keywords(where, node, around, {"description", "required", "deprecated", "style", "explode"})
        self._schema(where, node["schema"], inside)

    def _operation(self, node: Located) -> None:
        name = str(node["operationId"])
        around = self._keywords(name, node, None, {"description", "deprecated", "security", *OF_OPERATIONS})
        for each in node.get("parameters", []):
            if "$ref" in each:
                target = self._resolved(each)
                self._add(f"{name}, {target['in']} {target['name']}", target, "this", None)
            else:
                self._parameter(name, each, around)
        if "requestBody" in node:
            body = node["requestBody"]
            inside = self._keywords(f"{name}, body", body, around, {"required", "description"})
            self._content(f"{name}, body", body, inside)
        for status, reference in node["responses"].items():
            self._add(f"{name}, status {status}", self._resolved(reference), "this", None)

    def _response(self, where: str, node: Located) -> None:
        names = set() if _caption(node["description"]) else {"description"}
        around = self._keywords(where, node, None, names)
        for name, reference in node.get("headers", {}).items():
            self._add(f"{where}, header {name}", self._resolved(reference), "this", None)
        self._content(where, node, around)

    def _content(self, where: str, node: Located, around: Mapping[str, Any] | None) -> None:
        for kind, media in node.get("content", {}).items():
            inside = media.get("x-evidence", {}).get("this") or around
            self._add(f"{where}, {kind}", media, "this", inside or node.get("x-evidence", {}).get("content"))
            self._schema(f"{where}, {kind}", media["schema"], inside)

    def _schema(self, where: str, node: Located, around: Mapping[str, Any] | None, *, named: bool = False) -> None:
        unknown = node.keys() - STATES - SILENT
        if unknown:
            raise ValueError(f"{where}: nobody knows whether {', '.join(sorted(unknown))} states something")
        if "$ref" in node:
            self.seen[id(node)] = (where, node)
            return
        names = STATES if named and _caption(node.get("description", "")) else STATES | {"description"}
        inside = self._keywords(where, node, around, names)
        for name, field in node.get("properties", {}).items():
            self._add(f"{where}.{name}", field, "this", inside)
            self._schema(f"{where}.{name}", field, inside)
        if "items" in node:
            marks = node["items"].get("x-evidence", {})
            own = node.get("x-evidence", {}).get("items")
            self._add(f"{where}[]", node["items"], "this", inside or own or next(iter(marks.values()), None))
            self._schema(f"{where}[]", node["items"], inside)


def _caption(text: str) -> bool:
    return len(text.split()) <= CAPTION


def cases() -> list[dict[str, Any]]:
    """Return the cases in which the vendor's page and the servers disagree."""
    found: list[dict[str, Any]] = tomllib.loads(CASES.read_text("utf-8"))["case"]
    return found


def observed(case: Mapping[str, Any], recorded: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what a server was asked in a case, and what of its answer shows it."""
    if "unseen" in case:
        return f"Known from the source alone. {case['unseen']}"
    request, answer = recorded[case["recorded"]]["request"], recorded[case["recorded"]]["answer"]
    query = "&".join(f"{name}={unquote(value)}" for name, value in request["query"])
    asked = f"{request['method']} {request['path'].split('/', 4)[4]}{'?' * bool(query)}{query}"
    sent = f" with {_code(json.dumps(request['body'], ensure_ascii=False))}" if request.get("body") else ""
    shown = ""
    if case.get("keys"):
        shown = f", with the fields {', '.join(map(_code, answer['body']))}"
    elif "show" in case:
        shown = (
            f", {_code(case['show'])} is {_code(json.dumps(_part(answer['body'], case['show']), ensure_ascii=False))}"
        )
    elif "body" not in answer and not answer.get("text"):
        shown = ", no body"
    return f"{_code(asked)}{sent} → {answer['status']}{shown} ({case['recorded']})"


def _part(body: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]]+", path):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def _code(text: str) -> str:
    return f"`{text}`"


def _contradictions() -> Iterator[str]:
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        recorded = {line["id"]: line for line in map(json.loads, lines)}
    yield "| the page says | servers | observed | facts |"
    yield "|---|---|---|---|"
    for case in cases():
        facts = ", ".join(_code(mark) for mark in case["marks"])
        cells = (case["page"], case["servers"], observed(case, recorded), facts)
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def page(contract: Contract) -> str:
    """Return the table of all facts."""
    facts = sorted(Walk(contract).facts, key=lambda fact: fact.line)
    bases = Counter(_basis(fact) for fact in facts)
    sources = contract.root["x-evidence-sources"]
    counts = (
        f"Of the {len(facts)} facts of [the contract](../openapi.yaml) the vendor's page states {bases['stated']};"
        f" {bases['external']} are known from elsewhere, and {bases['inferred']} inferred."
    )
    lines = [
        "# Where each fact comes from",
        "",
        "<!-- Written by scripts/evidence.py from openapi.yaml; `make generate` writes it anew. -->",
        "",
        counts,
        "",
        "| source | what it is | facts |",
        "|---|---|---|",
    ]
    used = Counter(str(fact.mark.get("source", "")) for fact in facts if fact.mark)
    used["page"] = bases["stated"]
    lines += [f"| {name} | {_cell(text)} | {used[name]} |" for name, text in sources.items()]
    lines += [
        "",
        "## What the page says otherwise",
        "",
        CONTRADICTED,
        "",
        "::::{div} filtered",
        *_contradictions(),
        "",
        "::::",
        "",
        "## All facts",
        "",
        WORDS,
        "",
        "::::{div} filtered",
        "| line | where | fact | basis | source | the page has | why |",
        "|---|---|---|---|---|---|---|",
    ]
    for fact in facts:
        mark = fact.mark or {}
        cells = (fact.where, fact.keyword, _basis(fact), *(mark.get(key, "") for key in ("source", "page", "note")))
        lines.append(f"| {fact.line} | " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join([*lines, "", "::::"]) + "\n"


def _basis(fact: Fact) -> str:
    return str(fact.mark["basis"]) if fact.mark else "stated"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(generated_page.main(__doc__, PAGE, page(Contract(CONTRACT.read_text("utf-8"))), "the contract"))

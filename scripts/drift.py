"""Holds openapi.yaml against a documentation page, in both directions, fact by fact.

Each difference is one line: where on the page, where in the contract, a verdict, and what differs. The verdicts are
“missing here” (on the page, not in the contract), “gone there” (in the contract, not on the page), “changed”, and
“explained”, where a mark of evidence says why the contract departs. Exit codes: 0 in step (all differences explained),
1 not in step, 2 the page cannot be read.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from docs_page import DocsPage, Field, PageError, PageOperation, read

CONTRACT: Final = Path(__file__).resolve().parents[1] / "openapi.yaml"
FORMATS: Final = ("date-time", "date", "uuid", "uri")


class Located(dict[str, Any]):
    """A mapping of the contract that knows the line of each of its keys."""

    lines: dict[str, int]
    line: int


class _Loader(yaml.SafeLoader):
    pass


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Located:
    found = Located()
    found.line = node.start_mark.line + 1
    found.lines = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node))
        found[key] = loader.construct_object(value_node, deep=True)
        found.lines[key] = key_node.start_mark.line + 1
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact on which page and contract differ."""

    page: int | None
    contract: int | None
    verdict: str
    where: str
    text: str

    def __str__(self) -> str:
        lines = f"page {self.page or '-'}, contract {self.contract or '-'}"
        return f"{lines}: {self.verdict}: {self.where}: {self.text}"


class Spot:
    """A place in the contract: the objects that say what it is, from the outermost in, with their marks."""

    def __init__(self, contract: Contract, *nodes: Located) -> None:
        self._contract = contract
        self.nodes: list[Located] = []
        for node in nodes:
            self.nodes.append(node)
            while "$ref" in self.nodes[-1]:
                self.nodes.append(contract.resolve(self.nodes[-1]["$ref"]))
            if "schema" in self.nodes[-1]:
                self.nodes += Spot(contract, self.nodes[-1]["schema"]).nodes

    @property
    def schema(self) -> Located:
        return self.nodes[-1]

    @property
    def line(self) -> int:
        return self.nodes[0].line

    def line_of(self, keyword: str) -> int:
        return next((node.lines[keyword] for node in reversed(self.nodes) if keyword in node.lines), self.line)

    def get(self, keyword: str) -> Any:
        return next((node[keyword] for node in self.nodes if keyword in node), None)

    def mark(self, *keywords: str) -> tuple[str, Mapping[str, Any]] | None:
        """Find a mark: on one of the keywords, or on the whole."""
        for keyword in (*keywords, "this"):
            for node in self.nodes:
                if keyword in node.get("x-evidence", {}):
                    return keyword, node["x-evidence"][keyword]
        return None

    @property
    def kinds(self) -> list[str]:
        kinds = self.schema.get("type", [])
        return [kinds] if isinstance(kinds, str) else list(kinds)


class Contract:
    """openapi.yaml, with line numbers."""

    def __init__(self, text: str) -> None:
        self.root: Located = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader, with lines

    def resolve(self, reference: str) -> Located:
        node: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert isinstance(node, Located)
        return node

    def operations(self) -> Iterator[tuple[str, str, Located, Located]]:
        for path, item in self.root["paths"].items():
            for method in ("get", "post", "patch", "put", "delete"):
                if method in item:
                    yield method.upper(), path, item, item[method]


class Comparison:
    """One operation of the contract against its first copy on the page."""

    def __init__(self, contract: Contract, path: str, item: Located, node: Located, page: PageOperation) -> None:
        self._contract = contract
        self._path = path
        self._item = item
        self._node = node
        self._page = page
        self._name = str(node["operationId"])
        # Which keywords of which objects of the contract the page has a word on; "this" for the object itself.
        self.stated: set[tuple[int, str]] = set()

    def differences(self) -> Iterator[Difference]:
        """Compare all; of an operation that breaks off what there is of it, and that may be less than there was."""
        yield from self._place()
        if self._page.scopes_line or self._page.whole:
            yield from self._scopes()
        yield from self._fields()
        if self._page.whole:
            yield from self._statuses()
            yield from self._answer()

    def _place(self) -> Iterator[Difference]:
        """Compare where the operation is, and whether it is on its way out."""
        spot = Spot(self._contract, self._node)
        if self._page.path != self._path:
            mark = spot.mark("x-successor")
            text = f"is at {self._page.path} on the page, where x-successor says that it went"
            verdict = "changed" if mark is None else "explained"
            yield Difference(self._page.line, spot.line_of("x-successor"), verdict, self._name, text)
        there = "true" if self._page.deprecated else None
        here = "true" if self._node.get("deprecated") else None
        yield from self._judge("", self._page.line, spot, "deprecated", there, here)

    # Each part: what the page states, what the contract has, and whether a mark explains it.

    def _judge(self, where: str, line: int | None, spot: Spot, keyword: str, there: str | None,
               here: str | None) -> Iterator[Difference]:  # fmt: skip
        """Compare one keyword. A mark must say what the page has there; one that the page outlived is a difference."""
        if there is not None:
            self._say(spot, keyword)
        mark = spot.mark(keyword)
        at = spot.line_of(keyword)
        # What a mark says of the page holds for its own keyword.
        said = str(mark[1]["page"]) if mark and mark[0] == keyword and "page" in mark[1] else None
        if there == here:
            # A mark that quotes the page says that the two differ here.
            if mark and said is not None:
                text = f"{keyword} {there}, as here, but the mark says that the page has {said}"
                yield Difference(line, at, "changed", self._at(where), text)
            return
        text = f"{keyword} {there or 'nowhere'} on the page, {here or 'none'} here"
        # A mark explains more values than the page has; that one of the page's is not here it must say itself.
        listed = keyword.endswith("enum") and there is not None and here is not None
        lost = set(str(there).split("|")) - set(str(here).split("|")) if listed else set[str]()
        if mark is not None and lost and said is not None and _same(said, there):
            text = f"{keyword} has {', '.join(sorted(lost))} on the page, and not here"
            yield Difference(line, at, "changed", self._at(where), text)
        elif mark is not None and (said is None or _same(said, there)):
            yield Difference(line, at, "explained", self._at(where), f"{text} ({_because(mark[1])})")
        elif mark is not None:
            yield Difference(line, at, "changed", self._at(where), f"{text}; the mark says that the page has {said}")
        else:
            verdict = "missing here" if here is None else "gone there" if there is None else "changed"
            yield Difference(line, at, verdict, self._at(where), text)

    def _at(self, where: str) -> str:
        return f"{self._name}, {where}" if where else self._name

    def _say(self, spot: Spot, *keywords: str) -> None:
        self.stated |= {(id(node), keyword) for node in spot.nodes for keyword in keywords}

    def _scopes(self) -> Iterator[Difference]:
        here = [scope for each in self._node["security"] for scopes in each.values() for scope in scopes]
        spot = Spot(self._contract, self._node)
        line = self._page.scopes_line or self._page.line
        self._say(spot, "security")  # where the page names no scope, that is what it says
        if self._page.bearer:
            schemes = self._contract.root["components"]["securitySchemes"]
            for name in (name for each in self._node["security"] for name in each):
                self._say(Spot(self._contract, schemes[name]), "type", "scheme")
        yield from self._judge("", line, spot, "security", _text(self._page.scopes), _text(here))

    def _fields(self) -> Iterator[Difference]:
        here = self._spots()
        stated = list(self._page.fields.items())
        # Where it breaks off, the last one may have lost half of its name.
        for (place, name), found in stated if self._page.whole or self._page.method else stated[:-1]:
            where = f"{place} {name}"
            spot = here.pop((place, name), None)
            if spot is None:
                yield Difference(found.line, self._node.line, "missing here", self._at(where), "is not in the contract")
            else:
                yield from self._here(where, found, spot)
                yield from self._field(where, found, spot)
        for (place, name), spot in here.items() if self._page.whole else ():
            yield from self._elsewhere(f"{place} {name}", spot)

    def _spots(self) -> dict[tuple[str, str], Spot]:
        spots: dict[tuple[str, str], Spot] = {}
        for parameter in [*self._item.get("parameters", []), *self._node.get("parameters", [])]:
            spot = Spot(self._contract, parameter)
            spots[str(spot.get("in")), str(spot.get("name"))] = spot
        if "requestBody" in self._node:
            body = Spot(self._contract, self._node["requestBody"]["content"]["application/json"])
            self._say(body, "this", "type")
            for name, field in body.schema["properties"].items():
                spots["body", name] = Spot(self._contract, field)
        return spots

    def _here(self, where: str, found: Field, spot: Spot) -> Iterator[Difference]:
        """What the page states may not be marked as known from elsewhere."""
        self._say(spot, "this", "description" if found.prose else "this", "required" if where[:4] == "path" else "this")
        mark = spot.mark()
        if mark is not None and mark[1]["basis"] != "stated":
            text = f"is on the page, and marked as {_because(mark[1])}"
            yield Difference(found.line, spot.line, "changed", self._at(where), text)

    def _elsewhere(self, where: str, spot: Spot) -> Iterator[Difference]:
        """What the page does not name must be marked."""
        mark = spot.mark()
        if mark is None:
            yield Difference(None, spot.line, "gone there", self._at(where), "is not on the page, and has no mark")
        else:
            yield Difference(None, spot.line, "explained", self._at(where), f"not on the page ({_because(mark[1])})")

    def _field(self, where: str, found: Field, spot: Spot) -> Iterator[Difference]:
        enum = spot.get("enum") or spot.get("x-extensible-enum")
        # An example shows one value of many, and a list of values is one of texts.
        if not where.startswith("answer"):
            keyword = "x-extensible-enum" if spot.get("x-extensible-enum") else "enum"
            yield from self._judge(where, found.line, spot, keyword, _text(found.values), _text(enum))
            default = spot.get("default")
            here = None if default is None else str(default)
            yield from self._judge(where, found.line, spot, "default", found.default, here)
            there = "true" if found.deprecated else None
            here = "true" if spot.get("deprecated") else None
            yield from self._judge(where, found.line, spot, "deprecated", there, here)
        kind = found.kind or ("string" if found.values else None)
        base = "string" if kind in FORMATS else kind
        shape = spot.schema.get("x-holds")
        here = _text(spot.kinds)
        if not (kind is None and here is None) and not (kind == shape and here is None):
            yield from self._judge(where, found.line, spot, "type", base, here)
        if where.startswith("answer") and base == "string" and here is not None:
            there = kind if kind in FORMATS else None
            yield from self._judge(where, found.line, spot, "format", there, spot.schema.get("format"))

    def _statuses(self) -> Iterator[Difference]:
        page, responses = self._page, self._node["responses"]
        for status, node in responses.items():
            spot = Spot(self._contract, node)
            if status in page.others:
                self._say(spot, "this")
            elif status != page.status:
                yield from self._elsewhere(f"status {status}", spot)
            else:
                yield from self._status(status, spot)
        for status, line in {page.status: page.status_line, **page.others}.items():
            if status not in responses:
                at = self._node.lines["responses"]
                yield Difference(line, at, "missing here", self._at(f"status {status}"), "is not in the contract")

    def _status(self, status: str, spot: Spot) -> Iterator[Difference]:
        """Compare the answer that the page shows: is it there, does it have a body."""
        line, where = self._page.status_line, self._at(f"status {status}")
        self._say(spot, "this")
        there, here = self._page.has_body, "content" in spot.schema
        mark = spot.mark("content")
        said = str(mark[1].get("page", "")) if mark else ""
        # A mark may speak of one method alone, where others show the body: “No response body (GET)”.
        without = re.fullmatch(r"No response body(?: \((\w+)\))?", said)
        silent = without is not None and without[1] in (None, self._page.method)
        if mark is not None and without is None:
            text = f"is on the page, and the mark says that the page has {said or 'nothing'}"
            yield Difference(line, spot.line, "changed", where, text)
        elif there and silent:
            text = f"has a body on the page, and the mark says: {said}"
            yield Difference(line, spot.line, "changed", where, text)
        elif there != here:
            text = "a body on the page, none here" if there else "no body on the page, one here"
            if mark is not None and silent:
                yield Difference(line, spot.line, "explained", where, f"{text} ({_because(mark[1])})")
            else:
                yield Difference(line, spot.line, "missing here" if there else "changed", where, text)

    def _answer(self) -> Iterator[Difference]:
        response = self._node["responses"].get(self._page.status)
        if response is None or not self._page.answer:
            return
        spot = Spot(self._contract, response)
        if "content" not in spot.schema:
            return
        root = Spot(self._contract, spot.schema["content"]["application/json"])
        self._say(root, "this", "type")
        visited: dict[str, Spot] = {"": root}
        names: dict[str, set[str]] = {}
        for path, found in self._page.answer.items():
            node = self._walk(path, visited, names)
            if node is None:
                text = "is not in the contract"
                yield Difference(found.line, root.line, "missing here", self._at(f"answer {path}"), text)
            else:
                yield from self._here(f"answer {path}", found, node)
                yield from self._field(f"answer {path}", found, node)
        for parent, shown in names.items():
            for name, field in self._shape(parent, visited[parent]).schema.get("properties", {}).items():
                if name not in shown:
                    where = f"answer {parent}.{name}" if parent else f"answer {name}"
                    yield from self._elsewhere(where, Spot(self._contract, field))

    def _walk(self, path: str, visited: dict[str, Spot], names: dict[str, set[str]]) -> Spot | None:
        """Follow a path of the page through the schemas, and remember which fields of which object it shows."""
        at = ""
        for part in re.findall(r"\[\]|[^.\[\]]+", path):
            here = self._shape(at, visited[at])
            if part == "[]":
                at, node = f"{at}[]", here.schema.get("items")
            else:
                names.setdefault(at, set()).add(part)
                at, node = f"{at}.{part}" if at else part, here.schema.get("properties", {}).get(part)
            if node is None:
                return None
            if at not in visited:
                visited[at] = Spot(self._contract, node)
                self._say(visited[at], "this")
            # What the page shows with something inside is an array or an object there.
            if ("array" if part == "[]" else "object") in here.kinds:
                self._say(here, "type")
        return visited[at]

    def _shape(self, at: str, spot: Spot) -> Spot:
        """Return the alternative of a union that has most of what the page shows inside; what is no union is itself."""
        if "anyOf" not in spot.schema:
            return spot
        inside = [path.removeprefix(at) for path in self._page.answer if path.startswith((f"{at}[", f"{at}."))]
        shown = {re.split(r"[.\[]", path[1:])[0] for path in inside}
        options = [Spot(self._contract, option) for option in spot.schema["anyOf"]]
        return max(options, key=lambda option: len(shown & _inside(option.schema)))


def _inside(schema: Located) -> set[str]:
    """Return what a schema has inside, as a path of the page goes on: names, and `]` for items."""
    return set(schema.get("properties", {})) | ({"]"} if "items" in schema else set())


def _same(said: str, there: str | None) -> bool:
    """Tell whether a mark's word of the page holds: it may add in which copy, or name another place."""
    return (there is not None and (said == there or said.startswith(f"{there} ("))) or (
        there is None and (said.startswith("No ") or " " in said)
    )


def _because(mark: Mapping[str, Any]) -> str:
    return f"{mark['basis']}, {mark['source']}" if "source" in mark else str(mark["basis"])


def _text(values: list[str] | None) -> str | None:
    return "|".join(values) if values else None


Known = dict[tuple[str, str], tuple[str, Located, Located]]
"""Operations of the contract: by method and path, path, item and operation."""


def _known(contract: Contract) -> Known:
    """Return the operations of the contract, also by the place that each went to."""
    own: Known = {(method, path): (path, item, node) for method, path, item, node in contract.operations()}
    moved: Known = {
        (method, str(found[2]["x-successor"])): found for (method, _), found in own.items() if "x-successor" in found[2]
    }
    return moved | own


def compare(contract: Contract, page: DocsPage) -> Iterator[Difference]:
    """Yield each difference, the operations in the order of the page."""
    known = _known(contract)
    first = _first(page)
    for operation in page.operations:
        at = operation.method, operation.path
        if not operation.whole:
            yield from _cut(operation, page, contract, known)
        elif first[at] is not operation:
            yield from _copies(first[at], operation)
        elif at in known:
            path, item, node = known[at]
            yield from _announced(operation, node)
            yield from Comparison(contract, path, item, node, operation).differences()
        else:
            where = " ".join(at)
            yield Difference(operation.line, None, "missing here", where, "the contract has no such operation")
    described = {id(known[at][2]) for at in first if at in known}
    described |= {id(known[at][2]) for at in map(_place, page.operations) if at in known}
    lost = [operation for operation in page.operations if not operation.whole and _whole(operation, page) is None]
    for method, path, _, node in contract.operations():
        if id(node) not in described:
            yield _absent((method, path), node, lost)
    places = {_place(operation) for operation in page.operations}
    for listed, line in page.listed.items():
        if listed not in places:
            text = "the table at the top names it, and the page does not describe it"
            yield Difference(line, None, "changed", " ".join(listed), text)


def _place(operation: PageOperation) -> tuple[str, str]:
    return operation.method, operation.path


def _first(page: DocsPage) -> dict[tuple[str, str], PageOperation]:
    """Return the first whole copy of each operation, by method and path."""
    first: dict[tuple[str, str], PageOperation] = {}
    for operation in page.operations:
        if operation.whole:
            first.setdefault(_place(operation), operation)
    return first


def _announced(operation: PageOperation, node: Located) -> Iterator[Difference]:
    """An operation that the page has may not be marked as known from elsewhere."""
    mark = node.get("x-evidence", {}).get("this")
    if mark is not None and mark["basis"] != "stated":
        text = f"is on the page, and marked as {_because(mark)}"
        yield Difference(operation.line, node.line, "changed", f"{operation.method} {operation.path}", text)


def _absent(at: tuple[str, str], node: Located, lost: Sequence[PageOperation]) -> Difference:
    """An operation that the page does not have must be marked."""
    mark = node.get("x-evidence", {}).get("this")
    where = f"{' '.join(at)} ({node['operationId']})"
    if mark is None:
        nameless = [str(operation.line) for operation in lost if not operation.method]
        doubt = f"; it may be the one that breaks off, on line {', '.join(nameless)}" if nameless else ""
        return Difference(None, node.line, "gone there", where, f"the page has no such operation{doubt}")
    return Difference(None, node.line, "explained", where, f"not on the page ({_because(mark)})")


def statements(contract: Contract, page: DocsPage) -> set[tuple[int, str]]:
    """Return which keywords of which objects of the contract the page has a word on."""
    known = _known(contract)
    stated: set[tuple[int, str]] = set()
    for operation in page.operations:
        if operation.whole and _place(operation) in known:
            comparison = Comparison(contract, *known[_place(operation)], operation)
            list(comparison.differences())
            stated |= comparison.stated
    return stated


def _copies(one: PageOperation, other: PageOperation) -> Iterator[Difference]:
    first, second = one.facts(), other.facts()
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            text = f"two copies disagree: line {one.line} has {first.get(name)}, this one {second.get(name)}"
            yield Difference(other.line, None, "changed", f"{one.method} {one.path}, {name}", text)


def _whole(operation: PageOperation, page: DocsPage) -> PageOperation | None:
    """Find the whole copy of an operation that breaks off, by as much as there is of its place and title."""
    whole = [each for each in page.operations if each.whole]
    path = operation.path.rstrip("/}")

    def alike(each: PageOperation) -> bool:
        return each.title.startswith(operation.title) and each.path.startswith(path) and operation.method in each.method

    # What is there of a path may be the whole path of another operation, so the title comes first.
    likely = [each for each in whole if each.title == operation.title and alike(each)]
    likely += [each for each in whole if _place(each) == _place(operation)]
    return next(iter([*likely, *filter(alike, whole)]), None)


def _cut(operation: PageOperation, page: DocsPage, contract: Contract, known: Known) -> Iterator[Difference]:
    """What a copy that breaks off says must be what the whole one says; where there is none, what the contract says."""
    whole = _whole(operation, page)
    if whole is None:
        where = " ".join(_place(operation)) if operation.path else f"“{operation.title}”"
        yield Difference(operation.line, None, "changed", where, "breaks off, and stands nowhere whole on the page")
        if _place(operation) in known:
            yield from Comparison(contract, *known[_place(operation)], operation).differences()
        return
    stated = list(operation.fields) if operation.path else list(operation.fields)[:-1]
    for key in stated:
        if key not in whole.fields:
            where, text = (
                f"{whole.method} {whole.path}, {key[1]}",
                "is in a copy that breaks off, and not in the whole one",
            )
            yield Difference(operation.fields[key].line, None, "changed", where, text)
    text = f"this copy breaks off; the one on line {whole.line} is whole"
    yield Difference(operation.line, None, "note", operation.title, text)


def scaffold(page: DocsPage, contract: Contract) -> str:
    """Write a skeleton of the operations that the contract does not have; empty where it has all."""
    known = _known(contract)
    paths: dict[str, Any] = {}
    for operation in page.operations:
        if operation.whole and (operation.method, operation.path) not in known:
            paths.setdefault(operation.path, {}).setdefault(operation.method.lower(), _skeleton(operation))
    return yaml.safe_dump({"paths": paths}, sort_keys=False, allow_unicode=True) if paths else ""


def _skeleton(operation: PageOperation) -> dict[str, Any]:
    words = re.findall(r"[A-Za-z]+", operation.title)
    fields = operation.fields.items()
    made: dict[str, Any] = {
        "operationId": words[0].lower() + "".join(map(str.capitalize, words[1:])),
        "summary": operation.title,
        "security": [{"PersonalApiKey": list(operation.scopes)}],
        "parameters": [
            {"name": name, "in": place, **({"required": True} if place == "path" else {}), "schema": _schema(found)}
            for (place, name), found in fields
            if place != "body"
        ],
    }
    body = {name: _schema(found) for (place, name), found in fields if place == "body"}
    if body:
        schema = {"type": "object", "properties": body}
        made["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    answer: dict[str, Any] = {"description": "As the page shows it."}
    if operation.has_body:
        answer["content"] = {"application/json": {"schema": _tree(operation.answer)}}
    made["responses"] = {operation.status: answer}
    return made


def _schema(found: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if found.kind or found.values:
        schema["type"] = "string" if found.kind in (*FORMATS, None) else found.kind
    if found.kind in FORMATS:
        schema["format"] = found.kind
    others = {"enum": found.values, "default": found.default, "deprecated": found.deprecated or None}
    return schema | {keyword: value for keyword, value in others.items() if value is not None}


def _tree(answer: Mapping[str, Field]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path, found in answer.items():
        node = root
        for part in re.findall(r"\[\]|[^.\[\]]+", path):
            if part == "[]":
                node["type"] = "array"
                node = node.setdefault("items", {})
            else:
                node["type"] = "object"
                node = node.setdefault("properties", {}).setdefault(part, {})
        node.update(_schema(found))
    return root


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", metavar="PAGE", help="the page as text; - for standard input")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="another contract than openapi.yaml")
    parser.add_argument("--quiet", "-q", action="store_true", help="leave out what marks of evidence explain")
    parser.add_argument("--scaffold", action="store_true", help="print a skeleton of the operations that are not in it")
    given = parser.parse_args(arguments)
    contract = Contract(given.contract.read_text("utf-8"))
    try:
        text = sys.stdin.read() if given.page == "-" else Path(given.page).read_text("utf-8")
        page = read(text)
        if given.scaffold:
            print(scaffold(page, contract), end="")
            return 0
        found = list(compare(contract, page))
    except (OSError, UnicodeDecodeError, PageError) as error:
        print(f"{given.page} cannot be read as a page of operations: {error}", file=sys.stderr)
        return 2
    settled = ("explained", "note")
    for difference in found:
        if not (given.quiet and difference.verdict in settled):
            print(difference)
    open_ = [difference for difference in found if difference.verdict not in settled]
    whole = len({(each.method, each.path) for each in page.operations if each.whole})
    print(
        f"{whole} operations on the page, {len(found)} differences, {len(open_)} unexplained: "
        + ("not in step." if open_ else "in step."),
        file=sys.stderr,
    )
    return 1 if open_ else 0


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that has seen enough is no failure
    sys.exit(main())

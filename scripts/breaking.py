"""Compares the contract and the public Python names with the last release, and classifies each change.

“breaking” is what makes a client that worked stop working, or read what it does not expect; “additive” is what only a
new client notices; “documentation” changes nothing on the wire. A breaking change must be declared: a fragment
`changelog.d/NAME.breaking.md` quotes its line; and `info.version` of the contract must be as high as its changes ask.
`--release` takes today's contract and names as the released ones, `--changelog` prints all changes in Markdown. Exit
codes: 0 all is declared, 1 a breaking change is not, or the version is too low.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import surface
from drift import CONTRACT, Contract, Located

ROOT: Final = Path(__file__).resolve().parents[1]
RELEASED: Final = ROOT / "contract" / "released"
LIMITS: Final = {
    "minimum": 1, "exclusiveMinimum": 1, "minLength": 1, "minItems": 1,
    "maximum": -1, "exclusiveMaximum": -1, "maxLength": -1, "maxItems": -1,
}  # fmt: skip
"""Which way a limit gets narrower: upwards or downwards."""
PROSE: Final = {
    "description", "summary", "example", "examples", "x-evidence", "tags", "title", "x-successor", "x-audience",
}  # fmt: skip

Verdict = Literal["breaking", "additive", "documentation"]
Direction = Literal["request", "answer"]


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change since the release."""

    verdict: Verdict
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.verdict}: {self.where}: {self.text}"


@dataclass(frozen=True, slots=True)
class Node:
    """A parameter, a field or a body, with what a schema says of it and its references followed."""

    direction: Direction
    required: bool
    schema: Mapping[str, Any]


class Wire:
    """What a contract says of the wire, flat: operations, scopes, statuses, and a node for each place."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.operations: dict[str, Located] = {}
        self.nodes: dict[str, Node] = {}
        self.scopes: dict[str, list[str]] = {}
        self.statuses: dict[str, dict[str, set[str]]] = {}
        self.headers: dict[str, set[str]] = {}
        self._within: list[int] = []  # what is being walked, for groups of filters hold groups
        for method, path, item, node in contract.operations():
            name = f"{method} {path}"
            self.operations[name] = node
            self.scopes[name] = sorted(scope for each in node["security"] for some in each.values() for scope in some)
            for each in [*item.get("parameters", []), *node.get("parameters", [])]:
                parameter = self._resolved(each)
                place = f"{name}, {parameter['in']} {parameter['name']}"
                self._node(place, "request", parameter["schema"], required=bool(parameter.get("required")))
            if "requestBody" in node:
                body = node["requestBody"]
                self._content(f"{name}, body", "request", body, required=bool(body.get("required")))
            self.statuses[name] = {}
            for status, reference in node["responses"].items():
                response = self._resolved(reference)
                self.statuses[name][status] = set(response.get("content", {}))
                self.headers[f"{name}, {status}"] = set(response.get("headers", {}))
                self._content(f"{name}, {status}", "answer", response, required=True)

    def _resolved(self, node: Located) -> Located:
        while "$ref" in node:
            node = self._contract.resolve(node["$ref"])
        return node

    def _content(self, where: str, direction: Direction, holder: Located, *, required: bool) -> None:
        for kind, media in holder.get("content", {}).items():
            self._node(f"{where}, {kind}", direction, media["schema"], required=required)

    def _node(self, where: str, direction: Direction, schema: Located, *, required: bool) -> None:
        schema = self._resolved(schema)
        self.nodes[where] = Node(direction, required, schema)
        if id(schema) in self._within:
            return
        self._within.append(id(schema))
        self._inside(where, direction, schema)
        self._within.pop()

    def _inside(self, where: str, direction: Direction, schema: Located) -> None:
        needed = schema.get("required", [])
        for option in schema.get("anyOf", []):
            self._node(f"{where}<{_named(option)}>", direction, option, required=False)
        for name, field in schema.get("properties", {}).items():
            self._node(f"{where}.{name}", direction, field, required=name in needed)
        if "items" in schema:
            self._node(f"{where}[]", direction, schema["items"], required=False)


def _named(option: Mapping[str, Any]) -> str:
    """Return what an alternative of a union is called."""
    return str(option.get("$ref", option.get("type"))).rpartition("/")[2]


def contract_changes(old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Yield what changed on the wire, and then what changed in words alone."""
    before, after = Wire(old), Wire(new)
    for name in before.operations.keys() - after.operations.keys():
        yield ContractChange("breaking", name, "the operation is gone")
    for name in after.operations.keys() - before.operations.keys():
        yield ContractChange("additive", name, "a new operation")
    for name in before.operations.keys() & after.operations.keys():
        yield from _operation(name, before, after)
    yield from _places(before, after)
    yield from _words(old, new)


def _operation(name: str, before: Wire, after: Wire) -> Iterator[ContractChange]:
    old, new = before.operations[name], after.operations[name]
    if before.scopes[name] != after.scopes[name]:
        yield ContractChange("breaking", name, f"the scope {before.scopes[name]} is now {after.scopes[name]}")
    if old["operationId"] != new["operationId"]:
        yield ContractChange(
            "breaking", name, "the operationId changed, from which generators make the name of the call"
        )
    if not old.get("deprecated") and new.get("deprecated"):
        yield ContractChange("additive", name, "deprecated")
    if new.get("x-sunset") != old.get("x-sunset"):
        yield ContractChange("additive", name, f"its end is {new.get('x-sunset', 'not known any more')}")
    yield from _statuses(name, before.statuses[name], after.statuses[name])
    for status in before.statuses[name].keys() & after.statuses[name].keys():
        yield from _headers(f"{name}, {status}", before, after)


def _headers(where: str, before: Wire, after: Wire) -> Iterator[ContractChange]:
    old, new = before.headers[where], after.headers[where]
    for header in old - new:
        yield ContractChange("breaking", f"{where}, header {header}", "is gone")
    for header in new - old:
        yield ContractChange("additive", f"{where}, header {header}", "is new")


def _places(before: Wire, after: Wire) -> Iterator[ContractChange]:
    """Compare the parameters and fields of the operations that both have."""
    both = before.operations.keys() & after.operations.keys()
    old, new = (
        {where: node for where, node in each.nodes.items() if where.partition(",")[0] in both}
        for each in (before, after)
    )
    for where in old.keys() - new.keys():
        if _outermost(where, new):
            yield ContractChange("breaking", where, "is gone")
    for where in new.keys() - old.keys():
        if _outermost(where, old):
            demanded = new[where].direction == "request" and new[where].required
            text = "is new and required" if demanded else "is new"
            yield ContractChange("breaking" if demanded else "additive", where, text)
    for where in old.keys() & new.keys():
        yield from _node(where, old[where], new[where])


def _outermost(where: str, others: Mapping[str, Node]) -> bool:
    """Tell whether a place is the outermost one that is missing: what is inside of it goes without saying."""
    if where.endswith(">"):
        return False  # an alternative of a union, of which the comparison of types tells
    parent = where.removesuffix("[]") if where.endswith("[]") else where.rpartition(".")[0]
    return parent in others or "." not in where.rpartition(",")[2]


def _statuses(name: str, before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> Iterator[ContractChange]:
    for status in before.keys() - after.keys():
        yield ContractChange("breaking", f"{name}, {status}", "the answer is gone")
    for status in after.keys() - before.keys():
        success = status < "300"
        yield ContractChange("breaking" if success else "additive", f"{name}, {status}", "a new answer")
    for status in before.keys() & after.keys():
        if before[status] and not after[status]:
            yield ContractChange("breaking", f"{name}, {status}", "the answer has no body any more")


def _node(where: str, before: Node, after: Node) -> Iterator[ContractChange]:
    asks = before.direction == "request"
    if before.required != after.required:
        worse = after.required if asks else not after.required
        yield ContractChange(
            "breaking" if worse else "additive", where, "is now " + ("required" if after.required else "optional")
        )
    old, new = before.schema, after.schema
    yield from _sets(where, "type", _kinds(old), _kinds(new), asks=asks)
    if old.get("enum") or new.get("enum"):
        yield from _sets(where, "enum", _values(old), _values(new), asks=asks)
    for keyword in ("format", "pattern", "default", "x-holds", "contentMediaType"):
        if old.get(keyword) != new.get(keyword):
            yield ContractChange("breaking", where, f"{keyword} {old.get(keyword)!r} is now {new.get(keyword)!r}")
    for keyword, direction in LIMITS.items():
        yield from _limit(where, keyword, direction, old.get(keyword), new.get(keyword), asks=asks)
    if set(old.get("x-extensible-enum", [])) != set(new.get("x-extensible-enum", [])):
        yield ContractChange("additive", where, "the values known today changed")
    if not old.get("deprecated") and new.get("deprecated"):
        yield ContractChange("additive", where, "deprecated")


def _kinds(schema: Mapping[str, Any]) -> set[str] | None:
    if "anyOf" in schema:
        return set(map(_named, schema["anyOf"]))
    kinds = schema.get("type")
    return None if kinds is None else {kinds} if isinstance(kinds, str) else set(kinds)


def _values(schema: Mapping[str, Any]) -> set[str] | None:
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _sets(where: str, what: str, old: set[str] | None, new: set[str] | None, *, asks: bool) -> Iterator[ContractChange]:
    """Compare what may be there; None is everything. Requests may not lose, and answers may not gain."""
    if old == new:
        return
    lost = new is not None and (old is None or bool(old - new))
    gained = old is not None and (new is None or bool(new - old))
    shown = [", ".join(sorted(each)) if each is not None else "anything" for each in (old, new)]
    verdict: Verdict = "breaking" if (lost if asks else gained) else "additive"
    yield ContractChange(verdict, where, f"{what} {shown[0]} is now {shown[1]}")


def _limit(where: str, keyword: str, direction: int, old: Any, new: Any, *, asks: bool) -> Iterator[ContractChange]:
    if old == new:
        return
    narrower = old is None or (new is not None and (new - old) * direction > 0)
    yield ContractChange("breaking" if narrower is asks else "additive", where, f"{keyword} {old} is now {new}")


def _words(old: Contract, new: Contract) -> Iterator[ContractChange]:
    """Whatever else differs is in words alone, or in the way that the document is put together."""
    before, after = _content(old), _content(new)
    if _plain(before, with_prose=False) == _plain(after, with_prose=False):
        if _plain(before) != _plain(after):
            yield ContractChange("documentation", "the contract", "descriptions, examples or evidence changed")
    else:
        yield ContractChange("documentation", "the contract", "what it is put together from changed")


def _content(contract: Contract) -> dict[str, Any]:
    """Return a contract without its number, which says nothing of the wire."""
    info = {key: value for key, value in contract.root["info"].items() if key != "version"}
    return {**contract.root, "info": info}


def version(contract: Contract) -> tuple[int, ...]:
    """Return the version of a contract."""
    return tuple(map(int, contract.root["info"]["version"].split(".")))


def lowest_version(old: tuple[int, ...], verdicts: Iterable[Verdict]) -> tuple[int, ...]:
    """Return the lowest version that a contract may have which differs from the last one in this way."""
    found = set(verdicts)
    if "breaking" in found:
        return (old[0] + 1, 0, 0) if old[0] else (0, old[1] + 1, 0)
    if not found:
        return old
    return (old[0], old[1] + 1, 0) if old[0] and "additive" in found else (*old[:2], old[2] + 1)


def released() -> list[Path]:
    """Return the released contracts, the oldest first."""
    return sorted(RELEASED.glob("openapi-*.yaml"), key=lambda path: version(Contract(path.read_text("utf-8"))))


def _plain(node: Any, *, with_prose: bool = True) -> Any:
    if isinstance(node, dict):
        return {
            key: _plain(value, with_prose=with_prose)
            for key, value in node.items()
            if with_prose or key not in PROSE or (key in ("description", "title") and isinstance(value, dict))
        }
    return [_plain(value, with_prose=with_prose) for value in node] if isinstance(node, list) else node


def surface_changes(old: str, new: str) -> Iterator[ContractChange]:
    """Compare the public names, a line each: what is not there as it was is broken."""
    before, after = (dict(line.split(": ", 1) for line in text.splitlines()) for text in (old, new))
    for name in before.keys() - after.keys():
        yield ContractChange("breaking", name, "the name is gone")
    for name in after.keys() - before.keys():
        yield ContractChange("additive", name, "a new name")
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            verdict: Verdict = "additive" if _only_more(before[name], after[name]) else "breaking"
            yield ContractChange(verdict, name, f"{before[name]} is now {after[name]}")


def _only_more(old: str, new: str) -> bool:
    """Tell whether a signature only gained parameters that may be left out."""
    (head, before, tail), (new_head, after, new_tail) = _parts(old), _parts(new)
    if (head, tail) != (new_head, new_tail):
        return False
    rest = iter(after)
    gained = []
    for parameter in before:
        for other in rest:
            if other == parameter:
                break
            gained.append(other)
        else:
            return False
    return all("=" in parameter or parameter == "*" for parameter in [*gained, *rest])


def _parts(text: str) -> tuple[str, list[str], str]:
    """Take a signature apart: what stands before it, its parameters, what it returns."""
    head, _, rest = text.partition("(")
    if head == "class" and ") (" in rest:  # its bases come first
        bases, _, rest = rest.partition(") (")
        head = f"class({bases})"
    depth, parameters, current = 1, list[str](), ""
    for at, character in enumerate(rest):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return head, [*parameters, current.strip()], rest[at + 1 :]
        if character == "," and depth == 1:
            parameters.append(current.strip())
            current = ""
        else:
            current += character
    return text, [], ""


def declared(folder: Path) -> str:
    """Return what the fragments of the changelog say of breaking changes."""
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.breaking.md")))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", action="store_true", help="take what is here today as released")
    parser.add_argument("--changelog", action="store_true", help="print all changes in Markdown, and exit with 0")
    given = parser.parse_args(arguments)
    new, names = Contract(CONTRACT.read_text("utf-8")), surface.lines()
    if given.release:
        RELEASED.mkdir(exist_ok=True)
        (RELEASED / f"openapi-{new.root['info']['version']}.yaml").write_text(CONTRACT.read_text("utf-8"), "utf-8")
        (RELEASED / "surface.txt").write_text(names, encoding="utf-8")
        return 0
    old = Contract(released()[-1].read_text("utf-8"))
    on_the_wire = list(contract_changes(old, new))
    changes = [*on_the_wire, *surface_changes((RELEASED / "surface.txt").read_text("utf-8"), names)]
    changes.sort(key=lambda change: (change.verdict != "breaking", change.verdict, change.where, change.text))
    if given.changelog:
        for verdict in ("breaking", "additive", "documentation"):
            found = [change for change in changes if change.verdict == verdict]
            if found:
                print(f"### {verdict.capitalize()}\n")
                print("\n".join(f"- `{change.where}`: {change.text}" for change in found) + "\n")
        return 0
    said = declared(ROOT / "changelog.d")
    open_ = [change for change in changes if change.verdict == "breaking" and str(change) not in said]
    for change in changes:
        print(f"{change}{'' if change in open_ or change.verdict != 'breaking' else ' (declared)'}")
    if open_:
        print(
            *map(str, open_),
            f"\n{len(open_)} breaking changes since the release are not declared. If they are meant, copy these lines "
            "as they are into a fragment changelog.d/NAME.breaking.md that tells users what to do.",
            sep="\n",
            file=sys.stderr,
        )
    lowest = lowest_version(version(old), (change.verdict for change in on_the_wire))
    low = version(new) < lowest
    if low:
        wanted = ".".join(map(str, lowest))
        print(
            f"The contract has changed since its last release: info.version must be {wanted} at least.", file=sys.stderr
        )
    return 1 if open_ or low else 0


if __name__ == "__main__":
    sys.exit(main())

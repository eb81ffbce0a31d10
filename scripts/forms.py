"""Derives all forms of the contract from openapi.yaml.

Those that people read or fetch from the repository lie in contract/, and `--check` holds them in step. The others are
large and mechanical: `--into FOLDER` writes all there are, for the wheel, the site and a release. contract/types.ts is
written by a tool of node (`--types FOLDER`, the folder of its commands); of it `--check` compares the hashes that stand
in its head.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from downgrade import downgrade
from postman import collection
from reference_page import llms, reference
from samples import followed, with_samples
from under_projects import under_projects

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "openapi.yaml"
FOLDER: Final = ROOT / "contract"
TYPES: Final = FOLDER / "types.ts"
ALL: Final = FOLDER / "forms"
"""Where they all are put together; git passes over it."""
HEAD: Final = "# Written by scripts/forms.py from openapi.yaml; `make generate` writes it anew.\n"
SCHEMAS: Final = "#/components/schemas/"

Contract = dict[str, Any]


class Dumper(yaml.SafeDumper):
    """Writes everything out: many tools read no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Dumper.add_representer(str, _text)


def as_yaml(document: Contract) -> str:
    return HEAD + yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def as_json(document: Contract) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def without_marks(node: Any) -> Any:
    """Leave out where the facts come from: tools do not read that."""
    if isinstance(node, dict):
        return {key: without_marks(each) for key, each in node.items() if not str(key).startswith("x-evidence")}
    return [without_marks(each) for each in node] if isinstance(node, list) else node


def bundle(contract: Contract) -> Contract:
    """Return a contract without references, but to the components that hold themselves: those stay, and are named."""
    plain: Contract = without_marks(contract)
    schemas = plain["components"]["schemas"]
    loops = [name for name in schemas if name in reached(schemas, name)]

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(each) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.removeprefix(SCHEMAS) not in loops:
            return inline({**followed(plain, reference), **{key: each for key, each in node.items() if key != "$ref"}})
        return {key: inline(each) for key, each in node.items()}

    kept = {
        "securitySchemes": plain["components"]["securitySchemes"],
        "schemas": {name: schemas[name] for name in loops},
    }
    return {**inline({**plain, "components": kept}), "x-recursive": loops}


def reached(schemas: Contract, name: str) -> set[str]:
    """Return the components that a component refers to, whether itself or through others."""
    found: set[str] = set()
    todo: list[Any] = [schemas[name]]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            reference = str(node.get("$ref", "")).removeprefix(SCHEMAS)
            if reference in schemas and reference not in found:
                found.add(reference)
                todo.append(schemas[reference])
        todo += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return found


def json_schema(contract: Contract) -> Contract:
    """Return the components as one JSON Schema of draft 2020-12: `#/$defs/Person` is a person."""
    schemas = json.dumps(without_marks(contract["components"]["schemas"])).replace(SCHEMAS, "#/$defs/")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:posthog-environments:contract:{contract['info']['version']}",
        "title": contract["info"]["title"],
        "$defs": json.loads(schemas),
    }


DERIVED: Final[Mapping[str, Callable[[Contract], str]]] = {
    "openapi.json": as_json,
    "openapi-3.0.yaml": lambda contract: as_yaml(downgrade(contract)),
    "openapi-3.0.json": lambda contract: as_json(downgrade(contract)),
    "openapi-projects.yaml": lambda contract: as_yaml(under_projects(contract)),
    "openapi-projects.json": lambda contract: as_json(under_projects(contract)),
    "openapi-bundle.json": lambda contract: as_json(bundle(contract)),
    "json-schema.json": lambda contract: as_json(json_schema(contract)),
    "postman.json": lambda contract: as_json(collection(contract)),
    "reference.md": reference,
    "llms.txt": llms,
}
COMMITTED: Final = ("openapi-3.0.yaml", "openapi-projects.yaml", "postman.json", "reference.md", "llms.txt")
COPIED: Final = (SOURCE, FOLDER / "arazzo.yaml", TYPES)


def derived(*names: str) -> dict[str, str]:
    """Return some of the derived forms, by name."""
    contract = with_samples(yaml.safe_load(SOURCE.read_text("utf-8")))
    return {name: DERIVED[name](contract) for name in names}


def write(folder: Path) -> None:
    """Write all forms into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in COPIED:
        # They lie side by side there.
        text = path.read_text("utf-8").replace("url: ../openapi.yaml", "url: openapi.yaml")
        (folder / path.name).write_text(text, encoding="utf-8")
    for name, text in derived(*DERIVED).items():
        (folder / name).write_text(text, encoding="utf-8")


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _given() -> str:
    """Return what the tool of node is given: what it does not write would make its output out of step for nothing."""
    contract = without_marks(yaml.safe_load(SOURCE.read_text("utf-8")))
    return as_json({**contract, "info": {"title": contract["info"]["title"], "version": "0"}})


def types(commands: Path) -> str:
    """Have the types written by openapi-typescript."""
    with tempfile.TemporaryDirectory() as folder:
        (given := Path(folder) / "openapi.json").write_text(_given(), encoding="utf-8")
        command = [str(commands / "openapi-typescript"), str(given), "-o", str(written := Path(folder) / "types.ts")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        body = written.read_text("utf-8")
    return f"{_types_head(body)}{body}"


def _types_head(body: str) -> str:
    return (
        "// Written by openapi-typescript from openapi.yaml; `make generate WITH=types` writes it anew.\n"
        f"// from {_sum(_given())}\n// body {_sum(body)}\n"
    )


def out_of_step() -> list[str]:
    """Return what is wrong with the committed forms, a line each."""
    found = [
        f"{name} is out of step with {SOURCE.name}. Run: make generate"
        for name, text in derived(*COMMITTED).items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]
    head, body = _split(TYPES.read_text("utf-8")) if TYPES.exists() else ("", "")
    if head != _types_head(body):
        found.append(f"{TYPES.name} is out of step with {SOURCE.name}, or was edited. Run: make generate WITH=types")
    return found


def _split(text: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:3]), "".join(lines[3:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a form is out of step")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write all forms into a folder")
    parser.add_argument("--types", type=Path, metavar="FOLDER", help="write the types; with --check only compare them")
    given = parser.parse_args()
    if given.into:
        write(given.into)
    elif given.types:
        text = types(given.types)
        if given.check:
            return 0 if TYPES.read_text("utf-8") == text else _say([f"{TYPES.name} is not what the tool writes"])
        TYPES.write_text(text, encoding="utf-8")
    elif given.check:
        return _say(out_of_step())
    else:
        for name, text in derived(*COMMITTED).items():
            (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _say(found: list[str]) -> int:
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

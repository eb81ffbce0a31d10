"""Derives contract/openapi-projects.yaml: the same contract under `/api/projects/`; `--check` only compares.

Each operation goes to the place that its `x-successor` names; where a place is written out in an example or in words,
it is that of the successor too. All else is the same, line for line.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import yaml
from downgrade import SOURCE, Dumper

TARGET: Final = Path(__file__).resolve().parents[1] / "contract" / "openapi-projects.yaml"
HEAD: Final = "# Written by scripts/under_projects.py from openapi.yaml; `make generate` writes it anew.\n"
OLD: Final = "/api/environments/"
NEW: Final = "/api/projects/"
MOVED: Final = """\
The vendor has moved these operations to `/api/projects/{project_id}/`, where the same operations answer in the
same way: `x-successor` of each says where. Newer servers rewrite the old prefix to it, and say so in the headers
`Deprecation`, `Sunset` and `Link`; servers of before 2024 know the new one alone.
"""
HERE: Final = """\
This is where the vendor has moved these operations, and every server has them here; the vendor's page has them
under `/api/environments/{project_id}/`.
"""


def under_projects(contract: dict[str, Any]) -> dict[str, Any]:
    """Return the contract with each operation at its successor's place.

    Raises:
        ValueError: An operation names no successor, or those of one path name several; or the words on the move have
            changed, so that nobody knows what to say instead.
    """
    info = dict(contract["info"])
    if info["description"].count(MOVED) != 1:
        raise ValueError("the description does not speak of the move as under_projects.py expects; change it there too")
    info["title"] = info["title"].replace("environments", "projects")
    info["description"] = info["description"].replace(MOVED, HERE)
    paths: dict[str, Any] = {}
    for path, item in contract["paths"].items():
        operations = {name: each for name, each in item.items() if name != "parameters"}
        places = {each.get("x-successor", "") for each in operations.values()}
        if len(places) != 1 or "" in places:
            raise ValueError(f"{path}: its operations have no successor, or several")
        paths[places.pop()] = {
            name: _without_successor(each) if name in operations else each for name, each in item.items()
        }
    moved = {**contract, "info": info, "paths": paths}
    found = _written_out({name: part for name, part in moved.items() if name != "x-evidence-sources"})
    return {name: found.get(name, contract[name]) for name in contract}


def _without_successor(operation: dict[str, Any]) -> dict[str, Any]:
    found = {name: part for name, part in operation.items() if name != "x-successor"}
    marks = {name: mark for name, mark in operation["x-evidence"].items() if name != "x-successor"}
    return {name: marks if name == "x-evidence" else part for name, part in found.items()}


def _written_out(node: Any) -> Any:
    """Replace places that are written out, in examples and in words, but for what says where the page has them."""
    if isinstance(node, dict):
        return {name: _written_out(part) for name, part in node.items()}
    if isinstance(node, list):
        return [_written_out(part) for part in node]
    return node.replace(OLD, NEW) if isinstance(node, str) and HERE not in node else node


def text() -> str:
    """Return the derived document."""
    contract = under_projects(yaml.safe_load(SOURCE.read_text("utf-8")))
    return HEAD + yaml.dump(contract, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the document is out of step")
    wanted = text()
    if not parser.parse_args().check:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{TARGET.name} is out of step with {SOURCE.name}. Run: make generate", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

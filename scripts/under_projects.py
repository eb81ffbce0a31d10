"""Says the same contract under `/api/projects/`.

Each operation goes to the place that its `x-successor` names; where a place is written out in an example or in words,
it is that of the successor too. All else is the same, line for line.
"""

from __future__ import annotations

from typing import Any, Final

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

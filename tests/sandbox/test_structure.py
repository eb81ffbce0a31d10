"""The sandbox stays a fake that one can read: nothing of the client, no circles of imports, short modules."""

from __future__ import annotations

import ast
from pathlib import Path

import posthog_environments.sandbox

FOLDER = Path(posthog_environments.sandbox.__file__).parent
PACKAGE = "posthog_environments.sandbox"
MODULES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.py")}
MOST_LINES = 400


def imports(text: str) -> set[str]:
    """Name all that a module imports, for its types too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def inner(text: str) -> set[str]:
    names = {name.removeprefix(f"{PACKAGE}.").partition(".")[0] for name in imports(text) if name.startswith(PACKAGE)}
    return names & MODULES.keys()


def test_nothing_of_the_client_is_imported() -> None:
    ours = {name for text in MODULES.values() for name in imports(text) if name.startswith("posthog_environments")}
    assert ours
    assert {name for name in ours if not name.startswith(f"{PACKAGE}.")} == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: inner(text) for name, text in MODULES.items()}
    assert sum(map(len, graph.values())) > 100
    left = dict(graph)
    while ends := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in ends:
            del left[name]
    assert left == {}


def test_modules_are_short() -> None:
    assert {name: lines for name, text in MODULES.items() if (lines := text.count("\n")) > MOST_LINES} == {}

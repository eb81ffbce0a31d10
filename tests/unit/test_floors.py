"""The house: folders import only what lies below them, modules are short, and a name stands for one thing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import posthog_environments_api
import pytest

import posthog_environments

PACKAGE = Path(posthog_environments.__file__).parent

# From the ground up. A name is a folder, or a module that stands beside the folders.
FLOORS = (
    *("errors", "config", "query", "display", "tables", "results", "ratelimit", "paging", "calls", "transport"),
    *("operations", "export", "bulk", "client", "integrations", "dlt", "spark", "sandbox", "pytest_plugin", "cli"),
)
# What speaks to the network, or awaits.
WIRED = ("transport", "client", "integrations", "dlt", "spark", "sandbox", "pytest_plugin", "cli")


def module_of(path: Path, package: Path = PACKAGE) -> str:
    """Return the name of a module below the package; "" is the package itself."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(source: str) -> set[str]:
    """Return the modules of the package that a text imports, also inside functions and for type checkers alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if _below(name) in MODULES else node.module for name in whole}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {_below(name) for name in found if f"{name}.".startswith("posthog_environments.")}


def _below(name: str) -> str:
    return name.removeprefix("posthog_environments").removeprefix(".")


def leads_up(module: str, other: str) -> bool:
    """Tell whether an import leads to the package as a whole, or to a floor above."""
    floor, wanted = module.partition(".")[0], other.partition(".")[0]
    if floor in ("", wanted) or FLOORS.index(floor) == len(FLOORS) - 1:
        return False
    return wanted == "" or FLOORS.index(wanted) >= FLOORS.index(floor)


def test_every_module_has_its_floor() -> None:
    assert {name.partition(".")[0] for name in MODULES} == {"", *FLOORS}


def test_imports_lead_down() -> None:
    wrong = [
        f"{name} imports {other or 'the package as a whole'}"
        for name, path in MODULES.items()
        for other in sorted(imported(path.read_text(encoding="utf-8")))
        if leads_up(name, other)
    ]
    assert wrong == []


def test_no_import_leads_back() -> None:
    graph = {name: imported(path.read_text(encoding="utf-8")) - {name} for name, path in MODULES.items() if name}
    TopologicalSorter(graph).prepare()


def test_the_sandbox_and_the_client_know_nothing_of_each_other() -> None:
    for name, path in MODULES.items():
        others = {other.partition(".")[0] for other in imported(path.read_text(encoding="utf-8"))}
        if name.partition(".")[0] == "sandbox":
            assert others <= {"sandbox"}, name
        elif name.partition(".")[0] not in ("cli", "pytest_plugin"):
            assert "sandbox" not in others, name


def test_only_the_wire_touches_the_wire() -> None:
    """Elsewhere nothing sleeps, awaits or opens a socket."""
    forbidden = {"socket", "ssl", "asyncio", "anyio", "httpx", "httpcore", "urllib.request"}
    for name, path in MODULES.items():
        if name.partition(".")[0] in WIRED:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not any(isinstance(node, ast.Await) for node in ast.walk(tree)), name
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & forbidden, name
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in forbidden, name


def test_no_module_is_long() -> None:
    assert {
        name: n for name, path in MODULES.items() if (n := path.read_text(encoding="utf-8").count("\n")) > 400
    } == {}


def classes_of(paths: Iterable[Path]) -> Counter[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    return Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))


def test_a_class_name_stands_for_one_thing() -> None:
    generated = Path(posthog_environments_api.__file__).parent
    found = classes_of([*MODULES.values(), *generated.rglob("*.py")])
    twice = {name for name, times in found.items() if times > 1}
    # These are the friendly forms of the records of the same name, which they hold; an Entity is a series of a trend.
    assert twice == {"Entity", "PropertiesTimeline", "Trend"}


def test_the_checks_would_notice() -> None:
    source = (
        "def f():\n"
        "    from posthog_environments.calls.execute import execute_call\n"
        "    from posthog_environments.client import runners\n"
        "    import posthog_environments.errors\n"
        "    from posthog_environments import Environment\n"
    )
    assert imported(source) == {"calls.execute", "client.runners", "errors", ""}
    assert leads_up("query.filters", "calls.execute")
    assert leads_up("errors", "")
    assert not leads_up("client.environment", "calls.execute")
    with pytest.raises(CycleError):
        TopologicalSorter({"errors": {"calls.execute"}, "calls.execute": {"errors"}}).prepare()

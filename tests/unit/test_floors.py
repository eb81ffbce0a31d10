"""The house: a module imports only from floors below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import posthog_environments

PACKAGE = Path(posthog_environments.__file__).parent

FLOORS: dict[int, set[str]] = {
    0: {"errors", "secrets", "config", "charts", "display", "sketches", "plotting", "export", "models"},
    1: {"arguments", "filters", "dates", "entities", "paging", "retry", "quota", "ledger"},
    2: {"questions", "exchange", "ranges"},
    3: {"pager", "persons", "insights", "bulk"},
    4: {"pools", "transport", "stores", "budget", "drivers"},
    5: {"environment"},
    6: {"cli", "sandbox", "pytest_plugin", "rows", "dlt", "spark"},
}
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}
# Four floors have an order of their own: errors stand alone, secrets use errors, settings use both, charts are read
# before anything shows or draws them, and models, at the top, offer that; a ledger decides as a quota does; many
# changes are made of single ones; guards use pools, and a budget is kept in a store.
INNER = {
    0: ["errors", "secrets", "config", "charts", "display", "sketches", "plotting", "export", "models"],
    1: ["arguments", "filters", "dates", "entities", "paging", "retry", "quota", "ledger"],
    3: ["pager", "persons", "insights", "bulk"],
    4: ["pools", "transport", "stores", "budget", "drivers"],
}


def imported(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, also inside functions and for type checkers alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "posthog_environments":
                found |= {alias.name if alias.name in FLOOR_OF else "" for alias in node.names}
            elif node.module.startswith("posthog_environments."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.split(".")[1] for alias in node.names if alias.name.startswith("posthog_environments.")
            }
    return found


def modules() -> dict[str, list[Path]]:
    named = {path.stem: [path] for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
    rooms = {path.name: sorted(path.rglob("*.py")) for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    return named | rooms


def test_every_module_has_its_floor() -> None:
    assert set(modules()) == set(FLOOR_OF)


def test_imports_lead_down() -> None:
    wrong = []
    for name, paths in modules().items():
        for path in paths:
            for other in imported(path) - {name}:
                if other == "":
                    if FLOOR_OF[name] < 6:
                        wrong.append(f"{path.name} imports the package as a whole")
                elif FLOOR_OF[name] == FLOOR_OF[other] and FLOOR_OF[name] in INNER:
                    order = INNER[FLOOR_OF[name]]
                    if order.index(other) >= order.index(name):
                        wrong.append(f"{name} imports {other}")
                elif FLOOR_OF[other] >= FLOOR_OF[name] and FLOOR_OF[name] < 6:
                    wrong.append(f"{name} (floor {FLOOR_OF[name]}) imports {other} (floor {FLOOR_OF[other]})")
    assert wrong == []


def test_only_the_wire_touches_the_wire() -> None:
    """Below the transports nothing sleeps, awaits or opens a socket."""
    forbidden = {"socket", "ssl", "asyncio", "anyio", "httpx", "httpcore", "urllib.request"}
    for name, paths in modules().items():
        if FLOOR_OF[name] >= 4:
            continue
        for path in paths:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not any(isinstance(node, ast.Await) for node in ast.walk(tree)) or name == "pager"
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    assert not {alias.name for alias in node.names} & forbidden, name
                elif isinstance(node, ast.ImportFrom):
                    assert node.module not in forbidden, name


def test_the_check_would_notice(tmp_path: Path) -> None:
    file = tmp_path / "errors.py"
    file.write_text(
        "def f():\n    from posthog_environments.exchange import exchange\n    import posthog_environments.drivers\n"
    )
    assert imported(file) == {"exchange", "drivers"}

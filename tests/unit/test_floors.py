"""The house: a module imports only from floors below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import posthog_environments

PACKAGE = Path(posthog_environments.__file__).parent

FLOORS: dict[int, set[str]] = {
    0: {
        *("defaults", "errors", "secrets", "config", "charts", "markup", "display", "sketches", "plotting", "export"),
        *("responses", "models", "shapes", "decoding", "events"),
    },
    1: {
        "arguments", "trend_series", "trend_query", "trend_answers", "trend_table", "operators", "conditions",
        "filters", "dates", "date_order", "entities", "paging", "retry", "quota", "ledger", "slots", "prefixes",
        "notices", "refusals", "observe",
    },
    2: {"questions", "exchange", "raw", "export.files", "ranges"},
    3: {"pager", "persons", "deletions", "trend_flow", "insights", "any_request", "bulk"},
    4: {"framing", "sockets", "network", "body", "requests", "attempt", "transport", "stores", "budget", "drivers"},
    5: {"bound", "environment"},
    6: {"cli", "sandbox", "pytest_plugin", "rows", "dlt", "spark"},
}  # fmt: skip
FLOOR_OF = {module: floor for floor, modules in FLOORS.items() for module in modules}
# Some floors have an order of their own: defaults and errors stand alone, secrets use errors, settings use all three,
# charts are read before anything shows or draws them, models offer that, and what is decoded is one of them; filters
# are made of conditions, and these of operators; notices read what tells of twins; a ledger decides as a quota does;
# exports count what a flow asks for; many changes are made of single ones; transports use networks, bodies and
# requests, and a budget is kept in a store; clients use what is bound.
INNER = {
    0: [
        *("defaults", "errors", "secrets", "config", "charts", "markup", "display", "sketches", "plotting", "export"),
        *("responses", "models", "shapes", "decoding", "events"),
    ],
    1: [
        "arguments", "trend_series", "trend_query", "trend_answers", "trend_table", "operators", "conditions",
        "filters", "dates", "date_order", "entities", "paging", "retry", "quota", "ledger", "slots", "prefixes",
        "notices", "refusals", "observe",
    ],
    2: ["questions", "exchange", "raw", "export.files", "ranges"],
    3: ["pager", "persons", "deletions", "trend_flow", "insights", "any_request", "bulk"],
    4: ["framing", "sockets", "network", "body", "requests", "attempt", "transport", "stores", "budget", "drivers"],
    5: ["bound", "environment"],
}  # fmt: skip


def imported(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, also inside functions and for type checkers alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "posthog_environments":
                found |= {alias.name if alias.name in FLOOR_OF else "" for alias in node.names}
            elif node.module.startswith("posthog_environments."):
                found.add(_room(node.module.removeprefix("posthog_environments.")))
        elif isinstance(node, ast.Import):
            found |= {
                _room(alias.name.removeprefix("posthog_environments."))
                for alias in node.names
                if alias.name.startswith("posthog_environments.")
            }
    return found


def _room(module: str) -> str:
    """Return the name under which a module has its floor: a room in a room may have one of its own."""
    room = ".".join(module.split(".")[:2])
    return room if room in FLOOR_OF else module.split(".", maxsplit=1)[0]


def modules() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if module != "__init__":
            found.setdefault(_room(module), []).append(path)
    return found


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

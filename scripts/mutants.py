"""Breaks the modules that must not fail, one small change at a time, and counts how many the tests notice.

Works on copies in .mutants/, where mutmut keeps its results. Name modules to try these alone. `--left` tries only what
no test has noticed so far or what was not tried, `--again` forgets earlier results. A change that no test notices must
stand in tests/mutants.toml with the reason why it may, and even so counts as not noticed. Exit codes: 0 each module
reaches its share and each survivor has a reason, 1 not so, 2 the campaign could not be made.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
ROOM: Final = ROOT / ".mutants"
REASONS: Final = ROOT / "tests" / "mutants.toml"


@dataclass(frozen=True, slots=True)
class Group:
    """Modules that the same tests are for.

    Attributes:
        name: The name of the copy.
        tests: Folders and modules of tests.
        shares: What share of the changes the tests must notice, by module.
        whole: The share over all modules of the group.
    """

    name: str
    tests: tuple[str, ...]
    shares: dict[str, float]
    whole: float = 0.0

    @property
    def room(self) -> Path:
        return ROOM / self.name


CORE: Final = (
    *("errors", "config.api_key", "query.dates", "query.filters", "query.texts"),
    *("calls.retry", "ratelimit.limiter", "calls.execute", "calls.attempts", "calls.pacing"),
    *("paging.page", "paging.offset", "paging.seen", "paging.numbered"),
)
GROUPS: Final = (
    Group("core", ("tests/unit",), dict.fromkeys(CORE, 0.9), whole=0.95),
    Group(
        "bulk",
        tuple(f"tests/bulk/test_{each}.py" for each in ("inputs", "jobs", "decisions", "words", "journal")),
        {"bulk.inputs": 0.95, "bulk.outcomes": 0.95, "bulk.decisions": 0.95, "bulk.journal": 0.9},
    ),
    Group("run", ("tests/bulk/test_run.py", "tests/bulk/test_steps.py"), {"bulk.run": 0.9}),
    Group(
        "export",
        tuple(f"tests/export/test_{each}.py" for each in ("records", "job_steps", "file_steps")),
        {"export.job": 0.9, "export.file": 0.9, "export.checkpoint": 0.9},
    ),
)
MODULES: Final = tuple(module for group in GROUPS for module in group.shares)
COPIED: Final = (
    *("src", "generated", "openapi.yaml", "tests/conftest.py", "tests/slow.txt", "tests/client/wire.py"),
    *("tests/unit", "tests/bulk", "tests/export"),
)
# They read files of the repository that are not here, or the source of the package, which is not its source here.
LEFT_OUT: Final = tuple(f"tests/unit/test_{name}.py" for name in ("floors", "known_reports", "rows", "slow"))
# What mutmut says of a change that no test notices: the tests passed, or none reaches it. None: it was not tried.
UNNOTICED: Final = (0, 33)
LEFT: Final = (*UNNOTICED, None)

# mutmut forks a process for each mutant from one that has collected the tests already. Values that a test module makes
# when it is imported would then be made by the whole code, so each process imports the test modules anew. Tests that
# want a sandbox are left out: to start one for each mutant would take hours.
FRESH: Final = """

def pytest_sessionstart():
    import sys

    for name in [name for name in sys.modules if name.startswith("tests.") and "conftest" not in name]:
        del sys.modules[name]


def pytest_itemcollected(item):
    if "box" in item.fixturenames:
        item.add_marker("slow")
"""


# `mutmut show` takes seconds for each mutant, and most of them to start.
SHOW: Final = """
import json
import sys
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant

def place(name):
    return Path("src", *name.split(".")[:-1]).with_suffix(".py")

print(json.dumps([get_diff_for_mutant(name, path=place(name)) for name in sys.argv[1:]]))
"""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test noticed."""

    where: str
    removed: str
    added: str

    def __str__(self) -> str:
        return f"{self.where}\n    - {self.removed}\n    + {self.added}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=list(MODULES), help="modules to try; default all")
    parser.add_argument("--again", action="store_true", help="forget the results of earlier runs")
    parser.add_argument("--left", action="store_true", help="try what is not noticed yet")
    parser.add_argument("--report", action="store_true", help="say what earlier runs found, and run nothing")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    options = parser.parse_args()
    if unknown := set(options.modules) - set(MODULES):
        parser.error(f"unknown modules: {', '.join(sorted(unknown))}; known: {', '.join(MODULES)}")
    if options.again and not options.report:
        shutil.rmtree(ROOM, ignore_errors=True)
    for group in () if options.report else GROUPS:
        modules = [module for module in group.shares if module in options.modules]
        names = [f"posthog_environments.{module}.*" for module in modules]
        if options.left:
            names = [name for module in modules for name, code in results(group, module).items() if code in LEFT]
        if names and not try_out(group, names, options.workers):
            print("THE CAMPAIGN COULD NOT BE MADE: see what mutmut says above.", file=sys.stderr)
            return 2
    return report(options.modules)


def try_out(group: Group, names: list[str], workers: int) -> bool:
    """Try changes by their names; return whether that was possible."""
    lay_out(group)
    run = [sys.executable, "-m", "mutmut", "run", "--max-children", str(workers), *names]
    settings = os.environ | {"PYTHONHASHSEED": "0"}
    return not subprocess.run(run, cwd=group.room, check=False, env=settings).returncode


def lay_out(group: Group) -> None:
    """Copy what the campaign needs; what mutmut found earlier stays, for it knows which functions changed since."""
    for name in COPIED:
        target = group.room / name
        if (ROOT / name).is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    for name in LEFT_OUT:
        (group.room / name).unlink()
    # mutmut copies these itself, over what is there: a test that was renamed would stay.
    for name in ("tests", "generated"):
        shutil.rmtree(group.room / "mutants" / name, ignore_errors=True)
    # Which tests reach which function: mutmut keeps it, and would not notice that known tests reach a new one.
    (group.room / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    with (group.room / "tests" / "conftest.py").open("a", encoding="utf-8") as file:
        file.write(FRESH)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/posthog_environments/{module.replace('.', '/')}.py" for module in group.shares],
        "also_copy": ["generated", "tests", "openapi.yaml"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-q", "-m", "not slow"],
        "pytest_add_cli_args_test_selection": list(group.tests),
    }
    lines = ["[tool.mutmut]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    lines += ["[tool.pytest.ini_options]", 'addopts = ["--import-mode=importlib"]']
    lines += ['markers = ["slow: takes long"]', 'pythonpath = ["generated"]', 'filterwarnings = ["error"]']
    (group.room / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(modules: list[str]) -> int:
    reasons: list[dict[str, str]] = tomllib.loads(REASONS.read_text(encoding="utf-8"))["survivor"]
    failed = False
    for group in GROUPS:
        noticed = of = 0
        for module in [module for module in group.shares if module in modules]:
            codes = results(group, module)
            tried = {name: code for name, code in codes.items() if code is not None}
            alive = [name for name, code in tried.items() if code in UNNOTICED]
            survivors = list(show(group, alive))
            bare = [survivor for survivor in survivors if not any(covers(reason, survivor) for reason in reasons)]
            enough = is_enough(module, len(tried) - len(alive), len(tried), group.shares[module])
            failed |= not enough or len(tried) != len(codes) or bool(bare)
            print(f"{'':17} {len(codes) - len(tried)} not tried, {len(bare)} survivors without a reason")
            for survivor in bare:
                print(f"  {survivor}")
            noticed, of = noticed + len(tried) - len(alive), of + len(tried)
        if group.whole and set(group.shares) <= set(modules):
            failed |= not is_enough("all of these", noticed, of, group.whole)
    return 1 if failed else 0


def is_enough(what: str, noticed: int, of: int, wanted: float) -> bool:
    """Print how many changes were noticed, and tell whether they are enough."""
    share = noticed / of if of else 0.0
    print(f"{what:17} {noticed:4} of {of:4} noticed = {share:6.1%} (wanted {wanted:.0%})")
    return share >= wanted


def results(group: Group, module: str) -> dict[str, int | None]:
    path = group.room / "mutants" / "src" / "posthog_environments" / f"{module.replace('.', '/')}.py.meta"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dict(found["exit_code_by_key"])


def show(group: Group, names: list[str]) -> Iterator[Survivor]:
    """Yield what mutants change, by the names that mutmut gave them."""
    if not names:
        return
    command = [sys.executable, "-c", SHOW, *names]
    done = subprocess.run(command, cwd=group.room, capture_output=True, text=True, check=True)
    for name, diff in zip(names, json.loads(done.stdout), strict=True):
        changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        removed = " ".join(line[1:].strip() for line in changed if line[0] == "-")
        added = " ".join(line[1:].strip() for line in changed if line[0] == "+")
        # query.dates.x__guess__mutmut_3, errors.xǁPostHogErrorǁ__init____mutmut_1
        module, _, function = name.removeprefix("posthog_environments.").rpartition(".")
        function = function.rpartition("__mutmut_")[0].removeprefix("x").removeprefix("_").strip("ǁ").replace("ǁ", ".")
        yield Survivor(f"{module}.{function}", removed, added)


def covers(reason: dict[str, str], survivor: Survivor) -> bool:
    """Tell whether a reason is about a survivor: the function by a pattern, the change by a part of either line."""
    return (
        fnmatchcase(survivor.where, reason["where"])
        and reason.get("removed", "") in survivor.removed
        and reason.get("added", "") in survivor.added
    )


if __name__ == "__main__":
    sys.exit(main())

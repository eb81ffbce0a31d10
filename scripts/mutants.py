"""Breaks the modules that must not fail, one small change at a time, and counts how many the unit tests notice.

Works on a copy in .mutants/, where mutmut keeps its results, so that a run goes on where the last one stopped. Name
modules to try these alone; `--again` forgets earlier results. A change that no test notices must stand in
tests/mutants.toml with the reason why it may, and even so counts as not noticed. Exit codes: 0 each module reaches the
share and each survivor has a reason, 1 not so, 2 the campaign could not be made.
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
MODULES: Final = (
    *("errors", "config.api_key", "query.dates", "query.filters", "query.texts"),
    *("calls.retry", "ratelimit.limiter", "calls.execute", "calls.attempts", "calls.pacing"),
    *("paging.page", "paging.offset", "paging.seen", "paging.numbered"),
)
SHARE: Final = 0.9
COPIED: Final = ("src", "generated", "tests/unit", "tests/conftest.py", "tests/slow.txt", "openapi.yaml")
# They read files of the repository that are not here, or the source of the package, which is not its source here.
LEFT_OUT: Final = tuple(f"tests/unit/test_{name}.py" for name in ("floors", "known_reports", "rows", "slow"))
SURVIVED: Final = 0
UNTESTED: Final = 33

# mutmut forks a process for each mutant from one that has collected the tests already. Values that a test module makes
# when it is imported would then be made by the whole code, so each process imports the test modules anew.
FRESH: Final = """

def pytest_sessionstart():
    import sys

    for name in [name for name in sys.modules if name.startswith("tests.") and "conftest" not in name]:
        del sys.modules[name]
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
    parser.add_argument("--report", action="store_true", help="say what earlier runs found, and run nothing")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time")
    options = parser.parse_args()
    if unknown := set(options.modules) - set(MODULES):
        parser.error(f"unknown modules: {', '.join(sorted(unknown))}; known: {', '.join(MODULES)}")
    if not options.report:
        lay_out(again=options.again)
        patterns = [f"posthog_environments.{module}.*" for module in options.modules]
        run = [sys.executable, "-m", "mutmut", "run", "--max-children", str(options.workers), *patterns]
        if subprocess.run(run, cwd=ROOM, check=False, env=os.environ | {"PYTHONHASHSEED": "0"}).returncode:
            print("THE CAMPAIGN COULD NOT BE MADE: see what mutmut says above.", file=sys.stderr)
            return 2
    return report(options.modules)


def lay_out(*, again: bool) -> None:
    """Copy what the campaign needs; what mutmut found earlier stays, for it knows which functions changed since."""
    if again:
        shutil.rmtree(ROOM, ignore_errors=True)
    for name in COPIED:
        target = ROOM / name
        if (ROOT / name).is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    for name in LEFT_OUT:
        (ROOM / name).unlink()
    # Which tests reach which function: mutmut keeps it, and would not notice that known tests reach a new one.
    (ROOM / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    with (ROOM / "tests" / "conftest.py").open("a", encoding="utf-8") as file:
        file.write(FRESH)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [f"src/posthog_environments/{module.replace('.', '/')}.py" for module in MODULES],
        "also_copy": ["generated", "tests", "openapi.yaml"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-q"],
        "pytest_add_cli_args_test_selection": ["tests/unit"],
    }
    lines = ["[tool.mutmut]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    lines += ["[tool.pytest.ini_options]", 'addopts = ["--import-mode=importlib"]']
    lines += ['pythonpath = ["generated"]', 'filterwarnings = ["error"]', 'markers = ["slow: takes long"]']
    (ROOM / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def report(modules: list[str]) -> int:
    reasons: list[dict[str, str]] = tomllib.loads(REASONS.read_text(encoding="utf-8"))["survivor"]
    failed = False
    for module in modules:
        codes = results(module)
        tried = {name: code for name, code in codes.items() if code is not None}
        alive = [name for name, code in tried.items() if code in (SURVIVED, UNTESTED)]
        survivors = list(show(alive))
        bare = [survivor for survivor in survivors if not any(covers(reason, survivor) for reason in reasons)]
        share = 1 - len(alive) / len(tried) if tried else 0.0
        enough = share >= SHARE and len(tried) == len(codes) and not bare
        failed |= not enough
        print(
            f"{module:17} {len(tried) - len(alive):4} of {len(tried):4} noticed = {share:6.1%}"
            f" (wanted {SHARE:.0%}), {len(codes) - len(tried)} not tried, {len(bare)} survivors without a reason"
        )
        for survivor in bare:
            print(f"  {survivor}")
    return 1 if failed else 0


def results(module: str) -> dict[str, int | None]:
    path = ROOM / "mutants" / "src" / "posthog_environments" / f"{module.replace('.', '/')}.py.meta"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dict(found["exit_code_by_key"])


def show(names: list[str]) -> Iterator[Survivor]:
    """Yield what mutants change, by the names that mutmut gave them."""
    if not names:
        return
    command = [sys.executable, "-c", SHOW, *names]
    done = subprocess.run(command, cwd=ROOM, capture_output=True, text=True, check=True)
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

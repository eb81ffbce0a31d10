"""The types as outsiders meet them, read by mypy strict and pyright strict."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RIGHT = [HERE / "api.py", ROOT / "examples" / "retention" / "retention.py"]

# What follows from a mistake and says nothing new: the type of what is wrong is unknown. And nobody uses the outcome
# of a line that is there to be wrong.
CONSEQUENCES = re.compile("reportUnknown.*Type|reportUnusedExpression")

Flagged = dict[int, set[str]]
"""The kinds of complaint about each line."""


def flagged_by_mypy(*files: Path) -> Flagged:
    command = [sys.executable, "-m", "mypy", "--strict", "--output=json", "--no-error-summary", *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    names = {file.name for file in files}
    found: Flagged = defaultdict(set)
    for each in [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]:
        if Path(each["file"]).name in names and each["severity"] == "error":
            found[each["line"]].add(each["code"])
    return found


def pyright(*arguments: str) -> str:
    """Run pyright on what is installed where the tests run: pyproject.toml names the environment of `make check`."""
    own = Path(sys.prefix)
    settings = {"extends": str(ROOT / "pyproject.toml"), "stubPath": str(HERE / "stubs")}
    with TemporaryDirectory() as folder:
        project = Path(folder) / "pyrightconfig.json"
        project.write_text(json.dumps(settings | {"venvPath": str(own.parent), "venv": own.name}), encoding="utf-8")
        command = [sys.executable, "-m", "basedpyright", "--project", str(project), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def flagged_by_pyright(*files: Path) -> Flagged:
    report = json.loads(pyright("--outputjson", *map(str, files)))
    assert report["summary"]["filesAnalyzed"] >= len(files), report
    found: Flagged = defaultdict(set)
    for each in report["generalDiagnostics"]:
        if each["severity"] == "error":
            found[each["range"]["start"]["line"] + 1].add(each["rule"])
    return found


def expected(file: Path) -> tuple[Flagged, Flagged]:
    """Read the marks `# E[kinds of mypy | kinds of pyright]: why`."""
    mypy: Flagged = {}
    pyright: Flagged = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if mark := re.search(r"# E\[([\w, -]+) \| ([\w, ]+)\]: .", line):
            mypy[number], pyright[number] = (set(kinds.split(", ")) for kinds in mark.groups())
        assert ("# E" in line) is (mark is not None), f"line {number}: a mark that cannot be read"
    return mypy, pyright


def differences(found: Mapping[int, set[str]], wanted: Mapping[int, set[str]], file: Path) -> list[str]:
    """Say of each line what was flagged and what should be; nothing where all is as marked."""
    lines = file.read_text("utf-8").splitlines()
    return [
        f"{number}: {lines[number - 1].strip()}: {sorted(found.get(number, ()))} instead of {sorted(wanted[number])}"
        if number in wanted
        else f"{number}: {lines[number - 1].strip()}: {sorted(found[number])}, and nothing is marked"
        for number in sorted(found.keys() | wanted.keys())
        if found.get(number) != wanted.get(number)
    ]


def test_pyright_reads_what_runs_the_tests() -> None:
    found = re.findall(r"^ +(/\S+/site-packages)$", pyright("--verbose", str(RIGHT[0])), re.MULTILINE)
    assert [path for path in found if "/lib64/" not in path] == [sysconfig.get_path("purelib")]


@pytest.mark.parametrize("flagged", [flagged_by_mypy, flagged_by_pyright])
def test_what_is_right_is_accepted(flagged: Callable[..., Flagged]) -> None:
    assert flagged(*RIGHT) == {}


def test_mypy_flags_each_mistake_and_nothing_else() -> None:
    file = HERE / "misuse.py"
    assert differences(flagged_by_mypy(file), expected(file)[0], file) == []


def test_pyright_flags_each_mistake_and_nothing_else() -> None:
    file = HERE / "misuse.py"
    found = {
        number: new
        for number, kinds in flagged_by_pyright(file).items()
        if (new := {kind for kind in kinds if not CONSEQUENCES.fullmatch(kind)})
    }
    assert differences(found, expected(file)[1], file) == []


def test_a_mark_too_many_or_too_few_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "misuse.py"
    file.write_text("fine = 1  # E[misc | reportX]: why\nwrong\n")
    assert expected(file) == ({1: {"misc"}}, {1: {"reportX"}})
    assert [line[0] for line in differences({2: {"misc"}}, {1: {"misc"}}, file)] == ["1", "2"]
    assert differences({1: {"misc"}}, {1: {"misc"}}, file) == []
    assert len(differences({1: {"attr-defined"}}, {1: {"misc"}}, file)) == 1
    file.write_text("wrong  # E: why\n")
    with pytest.raises(AssertionError, match="cannot be read"):
        expected(file)


# Both checkers infer these alike, since each is what a fully annotated function returns; the checker of types of a
# package counts them as ambiguous, because nothing is written next to the name.
INFERRED = re.compile(
    r"posthog_environments\.client\.resources\.(Async)?(Raw)?(Persons|Insights)\.\w+"
    r"|posthog_environments\.client\.environment\.(Async)?Environment\.(persons|insights|with_raw_response)"
    r"|posthog_environments\.query\.filters\.Prop\.__\w+__"
)


def test_every_type_of_the_package_is_known() -> None:
    """As `pyright --verifytypes` sees it: what a module exports has a type, and what is public has it written down."""
    environ = os.environ | {"VIRTUAL_ENV": sys.prefix, "PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "basedpyright", "--verifytypes", "posthog_environments", "--ignoreexternal"]
    command.append("--outputjson")
    done = subprocess.run(command, cwd=HERE, env=environ, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    assert report["pyTypedPath"], "nothing was looked at"
    assert report["exportedSymbolCounts"]["withKnownType"] > 500
    unknown = [each["name"] for each in report["symbols"] if not (each["isTypeKnown"] or each["isTypeAmbiguous"])]
    # The sources for Spark derive from classes of PySpark, which is not installed here; `make check` reads stubs of it.
    assert [name for name in unknown if not name.startswith("posthog_environments.spark.")] == []
    homes = r"client\.environment|errors|query\.filters|query\.series|results\.models|client\.pager"
    ambiguous = [
        each["name"]
        for each in report["symbols"]
        if re.match(rf"posthog_environments\.({homes})\.", each["name"])
        and any("missing type annotation" in problem["message"] for problem in each["diagnostics"])
    ]
    assert ambiguous
    assert [name for name in ambiguous if not INFERRED.fullmatch(name)] == []

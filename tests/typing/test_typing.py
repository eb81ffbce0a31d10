"""The types as outsiders meet them, read by mypy strict and pyright strict."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def flagged_by_mypy(file: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--output=json", "--no-error-summary", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return {each["line"]: each["message"] for each in found if Path(each["file"]).name == file.name}


def flagged_by_pyright(file: Path) -> dict[int, str]:
    command = [sys.executable, "-m", "basedpyright", "--outputjson", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= 1, done.stdout
    errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
    return {each["range"]["start"]["line"] + 1: each["message"] for each in errors}


def expected(file: Path) -> set[int]:
    return {number for number, line in enumerate(file.read_text().splitlines(), 1) if "# E:" in line}


def test_mypy_accepts_what_is_right() -> None:
    assert flagged_by_mypy(HERE / "api.py") == {}


def test_pyright_accepts_what_is_right() -> None:
    assert flagged_by_pyright(HERE / "api.py") == {}


def test_mypy_flags_each_mistake() -> None:
    assert set(flagged_by_mypy(HERE / "misuse.py")) == expected(HERE / "misuse.py")


def test_pyright_flags_each_mistake() -> None:
    missed = expected(HERE / "misuse.py") - set(flagged_by_pyright(HERE / "misuse.py"))
    assert missed == set()

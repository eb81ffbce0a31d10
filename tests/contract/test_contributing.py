"""CONTRIBUTING is true: the files that it names are there, and its worked examples work when they are applied."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
PACKAGE = ROOT / "src" / "posthog_environments"
# The title of each example, and the files that it may touch at most.
EXAMPLES = {"a query parameter": 3, "an operation": 5}


def blocks(title: str) -> tuple[str, str]:
    """Return the diff of an example and the program that shows that it works."""
    section = TEXT.partition(f"## Example: {title}\n")[2].partition("\n## ")[0]
    (diff,) = re.findall(r"^```diff\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (program,) = re.findall(r"^```py\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return diff, program


def apply(diff: str, folder: Path) -> list[str]:
    """Apply a diff without line numbers: what a hunk replaces is in its file once. Return the files."""
    files: list[str] = []
    for part in re.split(r"^--- ", diff, flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        files.append(name)
        text = "\n" + (folder / name).read_text("utf-8")
        for hunk in rest.partition("\n")[2].split("@@\n")[1:]:
            lines = hunk.splitlines()
            old = "\n" + "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
            new = "\n" + "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
            assert text.count(old) == 1, f"{name} has changed, and the example with it must: {old}"
            text = text.replace(old, new)
        (folder / name).write_text(text[1:], "utf-8")
    return files


def run(folder: Path, *command: str) -> None:
    places = os.pathsep.join([str(folder / "src"), str(folder / "generated")])
    environment = {**os.environ, "PYTHONPATH": places}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_works(tmp_path: Path, title: str) -> None:
    for name in ("src", "generated", "scripts", "requirements", "tests/typing/stubs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("openapi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    diff, program = blocks(title)
    files = apply(diff, tmp_path)
    assert len(files) == len(set(files)) <= EXAMPLES[title]
    run(tmp_path, "scripts/generate.py")
    run(tmp_path, "-m", "ruff", "check", *files[1:])
    run(tmp_path, "-m", "ruff", "format", "--check", *files[1:])
    run(tmp_path, "-m", "mypy", *files[1:])
    run(tmp_path, "-c", program)


def test_the_files_of_the_table_are_there() -> None:
    table = TEXT.partition("## Where do I change what\n")[2].partition("\n\n- ")[0]
    rows = re.findall(r"^\| (.*?) \| (.*) \|$", table, re.MULTILINE)[1:]
    assert len(rows) == 11
    for change, files in rows:
        for name in re.findall(r"`([^`]+)`", files):
            file = re.sub("NAME", "model.py", name)
            assert (ROOT / file).exists() or (PACKAGE / file).exists(), f"{change}: {name}"


def test_the_map_names_what_is_there() -> None:
    """Folders of the package, and scripts."""
    names = re.findall(r"^\| `([a-z_]+)/?`", TEXT, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), name
    top = TEXT.partition("```\n")[2].partition("\n```")[0]
    for name in re.findall(r"\b(\w+\.py)\b", top):
        assert (ROOT / "scripts" / name).is_file(), name

"""Runs the suite on each newer Python that this machine has, in a virtual environment of its own.

Says loudly which are not there. Exit codes: 0 it passed on all that are there, 1 it failed on one, 2 it ran on none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = "requirements/dev.txt"
VERSIONS: Final = ("3.12", "3.13", "3.14", "3.15")
"""Those beside the one that `make test` runs on, up to the newest that is out."""


def main() -> int:
    failed, missing, passed = [], [], []
    for version in VERSIONS:
        python = find(version)
        if python is None:
            missing.append(version)
        elif suite(version, python, sys.argv[1:]):
            passed.append(version)
        else:
            failed.append(version)
    for version in missing:
        print(f"NOT RUN on Python {version}: this machine has no python{version}.", file=sys.stderr)
    print(f"The suite passed on {', '.join(passed) or 'none'}, failed on {', '.join(failed) or 'none'}.")
    if failed:
        return 1
    return 0 if passed else 2


def find(version: str) -> str | None:
    """Return an interpreter of a version that works: shims may be on the path without what they stand for."""
    for python in candidates(version):
        command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except OSError:
            continue
        if done.stdout.strip() == version:
            return python
    return None


def candidates(version: str) -> Iterator[str]:
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True))
    command = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", version]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield done.stdout.strip()


def suite(version: str, python: str, arguments: list[str]) -> bool:
    """Set the environment up and run the suite; tell whether it passed."""
    venv = ROOT / f".venv-{version}"
    own = str(venv / "bin" / "python")
    print(f"Python {version}: {python}", flush=True)
    pip = [own, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    steps = [
        [python, "-m", "venv", "--clear", str(venv)],
        [*pip, "--require-hashes", "-r", LOCK],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", "."],
        [own, "-m", "pytest", *arguments],
    ]
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


if __name__ == "__main__":
    sys.exit(main())

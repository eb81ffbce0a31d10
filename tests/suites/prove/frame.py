"""What a proof is made of: checks in suites, tools that are installed from lock files, and one table at the end."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import samples
import yaml

__all__ = [
    "CONTRACT", "NEWEST", "PROJECTS", "ROOT", "TOOLS", "Check", "Failed", "Result", "Routes", "Work",
    "installed", "load", "node", "run", "tool",
]  # fmt: skip

ROOT: Final = Path(__file__).resolve().parents[3]
CONTRACT: Final = ROOT / "openapi.yaml"
PROJECTS: Final = ROOT / "contract" / "openapi-projects.yaml"
NEWEST: Final = frozenset({"bulkDeletePersons", "listPersonDeletions"})
"""What servers have had since September 2026."""
TOOLS: Final = ROOT / ".venv-prove" / "bin"
"""Where the Python tools of requirements/prove.txt are; `make prove` installs them."""
LOGS: Final = ROOT / ".prove"
QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Nothing that is done here is told to anybody."""


class Failed(Exception):  # noqa: N818 - an outcome of a check
    """A check that did not hold, or could not be made; the message says why, and what is missing."""


def load(path: Path = CONTRACT) -> dict[str, Any]:
    """Load YAML, without aliases, so that a change in one place is not one in another."""
    found: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(path.read_text("utf-8"))))
    return found


class Routes:
    """Which operation of a contract a request is."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._known = [
            (each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path)), each.name)
            for each in sorted(samples.calls(contract), key=lambda each: each.path.count("{"))
        ]

    def named(self, method: str, path: str) -> str | None:
        """Return the id of the operation; of two that a path fits, the one without an id in it."""
        fits = (name for verb, route, name in self._known if verb == method and route.fullmatch(path))
        return next(fits, None)


@dataclass(frozen=True, slots=True)
class Work:
    """What a check is given.

    Attributes:
        folder: An empty folder of its own.
        log: A file for what its tools print.
    """

    folder: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    Attributes:
        name: What is shown, unique, in a few words.
        tool: What shows it, with version, or a function that finds the version out.
        make: Makes the check: returns what was counted, as a few words; raises `Failed` where it does not hold.
    """

    name: str
    tool: str | Callable[[], str]
    make: Callable[[Work], str]


@dataclass(frozen=True, slots=True)
class Result:
    """How a check went."""

    suite: str
    check: str
    tool: str
    passed: bool
    text: str
    seconds: float


def carry_out(suite: str, check: Check) -> Result:
    """Make a check in a folder of its own, and keep what its tools printed."""
    name = f"{suite}-{'-'.join(check.name.lower().split())}".replace("/", "-")
    folder = LOGS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = LOGS / f"{name}.log"
    log.write_text("")
    start = time.monotonic()
    passed, version = True, ""
    try:
        version = check.tool if isinstance(check.tool, str) else check.tool()
        text = check.make(Work(folder, log))
    except Failed as error:
        passed, text = False, str(error)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a check that fails
        with log.open("a") as stream:
            traceback.print_exc(file=stream)
        passed, text = False, f"{type(error).__name__}: {error}"
    return Result(suite, check.name, version, passed, text, time.monotonic() - start)


def run(
    command: Sequence[str | Path],
    work: Work,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    codes: Sequence[int] = (0,),
) -> str:
    """Run a tool and return what it printed on standard output; all of it goes to the log as well.

    Raises:
        Failed: It ended with another code, did not end in time, or is not there.
    """
    words = [str(word) for word in command]
    environ = {**os.environ, "NO_COLOR": "1", "CI": "true", **QUIET, **(env or {})}
    try:
        done = subprocess.run(
            words, cwd=cwd or work.folder, env=environ, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise Failed(f"{words[0]} is not there") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{Path(words[0]).name} took longer than {timeout:.0f} s") from None
    with work.log.open("a") as stream:
        stream.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}\n")
    if done.returncode not in codes:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or [""]
        raise Failed(f"{Path(words[0]).name} ended with {done.returncode}: {last[0][:200]} (see {work.log.name})")
    return done.stdout


def node(folder: Path) -> Path:
    """Install what package-lock.json in a folder names, once, and return where its commands are.

    Raises:
        Failed: There is no node or npm, or something cannot be had.
    """
    if shutil.which("npm") is None:
        raise Failed("npm is not there; install node 20 or newer (Debian: apt-get install nodejs npm)")
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed-from"
    if not stamp.exists() or stamp.read_text() != wanted:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"npm ci in {folder.name} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        stamp.write_text(wanted)
    return folder / "node_modules" / ".bin"


def installed(folder: Path, package: str) -> Callable[[], str]:
    """Return what finds the version of a package of node in a folder."""

    def find() -> str:
        node(folder)
        found = json.loads((folder / "node_modules" / package / "package.json").read_text("utf-8"))
        return f"{package} {found['version']}"

    return find


def tool(name: str) -> Path:
    """Return a Python tool of requirements/prove.txt.

    Raises:
        Failed: It is not installed.
    """
    path = TOOLS / name
    if not path.exists():
        raise Failed(f"{name} is not installed; `make prove` installs it from requirements/prove.txt")
    return path


def table(results: Sequence[Result]) -> str:
    """Return the results as a table in Markdown."""
    lines = ["| | what | by | result | s |", "|---|---|---|---|---|"]
    for each in results:
        sign = "ok" if each.passed else "**FAILED**"
        cells = (sign, f"{each.suite}: {each.check}", each.tool, each.text, f"{each.seconds:.0f}")
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def say(text: str) -> None:
    """Print progress at once."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()

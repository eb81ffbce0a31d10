"""Whole processes: one that imports the client, one that shows the help of `phenv`, against one that imports httpx."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Result, Setup, in_turn, ratio, show

NOTHING, HTTPX, OURS, HELP = "python alone", "import httpx", "import Environment, prop", "phenv --help"
CALL, HTTPX_CALL = "ours, one persons.get", "httpx, one get + json"
ALONE = "import httpx, no rich there"
# httpx imports rich, click and pygments where they are installed, as they are here, for a command of its own.
WITHOUT_RICH = "import sys; sys.modules['rich'] = sys.modules['pygments'] = None; import httpx"


def _commands(origin: str) -> dict[str, list[str]]:
    host = f"{origin}/10"
    get = f"import httpx; httpx.Client().get('{host}/api/environments/1/persons/1/', headers={{'a': 'b'}}).json()"
    ours = f"from posthog_environments import Environment as E; E(1, host='{host}', api_key='phx_b').persons.get(1)"
    code = {
        NOTHING: "pass",
        HTTPX: "import httpx",
        ALONE: WITHOUT_RICH,
        OURS: "from posthog_environments import Environment, prop",
        HTTPX_CALL: get,
        CALL: ours,
    }
    commands = {name: [sys.executable, "-c", text] for name, text in code.items()}
    return commands | {HELP: [str(Path(sys.executable).with_name("phenv")), "--help"]}


def _process(command: list[str]) -> Callable[[], None]:
    def work() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return work


def _cpu_of_children(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(setup: Setup) -> list[Result]:
    """Import, print, and return what is held against the targets."""
    contenders = {name: _process(command) for name, command in _commands(setup.origin).items()}
    seconds = in_turn(contenders, setup.rounds(30), _cpu_of_children)
    show("Whole processes", seconds, 1, "process", HTTPX)
    return [
        Result("process that imports Environment, prop: import httpx", ratio(seconds, OURS, HTTPX), 0.5, stretch=0.35),
        Result("process of phenv --help: import httpx", ratio(seconds, HELP, HTTPX), 1.0, stretch=0.6),
    ]

"""A whole process that imports the client, against one that imports httpx."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable

from benchmarks.harness import Result, Setup, in_turn, ratio, show

NOTHING, HTTPX, OURS = "python alone", "import httpx", "import Environment, prop"
CODE = {NOTHING: "pass", HTTPX: "import httpx", OURS: "from posthog_environments import Environment, prop"}


def _process(code: str) -> Callable[[], None]:
    def work() -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    return work


def _cpu_of_children(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(setup: Setup) -> list[Result]:
    """Import, print, and return what is held against the target."""
    contenders = {name: _process(code) for name, code in CODE.items()}
    seconds = in_turn(contenders, setup.rounds(36), _cpu_of_children)
    show("Whole processes", seconds, 1, "process", HTTPX)
    return [Result("process with Environment, prop: CPU of import httpx", ratio(seconds, OURS, HTTPX), 0.6)]

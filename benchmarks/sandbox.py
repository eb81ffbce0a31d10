"""The sandbox with a million persons: how long it loads, what it holds, and a page far down the list against the first.

Wall time of whole requests, since the sandbox works in threads of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import Result, Setup, in_turn, ratio
from benchmarks.server import ROOT

MANY, MANY_IN_A_HURRY = 1_000_000, 100_000
ROUNDS = 15
LIMITS = (100, 1000)
MOST_SECONDS = 120
FIRST, DEEP = "first", "deep"


def run(setup: Setup) -> list[Result]:
    """Load and page in a process of its own, print, and return what is held against the targets."""
    persons = MANY_IN_A_HURRY if setup.quick else MANY
    command = [sys.executable, "-m", "benchmarks.sandbox", str(persons), str(setup.rounds(ROUNDS))]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"\nThe sandbox with {persons:,} persons: loaded in {found['load']:.1f} s, holds {found['rss']:.0f} MiB")
    load = found["load"] / MOST_SECONDS * MANY / persons
    results = [Result(f"sandbox, load {MANY:,} persons: {MOST_SECONDS} s", load, 1, absolute=True)]
    for what, first, deep, times in found["pages"]:
        print(f"  {what:<34}  first page {first * 1e3:7.1f} ms   deep page {deep * 1e3:7.1f} ms  {times:6.2f} x")
    worst = max(found["pages"], key=lambda page: page[-1])
    print(f"  The worst is {worst[0]}.")
    return [*results, Result("sandbox, a page far down: the first", worst[-1], 3)]


def _deep(persons: int) -> int:
    return persons * 9 // 10


def _measure(persons: int, rounds: int) -> dict[str, Any]:
    import httpx

    from posthog_environments.sandbox import Sandbox

    start = time.perf_counter()
    with Sandbox(persons, rates=False) as box:
        load = time.perf_counter() - start
        rss = _resident()
        headers = {"Authorization": f"Bearer {box.api_key}"}
        url = f"{box.host}/api/projects/{box.project_id}"
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            pages = [
                _page(client, f"{name}, limit {limit}", {**query, "limit": limit}, persons, rounds)
                for name, query in _filters(client).items()
                for limit in LIMITS
            ]
    return {"load": load, "rss": rss, "pages": pages}


def _filters(client: Any) -> dict[str, dict[str, Any]]:
    rows = client.get("/persons/").json()["results"]
    email = next(row["properties"]["email"] for row in rows if "email" in row["properties"])
    return {
        "no filter": {},
        "properties, nearly all": {"properties": _property(key="age", value=19, operator="gte")},
        "properties, few": {"properties": _property(key="age", value=30)},
        "search": {"search": "e"},
        "email": {"email": email},
    }


def _property(**given: Any) -> str:
    return json.dumps([{**given, "type": "person"}])


def _page(client: Any, what: str, query: dict[str, Any], persons: int, rounds: int) -> tuple[str, float, float, float]:
    def get(offset: int) -> Callable[[], object]:
        return lambda: client.get("/persons/", params={**query, "offset": offset}).raise_for_status()

    seconds = in_turn({FIRST: get(0), DEEP: get(_deep(persons))}, rounds, _wall)
    return what, median(seconds[FIRST]), median(seconds[DEEP]), ratio(seconds, DEEP, FIRST)


def _wall(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _resident() -> float:
    """Return the MiB that this process holds."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))))

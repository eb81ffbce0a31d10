"""What a walk is made of: whose code the CPU time goes into, by a profiler that runs on CPU time.

A profiler slows Python code more than C code, so that the shares of Python code are somewhat too large.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Mapping

from benchmarks.contenders import KEY
from benchmarks.harness import NOTES, Result, Setup
from posthog_environments import Environment

# By what stands in the path of a file, or in the name of a C function. First match wins.
OWNERS = (
    ("_socket", "sockets, in the system"),
    ("json_decode", "decoding, in msgspec"),
    ("Decoder", "decoding, in msgspec"),
    ("h11", "h11: HTTP/1.1"),
    ("httpcore", "httpcore: connections and pool"),
    ("httpx", "httpx: requests and responses"),
    ("posthog_environments_api", "ours: requests and records"),
    ("paging", "ours: the walk"),
    ("pager", "ours: the walk"),
    ("network", "ours: deadlines and limits"),
    ("sockets", "ours: deadlines and limits"),
    ("attempt", "ours: deadlines and limits"),
    ("framing", "ours: deadlines and limits"),
    ("body", "ours: deadlines and limits"),
    ("transport", "ours: deadlines and limits"),
    ("posthog_environments", "ours: pacing, retries and the rest"),
    ("contextlib", "contextlib and isinstance, mostly for httpcore"),
    ("isinstance", "contextlib and isinstance, mostly for httpcore"),
    ("builtins.next", "contextlib and isinstance, mostly for httpcore"),
    ("BytesIO", "collecting the body"),
)
OTHERS = "everything else"


def run(setup: Setup) -> list[Result]:
    """Profile, print, and keep the shares for the docs."""
    for size, persons in ((1000, 10_000), (100, 4_000)):
        shares = _shares(f"{setup.origin}/{persons}", size, 4 if setup.quick else 40)
        print(f"\nWhat a walk is made of, {size:,} a page")
        for owner, share in sorted(shares.items(), key=lambda each: -each[1]):
            print(f"  {owner:<50} {share:6.1%}")
            NOTES[f"{size:,} a page: {owner}"] = round(share, 3)
    return []


def _shares(host: str, size: int, times: int) -> Mapping[str, float]:
    profile = cProfile.Profile(time.process_time)
    with Environment("1", host=host, api_key=KEY, pacing=False) as env:
        for number in range(times + 1):
            if number:
                profile.enable()
            for page in env.persons.list(page_size=size).pages():
                del page
            profile.disable()
    spent: dict[str, float] = {}
    for (file, _, name), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        owner = next((owner for mark, owner in OWNERS if mark in f"{file} {name}"), OTHERS)
        spent[owner] = spent.get(owner, 0.0) + seconds
    whole = sum(spent.values())
    return {owner: seconds / whole for owner, seconds in spent.items()}

"""One person, read by its id: everything that a call costs besides the decoding of a page."""

from __future__ import annotations

import httpx
import orjson

from benchmarks.contenders import HEADERS, KEY
from benchmarks.harness import Result, Setup, in_turn, ratio, show
from benchmarks.walk import roomy
from posthog_environments import Environment

BARE, OURS, PACED = "httpx.Client.get + orjson", "ours, persons.get", "ours, with pacing"
CALLS = 60


def run(setup: Setup) -> list[Result]:
    """Read, print, and return what is held against the target."""
    host = f"{setup.origin}/{CALLS}"
    with (
        httpx.Client(headers=HEADERS) as client,
        Environment("1", host=host, api_key=KEY, pacing=False) as env,
        Environment("1", host=host, api_key=KEY) as paced,
    ):
        roomy(paced)

        def bare() -> None:
            for number in range(1, CALLS):
                response = client.get(f"{host}/api/environments/1/persons/{number}/")
                response.raise_for_status()
                orjson.loads(response.content)

        def ours(env: Environment) -> None:
            for number in range(1, CALLS):
                env.persons.get(number)

        seconds = in_turn({BARE: bare, OURS: lambda: ours(env), PACED: lambda: ours(paced)}, setup.rounds(90))
    show("One person", seconds, CALLS - 1, "call", BARE)
    return [Result("persons.get: httpx.Client.get + orjson", ratio(seconds, PACED, BARE), 0.95, stretch=0.75)]

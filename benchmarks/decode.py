"""Decoding alone: the bytes of a page of 1,000 persons to dicts, to our records, to the untouched generator's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import orjson
from posthog_environments_api.models import PersonPage

from benchmarks.harness import Result, Setup, in_turn, ratio, show
from benchmarks.stock import Stock, generated
from posthog_environments.results.decoding import read

ROWS = 1000
TIMES = 5
DICTS, OURS, STOCK, STOCK_ORJSON = "orjson, dicts", "ours", "untouched generator", "its records on orjson"


def _repeated(decode: Callable[[], Any]) -> Callable[[], None]:
    def work() -> None:
        for _ in range(TIMES):
            decode()

    return work


def run(setup: Setup) -> list[Result]:
    """Decode, print, and return what is held against the targets."""
    with generated() as stock:
        return [_race(setup, stock)]


def _race(setup: Setup, stock: Stock) -> Result:
    url = f"{setup.origin}/{ROWS}/api/environments/1/persons/"
    content = httpx.get(url, params={"limit": ROWS}).content
    decoders: dict[str, Callable[[], Any]] = {
        DICTS: lambda: orjson.loads(content),
        OURS: lambda: read(content, PersonPage),
        STOCK: lambda: stock.page.from_dict(json.loads(content)),
        STOCK_ORJSON: lambda: stock.page.from_dict(orjson.loads(content)),
    }
    contenders = {name: _repeated(decode) for name, decode in decoders.items()}
    seconds = in_turn(contenders, setup.rounds(60))
    title = f"Decoding a page of {ROWS:,} persons, {len(content) / ROWS:,.0f} bytes each"
    show(title, seconds, ROWS * TIMES, "person", DICTS)
    return Result("decoding, faster than the untouched generator", ratio(seconds, STOCK, OURS), 2.0, True)

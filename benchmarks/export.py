"""Exports: JSON Lines against what one would write over the untouched generator's client, and the memory of each form.

An export writes and syncs a checkpoint with every four thousand rows; that is in its time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.harness import Result, Setup, in_turn, ratio, show
from benchmarks.memory import FEW, MANY, MANY_IN_A_HURRY, high_water_mark
from benchmarks.server import ROOT
from benchmarks.stock import Stock, generated
from posthog_environments import Environment

KEY = "phx_benchmark"
PERSONS, ROUNDS, PAGE = 10_000, 24, 1000
UNTOUCHED, RECORDS, OURS = "untouched generator, json.dumps", "ours, json.dumps of records", "ours, export"
FORMS = ("jsonl", "jsonl.gz", "jsonl.zst", "csv", "parquet")


def _untouched(stock: Stock, client: object, path: Path) -> None:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        while True:
            page = stock.list(client, PAGE, count)
            for person in page.results:
                file.write(json.dumps(person.to_dict()) + "\n")
                count += 1
            if not page.next_:
                break
    _check(count)


def _records(env: Environment, path: Path) -> None:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for person in env.persons.list(page_size=PAGE):
            file.write(json.dumps(person.to_dict()) + "\n")
            count += 1
    _check(count)


def _ours(env: Environment, path: Path) -> None:
    _check(env.persons.list(page_size=PAGE).export(path, force=True).rows)


def _check(found: int) -> None:
    if found != PERSONS:
        raise RuntimeError(f"{PERSONS} persons are there, {found} came")


def run(setup: Setup) -> list[Result]:
    """Export, print, and return what is held against the targets."""
    host = f"{setup.origin}/{PERSONS}"
    with generated() as stock, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = stack.enter_context(stock.connect(host))
        env = stack.enter_context(Environment("1", host=host, api_key=KEY, pacing=False))
        seconds = in_turn(
            {
                UNTOUCHED: lambda: _untouched(stock, client, folder / "untouched.jsonl"),
                RECORDS: lambda: _records(env, folder / "records.jsonl"),
                OURS: lambda: _ours(env, folder / "ours.jsonl"),
            },
            setup.rounds(ROUNDS),
        )
    show(f"JSON Lines of {PERSONS:,} persons, {PAGE:,} a page", seconds, PERSONS, "person", UNTOUCHED)
    what = "JSON Lines: rows a CPU second, against json.dumps over the untouched generator"
    return [Result(what, ratio(seconds, UNTOUCHED, OURS), 3.0, True), *_memory(setup)]


def _memory(setup: Setup) -> list[Result]:
    many = MANY_IN_A_HURRY if setup.quick else MANY
    print("\nPeak memory of an export, 1,000 a page")
    results: list[Result] = []
    for form in FORMS:
        few_peaks = [_peak(setup.origin, FEW, form) for _ in range(3)]
        many_peak = _peak(setup.origin, many, form)
        few_peak = median(few_peaks)
        print(
            f"  {form:<10} {few_peak / 1024:8.1f} MiB of {FEW:,}, {many_peak / 1024:8.1f} MiB of {many:,}", flush=True
        )
        results.append(Result(f"peak memory of {form}, {many:,} persons: that of {FEW:,}", many_peak / few_peak, 1.2))
    return results


def _peak(origin: str, persons: int, form: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"persons.{form}")
        command = [sys.executable, "-m", "benchmarks.export", f"{origin}/{persons}", str(persons), str(path)]
        return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def _export(host: str, persons: int, path: str) -> None:
    """Export in this process, and print the most KiB of memory that it held."""
    with Environment("1", host=host, api_key=KEY, pacing=False) as env:
        summary = env.persons.list().export(path)
    if summary.rows != persons or not summary.complete:
        raise SystemExit(f"{persons} persons are there: {summary}")
    print(high_water_mark())


if __name__ == "__main__":
    _export(sys.argv[1], int(sys.argv[2]), sys.argv[3])

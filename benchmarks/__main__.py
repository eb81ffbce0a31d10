"""Measure: `python -m benchmarks [NAME …] [--quick] [--record]`. Exits with 1 where it should not be as it is.

A full run fails where a target is missed, or where a ratio is twice as bad as in `benchmarks/recorded.json`. A quick
one takes three minutes and fails only where something is twice as bad as recorded, or as its target. `--record`
writes the record anew, and the plot of docs/speed.md; `scripts/figures.py` then writes the tables.

How it is measured. A canned server runs in a process of its own and only sends what it has written before. The
contenders take turns in short rounds, each round in another order, so that what slows the machine slows all of them.
What counts is the CPU time of this process, user and system; garbage is collected before each turn, not within.
A ratio is the median of the ratios of the rounds, and the middle half of them is printed beside it. Absolute times
hold on one machine only, ratios elsewhere too, within some 10 %.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import decode, export, get, imports, memory, parts, quota, record, sandbox, scaling, walk
from benchmarks.harness import NOTES, TABLES, Result, Setup, machine, verdict, versions
from benchmarks.server import running

BENCHMARKS = {
    "imports": imports,
    "decode": decode,
    "walk": walk,
    "get": get,
    "memory": memory,
    "export": export,
    "quota": quota,
    "scaling": scaling,
    "sandbox": sandbox,
    "parts": parts,
}


def main() -> int:
    """Run the benchmarks that the command line names, or all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; without any, all")
    parser.add_argument("--quick", action="store_true", help="three minutes; fails only what is far off")
    parser.add_argument("--record", action="store_true", help="keep what is measured as the record to come")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHMARKS.keys())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    start = time.monotonic()
    print(f"{machine()}\n{versions()}")
    results: list[Result] = []
    with running() as origin:
        for name in given.names or BENCHMARKS:
            results += BENCHMARKS[name].run(Setup(given.quick, origin))
    code = verdict(results, record.ratios(), quick=given.quick)
    if given.record:
        record.write(results, TABLES, NOTES)
        record.draw(record.read()["tables"])
    print(f"It took {time.monotonic() - start:.0f} s.")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""Measure: `python -m benchmarks [NAME …] [--quick]`. Exits with 1 where a target is not met.

A quick run takes about a minute and fails only where something is twice as bad as its target.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import decode, export, imports, memory, sandbox, walk
from benchmarks.harness import Result, Setup, show_machine, verdict
from benchmarks.server import running

BENCHMARKS = {
    "imports": imports,
    "decode": decode,
    "walk": walk,
    "memory": memory,
    "export": export,
    "sandbox": sandbox,
}


def main() -> int:
    """Run the benchmarks that the command line names, or all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; without any, all")
    parser.add_argument("--quick", action="store_true", help="about a minute; fails only what is far off")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHMARKS.keys())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    start = time.monotonic()
    show_machine()
    results: list[Result] = []
    with running() as origin:
        for name in given.names or BENCHMARKS:
            results += BENCHMARKS[name].run(Setup(given.quick, origin))
    code = verdict(results, quick=given.quick)
    print(f"It took {time.monotonic() - start:.0f} s.")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""Prove: `python -m prove [SUITE …]`. Makes every check, prints one table, exits with 1 where one does not hold."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from prove.frame import LOGS, Check, Result, carry_out, say, table

SUITES: Final = ("judges", "gate", "compilers", "live")
"""Each is a module of this package with a `CHECKS`."""


def main() -> int:
    """Make the checks of the suites that the command line names, or of all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m prove", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"one of {', '.join(SUITES)}; without any, all")
    parser.add_argument("--only", metavar="TEXT", default="", help="only checks whose name contains this")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table into a file as well")
    given = parser.parse_args()
    unknown = sorted(set(given.suites) - set(SUITES))
    if unknown:
        parser.error(f"there is no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    suites: Mapping[str, Sequence[Check]] = {
        suite: import_module(f"prove.{suite}").CHECKS for suite in given.suites or SUITES
    }
    start = time.monotonic()
    results: list[Result] = []
    for suite, checks in suites.items():
        for check in checks:
            if given.only in check.name:
                say(f"{suite}: {check.name} …")
                results.append(carry_out(suite, check))
                say(f"    {'ok' if results[-1].passed else 'FAILED'}: {results[-1].text} ({results[-1].seconds:.0f} s)")
    print(table(results))
    if given.table:
        given.table.write_text(table(results) + "\n", encoding="utf-8")
    failed = sum(not result.passed for result in results)
    say(f"{len(results)} checks, {failed} failed, {time.monotonic() - start:.0f} s. What the tools said is in {LOGS}.")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())

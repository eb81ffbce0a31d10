"""Soak: `python -m soak [SUITE …]`. Makes the campaigns, prints one table, exits with 1 where a figure is missed."""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Final

from soak.frame import Campaign, Effort, Result, carry_out, table

SUITES: Final = (
    "faults", "once", "sizes", "walks", "ranges", "secrets", "paths", "sandbox_attacks", "load", "shared", "processes",
    "bulk", "export",
)  # fmt: skip
"""Each is a module of this package with a `CAMPAIGNS`."""
APART: Final = {"redis": "redis-server", "pipelines": "Java 17 and PySpark, half a gigabyte, which make installs"}
"""Suites that are entered only if they are named, and what they want of the machine."""


def main() -> int:
    """Make the campaigns of the suites that the command line names, or of all; return the exit code."""
    every = (*SUITES, *APART)
    parser = argparse.ArgumentParser(prog="python -m soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "suites",
        nargs="*",
        metavar="SUITE",
        help=f"one of {', '.join(every)}; without any, all but {' and '.join(APART)}",
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="only campaigns whose name contains this")
    parser.add_argument("--share", metavar="X", type=float, default=1.0, help="part of the whole effort (default 1)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="where chance begins (default 1)")
    parser.add_argument("--table", type=Path, metavar="FILE", help="write the table into a file as well")
    given = parser.parse_args()
    unknown = sorted(set(given.suites) - set(every))
    if unknown:
        parser.error(f"there is no suite {', '.join(unknown)}; there are {', '.join(every)}")
    start = time.monotonic()
    results: list[Result] = []
    for suite in given.suites or SUITES:
        campaigns: tuple[Campaign, ...] = import_module(f"soak.{suite}").CAMPAIGNS
        for campaign in campaigns:
            if given.only in campaign.name:
                say(f"{suite}: {campaign.name} …")
                results.append(carry_out(suite, campaign, Effort(given.share, given.seed)))
                for figure in results[-1].figures:
                    sign = "   " if figure.met else "!!!"
                    say(f"{sign} {figure.what}: {figure.found} ({figure.target})")
                    if not figure.met and figure.more:
                        say(figure.more)
    print(table(results))
    if given.table:
        given.table.write_text(table(results) + "\n", encoding="utf-8")
    failed = sum(not result.met for result in results)
    say(f"{len(results)} campaigns, {failed} missed, {time.monotonic() - start:.0f} s, seed {given.seed}.")
    if not given.suites:
        for suite, wants in APART.items():
            say(f"Not made: {suite}. `make soak ARGS={suite}` does; it wants {wants}.")
    return 1 if failed or not results else 0


def say(text: str) -> None:
    """Print progress at once."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Write the figures of README.md, docs/speed.md and docs/how-it-scales.md into their places.

They come from benchmarks/recorded.json, the record of a full run of `make bench`, and from benchmarks/scaling.py, whose
simulation gives the same figures on every machine. `--check` exits with 1 where a page is out of step.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
# The benchmarks are no part of the package.
sys.path.insert(0, str(ROOT))

from benchmarks import record  # noqa: E402
from benchmarks.scaling import ERAS, SIZES, simulate  # noqa: E402

PAGES: Final = ("README.md", "docs/speed.md", "docs/how-it-scales.md")
SHORT: Final = (
    "walk, 1,000 a page: httpx + orjson dicts",
    "walk, 1,000 a page, faster than the untouched generator",
)
"""The two lines of the README: walks over rows as they come from real servers."""
PLACE: Final = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def machine(kept: Mapping[str, Any]) -> Iterator[str]:
    """Say what was measured on, and what."""
    yield f"Measured {kept['date']} on {kept['machine']}: {kept['versions']}."


def short(kept: Mapping[str, Any]) -> Iterator[str]:
    """Set the table of the README."""
    yield "| what | measured | middle half of the rounds | target |"
    yield "|---|---|---|---|"
    for what in SHORT:
        row = kept["results"][what]
        yield f"| {what} | {_times(row['measured'])} | {_spread(row)} | {_target(row)} |"


def targets(kept: Mapping[str, Any]) -> Iterator[str]:
    """Set the table of all targets."""
    yield "| what | measured | middle half of the rounds | target | stretch | |"
    yield "|---|---|---|---|---|---|"
    for what, row in kept["results"].items():
        stretch = _times(row["stretch"]) if "stretch" in row else ""
        cells = (what, _times(row["measured"]), _spread(row), _target(row), stretch, _verdict(row))
        yield f"| {' | '.join(cells)} |"


def runs(kept: Mapping[str, Any]) -> Iterator[str]:
    """Set what each of the last whole runs measured, with what it missed in bold."""
    yield f"| what | target | {' | '.join(run['at'] for run in kept['runs'])} |"
    yield f"|---|---|{'---|' * len(kept['runs'])}"
    for what, row in kept["results"].items():
        found = [{**row, "measured": run["measured"][what]} for run in kept["runs"] if what in run["measured"]]
        cells = [f"**{_times(each['measured'])}**" if _missed(each) else _times(each["measured"]) for each in found]
        # What is new is missing in the runs before it.
        cells = [""] * (len(kept["runs"]) - len(found)) + cells
        yield f"| {' | '.join([what, _target(row), *cells])} |"


def contenders(kept: Mapping[str, Any]) -> Iterator[str]:
    """Set a table for each race."""
    for title, table in kept["tables"].items():
        yield f"### {title}\n"
        yield f"| contender | µs of CPU a {table['unit']} | ratio to the first | middle half |"
        yield "|---|---|---|---|"
        for name, row in table["rows"].items():
            yield f"| {name} | {row['us']:,.2f} | {_times(row['ratio'])} | {_spread(row)} |"
        yield ""


def parts(kept: Mapping[str, Any]) -> Iterator[str]:
    """Set the table of what a walk is made of."""
    shares: dict[str, dict[str, float]] = {}
    for note, share in kept["notes"].items():
        size, found, owner = note.partition(" a page: ")
        if found:
            shares.setdefault(owner, {})[size] = share
    yield "| whose code | 1,000 a page | 100 a page |"
    yield "|---|---|---|"
    for owner, by_size in sorted(shares.items(), key=lambda each: -each[1].get("1,000", 0.0)):
        yield f"| {owner} | {by_size.get('1,000', 0.0):.0%} | {by_size.get('100', 0.0):.0%} |"


def memory(kept: Mapping[str, Any]) -> Iterator[str]:
    """Say how much memory walks take."""
    few, many = (kept["notes"][f"peak MiB, {persons} persons"] for persons in ("10,000", "1,000,000"))
    yield f"A process that walks over 10,000 persons takes {few:.1f} MiB at most, one that walks over 1,000,000 takes"
    yield f"{many:.1f} MiB, the interpreter and all modules included."


def scale(_: Mapping[str, Any]) -> Iterator[str]:
    """Set the table of requests and hours."""
    columns = ("persons", "requests, 1,000 a page", "time, rates of 2025", "rates of 2026")
    yield f"| {' | '.join(columns)} | requests, 100 a page | time, rates of 2025 |"
    yield "|---|---|---|---|---|---|"
    for persons in SIZES:
        large = [simulate(persons, 1000, rates) for rates in ERAS.values()]
        small = simulate(persons, 100, ERAS["2025"])
        cells = [f"{persons:,}", f"{large[0].requests:,}", *(_duration(course.seconds) for course in large)]
        yield f"| {' | '.join([*cells, f'{small.requests:,}', _duration(small.seconds)])} |"


PARTS: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    part.__name__: part for part in (machine, short, targets, runs, contenders, parts, memory, scale)
}


def _times(value: float) -> str:
    return f"{value:.2f}\N{MULTIPLICATION SIGN}"


def _spread(row: Mapping[str, Any]) -> str:
    return f"{row['low']:.2f} to {row['high']:.2f}" if "low" in row else ""


def _target(row: Mapping[str, Any]) -> str:
    return f"{'≥' if row['at_least'] else '≤'} {_times(row['target'])}"


def _verdict(row: Mapping[str, Any]) -> str:
    if "stretch" in row and _reaches(row, row["stretch"]):
        return "stretch met"
    return "**missed**" if _missed(row) else "met"


def _missed(row: Mapping[str, Any]) -> bool:
    return not _reaches(row, row["target"])


def _reaches(row: Mapping[str, Any], value: float) -> bool:
    return bool(row["measured"] >= value if row["at_least"] else row["measured"] <= value)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def filled(text: str, kept: Mapping[str, Any]) -> str:
    """Return a page with its figures in their places."""
    return PLACE.sub(lambda place: place[1] + "\n".join(PARTS[place[2]](kept)) + "\n" + place[3], text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of step")
    check = parser.parse_args().check
    kept = record.read()
    stale: list[str] = []
    for name in PAGES:
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        wanted = filled(text, kept)
        if check and wanted != text:
            stale.append(name)
        elif not check:
            page.write_text(wanted, encoding="utf-8")
    for name in stale:
        print(f"{name} is out of step with benchmarks/recorded.json or scaling.py. Run: make generate", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

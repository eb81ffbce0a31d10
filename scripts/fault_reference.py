"""Write docs/faults.md: each fault of tests/suites/soak/fault_table.py, and how each kind of call ends in it.

The table is what `make soak` and `make test-all` hold the client to: the page cannot promise anything else. `--check`
exits with 1 where it is out of step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
# The faults belong to the soak, which is no part of the package.
sys.path.insert(0, str(ROOT / "tests" / "suites"))

import generated_page  # noqa: E402

from soak.fault_table import FAULTS, Fault, Kind  # noqa: E402

PAGE: Final = ROOT / "docs/faults.md"
HEAD: Final = """\
# Every fault, one by one

<!-- Written by scripts/fault_reference.py from tests/suites/soak/fault_table.py. -->

How a call ends while a fault lasts, for each fault of the table that `make soak` tries on real sockets, with the
blocking and the async client. [What happens when…](what-happens-when.md) says it in fewer words.

“The value” is that of a healthy server. Where two ends stand, either may come: it is a matter of luck when the fault
shows. **Rides** are faults that reads and deletes ride through, by trying again, when they happen once; where the
server says that nothing was done (429, 503), so do other changes.
"""
COLUMNS: Final[Mapping[str, Sequence[Kind]]] = {
    "reads, trends, listings": ("get", "trend", "walk", "request", "request again"),
    "`delete`": ("delete", "request delete"),
    "other changes": ("patch", "post", "request post"),
}
NAMES: Final[Mapping[Kind, str]] = {
    "get": "`get`",
    "trend": "`trend`",
    "walk": "`list`",
    "delete": "`delete`",
    "patch": "`update`",
    "post": "`delete_property`",
    "request": "`request`",
    "request again": "`request` with `repeat=True`",
    "request delete": "`request`",
    "request post": "`request`",
}


def end(words: frozenset[str]) -> str:
    """Write how a call may end."""
    return " or ".join("the value" if word == "value" else f"`{word}`" for word in sorted(words, key=str.swapcase))


def cell(fault: Fault, kinds: Sequence[Kind]) -> str:
    """Write how the calls of a column end."""
    ends = {kind: end(fault.ends[kind]) for kind in kinds if kind in fault.kinds}
    if len(set(ends.values())) <= 1:
        return next(iter(ends.values()), "")
    return "; ".join(f"{NAMES[kind]}: {text}" for kind, text in ends.items())


def tables() -> Iterator[str]:
    """Set one table for each group; faults that end alike share a line."""
    for group, faults in groupby(FAULTS, lambda fault: fault.group):
        lines: dict[tuple[str, ...], list[str]] = {}
        for fault in faults:
            cells = tuple(cell(fault, kinds) for kinds in COLUMNS.values())
            rides = "yes" if fault.passing or fault.again else ""
            lines.setdefault((*cells, rides), []).append(fault.name)
        yield f"\n## {group[0].upper()}{group[1:]}\n"
        yield "| fault | " + " | ".join(COLUMNS) + " | rides |"
        yield "|---|" + "---|" * (len(COLUMNS) + 1)
        for cells, names in lines.items():
            shown = "; ".join(names).replace("|", "\\|")
            yield f"| {shown} | " + " | ".join(cells) + " |"


def page() -> str:
    """Return the whole page."""
    return HEAD + "\n".join(tables()) + "\n"


if __name__ == "__main__":
    sys.exit(generated_page.main(__doc__, PAGE, page(), "tests/suites/soak/fault_table.py"))

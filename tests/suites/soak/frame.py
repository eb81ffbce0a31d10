"""What a soak is made of: campaigns in suites, the figures that they end in, and one table."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

__all__ = ["Campaign", "Effort", "Figure", "Result", "carry_out", "missed", "none", "table"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a campaign shall do.

    Attributes:
        share: Part of the whole; 1 is the soak, `make test` takes a few hundredths.
        seed: Where chance begins: the same seed makes the same campaign.
    """

    share: float = 1.0
    seed: int = 1

    def random(self, name: str) -> Random:
        """Give the dice of one part of a campaign, which another part's throws do not change."""
        return Random(f"{self.seed} {name}")

    def count(self, whole: int, least: int = 1) -> int:
        """Give the part of a number of tries that this effort asks for."""
        return max(least, round(whole * self.share))


@dataclass(frozen=True, slots=True)
class Figure:
    """What a campaign has measured.

    Attributes:
        what: What was measured, in a few words.
        target: What it must be, as text.
        found: What it was, as text.
        met: Whether that is so.
        more: What helps to understand a figure that was missed: the first offenders.
    """

    what: str
    target: str
    found: str
    met: bool
    more: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign: a name, unique, in a few words, and what makes it."""

    name: str
    make: Callable[[Effort], Iterable[Figure]]


@dataclass(frozen=True, slots=True)
class Result:
    """How a campaign went."""

    suite: str
    campaign: str
    figures: Sequence[Figure]
    seconds: float

    @property
    def met(self) -> bool:
        """Whether there is a figure, and each is what it must be."""
        return bool(self.figures) and all(figure.met for figure in self.figures)


def carry_out(suite: str, campaign: Campaign, effort: Effort) -> Result:
    """Make a campaign; one that breaks has missed its figure."""
    start = time.monotonic()
    figures: list[Figure] = []
    try:
        for figure in campaign.make(effort):
            figures.append(figure)  # noqa: PERF402 - those before the break are kept
    except Exception as error:  # noqa: BLE001 - whatever it is, the table shows it
        figures.append(Figure("the campaign itself", "ends", type(error).__name__, met=False, more=_trace(error)))
    return Result(suite, campaign.name, figures, time.monotonic() - start)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-3000:]


def none(what: str, offenders: Sequence[str]) -> Figure:
    """Give a figure that must be nothing."""
    return Figure(what, "0", str(len(offenders)), not offenders, "\n".join(offenders[:12]))


def missed(figures: Iterable[Figure]) -> list[str]:
    """Describe the figures that are not what they must be, for a test to hold against []."""
    return [f"{each.what}: {each.found}, not {each.target}\n{each.more}" for each in figures if not each.met]


def table(results: Sequence[Result]) -> str:
    """Return the results as a table in Markdown."""
    lines = ["| | campaign | what | must be | is | s |", "|---|---|---|---|---|---|"]
    for result in results:
        for number, figure in enumerate(result.figures):
            sign = "ok" if figure.met else "**MISSED**"
            name, seconds = (f"{result.suite}: {result.campaign}", f"{result.seconds:.0f}") if number == 0 else ("", "")
            cells = (sign, name, figure.what, figure.target, figure.found, seconds)
            lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)

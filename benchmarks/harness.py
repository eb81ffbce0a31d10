"""How things are measured: contenders in turn, in short rounds, by CPU time; medians, spread and ratios of pairs."""

from __future__ import annotations

import gc
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Self

PACKAGES = (
    "posthog-environments",
    "httpx",
    "httpcore",
    "h11",
    "requests",
    "orjson",
    "attrs",
    "msgspec",
    "pydantic",
    "openapi-python-client",
)
# Machines differ and runs scatter; what has become this many times worse has another reason.
DOUBLING = 2.0


class Ratio(float):
    """The median of the ratios of many rounds, and between which two the middle half of them lies."""

    low: float
    high: float

    def __new__(cls, ratios: Sequence[float]) -> Self:
        made = super().__new__(cls, median(ratios))
        made.low, _, made.high = quantiles(ratios, n=4)
        return made


@dataclass(frozen=True, slots=True)
class Result:
    """A ratio, and what it is to be: at most `target`, or at least, where `at_least` is set.

    Attributes:
        what: What was measured, in words that stay the same from run to run: the record is kept by them.
        measured: The ratio; a `Ratio` where there were rounds, so that a spread is known.
        target: What it must be.
        at_least: Whether more is better.
        stretch: What it had better be; None where nobody has said.
        absolute: Whether it is held against a fixed value instead of a contender. Such a thing differs from machine to
            machine and between long runs and short ones, so that the record says nothing of it.
    """

    what: str
    measured: float
    target: float
    at_least: bool = False
    stretch: float | None = None
    absolute: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self._reaches(self.target)

    @property
    def verdict(self) -> str:
        """Say in a word how it stands."""
        if self.stretch is not None and self._reaches(self.stretch):
            return "stretch"
        return "met" if self.met else "MISSED"

    @property
    def far_off(self) -> bool:
        """Whether it is worse than twice the target."""
        return self.times_worse(self.target) > DOUBLING

    def times_worse(self, than: float) -> float:
        """Return how many times worse it is than another value."""
        return than / self.measured if self.at_least else self.measured / than

    def _reaches(self, value: float) -> bool:
        return self.measured >= value if self.at_least else self.measured <= value


@dataclass(frozen=True, slots=True)
class Setup:
    """What a benchmark is given: whether to hurry, and the origin of the canned server."""

    quick: bool
    origin: str

    def rounds(self, full: int) -> int:
        """Return how many rounds to go, of `full` in a full run."""
        return max(3, full // 6) if self.quick else full


Seconds = Mapping[str, Sequence[float]]


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process that `work` takes, user and system; garbage of before is not in it."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(
    contenders: Mapping[str, Callable[[], object]],
    rounds: int,
    measure: Callable[[Callable[[], object]], float] = cpu_of,
) -> Seconds:
    """Measure all contenders in each round, each round in another order; a first round is not counted."""
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = measure(contenders[name])
            if number:
                seconds[name].append(value)
    return seconds


def ratio(seconds: Seconds, over: str, under: str) -> Ratio:
    """Return the median of the ratios of the rounds: what slows a round slows both."""
    return Ratio([one / other for one, other in zip(seconds[over], seconds[under], strict=True)])


@dataclass(frozen=True, slots=True)
class Table:
    """What contenders took, for the docs: microseconds of CPU for each unit, and the ratio to the first of them."""

    title: str
    unit: str
    rows: Mapping[str, tuple[float, Ratio]]


TABLES: list[Table] = []
"""What has been shown in this run."""
NOTES: dict[str, float] = {}
"""Other figures of this run that the docs name."""


def show(title: str, seconds: Seconds, units: int, unit: str, base: str) -> None:
    """Print the medians, the spread and the ratios to `base`, and keep them for the docs."""
    print(f"\n{title}")
    rows = {name: (median(values) / units * 1e6, ratio(seconds, name, base)) for name, values in seconds.items()}
    TABLES.append(Table(title, unit, rows))
    width = max(map(len, seconds))
    for name, values in seconds.items():
        middle = median(values)
        low, _, high = quantiles(values, n=4)
        spread = f"{(low / middle - 1) * 100:+.0f} … {(high / middle - 1) * 100:+.0f} %"
        print(
            f"  {name:<{width}}  {middle / units * 1e6:9.2f} us CPU a {unit}"
            f"  {units / middle:12,.0f} a second"
            f"  {ratio(seconds, name, base):6.2f} x"
            f"   (middle half of {len(values)} rounds: {spread})",
            flush=True,
        )


def machine() -> str:
    """Say what is measured on: CPU, cores and system. The build of a kernel says who made it, not how fast it is."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}"


def versions() -> str:
    """Say what is measured."""
    return f"{platform.python_implementation()} {platform.python_version()}, " + ", ".join(map(_versioned, PACKAGES))


def _versioned(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} not installed"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def verdict(results: Sequence[Result], recorded: Mapping[str, float], *, quick: bool) -> int:
    """Print the table of targets, and return the exit code.

    A run fails where a ratio is twice as bad as `recorded`, and a full one where a target is not met as well.
    """
    width = max((len(result.what) for result in results), default=0)
    head = f"{'what':<{width}} | measured | middle half   | recorded | target    | stretch | verdict"
    print(f"\n{head}\n{'-' * len(head)}")
    for result in results:
        print(f"{result.what:<{width}} | {' | '.join(_cells(result, recorded.get(result.what)))}")
    if quick:
        print("A quick run: it fails only where something is twice as bad as recorded, or as its target.")
    failed = failures(results, recorded, quick=quick)
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failed else 0


def failures(results: Sequence[Result], recorded: Mapping[str, float], *, quick: bool) -> list[str]:
    """Say in a line each what fails a run."""
    failed: list[str] = []
    for result in results:
        before = None if result.absolute else recorded.get(result.what)
        if before is not None and result.times_worse(before) > DOUBLING:
            failed.append(f"{result.what}: {result.measured:.2f}, more than twice as bad as recorded ({before:.2f})")
        elif result.far_off or not (quick or result.met):
            failed.append(f"{result.what}: {result.measured:.2f}, where {result.target:.2f} is the target")
    return failed


def _cells(result: Result, before: float | None) -> list[str]:
    sign = ">=" if result.at_least else "<="
    found = result.measured
    return [
        f"{found:8.3f}",
        f"{found.low:5.2f} … {found.high:5.2f}" if isinstance(found, Ratio) else " " * 13,
        " " * 8 if before is None else f"{before:8.3f}",
        f"{sign} {result.target:6.2f}",
        " " * 7 if result.stretch is None else f"{result.stretch:7.2f}",
        result.verdict,
    ]

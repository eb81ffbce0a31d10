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

PACKAGES = ("posthog-environments", "httpx", "httpcore", "h11", "orjson", "msgspec", "attrs", "openapi-python-client")
# A quick run is short, so only a ratio that is this many times its target counts as a failure.
QUICK_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """A ratio, and what it is to be: at most `target`, or at least, where `at_least` is set."""

    what: str
    measured: float
    target: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    @property
    def far_off(self) -> bool:
        """Whether it is worse than twice the target."""
        factor = self.target / self.measured if self.at_least else self.measured / self.target
        return factor > QUICK_FACTOR


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


def ratio(seconds: Seconds, over: str, under: str) -> float:
    """Return the median of the ratios of the rounds: what slows a round slows both."""
    return median(one / other for one, other in zip(seconds[over], seconds[under], strict=True))


def show(title: str, seconds: Seconds, units: int, unit: str, base: str) -> None:
    """Print the medians, the spread and the ratios to `base`."""
    print(f"\n{title}")
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


def show_machine() -> None:
    """Print what was measured on, and with which versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{_processor()}, {cores} cores, {platform.system()} {platform.release()}")
    print(f"{platform.python_implementation()} {platform.python_version()}, " + ", ".join(map(_versioned, PACKAGES)))


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


def verdict(results: Sequence[Result], *, quick: bool) -> int:
    """Print the table of targets, and return the exit code."""
    width = max(len(result.what) for result in results)
    print(f"\n{'what':<{width}} | measured | target   | met\n{'-' * width}-|----------|----------|----")
    for result in results:
        sign = ">=" if result.at_least else "<="
        met = "yes" if result.met else "no"
        print(f"{result.what:<{width}} | {result.measured:6.2f} x | {sign} {result.target:.2f} x | {met}")
    failed = [result for result in results if (result.far_off if quick else not result.met)]
    if quick:
        print(f"A quick run: only what is {QUICK_FACTOR:g} times worse than its target fails it.")
    for result in failed:
        print(f"failed: {result.what}", file=sys.stderr)
    return 1 if failed else 0

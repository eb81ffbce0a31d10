"""The peak memory of a walk over a million persons, against one over ten thousand; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.harness import NOTES, Result, Setup
from benchmarks.server import ROOT

FEW, MANY, MANY_IN_A_HURRY = 10_000, 1_000_000, 150_000


def run(setup: Setup) -> list[Result]:
    """Walk, print, and return what is held against the target."""
    many = MANY_IN_A_HURRY if setup.quick else MANY
    print("\nPeak memory of a walk, 1,000 a page")
    few_peaks = [_peak(setup.origin, FEW) for _ in range(3)]
    many_peaks = [_peak(setup.origin, many) for _ in range(1 if setup.quick else 2)]
    for persons, peaks in ((FEW, few_peaks), (many, many_peaks)):
        shown = ", ".join(f"{peak / 1024:.1f}" for peak in peaks)
        print(f"  {persons:>9,} persons  {median(peaks) / 1024:8.1f} MiB   (runs: {shown})", flush=True)
    NOTES["peak MiB, 10,000 persons"] = round(median(few_peaks) / 1024, 1)
    NOTES[f"peak MiB, {many:,} persons"] = round(median(many_peaks) / 1024, 1)
    more = median(many_peaks) / median(few_peaks)
    return [Result(f"peak memory, 1,000,000 persons: {FEW:,}", more, 1.1, stretch=1.03)]


def _peak(origin: str, persons: int) -> int:
    command = [sys.executable, "-m", "benchmarks.memory", f"{origin}/{persons}", str(persons)]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def _walk(host: str, persons: int) -> None:
    """Walk in this process, and print the most KiB of memory that it held."""
    from posthog_environments import Environment

    with Environment("1", host=host, api_key="phx_benchmark", pacing=False) as env:
        people = env.persons.list()
        count = sum(1 for _ in people)
    if count != persons or not people.report.complete:
        raise SystemExit(f"{persons} persons are there, {count} came: {people.report}")
    print(high_water_mark())


def high_water_mark() -> int:
    """Return the most KiB of memory that this process has held."""
    # What getrusage says goes back beyond exec, to the memory of the parent; this does not.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    _walk(sys.argv[1], int(sys.argv[2]))

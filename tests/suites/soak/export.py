"""Suite "export": a file is the same, wherever its export was broken off, and whatever was lost with that.

Each break is made by a child process on a disk that counts its steps (`soak.crashes`). A full disk is a real one: a
small tmpfs where that may be mounted, and a limit on the size of files everywhere.
"""

from __future__ import annotations

import errno
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, Final

from posthog_environments import Environment
from soak.crashes import ENDS, KEY, SHAPES, SUITES, Break, Plan, carry_out
from soak.crowd import crowd
from soak.frame import Campaign, Effort, Figure

__all__ = ["CAMPAIGNS", "broken", "full_disk", "mounted"]

PERSONS: Final = 300
PAGE: Final = 20
# A full disk wants more of them, so that a part is kept before it is full. Of each form: bytes that a file may have,
# and KiB of a tmpfs, the checkpoint included.
MANY: Final = 3000
LARGE_PAGE: Final = 50
ROOM: Final = {
    "a.jsonl": (300_000, 400),
    "a.csv": (240_000, 300),
    "a.jsonl.gz": (60_000, 100),
    "a.parquet": (300_000, 400),
}
WORKERS: Final = 2
EVERY_SHAPE: Final = tuple(each.name for each in SHAPES)


def _breaks(steps: dict[int, list[str]], ends: Sequence[str]) -> list[Break]:
    """All that there are: at each step of each shape, in each way that the step knows."""
    return [
        Break(shape, end, step)
        for shape, names in steps.items()
        for end, step in product(ends, range(len(names)))
        if end != "kill in a write" or names[step] == "write"
    ]


def broken(
    effort: Effort,
    *,
    twice: bool,
    tries: int,
    defect: str = "",
    ends: Sequence[str] = ENDS,
    shapes: Sequence[str] = EVERY_SHAPE,
) -> Iterator[Figure]:
    """Break exports off, once or twice each, and count what is not as it would have been."""
    random = effort.random(f"breaks {twice}")
    with crowd(PERSONS, 0, 1) as served:
        of = [number for number, shape in enumerate(SHAPES) if shape.name in shapes]
        steps = {each["shape"]: each["steps"] for each in carry_out(Plan(served.host, PAGE, of, [], defect))}
        chosen = _chosen(random, _breaks(steps, ends), steps, effort.count(tries, 20), twice=twice)
        plans = [Plan(served.host, PAGE, of, chosen[number::WORKERS], defect) for number in range(WORKERS)]
        with ThreadPoolExecutor(WORKERS) as threads:
            outcomes: list[dict[str, Any]] = [
                each for found in threads.map(lambda plan: list(carry_out(plan)), plans) for each in found
            ]
    reached = sum(each["reached"] for each in outcomes)
    wrong = [f"{_named(each['at'], steps)}: {each['wrong']}" for each in outcomes if each["wrong"]]
    least = len(chosen) * 9 // 10
    yield Figure("exports broken off", f"at least {least}", str(reached), reached >= least)
    kinds = len({each["at"]["shape"] for each in outcomes if each["reached"]})
    yield Figure("shapes of exports among them", str(len(shapes)), str(kinds), kinds == len(shapes))
    yield Figure(
        "resumed exports that are not as without the break", "0", str(len(wrong)), not wrong, "\n".join(wrong[:10])
    )


def _chosen(
    random: Random, breaks: list[Break], steps: dict[int, list[str]], count: int, *, twice: bool
) -> list[Break]:
    chosen = random.sample(breaks, min(count, len(breaks)))
    if not twice:
        return chosen
    return [Break(each.shape, each.end, each.step, random.randrange(len(steps[each.shape]))) for each in chosen]


def _named(at: dict[str, Any], steps: dict[int, list[str]]) -> str:
    name = steps[at["shape"]][at["step"]]
    again = "" if at["again"] is None else f", then at step {at['again']}"
    return f"{SHAPES[at['shape']].name}, {at['end']} at step {at['step']} ({name}){again}"


# ------------------------------------------------------------------------------------------------------- full disks


@contextmanager
def mounted(kib: int) -> Iterator[Path]:
    """Mount a small tmpfs.

    Raises:
        PermissionError: That is not allowed here.
    """
    with tempfile.TemporaryDirectory(prefix="soak-full-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PermissionError(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def full_disk(host: str, folder: Path, name: str, *, limit: int | None, grow: list[str]) -> str:
    """Fill a disk with an export, make room, and resume; say what is wrong.

    Args:
        host: The server.
        folder: The disk.
        name: What is exported.
        limit: Bytes that a file may have; None leaves that to the disk.
        grow: The command that makes room.
    """
    path = folder / name
    with tempfile.TemporaryDirectory() as elsewhere, Environment("1", host=host, api_key=KEY, pacing=False) as env:
        whole = Path(elsewhere, name)
        env.persons.list(page_size=LARGE_PAGE).export(whole)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            env.persons.list(page_size=LARGE_PAGE).export(path)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EFBIG):
                return f"another error: {error}"
        else:
            return "the disk was not full"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        if path.exists():
            return "the file is there before it is whole"
        if grow:
            subprocess.run(grow, check=True)
        summary = env.persons.list(page_size=LARGE_PAGE).export(path, resume=True)
        if path.read_bytes() != whole.read_bytes():
            return "the file differs"
        return "" if summary.resumed and summary.complete else f"the summary says {summary}"


def _full(_: Effort) -> Iterator[Figure]:
    """A process of its own, for the limit holds for all of a process."""
    for way in ("limit", "tmpfs"):
        command = [sys.executable, "-m", "soak.export", way]
        done = subprocess.run(command, cwd=SUITES, capture_output=True, text=True, check=False)
        said = done.stdout.strip() or done.stderr.strip()[-300:]
        what = {"limit": "a file that may not grow", "tmpfs": "a tmpfs that is full"}[way]
        not_here = said.startswith("not tried")
        yield Figure(f"{what}: resumed exports that differ", "0", said, said == "0" or not_here, said)


def try_full(way: str) -> str:
    """Fill a disk in one way, in each form; count what went wrong, or say why it was not tried."""
    with crowd(MANY, 0, 1) as served:
        wrong: list[str] = []
        for name, (limit, kib) in ROOM.items():
            if way == "limit":
                with tempfile.TemporaryDirectory() as folder:
                    wrong.append(full_disk(served.host, Path(folder), name, limit=limit, grow=[]))
                continue
            try:
                with mounted(kib) as disk:
                    grow = ["mount", "-o", "remount,size=4096k", str(disk)]
                    wrong.append(full_disk(served.host, disk, name, limit=None, grow=grow))
            except PermissionError as error:
                return f"not tried: {error}"
        found = [each for each in wrong if each]
        return "0" if not found else "; ".join(found)


def _once(effort: Effort) -> Iterator[Figure]:
    return broken(effort, twice=False, tries=1200)


def _twice(effort: Effort) -> Iterator[Figure]:
    return broken(effort, twice=True, tries=400)


CAMPAIGNS: Final = (
    Campaign("exports broken off at any step", _once),
    Campaign("exports broken off, and their resumption as well", _twice),
    Campaign("exports onto a full disk", _full),
)

if __name__ == "__main__":
    print(try_full(sys.argv[1]))

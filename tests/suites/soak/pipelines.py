"""Suite "pipelines": one process, Spark with four workers, and dlt read the same persons, and share one quota.

PySpark is half a gigabyte, and has a place of its own, .venv-pipelines. What is missing on a machine is said, and the
campaign is missed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from posthog_environments.sandbox import Sandbox
from soak.canned import Canned, Heard, http
from soak.clock import SlidingLogs
from soak.frame import Campaign, Effort, Figure
from soak.rates import RATES

__all__ = ["CAMPAIGNS", "Counting", "needed", "one_quota", "same_persons", "tests_of_spark"]

SUITES: Final = Path(__file__).parents[1]
PYTHON: Final = SUITES.parents[1] / ".venv-pipelines" / "bin" / "python"
KEY: Final = "phx_soak_pipelines_0123456789"
MOST_SECONDS: Final = 3600.0
PROBES: Final = 4
"""Requests of the driver, which looks up where four partitions end, before any worker begins."""


def needed() -> str | None:
    """Say what is missing, and how it is got."""
    if not PYTHON.exists():
        return "PySpark is not installed here. `make soak ARGS=pipelines` or `make pipelines` installs it."
    if shutil.which("java") is None:
        return "Spark needs Java 17 or newer. Debian: apt-get install openjdk-17-jre-headless"
    return None


def _run(arguments: list[str], environ: Mapping[str, str]) -> str:
    missing = needed()
    if missing:
        raise RuntimeError(missing)
    done = subprocess.run(
        [str(PYTHON), *arguments], cwd=SUITES, env={**os.environ, **environ}, capture_output=True, text=True,
        check=False, timeout=MOST_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(arguments)[:200]} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}"
        )
    return done.stdout


def _engine(how: str, environ: Mapping[str, str], **given: Any) -> dict[str, Any]:
    arguments = {"pacing": False, "quota": None, "page_size": 1000, "partitions": 4, **given}
    said = _run(["-m", "soak.engines", how, json.dumps(arguments)], environ)
    told = re.findall(r"^told: (.*)$", said, re.MULTILINE)
    found: dict[str, Any] = json.loads(told[-1])
    return found


def tests_of_spark(_: Effort) -> Iterator[Figure]:
    """Run the tests of the source and the blocks of its guides."""
    said = _run(["-m", "pytest", "-c", "pipelines/pytest.ini", "-q", "pipelines"], {})
    passed = re.search(r"(\d+) passed", said)
    odd = re.search(r"failed|error|skipped", said.splitlines()[-1])
    yield Figure(
        "tests of the Spark source and of its guides",
        "> 0, all pass",
        said.splitlines()[-1],
        bool(passed) and not odd,
        said[-2000:],
    )


def same_persons(effort: Effort) -> Iterator[Figure]:
    """Have a million persons read three ways."""
    persons = effort.count(1_000_000, 2000)
    with Sandbox(persons=persons, rates=False, api_key=KEY) as box:
        told = {how: _engine(how, box.environ) for how in ("walk", "spark", "dlt")}
    for how, found in told.items():
        right = found["rows"] == found["different"] == persons and found["complete"]
        what = f"{how}: persons, different ones, complete"
        seen = f"{found['rows']:,}, {found['different']:,}, {found['complete']} ({found['seconds']} s)"
        yield Figure(what, f"{persons:,}, {persons:,}, True", seen, right)
    sums = {found["sum"] for found in told.values()}
    yield Figure("different sets of uuids", "1", str(len(sums)), len(sums) == 1, str(told))


class Counting:
    """A server with a number of persons that counts requests as PostHog does, sixty times as fast."""

    def __init__(self, persons: int) -> None:
        self._persons = persons
        self._limiter = SlidingLogs(RATES)
        self._lock = threading.Lock()
        self.granted: list[float] = []
        self.refused = 0

    def answer(self, heard: Heard) -> bytes:
        """Answer a page, or 429."""
        with self._lock:
            now = time.monotonic()
            wait = self._limiter.refuses(now)
            if wait is None:
                self.granted.append(now)
            else:
                self.refused += 1
                return http(429, b"{}", b"Retry-After: %d" % (int(wait) + 1))
        query = {name: int(value[0]) for name, value in parse_qs(heard.query.decode()).items() if value[0].isdigit()}
        offset, limit = query.get("offset", 0), query.get("limit", 100)
        rows = [_person(number) for number in range(offset, min(offset + limit, self._persons))]
        ahead = offset + limit < self._persons
        link = f"http://x/?offset={offset + limit}" if ahead else None
        return http(200, json.dumps({"results": rows, "next": link, "previous": None, "count": self._persons}).encode())

    def used(self) -> tuple[float, int]:
        """Tell which part of the quota was used in whole windows from the first worker on, and how many they were."""
        limit, seconds = RATES[-1]
        granted = self.granted[PROBES:]
        windows = int((granted[-1] - granted[0]) / seconds)
        end = granted[0] + windows * seconds
        return sum(when < end for when in granted) / max(1, windows * limit), windows


def _person(number: int) -> dict[str, Any]:
    created = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=number)
    uuid = f"00000000-0000-4000-8000-{number:012d}"
    return {
        "id": uuid,
        "uuid": uuid,
        "name": None,
        "distinct_ids": [],
        "properties": {},
        "created_at": created.isoformat(),
    }


def one_quota(effort: Effort) -> Iterator[Figure]:
    """Have Spark and dlt read at the same time, with one quota between them."""
    persons = effort.count(6000, 1500)
    counting = Counting(persons)
    with Canned(counting.answer) as server, tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as executor:
        environ = {"POSTHOG_HOST": server.host, "POSTHOG_PROJECT_ID": "1", "POSTHOG_PERSONAL_API_KEY": KEY}
        given = {"pacing": True, "quota": f"file://{folder}/quota.db", "page_size": 10}
        spark = executor.submit(_engine, "spark", environ, **given)
        # The other one begins when the workers are at it, so that both always want more than there is.
        while not spark.done() and len(counting.granted) <= PROBES:
            time.sleep(0.05)
        told = {"dlt": _engine("dlt", environ, **given), "spark": spark.result()}
    for how, found in told.items():
        right = found["rows"] == found["different"] == persons
        yield Figure(
            f"{how}: different persons", f"{persons:,}", f"{found['different']:,} ({found['seconds']} s)", right
        )
    yield Figure(f"429s in {len(counting.granted):,} requests", "0", str(counting.refused), counting.refused == 0)
    used, windows = counting.used()
    enough = 0.95 if effort.share >= 0.5 else 0.0
    yield Figure(
        f"part of the quota that was used, {windows} windows", f"at least {enough:.0%}", f"{used:.1%}", used >= enough
    )


CAMPAIGNS: Final = (
    Campaign("tests of Spark", tests_of_spark),
    Campaign("the same persons, three ways", same_persons),
    Campaign("one quota for Spark and dlt", one_quota),
)

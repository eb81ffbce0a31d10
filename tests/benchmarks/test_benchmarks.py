"""The benchmarks: that a doubling fails a run, that the record can be trusted, and that the simulation is right.

Nothing here asserts a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import figures
import pytest

from benchmarks import record
from benchmarks.__main__ import BENCHMARKS
from benchmarks.harness import Ratio, Result, Table, failures, in_turn, ratio, verdict
from benchmarks.scaling import ERAS, SIMULATED, THIN, Course, simulate

ROOT = Path(record.__file__).parents[1]
WALK = "walk, 1,000 a page: httpx + orjson dicts"


def as_recorded(**doctored: float) -> list[Result]:
    """Give the results of a run that measured what is recorded, but for those that are doctored."""
    return [
        Result(what, doctored.get(what, row["measured"]), row["target"], row["at_least"], row.get("stretch"))
        for what, row in record.read()["results"].items()
    ]


def test_a_run_like_the_recorded_one_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(as_recorded(), record.ratios(), quick=True) == 0
    assert "failed" not in capsys.readouterr().err


@pytest.mark.parametrize("what", list(record.ratios()))
@pytest.mark.parametrize("quick", [True, False])
def test_a_doubling_fails_and_is_named(what: str, quick: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The record is doctored, so that what is measured is worse than twice as bad."""
    better = {row.what: row.at_least for row in as_recorded()}[what]
    doctored = record.ratios()
    doctored[what] *= 2.1 if better else 1 / 2.1
    assert verdict(as_recorded(), doctored, quick=quick) == 1
    assert f"failed: {what}" in capsys.readouterr().err


def test_less_than_a_doubling_passes_a_quick_run() -> None:
    doctored = {what: value / 1.9 for what, value in record.ratios().items()}
    only_less_is_better = [result for result in as_recorded() if not result.at_least]
    assert failures(only_less_is_better, doctored, quick=True) == []


def test_a_missed_target_fails_a_full_run_and_twice_the_target_a_quick_one() -> None:
    missed, far_off, new = Result("a", 1.4, 1.3), Result("b", 2.7, 1.3), Result("c", 0.9, 2.0, at_least=True)
    assert [line[0] for line in failures([missed, far_off, new], {}, quick=False)] == ["a", "b", "c"]
    assert [line[0] for line in failures([missed, far_off, new], {}, quick=True)] == ["b", "c"]


def test_what_has_no_contender_is_held_against_its_target_alone() -> None:
    slower, far_off = Result("a", 0.9, 1.0, absolute=True), Result("b", 2.1, 1.0, absolute=True)
    assert failures([slower], {"a": 0.1}, quick=True) == []
    assert len(failures([far_off], {"b": 2.0}, quick=True)) == 1


def test_verdicts() -> None:
    assert Result("a", 1.1, 1.3, stretch=1.15).verdict == "stretch"
    assert Result("a", 1.2, 1.3, stretch=1.15).verdict == "met"
    assert Result("a", 1.4, 1.3, stretch=1.15).verdict == "MISSED"
    assert Result("a", 2.5, 2.0, at_least=True, stretch=2.4).verdict == "stretch"


def test_contenders_take_turns_and_a_ratio_is_that_of_a_round() -> None:
    turns: list[str] = []

    def contender(name: str) -> Callable[[], None]:
        return lambda: turns.append(name)

    def measure(work: Callable[[], object]) -> float:
        work()
        return 1.0

    seconds = in_turn({name: contender(name) for name in "abc"}, 3, measure)
    assert turns == list("abcbcacababc")
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3, "c": 3}
    # The second round was slow for both.
    found = ratio({"ours": [2, 20, 3, 2, 2], "theirs": [1, 10, 1, 1, 1]}, "ours", "theirs")
    assert (found, found.low <= found <= found.high) == (2.0, True)


def test_a_record_keeps_what_was_not_measured_anew(tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    spread = Ratio([1.0, 1.5, 2.0])
    record.write(
        [Result("a", spread, 2.0), Result("b", 3.0, 4.0)], [Table("t", "walk", {"x": (1.0, spread)})], {}, path
    )
    record.write([Result("b", 3.5, 4.0, stretch=1.0)], [], {"note": 1.0}, path)
    assert record.ratios(path) == {"a": 1.5, "b": 3.5}
    kept = record.read(path)
    assert (kept["tables"]["t"]["rows"]["x"]["us"], kept["notes"], kept["results"]["a"]["high"]) == (
        1.0,
        {"note": 1.0},
        2.0,
    )


def test_the_last_runs_that_measured_everything_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    for value in (1.0, 2.0, 3.0, 4.0):
        record.write([Result("a", value, 2.0), Result("b", value, 2.0, at_least=True)], [], {}, path)
        record.write([Result("a", 9.0, 2.0)], [], {}, path)
    kept = record.read(path)
    assert [run["measured"] for run in kept["runs"]] == [{"a": value, "b": value} for value in (2.0, 3.0, 4.0)]
    kept["runs"][0]["measured"].pop("b")
    head, _, first, second = figures.runs(kept)
    assert head.count(" UTC |") == 3
    # What missed its target is in bold, and what an older run did not know is left empty.
    assert first == "| a | \u2264 2.00\u00d7 | 2.00\u00d7 | **3.00\u00d7** | **4.00\u00d7** |"
    assert second == "| b | \u2265 2.00\u00d7 |  | 3.00\u00d7 | 4.00\u00d7 |"


def test_the_record_covers_every_row_of_the_issue() -> None:
    assert set(record.read()["results"]) >= {
        WALK,
        "walk, 100 a page: httpx + orjson dicts",
        "walk, 1,000 a page, faster than the untouched generator",
        "walk, 100 a page, faster than the untouched generator",
        "walk, 1,000 a page: raw socket + orjson",
        "async walk, 1,000 a page: httpx async + orjson dicts",
        "persons.get: httpx.Client.get + orjson",
        "process that imports Environment, prop: import httpx",
        "process of phenv --help: import httpx",
        "peak memory, 1,000,000 persons: 10,000",
        "ten times the persons: the CPU",
        "quota used with no 429",
        "simulated and real walk, the longer: the shorter",
    }


def test_the_command_runs_and_says_what_it_does_not_know() -> None:
    """A run of the shortest benchmark, on a real server; what it measures here is nobody's business."""
    command = [sys.executable, "-m", "benchmarks"]
    unknown = subprocess.run([*command, "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert unknown.returncode == 2
    assert all(name in unknown.stderr for name in BENCHMARKS)
    done = subprocess.run([*command, "get", "--quick"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "persons.get: httpx.Client.get + orjson" in done.stdout
    assert "Traceback" not in done.stderr


# ----- the simulation


def test_a_short_walk_waits_for_nothing() -> None:
    assert simulate(10_000, 1000, ERAS["2025"], 0.5) == Course(10, 5.0)
    assert simulate(10_001, 1000, ERAS["2025"], 0.5) == Course(11, 5.5)


@pytest.mark.parametrize("quotas", [20, 1000])
def test_a_long_walk_takes_an_hour_for_each_quota(quotas: int) -> None:
    """By hand: quotas but for the first are waited for, and the last one goes as fast as the server answers."""
    course = simulate(quotas * 1200 * 1000, 1000, ERAS["2025"], 0.5)
    assert course.requests == quotas * 1200
    assert quotas - 1 < course.seconds / 3600 < quotas


@pytest.mark.parametrize("quotas", [20, 1000])
def test_with_no_quota_for_the_hour_it_takes_a_minute_for_each_or_what_the_server_takes(quotas: int) -> None:
    """By hand: a window begins when its first answer is there."""
    course = simulate(quotas * 240 * 1000, 1000, ERAS["2026"], 0.1)
    assert course.requests == quotas * 240
    assert course.seconds == pytest.approx((quotas - 1) * 60.1 + 240 * 0.1)
    # One request at a time, each of half a second, never meets 240 a minute.
    assert simulate(288_000 * 1000, 1000, ERAS["2026"], 0.5) == Course(288_000, 144_000.0)


def test_what_is_repeated_is_what_would_have_been_played(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulate(8_400 * 1000, 1000, ERAS["2025"])
    monkeypatch.setattr("benchmarks.scaling.SIMULATED", 5000)
    repeated = simulate(8_400 * 1000, 1000, ERAS["2025"])
    assert SIMULATED > 8_400 > 5000 > THIN
    assert repeated.requests == whole.requests
    assert repeated.seconds == pytest.approx(whole.seconds, rel=0.001)


def test_the_simulation_is_the_same_each_time() -> None:
    assert list(figures.scale({})) == list(figures.scale({}))


# ----- the pages


def test_a_page_that_is_out_of_step_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Any] = json.loads(json.dumps(record.read()))
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert figures.filled(page, kept) == page
    kept["results"]["walk, 1,000 a page: httpx + orjson dicts"]["measured"] += 1
    assert figures.filled(page, kept) != page

"""Requests by chance, valid and not, and each answer held against the contract: schemathesis, all phases and checks."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from posthog_environments.sandbox import Sandbox
from prove.frame import CONTRACT, Failed, Work, run, tool

Era = Literal["2025", "2026", "2026-09"]

WORDS: Final = Path(__file__).with_name("words.yaml")
ODDITIES: Final = Path(__file__).with_name("oddities.yaml")
ERAS: Final[tuple[Era, ...]] = ("2025", "2026", "2026-09")
# What servers of an era do not have; early in 2026 they deleted many at once without a word.
_NOT_YET: Final = frozenset({"bulkDeletePersons", "listPersonDeletions"})
WITHOUT: Final[Mapping[Era, frozenset[str]]] = {
    "2025": _NOT_YET,
    "2026": _NOT_YET,
    "2026-09": frozenset({"getTrend", "queryTrend"}),
}
KEY: Final = "phx_schemathesis"
SEED: Final = 20260301
EXAMPLES: Final = 30
"""Test cases for each operation in each phase that has a choice."""
KINDS: Final = 15
"""How many kinds of checks schemathesis has; each is made somewhere."""
_METHODS: Final = ("get", "post", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of schemathesis.

    Attributes:
        mode: Whether its requests are valid.
        phases: Its phases. There are no examples of invalid requests, and one does not lead to the next.
        without: A check that is left to the other run.
    """

    mode: Literal["positive", "negative"]
    phases: Sequence[str]
    without: Sequence[str] = ()


RUNS: Final = (
    Run("positive", ("examples", "coverage", "fuzzing", "stateful")),
    # What is invalid in one place may hold a text in another that means nothing.
    Run("negative", ("coverage", "fuzzing"), ("positive_data_acceptance",)),
)


def version() -> str:
    """Tell the version of schemathesis."""
    done = subprocess.run([tool("schemathesis"), "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().replace(", version", "")


def worded(contract: dict[str, Any], without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Merge into a contract what it says in words.

    Raises:
        Failed: An entry names a place that the contract does not have.
    """
    for entry in yaml.safe_load(WORDS.read_text("utf-8")):
        if entry["at"].split("/")[1] in without:
            continue
        _merge(_place(contract, entry["at"]), entry["put"])
    return contract


def _place(contract: dict[str, Any], at: str) -> dict[str, Any]:
    first, *rest = at.split("/")
    found: Any = contract
    if first == "operations":
        operation, parameter = rest
        found = next(
            (
                each
                for item in contract["paths"].values()
                for method in _METHODS
                if item.get(method, {}).get("operationId") == operation
                for each in item[method]["parameters"]
                if each.get("name") == parameter
            ),
            None,
        )
    else:
        for name in (first, *rest):
            found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise Failed(f"{WORDS.name} speaks of {at}, which is not in the contract")
    return found


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Merge in depth; a reference is replaced, for what stands beside it would have no effect on the parameters."""
    if "$ref" in more or "$ref" in into:
        into.clear()
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = json.loads(json.dumps(value))


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted, and what was found: kinds of failures, as operation and title, with an example."""

    cases: Counter[str] = field(default_factory=Counter[str])
    checks: Counter[str] = field(default_factory=Counter[str])
    operations: set[str] = field(default_factory=set[str])
    failures: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    @property
    def counts(self) -> str:
        """Say what was counted."""
        phases = ", ".join(f"{phase} {count:,}" for phase, count in self.cases.items())
        return f"{len(self.operations)} operations, {self.cases.total():,} test cases ({phases})"


def _document(run_: Run, era: Era, work: Work) -> Path:
    # Without aliases, so that a merge in one place is not one in another.
    contract = json.loads(json.dumps(yaml.safe_load(CONTRACT.read_text("utf-8"))))
    # Of a project that is made up the server says no more than that there is none.
    contract["components"]["parameters"]["ProjectId"]["schema"]["enum"] = ["12345", "@current"]
    for item in contract["paths"].values():
        for method in _METHODS:
            if item.get(method, {}).get("operationId") in WITHOUT[era]:
                del item[method]
    if run_.mode == "positive":
        worded(contract, WITHOUT[era])
    path = work.folder / f"{run_.mode}.json"
    path.write_text(json.dumps(contract), "utf-8")
    return path


def _ask(run_: Run, box: Sandbox, era: Era, examples: int, work: Work) -> Path:
    """Let schemathesis ask, and return its report."""
    report = work.folder / f"{era}-{run_.mode}.ndjson"
    command: list[str | Path] = [
        tool("schemathesis"), "run", _document(run_, era, work), "--url", box.host,
        "-H", f"Authorization: Bearer {box.api_key}", "--checks", "all", "--mode", run_.mode,
        "--phases", ",".join(run_.phases), "--max-examples", str(examples), "--seed", str(SEED),
        "--continue-on-failure", "--no-shrink", "--no-color", "--suppress-health-check", "all",
        "--max-response-time", "30",
        "--report", "ndjson", "--report-ndjson-path", report,
    ]  # fmt: skip
    if run_.without:
        command += ["--exclude-checks", ",".join(run_.without)]
    run(command, work, codes=(0, 1))
    return report


def read(report: Path, found: Found) -> None:
    """Add what a report of schemathesis says.

    Raises:
        Failed: The run broke off, or an error kept it from asking.
    """
    finished = False
    for line in report.read_text("utf-8").splitlines():
        ((kind, event),) = json.loads(line).items()
        if kind in {"NonFatalError", "FatalError", "Interrupted"}:
            raise Failed(f"schemathesis could not go on: {line[:300]}")
        finished = finished or (kind == "EngineFinished" and event["stop_reason"] == "completed")
        if kind == "ScenarioFinished":
            _scenario(event, found)
    if not finished:
        raise Failed(f"{report.name} is not whole")


def _scenario(event: Mapping[str, Any], found: Found) -> None:
    recorder = event["recorder"]
    interactions = recorder.get("interactions", {})
    found.cases[event["phase"]] += len(interactions)
    for case, checks in recorder.get("checks", {}).items():
        for check in checks:
            found.checks[check["name"]] += 1
            if check["status"] != "success":
                failure = check["failure_info"]["failure"]
                request = interactions[case]["request"]
                key = (failure["operation"], failure["title"])
                found.failures.setdefault(key, f"{request['method']} {request['uri'][:200]}")
    if event["phase"] != "stateful":
        found.operations.add(recorder["label"])


def ask(work: Work, *, era: Era, oddities: bool, examples: int) -> Found:
    """Start a sandbox and let schemathesis ask it, once for valid requests and once for invalid ones."""
    found = Found()
    for each in RUNS:
        with Sandbox(
            200, era=era, oddities=oddities, rates=False, lag=0, now="2026-03-01T00:00:00", api_key=KEY
        ) as box:
            read(_ask(each, box, era, examples, work), found)
    return found


def _whole(found: Found, era: Era) -> None:
    """Hold a run against what it has to have done, for one that asks nothing finds nothing."""
    if found.operations != set(map(" ".join, _operations(era))):
        raise Failed(f"only {len(found.operations)} operations were asked")
    idle = {phase for each in RUNS for phase in each.phases} - found.cases.keys()
    if idle or len(found.checks) != KINDS:
        raise Failed(
            f"nothing was done in {', '.join(idle) or 'no phase'}; {len(found.checks)} kinds of checks were made"
        )


def _operations(era: Era) -> Iterator[tuple[str, str]]:
    for path, item in yaml.safe_load(CONTRACT.read_text("utf-8"))["paths"].items():
        for method in _METHODS:
            if method in item and item[method]["operationId"] not in WITHOUT[era]:
                yield method.upper(), path


def strict(era: Era) -> Callable[[Work], str]:
    """Make the check that a server which does what the contract says has no failure."""

    def make(work: Work) -> str:
        found = ask(work, era=era, oddities=False, examples=EXAMPLES)
        _whole(found, era)
        if found.failures:
            (operation, title), request = next(iter(found.failures.items()))
            raise Failed(f"{len(found.failures)} kinds of failures, such as {title} ({operation}): {request}")
        return f"0 failures; {found.counts}, {found.checks.total():,} checks of {KINDS} kinds, seed {SEED}"

    return make


def odd(work: Work) -> str:
    """Check that a server with the real one's oddities fails where it is known to, and nowhere else.

    Raises:
        Failed: A failure is not in the table, or one of the table did not occur.
    """
    known = {
        (operation, entry["failure"])
        for entry in yaml.safe_load(ODDITIES.read_text("utf-8"))
        for operation in entry["operations"]
    }
    seen: dict[tuple[str, str], str] = {}
    cases = 0
    for era in ERAS:
        found = ask(work, era=era, oddities=True, examples=EXAMPLES)
        _whole(found, era)
        seen |= found.failures
        cases += found.cases.total()
    for key in sorted(seen.keys() - known):
        raise Failed(f"{len(seen.keys() - known)} unknown failures, such as {', '.join(key)}: {seen[key]}")
    for key in sorted(known - seen.keys()):
        raise Failed(f"{len(known - seen.keys())} known failures did not occur, such as {', '.join(key)}")
    return (
        f"{len(known)} kinds of failures, each with its reason, and no other; {cases:,} test cases in {len(ERAS)} eras"
    )

"""Requests by chance, valid and not, and each answer held against the contract: schemathesis, all phases and checks."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import samples
import yaml

from posthog_environments.sandbox import Sandbox
from prove.frame import NEWEST, ROOT, Failed, Work, load, run, tool

Era = Literal["2025", "2026", "2026-09"]

WORDS: Final = Path(__file__).with_name("words.yaml")
ODDITIES: Final = Path(__file__).with_name("oddities.yaml")
RECORDED: Final = ROOT / "tests" / "sandbox" / "recorded" / "exchanges.jsonl.gz"
ERAS: Final[tuple[Era, ...]] = ("2025", "2026", "2026-09")
# What servers of an era do not have; early in 2026 they deleted many at once without a word.
WITHOUT: Final[Mapping[Era, frozenset[str]]] = {
    "2025": NEWEST,
    "2026": NEWEST,
    "2026-09": frozenset({"getTrend", "queryTrend"}),
}
KEY: Final = "phx_schemathesis"
PROJECT: Final = 12345
SEED: Final = 20260301
EXAMPLES: Final = 30
"""Test cases for each operation in each phase that has a choice."""
KINDS: Final = 15
"""How many kinds of checks schemathesis has; each is made somewhere."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of schemathesis.

    Attributes:
        mode: Whether its requests are valid; `all` has valid ones that are made invalid in one place each.
        phases: Its phases. There are no examples of invalid requests, and one does not lead to the next.
        without: A check that is left to the other run.
        form: The `format` that coverage keeps to while it varies what else there is; of JSON there is more to check.
    """

    mode: Literal["positive", "negative", "all"]
    phases: Sequence[str]
    without: Sequence[str] = ()
    form: Literal["json", "csv"] = "json"


RUNS: Final = (
    Run("positive", ("examples", "coverage", "fuzzing", "stateful")),
    # What is invalid in one place may hold a text in another that means nothing. Coverage without valid requests is
    # invalid in every place: each would be turned away for the project, or for the format.
    Run("all", ("coverage",), ("positive_data_acceptance",)),
    Run("all", ("coverage",), ("positive_data_acceptance",), "csv"),
    Run("negative", ("fuzzing",), ("positive_data_acceptance",)),
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
        parameters = [part for each in samples.calls(contract) if each.name == operation for part in each.parameters]
        found = next((each for each in parameters if each["name"] == parameter), None)
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
class Failure:
    """One answer that one check of schemathesis does not hold with.

    Attributes:
        operation: The operation, as method and path.
        title: What the check says is wrong.
        era: The era of the sandbox.
        status: The status of the answer.
        kind: Its media type, or `nothing` where it has none.
        detail: What a body in JSON says of an error.
        request: Method and address, decoded.
        query: What is in the query; of a name that comes twice the last.
        body: The body of the request.
    """

    operation: str
    title: str
    era: Era
    status: int
    kind: str
    detail: str
    request: str
    query: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted, and what was found."""

    cases: Counter[str] = field(default_factory=Counter[str])
    checks: Counter[str] = field(default_factory=Counter[str])
    operations: set[str] = field(default_factory=set[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def counts(self) -> str:
        """Say what was counted."""
        phases = ", ".join(f"{phase} {count:,}" for phase, count in self.cases.items())
        return f"{len(self.operations)} operations, {self.cases.total():,} test cases ({phases})"


def _document(run_: Run, era: Era, work: Work) -> Path:
    contract = load()
    # Of a project that is made up the server says no more than that there is none.
    contract["components"]["parameters"]["ProjectId"]["schema"]["enum"] = ["12345", "@current"]
    # Coverage keeps to the first value.
    contract["components"]["schemas"]["ResponseFormat"]["enum"].sort(key=run_.form.__ne__)
    for each in list(samples.calls(contract)):
        if each.name in WITHOUT[era]:
            del contract["paths"][each.path][each.method.lower()]
    if run_.mode == "positive":
        worded(contract, WITHOUT[era])
    path = work.folder / f"{run_.mode}-{run_.form}.json"
    path.write_text(json.dumps(contract), "utf-8")
    return path


def _ask(run_: Run, box: Sandbox, era: Era, examples: int, work: Work) -> Path:
    """Let schemathesis ask, and return its report."""
    report = work.folder / f"{era}-{run_.mode}-{run_.form}.ndjson"
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


def read(report: Path, found: Found, era: Era) -> None:
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
            _scenario(event, found, era)
    if not finished:
        raise Failed(f"{report.name} is not whole")


def _scenario(event: Mapping[str, Any], found: Found, era: Era) -> None:
    recorder = event["recorder"]
    interactions = recorder.get("interactions", {})
    found.cases[event["phase"]] += len(interactions)
    for case, checks in recorder.get("checks", {}).items():
        for check in checks:
            found.checks[check["name"]] += 1
            if check["status"] != "success":
                found.failures.append(_failure(check["failure_info"]["failure"], interactions[case], era))
    if event["phase"] != "stateful":
        found.operations.add(recorder["label"])


def _failure(failure: Mapping[str, Any], interaction: Mapping[str, Any], era: Era) -> Failure:
    request, answer = interaction["request"], interaction["response"]
    (kind,) = answer["headers"].get("content-type", ["nothing"])
    kind = kind.partition(";")[0]
    content = json.loads(_text(answer.get("content"))) if kind == "application/json" else None
    return Failure(
        operation=failure["operation"],
        title=failure["title"],
        era=era,
        status=answer["status_code"],
        kind=kind,
        detail=str(cast("dict[str, object]", content).get("detail", "")) if isinstance(content, dict) else "",
        request=f"{request['method']} {unquote(request['uri'])}",
        query=dict(parse_qsl(urlsplit(request["uri"]).query, keep_blank_values=True)),
        body=_text(request.get("body")),
    )


def _text(content: Mapping[str, str] | None) -> str:
    return base64.b64decode(content["$base64"]).decode(errors="replace") if content else ""


def ask(work: Work, *, era: Era, oddities: bool, examples: int) -> Found:
    """Start sandboxes and let schemathesis ask them, valid requests and invalid ones."""
    found = Found()
    for each in RUNS:
        with Sandbox(
            200, era=era, oddities=oddities, rates=False, lag=0, now="2026-03-01T00:00:00", api_key=KEY
        ) as box:
            read(_ask(each, box, era, examples, work), found, era)
    return found


def _whole(found: Found, era: Era) -> None:
    """Hold a run against what it has to have done, for one that asks nothing finds nothing."""
    wanted = {f"{each.method} {each.path}" for each in samples.calls(load()) if each.name not in WITHOUT[era]}
    if found.operations != wanted:
        raise Failed(f"not asked: {', '.join(sorted(wanted - found.operations))}")
    idle = {phase for each in RUNS for phase in each.phases} - found.cases.keys()
    if idle or len(found.checks) != KINDS:
        raise Failed(
            f"nothing was done in {', '.join(idle) or 'no phase'}; {len(found.checks)} kinds of checks were made"
        )


def strict(era: Era) -> Callable[[Work], str]:
    """Make the check that a server which does what the contract says has no failure."""

    def make(work: Work) -> str:
        found = ask(work, era=era, oddities=False, examples=EXAMPLES)
        _whole(found, era)
        if found.failures:
            kinds = {(failure.operation, failure.title) for failure in found.failures}
            raise Failed(f"{len(kinds)} kinds of failures, such as {_named(found.failures[0])}")
        return f"0 failures; {found.counts}, {found.checks.total():,} checks of {KINDS} kinds, seed {SEED}"

    return make


def _named(failure: Failure) -> str:
    answer = f"{failure.status} {failure.kind} {failure.detail}".strip()
    return f"{failure.title} (era {failure.era}, {answer}): {failure.request[:200]} {failure.body[:200]}".strip()


@dataclass(frozen=True, slots=True)
class Oddity:
    """A row of the table: one thing that the real servers do, and what schemathesis has against it.

    Attributes:
        what: What they do.
        known: Where that is known from, where no recorded answer shows it for all the operations.
        seen: Recorded answers that show it, by their ids.
        operations: The operations.
        failures: Titles of checks.
        statuses: Statuses of the answers.
        kinds: Their media types, or `nothing` where they have none.
        eras: The eras.
        detail: A pattern of what the error says.
        query: Patterns of parameters, each of which has to be there.
        body: A pattern of the body of the request.
        method: The method of the request, where it is not the operation's.
        asks: Requests for what chance meets too seldom to count on: method, what is in the project, and the body.
        before: Requests that are sent before these.
    """

    what: str
    operations: Sequence[str]
    failures: Sequence[str]
    statuses: Sequence[int]
    kinds: Sequence[str]
    known: str = ""
    seen: Sequence[str] = ()
    eras: Sequence[Era] = ERAS
    detail: str = ""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = ""
    method: str = ""
    asks: Sequence[str] = ()
    before: Sequence[str] = ()

    @property
    def asked(self) -> dict[str, str]:
        """Give the operations by the requests that they are, with a pattern of their paths."""
        words = [operation.split(" ") for operation in self.operations]
        return {
            " ".join(word): f"{self.method or word[0]} {re.escape(word[1]).replace(_ID, '[^/]+')}" for word in words
        }

    def answers(self, status: int, kind: str, detail: str) -> bool:
        """Tell whether an answer is one of these."""
        return status in self.statuses and kind in self.kinds and re.search(self.detail, detail) is not None

    def explains(self, failure: Failure) -> bool:
        """Tell whether a failure is one of these."""
        return (
            failure.operation in self.operations
            and failure.title in self.failures
            and failure.era in self.eras
            and self.answers(failure.status, failure.kind, failure.detail)
            and re.search(self.body, failure.body) is not None
            and failure.request.startswith(self.method or failure.operation.partition(" ")[0])
            and all(
                name in failure.query and re.search(pattern, failure.query[name]) is not None
                for name, pattern in self.query.items()
            )
        )

    def parts(self) -> Iterator[object]:
        """Give what of it has to be needed: each operation with each failure, status and type, and each era it names.

        What is asked for apart is met by chance alone.
        """
        if not self.asks:
            yield from product(self.operations, self.failures)
            yield from (*self.statuses, *self.kinds)
            yield from self.eras if self.eras != ERAS else ()


_ID: Final = re.escape("{id}")
_PROJECT: Final = "/api/environments/{project_id}/"


def oddities(path: Path = ODDITIES) -> list[Oddity]:
    """Read the table, and hold each recorded answer that it names against what the row says.

    Raises:
        Failed: A row says nothing of where it is known from, or a recorded answer does not show it.
    """
    table = [Oddity(**row) for row in yaml.safe_load(path.read_text("utf-8"))]
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        recorded = {exchange["id"]: exchange for exchange in map(json.loads, lines)}
    for row in table:
        if not row.seen and not row.known:
            raise Failed(f"{path.name} does not say where it is known from: {row.what}")
        for name in row.seen:
            if name not in recorded or not _shows(recorded[name], row):
                raise Failed(f"the recorded answer {name} does not show: {row.what}")
    return table


def _shows(exchange: Mapping[str, Any], row: Oddity) -> bool:
    """Tell whether a recorded answer is to such a request, and has a status and a type of a row."""
    request, answer = exchange["request"], exchange["answer"]
    asked = f"{request['method']} {request['path'].replace('/api/projects/1/', _PROJECT)}"
    return (
        any(re.fullmatch(pattern, asked) for pattern in row.asked.values())
        and answer["status"] in row.statuses
        and answer["headers"].get("content-type", "nothing").partition(";")[0] in row.kinds
        and all(
            any(given == name and re.search(pattern, value) for given, value in request["query"])
            for name, pattern in row.query.items()
        )
    )


def probe(table: Sequence[Oddity]) -> None:
    """Ask for what chance meets too seldom: the sandbox does what the row says, in each of its operations.

    Raises:
        Failed: It does not, or an operation, a status or a type is not asked for.
    """
    for era in ERAS:
        with (
            Sandbox(10, era=era, rates=False, lag=0, api_key=KEY, project_id=PROJECT) as box,
            httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client,
        ):
            for row in table:
                if era in row.eras and row.asks:
                    _probe(row, box.host, client)


def _probe(row: Oddity, host: str, client: httpx.Client) -> None:
    for request in row.before:
        _send(request, host, client).raise_for_status()
    left = {*row.operations, *row.statuses, *row.kinds}
    for request in row.asks:
        got = _send(request, host, client)
        kind = got.headers.get("content-type", "nothing").partition(";")[0]
        detail = got.json().get("detail", "") if kind == "application/json" else ""
        if not row.answers(got.status_code, kind, detail):
            raise Failed(f"{request} is answered with {got.status_code} {kind} {detail[:80]}, not as in: {row.what}")
        asked = f"{got.request.method} {_PROJECT}{request.split(' ')[1].partition('?')[0]}"
        left -= {operation for operation, pattern in row.asked.items() if re.fullmatch(pattern, asked)}
        left -= {got.status_code, kind}
    if left:
        raise Failed(f"{ODDITIES.name} asks for nothing of {', '.join(map(str, left))} in: {row.what}")


def _send(request: str, host: str, client: httpx.Client) -> httpx.Response:
    method, path, body = (*request.split(" ", 2), "")[:3]
    headers = {"Content-Type": "application/json"} if body else {}
    url = f"{host}{_PROJECT.format(project_id=PROJECT)}{path}"
    return client.request(method, url, content=body or None, headers=headers)


def hold(failures: Sequence[Failure], table: Sequence[Oddity]) -> None:
    """Hold what was found against the table: each failure is in it, and each part of a row is needed.

    A part is needed where something that was found is explained by this row and by no other: without it the run fails.

    Raises:
        Failed: A failure is not in the table, or something in the table is not needed.
    """
    needed: set[tuple[int, object]] = set()
    unknown: list[Failure] = []
    for failure in failures:
        rows = [number for number, row in enumerate(table) if row.explains(failure)]
        if not rows:
            unknown.append(failure)
        if len(rows) == 1:
            parts = (failure.operation, failure.title), failure.status, failure.kind, failure.era
            needed |= {(rows[0], part) for part in parts}
    if unknown:
        kinds = {(failure.operation, failure.title, failure.status, failure.kind) for failure in unknown}
        raise Failed(f"{len(kinds)} unknown kinds of failures, such as {_named(unknown[0])}")
    idle = [
        (part, row.what) for number, row in enumerate(table) for part in row.parts() if (number, part) not in needed
    ]
    if idle:
        part, what = idle[0]
        raise Failed(f"{len(idle)} parts of {ODDITIES.name} are not needed, such as {part} of: {what}")


def odd(work: Work) -> str:
    """Check that a server with the real one's oddities fails where it is known to, and nowhere else.

    Raises:
        Failed: A failure is not in the table, or something in the table did not occur.
    """
    table = oddities()
    probe(table)
    failures: list[Failure] = []
    cases = 0
    for era in ERAS:
        found = ask(work, era=era, oddities=True, examples=EXAMPLES)
        _whole(found, era)
        failures += found.failures
        cases += found.cases.total()
    hold(failures, table)
    for name, more, rows in _seeded(failures, table):
        try:
            hold(more, rows)
        except Failed:
            continue
        raise Failed(f"a table with a mistake passes as well: {name}")
    kinds = {(failure.operation, failure.title) for failure in failures}
    rare = sum(bool(row.asks) for row in table)
    return (
        f"{len(kinds)} kinds of failures, each for a reason of {len(table)}, and no other; {len(table) - rare} reasons "
        f"cannot be missing, {rare} are asked for apart; {cases:,} test cases in {len(ERAS)} eras"
    )


def _seeded(failures: Sequence[Failure], table: Sequence[Oddity]) -> Iterator[tuple[str, list[Failure], list[Oddity]]]:
    """Give what was found and the table with a mistake in one of them: a row too few or too many, a failure more."""
    for number, row in enumerate(table):
        if not row.asks:
            yield f"without {row.what}", list(failures), [*table[:number], *table[number + 1 :]]
    first = next(row for row in table if not row.asks)
    yield "a row twice", list(failures), [*table, first]
    yield "a row of nothing", list(failures), [*table, replace(first, statuses=[418])]
    mistake = "The sandbox failed. This is a bug in the sandbox."
    for operation in {failure.operation for failure in failures}:
        fell = replace(failures[0], operation=operation, title="Server error", kind="application/json", detail=mistake)
        yield f"a mistake of the sandbox in {operation}", [*failures, replace(fell, status=500)], list(table)

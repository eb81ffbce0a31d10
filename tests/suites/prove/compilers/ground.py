"""What the calling programs meet: a sandbox with known data, and a witness between that counts what they call."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import samples

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox
from prove.frame import ROOT, Failed, Routes, Work, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = ROOT / "tests" / "suites" / "prove" / "programs"


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the programs.

    Attributes:
        operation: The id of the operation.
        query: What is sent as query.
        body: What is sent as body.
        status: What it is answered with.
        read: What a program reads in the answer: of an error its code. Of a person `ADA` stands for the uuid.
    """

    operation: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: object = None
    status: int = 200
    read: object = None


_SPAN: Final = {"date_from": "2026-01-05", "date_to": "2026-01-08", "interval": "day"}
_HISTORY: Final = {
    "date_from": "2026-01-01", "date_to": "2026-01-09", "breakdown": "plan", "breakdown_type": "person",
}  # fmt: skip
_EMAIL: Final = "ada@example.com"
_FIRST_SEEN: Final = datetime(2026, 1, 5, 10, tzinfo=UTC)
_CHANGED: Final = datetime(2026, 1, 7, 10, tzinfo=UTC)
_NAMES: Final = ["cyd@example.com", "bob@example.com", _EMAIL]
_TREND: Final = [[[1, 2, 1, 1], ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"], 5, "$pageview"]]
STEPS: Final = (
    Step("listPersons", {"include_total": "true"}, read=[3, None, _NAMES, "ADA"]),
    Step("getPerson", read=["ADA", 1, ["ada"], {"email": _EMAIL, "plan": "pro"}, _FIRST_SEEN]),
    Step("getPersonPropertiesTimeline", _HISTORY, read=[[2, 1], ["free", "pro"], _CHANGED, ["plan"]]),
    Step("updatePerson", body={"properties": {"plan": "team"}}, read={"email": _EMAIL, "plan": "team"}),
    Step("deletePersonProperty", {"$unset": "plan"}, {"$unset": "plan"}),
    Step("getPerson", read=["ADA", 1, ["ada"], {"email": _EMAIL}, _FIRST_SEEN]),
    Step("listPersonActivity", {"page": "1", "limit": "1"}, read=[2, ["delete_property"], "1", "changed"]),
    Step("queryTrend", body={"events": [{"id": "$pageview"}], **_SPAN}, read=_TREND),
    Step("getTrend", {"events": '[{"id":"$pageview"}]', **_SPAN}, read=_TREND),
    Step("recordInsightTiming", body={"name": "Weekly sign-ups"}),
    Step("deletePerson", {"delete_events": "true"}, status=204),
    Step("getPerson", status=404, read="not_found"),
)
"""The calls of every program, in this order. An operation is a line here, and one in each program."""
COMPILED: Final = frozenset({"runQuery", "getQuery", "bulkDeletePersons", "listPersonDeletions"})
"""What the page does not have is compiled in every client, and not called."""

# Clients in Go and Java send what the contract declares as default, and empty lists, unasked.
_UNASKED: Final = {"breakdown_type": "event", "display": "ActionsLineGraph", "interval": "day"}
_HOP: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})


@dataclass(frozen=True, slots=True)
class _Seen:
    """One request, and the status of its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    body: object
    status: int


class _Witness(ThreadingHTTPServer):
    """Passes requests on, and writes down what was asked and answered."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target).netloc
        self.seen: list[_Seen] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body of an answer are two writes, which must not wait for each other.
    disable_nagle_algorithm = True

    def _pass(self) -> None:
        witness = self.server
        assert isinstance(witness, _Witness)
        body = self._body()
        upstream = HTTPConnection(witness.target, timeout=30)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP:
                upstream.putheader(name, value)
        if body:
            upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        witness.seen.append(_Seen(self.command, url.path, query, json.loads(body) if body else None, answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        """Read the body, whichever way the client frames it."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - named by the protocol

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def _witnessed(target: str) -> Iterator[_Witness]:
    witness = _Witness(target)
    thread = threading.Thread(target=witness.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield witness
    finally:
        witness.shutdown()
        thread.join()
        witness.server_close()


def meet(command: Sequence[str | Path], work: Work, **options: Any) -> tuple[list[_Seen], str]:
    """Run a program against the known data; return what it asked for and what it printed.

    Raises:
        Failed: It ended with an error.
    """
    data = PROGRAMS / "events.jsonl"
    with (
        Sandbox(data=data, now="2026-01-10", era="2025", rates=False, oddities=False, lag=0) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
        _witnessed(box.host) as witness,
    ):
        uuids = {person.distinct_ids[0].upper(): person.uuid for person in map(env.persons.get, env.persons.list())}
        host = f"http://127.0.0.1:{witness.server_address[1]}"
        environment = {**box.environ, **uuids, "POSTHOG_HOST": host, **options.pop("env", {})}
        printed = run(command, work, env=environment, timeout=60, **options)
    for name, uuid in uuids.items():
        printed = printed.replace(uuid, name)
    return witness.seen, printed


def call(command: Sequence[str | Path], contract: Mapping[str, Any], work: Work) -> str:
    """Run a program that goes over the table of operations, and return how many it called.

    Raises:
        Failed: It ended with an error, or did not call the operations and read their answers as `STEPS` has it; or the
            contract has an operation that neither `STEPS` nor `COMPILED` has.
    """
    if left := {each.name for each in samples.calls(contract)} - {step.operation for step in STEPS} - COMPILED:
        raise Failed(f"no program is to call {', '.join(sorted(left))}: ground.py has no line for it")
    seen, printed = meet(command, work)
    text = judge(seen, contract, STEPS)
    for step, line in zip(STEPS, printed.splitlines(), strict=True):
        name, status, read = line.split(" ", 2)
        # The client in Rust tells no status of what went well.
        if (name, status) not in ((step.operation, str(step.status)), (step.operation, "done")):
            raise Failed(f"{step.operation} was printed as {name} with the status {status}, not {step.status}")
        if _moments(json.loads(read)) != step.read:
            raise Failed(f"{name} was read as {read}, not {step.read}")
    return text


def _moments(read: object) -> object:
    """Take texts that are moments for these: each language writes them in its own way."""
    if isinstance(read, list):
        return [_moments(each) for each in read]
    if isinstance(read, str) and re.fullmatch(r"[0-9-]{10}T.+", read):
        return datetime.fromisoformat(read)
    return read


def judge(seen: Sequence[_Seen], contract: Mapping[str, Any], steps: Sequence[Step]) -> str:
    """Hold what a program asked for against what it should, and return how many operations it called.

    Raises:
        Failed: They differ.
    """
    routes = Routes(contract)
    wanted = Counter(step.operation for step in steps)
    called = [(_named(one, routes), one) for one in seen]
    names = Counter(name for name, _ in called)
    if left := sorted((wanted - names).elements()):
        raise Failed(f"the program does not call {', '.join(left)}")
    if left := sorted((names - wanted).elements()):
        raise Failed(f"the program should not call {', '.join(left)}")
    for (name, one), step in zip(called, steps, strict=True):
        if name != step.operation:
            raise Failed(f"{name} was called where {step.operation} should be")
        _compare(one, step)
    return f"{len(wanted)} operations called"


def _named(one: _Seen, routes: Routes) -> str:
    if name := routes.named(one.method, one.path):
        return name
    raise Failed(f"{one.method} {one.path} is no operation of the contract")


def _compare(one: _Seen, step: Step) -> None:
    """Compare what a program sent with what it should send; JSON may be spaced, in the query too."""
    sent = {key: value.replace(" ", "") for key, value in one.query.items()}
    for what, found, wanted in (("query", sent, step.query), ("body", one.body, step.body)):
        if _asked(found, wanted) != wanted:
            raise Failed(f"{step.operation} was sent with the {what} {found}, not {wanted}")
    if one.status != step.status:
        raise Failed(f"{step.operation} was answered {one.status}, not {step.status}")


def _asked(sent: object, wanted: object) -> object:
    """Leave out of an object, and of those in it, what is sent unasked."""
    if isinstance(sent, list) and isinstance(wanted, list) and len(sent) == len(wanted):
        return [_asked(*pair) for pair in zip(sent, wanted, strict=True)]
    if not isinstance(sent, Mapping) or not isinstance(wanted, Mapping):
        return sent
    extra = {key for key in sent.keys() - wanted.keys() if sent[key] == _UNASKED.get(key, [])}
    return {key: _asked(value, wanted.get(key)) for key, value in sent.items() if key not in extra}

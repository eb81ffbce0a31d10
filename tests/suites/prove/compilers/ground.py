"""What the calling programs meet: a sandbox with known data, and a witness between that counts what they call."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from posthog_environments.sandbox import Sandbox
from prove.frame import ROOT, Failed, Work, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = ROOT / "tests" / "suites" / "prove" / "programs"

_SPAN: Final = {"date_from": "2026-01-05", "date_to": "2026-01-08", "interval": "day"}
_HISTORY: Final = {
    "date_from": "2026-01-01", "date_to": "2026-01-09", "breakdown": "plan", "breakdown_type": "person",
}  # fmt: skip

# What every program sends with each operation, as query and body, and the statuses that it is answered with: the
# person who was deleted is asked for once more.
CALLS: Final[Mapping[str, tuple[Mapping[str, str], object, Sequence[int]]]] = {
    "listPersons": ({"include_total": "true"}, None, (200,)),
    "getPerson": ({}, None, (200, 200, 404)),
    "getPersonPropertiesTimeline": (_HISTORY, None, (200,)),
    "updatePerson": ({}, {"properties": {"plan": "team"}}, (200,)),
    "deletePersonProperty": ({"$unset": "plan"}, {"$unset": "plan"}, (200,)),
    "listPersonActivity": ({"page": "1", "limit": "1"}, None, (200,)),
    "getTrend": ({"events": '[{"id":"$pageview"}]', **_SPAN}, None, (200,)),
    "queryTrend": ({}, {"events": [{"id": "$pageview"}], **_SPAN}, (200,)),
    "recordInsightTiming": ({}, {"name": "Weekly sign-ups"}, (200,)),
    "deletePerson": ({"delete_events": "true"}, None, (204,)),
}
FILTERED: Final = '[{"key":"email","operator":"icontains","value":"@example.com","type":"person"}]'
OF_PAGES: Final[Mapping[str, tuple[Mapping[str, str], object, Sequence[int]]]] = {
    **CALLS,
    "listPersons": ({"include_total": "true", "properties": FILTERED}, None, (200,)),
    "runQuery": (
        {},
        {
            "query": {
                "kind": "TrendsQuery",
                "series": [{"kind": "EventsNode", "event": "$pageview"}],
                "dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-08"},
                "interval": "day",
            }
        },
        (200,),
    ),
}
"""What the programs of the pages on each language send."""
COMPILED: Final = frozenset({"runQuery", "getQuery", "bulkDeletePersons", "listPersonDeletions"})
"""What the page does not have is compiled in every client, and not called."""
# Clients in Go and Java send what the contract declares as default, and empty lists, unasked.
_UNASKED: Final = {"breakdown_type": "event", "display": "ActionsLineGraph", "interval": "day"}
_HOP: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def operations(contract: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return the ids of the operations of a contract, by method and by a pattern of the path."""
    return {
        (method.upper(), re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))): item[method]["operationId"]
        for path, item in contract["paths"].items()
        for method in _METHODS
        if method in item
    }


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


def call(
    command: Sequence[str | Path],
    contract: Mapping[str, Any],
    work: Work,
    calls: Mapping[str, tuple[Mapping[str, str], object, Sequence[int]]] = CALLS,
    **options: Any,
) -> str:
    """Run a program against the known data, and return how many operations it called.

    Raises:
        Failed: It ended with an error, or did not call each operation as `calls` has it.
    """
    data = PROGRAMS / "events.jsonl"
    with (
        Sandbox(data=data, now="2026-01-10", era="2025", rates=False, oddities=False, lag=0) as box,
        _witnessed(box.host) as witness,
    ):
        host = f"http://127.0.0.1:{witness.server_address[1]}"
        environment = {**box.environ, "POSTHOG_HOST": host, **options.pop("env", {})}
        run(command, work, env=environment, timeout=60, **options)
    return _judge(witness.seen, operations(contract), calls)


def _judge(
    seen: Sequence[_Seen],
    known: Mapping[tuple[str, str], str],
    calls: Mapping[str, tuple[Mapping[str, str], object, Sequence[int]]],
) -> str:
    called: dict[str, list[int]] = {}
    for one in seen:
        names = [
            name for (verb, path), name in known.items() if verb == one.method and re.fullmatch(path, one.path)
        ]  # fmt: skip
        if len(names) != 1:
            raise Failed(f"{one.method} {one.path} is no operation of the contract")
        _compare(names[0], one, calls)
        called.setdefault(names[0], []).append(one.status)
    for name, (_, _, statuses) in calls.items():
        if called.get(name) != list(statuses):
            raise Failed(f"{name} was answered {called.get(name, 'never')}, not {list(statuses)}")
    if left := set(known.values()) - called.keys() - COMPILED:
        raise Failed(f"never called: {', '.join(sorted(left))}")
    return f"{len(called)} operations called"


def _compare(name: str, one: _Seen, calls: Mapping[str, tuple[Mapping[str, str], object, Sequence[int]]]) -> None:
    """Compare what a program sent with what it should send; JSON may be spaced, in the query too."""
    query, body, _ = calls.get(name, ({}, None, ()))
    sent = {key: value.replace(" ", "") for key, value in one.query.items()}
    if _asked(sent, query) != query:
        raise Failed(f"{name} was sent with the query {dict(one.query)}, not {dict(query)}")
    if _asked(one.body, body) != body:
        raise Failed(f"{name} was sent with the body {one.body}, not {body}")


def _asked(sent: object, wanted: object) -> object:
    """Leave out of an object, and of those in it, what is sent unasked."""
    if isinstance(sent, list) and isinstance(wanted, list) and len(sent) == len(wanted):
        return [_asked(*pair) for pair in zip(sent, wanted, strict=True)]
    if not isinstance(sent, Mapping) or not isinstance(wanted, Mapping):
        return sent
    extra = {key for key in sent.keys() - wanted.keys() if sent[key] == _UNASKED.get(key, [])}
    return {key: _asked(value, wanted.get(key)) for key, value in sent.items() if key not in extra}

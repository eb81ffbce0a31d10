"""What the calling programs meet: a sandbox with known data, and a witness between that counts what they call."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from posthog_environments.sandbox import Sandbox
from prove.frame import ROOT, Failed, Work, run

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = ROOT / "prove" / "programs"

# What every program calls, and what it is answered: the person who was deleted is asked for once more.
ANSWERS: Final[Mapping[str, Sequence[int]]] = {
    "listPersons": (200,),
    "getPerson": (200, 200, 404),
    "getPersonPropertiesTimeline": (200,),
    "updatePerson": (200,),
    "deletePersonProperty": (200,),
    "listPersonActivity": (200,),
    "getTrend": (200,),
    "queryTrend": (200,),
    "recordInsightTiming": (200,),
    "deletePerson": (204,),
}
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


class _Witness(ThreadingHTTPServer):
    """Passes requests on, and writes down what was asked and answered."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target).netloc
        self.seen: list[tuple[str, str, int]] = []

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
        witness.seen.append((self.command, urlsplit(self.path).path, answer.status))
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


def call(command: Sequence[str | Path], contract: Mapping[str, Any], work: Work, **options: Any) -> str:
    """Run a program against the known data, and return how many operations it called.

    Raises:
        Failed: It ended with an error, or did not call each operation as `ANSWERS` has it.
    """
    data = PROGRAMS / "events.jsonl"
    with (
        Sandbox(data=data, now="2026-01-10", era="2025", rates=False, oddities=False, lag=0) as box,
        _witnessed(box.host) as witness,
    ):
        host = f"http://127.0.0.1:{witness.server_address[1]}"
        environment = {**box.environ, "POSTHOG_HOST": host, **options.pop("env", {})}
        run(command, work, env=environment, timeout=60, **options)
    return _judge(witness.seen, operations(contract))


def _judge(seen: Sequence[tuple[str, str, int]], known: Mapping[tuple[str, str], str]) -> str:
    called: dict[str, list[int]] = {}
    for method, path, status in seen:
        names = [name for (verb, pattern), name in known.items() if verb == method and re.fullmatch(pattern, path)]
        if len(names) != 1:
            raise Failed(f"{method} {path} is no operation of the contract")
        called.setdefault(names[0], []).append(status)
    for name, statuses in ANSWERS.items():
        if called.get(name) != list(statuses):
            raise Failed(f"{name} was answered {called.get(name, 'never')}, not {list(statuses)}")
    if len(called) != len(set(known.values())):
        raise Failed(f"not called: {', '.join(sorted(set(known.values()) - called.keys()))}")
    return f"{len(called)} operations called"

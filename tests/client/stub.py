"""A server on loopback whose answers a function gives, with what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def endpoint(self) -> str:
        """The path below the project."""
        return self.path.split("/", 2)[-1]


# A status, a body (bytes as they are, anything else as JSON) and headers where they matter.
Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@contextmanager
def serve(answer: Callable[[Asked], Reply]) -> Iterator[tuple[str, list[Asked]]]:
    """Yield the address, and the list of requests as they come."""
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def go(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            asked = Asked(
                self.command, path.replace("/api/", "", 1), query, json.loads(content or "null"), dict(self.headers)
            )
            seen.append(asked)
            status, body, *more = answer(asked)
            out = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            headers = {"content-type": "application/json", **(more[0] if more else {})}
            for name, value in {**headers, "content-length": str(len(out))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    for method in ("GET", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.go)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

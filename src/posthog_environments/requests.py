"""Requests as they go out, but for the key: to the configured origin only, under the prefix in use, within the time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx

from posthog_environments.config import VERSION
from posthog_environments.errors import ConfigurationError
from posthog_environments.exchange import Call, Session

__all__ = ["RequestBuilder"]

_OURS = {"Accept-Encoding": "gzip", "User-Agent": f"posthog-environments/{VERSION} (Python)"}


class _Body(httpx.ByteStream):
    """The body of a request, in one piece.

    No generator, as httpx's own is: one that is left when a call is cancelled has to be closed by the event loop.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(iter((self._body,)))


class _Pieces:
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class RequestBuilder:
    """Makes the requests of a client; no I/O."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._origin = session.settings.origin
        root = _readable(session.settings.host)
        self._root = str(root.copy_with(raw_path=b"/")).rstrip("/")
        self._base = root.raw_path.rstrip(b"/").decode("ascii")
        self._host = httpx.Request("GET", root).headers["Host"]

    def of_call(self, call: Call, remaining: float, silence: float) -> httpx.Request:
        """Make the request of a call, which may take so long, and whose server may be silent for so long."""
        request = call.request
        # Whatever the contract may ask for one day: nothing is dropped in silence.
        assert request.keys() <= {"method", "url", "params", "json", "headers"}
        target: str = self._base + request["url"]
        if "params" in request:
            target += f"?{httpx.QueryParams(request['params'])}"
        headers = {"Host": self._host, "Accept": "*/*" if call.stream else "application/json", **_OURS}
        headers |= request.get("headers", {})
        body = b""
        if "json" in request:
            body = json.dumps(request["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers |= {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        return self._request(request["method"].upper(), target, headers, body, remaining, silence)

    def of_request(self, request: httpx.Request, body: bytes, remaining: float) -> httpx.Request:
        """Make a request of one of the generated client's.

        Raises:
            ConfigurationError: It leads to another server.
        """
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.raw_host.decode(), port) != self._origin:
            raise _elsewhere()
        headers = httpx.Headers(request.headers)
        headers.pop("Authorization", None)
        headers.update(_OURS)
        return self._request(request.method, url.raw_path.decode("ascii"), headers, body, remaining, remaining)

    def _request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, remaining: float, silence: float
    ) -> httpx.Request:
        if not target.startswith(self._base + "/"):
            raise _elsewhere()
        old = self._base + "/api/environments/"
        if self._session.prefix == "projects" and target.startswith(old):
            target = f"{self._base}/api/projects/{target.removeprefix(old)}"
        timeouts: dict[str, Any] = dict.fromkeys(("connect", "pool", "write"), remaining)
        return httpx.Request(
            method,
            self._root + target,
            headers=headers,
            stream=_Body(body),
            extensions={"timeout": timeouts | {"read": min(silence, remaining)}},
        )


def _readable(host: str) -> httpx.URL:
    """Read the configured host as httpx does, which decodes labels that stand for other scripts."""
    try:
        root = httpx.URL(host)
        if root.host:
            return root
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise ConfigurationError("host names no host that can be read; give it as it is registered.")


def _elsewhere() -> ConfigurationError:
    return ConfigurationError("A request to another server than the configured one was not sent.")

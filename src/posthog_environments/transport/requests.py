"""Build requests, all but the key: to the configured origin only, under the prefix in use, with timeouts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from posthog_environments.calls.messages import Call
from posthog_environments.calls.state import ClientState
from posthog_environments.config.settings import VERSION
from posthog_environments.errors import ConfigurationError

__all__ = ["RequestBuilder"]

_OURS = {"Accept-Encoding": "gzip", "User-Agent": f"posthog-environments/{VERSION} (Python)"}

# Request targets that need no escaping.
_PLAIN = re.compile(r"(?:[A-Za-z0-9/._~@:!$&'()*+,;=?-]|%[0-9A-Fa-f]{2})+")


class _Body(httpx.ByteStream):
    """The body of a request, in one piece.

    The async iterator of `httpx.ByteStream` is a generator. A cancelled call leaves it for the event loop to close.
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


class _URL(httpx.URL):
    """A URL on a known origin that is parsed lazily: the parts that sending needs are known already."""

    def __init__(self, root: httpx.URL, whole: str, target: str) -> None:
        self._root, self._whole, self._target = root, whole, target

    def __getattr__(self, name: str) -> Any:
        """Parse the URL when another attribute is asked for."""
        if name in ("_root", "_whole", "_target"):
            raise AttributeError(name)
        super().__init__(self._whole)
        return object.__getattribute__(self, name)

    def __str__(self) -> str:
        return self._whole

    @property
    def raw_scheme(self) -> bytes:
        """See `httpx.URL`; so for the properties below."""
        return self._root.raw_scheme

    @property
    def raw_host(self) -> bytes:
        return self._root.raw_host

    @property
    def port(self) -> int | None:
        return self._root.port

    @property
    def raw_path(self) -> bytes:
        return self._target.encode("ascii")


class RequestBuilder:
    """Builds the requests of a client. No I/O."""

    def __init__(self, client: ClientState) -> None:
        self._client = client
        self._origin = client.settings.origin
        self._root = _readable(client.settings.host)
        self._start = str(self._root.copy_with(raw_path=b"/")).rstrip("/")
        self._base = self._root.raw_path.rstrip(b"/").decode("ascii")
        host = httpx.Request("GET", self._root).headers.raw[0][1]
        self._headers = [(b"Host", host), *((name.encode(), value.encode()) for name, value in _OURS.items())]

    def of_call(self, call: Call, remaining: float, silence: float) -> httpx.Request:
        """Build the request of a call, with `remaining` seconds for all of it and `silence` seconds for each read."""
        request = call.request
        # Nothing that a later contract asks for is dropped in silence.
        assert request.keys() <= {"method", "url", "params", "json", "headers", "extra_headers"}
        target: str = self._base + request["url"]
        if params := request.get("params"):
            target += f"?{httpx.QueryParams(params)}"
        headers = [*self._headers, (b"Accept", b"*/*" if call.stream else b"application/json")]
        body = b""
        if "json" in request:
            body = json.dumps(request["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
            headers += [(b"Content-Length", b"%d" % len(body)), (b"Content-Type", b"application/json")]
        if more := request.get("headers"):
            known = {name.lower() for name, _ in headers}
            headers += [each for each in httpx.Headers(more).raw if each[0].lower() not in known]
        if extra := request.get("extra_headers"):
            own = httpx.Headers(extra).raw
            named = {name.lower() for name, _ in own}
            headers = [each for each in headers if each[0].lower() not in named] + own
        return self._request(request["method"].upper(), target, headers, body, remaining, silence)

    def of_request(self, request: httpx.Request, body: bytes, remaining: float) -> httpx.Request:
        """Build a request from one of the generated client.

        Raises:
            ConfigurationError: It goes to another origin.
        """
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        if (url.scheme, url.raw_host.decode(), port) != self._origin:
            raise _elsewhere()
        replaced = (b"accept-encoding", b"user-agent", b"authorization", b"host")
        headers = self._headers + [each for each in request.headers.raw if each[0].lower() not in replaced]
        return self._request(request.method, url.raw_path.decode("ascii"), headers, body, remaining, remaining)

    def _request(
        self,
        method: str,
        target: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        remaining: float,
        silence: float,
    ) -> httpx.Request:
        if not target.startswith(self._base + "/"):
            raise _elsewhere()
        old = self._base + "/api/environments/"
        if self._client.prefix == "projects" and target.startswith(old):
            target = f"{self._base}/api/projects/{target.removeprefix(old)}"
        timeouts = {"connect": remaining, "pool": remaining, "write": remaining, "read": min(silence, remaining)}
        request = httpx.Request(
            method, self._root, headers=headers, stream=_Body(body), extensions={"timeout": timeouts}
        )
        whole = self._start + target
        # httpx escapes the others.
        request.url = _URL(self._root, whole, target) if _PLAIN.fullmatch(target) else httpx.URL(whole)
        return request


def _readable(host: str) -> httpx.URL:
    """Parse the configured host with httpx, which decodes IDNA labels."""
    try:
        root = httpx.URL(host)
        if root.host:
            return root
    except (httpx.InvalidURL, UnicodeError):
        pass
    raise ConfigurationError("host names no host that can be read; give it as it is registered.")


def _elsewhere() -> ConfigurationError:
    return ConfigurationError("A request to another server than the configured one was not sent.")

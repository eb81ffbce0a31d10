"""Connections: pools and sockets, and the form in which requests and answers pass them.

A pool sends what the guards of `transport` have written, key included, and knows nothing of retries or errors. Its
sockets hold the deadline of the call, not only that of a single read.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpcore
import httpx

from posthog_environments.config import Settings

__all__ = [
    "CALL_DEADLINE",
    "AsyncGiven",
    "AsyncIncoming",
    "AsyncPool",
    "Given",
    "Incoming",
    "Network",
    "Outgoing",
    "Pool",
    "async_pool",
    "pool",
]

CHUNK = 1 << 20

Timeouts: TypeAlias = dict[str, float]

# When the call that is under way in this context must be over, by the monotonic clock.
CALL_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)


class Outgoing:
    """A request as it goes out, with the key among its headers; hence no repr that would show them."""

    __slots__ = ("body", "headers", "method", "path", "timeouts", "url")

    def __init__(
        self, method: str, url: str, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes, timeouts: Timeouts
    ) -> None:
        self.method = method
        self.url = url
        self.path = path
        self.headers = headers
        self.body = body
        self.timeouts = timeouts


@dataclass(slots=True)
class Incoming:
    """An answer that has begun: its head has come, its body has not."""

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: Iterator[bytes]
    close: Callable[[], None]


@dataclass(slots=True)
class AsyncIncoming:
    """The same, where the body is awaited."""

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


_SocketOptions: TypeAlias = Iterable[Any] | None


class _Stream(httpcore.NetworkStream):
    """A stream on which the deadline of the call, not of the single read, holds."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, for the stream below grants its timeout to each of its sends.
        view = memoryview(buffer)
        for start in range(0, len(view), CHUNK // 16):
            piece = bytes(view[start : start + CHUNK // 16])
            self._inner.write(piece, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._inner.start_tls(ssl_context, server_hostname, _remaining(timeout, httpcore.ConnectTimeout))
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Network(httpcore.NetworkBackend):
    """Opens sockets within the deadline of the call, the look-up of the name included."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Look the name up and connect to its first address that answers."""
        error: Exception = httpcore.ConnectError("the name of the host has no address")
        for address in _addresses(host, port, _remaining(timeout, httpcore.ConnectTimeout)):
            try:
                return _Stream(
                    self._inner.connect_tcp(
                        address,
                        port,
                        _remaining(timeout, httpcore.ConnectTimeout),
                        local_address,
                        socket_options,
                    )
                )
            except httpcore.ConnectError as failed:
                error = failed
        raise error

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: _SocketOptions = None
    ) -> httpcore.NetworkStream:
        """Connect to a socket in the file system."""
        return _Stream(self._inner.connect_unix_socket(path, timeout, socket_options))

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._inner.sleep(seconds)


def _remaining(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the seconds that a step may take: its own timeout, or what is left for the whole call."""
    deadline = CALL_DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise error("the time for the call has run out")
    return left if timeout is None else min(timeout, left)


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Look a name up, in a thread of its own: the system's resolver knows no timeout."""
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        return [host]
    results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            results.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except OSError as error:
            results.put(error)

    threading.Thread(target=look_up, name="posthog-environments-resolver", daemon=True).start()
    try:
        found = results.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name of the host was not resolved in time") from None
    if isinstance(found, OSError):
        raise httpcore.ConnectError(str(found)) from None
    return found


def _pool_arguments(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> dict[str, Any]:
    https = settings.host.startswith("https:") or (proxy or "").startswith("https:")
    context = verify or (httpx.create_ssl_context(trust_env=False) if https else None)
    return {
        "ssl_context": context,
        "proxy": _proxy(proxy),
        "max_connections": 100,
        "max_keepalive_connections": 20,
        "keepalive_expiry": 5.0,
        "http1": True,
        "http2": False,
    }


def _proxy(url: str | None) -> httpcore.Proxy | None:
    if url is None:
        return None
    parsed = httpx.Proxy(url)
    return httpcore.Proxy(
        url=httpcore.URL(
            scheme=parsed.url.raw_scheme,
            host=parsed.url.raw_host,
            port=parsed.url.port,
            target=parsed.url.raw_path,
        ),
        auth=parsed.raw_auth,
    )


class Given:
    """A transport of the user's, as one of ours."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def open(self, outgoing: Outgoing) -> Incoming:
        """Send a request, and return once the head of its answer has come."""
        response = self._transport.handle_request(_httpx_request(outgoing))
        assert isinstance(response.stream, httpx.SyncByteStream)
        stream = response.stream
        return Incoming(response.status_code, response.headers.raw, iter(stream), stream.close)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncGiven:
    """An awaiting transport of the user's, as one of ours."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def open(self, outgoing: Outgoing) -> AsyncIncoming:
        """Send a request, and return once the head of its answer has come."""
        response = await self._transport.handle_async_request(_httpx_request(outgoing))
        assert isinstance(response.stream, httpx.AsyncByteStream)
        stream = response.stream
        return AsyncIncoming(response.status_code, response.headers.raw, aiter(stream), stream.aclose)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def _httpx_request(outgoing: Outgoing) -> httpx.Request:
    return httpx.Request(
        outgoing.method,
        outgoing.url,
        headers=outgoing.headers,
        content=outgoing.body,
        extensions={"timeout": outgoing.timeouts},
    )


def _core_request(outgoing: Outgoing, origin: httpcore.URL) -> httpcore.Request:
    return httpcore.Request(
        outgoing.method,
        httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=outgoing.path),
        headers=outgoing.headers,
        content=outgoing.body,
        extensions={"timeout": outgoing.timeouts},
    )


class Pool:
    """Connections of this process: a child after a fork must not speak on those of its parent."""

    def __init__(self, origin: httpcore.URL, arguments: dict[str, Any]) -> None:
        self._origin = origin
        self._arguments = arguments
        self._lock = threading.Lock()
        self._pid = -1
        self._pool: httpcore.ConnectionPool | None = None

    def _own(self) -> httpcore.ConnectionPool:
        if self._pool is not None and self._pid == os.getpid():
            return self._pool
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                # The parent's pool is dropped unclosed: to close it would say goodbye on the parent's connections.
                self._pool = httpcore.ConnectionPool(network_backend=Network(), **self._arguments)
                self._pid = os.getpid()
            return self._pool

    def open(self, outgoing: Outgoing) -> Incoming:
        """Send a request, and return once the head of its answer has come."""
        response = self._own().handle_request(_core_request(outgoing, self._origin))
        return Incoming(response.status, response.headers, response.iter_stream(), response.close)

    def close(self) -> None:
        """Close the connections."""
        if self._pool is not None and self._pid == os.getpid():
            self._pool.close()


class AsyncPool:
    """Connections of one event loop."""

    def __init__(self, origin: httpcore.URL, arguments: dict[str, Any]) -> None:
        self._origin = origin
        self._pool = httpcore.AsyncConnectionPool(**arguments)

    async def open(self, outgoing: Outgoing) -> AsyncIncoming:
        """Send a request, and return once the head of its answer has come."""
        response = await self._pool.handle_async_request(_core_request(outgoing, self._origin))
        return AsyncIncoming(response.status, response.headers, response.aiter_stream(), response.aclose)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


def pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> Pool:
    """Make the transport that blocking clients use unless they are given one."""
    return Pool(httpcore.URL(settings.host), _pool_arguments(settings, verify, proxy))


def async_pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> AsyncPool:
    """Make the transport that awaiting clients use unless they are given one."""
    return AsyncPool(httpcore.URL(settings.host), _pool_arguments(settings, verify, proxy))

"""Connections: pools and sockets, and the form in which requests and answers pass them.

A pool sends what the guards of `transport` have written, key included, and knows nothing of retries or errors. Its
sockets hold the deadline of the call, not only that of a single read.
"""

# ruff: noqa: ASYNC109 - the interface of httpcore's streams has timeouts as arguments

from __future__ import annotations

import contextlib
import os
import queue
import socket
import ssl
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import anyio
import httpcore
import httpx

from posthog_environments.config import Settings
from posthog_environments.exchange import Failed
from posthog_environments.secrets import Secret

__all__ = [
    "CALL_DEADLINE",
    "AsyncGiven",
    "AsyncIncoming",
    "AsyncNetwork",
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
# What is written at once. A peer that reads a little at a time could stretch a larger piece beyond the deadline.
PIECE = 1 << 14
# What may come before the head of an answer is whole, interim answers included.
MAX_HEAD = 1 << 17
# How long the connection to one address is waited for before the next one is tried beside it, as in RFC 8305.
STAGGER = 0.25

Timeouts: TypeAlias = dict[str, float]

# When the call that is under way in this context must be over, by the monotonic clock.
CALL_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)


class Outgoing:
    """A request as it goes out, but for the key, which `headers_with_key` adds at the last moment."""

    __slots__ = ("_key", "body", "headers", "method", "path", "timeouts", "url")

    def __init__(
        self,
        method: str,
        url: str,
        path: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        timeouts: Timeouts,
        key: Secret,
    ) -> None:
        self.method = method
        self.url = url
        self.path = path
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self._key = key

    def headers_with_key(self) -> list[tuple[bytes, bytes]]:
        """Return the headers with the key among them."""
        return [*self.headers, (b"Authorization", b"Bearer " + self._key.reveal().encode())]


@dataclass(slots=True)
class Incoming:
    """An answer that has begun: its head has come, its body has not.

    `came` tells how many bytes of the body have come, with those that frame it; 0 where that is not known.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: Iterator[bytes]
    close: Callable[[], None]
    came: Callable[[], int] = int


@dataclass(slots=True)
class AsyncIncoming:
    """The same, where the body is awaited."""

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]
    came: Callable[[], int] = int


_SocketOptions: TypeAlias = Iterable[Any] | None


class _Meter:
    """Counts the bytes of an answer as they come.

    It bounds what comes before the head is whole: the parser would read interim answers for ever.
    """

    __slots__ = ("_head_left", "of_body")

    def __init__(self) -> None:
        self._head_left: int | None = MAX_HEAD
        self.of_body = 0

    def start(self) -> None:
        """Note that a request goes out, so that a head is to come."""
        self._head_left = MAX_HEAD
        self.of_body = 0

    def head_is_whole(self) -> None:
        """Note that what comes from now on is the body, with the bytes that frame it."""
        self._head_left = None

    def check(self) -> None:
        """Raise if there is no room for more of the head."""
        if self._head_left is not None and self._head_left <= 0:
            raise Failed(f"the head of the answer is longer than {MAX_HEAD} bytes", sent=True, again=False)

    def count(self, data: bytes) -> bytes:
        """Count what has come."""
        if self._head_left is None:
            self.of_body += len(data)
        else:
            self._head_left -= len(data)
        return data


class _Stream(httpcore.NetworkStream):
    """A stream on which the deadline of the call, not of the single read, holds."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self.meter = _Meter()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.meter.check()
        return self.meter.count(self._inner.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.meter.start()
        # In pieces, for the stream below grants its timeout to each of its sends.
        view = memoryview(buffer)
        for start in range(0, len(view), PIECE):
            self._inner.write(bytes(view[start : start + PIECE]), _remaining(timeout, httpcore.WriteTimeout))

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


class _AsyncStream(httpcore.AsyncNetworkStream):
    """The same, where reads and writes are awaited.

    What has come is taken from below as a whole and kept here, for bytes that stay behind there would not be seen when
    the connection is used again, and be taken for the next answer.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._kept = b""
        self.meter = _Meter()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.meter.check()
        data = self._kept or await self._inner.read(CHUNK, _remaining(timeout, httpcore.ReadTimeout))
        self._kept = data[max_bytes:]
        return self.meter.count(data[:max_bytes])

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.meter.start()
        await self._inner.write(buffer, _remaining(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        self._kept = b""
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            timeout = _remaining(timeout, httpcore.ConnectTimeout)
            return _AsyncStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            # The stream below closes itself where the handshake fails, but not where it is cancelled.
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._holds_more():
            return True
        return self._inner.get_extra_info(info)

    def _holds_more(self) -> bool:
        """Tell whether more has come than was read; TLS may hold what its socket no longer shows."""
        tls: ssl.SSLObject | None = self._inner.get_extra_info("ssl_object")
        if tls is not None and not self._kept:
            try:
                self._kept = tls.read(CHUNK)
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLError:
                return True
        return bool(self._kept)


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
        error: Exception = httpcore.ConnectError(_NO_ADDRESS)
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


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """Opens sockets for an event loop within the deadline of the call, the look-up of the name included."""

    def __init__(self) -> None:
        # Speaks through anyio, so it serves trio as well.
        self._inner = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the name up and connect to the first of its addresses that answers."""
        timeout = _remaining(timeout, httpcore.ConnectTimeout)
        scope = anyio.move_on_after(timeout)
        addresses: Sequence[str] = ()
        with scope:
            addresses = await _await_addresses(host, port)
        if scope.cancelled_caught:
            raise httpcore.ConnectTimeout(_NOT_RESOLVED)

        async def connect(address: str) -> httpcore.AsyncNetworkStream:
            left = _remaining(timeout, httpcore.ConnectTimeout)
            return await self._inner.connect_tcp(address, port, left, local_address, socket_options)

        return _AsyncStream(await _first_to_answer(addresses, connect))


async def _first_to_answer(
    addresses: Sequence[str], connect: Callable[[str], Awaitable[httpcore.AsyncNetworkStream]]
) -> httpcore.AsyncNetworkStream:
    """Connect to addresses, each tried a little after the one before it, and keep the first stream that there is."""
    if len(addresses) == 1:
        return await connect(addresses[0])
    streams: list[httpcore.AsyncNetworkStream] = []
    errors: list[Exception] = [httpcore.ConnectError(_NO_ADDRESS)]

    async def attempt(address: str, over: anyio.Event) -> None:
        try:
            streams.append(await connect(address))
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            errors.append(error)
        else:
            group.cancel_scope.cancel()
        finally:
            over.set()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                over = anyio.Event()
                group.start_soon(attempt, address, over)
                with anyio.move_on_after(STAGGER):
                    await over.wait()
    except BaseException:
        await _close_all(streams)
        raise
    if not streams:
        raise errors[-1]
    await _close_all(streams[1:])
    return streams[0]


async def _close_all(streams: Iterable[httpcore.AsyncNetworkStream]) -> None:
    with anyio.CancelScope(shield=True):
        for stream in streams:
            await stream.aclose()


def _remaining(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the seconds that a step may take: its own timeout, or what is left for the whole call."""
    deadline = CALL_DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - time.monotonic()
    if left <= 0:
        raise error("the time for the call has run out")
    return left if timeout is None else min(timeout, left)


_Found: TypeAlias = list[str] | OSError | UnicodeError
_NO_ADDRESS = "the name of the host has no address"
_NOT_RESOLVED = "the name of the host was not resolved in time"


def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Look a name up, waiting for it so long at most."""
    if _is_address(host):
        return [host]
    results: queue.SimpleQueue[_Found] = queue.SimpleQueue()
    _look_up(host, port, results.put)
    try:
        found = results.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout(_NOT_RESOLVED) from None
    return _found(found)


async def _await_addresses(host: str, port: int) -> list[str]:
    """Look a name up without the loop's own threads, for which the end of the loop would wait."""
    if _is_address(host):
        return [host]
    results: list[_Found] = []
    done = anyio.Event()
    wake = _waker(done.set)

    def put(found: _Found) -> None:
        results.append(found)
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            wake()

    _look_up(host, port, put)
    await done.wait()
    return _found(results[0])


def _waker(call: Callable[[], object]) -> Callable[[], object]:
    """Return what makes the running event loop call something, from any thread."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        from trio.lowlevel import current_trio_token

        token = current_trio_token()
        return lambda: token.run_sync_soon(call)
    return lambda: loop.call_soon_threadsafe(call)


def _is_address(host: str) -> bool:
    with contextlib.suppress(OSError):
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        return True
    return False


def _look_up(host: str, port: int, put: Callable[[_Found], object]) -> None:
    """Look a name up, in a thread of its own: the system's resolver knows no timeout."""

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            put(error)

    threading.Thread(target=look_up, name="posthog-environments-resolver", daemon=True).start()


def _found(found: _Found) -> list[str]:
    if isinstance(found, (OSError, UnicodeError)):
        raise httpcore.ConnectError(str(found)) from None
    if not found:
        raise httpcore.ConnectError(_NO_ADDRESS)
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
        headers=outgoing.headers_with_key(),
        content=outgoing.body,
        extensions={"timeout": outgoing.timeouts},
    )


def _core_request(outgoing: Outgoing, origin: httpcore.URL) -> httpcore.Request:
    return httpcore.Request(
        outgoing.method,
        httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=outgoing.path),
        headers=outgoing.headers_with_key(),
        content=_Content(outgoing.body),
        extensions={"timeout": outgoing.timeouts},
    )


class _Content:
    """The body of a request, in one piece.

    No generator, as httpcore's own is: one that is left when a call is cancelled has to be closed by the event loop.
    """

    def __init__(self, body: bytes) -> None:
        self._pieces = iter((body,))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def _has_more(response: httpcore.Response) -> bool:
    """Tell whether more came than the answer, so that its connection must not be used again.

    httpcore leaves such bytes in its parser, and would take them for the answer to the next request. Where a later
    httpcore keeps its parser elsewhere, no connection is used again.
    """
    try:
        stream: Any = response.stream
        waiting, _ = stream._stream._connection._h11_state.trailing_data  # noqa: SLF001
    except AttributeError:
        return True
    return bool(waiting)


def _stranded(pool: Any, request: httpcore.Request) -> list[Any]:
    """Find connections that are of no use after a request was interrupted.

    One whose request was interrupted before it began stays new for ever: httpcore neither uses nor closes it, and it
    takes a place in the pool.
    """
    with pool._optional_thread_lock:  # noqa: SLF001
        in_use = [each.connection for each in pool._requests if each.request is not request]  # noqa: SLF001
        return [
            connection
            for connection in pool.connections
            if not (connection.is_idle() or connection.is_closed() or connection in in_use)
        ]


def _is_idle(connection: httpcore.ConnectionInterface) -> bool:
    return connection.is_idle()


def _close_what_was_opened(interruption: BaseException) -> None:
    """Close the socket that was being opened when Ctrl-C came: neither the standard library nor httpcore does."""
    trace = interruption.__traceback__
    while trace is not None:
        for value in list(trace.tb_frame.f_locals.values()):
            if isinstance(value, (socket.socket, httpcore.NetworkStream)):
                with contextlib.suppress(Exception):
                    value.close()
        trace = trace.tb_next


class Pool:
    """Connections of this process: a child after a fork must not speak on those of its parent."""

    def __init__(self, origin: httpcore.URL, arguments: dict[str, Any]) -> None:
        self._origin = origin
        self._arguments = arguments
        self._lock = threading.Lock()
        self._pool: httpcore.ConnectionPool | None = None
        _POOLS.add(self)

    def _own(self) -> httpcore.ConnectionPool:
        if self._pool is not None:
            return self._pool
        with self._lock:
            if self._pool is None:
                pool = httpcore.ConnectionPool(network_backend=Network(), **self._arguments)
                # httpcore's own lock is written in Python: Ctrl-C between its lines would leave it held for ever.
                pool._optional_thread_lock = threading.Lock()  # type: ignore[assignment]  # noqa: SLF001
                self._pool = pool
            return self._pool

    def after_fork(self) -> None:
        """Begin anew in a child, which holds copies of the parent's sockets, and of locks that nobody will release.

        To close a copy says nothing to the server, where to keep it would hold the connection open when the parent
        closes it.
        """
        self._lock = threading.Lock()
        pool, self._pool = self._pool, None
        for connection in pool.connections if pool else ():
            with contextlib.suppress(Exception):
                connection.close()

    def open(self, outgoing: Outgoing) -> Incoming:
        """Send a request, and return once the head of its answer has come."""
        pool, request = self._own(), _core_request(outgoing, self._origin)
        with self._watched(pool, request):
            response = pool.handle_request(request)
        stream = cast("dict[str, object]", response.extensions)["network_stream"]  # pyright: ignore[reportUnknownMemberType]
        assert isinstance(stream, _Stream)
        stream.meter.head_is_whole()

        def chunks() -> Iterator[bytes]:
            with self._watched(pool, request):
                yield from response.iter_stream()

        def close() -> None:
            with self._watched(pool, request):
                if _has_more(response):
                    stream.close()
                response.close()

        def came() -> int:
            return stream.meter.of_body

        return Incoming(response.status, response.headers, chunks(), close, came)

    @contextlib.contextmanager
    def _watched(self, pool: Any, request: httpcore.Request) -> Generator[None]:
        """Leave the pool behind when Ctrl-C comes, for it may have left a lock of httpcore's held for ever.

        What other threads have under way there comes to its end, and is closed then.
        """
        try:
            yield
        except (Exception, GeneratorExit):
            raise
        except BaseException as interruption:
            _close_what_was_opened(interruption)
            if self._pool is pool:
                self._pool = None
            pool._max_keepalive_connections = 0  # noqa: SLF001
            for connection in [*_stranded(pool, request), *filter(_is_idle, pool.connections)]:
                connection.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            self._pool.close()


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class AsyncPool:
    """Connections of one event loop."""

    def __init__(self, origin: httpcore.URL, arguments: dict[str, Any]) -> None:
        self._origin = origin
        self._pool = httpcore.AsyncConnectionPool(network_backend=AsyncNetwork(), **arguments)

    async def open(self, outgoing: Outgoing) -> AsyncIncoming:
        """Send a request, and return once the head of its answer has come."""
        request = _core_request(outgoing, self._origin)
        try:
            response = await self._pool.handle_async_request(request)
        except BaseException:
            with anyio.CancelScope(shield=True):
                for connection in _stranded(self._pool, request):
                    await connection.aclose()
            raise
        stream = cast("dict[str, object]", response.extensions)["network_stream"]  # pyright: ignore[reportUnknownMemberType]
        assert isinstance(stream, _AsyncStream)
        stream.meter.head_is_whole()
        chunks = response.aiter_stream()

        async def close() -> None:
            if _has_more(response):
                await stream.aclose()
            await response.aclose()
            # A body that was not read to its end leaves generators within generators behind. On a closed connection
            # they soon end by themselves; left to the garbage collector, trio complains of each.
            with contextlib.suppress(Exception):
                async for _ in chunks:
                    pass

        def came() -> int:
            return stream.meter.of_body

        return AsyncIncoming(response.status, response.headers, chunks, close, came)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


def pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> Pool:
    """Make the transport that blocking clients use unless they are given one."""
    return Pool(httpcore.URL(settings.host), _pool_arguments(settings, verify, proxy))


def async_pool(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> AsyncPool:
    """Make the transport that awaiting clients use unless they are given one."""
    return AsyncPool(httpcore.URL(settings.host), _pool_arguments(settings, verify, proxy))

"""The transports of the clients: httpx transports that hold the deadline, the limits and the origin, and add the key.

Each wraps an inner transport: one of httpx's own on a network of ours, or the one that the user gave. `send` serves the
runners, `handle_request` the generated client; both take the same way. What goes wrong comes out as `Failed`, stripped
of the exceptions below it, for their frames hold the key.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import NoneType
from typing import Any, Generic, TypeVar, cast

import anyio
import anyio.lowlevel
import httpcore
import httpx

from posthog_environments.body import BodyReader
from posthog_environments.config import Settings
from posthog_environments.errors import (
    ConfigurationError,
    DeadlineExceeded,
    MalformedResponseError,
    PostHogError,
    TransportError,
    printable,
)
from posthog_environments.exchange import Failed, Session
from posthog_environments.network import CALL_DEADLINE, AsyncNetwork, AsyncStream, Network, Stream
from posthog_environments.requests import RequestBuilder
from posthog_environments.secrets import Secret

__all__ = ["AsyncTransport", "Transport"]

# Waiting for a cancel scope is left this much longer than the timeouts of the single steps, so that where a step
# times out, the step says so itself: then it is known whether anything was sent.
GRACE = 0.2
# Connections at once, and idle ones that are kept for so many seconds.
MAX_CONNECTIONS = 100
MAX_IDLE = 20
IDLE_SECONDS = 5.0

# What an exception means, whether anything may have been sent, and whether the system's words say more.
_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (httpx.ConnectTimeout, "no connection could be made in time", False),
    (httpx.PoolTimeout, "no connection became free in time", False),
    (httpx.WriteTimeout, "the server stopped reading the request", True),
    (httpx.TimeoutException, "the server stopped answering", True),
    (TimeoutError, "the server stopped answering", True),
    (httpx.ConnectError, "no connection could be made", False),
    (httpx.ProxyError, "the proxy refused", False),
    (httpx.UnsupportedProtocol, "the protocol is not supported", False),
    (httpx.LocalProtocolError, "the request cannot be sent as it is", False),
    (httpx.RemoteProtocolError, "the answer broke off, or is not HTTP", True),
    (httpx.NetworkError, "the connection broke", True),
)
# Headers that tell of a body as it came, and not of one that was decompressed.
_OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")

T = TypeVar("T", bound="httpx.BaseTransport | httpx.AsyncBaseTransport")


# ----------------------------------------------------------------------------------------------------- what goes wrong


def _too_late() -> Failed:
    return Failed("the answer had not come to its end", sent=True, again=False, timed_out=True)


def _without_frames(interruption: BaseException) -> BaseException:
    """Return Ctrl-C or a cancellation without the frames that it went through, for those hold the key.

    On trio it comes in a group when it meets a connection that is being made.
    """
    bare = interruption.with_traceback(None)
    while isinstance(bare, BaseExceptionGroup):
        within: tuple[BaseException, ...] = cast("BaseExceptionGroup[BaseException]", bare).exceptions
        if len(within) != 1:
            return interruption
        bare = within[0].with_traceback(None)
    return bare


async def _to_its_end(close: Callable[[], Awaitable[None]]) -> None:
    """Close something, whatever cancels meanwhile: if half closed its connection would be in use for ever."""
    import asyncio

    with anyio.CancelScope(shield=True):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            await close()
            return
        # The shields of anyio do not hold off a cancellation of asyncio's own.
        task = asyncio.ensure_future(close())
        interruption: BaseException | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as cancelled:
                interruption = cancelled
        if interruption is not None:
            raise interruption
        task.result()


def _public_error(failed: Failed) -> PostHogError:
    """Return what a user of the generated client sees of a failure."""
    if failed.malformed is not None:
        return MalformedResponseError(failed.reason, status_code=failed.malformed[0], body=failed.malformed[1])
    return (DeadlineExceeded if failed.timed_out else TransportError)(failed.reason)


# ------------------------------------------------------------------------------------------------ the inner transports


class _HTTPTransport(httpx.HTTPTransport):
    """httpx's own on a network of ours. `handle_request` is inherited: tools that patch it see all requests."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = Network()
        _put_pool(self, httpcore.ConnectionPool(network_backend=self.network, **arguments))

    def close(self) -> None:
        # Not by the pool: its lock may be held for ever where Ctrl-C came.
        self.network.close()


class _AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """The same, awaiting."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = AsyncNetwork()
        _put_pool(self, httpcore.AsyncConnectionPool(network_backend=self.network, **arguments))

    async def aclose(self) -> None:
        await self.network.aclose()


def _put_pool(transport: Any, pool: object) -> None:
    """Have a transport of httpx use a pool; its constructor takes none. The one private name of others in here."""
    transport._pool = pool  # noqa: SLF001


def _pool_arguments(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> dict[str, Any]:
    https = settings.host.startswith("https:") or (proxy or "").startswith("https:")
    parsed = None if proxy is None else httpx.Proxy(proxy)
    return {
        "ssl_context": verify or (httpx.create_ssl_context(trust_env=False) if https else None),
        "proxy": parsed and httpcore.Proxy(str(parsed.url), auth=parsed.raw_auth),
        "max_connections": MAX_CONNECTIONS,
        "max_keepalive_connections": MAX_IDLE,
        "keepalive_expiry": IDLE_SECONDS,
    }


class _Use(Generic[T]):
    """An inner transport, and how many calls are under way on it."""

    def __init__(self, transport: T) -> None:
        self.transport = transport
        self.calls = 0
        self.is_outdated = False


class _Inner(Generic[T]):
    """The inner transport: made on first use, and anew after an interruption or a fork. One that was given is kept."""

    def __init__(self, given: T | None, make: Callable[[], T]) -> None:
        self.is_ours = given is None
        self._make = make
        self._lock = threading.Lock()
        self._use = None if given is None else _Use(given)
        _INNERS.add(self)

    def enter(self) -> _Use[T]:
        with self._lock:
            if self._use is None:
                self._use = _Use(self._make())
            self._use.calls += 1
            return self._use

    def leave(self, use: _Use[T], *, interrupted: bool = False) -> T | None:
        """Return the transport if it is to be closed now: it is used no more, and this was its last call."""
        with self._lock:
            use.calls -= 1
            if interrupted and self.is_ours:
                use.is_outdated = True
                self._use = None if self._use is use else self._use
            return use.transport if use.is_outdated and not use.calls else None

    def end(self) -> T | None:
        """Return the transport, to be closed now."""
        with self._lock:
            use = self._use
            self._use = None if self.is_ours else use
            return None if use is None else use.transport

    def after_fork(self) -> None:
        """Begin anew in a child, which holds copies of the parent's sockets, and of locks that nobody will release.

        To close a copy says nothing to the server, where to keep it would hold the connection open when the parent
        closes it.
        """
        self._lock = threading.Lock()
        if isinstance(transport := self.end(), _HTTPTransport):
            transport.close()


_INNERS: weakref.WeakSet[_Inner[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for inner in list(_INNERS):
        inner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Attempt(Generic[T]):
    """A request on its way through the inner transport: with the key while it is, and within its deadline."""

    def __init__(self, inner: _Inner[T], request: httpx.Request, deadline: float) -> None:
        self._inner, self._request, self.deadline = inner, request, deadline
        # Whether it was interrupted, by its deadline; and whether its body is still to come.
        self.is_interrupted = self.goes_on = False
        # A transport that is to be closed after it.
        self.outdated: T | None = None

    def begin(self, key: Secret) -> T:
        """Put the key in, and return the transport to send with."""
        self._use = self._inner.enter()
        self._token = CALL_DEADLINE.set(self.deadline)
        self._request.headers["Authorization"] = "Bearer " + key.reveal()
        return self._use.transport

    def end(self, error: BaseException | None = None) -> BaseException | None:
        """Take the key out; return what is to be raised, outside of any except clause: frames below hold the key."""
        self._request.headers.pop("Authorization", None)
        CALL_DEADLINE.reset(self._token)
        return None if self.goes_on else self.leave(error)

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        """Let go of the transport; see `end`."""
        is_interrupted = self.is_interrupted or not isinstance(error, (Exception, GeneratorExit, NoneType))
        self.outdated = self._inner.leave(self._use, interrupted=is_interrupted)
        if isinstance(error, Exception):
            return error if isinstance(error, PostHogError) else self._failure(error)
        return None if error is None else _without_frames(error)

    def _failure(self, error: Exception) -> Failed:
        """Turn what a transport raised into an outcome, with nothing of the exception but its meaning."""
        if isinstance(error, Failed):
            return error.with_traceback(None)
        unknown = (type(error), type(error).__name__, True)
        _, reason, sent = next((row for row in _REASONS if isinstance(error, row[0])), unknown)
        late = isinstance(error, (httpx.TimeoutException, TimeoutError))
        cause: BaseException | None = error
        # Not where time ran out: then an exception by which TLS asks for more bytes may be in the chain.
        for _ in range(0 if sent or late else 8):
            if isinstance(cause, ssl.SSLError):
                return Failed(f"the TLS handshake failed: {printable(str(cause), 200)}", sent=False, again=False)
            cause = None if cause is None else cause.__cause__ or cause.__context__
        if self._inner.is_ours and isinstance(error, httpx.ConnectError):
            # The system's words. A transport of the user's may say anything, headers included.
            reason += f" ({printable(str(error), 200)})"
        timed_out = late and time.monotonic() >= self.deadline - GRACE
        return Failed(reason, sent=sent, again=not timed_out, timed_out=timed_out)


# ------------------------------------------------------------------------------------------------------ the transports


def _came(response: httpx.Response) -> Callable[[], int]:
    """Return what tells how many bytes of the body have come, with those that frame it; 0 where that is not known."""
    stream = response.extensions.get("network_stream")
    if not isinstance(stream, (Stream, AsyncStream)):
        return int
    framer = stream.connection.framer
    return lambda: framer.of_body


def _response(response: httpx.Response, body: BodyReader, stream: object) -> httpx.Response:
    """Return a response with a body that has been decompressed, and without what hangs on the connection."""
    headers = response.headers
    if body.is_compressed:
        headers = httpx.Headers([(name, value) for name, value in headers.raw if name.lower() not in _OF_THE_WIRE])
    kept = {name: value for name, value in response.extensions.items() if name in ("http_version", "reason_phrase")}
    return httpx.Response(response.status_code, headers=headers, stream=cast("Any", stream), extensions=kept)


class Transport(httpx.BaseTransport):
    """The blocking transport: serves runners by `send`, and the generated client as a transport of httpx."""

    def __init__(
        self,
        session: Session,
        given: httpx.BaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
        timeout: float,
    ) -> None:
        self.requests = RequestBuilder(session)
        self._settings = session.settings
        self._timeout = timeout
        arguments = {} if given else _pool_arguments(session.settings, verify, proxy)
        self._inner: _Inner[httpx.BaseTransport] = _Inner(given, lambda: _HTTPTransport(arguments))

    def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send a request once and read the response; of a success its body only when it is asked for, if `stream`.

        Raises:
            Failed: No usable response came before `deadline`.
        """
        attempt, problem, response = _Attempt(self._inner, request, deadline), None, None
        key = self._settings.key.current()
        try:
            response = self._read(attempt, attempt.begin(key).handle_request(request), stream=stream)
        except BaseException as error:  # noqa: BLE001 - a transport may raise anything
            problem = attempt.end(error)
        else:
            attempt.end()
        if attempt.outdated is not None:
            attempt.outdated.close()
        if problem is not None:
            raise problem
        assert response is not None
        return response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        try:
            prepared = self.requests.of_request(request, request.read(), self._timeout)
            return self.send(prepared, time.monotonic() + self._timeout)
        except Failed as failed:
            error = _public_error(failed)
        raise error

    def close(self) -> None:
        """Close the connections."""
        if (transport := self._inner.end()) is not None:
            transport.close()

    def _read(
        self, attempt: _Attempt[httpx.BaseTransport], response: httpx.Response, *, stream: bool
    ) -> httpx.Response:
        try:
            body = BodyReader(response.status_code, response.headers, self._settings.max_body)
            if stream and response.is_success:
                attempt.goes_on = True
                return _response(response, body, self._chunks(attempt, response, body))
            came = _came(response)
            for chunk in cast("httpx.SyncByteStream", response.stream):
                body.feed(chunk, came())
                if time.monotonic() > attempt.deadline:
                    raise _too_late()
            return _response(response, body, httpx.ByteStream(body.finish()))
        finally:
            if not attempt.goes_on:
                response.close()

    def _chunks(
        self, attempt: _Attempt[httpx.BaseTransport], response: httpx.Response, body: BodyReader
    ) -> Iterator[bytes]:
        problem = None
        try:
            for chunk in cast("httpx.SyncByteStream", response.stream):
                yield from body.inflate(chunk)
        except BaseException as error:  # noqa: BLE001 - as above
            problem = attempt.leave(error)
        else:
            attempt.leave()
        response.close()
        if attempt.outdated is not None:
            attempt.outdated.close()
        if problem is not None:
            raise problem


class AsyncTransport(httpx.AsyncBaseTransport):
    """The awaiting transport, within one event loop; see `Transport`."""

    def __init__(
        self,
        session: Session,
        given: httpx.AsyncBaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
        timeout: float,
    ) -> None:
        self.requests = RequestBuilder(session)
        self._settings = session.settings
        self._timeout = timeout
        self._loop: object = None
        arguments = {} if given else _pool_arguments(session.settings, verify, proxy)
        self._inner: _Inner[httpx.AsyncBaseTransport] = _Inner(given, lambda: _AsyncHTTPTransport(arguments))

    async def send(self, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        """Send a request once and read the response; see `Transport.send`."""
        self._check_loop()
        attempt, problem, response = _Attempt(self._inner, request, deadline), None, None
        key = self._settings.key.current()
        try:
            transport = attempt.begin(key)
            with anyio.move_on_after(deadline - time.monotonic() + GRACE):
                response = await self._read(attempt, await transport.handle_async_request(request), stream=stream)
            if response is None:
                attempt.is_interrupted = True
                raise _too_late()
        except BaseException as error:  # noqa: BLE001 - a transport may raise anything
            problem = attempt.end(error)
        else:
            attempt.end()
        if attempt.outdated is not None:
            await _to_its_end(attempt.outdated.aclose)
        if problem is not None:
            raise problem
        assert response is not None
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Serve the generated client: one attempt within the client's timeout."""
        try:
            prepared = self.requests.of_request(request, await request.aread(), self._timeout)
            return await self.send(prepared, time.monotonic() + self._timeout)
        except Failed as failed:
            error = _public_error(failed)
        raise error

    async def aclose(self) -> None:
        """Close the connections."""
        if self._loop is not None:
            self._check_loop()
        if (transport := self._inner.end()) is not None:
            await transport.aclose()

    def _check_loop(self) -> None:
        token = anyio.lowlevel.current_token()
        if self._loop is None:
            self._loop = token
        elif self._loop != token:
            raise ConfigurationError(
                "This AsyncEnvironment was used in another event loop, whose connections it holds. "
                "Make one inside each asyncio.run()."
            )

    async def _read(
        self, attempt: _Attempt[httpx.AsyncBaseTransport], response: httpx.Response, *, stream: bool
    ) -> httpx.Response:
        chunks = aiter(cast("httpx.AsyncByteStream", response.stream))
        try:
            body = BodyReader(response.status_code, response.headers, self._settings.max_body)
            if stream and response.is_success:
                attempt.goes_on = True
                return _response(response, body, self._chunks(attempt, response, chunks, body))
            came = _came(response)
            async for chunk in chunks:
                body.feed(chunk, came())
            return _response(response, body, httpx.ByteStream(body.finish()))
        finally:
            if not attempt.goes_on:
                await _to_its_end(lambda: _close(response, chunks))

    async def _chunks(
        self,
        attempt: _Attempt[httpx.AsyncBaseTransport],
        response: httpx.Response,
        chunks: AsyncIterator[bytes],
        body: BodyReader,
    ) -> AsyncIterator[bytes]:
        problem = None
        try:
            async for chunk in chunks:
                for part in body.inflate(chunk):
                    yield part
        except BaseException as error:  # noqa: BLE001 - as above
            problem = attempt.leave(error)
        else:
            attempt.leave()
        await _to_its_end(lambda: _close(response, chunks))
        if attempt.outdated is not None:
            await _to_its_end(attempt.outdated.aclose)
        if problem is not None:
            raise problem


async def _close(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    await response.aclose()
    # A body that was not read to its end leaves generators within generators behind. On a closed connection they soon
    # end by themselves; left to the garbage collector, trio complains of each.
    with contextlib.suppress(Exception):
        async for _ in chunks:
            pass

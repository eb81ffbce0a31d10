"""One request through the inner transport: key, deadline, and what an exception means.

The inner transport is httpx's own on our network backend, or the one that the user gave. Exceptions come out as
`TransportFailure` without the exceptions below them, whose frames hold the key.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable
from contextvars import Token
from types import NoneType
from typing import Any, Generic, TypeVar, cast

import httpcore
import httpx

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.config.api_key import Secret
from posthog_environments.config.forks import restart_after_fork
from posthog_environments.config.settings import Settings
from posthog_environments.errors import PostHogError, printable
from posthog_environments.transport.network import CALL_DEADLINE, AsyncNetwork, Network

__all__ = ["GRACE", "AsyncHTTPTransport", "Attempt", "HTTPTransport", "Inner", "T", "pool_arguments"]

# Seconds that a cancel scope outlasts the deadline. Then a step that times out reports it itself, and it is known
# whether anything was sent.
GRACE = 0.2
# Limits of the connection pool.
MAX_CONNECTIONS = 100
MAX_IDLE = 20
IDLE_SECONDS = 5.0

# What an exception means, and whether anything may have been sent.
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
T = TypeVar("T", bound="httpx.BaseTransport | httpx.AsyncBaseTransport")


# ----------------------------------------------------------------------------------------------------- what goes wrong


def _without_frames(interruption: BaseException) -> BaseException:
    """Return Ctrl-C or a cancellation without its frames, which hold the key.

    On trio it arrives in a group if it interrupts a connection attempt.
    """
    bare = interruption.with_traceback(None)
    while isinstance(bare, BaseExceptionGroup):
        within: tuple[BaseException, ...] = cast("BaseExceptionGroup[BaseException]", bare).exceptions
        if len(within) != 1:
            return interruption
        bare = within[0].with_traceback(None)
    return bare


# ------------------------------------------------------------------------------------------------ the inner transports


class HTTPTransport(httpx.HTTPTransport):
    """httpx's transport on our network backend. It inherits `handle_request`, so tools that patch it see requests."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = Network()
        _put_pool(self, httpcore.ConnectionPool(network_backend=self.network, **arguments))

    def close(self) -> None:
        """Close its sockets: not by the pool, whose lock Ctrl-C may have left held."""
        self.network.close()


class AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """The same, async."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = AsyncNetwork()
        _put_pool(self, httpcore.AsyncConnectionPool(network_backend=self.network, **arguments))

    async def aclose(self) -> None:
        """Close its sockets."""
        await self.network.aclose()


def _put_pool(transport: Any, pool: object) -> None:
    """Set the pool of an httpx transport, whose constructor takes none. The only private name of another package."""
    transport._pool = pool  # noqa: SLF001


def pool_arguments(settings: Settings, verify: ssl.SSLContext | None, proxy: str | None) -> dict[str, Any]:
    """Return the arguments of the connection pool of a client."""
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
    """An inner transport, and the number of calls on it."""

    def __init__(self, transport: T) -> None:
        self.transport = transport
        self.calls = 0
        self.is_outdated = False


class Inner(Generic[T]):
    """Holds the inner transport: made on first use, and anew after an interruption or a fork. A given one is kept."""

    def __init__(self, given: T | None, make: Callable[[], T]) -> None:
        self.is_ours = given is None
        self._make = make
        self._lock = threading.Lock()
        self._use = None if given is None else _Use(given)
        restart_after_fork(self)

    def enter(self) -> _Use[T]:
        """Begin a call on the current transport."""
        with self._lock:
            if self._use is None:
                self._use = _Use(self._make())
            self._use.calls += 1
            return self._use

    def leave(self, use: _Use[T], *, interrupted: bool = False) -> T | None:
        """End a call; return the transport if it is to be closed now, after the last call on an outdated one."""
        with self._lock:
            use.calls -= 1
            if interrupted and self.is_ours:
                use.is_outdated = True
                self._use = None if self._use is use else self._use
            return use.transport if use.is_outdated and not use.calls else None

    def end(self) -> T | None:
        """Return the transport, for closing."""
        with self._lock:
            use = self._use
            self._use = None if self.is_ours else use
            return None if use is None else use.transport

    def after_fork(self) -> None:
        """Start over in a child process, which has copies of the parent's sockets and of locks that nobody releases.

        Closing a copy tells the server nothing. Keeping it would hold the connection open after the parent closes it.
        """
        self._lock = threading.Lock()
        if isinstance(transport := self.end(), HTTPTransport):
            transport.close()


class Attempt(Generic[T]):
    """Sends one request: adds the key for as long as it takes, sets the deadline, and interprets exceptions."""

    def __init__(self, inner: Inner[T], request: httpx.Request, deadline: float) -> None:
        self._inner, self._request, self.deadline = inner, request, deadline
        # Whether the deadline interrupted it; whether its body is still being streamed.
        self.is_interrupted = self.goes_on = False
        # A transport to close afterwards.
        self.outdated: T | None = None
        self._use: _Use[T] | None = None
        self._token: Token[float | None] | None = None

    def begin(self, key: Secret) -> T:
        """Add the key, and return the transport to send with."""
        self._use = self._inner.enter()
        self._token = CALL_DEADLINE.set(self.deadline)
        self._request.headers["Authorization"] = "Bearer " + key.reveal()
        return self._use.transport

    def end(self, error: BaseException | None = None) -> BaseException | None:
        """Remove the key; return what to raise, outside of any except clause: the frames below hold the key."""
        with contextlib.suppress(KeyError):  # an interruption may come before it was added
            del self._request.headers["Authorization"]
        if self._token is not None:
            CALL_DEADLINE.reset(self._token)
        return None if self.goes_on else self.leave(error)

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        """Leave the transport; see `end`."""
        is_interrupted = self.is_interrupted or not isinstance(error, (Exception, GeneratorExit, NoneType))
        if self._use is not None:
            self.outdated = self._inner.leave(self._use, interrupted=is_interrupted)
        if isinstance(error, Exception):
            return error if isinstance(error, PostHogError) else self._failure(error)
        return None if error is None else _without_frames(error)

    def _failure(self, error: Exception) -> TransportFailure:
        """Turn an exception of a transport into a failure that keeps its meaning alone."""
        if isinstance(error, TransportFailure):
            return error.with_traceback(None)
        unknown = (type(error), type(error).__name__, True)
        _, reason, sent = next((row for row in _REASONS if isinstance(error, row[0])), unknown)
        late = isinstance(error, (httpx.TimeoutException, TimeoutError))
        cause: BaseException | None = error
        # Not after a timeout: its chain may hold the exception by which TLS asks for more bytes.
        for _ in range(0 if sent or late else 8):
            if isinstance(cause, ssl.SSLError):
                return TransportFailure(
                    f"the TLS handshake failed: {printable(str(cause), 200)}", sent=False, again=False
                )
            cause = None if cause is None else cause.__cause__ or cause.__context__
        if self._inner.is_ours and isinstance(error, httpx.ConnectError):
            # The system's message. A transport of the user may say anything, headers included.
            reason += f" ({printable(str(error), 200)})"
        timed_out = late and time.monotonic() >= self.deadline - GRACE
        # A network error may pass; a mock without a response does not.
        may_pass = isinstance(error, (httpx.TransportError, OSError))
        return TransportFailure(reason, sent=sent, again=may_pass and not timed_out, timed_out=timed_out)

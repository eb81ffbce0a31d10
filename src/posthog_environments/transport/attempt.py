"""One request on its way through the inner transport: who carries it, what it has with it, and what became of it.

The inner transport is one of httpx's own on a network of ours, or the one that the user gave. What goes wrong comes out
as `TransportFailure`, stripped of the exceptions below it, for their frames hold the key.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import Token
from types import NoneType
from typing import Any, Generic, TypeVar, cast

import httpcore
import httpx

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.config.api_key import Secret
from posthog_environments.config.settings import Settings
from posthog_environments.errors import PostHogError, printable
from posthog_environments.transport.network import CALL_DEADLINE, AsyncNetwork, Network

__all__ = ["GRACE", "AsyncHTTPTransport", "Attempt", "HTTPTransport", "Inner", "T", "pool_arguments"]

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
T = TypeVar("T", bound="httpx.BaseTransport | httpx.AsyncBaseTransport")


# ----------------------------------------------------------------------------------------------------- what goes wrong


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


# ------------------------------------------------------------------------------------------------ the inner transports


class HTTPTransport(httpx.HTTPTransport):
    """httpx's own on a network of ours. `handle_request` is inherited: tools that patch it see all requests."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = Network()
        _put_pool(self, httpcore.ConnectionPool(network_backend=self.network, **arguments))

    def close(self) -> None:
        """Close its sockets: not by the pool, whose lock Ctrl-C may have left held."""
        self.network.close()


class AsyncHTTPTransport(httpx.AsyncHTTPTransport):
    """The same, awaiting."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.network = AsyncNetwork()
        _put_pool(self, httpcore.AsyncConnectionPool(network_backend=self.network, **arguments))

    async def aclose(self) -> None:
        """Close its sockets."""
        await self.network.aclose()


def _put_pool(transport: Any, pool: object) -> None:
    """Have a transport of httpx use a pool; its constructor takes none. The one private name of others in here."""
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
    """An inner transport, and how many calls are under way on it."""

    def __init__(self, transport: T) -> None:
        self.transport = transport
        self.calls = 0
        self.is_outdated = False


class Inner(Generic[T]):
    """The inner transport: made on first use, and anew after an interruption or a fork. One that was given is kept."""

    def __init__(self, given: T | None, make: Callable[[], T]) -> None:
        self.is_ours = given is None
        self._make = make
        self._lock = threading.Lock()
        self._use = None if given is None else _Use(given)
        _INNERS.add(self)

    def enter(self) -> _Use[T]:
        """Take part in the transport in use."""
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
        if isinstance(transport := self.end(), HTTPTransport):
            transport.close()


_INNERS: weakref.WeakSet[Inner[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    for inner in list(_INNERS):
        inner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Attempt(Generic[T]):
    """A request on its way through the inner transport: with the key while it is, and within its deadline."""

    def __init__(self, inner: Inner[T], request: httpx.Request, deadline: float) -> None:
        self._inner, self._request, self.deadline = inner, request, deadline
        # Whether it was interrupted, by its deadline; and whether its body is still to come.
        self.is_interrupted = self.goes_on = False
        # A transport that is to be closed after it.
        self.outdated: T | None = None
        self._use: _Use[T] | None = None
        self._token: Token[float | None] | None = None

    def begin(self, key: Secret) -> T:
        """Put the key in, and return the transport to send with."""
        self._use = self._inner.enter()
        self._token = CALL_DEADLINE.set(self.deadline)
        self._request.headers["Authorization"] = "Bearer " + key.reveal()
        return self._use.transport

    def end(self, error: BaseException | None = None) -> BaseException | None:
        """Take the key out; return what is to be raised, outside of any except clause: frames below hold the key."""
        with contextlib.suppress(KeyError):  # an interruption may come before it is in
            del self._request.headers["Authorization"]
        if self._token is not None:
            CALL_DEADLINE.reset(self._token)
        return None if self.goes_on else self.leave(error)

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        """Let go of the transport; see `end`."""
        is_interrupted = self.is_interrupted or not isinstance(error, (Exception, GeneratorExit, NoneType))
        if self._use is not None:
            self.outdated = self._inner.leave(self._use, interrupted=is_interrupted)
        if isinstance(error, Exception):
            return error if isinstance(error, PostHogError) else self._failure(error)
        return None if error is None else _without_frames(error)

    def _failure(self, error: Exception) -> TransportFailure:
        """Turn what a transport raised into an outcome, with nothing of the exception but its meaning."""
        if isinstance(error, TransportFailure):
            return error.with_traceback(None)
        unknown = (type(error), type(error).__name__, True)
        _, reason, sent = next((row for row in _REASONS if isinstance(error, row[0])), unknown)
        late = isinstance(error, (httpx.TimeoutException, TimeoutError))
        cause: BaseException | None = error
        # Not where time ran out: then an exception by which TLS asks for more bytes may be in the chain.
        for _ in range(0 if sent or late else 8):
            if isinstance(cause, ssl.SSLError):
                return TransportFailure(
                    f"the TLS handshake failed: {printable(str(cause), 200)}", sent=False, again=False
                )
            cause = None if cause is None else cause.__cause__ or cause.__context__
        if self._inner.is_ours and isinstance(error, httpx.ConnectError):
            # The system's words. A transport of the user's may say anything, headers included.
            reason += f" ({printable(str(error), 200)})"
        timed_out = late and time.monotonic() >= self.deadline - GRACE
        # A fault of the network may pass; that a mock knows no answer does not.
        may_pass = isinstance(error, (httpx.TransportError, OSError))
        return TransportFailure(reason, sent=sent, again=may_pass and not timed_out, timed_out=timed_out)

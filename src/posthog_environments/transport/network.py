"""Network backends for httpcore that enforce the deadline of the whole call, not only of a read.

They try the addresses of a host staggered (`sockets`), and pass only bytes of the current response to the parser
(`framing`). They know all open connections, and close them after an interruption.
"""

# ruff: noqa: ASYNC109, ARG002 - the interface is httpcore's

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar

import httpcore

from posthog_environments.transport.framing import Framer
from posthog_environments.transport.sockets import CHUNK, Awaiting, Blocking, Step, connected

__all__ = ["CALL_DEADLINE", "AsyncNetwork", "Network"]

T = TypeVar("T")

# The deadline of the current call, on the monotonic clock.
CALL_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)

_BLOCKING = Blocking()
# Not epoll, which needs a file descriptor of its own.
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


def _left(timeout: float | None) -> float | None:
    """Return the seconds left for a step: its own timeout, or what is left of the call if that is less."""
    if (deadline := CALL_DEADLINE.get()) is None:
        return timeout
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError("the time for the call has run out")
    return left if timeout is None else min(timeout, left)


@contextlib.contextmanager
def _raising(late: type[Exception], broken: type[Exception]) -> Generator[None]:
    """Raise system errors as errors of httpcore."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error


# --------------------------------------------------------------------------------------------------------- connections


class _Connection:
    """A connected socket; `opened` holds all that are open."""

    def __init__(self, sock: socket.socket, opened: set[_Connection]) -> None:
        self.sock, self.opened = sock, opened
        self.framer = Framer()
        opened.add(self)

    def receive(self, timeout: float | None) -> Step[bytes]:
        came: bytes = yield "receive", self.sock, _left(timeout)
        return came

    def send(self, data: bytes, timeout: float | None) -> Step[None]:
        view = memoryview(data)
        while view:
            view = view[(yield "send", self.sock, view, _left(timeout)) :]

    def read(self, timeout: float | None) -> Step[bytes]:
        """Read bytes of the current response."""
        while not (data := self.framer.take()):
            try:
                came = yield from self.receive(timeout)
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error
            if not came:
                break
            self.framer.feed(came)
        return data

    def write(self, data: bytes, timeout: float | None) -> Step[None]:
        """Write part of a request."""
        self.framer.ask(data)
        with _raising(httpcore.WriteTimeout, httpcore.WriteError):
            yield from self.send(data, timeout)

    def secure(self, context: ssl.SSLContext, hostname: str | None, timeout: float | None) -> Step[_Connection]:
        """Start TLS."""
        secured = _SecureConnection(self, context, hostname)
        try:
            with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
                yield from secured.shake_hands(timeout)
        except BaseException:
            secured.close()
            raise
        return secured

    @cached_property
    def _selector(self) -> selectors.BaseSelector:
        # Made on use: a connection below TLS is not asked, and one that was closed meanwhile cannot be registered.
        selector = _Selector()
        selector.register(self.sock, selectors.EVENT_READ)
        return selector

    def is_readable(self) -> bool:
        """Tell whether there are surplus bytes or the peer has closed."""
        if self.framer.holds_more or self.sock.fileno() < 0:
            return True
        return bool(self._selector.select(0))

    def info(self, name: str) -> Any:
        """Return what httpcore asks for. httpcore does not reuse a connection that "is_readable"."""
        if name == "is_readable":
            return self.is_readable()
        return self.sock if name == "socket" else None

    def close(self) -> None:
        self.opened.discard(self)
        self.sock.close()


class _SecureConnection(_Connection):
    """TLS over another connection. That one may be TLS too: an https server behind an https proxy."""

    def __init__(self, below: _Connection, context: ssl.SSLContext, hostname: str | None) -> None:
        super().__init__(below.sock, below.opened)
        below.opened.discard(below)
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)

    def shake_hands(self, timeout: float | None) -> Step[None]:
        if self._below.framer.holds_more:
            raise OSError("more came than was asked for before TLS")
        yield from self._run(self._tls.do_handshake, timeout)

    def _run(self, step: Callable[[], T], timeout: float | None) -> Step[T]:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                # After a failed handshake, this is the alert that says why.
                if self._outgoing.pending:
                    yield from self._below.send(self._outgoing.read(), timeout)
            if data := (yield from self._below.receive(timeout)):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def receive(self, timeout: float | None) -> Step[bytes]:
        try:
            return (yield from self._run(lambda: self._tls.read(CHUNK), timeout))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def send(self, data: bytes, timeout: float | None) -> Step[None]:
        view = memoryview(data)
        while rest := view:
            view = view[(yield from self._run(lambda: self._tls.write(rest), timeout)) :]

    def is_readable(self) -> bool:
        try:
            # Messages of TLS itself are processed on the way.
            self._tls.read(1)
        except ssl.SSLWantReadError:
            return self.framer.holds_more or self._below.is_readable()
        except ssl.SSLError:
            pass
        return True

    def info(self, name: str) -> Any:
        return self._tls if name == "ssl_object" else super().info(name)


def _connection(host: str, port: int, timeout: float | None, opened: set[_Connection]) -> Step[_Connection]:
    with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
        return _Connection((yield from connected(host, port, _left(timeout))), opened)


# ---------------------------------------------------------------------------------------------- httpcore's interface


class Stream(httpcore.NetworkStream):
    """A blocking connection."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read bytes of the current response; maybe more than `max_bytes`, see `CHUNK`."""
        return _BLOCKING.run(self.connection.read(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write part of a request."""
        if buffer:
            _BLOCKING.run(self.connection.write(buffer, timeout))

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Start TLS."""
        return Stream(_BLOCKING.run(self.connection.secure(ssl_context, server_hostname, timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for."""
        return self.connection.info(info)


class AsyncStream(httpcore.AsyncNetworkStream):
    """An async connection."""

    def __init__(self, connection: _Connection, waiting: Awaiting) -> None:
        self.connection = connection
        self._waiting = waiting

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read bytes of the current response; maybe more than `max_bytes`, see `CHUNK`."""
        return await self._waiting.run(self.connection.read(timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write part of a request."""
        if buffer:
            await self._waiting.run(self.connection.write(buffer, timeout))

    async def aclose(self) -> None:
        """Close the socket."""
        await self._waiting.wake(self.connection.sock)
        self.connection.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        """Start TLS."""
        return AsyncStream(
            await self._waiting.run(self.connection.secure(ssl_context, server_hostname, timeout)), self._waiting
        )

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for."""
        return self.connection.info(info)


class Network(httpcore.NetworkBackend):
    """Opens blocking connections."""

    def __init__(self) -> None:
        self.opened: set[_Connection] = set()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> Stream:
        """Look up the name and connect to the first of its addresses that answers."""
        return Stream(_BLOCKING.run(_connection(host, port, timeout, self.opened)))

    def close(self) -> None:
        """Close all open connections."""
        for connection in list(self.opened):
            connection.close()


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """Opens async connections."""

    def __init__(self) -> None:
        self.opened: set[_Connection] = set()
        self._waiting = Awaiting()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> AsyncStream:
        """Look up the name and connect to the first of its addresses that answers."""
        return AsyncStream(await self._waiting.run(_connection(host, port, timeout, self.opened)), self._waiting)

    async def aclose(self) -> None:
        """Close all open connections."""
        for connection in list(self.opened):
            await self._waiting.wake(connection.sock)
            connection.close()

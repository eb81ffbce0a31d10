"""Sockets: network backends for httpcore on which the deadline of the whole call holds, not only that of a read.

They look names up within the deadline, try the addresses of a host staggered (RFC 8305), and hand on only bytes of the
response under way (`framing`). What they opened they can close, whatever became of the request it was opened for.

All is written once, as coroutines over a `_Blocking` or `_Awaiting` socket; those of the first never suspend.
"""

# ruff: noqa: ASYNC109, ARG002 - the interface of httpcore has timeouts, and more arguments than are used here

from __future__ import annotations

import contextlib
import errno
import os
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextvars import ContextVar
from itertools import chain, zip_longest
from typing import Any, TypeAlias, TypeVar, cast

import anyio
import anyio.lowlevel
import httpcore

from posthog_environments.framing import Framer

__all__ = ["CALL_DEADLINE", "AsyncNetwork", "AsyncStream", "Network", "Stream"]

T = TypeVar("T")
# A family, and where to connect to, as the socket module has it.
Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]

# Bytes that are read at once. The parser names less, but takes more, in fewer rounds.
CHUNK = 1 << 18
# Seconds that the connection to one address is waited for before the next one is tried beside it, as in RFC 8305.
STAGGER = 0.25
A_DAY = 86400.0

# When the call that is under way in this context must be over, by the monotonic clock.
CALL_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)


def _left(timeout: float | None) -> float | None:
    """Return the seconds that a step may take: its own timeout, or what is left for the whole call."""
    if (deadline := CALL_DEADLINE.get()) is None:
        return timeout
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError("the time for the call has run out")
    return left if timeout is None else min(timeout, left)


@contextlib.contextmanager
def _raising(late: type[Exception], broken: type[Exception]) -> Generator[None]:
    """Raise errors of the system as those of httpcore."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error


# ------------------------------------------------------------------------------------------------------- how one waits


class _Blocking:
    """Waits by blocking."""

    async def receive(self, sock: socket.socket, timeout: float | None) -> bytes:
        sock.settimeout(timeout)
        return sock.recv(CHUNK)

    async def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        sock.settimeout(timeout)
        return sock.send(data)

    async def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        with selectors.DefaultSelector() as selector:
            for sock in sockets:
                selector.register(sock, selectors.EVENT_WRITE)
            return [cast("socket.socket", key.fileobj) for key, _ in selector.select(timeout)]


class _Awaiting:
    """Waits by awaiting, on asyncio or trio."""

    def __init__(self) -> None:
        self._waits: dict[socket.socket, anyio.CancelScope] = {}

    async def receive(self, sock: socket.socket, timeout: float | None) -> bytes:
        while True:
            # Also where something is there already, so that others have their turn.
            await self._wait(anyio.wait_readable, sock, timeout)
            with contextlib.suppress(BlockingIOError):
                return sock.recv(CHUNK)

    async def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        while True:
            try:
                return sock.send(data)
            except BlockingIOError:
                await self._wait(anyio.wait_writable, sock, timeout)

    async def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        found: list[socket.socket] = []

        async def wait(sock: socket.socket) -> None:
            await anyio.wait_writable(sock)
            found.append(sock)
            group.cancel_scope.cancel()

        with anyio.move_on_after(timeout):
            async with anyio.create_task_group() as group:
                for sock in sockets:
                    group.start_soon(wait, sock)
        return found

    async def _wait(
        self, ready: Callable[[socket.socket], Awaitable[None]], sock: socket.socket, timeout: float | None
    ) -> None:
        try:
            with anyio.fail_after(timeout) as self._waits[sock]:
                await ready(sock)
        finally:
            del self._waits[sock]

    async def wake(self, sock: socket.socket) -> None:
        """Have who waits for a socket go on, to find it closed."""
        if scope := self._waits.get(sock):
            scope.cancel()
            await anyio.lowlevel.cancel_shielded_checkpoint()


_Waiting: TypeAlias = _Blocking | _Awaiting


def _finish(step: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that blocks and never suspends."""
    try:
        step.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise RuntimeError("a blocking step was suspended")


# --------------------------------------------------------------------------------------------------------- connections


class _Connection:
    """A connected socket, among others that were opened and are not closed yet."""

    def __init__(self, sock: socket.socket, waiting: _Waiting, opened: set[_Connection]) -> None:
        self.sock, self.waiting, self.opened = sock, waiting, opened
        self.framer = Framer()
        opened.add(self)

    async def receive(self, timeout: float | None) -> bytes:
        return await self.waiting.receive(self.sock, _left(timeout))

    async def send(self, data: bytes, timeout: float | None) -> None:
        view = memoryview(data)
        while view:
            view = view[await self.waiting.send(self.sock, view, _left(timeout)) :]

    async def read(self, timeout: float | None) -> bytes:
        """Read what has come of the response under way."""
        while not (data := self.framer.take()):
            try:
                came = await self.receive(timeout)
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.ReadError(str(error)) from error
            if not came:
                break
            self.framer.feed(came)
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Write a piece of a request."""
        if not data:
            return
        self.framer.ask(data)
        with _raising(httpcore.WriteTimeout, httpcore.WriteError):
            await self.send(data, timeout)

    async def secure(self, context: ssl.SSLContext, hostname: str | None, timeout: float | None) -> _Connection:
        """Speak TLS from here on."""
        secured = _SecureConnection(self, context, hostname)
        try:
            with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
                await secured.shake_hands(timeout)
        except BaseException:
            secured.close()
            raise
        return secured

    def is_readable(self) -> bool:
        """Tell whether anything has come that nobody asked for, or the peer has gone."""
        if self.framer.holds_more or self.sock.fileno() < 0:
            return True
        if not hasattr(select, "poll"):
            return bool(select.select([self.sock], [], [], 0)[0])
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def info(self, name: str) -> Any:
        """Tell what httpcore asks about a connection; one that "is_readable" it does not use again."""
        if name == "is_readable":
            return self.is_readable()
        return self.sock if name == "socket" else None

    def close(self) -> None:
        self.opened.discard(self)
        self.sock.close()


class _SecureConnection(_Connection):
    """TLS over another connection, which may be TLS itself: to a server behind a proxy that is spoken to by https."""

    def __init__(self, below: _Connection, context: ssl.SSLContext, hostname: str | None) -> None:
        super().__init__(below.sock, below.waiting, below.opened)
        below.opened.discard(below)
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)

    async def shake_hands(self, timeout: float | None) -> None:
        if self._below.framer.holds_more:
            raise OSError("more came than was asked for before TLS")
        await self._run(self._tls.do_handshake, timeout)

    async def _run(self, step: Callable[[], T], timeout: float | None) -> T:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                # Of a handshake that fails this says why.
                if self._outgoing.pending:
                    await self._below.send(self._outgoing.read(), timeout)
            if data := await self._below.receive(timeout):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    async def receive(self, timeout: float | None) -> bytes:
        try:
            return await self._run(lambda: self._tls.read(CHUNK), timeout)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    async def send(self, data: bytes, timeout: float | None) -> None:
        view = memoryview(data)
        while rest := view:
            view = view[await self._run(lambda: self._tls.write(rest), timeout) :]

    def is_readable(self) -> bool:
        try:
            # What is of TLS itself is done on the way.
            self._tls.read(1)
        except ssl.SSLWantReadError:
            return self.framer.holds_more or self._below.is_readable()
        except ssl.SSLError:
            pass
        return True

    def info(self, name: str) -> Any:
        return self._tls if name == "ssl_object" else super().info(name)


async def _first_to_connect(addresses: list[Address], limit: float, waiting: _Waiting) -> socket.socket:
    """Connect to addresses, each tried a little after the one before it, and keep the first that answers."""
    error, next_at = OSError("the name of the host has no address"), 0.0
    sockets: list[socket.socket] = []
    try:
        while addresses or sockets:
            now = time.monotonic()
            if now >= limit:
                raise TimeoutError("no address answered in time")
            if addresses and (now >= next_at or not sockets):
                family, where = addresses.pop(0)
                sockets.append(socket.socket(family, socket.SOCK_STREAM))
                sockets[-1].setblocking(False)
                if (code := sockets[-1].connect_ex(where)) not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
                    error = OSError(code, os.strerror(code))
                    sockets.pop().close()
                    continue
                next_at = now + STAGGER
            for sock in await waiting.writable(sockets, (min(limit, next_at) if addresses else limit) - now):
                sockets.remove(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    return sock
                sock.close()
                error, next_at = OSError(code, os.strerror(code)), 0.0
        raise error
    finally:
        for sock in sockets:
            sock.close()


async def _addresses(host: str, port: int, timeout: float | None, waiting: _Waiting) -> list[Address]:
    """Look a name up, in a thread of its own: the system's resolver knows no timeout, and loops wait for theirs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError):
        socket.inet_pton(family, host)
        return [(family, (host, port))]
    found: list[Any] = []

    def look_up() -> None:
        with theirs:  # closed, it tells that the look-up is over
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                found.append(OSError(str(error)))

    ours, theirs = socket.socketpair()
    with ours:
        threading.Thread(target=look_up, name="posthog-environments-resolver", daemon=True).start()
        try:
            await waiting.receive(ours, timeout)
        except TimeoutError:
            raise TimeoutError("the name of the host was not resolved in time") from None
    if found and isinstance(found[0], OSError):
        raise found[0]
    addresses = list(dict.fromkeys((entry[0], (entry[4][0], port, *entry[4][2:])) for entry in found))
    # Those of both families in turn, as RFC 8305 has it.
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for each in chain.from_iterable(zip_longest(first, others)) if each is not None]


async def _connect(
    host: str, port: int, timeout: float | None, waiting: _Waiting, opened: set[_Connection]
) -> _Connection:
    with _raising(httpcore.ConnectTimeout, httpcore.ConnectError):
        left = _left(timeout)
        limit = time.monotonic() + (A_DAY if left is None else left)
        sock = await _first_to_connect(await _addresses(host, port, left, waiting), limit, waiting)
        connection = _Connection(sock, waiting, opened)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


# ------------------------------------------------------------------------------------------------- as httpcore has it


class Stream(httpcore.NetworkStream):
    """A connection, blocking."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come of the response under way; more than `max_bytes`, see `CHUNK`."""
        return _finish(self.connection.read(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a piece of a request."""
        _finish(self.connection.write(buffer, timeout))

    def close(self) -> None:
        """Close the socket."""
        self.connection.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        """Speak TLS from here on."""
        return Stream(_finish(self.connection.secure(ssl_context, server_hostname, timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks about a connection."""
        return self.connection.info(info)


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connection, awaiting."""

    def __init__(self, connection: _Connection, waiting: _Awaiting) -> None:
        self.connection = connection
        self._waiting = waiting

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come of the response under way; more than `max_bytes`, see `CHUNK`."""
        return await self.connection.read(timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a piece of a request."""
        await self.connection.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the socket."""
        await self._waiting.wake(self.connection.sock)
        self.connection.close()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncStream:
        """Speak TLS from here on."""
        return AsyncStream(await self.connection.secure(ssl_context, server_hostname, timeout), self._waiting)

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks about a connection."""
        return self.connection.info(info)


class Network(httpcore.NetworkBackend):
    """Opens sockets, blocking."""

    def __init__(self) -> None:
        self.opened: set[_Connection] = set()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> Stream:
        """Look the name up and connect to the first of its addresses that answers."""
        return Stream(_finish(_connect(host, port, timeout, _Blocking(), self.opened)))

    def close(self) -> None:
        """Close all that is open."""
        for connection in list(self.opened):
            connection.close()


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """Opens sockets, awaiting."""

    def __init__(self) -> None:
        self.opened: set[_Connection] = set()
        self._waiting = _Awaiting()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> AsyncStream:
        """Look the name up and connect to the first of its addresses that answers."""
        return AsyncStream(await _connect(host, port, timeout, self._waiting, self.opened), self._waiting)

    async def aclose(self) -> None:
        """Close all that is open."""
        for connection in list(self.opened):
            await self._waiting.wake(connection.sock)
            connection.close()

"""Socket operations, blocking and async: look up a name, connect, send, receive.

Each is written once, as a generator that `Blocking` or `Awaiting` runs.
"""

# ruff: noqa: ASYNC109 - each wait ends at the timeout of a step or at the deadline of the call

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from itertools import chain, zip_longest
from typing import Any, TypeAlias, TypeVar, cast

import anyio
import anyio.lowlevel

__all__ = ["CHUNK", "Awaiting", "Blocking", "Step", "connected"]

T = TypeVar("T")
# An address family and a socket address, as in the socket module.
Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]

# Bytes read at once. The parser asks for fewer but accepts more, which saves rounds. With twice as many, the C library
# gave memory back to the system after each page of 1,000 persons, and asked for it again: a tenth of the time.
CHUNK = 1 << 17
# Seconds before the next address is tried in parallel (RFC 8305).
STAGGER = 0.25
A_DAY = 86400.0


# A step is a generator: it yields the name and arguments of a method below, and receives its result or exception.
Step: TypeAlias = Generator[tuple[Any, ...], Any, T]


class Blocking:
    """Runs steps blocking. The methods raise OSError, and TimeoutError at the timeout."""

    def run(self, step: Step[T]) -> T:
        """Run a step to its end."""
        go_on, outcome = step.send, cast("Any", None)
        while True:
            try:
                name, *arguments = go_on(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            try:
                go_on, outcome = step.send, getattr(self, name)(*arguments)
            except BaseException as error:  # noqa: BLE001 - it is raised in the step
                go_on, outcome = step.throw, error

    def receive(self, sock: socket.socket, timeout: float | None) -> bytes:
        """Receive bytes; b"" at the end of the stream."""
        sock.settimeout(timeout)
        return sock.recv(CHUNK)

    def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        """Send part of the data; return how many bytes."""
        sock.settimeout(timeout)
        return sock.send(data)

    def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        """Wait until a socket is writable; return an empty list at the timeout."""
        with selectors.DefaultSelector() as selector:
            for sock in sockets:
                selector.register(sock, selectors.EVENT_WRITE)
            return [cast("socket.socket", key.fileobj) for key, _ in selector.select(timeout)]


class Awaiting:
    """Runs steps async, on asyncio or trio; see `Blocking`."""

    def __init__(self) -> None:
        self._waits: dict[socket.socket, anyio.CancelScope] = {}

    async def run(self, step: Step[T]) -> T:
        """Run a step to its end."""
        go_on, outcome = step.send, cast("Any", None)
        while True:
            try:
                name, *arguments = go_on(outcome)
            except StopIteration as stop:
                value: T = stop.value
                return value
            try:
                go_on, outcome = step.send, await getattr(self, name)(*arguments)
            except BaseException as error:  # noqa: BLE001 - it is raised in the step
                go_on, outcome = step.throw, error

    async def receive(self, sock: socket.socket, timeout: float | None) -> bytes:
        """Receive bytes; b"" at the end of the stream."""
        while True:
            # Wait even if data is there, so that other tasks get their turn.
            await self._wait(anyio.wait_readable, sock, timeout)
            with contextlib.suppress(BlockingIOError):
                return sock.recv(CHUNK)

    async def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        """Send part of the data; return how many bytes."""
        while True:
            try:
                return sock.send(data)
            except BlockingIOError:
                await self._wait(anyio.wait_writable, sock, timeout)

    async def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        """Wait until a socket is writable; return an empty list at the timeout."""
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
        """Wake the task that waits for a socket, which is about to be closed."""
        if context := self._waits.get(sock):
            context.cancel()
            await anyio.lowlevel.cancel_shielded_checkpoint()


def connected(host: str, port: int, timeout: float | None) -> Step[socket.socket]:
    """Look up a name and connect to the first of its addresses that answers.

    Raises:
        TimeoutError: No address answered in time.
        OSError: No address accepted, or the name has none.
    """
    limit = time.monotonic() + (A_DAY if timeout is None else timeout)
    sock = yield from _first_to_connect((yield from _addresses(host, port, timeout)), limit)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _first_to_connect(addresses: list[Address], limit: float) -> Step[socket.socket]:
    """Try addresses staggered, and return the first connection that is made."""
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
            ready: list[socket.socket] = yield "writable", sockets, (min(limit, next_at) if addresses else limit) - now
            for sock in ready:
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


def _addresses(host: str, port: int, timeout: float | None) -> Step[list[Address]]:
    """Look up a name in a daemon thread: the resolver has no timeout, and event loops wait for their own threads."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError):
        socket.inet_pton(family, host)
        return [(family, (host, port))]
    found: list[Any] = []

    def look_up() -> None:
        with theirs:  # closing it signals the end of the look-up
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                found.append(OSError(str(error)))

    ours, theirs = socket.socketpair()
    with ours:
        threading.Thread(target=look_up, name="posthog-environments-resolver", daemon=True).start()
        try:
            yield "receive", ours, timeout
        except TimeoutError:
            raise TimeoutError("the name of the host was not resolved in time") from None
    if found and isinstance(found[0], OSError):
        raise found[0]
    addresses = list(dict.fromkeys((entry[0], (entry[4][0], port, *entry[4][2:])) for entry in found))
    # Alternate between the families (RFC 8305).
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for each in chain.from_iterable(zip_longest(first, others)) if each is not None]

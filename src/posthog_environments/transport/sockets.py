"""Sockets that are waited for by blocking or by awaiting: names looked up, hosts connected to, bytes moved.

All is written once, as generators, which `Blocking` or `Awaiting` runs.
"""

# ruff: noqa: ASYNC109 - what is waited for here ends at the timeout of a step or at the deadline of the call

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
# A family, and where to connect to, as the socket module has it.
Address: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]

# Bytes that are read at once. The parser names less, but takes more, in fewer rounds.
CHUNK = 1 << 18
# Seconds that the connection to one address is waited for before the next one is tried beside it, as in RFC 8305.
STAGGER = 0.25
A_DAY = 86400.0


# Steps are generators: they ask for a method below by its name and arguments, and receive what it returns or raises.
Step: TypeAlias = Generator[tuple[Any, ...], Any, T]


class Blocking:
    """Runs steps by blocking. Its methods raise OSError, and TimeoutError at the timeout."""

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
        """Take what comes; b"" at the end."""
        sock.settimeout(timeout)
        return sock.recv(CHUNK)

    def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        """Send some of the data, and tell how much."""
        sock.settimeout(timeout)
        return sock.send(data)

    def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        """Wait for the first that can be written to; none at the timeout."""
        with selectors.DefaultSelector() as selector:
            for sock in sockets:
                selector.register(sock, selectors.EVENT_WRITE)
            return [cast("socket.socket", key.fileobj) for key, _ in selector.select(timeout)]


class Awaiting:
    """Runs steps by awaiting, on asyncio or trio; see `Blocking`."""

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
        """Take what comes; b"" at the end."""
        while True:
            # Also where something is there already, so that others have their turn.
            await self._wait(anyio.wait_readable, sock, timeout)
            with contextlib.suppress(BlockingIOError):
                return sock.recv(CHUNK)

    async def send(self, sock: socket.socket, data: memoryview, timeout: float | None) -> int:
        """Send some of the data, and tell how much."""
        while True:
            try:
                return sock.send(data)
            except BlockingIOError:
                await self._wait(anyio.wait_writable, sock, timeout)

    async def writable(self, sockets: Sequence[socket.socket], timeout: float) -> list[socket.socket]:
        """Wait for the first that can be written to; none at the timeout."""
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
        if context := self._waits.get(sock):
            context.cancel()
            await anyio.lowlevel.cancel_shielded_checkpoint()


def connected(host: str, port: int, timeout: float | None) -> Step[socket.socket]:
    """Look a name up, and connect to the first of its addresses that answers.

    Raises:
        TimeoutError: None did so in time.
        OSError: None did so, or there is none.
    """
    limit = time.monotonic() + (A_DAY if timeout is None else timeout)
    sock = yield from _first_to_connect((yield from _addresses(host, port, timeout)), limit)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _first_to_connect(addresses: list[Address], limit: float) -> Step[socket.socket]:
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
            yield "receive", ours, timeout
        except TimeoutError:
            raise TimeoutError("the name of the host was not resolved in time") from None
    if found and isinstance(found[0], OSError):
        raise found[0]
    addresses = list(dict.fromkeys((entry[0], (entry[4][0], port, *entry[4][2:])) for entry in found))
    # Those of both families in turn, as RFC 8305 has it.
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    return [each for each in chain.from_iterable(zip_longest(first, others)) if each is not None]

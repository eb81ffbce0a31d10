"""A raw socket server for hostile answers: each request is played to by a function that has the socket in its hands."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

__all__ = ["LOOPBACK", "Play", "RawServer", "Talk", "Written", "answer", "reset", "written"]

LOOPBACK: Final = "127.0.0.1"
# No play holds a connection for longer, whatever the client does.
MOST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Written:
    """A whole request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(slots=True)
class Talk:
    """One connection in the hands of a play.

    Attributes:
        number: How many requests this server has had in whole, this one included; from 1.
        request: The request to be answered.
    """

    connection: socket.socket
    over: threading.Event
    number: int = 0
    request: Written = field(default_factory=lambda: Written("", "", {}, b""))

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.connection.sendall(data)

    def drip(self, data: bytes, seconds: float) -> None:
        """Send bytes one at a time, until they are out or the client is gone."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            if self.over.wait(seconds):
                return

    def stall(self) -> None:
        """Say nothing until the client goes."""
        self.connection.settimeout(0.05)
        end = time.monotonic() + MOST_SECONDS
        while not self.over.is_set() and time.monotonic() < end:
            try:
                if not self.connection.recv(65536):
                    return
            except TimeoutError:
                continue

    def hold(self) -> None:
        """Read nothing, not even that the client goes."""
        self.over.wait(MOST_SECONDS)

    def hang_up(self) -> None:
        """Close in good order."""
        raise _HungUp

    def reset(self) -> None:
        """Close with a reset."""
        reset(self.connection)
        raise _HungUp


class _HungUp(Exception):  # noqa: N818 - how a play ends
    """The play has closed the connection."""


Play = Callable[[Talk], None]


def reset(connection: socket.socket) -> None:
    """Close a connection so that the peer is told off with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer(status: int = 200, body: bytes = b"{}", *headers: bytes, kind: str = "application/json") -> bytes:
    """Write a whole answer; the further headers go last."""
    lines = [b"HTTP/1.1 %d X" % status, b"Content-Type: " + kind.encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class RawServer:
    """Plays to each request on a loopback socket.

    Args:
        play: What each whole request is answered with.
        greet: What happens to each connection before anything is read of it.
        tls: Gives what it presents to a new connection, or None to one on which it speaks no TLS.
        backlog: How many connections may wait.
        unread: Tells of a new connection whether its requests go to `play` unread.
    """

    def __init__(
        self,
        play: Play,
        *,
        greet: Callable[[Talk], None] | None = None,
        tls: Callable[[], ssl.SSLContext | None] | None = None,
        backlog: int = 64,
        unread: Callable[[], bool] = lambda: False,
    ) -> None:
        self._play, self._greet, self._tls, self._unread = play, greet, tls, unread
        self._listener = socket.create_server((LOOPBACK, 0), backlog=backlog)
        self.port: int = self._listener.getsockname()[1]
        self.host = f"{'https' if tls else 'http'}://{LOOPBACK}:{self.port}"
        self._over = threading.Event()
        self._paused = threading.Event()
        self._fillers: list[socket.socket] = []
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, name="soak-raw", daemon=True)]
        self.requests: list[Written] = []
        self.troubles: list[BaseException] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            open_ones = list(self._connections)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for filler in self._fillers:
            filler.close()
        for thread in self._threads:
            thread.join(10)

    def refuse(self) -> None:
        """Listen no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def fill(self) -> None:
        """Accept no more, and fill the places in which connections wait."""
        self._paused.set()
        for number in range(64):
            filler = socket.socket()
            self._fillers.append(filler)
            filler.settimeout(0.2)
            try:
                filler.connect((LOOPBACK, self.port))
            except TimeoutError:
                return
            if number == 0:
                # Only now is it certain that none of the others is taken out again.
                self._threads[0].join(MOST_SECONDS)
        raise RuntimeError("the places in which connections wait cannot be filled")

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._paused.is_set():
                self._fillers.append(connection)
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name="soak-raw", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        live = connection
        try:
            talk = Talk(live, self._over)
            if self._greet:
                self._greet(talk)
            context = self._tls() if self._tls else None
            if context:
                connection.settimeout(MOST_SECONDS)
                live = context.wrap_socket(connection, server_side=True)
                talk.connection = live
            self._converse(talk)
        except (_HungUp, OSError, EOFError, ValueError):
            pass
        except BaseException as error:  # noqa: BLE001 - a play that is broken must not pass for a fault
            self.troubles.append(error)
        finally:
            with self._lock:
                self._connections.discard(connection)
            with contextlib.suppress(OSError):
                live.shutdown(socket.SHUT_RDWR)
            live.close()
            connection.close()

    def _converse(self, talk: Talk) -> None:
        if self._unread():
            self._play(talk)
            return
        data = b""
        while True:
            request, data = written(talk.connection, data)
            with self._lock:
                self.requests.append(request)
                talk.number, talk.request = len(self.requests), request
            self._play(talk)
            talk.connection.settimeout(None)


def written(connection: socket.socket, data: bytes = b"") -> tuple[Written, bytes]:
    """Read one whole request, of which some bytes may have come; give it and what came behind it."""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, data = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    parts, size = [data], len(data)
    while size < length:
        parts.append(_more(connection))
        size += len(parts[-1])
    data = b"".join(parts)
    return Written(method, target, headers, data[:length]), data[length:]


def _more(connection: socket.socket) -> bytes:
    chunk = connection.recv(262_144)
    if not chunk:
        raise EOFError
    return chunk

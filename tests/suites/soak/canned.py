"""A canned server on a raw socket, and a watch over every connection that this process opens."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self

from soak.server import answer as http

__all__ = ["Answer", "Canned", "Heard", "Watch", "http", "own_origin", "page"]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came over the wire."""

    method: str
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """What stands behind the question mark."""
        return self.target.partition(b"?")[2]


Answer = Callable[[Heard], bytes]


def page(*rows: dict[str, Any], following: str | None = None) -> bytes:
    """Write a page of a listing."""
    return json.dumps({"results": rows, "next": following, "previous": None, "total_count": 9}).encode()


class Canned:
    """Answers each request as `answer` says, on connections that stay, and keeps what it heard."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[Heard] = []
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.host = f"http://{LOOPBACK}:{self.port}"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name="soak-canned", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def take(self) -> list[Heard]:
        """Give what was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="soak-canned", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError, ValueError):
                for heard in _requests(connection):
                    self.heard.append(heard)
                    connection.sendall(self.answer(heard))
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def _requests(connection: socket.socket) -> Iterator[Heard]:
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(262_144)
            if not chunk or chunk[:1] == b"\x16":  # a TLS client would wait for an answer for ever
                return
            data += chunk
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, _ = first.split(b" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = int(headers.get(b"content-length", b"0"))
        while len(data) < length:
            chunk = connection.recv(262_144)
            if not chunk:
                return
            data += chunk
        yield Heard(method.decode(), target, headers, data[:length])
        data = data[length:]


def own_origin(port: int) -> tuple[str, int]:
    """Give where a canned server is, for a watch to allow."""
    return LOOPBACK, port


class Watch:
    """Looks at every connection that this process opens, whatever opens it.

    One to an allowed address goes its way. Any other is led into a trap on loopback, which takes what is sent and
    answers like a friendly server; names are given addresses without asking anybody. So nothing leaves the machine,
    and what a client would have told a stranger is known to the byte.

    Attributes:
        strangers: Where the others wanted to go: the name if one was looked up, else the address; and the port.
        sent: What was sent there.
    """

    def __init__(self, *allowed: tuple[str, int]) -> None:
        self._allowed = frozenset(allowed)
        self.strangers: list[tuple[str, int]] = []
        self.sent: list[bytes] = []
        self._names: dict[str, str] = {}
        self._trap = socket.create_server((LOOPBACK, 0), backlog=128)
        self._at: tuple[str, int] = self._trap.getsockname()
        self._connect: Any = socket.socket.connect
        self._connect_ex: Any = socket.socket.connect_ex
        self._sendto: Any = socket.socket.sendto
        self._look_up: Any = socket.getaddrinfo
        self._thread = threading.Thread(target=self._lure, name="soak-trap", daemon=True)

    @property
    def port(self) -> int:
        """The port of the trap, for what is to be a stranger that can be named."""
        return self._at[1]

    def __enter__(self) -> Self:
        self._thread.start()
        patched: Any = socket
        patched.socket.connect = lambda this, address: self._connect(this, self._led(this, address))
        patched.socket.connect_ex = lambda this, address: self._connect_ex(this, self._led(this, address))
        patched.socket.sendto = self._datagram
        patched.getaddrinfo = self._addresses
        return self

    def __exit__(self, *exc_info: object) -> None:
        patched: Any = socket
        patched.socket.connect, patched.socket.connect_ex = self._connect, self._connect_ex
        patched.socket.sendto, patched.getaddrinfo = self._sendto, self._look_up
        with contextlib.suppress(OSError):
            self._trap.shutdown(socket.SHUT_RDWR)
        self._trap.close()
        self._thread.join(10)

    def take(self) -> tuple[list[tuple[str, int]], bytes]:
        """Give the strangers since the last time, and what they were told."""
        strangers, self.strangers = self.strangers, []
        sent, self.sent = self.sent, []
        return strangers, b"".join(sent)

    def _led(self, this: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and (address[0], address[1]) in self._allowed:
            return address
        if not isinstance(address, tuple):
            self.strangers.append((repr(address), 0))
            raise ConnectionRefusedError("nothing but loopback is there")
        named: dict[str, str] = {fake: name for name, fake in self._names.items()}
        self.strangers.append((named.get(address[0], str(address[0])), int(address[1])))
        if this.family == socket.AF_INET:
            return self._at
        raise ConnectionRefusedError("the trap is at an address of version 4")

    def _datagram(self, data: Any, *arguments: Any) -> int:
        # Put in place as a bound method, which Python does not bind again: the socket is not handed over.
        self.strangers.append((repr(arguments[-1]), 0))
        self.sent.append(bytes(data))
        return len(data)

    def _addresses(self, host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode("latin-1") if isinstance(host, bytes) else host
        try:
            ip_address(name)
        except ValueError:
            fake = self._names.setdefault(name, f"127.77.{len(self._names) // 250}.{len(self._names) % 250 + 1}")
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (fake, int(port or 0)))]
        return self._look_up(host, port, *arguments, **named)

    def _lure(self) -> None:
        while True:
            try:
                connection, _ = self._trap.accept()
            except OSError:
                return
            threading.Thread(target=self._listen, args=(connection,), name="soak-trap", daemon=True).start()

    def _listen(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(5)
            # A TLS client hears no friendly word: it would wait for more.
            while chunk := connection.recv(65536):
                self.sent.append(chunk)
                if chunk[:1] == b"\x16":
                    return
                connection.sendall(http(200, page()))

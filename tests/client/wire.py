"""A raw socket server that answers what a test tells it, byte for byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Script = bytes | Callable[[socket.socket, bytes], None]


def http(status: int = 200, body: bytes = b"{}", *headers: str, kind: str = "application/json") -> bytes:
    """Write a whole answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_request(connection: socket.socket) -> bytes:
    """Read one whole request; empty where the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def drip(data: bytes, seconds: float = 0.02) -> Callable[[socket.socket, bytes], None]:
    """Answer one byte at a time."""

    def answer(connection: socket.socket, request: bytes) -> None:
        for index in range(len(data)):
            connection.sendall(data[index : index + 1])
            time.sleep(seconds)

    return answer


def silence(connection: socket.socket, request: bytes) -> None:
    """Answer nothing until the client goes."""
    with suppress(OSError):
        connection.recv(1)


def hang_up(connection: socket.socket, request: bytes) -> None:
    """Close without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


class Wire:
    """A server on a loopback socket; each request gets the next answer of the script, the last one for ever."""

    def __init__(self, *script: Script, port: int = 0) -> None:
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.host = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            while request := read_request(connection):
                with self._lock:
                    self.requests.append(request)
                    answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                else:
                    answer(connection, request)
                    if answer is hang_up:
                        return

    def lines(self) -> list[str]:
        """The request lines that came."""
        return [request.split(b"\r\n", 1)[0].decode() for request in self.requests]

"""Very many persons, behind a server that fails at random: `python -m soak.crowd PERSONS SHARE SEED`, a process.

It prints its port; when its standard input is closed, it prints how often it was asked, and ends. Rows are made as
they are asked for, and the number of a person stands in its uuid.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Crowd", "crowd", "number_of"]

SUITES = Path(__file__).parents[1]
NEWEST = datetime(2026, 1, 1, tzinfo=UTC)
ROW = (
    '{"type":"person","id":%d,"uuid":"00000000-0000-4000-8000-%012x","name":"Person %d","distinct_ids":["d%d"],'
    '"properties":{"plan":"pro","email":"p%d@example.com","visits":%d},"created_at":"%s"}'
)
FAULTS = ("reset", "reset in the body", "cut", "500", "502", "503", "429", "no gzip", "gzip cut")


def number_of(uuid: str) -> int:
    """Tell which person it is."""
    return int(uuid[-12:], 16)


def page(persons: int, offset: int, limit: int) -> bytes:
    """Write a page, newest first."""
    rows = [
        ROW % (n + 1, n, n, n, n, n % 50, (NEWEST - timedelta(seconds=n)).isoformat())
        for n in range(offset, min(offset + limit, persons))
    ]
    following = f'"http://x/?limit={limit}&offset={offset + limit}"' if offset + limit < persons else "null"
    return f'{{"next":{following},"previous":null,"results":[{",".join(rows)}]}}'.encode()


def http(status: int, body: bytes, *headers: str) -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Server:
    def __init__(self, persons: int, share: float, seed: int) -> None:
        self._persons = persons
        self._share = share
        self._random = Random(seed)
        self.asked = 0
        self.faults: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
                body = page(self._persons, int(query.get("offset", ["0"])[0]), int(query.get("limit", ["100"])[0]))
                if not await self._answer(writer, body):
                    break
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> bool:
        """Answer, or fail; tell whether the connection may stay."""
        fault = self._random.choice(FAULTS) if self._random.random() < self._share else ""
        self.faults[fault] += 1
        match fault:
            case "":
                data = http(200, body)
            case "reset":
                return _reset(writer)
            case "reset in the body":
                writer.write(http(200, body)[: self._random.randrange(1, len(body))])
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(writer.drain(), 1)
                return _reset(writer)
            case "cut":
                writer.write(http(200, body)[: self._random.randrange(1, len(body))])
                await writer.drain()
                return False
            case "429":
                headers = ["Retry-After: 0"] if self._random.random() < 0.5 else []
                data = http(429, b'{"type":"throttled_error","code":"throttled","detail":"Wait."}', *headers)
            case "no gzip":
                data = http(200, body, "Content-Encoding: gzip")
            case "gzip cut":
                whole = gzip.compress(body, 1)
                data = http(200, whole[: self._random.randrange(1, len(whole))], "Content-Encoding: gzip")
            case status:
                data = http(int(status), b"<h1>Sorry</h1>")
        writer.write(data)
        await writer.drain()
        return True


def _reset(writer: asyncio.StreamWriter) -> bool:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


class Crowd:
    """The process of such a server.

    Attributes:
        host: Its address.
        asked: How often it was asked, once it has ended.
        faults: How often it failed in which way.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.host = f"http://127.0.0.1:{int(process.stdout.readline())}"
        self.asked = 0
        self.faults: dict[str, int] = {}

    def end(self) -> None:
        """End it, and let it tell."""
        out, _ = self._process.communicate("", timeout=60)
        told: dict[str, Any] = json.loads(out)
        self.asked, self.faults = told["asked"], told["faults"]


@contextlib.contextmanager
def crowd(persons: int, share: float, seed: int) -> Iterator[Crowd]:
    """Run such a server; what it has seen is known behind the `with`."""
    command = [sys.executable, "-m", "soak.crowd", str(persons), str(share), str(seed)]
    with subprocess.Popen(command, cwd=SUITES, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        served = Crowd(process)
        try:
            yield served
        finally:
            served.end()


async def _main(persons: int, share: float, seed: int) -> None:
    server = _Server(persons, share, seed)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"asked": server.asked, "faults": server.faults}))


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))

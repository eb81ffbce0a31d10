"""A canned server: persons in pages over HTTP/1.1, written once and then only sent. It runs in a process of its own.

`python -m benchmarks.server` prints the port and serves until its standard input ends. The number of persons is in the
path, `/<persons>/api/environments/1/persons/`, so that one server serves every benchmark. Rows have the fields that
real servers send in lists; under `/next` before it, some more that no contract knows.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson

ROOT = Path(__file__).resolve().parent.parent
# Rows of a set this small are written once; a larger set is written as it is asked for, to bound the memory.
KEPT = 50_000
NEWEST = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
MARK = b"@@@@"

BROWSERS = ("Chrome", "Safari", "Firefox", "Mobile Safari", "Microsoft Edge")
SYSTEMS = ("Mac OS X", "Windows", "iOS", "Android", "Linux")
PLACES = (
    ("Lisbon", "Portugal", "PT", 38.7223, -9.1393),
    ("Łódź", "Poland", "PL", 51.7592, 19.4560),
    ("Austin", "United States", "US", 30.2672, -97.7431),
    ("São Paulo", "Brazil", "BR", -23.5558, -46.6396),
    ("Nagoya", "Japan", "JP", 35.1815, 136.9066),
    ("Bengaluru", "India", "IN", 12.9716, 77.5946),
    ("Ghent", "Belgium", "BE", 51.0543, 3.7174),
)
PLANS = ("free", "pro", "scale", "enterprise")
VARIANTS = len(PLACES) * len(BROWSERS) * len(PLANS) * 3


def properties(number: int) -> dict[str, object]:
    """Make twenty properties as a web site's persons have them."""
    city, country, code, latitude, longitude = PLACES[number % len(PLACES)]
    return {
        "email": MARK.decode(),
        "plan": PLANS[number % len(PLANS)],
        "seats": 1 + number % 240,
        "is_admin": number % 3 == 0,
        "lifetime_value": round(17.31 * (number % 97), 2),
        "company": f"Company {number % 83} Ltd",
        "signed_up_at": f"2025-{1 + number % 12:02}-{1 + number % 28:02}T10:{number % 60:02}:00Z",
        "$os": SYSTEMS[number % len(SYSTEMS)],
        "$browser": BROWSERS[number % len(BROWSERS)],
        "$browser_version": 100 + number % 40,
        "$device_type": "Mobile" if number % 4 == 0 else "Desktop",
        "$initial_referrer": "$direct" if number % 2 else "https://www.google.com/",
        "$initial_referring_domain": "$direct" if number % 2 else "www.google.com",
        "$initial_current_url": f"https://app.example.com/welcome?step={number % 9}",
        "$geoip_city_name": city,
        "$geoip_country_name": country,
        "$geoip_country_code": code,
        "$geoip_latitude": latitude,
        "$geoip_longitude": longitude,
        "$initial_utm_source": None if number % 5 else "newsletter",
    }


@lru_cache(maxsize=1)
def _properties() -> list[list[bytes]]:
    """The properties of each variant, cut where the email goes."""
    return [orjson.dumps(properties(number)).split(MARK) for number in range(VARIANTS)]


IN_LISTS = b',"type":"person","is_identified":true,"matched_recordings":[],"value_at_data_point":null'
NEXT = b',"team":7,"first_touch":{"channel":"ads","at":"2026-01-01T00:00:00Z"},"merged_from":[]'


def row(number: int, more: bytes) -> bytes:
    """Write the person at an offset. Persons come newest first, one a minute."""
    uuid = b"%08x-17c4-4ad5-9e0b-%012x" % (number * 2654435761 % 2**32, number)
    created = (NEWEST - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    email = b"person-%d@example.com" % number
    before, after = _properties()[number % VARIANTS]
    return (
        b'{"id":"%b","name":"%b","distinct_ids":["user-%d","0190d2a4-7c1b-7d3e-a1f2-%012x"],'
        b'"properties":%b%b%b,"created_at":"%b","uuid":"%b"%b}'
    ) % (uuid, email, number, number, before, email, after, created, uuid, more)


def page(origin: str, path: str, persons: int, limit: int, offset: int, more: bytes = IN_LISTS) -> bytes:
    """Write a whole answer: head and page."""
    end = min(persons, offset + limit)
    following = f'"{origin}{path}?limit={limit}&offset={end}"' if end < persons else "null"
    body = b'{"next":%b,"previous":null,"results":[%b]}' % (
        following.encode(),
        b",".join(row(number, more) for number in range(offset, end)),
    )
    head = (
        "HTTP/1.1 200 OK\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nVary: Accept, Accept-Encoding\r\nAllow: GET, HEAD, OPTIONS\r\n"
        "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\n"
        "Server: canned\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


def person(number: int) -> bytes:
    """Write a whole answer with one person."""
    body = row(number, b"")
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class Server:
    """Answers each request with bytes that it has kept, or writes now."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._kept: dict[str, bytes] = {}

    def answer(self, target: str) -> bytes:
        """Return the answer to a request for `target`."""
        kept = self._kept.get(target)
        if kept is not None:
            return kept
        parts = urlsplit(target)
        match = re.fullmatch(r"(/next)?/(\d+)/api/environments/1/persons/(\d+/)?", parts.path)
        if match is None:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        persons = int(match[2])
        query = parse_qs(parts.query)
        if match[3]:
            written = person(int(match[3][:-1]))
        else:
            limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
            more = IN_LISTS + NEXT if match[1] else IN_LISTS
            written = page(f"http://127.0.0.1:{self.port}", parts.path, persons, limit, offset, more)
        if persons <= KEPT:
            self._kept[target] = written
        return written

    def serve(self) -> None:
        """Accept connections for ever, each with a thread of its own."""
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):
            while True:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                connection.sendall(self.answer(head.split(b" ", 2)[1].decode()))


@contextmanager
def running() -> Iterator[str]:
    """Run a server in another process; gives its origin."""
    command = [sys.executable, "-m", "benchmarks.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait()


if __name__ == "__main__":
    server = Server()
    threading.Thread(target=server.serve, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()

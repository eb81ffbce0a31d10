"""Suite "sizes": answers that are too large, too deep or endless cost little: no memory beyond the limit, no second.

Each is made in a process of its own, for the peak of its memory never falls: a good call comes first, to have
everything loaded, and then the hostile one. What the second costs more than the first is the figure.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from soak.frame import Campaign, Effort, Figure
from soak.server import RawServer, Talk, answer

__all__ = ["CAMPAIGNS", "HOSTILE", "Cost", "Hostile", "measure"]

MIB: Final = 1 << 20
LIMIT: Final = 64 * MIB
"""The default of `max_body`."""
SMALL_LIMIT: Final = 8 * MIB
ROOM: Final = 10 * MIB
CPU_SECONDS: Final = 1.0
TIMEOUT: Final = 60.0
LEAST = 8
"""So many hostile answers are measured besides the bomb, with the least effort."""
DEFECT = ""
"""What else the measured process does first; the tests break the client with it."""

UUID: Final = b"095be615-a8ad-4c33-8e9c-c7612fbf6c90"
GOOD: Final = answer(200, b'{"uuid": "%s", "id": 1, "properties": {"plan": "pro"}}' % UUID)
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

Client: TypeAlias = Literal["sync", "async"]
CLIENTS: Final[tuple[Client, ...]] = ("sync", "async")
ERRORS: Final = frozenset({"MalformedResponseError", "TransportError"})


@dataclass(frozen=True, slots=True)
class Hostile:
    """One hostile answer.

    Attributes:
        name: What is too large.
        parts: What is sent, part by part, to a client with that limit; the last part for ever, while it listens.
        ends: Whether the last part is sent once, and the connection closed.
        takes_value: Whether a value is right, too: the contract leaves the field free.
        status_error: Whether the status says that it is an error, so that the error must be of the status.
    """

    name: str
    parts: Callable[[int], Sequence[bytes]]
    ends: bool = False
    takes_value: bool = False
    status_error: bool = False

    @property
    def right(self) -> frozenset[str]:
        """How a call may end that gets it."""
        if self.status_error:
            return frozenset({"BadRequestError"})
        return ERRORS | {"value"} if self.takes_value else ERRORS


@cache
def _bomb(size: int) -> bytes:
    """Compress so many zeros: one piece, over and over, with the checksum of them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(MIB)
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(size // MIB):
        checksum = zlib.crc32(piece, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return head + first * (size // MIB) + packer.flush() + struct.pack("<II", checksum, size % (1 << 32))


def _gzipped(body: bytes) -> Sequence[bytes]:
    return (answer(200, body, b"Content-Encoding: gzip"),)


def _record(field: bytes) -> Sequence[bytes]:
    return (answer(200, b'{"uuid": "%s", %s}' % (UUID, field)),)


DEEP: Final = 100_000
DIGITS: Final = 1_000_000


def _hostile() -> Iterator[Hostile]:
    deep = b"[" * DEEP + b"]" * DEEP
    digits = b"9" * DIGITS
    yield Hostile("gzip of 1 GiB", lambda _: _gzipped(_bomb(1 << 30)), ends=True)
    yield Hostile("gzip of gzip of 1 GiB", lambda _: _gzipped(gzip.compress(_bomb(1 << 30))), ends=True)
    members = gzip.compress(b"") * 3000
    yield Hostile("gzip of members without end", lambda _: (HEAD + b"Content-Encoding: gzip\r\n\r\n", members))
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    yield Hostile("body without end, by chunks", lambda _: (CHUNKED, chunk))
    yield Hostile("body without end, by chunks of a byte", lambda _: (CHUNKED, b"1\r\n \r\n" * 10_000))
    yield Hostile("body without end, no length", lambda _: (HEAD + b"\r\n", b" " * 65536))
    large = HEAD + b"Content-Length: 1%s\r\n\r\n" % (b"0" * 18)
    yield Hostile("body without end, Content-Length 10^18", lambda _: (large, b" " * 65536))
    yield Hostile("body without end, status 500", lambda _: (CHUNKED.replace(b"200", b"500"), chunk))
    yield Hostile("body just within the limit, no JSON", lambda limit: (answer(200, b"[" * (limit - 1)),), ends=True)
    page = b"<html>\x1b"
    yield Hostile(
        "error in HTML, just within the limit",
        lambda limit: (answer(400, page * (limit // len(page)), kind="text/html"),), ends=True, status_error=True,
    )  # fmt: skip
    text = b'{"detail": "%s"}'
    yield Hostile(
        "error in JSON, just within the limit",
        lambda limit: (answer(400, text % (b"x" * (limit - 100))),), ends=True, status_error=True,
    )  # fmt: skip
    yield Hostile("10^6 headers", lambda _: (HEAD, _headers()), ends=True)
    yield Hostile("headers without end", lambda _: (HEAD, b"X: y\r\n" * 10_000))
    yield Hostile("a header line without end", lambda _: (HEAD + b"X: ", b"y" * 65536))
    yield Hostile("a status line without end", lambda _: (b"HTTP/1.1 200 ", b"y" * 65536))
    yield Hostile("100 Continue without end", lambda _: (b"HTTP/1.1 100 Continue\r\n\r\n" * 3000,))
    yield Hostile("the shortest interim answers without end", lambda _: (b"HTTP/1.1 100 \r\n\r\n" * 4000,))
    yield Hostile("trailers without end", lambda _: (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * 10_000))
    yield Hostile("a chunk extension without end", lambda _: (CHUNKED + b"2;", b"a" * 65536))
    yield Hostile("a chunk size without end", lambda _: (CHUNKED, b"0" * 65536))
    extended = b"1;" + b"a" * 60_000 + b"\r\n \r\n"
    yield Hostile("chunk extensions of 60 kB without end", lambda _: (CHUNKED, extended))
    yield Hostile("JSON nested 10^5 deep", lambda _: (answer(200, deep),), ends=True)
    objects = b'{"a":' * DEEP + b"1" + b"}" * DEEP
    yield Hostile("JSON nested 10^5 deep, in objects", lambda _: (answer(200, objects),), ends=True)
    yield Hostile(
        "JSON nested 10^5 deep, in a free property", lambda _: _record(b'"properties": {"a": %s}' % deep), ends=True
    )
    yield Hostile("an integer of 10^6 digits, typed field", lambda _: _record(b'"id": ' + digits), ends=True)
    yield Hostile(
        "an integer of 10^6 digits, free property", lambda _: _record(b'"properties": {"a": %s}' % digits), ends=True
    )
    yield Hostile(
        "a fraction of 10^6 digits", lambda _: _record(b'"properties": {"a": 0.%s}' % digits), ends=True,
        takes_value=True,
    )  # fmt: skip
    yield Hostile(
        "a date of 10^6 digits", lambda _: _record(b'"created_at": "%s"' % digits), ends=True, takes_value=True
    )


@cache
def _headers() -> bytes:
    return b"".join(b"X-%06d: y\r\n" % number for number in range(1_000_000)) + b"\r\n"


HOSTILE: Final = tuple(_hostile())


@dataclass(frozen=True, slots=True)
class Cost:
    """What a hostile answer has cost.

    Attributes:
        end: "value" or the name of the error.
        cpu: Seconds of CPU, beyond what the good call took.
        memory: Bytes by which the peak of memory rose.
        seconds: Wall clock.
    """

    end: str
    cpu: float
    memory: int
    seconds: float


_CHILD: Final = """
import json, resource, sys, time
host, client, limit, timeout, warm = sys.argv[1:]
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss, which a process inherits from the one that started it.
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return usage.ru_utime + usage.ru_stime, peak * 1024
options = {"api_key": "phx_soakKeyThatNobodyMaySee", "host": host, "max_body": int(limit), "timeout": float(timeout)}
def told(error):
    return type(error).__name__
"""

_SYNC: Final = """
from posthog_environments import Environment
with Environment(1, **options) as env:
    env._context.client.random = lambda: 0.0
    def ask():
        try:
            env.persons.get(1)
        except Exception as error:
            return told(error)
        return "value"
    marks = []
    for _ in range(3):
        start = spent()
        good = ask()
    warm = spent()[0] - start[0]
    before, began = spent(), time.monotonic()
    end = ask()
    after = spent()
print(json.dumps([good, end, after[0] - before[0] - warm, after[1] - before[1], time.monotonic() - began]))
"""

_ASYNC: Final = """
import asyncio
from posthog_environments import AsyncEnvironment
async def main():
    async with AsyncEnvironment(1, **options) as env:
        env._context.client.random = lambda: 0.0
        async def ask():
            try:
                await env.persons.get(1)
            except Exception as error:
                return told(error)
            return "value"
        for _ in range(3):
            start = spent()
            good = await ask()
        warm = spent()[0] - start[0]
        before, began = spent(), time.monotonic()
        end = await ask()
        after = spent()
    print(json.dumps([good, end, after[0] - before[0] - warm, after[1] - before[1], time.monotonic() - began]))
asyncio.run(main())
"""


def measure(hostile: Hostile, client: Client, limit: int = LIMIT) -> Cost:
    """Have a process of its own make a good call, and then one with this answer."""
    parts = hostile.parts(limit)

    def play(talk: Talk) -> None:
        if talk.number <= 3:
            return talk.send(GOOD)
        for part in parts:
            talk.send(part)
        while not hostile.ends and not talk.over.is_set():
            talk.send(parts[-1])
        return talk.hang_up()

    root = Path(__file__).parents[3]
    paths = [str(root / "src"), str(root / "generated"), os.environ.get("PYTHONPATH", "")]
    with RawServer(play) as server:
        done = subprocess.run(
            [
                sys.executable, "-c", _CHILD + DEFECT + (_SYNC if client == "sync" else _ASYNC),
                server.host, client, str(limit), str(TIMEOUT), "",
            ],
            capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{hostile.name}, {client}: {done.stderr[-2000:]}")
    good, end, cpu, memory, seconds = json.loads(done.stdout)
    if good != "value":
        raise RuntimeError(f"{hostile.name}, {client}: the good call ended in {good}")
    return Cost(end, cpu, memory, seconds)


def hostile_sizes(effort: Effort) -> Iterator[Figure]:
    """Measure all hostile answers; with less effort some of them, with a smaller limit, and no time."""
    whole = effort.share >= 1
    limit, room = (LIMIT, ROOM) if whole else (SMALL_LIMIT, 2 * ROOM)
    cases = [(hostile, client) for hostile in HOSTILE for client in CLIENTS]
    if not whole:
        # The bomb is always among them.
        few = min(len(cases[2:]), effort.count(len(cases), LEAST))
        cases = [*cases[:1], *effort.random("sizes").sample(cases[2:], few)]
    # One after the other: what is measured is CPU, and a machine that is busy takes more of it for the same.
    with ThreadPoolExecutor(1 if whole else 2, "soak-sizes") as workers:
        costs = list(zip(cases, workers.map(lambda case: measure(case[0], case[1], limit), cases), strict=True))
    yield Figure("hostile answers, for a client each", "> 0", str(len(costs)), bool(costs))
    wrong = [f"{h.name}, {client}: {cost.end}" for (h, client), cost in costs if cost.end not in h.right]
    yield Figure("endings other than the typed error", "0", str(len(wrong)), not wrong, "\n".join(wrong))
    most = max((cost.memory for _, cost in costs), default=0)
    over = [
        f"{h.name}, {client}: {cost.memory / MIB:.1f} MiB" for (h, client), cost in costs if cost.memory > limit + room
    ]
    target = f"<= {limit // MIB} (the limit of the body) + {room // MIB}"
    yield Figure("memory, MiB, worst", target, f"{most / MIB:.1f}", not over, "\n".join(over))
    if whole:
        slow = [f"{h.name}, {client}: {cost.cpu:.2f} s" for (h, client), cost in costs if cost.cpu >= CPU_SECONDS]
        worst = max((cost.cpu for _, cost in costs), default=0.0)
        yield Figure("seconds of CPU, worst", f"< {CPU_SECONDS:g}", f"{worst:.2f}", not slow, "\n".join(slow))


CAMPAIGNS: Final = (Campaign("hostile sizes", hostile_sizes),)

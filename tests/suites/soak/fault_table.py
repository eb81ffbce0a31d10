"""The table of faults: what a server may do wrong, and how each kind of call must end then; see `faults`."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, Literal, TypeAlias

from posthog_environments.calls.retry import AMBIGUOUS_STATUSES, REFUSED_STATUSES
from posthog_environments.errors import status_error_class
from posthog_environments.operations.trends import COSTLY
from soak.server import Talk, answer

__all__ = [
    "CHANGES",
    "FAULTS",
    "FIRST",
    "GOOD",
    "KINDS",
    "REQUESTS",
    "UUIDS",
    "Fault",
    "Good",
    "Kind",
    "is_right",
    "well",
]

# The last four are `env.request`: GET, POST, POST that may be repeated, and DELETE.
Kind: TypeAlias = Literal[
    "get", "patch", "post", "trend", "delete", "walk", "request", "request post", "request again", "request delete"
]
REQUESTS: Final[tuple[Kind, ...]] = ("request", "request post", "request again", "request delete")
KINDS: Final[tuple[Kind, ...]] = ("get", "patch", "post", "trend", "delete", "walk", *REQUESTS)
CHANGES: Final[tuple[Kind, ...]] = ("patch", "post", "request post")

UUIDS: Final = tuple(f"095be615-a8ad-4c33-8e9c-c7612fbf6c9{digit}" for digit in "0123")
PERSON: Final = {"uuid": UUIDS[0], "id": 1, "properties": {"plan": "pro"}}
ROWS: Final = [{"uuid": each, "id": at} for at, each in enumerate(UUIDS[:3])]


# ------------------------------------------------------------------------------------------------ what is right


def _page(rows: object, following: object = None) -> bytes:
    return json.dumps({"results": rows, "next": following, "previous": None}).encode()


FIRST: Final = _page(ROWS[:2], "https://posthog.example/?limit=2&offset=2")


@dataclass(frozen=True, slots=True)
class Good:
    """What a healthy server answers to a kind of call."""

    kind: Kind
    status: int
    body: bytes

    def whole(
        self, body: bytes | None = None, *headers: bytes, status: int = 0, kind: str = "application/json"
    ) -> bytes:
        """Write the whole answer, or one that differs as the arguments say."""
        return answer(status or self.status, self.body if body is None else body, *headers, kind=kind)

    def head(self, *headers: bytes) -> bytes:
        """Write a head with these headers only."""
        lines = [b"HTTP/1.1 %d X" % self.status, b"Content-Type: application/json", *headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def chunked(self, size: int = 10) -> bytes:
        """Write the body in chunks, without the last, empty one."""
        parts = (self.body[at : at + size] for at in range(0, len(self.body), size))
        return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


GOOD: Final[Mapping[Kind, Good]] = {
    good.kind: good
    for good in (
        Good("get", 200, json.dumps(PERSON).encode()),
        Good("patch", 200, json.dumps(PERSON).encode()),
        Good("post", 201, b'{"success": true }'),
        Good("trend", 200, json.dumps({"result": [{"label": "a", "data": [1], "days": ["2026-01-01"]}]}).encode()),
        Good("delete", 202, b'{"detail": "accepted"}'),
        Good("walk", 200, _page(ROWS[1:])),
        Good("request", 200, json.dumps(PERSON).encode()),
        Good("request post", 201, b'{"success": true }'),
        Good("request again", 200, b'{"results": [1]}'),
        Good("request delete", 202, b'{"detail": "accepted"}'),
    )
}


def is_right(kind: Kind, value: Any) -> bool:
    """Tell whether a value is what the healthy answer says."""
    match kind:
        case "get":
            return bool(value.uuid == UUIDS[0])
        case "patch":
            return value is None or bool(value.uuid == UUIDS[0])
        case "trend":
            return len(value.result) == 1
        case "walk":
            return bool(value == list(UUIDS[:3]))
        case "request" | "request post" | "request again" | "request delete":
            # What a newer server adds is there, too; and what it says of its success.
            good = json.loads(GOOD[kind].body)
            return bool(value is None or "success" in value or value.items() >= good.items())
        case _:
            return value is None


# ------------------------------------------------------------------------------------------------ how it may end

Ends: TypeAlias = Mapping[Kind, frozenset[str]]


def _ends(
    read: str, change: str | None = None, delete: str | None = None, request: str | None = None, **others: str
) -> Ends:
    """Say how each kind of call must end; several words mean that any of them will do.

    `request` is for where an answer of any shape will do, so that all kinds of `env.request` end otherwise.
    """
    change = change or read
    words: dict[str, str] = {"get": read, "trend": read, "walk": read, "patch": change, "post": change}
    words["delete"] = delete or change
    alike = {"request": "get", "request post": "post", "request again": "get", "request delete": "delete"}
    words |= others
    words |= {kind: request or words[other] for kind, other in alike.items()}
    return {kind: frozenset(words[kind].split()) for kind in KINDS}


FINE: Final = _ends("value")
NOT_SENT: Final = _ends("TransportError")
NOT_SENT_IN_TIME: Final = _ends("DeadlineExceeded")
BROKEN: Final = _ends("TransportError", "OutcomeUnknown")
STALLED: Final = _ends("DeadlineExceeded", "OutcomeUnknown")
# Nothing is an answer where nothing is returned, and where anything may be.
EMPTY: Final = _ends("MalformedResponseError", "value", request="value")
UNREADABLE: Final = _ends("MalformedResponseError", "OutcomeUnknown")
# A 2xx with JSON is the API's, and says that it was done; what comes with it is looked at only where the call returns
# it, or where it may say that it was not done. A 2xx that is neither empty nor JSON may be a log-in's: UNREADABLE.
UNEXPECTED: Final = _ends(
    "MalformedResponseError", post="value MalformedResponseError", delete="value", request="value"
)
REDIRECTED: Final = _ends("RedirectError")


def _of_status(status: int) -> Ends:
    if status in (204, 304 - 100):
        return EMPTY
    if 200 <= status < 300:
        return FINE
    name = status_error_class(status).__name__
    return _ends(name, "OutcomeUnknown") if status in AMBIGUOUS_STATUSES else _ends(name)


Play: TypeAlias = Callable[[Talk, Good], None]


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One fault.

    Attributes:
        name: What is wrong, unique.
        group: Where it belongs.
        play: What answers a request.
        ends: How each kind of call must end while it lasts.
        passing: Whether reads and DELETE ride it through when it happens once.
        slow: Whether it ends by running out of time.
        kinds: The kinds of call that it makes sense for.
        place: What there is instead of a healthy server.
        warm: What answers a read that goes first on the same connection; the call itself is answered well.
        again: Whether the server says that nothing was done, so that even a change goes out again.
        lax: Whether a value need not be that of the healthy answer.
        big: Whether the body of the call is large.
    """

    name: str
    group: str
    play: Play
    ends: Ends
    passing: bool = False
    slow: bool = False
    kinds: tuple[Kind, ...] = KINDS
    place: str = "plain"
    warm: Play | None = None
    again: bool = False
    lax: bool = False
    big: bool = False


def well(talk: Talk, good: Good) -> None:
    """Answer as a healthy server does."""
    talk.send(good.whole())


def _send(data: Callable[[Good], bytes]) -> Play:
    """Answer with these bytes, and close: what is missing does not come."""

    def play(talk: Talk, good: Good) -> None:
        talk.send(data(good))
        talk.hang_up()

    return play


def _keep(data: Callable[[Good], bytes]) -> Play:
    """Answer with these bytes, and keep the connection."""
    return lambda talk, good: talk.send(data(good))


def _stall(data: Callable[[Good], bytes]) -> Play:
    """Answer with these bytes, then say nothing."""

    def play(talk: Talk, good: Good) -> None:
        talk.send(data(good))
        talk.stall()

    return play


def _drip(before: Callable[[Good], bytes], then: Callable[[Good], bytes]) -> Play:
    """Answer with some bytes at once, and with the others one at a time, for much longer than the timeout."""

    def play(talk: Talk, good: Good) -> None:
        talk.send(before(good))
        talk.drip((then(good) + b" " * 400)[:400], 0.05)

    return play


def _gone(talk: Talk, _good: Good) -> None:
    talk.hang_up()


def _told_off(talk: Talk, _good: Good) -> None:
    talk.reset()


def _behind(extra: bytes) -> Play:
    """Send so many bytes behind the answer."""
    return _keep(lambda good: good.whole() + extra)


def _says(status: int, body: bytes | None = None, *headers: bytes, kind: str = "application/json") -> Play:
    """Answer with this status (0 for the healthy one), body and headers."""
    return _keep(lambda good: good.whole(body, *headers, status=status, kind=kind))


def _changed(change: Callable[[bytes], bytes]) -> Play:
    """Answer with the healthy body, changed."""
    return _keep(lambda good: good.whole(change(good.body)))


def _encoded(how: bytes, encode: Callable[[bytes], bytes]) -> Play:
    """Answer with the healthy body, encoded."""
    return _keep(lambda good: good.whole(encode(good.body), b"Content-Encoding: " + how))


def _shaped(record: dict[str, Any]) -> Play:
    """Answer with this record, in a page where a page is asked for."""
    whole = json.dumps(record).encode()
    return _keep(lambda good: good.whole(_page([ROWS[1], record]) if good.kind == "walk" else whole))


# ------------------------------------------------------------------------------------------------ the faults

CHUNKED: Final = b"Transfer-Encoding: chunked"
CHUNKED_END: Final = b"0\r\n\r\n"


def _connection_faults() -> Iterator[Fault]:
    group = "connection"
    yield Fault("connection refused", group, well, NOT_SENT, place="refused")
    yield Fault("nobody accepts, backlog full", group, well, NOT_SENT_IN_TIME, slow=True, place="full")
    yield Fault("name does not resolve", group, well, NOT_SENT, place="unknown name")
    yield Fault("name has no address", group, well, NOT_SENT, place="empty name")
    yield Fault("look-up of the name hangs", group, well, NOT_SENT_IN_TIME, slow=True, place="hanging name")
    # Whether that comes to light before the request goes out is a matter of luck.
    early = _ends("TransportError", "OutcomeUnknown TransportError")
    yield Fault("closed at accept", group, well, early, place="closed at accept")
    yield Fault("reset at accept", group, well, early, place="reset at accept")
    yield Fault("reset in the middle of the request", group, well, BROKEN, place="reset in request")
    yield Fault("closed after the request", group, _gone, BROKEN, passing=True)
    yield Fault("reset after the request", group, _told_off, BROKEN, passing=True)
    rides = _ends("value", "value OutcomeUnknown", "value")

    def closes(talk: Talk, good: Good) -> None:
        talk.send(good.whole())
        talk.hang_up()

    def resets(talk: Talk, good: Good) -> None:
        talk.send(good.whole())
        time.sleep(0.05)
        talk.reset()

    yield Fault("keep-alive closed while idle", group, well, rides, warm=closes)
    yield Fault("keep-alive reset while idle", group, well, rides, warm=resets)
    stale = answer(200, json.dumps(PERSON | {"uuid": UUIDS[3]}).encode())
    for name, extra in (
        ("another answer", stale),
        ("garbage", b"\x00garbage\r\n\r\n"),
        ("an interim answer", b"HTTP/1.1 1"),
    ):
        yield Fault(
            f"{name} behind the last answer",
            group,
            well,
            rides,
            warm=_behind(extra),
        )
        yield Fault(f"{name} behind the answer", group, _behind(extra), FINE)
    yield Fault("says close, and does not", group, _keep(lambda good: good.whole(None, b"Connection: close")), FINE)


def _tls_faults() -> Iterator[Fault]:
    group = "TLS"
    for name in ("expired", "of an authority that nobody knows", "of another host"):
        yield Fault(f"certificate {name}", group, well, NOT_SENT, place=f"certificate {name}")
    yield Fault("plain server on the TLS port", group, well, NOT_SENT, place="no TLS: plain")
    yield Fault("garbage in the handshake", group, well, NOT_SENT, place="no TLS: garbage")
    yield Fault("handshake cut", group, well, NOT_SENT, place="no TLS: cut")
    yield Fault("handshake reset", group, well, NOT_SENT, place="no TLS: reset")
    yield Fault("handshake refused by an alert", group, well, NOT_SENT, place="no TLS: alert")
    yield Fault("stall in the handshake", group, well, NOT_SENT_IN_TIME, slow=True, place="no TLS: stall")
    yield Fault("drip in the handshake", group, well, NOT_SENT_IN_TIME, slow=True, place="no TLS: drip")
    yield Fault("TLS on the plain port", group, well, BROKEN, place="TLS unasked")
    tls: Any = {"group": group, "place": "TLS"}
    yield Fault(
        "TLS cut in the body, no close_notify", play=_send(lambda g: g.whole()[:-5]), ends=BROKEN, passing=True, **tls
    )
    yield Fault("TLS closed behind the body, no close_notify", play=_send(lambda g: g.whole()), ends=FINE, **tls)
    yield Fault(
        "TLS ends the body by closing, no close_notify",
        play=_send(lambda g: g.head() + g.body),
        ends=_ends("value TransportError", "value OutcomeUnknown"),
        **tls,
    )
    record = b"\x17\x03\x03\x00\x40"
    yield Fault("TLS record broken", play=_raw(record + bytes(64)), ends=BROKEN, passing=True, **tls)
    yield Fault(
        "TLS fatal alert for an answer", play=_raw(b"\x15\x03\x03\x00\x02\x02\x28"), ends=BROKEN, passing=True, **tls
    )
    yield Fault(
        "TLS plain text behind the handshake", play=_raw(b"HTTP/1.1 200 OK\r\n\r\n"), ends=BROKEN, passing=True, **tls
    )
    yield Fault("TLS stall in a record", play=_raw(record + bytes(9), stall=True), ends=STALLED, slow=True, **tls)
    yield Fault(
        "TLS stall between head and body", play=_stall(lambda g: g.whole()[:-5]), ends=STALLED, slow=True, **tls
    )
    yield Fault("TLS drip of a record", play=_raw(b"\x17\x03\x03\x40\x00", drip=True), ends=STALLED, slow=True, **tls)
    yield Fault(
        "TLS drip of records",
        play=_drip(lambda g: g.head(b"Content-Length: 5000"), lambda g: g.body),
        ends=STALLED,
        slow=True,
        **tls,
    )
    yield Fault(
        "TLS another answer behind the last one",
        play=well,
        ends=_ends("value", "value OutcomeUnknown", "value"),
        warm=_records(lambda g: (g.whole(), answer(200, json.dumps(PERSON | {"uuid": UUIDS[3]}).encode()))),
        **tls,
    )


def _raw(data: bytes, *, stall: bool = False, drip: bool = False) -> Play:
    """Send bytes below the TLS of a connection, behind the beginning of an answer."""

    def play(talk: Talk, good: Good) -> None:
        talk.send(good.whole()[:20])
        with socket.socket(fileno=os.dup(talk.connection.fileno())) as below:
            below.sendall(data)
            if drip:
                for _ in range(400):
                    below.sendall(b"\x00")
                    if talk.over.wait(0.05):
                        break
        if stall:
            talk.stall()
        elif not drip:
            # The client must see it before the end.
            time.sleep(0.05)
            talk.hang_up()

    return play


def _records(parts: Callable[[Good], Sequence[bytes]]) -> Play:
    """Send each part as a record of its own, all in one segment."""

    def play(talk: Talk, good: Good) -> None:
        talk.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for part in parts(good):
            talk.send(part)
        talk.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    return play


def _framing_faults() -> Iterator[Fault]:
    group = "framing"
    cut: dict[str, Callable[[Good], bytes]] = {
        "status line cut": lambda g: g.whole()[:7],
        "head cut in a header": lambda g: g.whole()[:30],
        "head cut before its end": lambda g: g.head(b"Content-Length: 5")[:-2],
        "body missing": lambda g: g.head(b"Content-Length: %d" % len(g.body)),
        "body cut": lambda g: g.whole()[:-5],
        "chunk cut": lambda g: g.head(CHUNKED) + g.chunked()[:-5],
        "chunk size cut": lambda g: g.head(CHUNKED) + g.chunked() + b"1",
        "last chunk missing": lambda g: g.head(CHUNKED) + g.chunked(),
        "end of the last chunk missing": lambda g: g.head(CHUNKED) + g.chunked() + b"0\r\n",
        "trailers cut": lambda g: g.head(CHUNKED) + g.chunked() + b"0\r\nX-Sum: 1\r\n",
    }
    for name, data in cut.items():
        yield Fault(name, group, _send(data), BROKEN, passing=True)
    bad: dict[str, Callable[[Good], bytes]] = {
        "chunk size no number": lambda g: g.head(CHUNKED) + b"zz\r\n" + g.body,
        "chunk size negative": lambda g: g.head(CHUNKED) + b"-5\r\n" + g.body,
        "chunk size beyond 64 bits": lambda g: g.head(CHUNKED) + b"F" * 19 + b"\r\n" + g.body,
        "chunk size of 100 digits": lambda g: g.head(CHUNKED) + b"F" * 100 + b"\r\n" + g.body,
        "no line end behind a chunk": lambda g: g.head(CHUNKED) + b"2\r\n{}xx" + CHUNKED_END,
        "trailers without colon": lambda g: g.head(CHUNKED) + g.chunked() + b"0\r\nnone\r\n\r\n",
        "Content-Length negative": lambda g: g.head(b"Content-Length: -1") + g.body,
        "Content-Length no number": lambda g: g.head(b"Content-Length: many") + g.body,
        "Content-Length with a plus": lambda g: g.head(b"Content-Length: +%d" % len(g.body)) + g.body,
        "Content-Length of 30 digits": lambda g: g.head(b"Content-Length: " + b"9" * 30) + g.body,
        "Content-Length beyond the body": lambda g: g.head(b"Content-Length: 1000000") + g.body,
        "two Content-Lengths that differ": lambda g: g.head(b"Content-Length: 1", b"Content-Length: 2") + g.body,
        "Transfer-Encoding unknown": lambda g: g.head(b"Transfer-Encoding: gzip") + g.body,
        "Transfer-Encoding chunked twice": lambda g: g.head(b"Transfer-Encoding: chunked, chunked") + g.body,
        "101 Switching Protocols": lambda _: b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/0.9": lambda g: g.body,
        "HTTP/2 preface": lambda _: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/2 frames": lambda _: b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
        "SSH": lambda _: b"SSH-2.0-OpenSSH_9.9\r\n",
        "random bytes": lambda _: bytes(range(256)) * 4,
        "NULs": lambda _: bytes(1000),
        "line ends without end": lambda _: b"\r\n" * 200_000,
        "NUL in a header": lambda g: g.whole(None, b"X: a\x00b"),
        "header without colon": lambda g: g.whole(None, b"nonsense"),
        "header without name": lambda g: g.whole(None, b": x"),
        "space before the colon": lambda g: g.whole(None, b"X : y"),
        "status of two digits": lambda g: g.whole().replace(b"1.1 2", b"1.1 ", 1),
        "status of four digits": lambda g: g.whole().replace(b"HTTP/1.1 ", b"HTTP/1.1 2", 1),
        "status that is no number": lambda _: b"HTTP/1.1 abc X\r\n\r\n",
        "status 000": lambda _: b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n",
        "status 099": lambda _: b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n",
        "status line of 200 kB": lambda g: g.whole().replace(b" X", b" " + b"X" * 200_000, 1),
        "header of 200 kB": lambda g: g.whole(None, b"X: " + b"y" * 200_000),
        "40,000 headers": lambda g: g.whole(None, *[b"X: y"] * 40_000),
        "an answer that asks": lambda _: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    for name, data in bad.items():
        yield Fault(name, group, _send(data), BROKEN, passing=True)
    either = _ends("value TransportError", "value OutcomeUnknown")
    odd: dict[str, tuple[Callable[[Good], bytes], Ends]] = {
        "Content-Length twice, the same": (lambda g: g.whole(None, b"Content-Length: %d" % len(g.body)), either),
        "Content-Length and chunked": (
            lambda g: g.whole(None, CHUNKED)[: -len(g.body)] + g.chunked() + CHUNKED_END,
            either,
        ),
        "HTTP/9.9": (lambda g: g.whole().replace(b"HTTP/1.1", b"HTTP/9.9"), either),
        "leading empty lines": (lambda g: b"\r\n\r\n" + g.whole(), either),
        "a header folded": (lambda g: g.whole(None, b"X-Folded: a\r\n  b"), either),
        "line ends without CR": (
            lambda g: g.head(b"Content-Length: %d" % len(g.body)).replace(b"\r\n", b"\n") + g.body,
            either,
        ),
        "trailers": (lambda g: g.head(CHUNKED) + g.chunked() + b"0\r\nX-Sum: 1\r\n\r\n", FINE),
        "chunk extensions": (
            lambda g: g.head(CHUNKED) + g.chunked(400).replace(b"\r\n", b";a=b\r\n", 1) + CHUNKED_END,
            FINE,
        ),
        "chunks of one byte": (lambda g: g.head(CHUNKED) + g.chunked(1) + CHUNKED_END, FINE),
        "body to the end of the connection": (lambda g: g.head() + g.body, FINE),
        "HTTP/1.0": (lambda g: g.whole().replace(b"HTTP/1.1", b"HTTP/1.0"), FINE),
        "a thousand interim answers": (lambda g: b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + g.whole(), FINE),
        "early hints": (lambda g: b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + g.whole(), FINE),
        "header that is no ASCII": (lambda g: g.whole(None, b"X-Name: \xff\xfe\xe9"), FINE),
        "header in UTF-8": (lambda g: g.whole(None, "X-Name: größe".encode()), FINE),
        "no reason": (lambda g: g.whole().replace(b" X", b" ", 1), FINE),
        "no reason, no space": (lambda g: g.whole().replace(b" X", b"", 1), FINE),
        "reason of 10 kB": (lambda g: g.whole().replace(b" X", b" " + b"X" * 10_000, 1), FINE),
        "header of 90 kB": (lambda g: g.whole(None, b"X: " + b"y" * 90_000), FINE),
        "a thousand headers": (lambda g: g.whole(None, *[b"X: y"] * 1000), FINE),
        "204 with a body": (lambda g: g.whole(status=204), _of_status(204)),
        "204 with chunks": (
            lambda g: b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n" + g.chunked() + CHUNKED_END,
            _of_status(204),
        ),
        "304 with a body": (lambda g: g.whole(status=304), REDIRECTED),
    }
    for name, (data, ends) in odd.items():
        yield Fault(name, group, _send(data), ends)
    yield Fault("interim answers without end", group, _endless(b"HTTP/1.1 100 Continue\r\n\r\n"), BROKEN)


def _endless(data: bytes) -> Play:
    def play(talk: Talk, _good: Good) -> None:
        for _ in range(10_000):
            talk.send(data * 1000)
            if talk.over.is_set():
                return

    return play


STATUSES: Final = (
    200, 201, 202, 203, 205, 206, 207, 208, 226, 250, 299,
    300, 301, 302, 303, 305, 306, 307, 308, 310, 399,
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424,
    425, 426, 428, 429, 431, 444, 451, 460, 494, 499,
    500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 512, 513, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530,
    598, 599, 600, 700, 800, 999,
)  # fmt: skip


def _status_faults() -> Iterator[Fault]:
    group = "status"
    for status in STATUSES:
        retried = status in AMBIGUOUS_STATUSES | REFUSED_STATUSES
        # A trend that is too much for the server would be too much again.
        costly = status in COSTLY
        yield Fault(
            f"status {status}",
            group,
            _says(status),
            _of_status(status),
            passing=retried and status != 429,
            again=status in REFUSED_STATUSES,
            kinds=tuple(kind for kind in KINDS if kind != "trend" or not costly),
        )
        if costly:
            yield Fault(f"status {status} of a trend", group, _says(status), _of_status(status), kinds=("trend",))
    for status in (400, 403, 429, 500, 503, 520):
        page = b"<html>\x1b[31m<h1>gateway</h1>" + b"x" * 5000
        yield Fault(
            f"status {status} in HTML",
            group,
            _says(status, page, kind="text/html"),
            _of_status(status),
            again=status in REFUSED_STATUSES,
        )
        yield Fault(
            f"status {status}, body no JSON",
            group,
            _says(status, b'{"detail": \xff'),
            _of_status(status),
            again=status in REFUSED_STATUSES,
        )
    waits = {
        "now": "0",
        "soon": "0.01",
        "late": "60",
        "negative": "-1",
        "garbage": "soon",
        "empty": "",
        "hexadecimal": "0x10",
        "of 20 digits": "9" * 20,
        "of 5,000 digits": "9" * 5000,
        "exponent": "1e3",
        "infinite": "inf",
        "no number": "NaN",
        "other digits": "\u0663",
        "past date": "Wed, 21 Oct 2015 07:28:00 GMT",
        "future date": "Fri, 31 Dec 9999 23:59:59 GMT",
        "impossible date": "Wed, 99 Foo 2015 99:99:99 GMT",
        "date beyond": "Fri, 31 Dec 99999 23:59:59 GMT",
        "date with odd zone": "Wed, 21 Oct 2015 07:28:00 +9999",
        "twice": "0\r\nRetry-After: 1",
    }
    for name, value in waits.items():
        header = f"Retry-After: {value}".encode()
        for status in (429, 503):
            yield Fault(
                f"{status}, Retry-After {name}",
                group,
                _says(status, b"{}", header),
                _of_status(status),
                again=True,
            )


def _header_faults() -> Iterator[Fault]:
    group = "headers"
    no_type = lambda g: b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (g.status, len(g.body)) + g.body  # noqa: E731
    yield Fault("no Content-Type", group, _keep(no_type), FINE)
    for kind, ends in {
        "text/html": UNEXPECTED,
        "text/plain": UNEXPECTED,
        "application/octet-stream": UNEXPECTED,
        "image/png": UNEXPECTED,
        "": UNEXPECTED,
        "application/json; charset=utf-16": FINE,
        "application/problem+json": FINE,
        "APPLICATION/JSON": UNEXPECTED,
    }.items():
        lower = kind.lower() == "application/json"
        yield Fault(
            f"Content-Type {kind or 'empty'}",
            group,
            _says(0, None, kind=kind),
            _ends("value MalformedResponseError", delete="value") if lower else ends,
        )
    # Of a file that may have been asked for by `env.request`, the bytes are the value, and `parse` is what fails.
    file = _ends("MalformedResponseError", "OutcomeUnknown", request="MalformedResponseError")
    for kind, ends in (("text/html", UNREADABLE), ("text/csv", file)):
        yield Fault(f"Content-Type {kind}, and so it is", group, _says(0, b"<html>Sign in", kind=kind), ends)

    zipped = partial(gzip.compress, mtime=0)
    crc = lambda b: zipped(b)[:-8] + b"\x00\x00\x00\x00" + zipped(b)[-4:]  # noqa: E731
    size = lambda b: zipped(b)[:-4] + b"\x00\x00\x00\x09"  # noqa: E731
    cases: dict[str, tuple[bytes, Callable[[bytes], bytes], Ends]] = {
        "gzip": (b"gzip", zipped, FINE),
        "x-gzip": (b"x-gzip", zipped, FINE),
        "GZIP": (b" GZIP ", zipped, FINE),
        "identity": (b"identity", bytes, FINE),
        "gzip of two members": (b"gzip", lambda b: zipped(b[:9]) + zipped(b[9:]), FINE),
        "gzip, cut": (b"gzip", lambda b: zipped(b)[:-9], BROKEN),
        "gzip, cut in its end": (b"gzip", lambda b: zipped(b)[:-3], BROKEN),
        "gzip, cut in its head": (b"gzip", lambda b: zipped(b)[:5], BROKEN),
        "gzip, second member cut": (b"gzip", lambda b: zipped(b) + zipped(b)[:-5], BROKEN),
        "gzip, wrong checksum": (b"gzip", crc, UNREADABLE),
        "gzip, wrong size": (b"gzip", size, UNREADABLE),
        "gzip, garbage behind": (b"gzip", lambda b: zipped(b) + b"garbage", UNREADABLE),
        "gzip, and is not": (b"gzip", bytes, UNREADABLE),
        "gzip, and is zlib": (b"gzip", zlib.compress, UNREADABLE),
        "gzip, empty": (b"gzip", lambda _: b"", EMPTY),
        "gzip of nothing": (b"gzip", lambda _: zipped(b""), EMPTY),
        "gzip of 20,000 members": (b"gzip", lambda b: zipped(b"") * 20_000 + zipped(b), UNREADABLE),
        "gzip of 80 MiB": (b"gzip", lambda _: _bomb(), UNREADABLE),
        "gzip twice": (b"gzip, gzip", lambda b: zipped(zipped(b)), UNREADABLE),
        "gzip twice, said once": (b"gzip", lambda b: zipped(zipped(b)), UNREADABLE),
        "brotli": (b"br", bytes, UNREADABLE),
        "deflate": (b"deflate", zlib.compress, UNREADABLE),
        "zstd": (b"zstd", bytes, UNREADABLE),
        "nonsense": (b"no such thing " * 20, bytes, UNREADABLE),
    }
    for name, (how, encode, ends) in cases.items():
        yield Fault(
            f"Content-Encoding {name}",
            group,
            _encoded(how, encode),
            ends,
            passing=ends is BROKEN,
        )


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(80 << 20), compresslevel=1, mtime=0)


NO_NUMBERS: Final = ("with NaN", "with Infinity")


def _body_faults() -> Iterator[Fault]:
    group = "JSON"
    garbage: dict[str, Callable[[bytes], bytes]] = {
        "cut": lambda b: b[:-3],
        "of bad UTF-8": lambda b: b.replace(b'"', b'"\xff', 1),
        "in Latin-1": lambda b: b.replace(b'": ', b'": "\xe9", "x": ', 1),
        "in UTF-16": lambda b: b.decode().encode("utf-16"),
        "with a BOM": lambda b: b"\xef\xbb\xbf" + b,
        "twice": lambda b: b + b,
        "with a comma too many": lambda b: b[:-1] + b",}",
        "in single quotes": lambda b: b.replace(b'"', b"'"),
        "with a NUL": lambda b: b + b"\x00",
        "with NaN": lambda b: b[:-1] + b', "x": NaN}',
        "with Infinity": lambda b: b[:-1] + b', "x": -Infinity}',
        "with a bare control character": lambda b: b[:-1] + b', "x": "\x01"}',
        "with half a surrogate, unescaped": lambda b: b[:-1] + b', "x": "\xed\xa0\x80"}',
        "nested 100,000 deep": lambda _: b"[" * 100_000 + b"]" * 100_000,
        "nested 100,000 deep inside": lambda b: b[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "that never closes": lambda _: b'{"a":' * 50_000,
        "with a number of 5,000 digits": lambda b: b[:-1] + b', "x": ' + b"9" * 5000 + b"}",
        "with a number too large": lambda b: b[:-1] + b', "x": 1e999}',
        "with a leading zero": lambda b: b[:-1] + b', "x": 01}',
    }
    for name, change in garbage.items():
        # Some readers take some of these; then the rest of the answer must still be right.
        free = _ends("value MalformedResponseError", "value OutcomeUnknown")
        # Older servers wrote these into trends, where they read None.
        ends = _ends("MalformedResponseError", "OutcomeUnknown", trend="value") if name in NO_NUMBERS else UNREADABLE
        may = name in ("with a number of 5,000 digits", "with a number too large", "nested 100,000 deep inside")
        yield Fault(f"JSON {name}", group, _changed(change), free if may else ends)
    odd: dict[str, Callable[[bytes], bytes]] = {
        "with a name twice": lambda b: b[:-1] + b', "x": 1, "x": 2}',
        "with half a surrogate": lambda b: b[:-1] + b', "x": "\\ud800"}',
        "with an escaped NUL": lambda b: b[:-1] + b', "x": "\\u0000"}',
        "with 2^64": lambda b: b[:-1] + b', "x": 18446744073709551616}',
        "with -0.0": lambda b: b[:-1] + b', "x": -0.0}',
        "with unknown fields": lambda b: b[:-1] + b', "new": {"a": [1]}, "": null}',
        "with space around": lambda b: b" \r\n\t" + b + b"\n" * 500,
        "nested 200 deep": lambda b: b[:-1] + b', "x": ' + b"[" * 200 + b"]" * 200 + b"}",
    }
    lenient = _ends("value MalformedResponseError", "value OutcomeUnknown")
    for name, change in odd.items():
        strict = name != "with half a surrogate"
        yield Fault(f"JSON {name}", group, _changed(change), FINE if strict else lenient)
    yield Fault("no body", group, _keep(lambda g: g.whole(b"")), EMPTY)
    yield Fault("a body of spaces", group, _keep(lambda g: g.whole(b"  \n ")), EMPTY)
    group = "shape"
    for text in ("null", "[]", '""', '"text"', "5", "true", "[[]]", '[{"uuid": "a"}]', "{}"):
        yield Fault(f"the answer is {text}", group, _says(0, text.encode()), UNEXPECTED, lax=True)
    yield Fault(
        "success false",
        group,
        _keep(lambda g: g.whole(b'{"success": false, "detail": "no"}')),
        _ends("MalformedResponseError", "APIStatusError", request="APIStatusError"),
    )
    for name, value in {"null": None, "text": "no", "a list": [1]}.items():
        yield Fault(
            f"success is {name}",
            group,
            _says(0, json.dumps({"success": value}).encode()),
            _ends(
                "MalformedResponseError",
                post="value MalformedResponseError",
                delete="value MalformedResponseError",
                request="value",
            ),
        )
    uuids: dict[str, Any] = {"null": None, "a number": 5, "a list": [], "an object": {}, "missing": ...}
    for name, value in uuids.items():
        record: dict[str, Any] = {"id": 1} if value is ... else {"uuid": value}
        yield Fault(
            f"uuid {name}",
            group,
            _shaped(record),
            _ends("MalformedResponseError"),
            kinds=("get", "patch", "walk"),
        )
    rows: dict[str, Any] = {
        "null": None,
        "an object": {},
        "text": "abc",
        "texts": ["a", "b"],
        "nulls": [None],
        "lists": [[]],
        "good but for one in the middle": [ROWS[1], {"name": "no uuid"}, ROWS[2]],
    }
    for name, results in rows.items():
        yield Fault(
            f"results {name}",
            group,
            _says(0, _page(results)),
            _ends("MalformedResponseError"),
            kinds=("walk",),
        )
    yield Fault("results missing", group, _keep(lambda g: g.whole(b'{"next": null}')), UNEXPECTED, kinds=("walk",))
    yield Fault(
        "next missing",
        group,
        _keep(lambda g: g.whole(json.dumps({"results": ROWS[1:]}).encode())),
        _ends("value MalformedResponseError"),
        kinds=("walk",),
    )
    lists: dict[str, Any] = {"null": None, "an object": {}, "text": "abc", "numbers": [1], "missing": ...}
    for name, value in lists.items():
        body = {} if value is ... else {"result": value}
        yield Fault(
            f"result {name}",
            group,
            _says(0, json.dumps(body).encode()),
            _ends("MalformedResponseError"),
            kinds=("trend",),
        )


def _redirect_faults() -> Iterator[Fault]:
    group = "redirect"
    places = {
        "to itself": "",
        "to another path": "/elsewhere/",
        "to another host": "https://evil.example/api/",
        "to another host's twin": "https://evil.example/api/projects/1/persons/",
        "without scheme": "//evil.example/",
        "to a script": "javascript:alert(1)",
        "to a file": "file:///etc/passwd",
        "that cannot be read": "https://[bad",
        "to port 99999": "http://127.0.0.1:99999/",
        "with a user": "https://a:b@evil.example/",
        "to spaces": "   ",
        "of 60 kB": "/" + "a" * 60_000,
        "that is no ASCII": "/\u00e9\u4e2d",
    }
    for name, location in places.items():
        for status in (302, 307):
            header = b"Location: " + location.encode()
            yield Fault(f"{status} {name}", group, _says(status, b"", header), REDIRECTED)

    def twin(talk: Talk, good: Good, *, ever: bool = False) -> None:
        target = talk.request.target
        if not ever and not target.startswith("/api/environments/"):
            return talk.send(good.whole())
        location = target.replace("/api/environments/", "/api/projects/")
        return talk.send(good.whole(b"", b"Location: " + location.encode(), status=307))

    yield Fault("307 to the twin", group, twin, FINE, again=True)
    yield Fault("307 to the twin, for ever", group, partial(twin, ever=True), REDIRECTED, again=True)


def _paging_faults() -> Iterator[Fault]:
    group = "paging"
    paging = _ends("PagingError")
    for name, link in {
        "to its own page": "?limit=3&offset=1",
        "back": "?limit=2&offset=0",
        "without offset": "?limit=2",
        "empty": "",
        "without query": "https://posthog.example/",
        "to a negative offset": "?offset=-2",
        "to offset 10^30": f"?offset=1{'0' * 30}",
        "to offset 2^63": f"?offset={2**63}",
        "to other digits": "?offset=\u0663",
        "to two offsets": "?offset=4&offset=5",
        "that cannot be read": "http://[bad?offset=4]",
        "to a page": "?page=3",
        "a number": 4,
        "a list": [],
        "an object": {},
        "true": True,
        "false": False,
    }.items():
        yield Fault(
            f"next link {name}",
            group,
            _says(0, _page(ROWS[1:2], link)),
            _ends("PagingError MalformedResponseError"),
            kinds=("walk",),
            lax=True,
        )

    def onwards(talk: Talk, good: Good, *, link: str = "?offset={}", rows: Sequence[object] = ()) -> None:
        offset = int(talk.request.target.partition("offset=")[2].partition("&")[0] or 0)
        if offset >= 3 and link != "?offset={}":
            return talk.send(good.whole(_page([])))
        return talk.send(good.whole(_page(rows, link.format(offset + 3))))

    yield Fault("empty pages without end", group, onwards, paging, kinds=("walk",))
    yield Fault("the same page without end", group, partial(onwards, rows=ROWS[:2]), paging, kinds=("walk",))
    yield Fault(
        "next link to another host",
        group,
        partial(onwards, link="http://evil.example/x?offset={}", rows=ROWS[1:]),
        FINE,
        kinds=("walk",),
    )


def _timing_faults() -> Iterator[Fault]:
    group = "timing"
    phases: dict[str, tuple[Callable[[Good], bytes], Callable[[Good], bytes]]] = {
        "before the status line": (lambda _: b"", lambda g: g.whole()),
        "in the status line": (lambda g: g.whole()[:12], lambda _: b"X" * 400),
        "in a header": (lambda g: g.whole()[:30], lambda _: b"x" * 400),
        "between headers": (lambda g: g.head()[:-2], lambda _: b"X: y\r\n" * 80),
        "in the body": (lambda g: g.head(b"Content-Length: 5000") + g.body, lambda _: b" " * 400),
        "in a chunk size": (lambda g: g.head(CHUNKED) + g.chunked(), lambda _: b"0" * 400),
        "in a chunk extension": (lambda g: g.head(CHUNKED) + g.chunked() + b"0", lambda _: b";" + b"a" * 400),
        "in a chunk": (lambda g: g.head(CHUNKED) + b"1f4\r\n", lambda _: b" " * 400),
        "in a trailer": (lambda g: g.head(CHUNKED) + g.chunked() + b"0\r\nX-Sum:", lambda _: b"9" * 400),
        "in interim answers": (lambda _: b"", lambda _: b"HTTP/1.1 100 C\r\n\r\n" * 25),
        "of a body in gzip": (
            lambda g: g.head(b"Content-Encoding: gzip", b"Content-Length: 900"),
            lambda _: gzip.compress(os.urandom(800), mtime=0),
        ),
    }
    for name, (before, then) in phases.items():
        yield Fault(f"stall {name}", group, _stall(before), STALLED, slow=True)
        yield Fault(f"drip {name}", group, _drip(before, then), STALLED, slow=True)
    yield Fault(
        "stall between head and body", group, _stall(lambda g: g.head(b"Content-Length: 9")), STALLED, slow=True
    )
    yield Fault("drip of chunks", group, _drip_chunks, STALLED, slow=True)
    yield Fault("reads nothing", group, lambda talk, _: talk.hold(), STALLED, slow=True, place="reads nothing")
    yield Fault(
        "stops reading a large request",
        group,
        lambda talk, _: talk.hold(),
        STALLED,
        slow=True,
        place="reads nothing",
        kinds=("patch",),
        big=True,
    )
    yield Fault(
        "reads a large request slowly",
        group,
        _slow_reader,
        STALLED,
        slow=True,
        place="reads nothing",
        kinds=("patch",),
        big=True,
    )
    yield Fault(
        "reads a large request slowly, by TLS",
        group,
        _slow_reader,
        STALLED,
        slow=True,
        place="TLS, reads nothing",
        kinds=("patch",),
        big=True,
    )
    yield Fault(
        "answers before it has read",
        group,
        _early,
        _ends("value TransportError", "value OutcomeUnknown BadRequestError APIStatusError"),
        place="reads nothing",
        kinds=("patch",),
        big=True,
    )


def _drip_chunks(talk: Talk, good: Good) -> None:
    talk.send(good.head(CHUNKED))
    for _ in range(400):
        talk.send(b"1\r\n \r\n")
        if talk.over.wait(0.05):
            return


def _slow_reader(talk: Talk, _good: Good) -> None:
    for _ in range(400):
        if not talk.connection.recv(4096) or talk.over.wait(0.02):
            return


def _early(talk: Talk, _good: Good) -> None:
    talk.connection.recv(1000)
    talk.send(answer(413, b'{"detail": "too large"}', b"Connection: close"))
    talk.hang_up()


FAULTS: Final[tuple[Fault, ...]] = tuple(
    itertools.chain(
        _connection_faults(),
        _tls_faults(),
        _framing_faults(),
        _status_faults(),
        _header_faults(),
        _body_faults(),
        _redirect_faults(),
        _paging_faults(),
        _timing_faults(),
    )
)

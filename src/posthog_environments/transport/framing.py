"""Find where a response ends, so that the parser gets the bytes of the current response and no more.

A parser that is given more keeps the rest and treats it as the response to the next request. The rules are those of
RFC 9112, 6.3, as h11 applies them. h11 parses the same bytes afterwards. What does not begin with a status line is
passed on: h11 rejects it, or it is the reply of a SOCKS proxy. If the length of a body is unclear, everything up to the
close is passed on, and the connection is not reused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import httpcore

from posthog_environments.calls.messages import TransportFailure

__all__ = ["MAX_FRAMING", "MAX_HEAD", "Framer"]

# Limit on the heads of a response, interim (1xx) responses included, in bytes. Its trailers have the same limit.
MAX_HEAD = 1 << 17
# Limit on a chunk-size line, extensions included, in bytes.
MAX_CHUNK_LINE = 1 << 14
# Chunk framing may add at most 8 times the chunks, each with its line end, plus this many bytes.
MAX_FRAMING = 1 << 20

_BLANK_LINE = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})")
_FRAMED_BY = re.compile(rb"\n(transfer-encoding|content-length):([^\r\n]*)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*")

# A step gets the data and the offset at which to begin. It returns how many bytes it consumed: 0 if it needs more of
# them, or if the response has ended.
_Step: TypeAlias = Callable[[bytes, int], int]


class Framer:
    """Tracks the responses on one connection. No I/O."""

    __slots__ = ("_asking", "_buffer", "_confused", "_framing", "_left", "_lines", "_method", "_step")

    def __init__(self) -> None:
        self._buffer = b""
        # An incomplete head, or incomplete trailers.
        self._lines = bytearray()
        # Of a head or trailers, the bytes still allowed; of a body or chunk, the bytes still expected.
        self._left = MAX_HEAD
        self._method = b""
        self._asking = False
        self._confused = False
        self._step: _Step = self._in_head
        # Bytes of chunk framing so far, minus those allowed.
        self._framing = 0

    @property
    def holds_more(self) -> bool:
        """Whether bytes follow the end of the response, or its end is unknown: do not reuse the connection then."""
        return bool(self._buffer) or self._confused

    def ask(self, data: bytes) -> None:
        """Record that part of a request is sent. The first part after a received byte begins with the method."""
        if self._asking:
            return
        self._asking = True
        self._method = data[:8].partition(b" ")[0]
        self._step, self._left = self._in_head, MAX_HEAD
        self._lines.clear()
        self._framing = -MAX_FRAMING

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._asking = False
        self._buffer = self._buffer + data if self._buffer else data

    def take(self) -> bytes:
        """Return received bytes that belong to the response; b"" if more must be received first.

        Raises:
            TransportFailure: The head or the trailers are too long, or there is too much chunk framing.
            httpcore.RemoteProtocolError: A chunk-size line is too long, or bytes follow the end of the response.
        """
        data, at = self._buffer, 0
        while at < len(data):
            taken = self._step(data, at)
            if not taken:
                break
            at += taken
        if at == len(data):
            self._buffer = b""
            return data
        if not at and self._step == self._at_end:
            raise httpcore.RemoteProtocolError("the server sent more bytes after the end of the response")
        self._buffer = data[at:]
        return data[:at]

    def _in_head(self, data: bytes, at: int) -> int:
        # Not a status line: h11 rejects it, or it is the reply of a SOCKS proxy.
        if not self._lines and data[at : at + 1] != b"H":
            return len(data) - at
        taken, head = self._to_a_blank_line(data, at)
        if head:
            self._step = self._after(head)
        return taken

    def _in_trailers(self, data: bytes, at: int) -> int:
        taken, trailers = self._to_a_blank_line(data, at)
        if trailers:
            self._step = self._at_end
        return taken

    def _to_a_blank_line(self, data: bytes, at: int) -> tuple[int, bytes]:
        """Collect lines up to an empty one; return the bytes consumed, and the lines once the empty one has come."""
        known = len(self._lines)
        if known:
            self._lines += data[at : at + self._left + 1]
            end = _BLANK_LINE.search(self._lines, max(0, known - 2))
            taken = (end.end() if end else len(self._lines)) - known
        else:
            end = _BLANK_LINE.search(data, at)
            taken = (end.end() if end else len(data)) - at
        self._left -= taken
        if self._left < 0:
            # May be retried, like the error of h11 for a long head.
            raise TransportFailure(f"the headers or trailers of the answer are longer than {MAX_HEAD} bytes", sent=True)
        if end is None:
            if not known:
                self._lines += data[at:]
            return taken, b""
        lines = bytes(self._lines[: end.end()]) if known else data[at : end.end()]
        self._lines.clear()
        return taken, lines

    def _after(self, head: bytes) -> _Step:
        """Return the step that follows a head."""
        status = _STATUS.match(head)
        code = int(status.group(1)) if status else 0
        if 100 <= code < 200 and code != 101:
            return self._in_head
        if self._method == b"HEAD" or code in (204, 304) or (self._method == b"CONNECT" and 200 <= code < 300):
            return self._at_end
        framed_by = [(name.lower(), value.strip()) for name, value in _FRAMED_BY.findall(head)]
        if any(name == b"transfer-encoding" for name, _ in framed_by):
            self._left = 0
            return self._in_chunks
        lengths = {length.strip() for _, value in framed_by for length in value.split(b",")}
        if not lengths:
            return self._to_the_close
        length = lengths.pop()
        if lengths or not length.isdigit() or len(length) > 20:
            return self._confuse()
        self._left = int(length)
        return self._in_length if self._left else self._at_end

    def _in_length(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        self._left -= taken
        if not self._left:
            self._step = self._at_end
        return taken

    def _in_chunks(self, data: bytes, at: int) -> int:
        if self._left:
            taken = min(self._left, len(data) - at)
            self._left -= taken
            self._framing -= 8 * taken
            return taken
        end = data.find(b"\r\n", at)
        if (end if end >= 0 else len(data)) - at > MAX_CHUNK_LINE:
            raise httpcore.RemoteProtocolError("a chunk-size line is too long")
        if end < 0:
            return 0
        size = _CHUNK_SIZE.fullmatch(data, at, end)
        if size is None:
            self._step = self._confuse()
        elif length := int(size.group(1), 16):
            # The chunk and the line end after it.
            self._left = length + 2
        else:
            # Begin the trailers with a line feed, so that an empty first line ends them.
            self._step, self._left = self._in_trailers, MAX_HEAD
            self._lines += b"\n"
        self._framing += end + 2 - at
        if self._framing > 0:
            raise TransportFailure("the answer has too much chunk framing for its size", sent=True, again=False)
        return end + 2 - at

    def _to_the_close(self, data: bytes, at: int) -> int:
        return len(data) - at

    def _confuse(self) -> _Step:
        self._confused = True
        return self._to_the_close

    def _at_end(self, data: bytes, at: int) -> int:  # noqa: ARG002 - the shape of a step
        return 0

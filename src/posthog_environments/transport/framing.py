"""Find where a response ends, so that the parser gets the bytes of the current response and no more.

A parser that is given more keeps the rest and takes it for the response to the next request. The rules are those of
RFC 9112, 6.3, as h11 applies them. h11 parses the same bytes afterwards and refuses what is not HTTP. Bytes that are
not understood here are passed on unchanged, and the connection is not reused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import httpcore

from posthog_environments.calls.messages import TransportFailure

__all__ = ["MAX_FRAMING", "MAX_HEAD", "Framer"]

# Limit on the head of a response, interim (1xx) responses included, and on its trailers, in bytes.
MAX_HEAD = 1 << 17
# Limit on the line before a chunk, extensions included, in bytes.
MAX_CHUNK_LINE = 1 << 14
# Chunk framing may add at most 8 times the body plus this many bytes.
MAX_FRAMING = 1 << 20

_BLANK_LINE = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] ([0-9]{3})")
_FRAMED_BY = re.compile(rb"\n(transfer-encoding|content-length):([^\r\n]*)", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*")

# A step gets the data and the offset at which to begin, and returns how many bytes it consumed.
_Step: TypeAlias = Callable[[bytes, int], int]


class Framer:
    """Tracks the responses on one connection. No I/O."""

    __slots__ = ("_asking", "_buffer", "_confused", "_framing", "_left", "_lines", "_method", "_step")

    def __init__(self) -> None:
        self._buffer = b""
        # An incomplete head, or incomplete trailers.
        self._lines = bytearray()
        # Bytes left in this step: allowed ones of a head, expected ones of a body.
        self._left = MAX_HEAD
        self._method = b""
        self._asking = False
        self._confused = False
        self._step: _Step = self._in_head
        # Bytes of chunk framing so far, minus those allowed.
        self._framing = 0

    @property
    def holds_more(self) -> bool:
        """Whether there are surplus bytes, or may be. If so, the connection must not be reused."""
        return bool(self._buffer) or self._confused

    def ask(self, data: bytes) -> None:
        """Note that part of a request is sent; the first part names the method."""
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
            TransportFailure: The head or the trailers are too long.
            httpcore.RemoteProtocolError: The line before a chunk is too long, or the response has ended.
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
            raise httpcore.RemoteProtocolError("the response goes on beyond its end")
        self._buffer = data[at:]
        return data[:at]

    def _in_head(self, data: bytes, at: int) -> int:
        # The parser refuses what is not HTTP. A SOCKS proxy may answer first.
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
        """Collect lines up to an empty one; return them once it is there."""
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
            # Another attempt may succeed, as after the error of h11 for a long head.
            raise TransportFailure(f"the head of the answer is longer than {MAX_HEAD} bytes", sent=True)
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
            raise httpcore.RemoteProtocolError("the line before a chunk is too long")
        if end < 0:
            return 0
        size = _CHUNK_SIZE.fullmatch(data, at, end)
        if size is None:
            self._step = self._confuse()
        elif length := int(size.group(1), 16):
            # The chunk and the line end after it.
            self._left = length + 2
        else:
            # As if a line ended here: if the next line is empty, the response is complete.
            self._step, self._left = self._in_trailers, MAX_HEAD
            self._lines += b"\n"
        self._framing += end + 2 - at
        if self._framing > 0:
            raise TransportFailure("the answer is little more than what frames it", sent=True, again=False)
        return end + 2 - at

    def _to_the_close(self, data: bytes, at: int) -> int:
        return len(data) - at

    def _confuse(self) -> _Step:
        self._confused = True
        return self._to_the_close

    def _at_end(self, data: bytes, at: int) -> int:  # noqa: ARG002 - the shape of a step
        return 0

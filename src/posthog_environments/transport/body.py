"""Read the body of a response within limits: bytes on the wire, bytes after decompression, known encodings."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.errors import printable

__all__ = ["BodyReader"]

# Bytes decompressed at once.
CHUNK = 1 << 20
# Limits on tiny chunks and on gzip members per response: they cost much more time than memory. Beyond the first
# MAX_TINY_PIECES, chunks must have TINY bytes on average.
MAX_TINY_PIECES = 10_000
TINY = 256
MAX_GZIP_MEMBERS = 10_000
# Bytes kept as a list and joined once. That is fast, but needs the memory twice for a moment.
MAX_PARTS = 1 << 22


class BodyReader:
    """Collects the body of a response, up to `limit` bytes on the wire and as many decompressed.

    Attributes:
        is_compressed: Whether the body is gzip; then Content-Length is not the length of `finish()`.
    """

    def __init__(self, status_code: int, headers: httpx.Headers, limit: int) -> None:
        self._status_code = status_code
        self._limit = limit
        self._wire = self._pieces = 0
        self._members = 1
        self._parts: list[bytes] = []
        self._held = 0
        # Longer bodies go here: BytesIO returns its bytes without a copy.
        self._whole = io.BytesIO()
        encoding = headers["content-encoding"].strip().lower() if "content-encoding" in headers else ""
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise self._malformed(f"the answer is compressed as {printable(encoding, 40)}, which was not asked for")
        self.is_compressed = encoding in ("gzip", "x-gzip")
        self._inflater: Any = zlib.decompressobj(31) if self.is_compressed else None
        self._breaks_off = False

    def feed(self, piece: bytes) -> None:
        """Add a piece from the wire.

        Raises:
            TransportFailure: The body is too large or corrupt.
        """
        self._wire += len(piece)
        self._pieces += 1
        if self._wire > self._limit:
            raise self._malformed(f"the answer is longer than {self._limit} bytes (max_body)")
        if self._pieces > MAX_TINY_PIECES + self._wire // TINY:
            raise self._malformed(f"the answer comes in more than {MAX_TINY_PIECES} pieces of a few bytes")
        for part in self.inflate(piece):
            self._parts.append(part)
            self._held += len(part)
            if self._whole.tell() + self._held > self._limit:
                raise self._malformed(f"the answer is longer than {self._limit} bytes when decompressed (max_body)")
            if self._held > MAX_PARTS:
                self._write()

    def inflate(self, piece: bytes) -> Iterator[bytes]:
        """Decompress a piece, at most `CHUNK` bytes at a time."""
        if not self.is_compressed:
            yield piece
            return
        try:
            while piece:
                if part := self._inflater.decompress(piece, CHUNK):
                    yield part
                self._breaks_off = not self._inflater.eof
                piece = self._inflater.unconsumed_tail
                if self._inflater.eof:
                    # A gzip body may have several members.
                    piece = self._inflater.unused_data
                    self._members += 1
                    if self._members > MAX_GZIP_MEMBERS:
                        raise self._malformed(f"the answer is gzip of more than {MAX_GZIP_MEMBERS} members")
                    self._inflater = zlib.decompressobj(31)
        except zlib.error:
            # Like a response that breaks off, it may have been corrupted on the way: another attempt may succeed.
            raise self._malformed("the answer is not the gzip that it says it is", again=True) from None

    def finish(self) -> bytes:
        """Return the body, decompressed.

        Raises:
            TransportFailure: The compressed body is incomplete.
        """
        if self._breaks_off:
            raise TransportFailure("the compressed answer breaks off", sent=True)
        if not self._whole.tell():
            return b"".join(self._parts)
        self._write()
        return self._whole.getvalue()

    def _write(self) -> None:
        self._whole.writelines(self._parts)
        self._parts.clear()
        self._held = 0

    def _malformed(self, reason: str, *, again: bool = False) -> TransportFailure:
        self._write()
        excerpt = bytes(self._whole.getbuffer()[:65536])
        return TransportFailure(reason, sent=True, again=again, malformed=(self._status_code, excerpt))

"""The body of a response, read within limits: bytes on the wire, bytes after decompression, known encodings only."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import Any

import httpx

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.errors import printable

__all__ = ["BodyReader"]

# Bytes that are decompressed at once.
CHUNK = 1 << 20
# Tiny pieces cost much more time than memory: so many may be of fewer bytes than this on average, and of so many
# members may gzip be made.
MAX_TINY_PIECES = 10_000
TINY = 256
MAX_GZIP_MEMBERS = 10_000
# Room that is made at once for a body that says how long it is; what is longer still makes room as it comes.
ROOM = 1 << 22


class BodyReader:
    """Collects the body of a response that may have so many bytes, on the wire and decompressed.

    Attributes:
        is_compressed: Whether it comes in gzip, so that headers about its length do not tell that of `finish()`.
    """

    def __init__(self, status_code: int, headers: httpx.Headers, limit: int) -> None:
        self._status_code = status_code
        self._limit = limit
        self._wire = self._pieces = 0
        self._members = 1
        # It gives its bytes away without a copy; a join of parts would need twice the memory.
        self._whole = io.BytesIO()
        encoding = headers["content-encoding"].strip().lower() if "content-encoding" in headers else ""
        if encoding not in ("identity", "", "gzip", "x-gzip"):
            raise self._malformed(f"the answer is compressed as {printable(encoding, 40)}, which was not asked for")
        self.is_compressed = encoding in ("gzip", "x-gzip")
        self._inflater: Any = zlib.decompressobj(31) if self.is_compressed else None
        self._breaks_off = False
        length = headers.get("content-length", "")
        if not self.is_compressed and length.isdecimal() and len(length) < 9 and 1 < int(length) <= min(limit, ROOM):
            # Made at once, it is not moved each time that it has grown.
            self._whole.seek(int(length) - 1)
            self._whole.write(b"\0")
            self._whole.seek(0)

    def feed(self, piece: bytes) -> None:
        """Take a piece from the wire.

        Raises:
            Failed: The body is too large, or is spoilt.
        """
        self._wire += len(piece)
        self._pieces += 1
        if self._wire > self._limit:
            raise self._malformed(f"the answer is longer than {self._limit} bytes (max_body)")
        if self._pieces > MAX_TINY_PIECES + self._wire // TINY:
            raise self._malformed(f"the answer comes in more than {MAX_TINY_PIECES} pieces of a few bytes")
        for part in self.inflate(piece):
            self._whole.write(part)
            if self._whole.tell() > self._limit:
                raise self._malformed(f"the answer is longer than {self._limit} bytes when decompressed (max_body)")

    def inflate(self, piece: bytes) -> Iterator[bytes]:
        """Decompress a piece, a bounded amount at a time."""
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
                    # gzip allows several members one after the other.
                    piece = self._inflater.unused_data
                    self._members += 1
                    if self._members > MAX_GZIP_MEMBERS:
                        raise self._malformed(f"the answer is gzip of more than {MAX_GZIP_MEMBERS} members")
                    self._inflater = zlib.decompressobj(31)
        except zlib.error:
            # As with an answer that breaks off, it may be the way here that spoiled it.
            raise self._malformed("the answer is not the gzip that it says it is", again=True) from None

    def finish(self) -> bytes:
        """Return the body, decompressed.

        Raises:
            Failed: The compressed body breaks off.
        """
        if self._breaks_off:
            raise TransportFailure("the compressed answer breaks off", sent=True)
        # Room that was made and not used is no part of it.
        self._whole.truncate()
        return self._whole.getvalue()

    def _malformed(self, reason: str, *, again: bool = False) -> TransportFailure:
        excerpt = bytes(self._whole.getbuffer()[: min(self._whole.tell(), 65536)])
        return TransportFailure(reason, sent=True, again=again, malformed=(self._status_code, excerpt))

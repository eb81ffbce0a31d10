"""A file that is written from its beginning to its end, with its size and sum kept along the way."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

from posthog_environments.export.checkpoint import Written

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

__all__ = ["ChecksumWriter"]


class ChecksumWriter(io.RawIOBase):
    """Writes with what it is given, which must write all."""

    def __init__(self, write: Callable[[memoryview], object]) -> None:
        self._write = write
        self.written = Written()

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it."""
        view = memoryview(data).cast("B")
        self._write(view)
        self.written = Written(self.written.bytes + len(view), zlib.crc32(view, self.written.crc))
        return len(view)

    def tell(self) -> int:
        """Tell how much was written."""
        return self.written.bytes

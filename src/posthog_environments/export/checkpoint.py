"""The files that an export keeps beside its target, and checksums of files.

A checkpoint has what is needed to resume an export, and to refuse to resume another one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Callable, Container
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import msgspec

from posthog_environments.export.summary import ExportStats
from posthog_environments.tables.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import ReadableBuffer

    from posthog_environments.export.options import ExportOptions
    from posthog_environments.paging.listing import ExportListRequest

__all__ = [
    "Checkpoint",
    "ChecksumWriter",
    "ExportIdentity",
    "Receipt",
    "Written",
    "measure",
    "read",
    "write",
]

VERSION = 3


class ExportIdentity(msgspec.Struct, frozen=True):
    """What identifies an export. Filters may contain personal data, so only a hash of them is kept."""

    host: str
    project: str
    filters: str
    page_size: int
    format: str
    columns: tuple[str, ...] | None
    flatten: bool
    raw: bool
    since_last: bool
    only: tuple[str, ...] | None = None

    @classmethod
    def of(cls, listing: ExportListRequest, options: ExportOptions) -> Self:
        """Return the identity of an export."""
        filters = dict(listing.identity)
        return cls(
            host=str(filters.pop("host")),
            project=str(filters.pop("project")),
            filters=hashlib.sha256(json.dumps(filters, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
            page_size=listing.page_size,
            format=str(options.file_format),
            columns=options.columns,
            flatten=options.flatten,
            raw=options.file_format.raw,
            since_last=options.since_last,
            only=options.only,
        )

    def differences(self, other: Self, *, but: Container[str] = ()) -> str:
        """Name what differs in another export; the empty text if nothing does."""
        names = {"host": "the server", "project": "the project", "filters": "the filters"}
        names |= {"page_size": "the page size", "format": "the format", "columns": "the columns"}
        differing = (name for name in self.__struct_fields__ if getattr(self, name) != getattr(other, name))
        return ", ".join(names.get(name, name) for name in differing if name not in but)


class Written(msgspec.Struct, frozen=True):
    """The number of bytes in a file, and their CRC-32."""

    bytes: int = 0
    crc: int = 0

    def plus(self, data: ReadableBuffer) -> Written:
        """Return the sum after more bytes."""
        return Written(self.bytes + memoryview(data).nbytes, zlib.crc32(data, self.crc))


class ChecksumWriter(io.RawIOBase):
    """A file object that sums up what is written, and passes it on to a function that writes all of it."""

    def __init__(self, write: Callable[[memoryview], object]) -> None:
        self._write = write
        self.written = Written()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of the data."""
        view = memoryview(data).cast("B")
        self._write(view)
        self.written = self.written.plus(view)
        return len(view)


def measure(path: Path, most: int | None = None) -> Written:
    """Sum up a file, or its first bytes. A file that does not exist has -1 bytes."""
    written = Written()
    try:
        with path.open("rb") as file:
            while data := file.read(1 << 20 if most is None else min(1 << 20, most - written.bytes)):
                written = written.plus(data)
    except FileNotFoundError:
        return Written(-1)
    return written


class Checkpoint(msgspec.Struct, tag=True):
    """The state of an export.

    Attributes:
        job: Which export it is.
        replaces: Whether it may replace an existing target.
        part: The bytes of the part file that count.
        rows: Rows in them.
        paginator: The state of the paginator, see `OffsetPaginator.state`.
        layout: The columns; None until they are chosen, and for JSON Lines.
        mark: When the newest person was created, at the start of the export.
        since: The mark of the last export, with `since_last`.
        older: Rows so far that are older than `since`.
        old: The old target, with `since_last`.
        stats: The requests and the time so far.
        made: The target, once it is complete and only needs its name.
        total: Rows in it.
        new: How many of them were not in the old target.
    """

    job: ExportIdentity
    replaces: bool = False
    part: Written = Written()
    rows: int = 0
    paginator: dict[str, Any] = {}
    layout: Layout | None = None
    mark: datetime | None = None
    since: datetime | None = None
    older: int = 0
    old: Written | None = None
    stats: ExportStats = msgspec.field(default_factory=ExportStats)
    made: Written | None = None
    total: int = 0
    new: int = 0
    version: int = VERSION


class Receipt(msgspec.Struct, tag=True):
    """What the next export with `since_last` needs to know of the last one.

    Attributes:
        job: Which export it was.
        complete: Whether it saw every person.
        reason: Why it did not.
        mark: When the newest person was created, at the start of the export; None if there was no person.
        layout: The columns.
        rows: Rows in the target.
        made: The target.
        finished: When it was finished.
    """

    job: ExportIdentity
    complete: bool
    reason: str | None
    mark: datetime | None
    layout: Layout | None
    rows: int
    made: Written
    finished: datetime
    version: int = VERSION


def write(value: Checkpoint | Receipt) -> bytes:
    """Encode as a line of JSON and a line with its hash."""
    text = msgspec.json.encode(value)
    return text + b"\n" + hashlib.sha256(text).hexdigest().encode() + b"\n"


def read(data: bytes, kind: type[Checkpoint | Receipt]) -> Any:
    """Decode what `write` encoded.

    Raises:
        ValueError: The data is damaged or of the other kind, or another version wrote it.
    """
    text, _, sum_ = data.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != sum_.strip():
        raise ValueError("it was changed, or is not whole")
    try:
        version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version")
        if version is None or bytes(version) != str(VERSION).encode():
            raise ValueError("another version of this package wrote it")
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:  # not a ValueError in older versions of msgspec
        raise ValueError(str(error)) from None

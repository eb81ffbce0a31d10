"""How far an export is, as it is written down: enough to go on, and to refuse what would not be the same export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from posthog_environments.export.summary import ExportStats

__all__ = ["Checkpoint", "ExportIdentity", "Phase", "Receipt", "Written", "differences", "fingerprint", "read", "write"]

VERSION = 1

Phase: TypeAlias = Literal["walking", "composing", "placing"]
"""Rows are fetched; the target is made from them; it is given its name."""


class ExportIdentity(msgspec.Struct, frozen=True):
    """What makes an export this one and no other. Filters may name people, so of these only a sum is kept."""

    host: str
    project: str
    filters: str
    page_size: int
    format: str
    columns: list[str] | None
    flatten: bool
    raw: bool
    since_last: bool
    only: list[str] | None = None


class Written(msgspec.Struct, frozen=True):
    """Bytes that are in a file, and their CRC-32."""

    bytes: int = 0
    crc: int = 0


class Checkpoint(msgspec.Struct):
    """How far an export is.

    Attributes:
        job: Which export it is.
        replaces: Whether it may put its file in place of another.
        phase: What it is at.
        part: What of the part file counts.
        rows: Rows in it.
        walk: Where the walk is, see `OffsetPaginator.state`.
        layout: The columns; None until they are known, and for JSON Lines.
        mark: When the newest person was created, as the walk began.
        since: The mark of the export before, for one that fetches what is new.
        older: Rows so far that are older than that.
        old: The file before, for one that fetches what is new.
        tally: What it has cost.
        made: The target, once it is whole.
        total: Rows in the target, once it is whole.
        new: Of these, rows that were not in the file before.
    """

    job: ExportIdentity
    replaces: bool
    phase: Phase
    part: Written
    rows: int
    paginator: dict[str, Any]
    layout: Any
    mark: str | None
    since: str | None
    older: int
    old: Written | None
    tally: ExportStats
    made: Written | None = None
    total: int = 0
    new: int = 0
    version: int = VERSION


class Receipt(msgspec.Struct):
    """What a later export must know of the one that made a file.

    Attributes:
        job: Which export it was.
        complete: Whether every person was seen.
        reason: Why not.
        mark: When the newest person was created, as the walk began; None if there was none.
        layout: The columns.
        rows: Rows in the file.
        made: The file.
        finished: When it was finished.
    """

    job: ExportIdentity
    complete: bool
    reason: str | None
    mark: str | None
    layout: Any
    rows: int
    made: Written
    finished: str
    version: int = VERSION


def fingerprint(identity: Mapping[str, object]) -> str:
    """Sum up what a listing is filtered by."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


_WORDS = {
    "host": "the server",
    "project": "the project",
    "filters": "the filters",
    "page_size": "the page size",
    "format": "the format",
    "columns": "the columns",
    "flatten": "flatten",
    "raw": "raw",
    "since_last": "since_last",
    "only": "only",
}


def differences(one: ExportIdentity, other: ExportIdentity, *, but: frozenset[str] = frozenset()) -> str:
    """Name what differs between two exports, in words; empty if nothing does."""
    return ", ".join(
        word for name, word in _WORDS.items() if name not in but and getattr(one, name) != getattr(other, name)
    )


def write(value: Checkpoint | Receipt) -> bytes:
    """Write it as JSON on one line, with a sum of itself behind."""
    text = msgspec.json.encode(value)
    return text + b"\n" + hashlib.sha256(text).hexdigest().encode() + b"\n"


def read(data: bytes, kind: type[Checkpoint | Receipt]) -> Any:
    """Read what `write` wrote.

    Raises:
        ValueError: It is not whole, or of another version.
    """
    text, _, sum_ = data.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != sum_.strip():
        raise ValueError("it was changed, or is not whole")
    version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version")
    if version is None or bytes(version) != str(VERSION).encode():
        raise ValueError("another version of this package wrote it")
    return msgspec.json.decode(text, type=kind)

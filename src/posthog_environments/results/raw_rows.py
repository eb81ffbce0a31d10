"""Raw rows: the bytes of each person on a page, with the two fields that a paginator needs.

An export writes rows as the server sent them. Decoding and encoding each row would take most of the time, and lose what
the record does not keep.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from posthog_environments.results.decoding import lenient

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["Row", "RowPage", "person_of", "read_page", "uuid_of"]


class Row(msgspec.Struct, gc=False):
    """One person as the server sent it.

    Attributes:
        uuid: The uuid of the person.
        created_at: When the person was created; None if that is unreadable.
        raw: The JSON of the person, on one line.
    """

    uuid: str
    created_at: Any = None
    # Set after decoding. No server has a field of this name; its value would be overwritten.
    raw: Any = msgspec.field(default=b"", name="(as it came)")


class RowPage(msgspec.Struct, gc=False):
    """A page whose rows are not decoded."""

    results: list[msgspec.Raw]
    next: Any = None
    count: Any = None


_page = msgspec.json.Decoder(RowPage)
_row = msgspec.json.Decoder(Row)
_moment = datetime.fromisoformat


def read_page(content: bytes) -> tuple[list[Row], Any, int | None]:
    """Read the body of a page; return its rows, next link and total count.

    Raises:
        DecodeError: The body does not follow the contract.
    """
    try:
        # The decoder does not check the encoding of rows.
        if not content.isascii():
            content.decode("utf-8")
        page = _page.decode(content)
        rows = [_read(raw) for raw in page.results]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _slowly(content)
    if b"\n" in content or b"\r" in content:
        _onto_one_line(rows)
    return rows, page.next, page.count if page.count.__class__ is int else None


def _read(raw: msgspec.Raw) -> Row:
    row = _row.decode(raw)
    if not row.uuid:
        raise msgspec.ValidationError
    created = row.created_at
    if created is not None:
        try:
            created = _moment(created)
            row.created_at = created if created.tzinfo is not None else created.replace(tzinfo=UTC)
        except (TypeError, ValueError):
            from posthog_environments_api.records import timestamp

            row.created_at = timestamp(created)
    row.raw = raw
    return row


def _slowly(content: bytes) -> tuple[list[Row], Any, int | None]:
    """Read a page with the lenient reader, which raises the error; if it reads the page, keep the rows as they are."""
    from posthog_environments_api.models.person_page import PersonPage

    parsed = lenient(content, PersonPage)
    raws = msgspec.json.decode(content, type=dict[str, msgspec.Raw])["results"]
    rows = [
        Row(person.uuid, person.created_at, raw)
        for person, raw in zip(parsed.results, msgspec.json.decode(raws, type=list[msgspec.Raw]), strict=True)
    ]
    _onto_one_line(rows)
    return rows, parsed.additional_properties.get("next", parsed.next_), parsed.count


def _onto_one_line(rows: list[Row]) -> None:
    """Remove the white space between tokens; line breaks in strings are always escaped."""
    for row in rows:
        row.raw = msgspec.json.format(bytes(row.raw), indent=-1)


def person_of(raw: bytes) -> Person:
    """Read a row into a record.

    Raises:
        DecodeError: The row is not a person.
    """
    from posthog_environments_api.models import Person

    return lenient(raw, Person)


def uuid_of(raw: bytes) -> str:
    """Read only the uuid of a row.

    Raises:
        ValueError: The row has no uuid.
    """
    return _row.decode(raw).uuid

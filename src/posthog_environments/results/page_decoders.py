"""Fast decoding of pages: a strict decoder for each shape of rows that a server sends.

A page that no decoder accepts is read leniently. If its rows are alike, a decoder is made for their shape: the fields
of the contract that they have, and their other fields. So rows with unknown fields cost about as much as rows without.
A decoder accepts only what the lenient reader would read the same way; anything else takes the slow way each time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, Union, cast

import msgspec
from posthog_environments_api.records import (
    ABSENT,
    Additional,
    Field,
    Kind,
    Record,
    comes_in_rows,
    from_rows,
    keep,
    plan_of,
)

from posthog_environments.results.models import show_in_notebooks

__all__ = ["PageReader", "reader_of"]

R = TypeVar("R", bound=Record)

# Shapes that are kept for each kind of page, and how many are learned at most, so that a server whose rows are never
# alike costs no more than lenient reading.
_KEPT: Final = 4
_LESSONS: Final = 64
# Limits on the unknown fields of a row, which the server chooses.
_MOST_NAMES: Final = 32
_LONGEST_NAME: Final = 100

_PLAIN: Final[dict[str, Any]] = {
    "any": Any,
    "text": str,
    "filled": Annotated[str, msgspec.Meta(min_length=1)],
    "whole": int,
    "number": int | float,
    "boolean": bool,
    "object": dict[str, Any],
    "null": None,
    "moment": Annotated[datetime, msgspec.Meta(tz=True)],
}


@dataclass(frozen=True)
class Shape:
    """Fields that records of one shape have.

    Attributes:
        sent: Fields of the contract, which each record has.
        names: Unknown fields, which some records have.
    """

    sent: tuple[str, ...]
    names: tuple[str, ...] = ()


class PageReader(Generic[R]):
    """Reads pages of one kind. It is safe to share between threads.

    Args:
        kind: Record class of the page.
        rows: Its field that holds the rows.
        row: Record class of the rows.
    """

    def __init__(self, kind: type[R], rows: Field, row: type[Any]) -> None:
        self._kind = kind
        self._rows = rows
        self._row = row
        self._decoders: tuple[_PageDecoder, ...] = ()
        self._lessons = _LESSONS
        self._lock = threading.Lock()

    def read(self, content: bytes) -> R | None:
        """Read a page; return None if no decoder accepts it."""
        for decoder in self._decoders:
            try:
                page = decoder.decode(content)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            return self._made(decoder, page)
        return None

    def _made(self, decoder: _PageDecoder, page: Any) -> R:
        found = self._kind.__new__(self._kind)
        for field in plan_of(self._kind):
            if field is not self._rows:
                value = getattr(page, field.name)
                setattr(found, field.name, field.empty() if value is None and field.empty is not None else value)
        more = ((name, getattr(page, held)) for name, held in page.ADDITIONAL)
        found.additional_properties = Additional((name, value) for name, value in more if value is not ABSENT)
        found.additional_properties.sent = decoder.page_sent
        came = cast("list[Any]", getattr(page, self._rows.name))
        rows = from_rows(self._row, came, decoder.row_sent)
        if decoder.row.names:
            keep(rows, came)
        setattr(found, self._rows.name, rows)
        return found

    def learn(self, page: R) -> None:
        """Make a decoder for the shape of a page, if its rows are alike. The page was read leniently."""
        if self._lessons <= 0:
            return
        rows = cast("Sequence[Record]", getattr(page, self._rows.name))
        whole, row = shape_of([page], self._kind), shape_of(rows, self._row)
        if whole is None or row is None:
            return
        with self._lock:
            self._lessons -= 1
            # Rows without unknown fields keep a separate decoder.
            alike = [
                each
                for each in self._decoders
                if each.page == whole and each.row.sent == row.sent and bool(each.row.names) == bool(row.names)
            ]
            names = set(row.names).union(*(each.row.names for each in alike))
            if len(names) > _MOST_NAMES:
                return
            row = Shape(row.sent, tuple(sorted(names)))
            decoder = _PageDecoder(self._kind, self._rows, self._row, whole, row)
            others = [each for each in self._decoders if each not in alike]
            self._decoders = (decoder, *others)[:_KEPT]


def shape_of(records: Sequence[Record], kind: type[Record]) -> Shape | None:
    """Return the shape of records; None unless they are alike and were read without any correction."""
    if not records:
        return None
    known = {field.wire for field in plan_of(kind)}
    sent = cast("Additional", records[0].additional_properties).sent.keys()
    names: set[str] = set()
    for record in records:
        more = cast("Additional", record.additional_properties)
        if more.sent.keys() != sent or any(more.sent.values()) or not known.isdisjoint(more):
            return None
        names |= more.keys()
    if len(names) > _MOST_NAMES or any(len(name) > _LONGEST_NAME for name in names):
        return None
    return Shape(tuple(field.wire for field in plan_of(kind) if field.wire in sent), tuple(sorted(names)))


class _PageDecoder:
    """Strict decoder for pages of one shape, with rows of one shape."""

    def __init__(self, kind: type[Record], rows: Field, row_kind: type[Record], page: Shape, row: Shape) -> None:
        self.page, self.row = page, row
        self.page_sent = dict.fromkeys(page.sent)
        self.row_sent = dict.fromkeys(row.sent)
        row_struct = _struct(row_kind, row, {})
        struct = _struct(kind, page, {rows.name: list[row_struct]})  # type: ignore[valid-type]
        self.decode = msgspec.json.Decoder(struct).decode


def _attribute(place: int) -> str:
    """Return the struct attribute for an unknown field, whose name need not be an identifier."""
    return f"additional_{place}_"


def _struct(kind: type[Record], shape: Shape, given: dict[str, Any]) -> type[Any]:
    """Return a strict struct for a record class; fields that the shape lacks read None."""
    fields: list[Any] = []
    rename: dict[str, str] = {}
    absent: dict[str, Any] = {"ADDITIONAL": [(name, _attribute(place)) for place, name in enumerate(shape.names)]}
    for field in plan_of(kind):
        if field.wire not in shape.sent:
            absent[field.name] = None
            continue
        type_ = given.get(field.name) or strict(field.kind)
        if not field.required and field.empty is None and type_ is not Any:
            type_ = type_ | None
        fields.append((field.name, type_))
        rename[field.name] = field.wire
    for place, name in enumerate(shape.names):
        rename[_attribute(place)] = name
        fields.append((_attribute(place), Any, ABSENT))
    # Instances are short-lived and have no cycles, so the garbage collector can skip them.
    return msgspec.defstruct(
        f"Strict{kind.__name__}",
        fields,
        rename=rename,
        namespace=absent,
        forbid_unknown_fields=True,
        gc=False,
        kw_only=True,
    )


def strict(kind: Kind) -> Any:
    """Return the type with which a strict decoder accepts only values that need no correction.

    Raises:
        TypeError: There is no such type.
    """
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]
    if kind.name == "list":
        return list[strict(kind.parts[0])]  # type: ignore[misc]
    if kind.name == "enumeration":
        return Literal[kind.values]
    if kind.name == "either":
        return Union[tuple(strict(part) for part in kind.parts)]  # noqa: UP007 - made of a list
    raise TypeError(kind.name)


show_in_notebooks()
_readers: dict[type[Record], PageReader[Any] | None] = {}


def reader_of(kind: type[R]) -> PageReader[R] | None:
    """Return the reader for a record class; None if it is not a page, or no strict decoder can read its rows."""
    if kind not in _readers:
        _readers[kind] = _reader_of(kind)
    return _readers[kind]


def _reader_of(kind: type[R]) -> PageReader[R] | None:
    rows: list[tuple[Field, type[Any]]] = []
    for field in plan_of(kind):
        row = field.kind.parts[0].record if field.kind.name == "list" else None
        if row is None:
            if not _takes([field]):
                return None
        elif field.required and comes_in_rows(row) and _takes(plan_of(row)):
            rows.append((field, row))
        else:
            return None
    return PageReader(kind, *rows[0]) if len(rows) == 1 else None


def _takes(fields: Iterable[Field]) -> bool:
    try:
        msgspec.json.Decoder(msgspec.defstruct("Tried", [(field.name, strict(field.kind)) for field in fields]))
    except TypeError:
        return False
    return True

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""What all records share: how they are read from an answer, and how they are written again.

Reading is lenient: only what the contract requires can fail. What a response lacks reads None, or an empty list or dict
where the contract says so. What the contract does not know, and what cannot be read exactly as it was sent, is kept raw
in `additional_properties`, by its wire name. Writing gives every field that was sent, empty and null ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

from .kinds import (
    ANY,
    BOOLEAN,
    DATE,
    FILLED,
    MOMENT,
    NULL,
    NUMBER,
    OBJECT,
    TEXT,
    WHOLE,
    DecodeError,
    Kind,
    is_csv,
    is_usual,
    kind_of,
    list_of,
    one_of,
    plain,
    segment,
)
from .moments import timestamp

__all__ = [
    "ABSENT",
    "ANY",
    "BOOLEAN",
    "DATE",
    "FILLED",
    "MOMENT",
    "NULL",
    "NUMBER",
    "OBJECT",
    "TEXT",
    "WHOLE",
    "Additional",
    "DecodeError",
    "Field",
    "Kind",
    "Record",
    "comes_in_rows",
    "either",
    "from_rows",
    "is_csv",
    "keep",
    "kind_of",
    "list_of",
    "one_of",
    "plain",
    "plan_of",
    "record_of",
    "segment",
    "show_with",
    "timestamp",
    "write_fields",
]


class Field(NamedTuple):
    """A field of a record: its name in Python and on the wire, and what it reads where nothing was sent."""

    name: str
    wire: str
    kind: Kind
    required: bool = False
    empty: Callable[[], Any] | None = None


# How a value is written, and what was sent in its place, where the two differ; None where it could not be read.
_Odd: TypeAlias = tuple[Any, Any] | None
_Sent: TypeAlias = Mapping[str, _Odd]
# Which names came together, of each kind of record: a server decides of them, so that they are bounded.
_known: dict[tuple[type[Any], tuple[str, ...]], tuple[_Sent, tuple[str, ...]]] = {}
_MOST_KNOWN = 256
_MOST_NAMES = 64


class Additional(dict[str, Any]):
    """The additional properties of a record that was read, which remember what was sent.

    Attributes:
        sent: The wire names of the fields that were sent. With each stands None, or how the value that was read is
            written and what was sent in its place, where the two differ: a null that reads as an empty list, a moment
            in another spelling.
    """

    __slots__ = ("sent",)

    sent: _Sent


_NOTHING: _Sent = {}
# What reads empty where it is null, if the contract has no word for null there.
_EMPTY: dict[str, Callable[[], Any]] = {"list": list, "object": dict}
ABSENT: Any = object()
"""Stands where nothing was sent."""
_plans: dict[type[Record], tuple[Field, ...]] = {}


def plan_of(kind: type[Record]) -> tuple[Field, ...]:
    """Return the fields of a kind of record, in the contract's order."""
    found = _plans.get(kind)
    if found is None:
        found = _plans[kind] = kind._fields()
    return found


class Record:
    """What all records of the contract share."""

    # Of a row, until somebody asks for its additional properties: what was sent, and the object that has those of them
    # that the contract does not know. See `__getattr__` and `keep`.
    __slots__ = ("_row", "_sent")

    _show: ClassVar[Callable[[Record], str] | None] = None

    if TYPE_CHECKING:
        additional_properties: dict[str, Any]
        _sent: _Sent
        _row: Any

    @classmethod
    def _fields(cls) -> tuple[Field, ...]:
        raise NotImplementedError

    _from_rows: ClassVar[Any] = None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Make the additional properties of a row when they are first asked for."""
            if name != "additional_properties":
                raise AttributeError(
                    f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
                )
            sent = self._sent
            row = getattr(self, "_row", None)
            found = Additional()
            found.sent = sent
            for wire, attribute in () if row is None else row.ADDITIONAL:
                value = getattr(row, attribute)
                if value is not ABSENT:
                    found[wire] = value
            self.additional_properties = found  # type: ignore[misc]  # a slot of each subclass
            return found

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read it from decoded JSON, which is left as it is.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {kind_of(src_dict)}")
        odd: dict[str, _Odd] = {}
        found = cls.__new__(cls)
        get = src_dict.get
        for name, wire, kind, required, empty in _plans.get(cls) or plan_of(cls):
            value = get(wire, ABSENT)
            if value.__class__ not in kind.natives:
                if required:
                    value = _read_required(kind, value, wire, odd)
                elif value is not ABSENT:
                    value = _read_optional(kind, value, wire, odd)
                if value is None or value is ABSENT:
                    value = None if empty is None else empty()
            setattr(found, name, value)
        sent, more = _known_of(cls, tuple(src_dict))
        found._sent = sent  # noqa: SLF001 - it is one of ours
        if odd or more:
            found.additional_properties = _additional(src_dict, sent, more, odd)  # type: ignore[misc]  # as above
        return found

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does: what was sent, and what has been set since."""
        found = write_fields(self, plan_of(type(self)))
        found.update((wire, plain(value)) for wire, value in self.additional_properties.items())
        return found

    def _repr_html_(self) -> str | None:
        return None if Record._show is None else Record._show(self)

    @property
    def additional_keys(self) -> list[str]:
        """Names in `additional_properties`."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties


def show_with(function: Callable[[Record], str]) -> None:
    """Have notebooks show records as a function says, which gives HTML: how is a matter of the layer above."""
    Record._show = function  # noqa: SLF001 - it is ours


def comes_in_rows(kind: type[Record]) -> bool:
    """Tell whether `from_rows` makes records of a kind."""
    return kind._from_rows is not None  # noqa: SLF001 - it is ours


def from_rows(kind: type[Record], rows: Iterable[Any], sent: Mapping[str, None]) -> list[Any]:
    """Make records of objects that have the attributes of one, as a strict decoder makes them of rows that are alike.

    Args:
        kind: The kind of record; one that comes in rows, and in which no other record lies.
        rows: The objects.
        sent: The wire names of the fields that were sent.
    """
    made: list[Any] = kind._from_rows(rows, sent)  # noqa: SLF001 - it is ours
    return made


def keep(records: Iterable[Record], rows: Iterable[Any]) -> None:
    """Let records that `from_rows` has just made have what else is in their rows.

    Args:
        records: The records.
        rows: The objects of which they were made. `ADDITIONAL` of each has the names on the wire of what the contract
            does not know, each with the attribute that holds it; `ABSENT` there stands for what was not sent.
    """
    for record, row in zip(records, rows, strict=True):
        record._row = row  # noqa: SLF001 - they are ours


def write_fields(record: Record, fields: Iterable[Field]) -> dict[str, Any]:
    """Write some fields of a record, but for what is kept raw among its additional properties."""
    sent: _Sent = getattr(record.additional_properties, "sent", _NOTHING)
    found: dict[str, Any] = {}
    for name, wire, _, required, empty in fields:
        value = getattr(record, name)
        if wire in sent:
            written, kept = plain(value), sent[wire]
            found[wire] = kept[1] if kept is not None and kept[0] == written else written
        elif required or (value is not None and (empty is None or value)):
            found[wire] = plain(value)
    return found


def _known_of(kind: type[Record], names: tuple[str, ...]) -> tuple[_Sent, tuple[str, ...]]:
    """Part the names that came into fields of the contract and others. Rows that are alike share the answer."""
    found = _known.get((kind, names))
    if found is None:
        wires = [field.wire for field in plan_of(kind)]
        sent: _Sent = dict.fromkeys(wire for wire in wires if wire in names)
        found = sent, tuple(name for name in names if name not in sent)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        if len(names) <= _MOST_NAMES:
            _known[kind, names] = found
    return found


def _additional(
    src_dict: Mapping[str, Any], sent: _Sent, names: tuple[str, ...], odd: dict[str, _Odd]
) -> Additional:
    found = Additional((name, src_dict[name]) for name in names)
    found.sent = (
        {**sent, **{wire: spelt for wire, spelt in odd.items() if spelt is not None}} if odd else sent
    )
    for wire, spelt in odd.items():
        if spelt is None:
            found[wire] = src_dict[wire]
    return found


def _read_required(kind: Kind, raw: Any, wire: str, odd: dict[str, _Odd]) -> Any:
    try:
        value = kind.read(None if raw is ABSENT else raw)
    except DecodeError as error:
        problem = error.under(wire)
    else:
        _note(kind, value, raw, wire, odd)
        return value
    raise problem


def _read_optional(kind: Kind, raw: Any, wire: str, odd: dict[str, _Odd]) -> Any:
    """Read what may be missing; None, with a note of it, if it is something else."""
    if raw is None:
        if kind.name in _EMPTY:
            # It reads as an empty list or object, and is not the same as one.
            odd[wire] = (_EMPTY[kind.name](), None)
        return None
    try:
        value = kind.read(raw)
    except DecodeError:
        odd[wire] = None
        return None
    _note(kind, value, raw, wire, odd)
    return value


def _note(kind: Kind, value: Any, raw: Any, wire: str, odd: dict[str, _Odd]) -> None:
    """Note a value that would be written in another spelling than it came in."""
    if not kind.exact and not (kind is MOMENT and is_usual(raw, value)):
        written = plain(value)
        if written != raw:
            odd[wire] = (written, raw)


def record_of(record: type[Record]) -> Kind:
    """Return the kind of a record."""
    return Kind("record", record.from_dict, record=record)


def either(*kinds: Kind) -> Kind:
    """Return the kind of what may be of several kinds. A record among several is chosen by its keys."""
    records = [kind.record for kind in kinds if kind.record is not None]
    others = [kind for kind in kinds if kind.record is None]

    def read(raw: Any) -> Any:
        if raw.__class__ is dict and records:
            record = records[0] if len(records) == 1 else _chosen(raw, records)
            if record is not None:
                return record.from_dict(raw)
        for kind in others:
            try:
                return kind.read(raw)
            except DecodeError:
                continue
        raise DecodeError(f"expected something else, got {kind_of(raw)}")

    # What is a value of one kind as it is, is one of them.
    natives = frozenset[type[Any]]().union(*(kind.natives for kind in kinds)) - ({dict} if records else set())
    return Kind("either", read, natives, all(kind.exact for kind in others), kinds)


def _chosen(raw: dict[str, Any], records: list[type[Record]]) -> type[Record] | None:
    """Return the kind of record whose required keys are all there, and of several the one that knows most keys."""
    best: type[Record] | None = None
    most = -1
    for record in records:
        fields = plan_of(record)
        if all(_allows(field, raw) for field in fields):
            known = sum(field.wire in raw for field in fields)
            if known > most:
                best, most = record, known
    return best


def _allows(field: Field, raw: dict[str, Any]) -> bool:
    if field.wire not in raw:
        return not field.required
    # A constant tells one record from another.
    return len(field.kind.values) != 1 or raw[field.wire] == field.kind.values[0]

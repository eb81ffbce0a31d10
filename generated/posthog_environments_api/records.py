# Written by scripts/generate.py from openapi.yaml: do not edit.
"""What all records share: how they are read from an answer, and how they are written again.

Reading is lenient: only what the contract requires can fail. What a response lacks reads None, or an empty list or dict
where the contract says so. What the contract does not know, and what cannot be read exactly as it was sent, is kept raw
in `additional_properties`, by its wire name. Writing gives every field that was sent, empty and null ones too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias
from urllib.parse import quote

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


class DecodeError(ValueError):
    """An answer is not what the contract says. No value of the answer is in the message.

    Attributes:
        path: Where, such as `results[3].uuid`; empty for the whole.
        reason: What was expected, and what came.
        index: Number of the row, from 0, where the answer is a list of rows and one of them is at fault.
    """

    def __init__(self, reason: str, path: str = "", index: int | None = None) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason
        self.path = path
        self.index = index

    def __reduce__(self) -> tuple[type[DecodeError], tuple[str, str, int | None]]:
        return type(self), (self.reason, self.path, self.index)

    def under(self, name: str, index: int | None = None) -> DecodeError:
        """Return the same error as seen from one level up."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return DecodeError(self.reason, f"{name}{joint}{self.path}", self.index if index is None else index)


class Kind(NamedTuple):
    """How the values of a field are read.

    Attributes:
        name: What they are.
        read: Reads decoded JSON, or raises a `DecodeError`.
        natives: The classes whose instances are values as they are; others have to be looked into.
        exact: Whether writing a value always gives what was read.
        parts: The kinds within.
        record: The class of the record, for a record.
        values: The values that there are, for an enumeration.
    """

    name: str
    read: Callable[[Any], Any]
    natives: frozenset[type[Any]] = frozenset()
    exact: bool = True
    parts: tuple[Kind, ...] = ()
    record: type[Record] | None = None
    values: tuple[Any, ...] = ()


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
    if not kind.exact and not (kind is MOMENT and _is_usual(raw, value)):
        written = plain(value)
        if written != raw:
            odd[wire] = (written, raw)


# ------------------------------------------------------------------------------------------------ kinds of values


def _filled(raw: Any) -> str:
    if raw.__class__ is not str:
        raise DecodeError(f"expected a text, got {kind_of(raw)}")
    if not raw:
        raise DecodeError("it is empty")
    return raw


def _number(raw: Any) -> int | float:
    if raw.__class__ is float or raw.__class__ is int:
        return raw
    raise DecodeError(f"expected a number, got {kind_of(raw)}")


def _moment(raw: Any) -> datetime:
    found = timestamp(raw)
    if found is None:
        raise DecodeError(f"expected a moment, got {kind_of(raw)}")
    return found


def _is_usual(text: str, moment: datetime) -> bool:
    """Tell whether a moment is spelt as servers do, and as `plain` does: quicker than to write it."""
    return (
        text[-1] == "Z"
        and text[10] == "T"
        and text[4] == text[7] == "-"
        and (len(text) == 20 or (len(text) == 27 and moment.microsecond > 0))
    )


def _date(raw: Any) -> date:
    if raw.__class__ is str:
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise DecodeError(f"expected a date, got {kind_of(raw)}")


def _plain_kind(kind: type[Any], name: str, words: str) -> Kind:
    def read(raw: Any) -> Any:
        if raw.__class__ is kind:
            return raw
        raise DecodeError(f"expected {words}, got {kind_of(raw)}")

    return Kind(name, read, frozenset({kind}))


ANY = Kind("any", lambda raw: raw, frozenset({str, int, float, bool, list, dict}))
NULL = _plain_kind(type(None), "null", "null")
TEXT = _plain_kind(str, "text", "a text")
FILLED = Kind("filled", _filled)
WHOLE = _plain_kind(int, "whole", "a whole number")
NUMBER = Kind("number", _number, frozenset({int, float}))
BOOLEAN = _plain_kind(bool, "boolean", "a boolean")
OBJECT = _plain_kind(dict, "object", "an object")
MOMENT = Kind("moment", _moment, exact=False)
DATE = Kind("date", _date, exact=False)


def one_of(*values: Any) -> Kind:
    """Return the kind of an enumeration; what is not in it is kept raw."""
    known = {(value.__class__, value) for value in values}

    def read(raw: Any) -> Any:
        if raw.__class__ in (str, int) and (raw.__class__, raw) in known:
            return raw
        raise DecodeError(f"expected a value that the contract names, got {kind_of(raw)}")

    return Kind("enumeration", read, values=values)


def list_of(kind: Kind) -> Kind:
    """Return the kind of a list; one element that cannot be read makes the whole unreadable."""
    read_one, natives = kind.read, kind.natives

    def read(raw: Any) -> list[Any]:
        if raw.__class__ is not list:
            raise DecodeError(f"expected a list, got {kind_of(raw)}")
        if natives.issuperset(map(type, raw)):
            return raw
        found: list[Any] = []
        try:
            found.extend(map(read_one, raw))
        except DecodeError as error:
            problem = error.under(f"[{len(found)}]", len(found) if kind.record else None)
        else:
            return found
        raise problem

    return Kind("list", read, exact=kind.exact, parts=(kind,))


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


def kind_of(value: object) -> str:
    """Name the kind of a JSON value, for messages."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


# ------------------------------------------------------------------------------------------------ writing


def plain(value: Any) -> Any:
    """Turn records and times inside a value into what JSON knows; a moment in UTC ends in Z, as servers write it."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, date):
        text = value.isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text
    write = getattr(value, "to_dict", None)
    return value if write is None else write()


def segment(value: object) -> str:
    """Write a value as one segment of a path.

    Raises:
        ValueError: It is empty or made of dots, so that the path would lead elsewhere.
    """
    text = str(value).lower() if isinstance(value, bool) else str(plain(value))
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot stand in a path; it would lead to another operation.")
    return quote(text, safe="@")


def is_csv(content_type: str) -> bool:
    """Tell whether an answer is CSV, which is asked for and not parsed."""
    return content_type.partition(";")[0].strip().lower() == "text/csv"


# ------------------------------------------------------------------------------------------------ moments
def timestamp(value: Any) -> datetime | None:
    """Read a moment as an aware datetime, or None where it is not one; never raise.

    Servers write ISO, with Z, an offset or none (then UTC), and "2020-01-01 10:00:00 UTC". Other text is read if it
    holds a whole date in an order that cannot be mistaken: year first, or the month by name. Nothing is made up: "10",
    "Wed" and "2020-13-01" are None, as is what is not text.
    """
    if not isinstance(value, str) or not 8 <= len(value) <= 64:
        return None
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = _plain_utc(value) or _by_dateutil(value)
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _plain_utc(text: str) -> datetime | None:
    for name in (" UTC", " GMT"):
        if text.endswith(name):
            try:
                value = datetime.fromisoformat(text.removesuffix(name))
            except ValueError:
                return None
            return value if value.tzinfo is None else None
    return None


_YEAR_FIRST = re.compile(r"\s*([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})(?![0-9])")
_MONTH_NAME = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)


def _by_dateutil(text: str) -> datetime | None:
    match = _YEAR_FIRST.match(text)
    if not (text.isascii() and text.isprintable()) or not (
        match or (_MONTH_NAME.search(text) and re.search(r"\b[0-9]{4}\b", text))
    ):
        return None
    from dateutil import parser

    def zone(name: str | None, offset: int | None) -> timezone | None:
        if offset is None:
            if name is None:
                return None
            raise ValueError(f"the time zone {name} is not known")
        return timezone(timedelta(seconds=offset))

    try:
        # A part that is missing comes from the default, so two unlike defaults give unlike dates.
        found = parser.parse(text, default=datetime(2000, 1, 1, tzinfo=UTC), tzinfos=zone)
        other = parser.parse(text, default=datetime(2004, 2, 2, tzinfo=UTC), tzinfos=zone)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        return None
    if found.date() != other.date() or f"{found.year:04d}" not in text:
        return None
    if match and (found.year, found.month, found.day) != (int(match[1]), int(match[3]), int(match[4])):
        return None
    return found

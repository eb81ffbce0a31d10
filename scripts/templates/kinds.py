"""The kinds of values that fields of records have: how they are read from JSON, and how values are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from .moments import timestamp

if TYPE_CHECKING:
    from .records import Record

__all__ = [
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
    "DecodeError",
    "Kind",
    "is_csv",
    "is_usual",
    "kind_of",
    "list_of",
    "one_of",
    "plain",
    "segment",
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


def is_usual(text: str, moment: datetime) -> bool:
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


def kind_of(value: object) -> str:
    """Name the kind of a JSON value, for messages."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


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

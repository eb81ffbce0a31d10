"""An answer, and how its parts are read. Written by scripts/generate.py: do not edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from .errors import DecodeError

__all__ = [
    "Response",
    "as_html",
    "as_markup",
    "kind_of",
    "loads",
    "parse",
    "plain",
    "record",
    "records",
    "rows",
    "segment",
    "timestamp",
]

T = TypeVar("T")


@dataclass(slots=True)
class Response(Generic[T]):
    """An answer. `parsed` is None unless the contract has a JSON body for the status, and the status is a success."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]
    parsed: T | None


def segment(value: object) -> str:
    """Write a value as one segment of a path.

    Raises:
        ValueError: It is empty or made of dots, so that the path would lead elsewhere.
    """
    text = str(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot stand in a path; it would lead to another operation.")
    return quote(text, safe="@")


def loads(content: bytes) -> Any:
    """Decode JSON. Integers of any size stay exact, or are refused; they never become floats."""
    import msgspec

    try:
        return msgspec.json.decode(content)
    except RecursionError:
        reason = "the JSON is nested too deep"
    except msgspec.DecodeError as error:
        reason = f"the JSON cannot be read: {error}"
    except UnicodeDecodeError:
        reason = "the JSON is not UTF-8"
    raise DecodeError(reason)


def parse(status_code: int, content: bytes, read: Callable[[Any], T], whole: type[T] | None = None) -> T:
    """Decode an answer and read it as a record; whatever is wrong with it ends in a `DecodeError`.

    The record is built while its bytes are read if `whole` is given, and the answer is what the contract says, with no
    more than what servers are known to add. What is not goes the long way, which finds out what is wrong with it, or
    that nothing is.
    """
    if whole is not None:
        found = _built(content, whole)
        if found is not None:
            return found
    try:
        return read(loads(content))
    except DecodeError as error:
        problem = DecodeError(error.reason, error.path, error.index, status_code, content)
    except RecursionError:
        problem = DecodeError("it is nested too deep", "", None, status_code, content)
    raise problem


_decoders: dict[type[Any], Any] = {}


def _decoded(content: bytes, kind: type[T]) -> T:
    import msgspec

    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    found: T = decoder.decode(content)
    return found


def _built(content: bytes, kind: type[T]) -> T | None:
    """Build a record while its bytes are read: one just as the contract says, or with what servers are known to add."""
    import msgspec

    try:
        return _decoded(content, kind)
    except msgspec.ValidationError:
        sent = getattr(kind, "_sent", None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if sent is None:
        return None
    try:
        found: T = sent.records([_decoded(content, sent)])[0]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def kind_of(value: object) -> str:
    """Name the kind of a JSON value, for messages."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def rows(value: Any, name: str, read: Callable[[Any], T]) -> list[T]:
    """Read a list that must be there, each element as a record."""
    if value.__class__ is not list:
        raise DecodeError(f"expected a list, got {kind_of(value)}", name)
    found: list[T] = []
    try:
        found.extend(map(read, value))
    except DecodeError as error:
        index = len(found)
        path = f"{name}[{index}]" + (f".{error.path}" if error.path else "")
        problem = DecodeError(error.reason, path, index)
    else:
        return found
    raise problem


def records(value: Any, read: Callable[[Any], T]) -> list[T] | None:
    """Read a list that may be there; None if it is something else."""
    if value.__class__ is not list:
        return None
    try:
        return list(map(read, value))
    except DecodeError:
        return None


def record(value: Any, read: Callable[[Any], T]) -> T | None:
    """Read a record that may be there; None if it is something else."""
    try:
        return read(value)
    except DecodeError:
        return None


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


def plain(value: Any) -> Any:
    """Turn records and times inside a value into what JSON knows."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    write = getattr(value, "to_dict", None)
    return value if write is None else write()


# What could repaint a page, turn the direction of writing or not be written as UTF-8.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_CELL = "text-align:left;vertical-align:top;padding:2px 8px;border:1px solid rgba(128,128,128,.35)"
_ROWS = 30


def as_markup(value: Any, most: int = 100) -> str:
    """Write a value as a piece of HTML that is text and nothing else; what is cut stands whole in its title."""
    from html import escape

    try:
        text, faint = _as_text(value)
    except Exception as error:
        text, faint = f"{type(value).__name__} that cannot be shown: {type(error).__name__}", True
    line = _ODD.sub(lambda m: m.group().encode("unicode_escape").decode("ascii"), text[:5000])
    whole = line if len(text) <= 5000 else line + "…"
    if len(line) > most:
        return f'<span title="{escape(whole)}">{escape(line[: most - 1])}…</span>'
    return f'<span style="opacity:.65">{escape(line)}</span>' if faint else escape(line)


def _as_text(value: Any) -> tuple[str, bool]:
    """Write a value as people read it; True if the text stands for something that is no text."""
    if isinstance(value, str):
        return (value, False) if value.strip() else (repr(value), True)
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds")
        return text.removesuffix("+00:00") + " UTC" if text.endswith("+00:00") else text, False
    if value is None or isinstance(value, (int, float)):
        return str(value), value is None
    import json

    value = plain(value)
    return json.dumps(value, ensure_ascii=False, default=str), not value


def as_html(record: Any) -> str:
    """Write a record as a table of names and values, for notebooks. No script, nothing from elsewhere."""
    from html import escape

    fields = {name: getattr(record, name) for name in type(record).__struct_fields__}
    if not fields.get("additional_properties"):
        fields.pop("additional_properties", None)
    return f"<div><strong>{escape(type(record).__name__)}</strong>{_pairs(fields, inner=False)}</div>"


def _pairs(values: Mapping[Any, Any], *, inner: bool) -> str:
    rows = []
    for name, value in list(values.items())[:_ROWS]:
        nested = not inner and isinstance(value, Mapping) and value
        shown = _pairs(value, inner=True) if nested else as_markup(value)
        head = f'<th scope="row" style="{_CELL};font-weight:600">{as_markup(name, 40)}</th>'
        rows.append(f'<tr>{head}<td style="{_CELL}{";padding:0" if nested else ""}">{shown}</td></tr>')
    if len(values) > _ROWS:
        rows.append(f'<tr><td colspan="2" style="{_CELL}">… and {len(values) - _ROWS:,} more</td></tr>')
    return f'<table style="border-collapse:collapse;margin:0"><tbody>{"".join(rows)}</tbody></table>'

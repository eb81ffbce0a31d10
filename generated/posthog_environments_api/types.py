"""An answer, and how its parts are read. Written by scripts/generate.py: do not edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from .errors import DecodeError

__all__ = ["Response", "kind_of", "loads", "parse", "record", "records", "rows", "segment", "timestamp"]

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


# A run of 20 digits, the least that an integer beyond 64 bits has, shows as 5 digits in every fourth byte.
_DIGITS = bytes(48 if 48 <= byte <= 57 else 0 for byte in range(256))
_BIG = re.compile(rb"[0-9]{19}")


def loads(content: bytes) -> Any:
    """Decode JSON. Integers of any size stay exact; orjson would make floats of those beyond 64 bits."""
    import orjson

    try:
        value = orjson.loads(content)
        if b"00000" in content[::4].translate(_DIGITS) and _BIG.search(content):
            import json

            value = json.loads(content)
    except RecursionError:
        raise DecodeError("the JSON is nested too deep") from None
    except ValueError as error:
        raise DecodeError("the JSON cannot be read: " + _why(error)) from None
    return value


def _why(error: ValueError) -> str:
    position = getattr(error, "pos", None)
    return "a number in it is too large" if position is None else f"{getattr(error, 'msg', '')} at {position}"


def parse(status_code: int, content: bytes, read: Callable[[Any], T]) -> T:
    """Decode an answer and read it as a record; whatever is wrong with it ends in a `DecodeError`."""
    try:
        return read(loads(content))
    except DecodeError as error:
        problem = DecodeError(error.reason, error.path, error.index, status_code, content)
    except RecursionError:
        problem = DecodeError("it is nested too deep", "", None, status_code, content)
    raise problem


def kind_of(value: object) -> str:
    """Name the kind of a JSON value, for messages."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def rows(value: Any, name: str, read: Callable[[Any], T]) -> list[T]:
    """Read a list that must be there, each element as a record."""
    if value.__class__ is not list:
        raise DecodeError(f"expected a list, got {kind_of(value)}", name)
    try:
        return list(map(read, value))
    except DecodeError:
        pass
    for index, element in enumerate(value):
        try:
            read(element)
        except DecodeError as error:
            path = f"{name}[{index}]" + (f".{error.path}" if error.path else "")
            raise DecodeError(error.reason, path, index) from None
    raise AssertionError("reading the same twice gave two results")


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
    """Read a moment; None if it cannot be read. Without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return _odd_timestamp(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_ODD = re.compile(r"(?a)\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(:\d\d(\.\d+)?)? ?(UTC|GMT|Z|[+-]\d\d(:?\d\d)?)?")


def _odd_timestamp(value: Any) -> datetime | None:
    """Read the forms that some servers write: `2026-01-02 3:04:05.6 UTC`."""
    if not isinstance(value, str) or len(value) > 50 or not _ODD.fullmatch(value):
        return None
    from dateutil import parser

    try:
        moment = parser.parse(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)

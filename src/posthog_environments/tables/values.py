"""JSON values: how they are encoded without loss, and which kind of column holds one exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

__all__ = [
    "FITS",
    "Cell",
    "CellKind",
    "PropertyKind",
    "fit_text",
    "kind_of",
    "kind_of_all",
    "to_json",
]

CellKind = Literal["text", "date", "timestamp", "local", "texts", "json", "bool", "int64", "float64"]
"""The kinds of columns: `timestamp` is a time in UTC in microseconds, `local` a time in the time zone of the project,
`texts` a list of texts, `json` JSON as text."""
PropertyKind = Literal["text", "json", "bool", "int64", "float64"]
"""The kinds of columns of properties."""
Cell: TypeAlias = "str | date | datetime | list[str] | bool | int | float | None"

_EXACT: Final = 2**53
"""Up to here floats can tell all integers apart."""


def to_json(value: object) -> str:
    """Encode a value as JSON. The order of keys is kept, and integers of any size are exact.

    Raises:
        ValueError: It is nested too deeply.
    """
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return _in_new_thread(value)


def _in_new_thread(value: object) -> str:
    """Encode a deeply nested value in a new thread, where the stack is empty."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        try:
            return thread.submit(msgspec.json.encode, value).result().decode()
        except RecursionError:
            raise ValueError("A value is nested too deeply to be written as JSON.") from None


def fit_text(value: Any) -> tuple[str, bool]:
    """Return any value as text, and whether the text is exact."""
    return (value, True) if value.__class__ is str else (to_json(value), False)


def _fit_json(value: Any) -> tuple[str, bool]:
    return to_json(value), True


def _fit_bool(value: Any) -> tuple[bool | None, bool]:
    return (value, True) if value.__class__ is bool else (None, False)


def _fit_int(value: Any) -> tuple[int | None, bool]:
    if value.__class__ is float and value.is_integer() and abs(value) <= _EXACT and str(value) != "-0.0":
        value = int(value)
    return (value, True) if value.__class__ is int and -(2**63) <= value < 2**63 else (None, False)


def _fit_float(value: Any) -> tuple[float | None, bool]:
    if value.__class__ is int and abs(value) <= _EXACT:
        value = float(value)
    return (value, True) if value.__class__ is float and value - value == 0 else (None, False)


FITS: Final[Mapping[str, Callable[[Any], tuple[Cell, bool]]]] = {
    "text": fit_text,
    "json": _fit_json,
    "bool": _fit_bool,
    "int64": _fit_int,
    "float64": _fit_float,
}


def kind_of(value: Any) -> PropertyKind:
    """Return the kind of column that holds a value exactly."""
    kinds: dict[type, PropertyKind] = {str: "text", bool: "bool", int: "int64", float: "float64"}
    kind = kinds.get(value.__class__, "json")
    return kind if FITS[kind](value)[1] else "json"


def kind_of_all(kinds: Iterable[PropertyKind]) -> PropertyKind:
    """Return the kind of a column from those of its values. A property that was always null is text."""
    found = set(kinds)
    if found == {"int64", "float64"}:
        return "float64"
    return found.pop() if len(found) == 1 else "json" if found else "text"

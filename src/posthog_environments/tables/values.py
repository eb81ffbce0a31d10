"""Values of JSON: written without loss, and which kind of column holds one exactly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, cast

__all__ = [
    "FITS",
    "Cell",
    "CellKind",
    "PropertyKind",
    "encodable",
    "fit_text",
    "from_json",
    "kind_of",
    "kind_of_all",
    "to_json",
]

CellKind = Literal["text", "timestamp", "local", "texts", "json", "bool", "int64", "float64"]
"""What a column holds: `timestamp` a moment in UTC to the microsecond, `local` one as the project's clock shows it,
`texts` a list of texts, `json` JSON as text."""
PropertyKind = Literal["text", "json", "bool", "int64", "float64"]
"""What a column of a property holds."""
Cell: TypeAlias = "str | datetime | list[str] | bool | int | float | None"

_EXACT: Final = 2**53
"""Up to here each whole number has a float of its own."""


def to_json(value: object) -> str:
    """Write a value as JSON, in its own order; whole numbers of any size stay exact.

    Raises:
        ValueError: It holds NaN or infinity, for which JSON has no word, or is nested too deep.
    """
    import msgspec

    try:
        text = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        # Half of a surrogate pair: no UTF-8 has it, but JSON can spell it.
        return _spelt(value)
    except RecursionError:
        return _from_a_flat_stack(value)
    # Here a null may stand for a number that is none.
    return _spelt(value) if "null" in text and _has_no_number(value) else text


def _spelt(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise ValueError(f"A value cannot be written as JSON: {error}") from None


def _from_a_flat_stack(value: object) -> str:
    """Write what was read on a flatter stack than this one; a new thread has the flattest."""
    from concurrent.futures import ThreadPoolExecutor

    import msgspec

    with ThreadPoolExecutor(1) as thread:
        try:
            return thread.submit(msgspec.json.encode, value).result().decode()
        except RecursionError:
            raise ValueError("A value is nested too deep to be written as JSON.") from None


def _has_no_number(value: object) -> bool:
    """Tell whether NaN or infinity is somewhere in a value."""
    if isinstance(value, float):
        return value - value != 0
    if isinstance(value, Mapping):
        return any(map(_has_no_number, cast("Mapping[Any, object]", value).values()))
    return isinstance(value, (list, tuple)) and any(map(_has_no_number, cast("Sequence[object]", value)))


def from_json(text: str) -> Any:
    """Read what `to_json` wrote.

    Raises:
        ValueError: It is no JSON.
    """
    import msgspec

    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        # As `_spelt` writes it; msgspec refuses half of a surrogate pair.
        return json.loads(text)


def encodable(text: str) -> bool:
    """Tell whether a text can be written as UTF-8, which half of a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fit_text(value: Any) -> tuple[str, bool]:
    """Show any value as text; True if the text is exact."""
    if value.__class__ is str and encodable(value):
        return value, True
    return to_json(value), False


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
    """Name the kind of column that holds a value exactly."""
    kinds: dict[type, PropertyKind] = {str: "text", bool: "bool", int: "int64", float: "float64"}
    kind = kinds.get(value.__class__, "json")
    return kind if FITS[kind](value)[1] else "json"


def kind_of_all(kinds: Iterable[PropertyKind]) -> PropertyKind:
    """Choose the kind of a column from those of its values; a property that was always null is text."""
    found = set(kinds)
    if found == {"int64", "float64"}:
        return "float64"
    return found.pop() if len(found) == 1 else "json" if found else "text"

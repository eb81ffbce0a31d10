"""Checks of arguments that several operations share. Pure; each raises before anything is sent."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from posthog_environments.query.texts import check_unicode

if TYPE_CHECKING:
    from posthog_environments_api.records import Record

__all__ = [
    "UUID_TEXT",
    "body_names",
    "extras",
    "flag",
    "given",
    "json_object",
    "json_text",
    "moment",
    "person_key",
    "positive",
    "present",
    "query_names",
    "text",
    "whole",
    "with_body",
    "with_query",
]

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_ID = 2**63 - 1
T = TypeVar("T")
Fields = TypeVar("Fields", bound=Mapping[str, Any])


def person_key(value: object) -> str:
    """Return what names a person in a path: the digits of an integer id, or a uuid.

    Raises:
        TypeError: It is neither an int, a str, a `uuid.UUID` nor a person.
        ValueError: It is, but names no person; such a path could collapse or hit something else.
    """
    if isinstance(value, bool):
        raise TypeError("id must be an integer, a uuid or a Person, not a bool.")
    if isinstance(value, UUID):
        return UUID.__str__(value)
    if isinstance(value, int):
        return _integer_id(value)
    if isinstance(value, str):
        if UUID_TEXT.fullmatch(value):
            return value.lower()
        # With leading zeros it is more likely a number of the user's own than an id of the server.
        if _DIGITS.fullmatch(value):
            return _integer_id(int(value))
        raise ValueError(
            "id must be the digits of a positive integer or a uuid like 095be615-a8ad-4c33-8e9c-c7612fbf6c9f. "
            "To find a person by a distinct id or email, use persons.list(distinct_id=…) or persons.list(email=…)."
        )
    uuid = getattr(value, "uuid", None)
    if isinstance(uuid, str) and UUID_TEXT.fullmatch(uuid):
        return uuid.lower()
    raise TypeError(f"id must be an integer, a uuid or a Person, not {type(value).__name__}.")


def _integer_id(value: int) -> str:
    if 0 < value <= _MAX_ID:
        return int.__repr__(value)  # an enumeration may write its members otherwise
    raise ValueError(
        f"id must be above 0 and below 2**63, not {value if abs(value) < 2**70 else 'a number that large'}."
    )


def text(name: str, value: str | None) -> str | None:
    """Check an optional text. An empty one is refused, because servers read it as no condition."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}.")
    if not value:
        raise ValueError(f"{name} is empty, which servers take as not given. Leave it out, or pass None.")
    check_unicode(value, name)
    return value


def flag(name: str, value: bool | None) -> bool | None:
    """Check an optional bool."""
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}.")
    return value


def whole(name: str, value: int, least: int = 0, most: int = _MAX_ID) -> int:
    """Check a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}.")
    if not least <= value <= most:
        raise ValueError(
            f"{name} must be at least {least}{'' if most == _MAX_ID else f' and at most {most}'}, not {value}."
        )
    return value


def moment(name: str, value: datetime | None) -> datetime | None:
    """Check an optional moment. It must have an offset from UTC."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime, not {type(value).__name__}.")
    if value.utcoffset() is None:
        raise ValueError(f"{name} must have a time zone, such as datetime(2026, 1, 31, tzinfo=timezone.utc).")
    return value


def positive(name: str, value: int) -> int:
    """Check a whole number of at least 1, such as a page size."""
    return whole(name, value, 1, 1_000_000)


def json_object(name: str, value: object) -> dict[str, Any]:
    """Return a mapping as JSON can hold it: dates as ISO text, uuids as text, sequences as lists.

    Raises:
        TypeError: It is no mapping, or holds something that JSON cannot; the message names the place.
        ValueError: A number in it is not finite.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping of names to values, not {type(value).__name__}.")
    items = cast("Mapping[object, object]", value).items()
    return {_name(name, key): _jsonable(f"{name}[{key!r}]", item) for key, item in items}


def _name(place: str, key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{place} has a name that is not a str but {type(key).__name__}.")
    check_unicode(key, place)
    return key


def _jsonable(place: str, value: object) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        check_unicode(value, place)
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place} is {value!r}, which JSON cannot hold.")
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return json_object(place, cast("Mapping[object, object]", value))
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        items = cast("Sequence[object]", value)
        return [_jsonable(f"{place}[{index}]", item) for index, item in enumerate(items)]
    kind = str(type(value).__name__)  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"{place} is a {kind}, which JSON cannot hold. Turn it into a str or number first.")


def given(value: T | None) -> T:
    """Type an optional value as one that was given; `present` leaves it out if it was not."""
    return cast("T", value)


def present(fields: Fields) -> Fields:
    """Return a TypedDict without the fields that are None."""
    return cast("Fields", {name: value for name, value in fields.items() if value is not None})


@cache
def query_names(endpoint: Callable[..., dict[str, Any]]) -> frozenset[str]:
    """Return the names of the query parameters of a generated function.

    `format` is always among them, because it decides how the response is read.
    """
    parameters = inspect.signature(endpoint).parameters.values()
    named = {each.name.removesuffix("_") for each in parameters if each.kind is each.KEYWORD_ONLY}
    return frozenset(named - {"body"} | {"format"})


def body_names(record: type[Record]) -> frozenset[str]:
    """Return the names of the fields of a generated record, as a body has them."""
    from posthog_environments_api.records import plan_of

    return frozenset(field.wire for field in plan_of(record))


def extras(argument: str, wanted: Mapping[str, Any] | None, named: frozenset[str]) -> dict[str, Any]:
    """Check `extra_query` or `extra_body`: what a newer server knows and the contract does not.

    Raises:
        ValueError: It repeats a name that the contract has, and so an argument.
    """
    checked = {} if wanted is None else json_object(argument, wanted)
    repeated = sorted(named & checked.keys())
    if repeated:
        raise ValueError(f"{argument} repeats {', '.join(repeated)}; use the argument of the method for it.")
    return checked


def with_query(request: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Add checked extras to the query of a request that the generated client built."""
    if extra:
        request["params"] = {**request.get("params", {}), **extra}
    return request


def with_body(request: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Add checked extras to the body of a request that the generated client built."""
    if extra:
        request["json"] = {**request.get("json", {}), **extra}
    return request


def json_text(value: Sequence[Any] | Mapping[str, Any] | None) -> str | None:
    """Write a value as the JSON text that goes into a query; None stays out of it."""
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

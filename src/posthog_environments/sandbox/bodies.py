"""Request bodies: read and write JSON and forms; refuse JSON that the database cannot store."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NoReturn, cast

from posthog_environments.sandbox.problems import unreadable


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def parse(data: str | bytes) -> Any:
    """Read JSON; raise ValueError if it is invalid or cannot be stored as UTF-8."""
    text = data.decode() if isinstance(data, bytes) else data
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        # json.loads accepts lone surrogates, which UTF-8 and the database do not.
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def write(value: object) -> str:
    """Write JSON as compact text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def object_of(data: bytes) -> dict[str, Any]:
    """Read a body that is a JSON object or empty."""
    if not data.strip():
        return {}
    value = value_of(data)
    if not isinstance(value, dict):
        raise unreadable("The body must be a JSON object.")
    return cast("dict[str, Any]", value)


def value_of(data: bytes) -> object:
    """Read a body that is any JSON value."""
    try:
        return cast("object", parse(data))
    except ValueError as error:
        raise unreadable(f"The body is not JSON: {error}.") from None


def form_of(content_type: str, data: bytes) -> dict[str, str]:
    """Read the text fields of a multipart form; files are ignored."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + data
    )
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None:
            fields[name] = str(part.get_content()).removesuffix("\n")
    return fields


def truth(value: object) -> bool:
    """Read a flag from the query or a body."""
    return value is True or (isinstance(value, str) and value.lower() in {"true", "1"})

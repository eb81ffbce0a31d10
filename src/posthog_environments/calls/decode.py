"""Decoding: read the body of a response, or raise `MalformedResponseError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from posthog_environments.calls.messages import Call, ServerResponse
from posthog_environments.errors import MalformedResponseError, printable

if TYPE_CHECKING:
    from posthog_environments_api.records import Record

    R = TypeVar("R", bound=Record)

__all__ = ["decode", "decode_record"]

T = TypeVar("T")


def decode(call: Call, response: ServerResponse, read: Callable[[bytes], T], start: int = 0) -> T:
    """Read the body of a response.

    Args:
        call: The call.
        response: Its response.
        read: Reads the body, or raises `DecodeError`.
        start: Offset of the first row, if the body holds rows.

    Raises:
        MalformedResponseError: The body does not follow the contract; the message names the row at fault.
    """
    from posthog_environments_api.records import DecodeError

    kind = response.headers.get("content-type", "application/json")
    try:
        if response.content and "json" not in kind:
            raise _malformed(call, response, f"an answer of type {printable(kind, 60)} came instead of JSON")
        return read(response.content)
    except DecodeError as error:
        row = "" if error.index is None else f", row {error.index} at offset {start + error.index}"
        reason = f"the answer is not what the contract says: {printable(str(error), 200)}{row}"
        problem = _malformed(call, response, reason)
    raise problem


def decode_record(call: Call, response: ServerResponse, kind: type[R], start: int = 0) -> R:
    """Read a body that holds a record, with any 2xx status; see `decode`.

    RFC 9110, 15: "treat an unrecognized status code as being equivalent to the x00 status code of that class".
    """
    from posthog_environments.results.decoding import read

    return decode(call, response, lambda content: read(content, kind), start)


def _malformed(call: Call, response: ServerResponse, reason: str) -> MalformedResponseError:
    excerpt = response.content[:200].decode("utf-8", "replace").strip()
    shown = f" It begins: {printable(excerpt, 120)}" if excerpt.startswith("<") else ""
    return MalformedResponseError(
        f"{call.operation.name}: {reason}.{shown}", status_code=response.status_code, body=response.content
    )

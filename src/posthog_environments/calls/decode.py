"""How the body of an answer is read."""

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


def decode(call: Call, answer: ServerResponse, read: Callable[[bytes], T], start: int = 0) -> T:
    """Read the body of an answer.

    Args:
        call: What was asked.
        answer: What came.
        read: Reads the body, or raises a `DecodeError`.
        start: Offset of the first row, where it holds rows.

    Raises:
        MalformedResponseError: It is not what the contract says; the message names the row, if a row is at fault.
    """
    from posthog_environments_api.records import DecodeError

    kind = answer.headers.get("content-type", "application/json")
    try:
        if answer.content and "json" not in kind:
            raise _malformed(call, answer, f"an answer of type {printable(kind, 60)} came instead of JSON")
        return read(answer.content)
    except DecodeError as error:
        row = "" if error.index is None else f", row {error.index} at offset {start + error.index}"
        reason = f"the answer is not what the contract says: {printable(str(error), 200)}{row}"
        problem = _malformed(call, answer, reason)
    raise problem


def decode_record(call: Call, answer: ServerResponse, kind: type[R], start: int = 0) -> R:
    """Read a body that must hold a record of a kind, whichever success it came with; see `decode`.

    RFC 9110, 15: "treat an unrecognized status code as being equivalent to the x00 status code of that class".
    """
    from posthog_environments.results.decoding import read

    return decode(call, answer, lambda content: read(content, kind), start)


def _malformed(call: Call, answer: ServerResponse, reason: str) -> MalformedResponseError:
    excerpt = answer.content[:200].decode("utf-8", "replace").strip()
    shown = f" It begins: {printable(excerpt, 120)}" if excerpt.startswith("<") else ""
    return MalformedResponseError(
        f"{call.operation.name}: {reason}.{shown}", status_code=answer.status_code, body=answer.content
    )

"""Decoding: read JSON, and records of the contract from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from posthog_environments_api.records import Record

    R = TypeVar("R", bound=Record)

__all__ = ["lenient", "loads", "next_link", "read"]


def read(content: bytes, kind: type[R]) -> R:
    """Read a record.

    Raises:
        DecodeError: The content does not follow the contract.
    """
    from posthog_environments.results.page_decoders import reader_of

    reader = reader_of(kind)
    if reader is None:
        return lenient(content, kind)
    found = reader.read(content)
    if found is None:
        found = lenient(content, kind)
        reader.learn(found)
    return found


def next_link(page: Any) -> Any:
    """Return the next link of a page; an unreadable one is returned as it came, because it is not the end."""
    return page.additional_properties.get("next", page.next_)


def lenient(content: bytes, kind: type[R]) -> R:
    """Read a record that may have unknown fields and unreadable values; see `read`."""
    from posthog_environments_api.records import DecodeError

    try:
        return kind.from_dict(loads(content))
    except RecursionError:
        problem = DecodeError("it is nested too deep")
    raise problem


def loads(content: bytes) -> Any:
    """Decode JSON. Integers of any size stay exact or are refused; they never become floats.

    Raises:
        DecodeError: The content is not JSON.
    """
    import msgspec
    from posthog_environments_api.records import DecodeError

    try:
        return msgspec.json.decode(content)
    except RecursionError:
        reason = "the JSON is nested too deep"
    except msgspec.DecodeError as error:
        reason = f"the JSON cannot be read: {error}"
    except UnicodeDecodeError:
        reason = "the JSON is not UTF-8"
    raise DecodeError(reason)

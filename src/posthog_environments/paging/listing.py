"""A listing: how its pages are fetched, and by which walk. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, Paginator, RawPage

__all__ = ["ExportListRequest", "ListRequest"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ExportListRequest:
    """The same listing for an export: with rows as they came, and a walk that can be written down.

    Attributes:
        fetch: Fetches a page; a row has `uuid`, `created_at` and `raw`, the bytes of it.
        restore: Makes a walk, or goes on with one whose `state` is given.
        identity: What tells this listing from others, in words of JSON. It may hold what people are filtered by, so it
            is not to be written down as it is.
        page_size: Rows that a page is asked for.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, RawPage[Any]]]
    restore: Callable[[Mapping[str, Any] | None], OffsetPaginator[Any]]
    identity: Mapping[str, object]
    page_size: int


@dataclass(frozen=True, slots=True)
class ListRequest(Generic[T]):
    """A listing that has been asked for and not begun: how to fetch a page, and how to walk.

    `fetch` gives a flow of `exchange`, which drivers run; this module need not know what that is. `rows` says what the
    items are, for those that make tables of them.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, RawPage[T]]]
    paginator: Callable[[], Paginator[T]]
    rows: Literal["persons", "activity", "deletions"] = "persons"
    export: ExportListRequest | None = None

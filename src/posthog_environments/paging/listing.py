"""Listing requests: how to fetch the pages of a listing, and which paginator to use. No I/O."""

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
    """The same listing for an export: its rows are raw, and its paginator can be saved.

    Attributes:
        fetch: Fetches a page; each row has `uuid`, `created_at` and `raw`, its bytes.
        restore: Makes a paginator, or restores one from its `state`.
        identity: JSON values that identify this listing. They may include the values of filters, so do not store them
            in plain text.
        page_size: Rows to request per page.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, RawPage[Any]]]
    restore: Callable[[Mapping[str, Any] | None], OffsetPaginator[Any]]
    identity: Mapping[str, object]
    page_size: int


@dataclass(frozen=True, slots=True)
class ListRequest(Generic[T]):
    """A listing that has not started.

    Attributes:
        fetch: Returns the call generator that fetches a page. Its steps do not matter here.
        paginator: Makes a paginator at the start of the listing.
        rows: Kind of the items, for conversion into tables.
        export: The same listing for an export; None if it cannot be exported.
    """

    fetch: Callable[[Cursor], Generator[Any, Any, RawPage[T]]]
    paginator: Callable[[], Paginator[T]]
    rows: Literal["persons", "activity", "deletions"] = "persons"
    export: ExportListRequest | None = None

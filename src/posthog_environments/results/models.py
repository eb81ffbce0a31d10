"""Models: the values that calls return.

`Person`, `ActivityEntry` and the other records come from the generated client, so the contract alone defines their
fields. `Page`, `Trend` and `PropertiesTimeline` are written by hand and wrap them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, cast

if TYPE_CHECKING:
    from datetime import datetime

    from matplotlib.axes import Axes
    from posthog_environments_api.models import ActivityEntry, Person, PropertiesTimelinePoint, Series
    from posthog_environments_api.models import PersonDeletion as DeletionStatus
    from posthog_environments_api.models import PropertiesTimeline as _TimelineRecord
    from posthog_environments_api.models import Trend as _TrendRecord
    from posthog_environments_api.records import Record

    from posthog_environments.results.responses import RawResponse

__all__ = [
    "ActivityEntry",
    "DeletionStatus",
    "Page",
    "Person",
    "PropertiesTimeline",
    "PropertiesTimelinePoint",
    "Series",
    "Trend",
]

T = TypeVar("T")


# Hidden from type checkers, which would otherwise accept any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a generated record on first use; no other import needs attrs."""
        if name in ("ActivityEntry", "DeletionStatus", "Person", "PropertiesTimelinePoint", "Series"):
            import posthog_environments_api.models as generated

            show_in_notebooks()
            # The contract's name for it is PersonDeletion.
            return getattr(generated, "PersonDeletion" if name == "DeletionStatus" else name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def as_sent(person: Person, field: Literal["id", "name", "distinct_ids", "created_at", "properties"]) -> Any:
    """Return a field of a person as the server sent it, also if its type is wrong, such as a number as the name."""
    return person.additional_properties.get(field, getattr(person, field))


def distinct_ids_of(person: Person) -> list[Any]:
    """Return the distinct ids of a person as the server sent them; some servers send values that are not strings."""
    ids: object = as_sent(person, "distinct_ids")
    found: list[Any] = cast("Any", ids) if isinstance(ids, list) else []
    return found


def show_in_notebooks() -> None:
    """Make notebooks show the generated records as tables."""
    from posthog_environments_api.records import show_with

    show_with(_shown)


def _shown(record: Record) -> str:
    from posthog_environments.display.markup import record_table

    return record_table(record)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing, from `Pager.pages`.

    Attributes:
        results: The items of the page that were not returned before, in the server's order.
        count: Number of items on all pages, or None if the server does not send it. Persons have it only with
            `include_total=True`.
        response: The response; its `parse()` returns all rows, repeated ones included. It holds the bytes of the page
            as long as the page exists.
    """

    results: Sequence[T]
    count: int | None = None
    # None only in a page that was made by hand.
    response: RawResponse[Sequence[T]] = field(default=cast("Any", None), repr=False, compare=False)

    def __iter__(self) -> Iterator[T]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def _repr_html_(self) -> str:
        """Return HTML for notebooks."""
        from posthog_environments.display import html as display

        return display.page(self.results, self.count)


class Trend:
    """The result of a trend: series of numbers over time. Iterating gives the series.

    Attributes:
        result: The series, one for each event, action or breakdown value. Of each, `data` are the numbers, `days` and
            `labels` their points in time, `label` is its name, and `filter_` the query as the server read it.
            Aggregated displays have `aggregated_value` instead of `data`.
        is_cached: Whether the result came from the server's cache.
        last_refresh: When it was computed; None if the server does not say.
        timezone: Time zone of the project, in which days begin and end; None if the server does not say.
        has_more: Whether breakdown values beyond the limit are combined in a series of other values; None if the
            server has no such series, so that values may be missing.
        via: The endpoint: "legacy" (`insights/trend/`) or "query" (`query/`). The numbers are the same.
        next: The server's link to more values. Do not follow it: newer servers repeat themselves there.
        additional_properties: Fields that the server sent and the contract does not know.
    """

    __slots__ = ("_has_more", "_record", "_via")

    def __init__(
        self,
        record: _TrendRecord,
        *,
        via: Literal["legacy", "query"] = "legacy",
        has_more: bool | None = None,
    ) -> None:
        self._record = record
        self._via: Literal["legacy", "query"] = via
        self._has_more = has_more

    @property
    def has_more(self) -> bool | None:
        """Whether breakdown values beyond the limit are combined in one series; None if the server has no such one."""
        return self._has_more

    @property
    def via(self) -> Literal["legacy", "query"]:
        """The endpoint: "legacy" or "query"."""
        return self._via

    @property
    def result(self) -> list[Series]:
        """The series."""
        return self._record.result

    @property
    def is_cached(self) -> bool | None:
        """Whether the result came from the server's cache."""
        return self._record.is_cached

    @property
    def last_refresh(self) -> datetime | None:
        """When it was computed."""
        return self._record.last_refresh

    @property
    def timezone(self) -> str | None:
        """Time zone of the project."""
        return self._record.timezone

    @property
    def next(self) -> str | None:
        """The server's link to more breakdown values; do not follow it."""
        return self._record.next_

    @property
    def additional_properties(self) -> dict[str, Any]:
        """Fields that the contract does not know."""
        return self._record.additional_properties

    def to_dict(self) -> dict[str, Any]:
        """Return the response body as the API sends it."""
        return self._record.to_dict()

    def plot(self, *, ax: Axes | None = None, display: str | None = None) -> Axes:
        """Draw the trend with matplotlib; needs the extra `plot`. Unfinished periods are dashed.

        Args:
            ax: The Axes to draw on. None makes a new pyplot figure, which notebooks show.
            display: One of the API's displays, such as "ActionsBar"; None for the display of the query.

        Returns:
            The matplotlib Axes, to change or save: `trend.plot().figure.savefig("trend.png")`.

        Raises:
            ImportError: The extra is not installed; the message says how to install it.
            ValueError: There is no such display, or the trend has no points over time for it.
        """
        from posthog_environments.display.figure import plot

        return plot(self.result, ax=ax, display=display, computed=self.computed)

    @property
    def computed(self) -> datetime | None:
        """When it was computed, in the project's time zone, as a naive datetime; None if the server does not say."""
        from posthog_environments.display.chart_data import clock

        return clock(self.last_refresh, self.timezone)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the trend for polars, duckdb, pandas or pyarrow as a table; needs the extra `export`.

        The table has a row for each series and point: `series` (its number, from 0), `label`, `event`,
        `breakdown_value`, `compare_label`, `point` (its number, from 0), `day` (in the project's time zone, naive) and
        `value`.
        """
        from posthog_environments.tables.arrow import trend

        return trend(self.result).__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._record.result)

    def __len__(self) -> int:
        return len(self._record.result)

    def __getitem__(self, index: int) -> Series:
        return self._record.result[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trend) and self._record == other._record

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        labels = ", ".join(repr(series.label) for series in self.result[:5])
        more = ", …" if len(self) > 5 else ""
        return f"Trend({len(self)} series: {labels}{more})"

    def _repr_html_(self) -> str:
        """Return HTML for notebooks."""
        from posthog_environments.display import html as display

        return display.trend(self.result, self.timezone, self.last_refresh)


class PropertiesTimeline:
    """How the properties of a person changed over time. Iterating gives the points.

    Attributes:
        points: One point at the first matching event and one at each change, oldest first. Each has `timestamp`,
            `properties`, and `relevant_event_count`, the number of events until the next point.
        crucial_property_keys: Names of the person properties in the filters or the breakdown.
        effective_date_from: Start of the period; None if the server does not say.
        effective_date_to: End of the period; None if the server does not say.
        additional_properties: Fields that the server sent and the contract does not know.
    """

    __slots__ = ("_record",)

    def __init__(self, record: _TimelineRecord) -> None:
        self._record = record

    @property
    def points(self) -> list[PropertiesTimelinePoint]:
        """The points, oldest first."""
        return self._record.points

    @property
    def crucial_property_keys(self) -> list[str]:
        """Names of the person properties in the filters or the breakdown."""
        return self._record.crucial_property_keys

    @property
    def effective_date_from(self) -> datetime | None:
        """Start of the period."""
        return self._record.effective_date_from

    @property
    def effective_date_to(self) -> datetime | None:
        """End of the period."""
        return self._record.effective_date_to

    @property
    def additional_properties(self) -> dict[str, Any]:
        """Fields that the contract does not know."""
        return self._record.additional_properties

    def to_dict(self) -> dict[str, Any]:
        """Return the response body as the API sends it."""
        return self._record.to_dict()

    def __iter__(self) -> Iterator[PropertiesTimelinePoint]:
        return iter(self._record.points)

    def __len__(self) -> int:
        return len(self._record.points)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PropertiesTimeline) and self._record == other._record

    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"PropertiesTimeline({len(self)} points of {', '.join(self.crucial_property_keys) or 'no property'})"

    def _repr_html_(self) -> str:
        """Return HTML for notebooks."""
        from posthog_environments.display import html as display

        return display.timeline(self.points, self.crucial_property_keys)

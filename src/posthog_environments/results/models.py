"""The values that calls return.

`Person`, `ActivityEntry` and the other records come from the generated client, so that there is one definition of
each field, that of the contract. `Page`, `Trend` and `PropertiesTimeline` are kept by hand and wrap them.
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


# Hidden from type checkers, which would take any name for one that is there.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a generated record when it is first asked for; no other import needs attrs."""
        if name in ("ActivityEntry", "DeletionStatus", "Person", "PropertiesTimelinePoint", "Series"):
            import posthog_environments_api.models as generated

            show_in_notebooks()
            # The contract names its records by what they are of.
            return getattr(generated, "PersonDeletion" if name == "DeletionStatus" else name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def as_sent(person: Person, field: Literal["id", "name", "distinct_ids", "created_at", "properties"]) -> Any:
    """Return a field of a person; what a person cannot hold, such as a name that is a number, as it came."""
    return person.additional_properties.get(field, getattr(person, field))


def distinct_ids_of(person: Person) -> list[Any]:
    """Return the distinct ids of a person as they came: servers have been seen to send some that are no texts."""
    ids: object = as_sent(person, "distinct_ids")
    found: list[Any] = cast("Any", ids) if isinstance(ids, list) else []
    return found


def show_in_notebooks() -> None:
    """Have notebooks show the generated records as tables; how is no matter of the generated client."""
    from posthog_environments_api.records import show_with

    show_with(_shown)


def _shown(record: Record) -> str:
    from posthog_environments.display.markup import record_table

    return record_table(record)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing, as `Pager.pages` gives it.

    Attributes:
        results: The items of the page that had not been handed out before, in the server's order.
        count: How many items there are on all pages, or None where the server does not say; persons have it only
            with `include_total=True`.
        response: The answer that it came with; its `parse()` gives all rows of it, those among them that had been
            handed out before. It holds the bytes of the page for as long as the page is held.
    """

    results: Sequence[T]
    count: int | None = None
    # None only in a page that somebody made by hand.
    response: RawResponse[Sequence[T]] = field(default=cast("Any", None), repr=False, compare=False)

    def __iter__(self) -> Iterator[T]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        from posthog_environments.display import html as display

        return display.page(self.results, self.count)


class Trend:
    """The answer to a trend: series of numbers over time. Iterating gives the series.

    Attributes:
        result: The series, one for each event, action or value of a breakdown. Of each, `data` are the numbers,
            `days` and `labels` what they stand for, `label` its name, `filter_` the question as the server
            understood it; the aggregated displays have `aggregated_value` instead of `data`.
        is_cached: Whether the server had computed it before.
        last_refresh: When it was computed; None if the server does not say.
        timezone: Time zone of the project, in which days begin and end; None if the server does not say.
        has_more: Whether values of a breakdown beyond its limit are there together, as one series of the others; None
            where the server has no such series, so that values may be left out.
        via: Where it was asked for: "legacy" (`insights/trend/`) or "query" (`query/`). The figures are the same.
        next: What the server says of further values; not to be followed, for newer servers repeat themselves there.
        additional_properties: What the server sent and the contract does not know.
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
        """Whether values of a breakdown beyond its limit are there together; None where the server has no such row."""
        return self._has_more

    @property
    def via(self) -> Literal["legacy", "query"]:
        """Where it was asked for."""
        return self._via

    @property
    def result(self) -> list[Series]:
        """The series."""
        return self._record.result

    @property
    def is_cached(self) -> bool | None:
        """Whether the server had computed it before."""
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
        """What the server says of further values of a breakdown; not to be followed."""
        return self._record.next_

    @property
    def additional_properties(self) -> dict[str, Any]:
        """What the contract does not know."""
        return self._record.additional_properties

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the API writes it."""
        return self._record.to_dict()

    def plot(self, *, ax: Axes | None = None, display: str | None = None) -> Axes:
        """Draw it with matplotlib; needs the extra `plot`. What is not over is dashed.

        Args:
            ax: Where to draw. None makes a new figure of pyplot, which a notebook shows by itself.
            display: What to draw, one of the API's displays such as "ActionsBar"; None follows the question.

        Returns:
            The matplotlib Axes, to change and to save from: `trend.plot().figure.savefig("trend.png")`.

        Raises:
            ImportError: The extra is not installed; the message says how to get it.
            ValueError: There is no such display, or the trend has no points over time for it.
        """
        from posthog_environments.display.figure import plot

        return plot(self.result, ax=ax, display=display, computed=self.computed)

    @property
    def computed(self) -> datetime | None:
        """When it was computed, by the clock of the project and without a zone; None if the server does not say."""
        from posthog_environments.display.chart_data import clock

        return clock(self.last_refresh, self.timezone)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand it to polars, duckdb, pandas or pyarrow as a table; needs the extra `export`.

        The table has a row for each series and point: `series` (its number, from 0), `label`, `event`,
        `breakdown_value`, `compare_label`, `point` (its number, from 0), `day` (as the project's clock shows it,
        without a zone) and `value`.
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
        """Show it in a notebook."""
        from posthog_environments.display import html as display

        return display.trend(self.result, self.timezone, self.last_refresh)


class PropertiesTimeline:
    """How properties of one person changed over time. Iterating gives the points.

    Attributes:
        points: One at the first matching event and one at each change, oldest first; each has `timestamp`,
            `properties`, and `relevant_event_count`, the events until the next point.
        crucial_property_keys: Names of the properties of the person that the filters or the breakdown name.
        effective_date_from: Start of the time looked at; None if the server does not say.
        effective_date_to: End of the time looked at; None if the server does not say.
        additional_properties: What the server sent and the contract does not know.
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
        """Names of the properties that are looked at."""
        return self._record.crucial_property_keys

    @property
    def effective_date_from(self) -> datetime | None:
        """Start of the time looked at."""
        return self._record.effective_date_from

    @property
    def effective_date_to(self) -> datetime | None:
        """End of the time looked at."""
        return self._record.effective_date_to

    @property
    def additional_properties(self) -> dict[str, Any]:
        """What the contract does not know."""
        return self._record.additional_properties

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the API writes it."""
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
        """Show it in a notebook."""
        from posthog_environments.display import html as display

        return display.timeline(self.points, self.crucial_property_keys)

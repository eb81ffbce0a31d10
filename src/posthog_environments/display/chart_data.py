"""Decide what a chart of a trend shows: its kind, names, colours, numbers, positions and labels.

Pure. `figure`, `terminal` and `html` render what is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor, fsum, inf, isnan, log10, nan
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from posthog_environments.display.chart_text import chart_title, counted, is_previous, series_names
from posthog_environments.errors import printable

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

ChartKind = Literal["line", "bar", "totals"]
"""Lines over time, stacked bars over time, or one horizontal bar for each series."""

KINDS: Final[Mapping[str, ChartKind]] = {
    "ActionsLineGraph": "line",
    "ActionsLineGraphCumulative": "line",
    "ActionsAreaGraph": "line",
    "ActionsBar": "bar",
    "ActionsStackedBar": "bar",
    "ActionsUnstackedBar": "bar",
    "ActionsBarValue": "totals",
    "ActionsProportionBar": "totals",
    "ActionsPie": "totals",
    "ActionsDonut": "totals",
    "ActionsTable": "totals",
    "BoldNumber": "totals",
    "WorldMap": "totals",
}
"""The chart for each display of the API. A display that is not listed is drawn as lines."""
COLORS: Final = (
    ("#0072B2", 12), ("#E69F00", 208), ("#009E73", 10), ("#D55E00", 9),
    ("#CC79A7", 13), ("#56B4E9", 14), ("#7F7F7F", 7),
)  # fmt: skip
"""Colours in RGB, and the terminal's numbers for them.

RGB: Okabe and Ito's palette, which colour-blind people can tell apart, without yellow and black, which are hard to see
on a light or a dark background. Terminal colours below 16 follow the user's colour scheme.
"""
NO_NUMBER: Final = "\N{EN DASH}"
MOST_SERIES: Final = 20
_STEPS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "quarter": timedelta(days=91),
    "year": timedelta(days=365),
}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_BY_CLOCK: Final = ("second", "minute", "hour")


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One series of a chart.

    Attributes:
        name: Its label: one line of printable text.
        values: Its numbers; NaN where the server sent none.
        days: The text that the server sent for each point.
        times: The same as times on the project's clock, without a zone; None if one of them cannot be read.
        total: Its single number: the aggregated value, or the sum of its points.
        previous: Whether it belongs to the period before.
        color: The index of its colour. Both periods of a series share one.
    """

    name: str
    values: Sequence[float]
    days: Sequence[str]
    times: Sequence[datetime] | None
    total: float
    previous: bool
    color: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A trend, ready to be rendered.

    Attributes:
        kind: How it is drawn.
        series: What is drawn, in order.
        title: Its title.
        counted: What the numbers count, such as "events"; empty if the series count different things.
        interval: The unit of one point, such as "day".
        cumulative: Whether the points are running totals.
        sums: Whether points may be added up. Events may; the unique persons of several days may not.
        computed: When the server computed it, on the project's clock and without a zone; None if unknown.
        left_out: How many series `limited` has removed.
    """

    kind: ChartKind
    series: Sequence[ChartSeries]
    title: str
    counted: str
    interval: str
    cumulative: bool
    sums: bool
    computed: datetime | None = None
    left_out: int = 0

    @property
    def over_time(self) -> bool:
        """Whether points are drawn, rather than one number for each series."""
        return self.kind != "totals"

    @property
    def empty(self) -> bool:
        """Whether there is no number to draw."""
        return all(isnan(value) for one in self.series for value in (one.values if self.over_time else (one.total,)))

    @property
    def value_label(self) -> str:
        """The label of the axis of numbers."""
        per = "" if not self.over_time else "so far" if self.cumulative else f"per {self.interval}"
        return f"{self.counted} {per}".strip()

    @property
    def more(self) -> str:
        """Text that says how many series were left out; empty if none were."""
        return f"… and {self.left_out:,} more" if self.left_out else ""

    @property
    def step(self) -> timedelta:
        """The approximate length of one point."""
        return _STEPS.get(self.interval, _STEPS["month"])

    @property
    def longest(self) -> ChartSeries | None:
        """The series whose days label the axis: one of the current period if it has points."""
        return max(self.series, key=lambda one: (bool(one.values), not one.previous, len(one.values)), default=None)

    def limited(self, most: int = MOST_SERIES) -> Chart:
        """Keep so many series, each together with its period before; of totals, the largest ones first."""
        ordered = self.series if self.over_time else _largest_first(self.series)
        both = len({one.previous for one in ordered}) > 1
        colors = list(dict.fromkeys(one.color for one in ordered))[: most // 2 if both else most]
        kept = [one for one in ordered if one.color in colors]
        return replace(self, series=kept, left_out=len(ordered) - len(kept))

    def finished(self, series: ChartSeries) -> int:
        """Count the points of a series that were over when the trend was computed; all of them if that is unknown."""
        if self.computed is None or series.previous or series.times is None:
            return len(series.values)
        return sum(_end(time, self.interval) <= self.computed for time in series.times)

    @property
    def unfinished(self) -> str:
        """Text that says that the last points are not over; empty if they are."""
        longest = self.longest
        left = 0 if longest is None else len(longest.values) - self.finished(longest)
        if left <= 1:
            return f"the last {self.interval} is not over" if left else ""
        return f"the last {left} {self.interval}s are not over"

    @property
    def dated(self) -> bool:
        """Whether every point has a time. Otherwise points are numbered."""
        return bool(self.series) and all(one.times is not None for one in self.series)

    def positions(self, series: ChartSeries) -> Sequence[Any]:
        """Return where along the axis its points are: datetimes, or numbers from 0 if not `dated`.

        The period before is drawn under the current days.
        """
        times = series.times
        if not self.dated or times is None:
            return range(len(series.values))
        partner = next((one for one in self.series if one.color == series.color and not one.previous), None)
        if not series.previous or partner is None or not partner.times:
            return times
        # Months differ in length: a longer period before goes on at its own pace.
        end = len(partner.times)
        return [*partner.times[: len(times)], *(partner.times[-1] + (time - times[end - 1]) for time in times[end:])]

    def time_ticks(self, most: int) -> tuple[Sequence[Any], list[str]]:
        """Choose positions for at most so many ticks along the axis of time, and label them."""
        longest = self.longest
        if not self.dated or longest is None:
            labels = list(longest.days) if longest is not None else []
            places: Sequence[Any] = range(len(labels))
        else:
            places = sorted({time for one in self.series for time in self.positions(one)})
            end = 16 if self.interval in _BY_CLOCK else 7 if self.interval in _MONTHS else 10
            labels = [time.isoformat(" ")[:end] for time in places]
        every = max(1, -(-len(labels) // most))
        return places[::every], labels[::every]

    def number_ticks(self, most: int) -> tuple[list[float], list[str]]:
        """Choose about so many round numbers that span what is drawn, with 0, and label them."""
        low, high = self._range()
        rough = (high - low) / most
        power = 10.0 ** floor(log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        if step < 1 and all(value == int(value) for one in self.series for value in one.values if not isnan(value)):
            step = 1.0
        ticks = [step * count for count in range(floor(low / step), -floor(-high / step) + 1)]
        return ticks, [format_number(float(f"{tick:.12g}")) for tick in ticks]

    def _range(self) -> tuple[float, float]:
        ends = [0.0]
        for one, bottoms in zip(self.series, self.bottoms(), strict=True):
            ends += [bottom + value for bottom, value in zip(bottoms, one.values, strict=True) if not isnan(value)]
        low, high = min(ends), max(ends)
        return (low, high) if high - low > 1e-300 else (0.0, 1.0)

    def bottoms(self) -> list[list[float]]:
        """Return where each bar of each series begins: bars of one period are stacked. Lines begin at 0."""
        tops: dict[tuple[bool, bool, Any], float] = {}
        found: list[list[float]] = []
        for one in self.series:
            found.append([])
            for place, value in zip(self.positions(one), one.values, strict=True):
                stack = (one.previous, value < 0, place)
                found[-1].append(tops.get(stack, 0.0) if self.kind == "bar" else 0.0)
                tops[stack] = found[-1][-1] + (0.0 if isnan(value) else value)
        return found


def read(series: Iterable[Series], display: str | None = None, computed: datetime | None = None) -> Chart:
    """Decide what to draw for the series of a trend.

    Args:
        series: The series.
        display: A display of the API; None follows the query, as the server repeats it.
        computed: When the trend was computed, on the project's clock.

    Raises:
        ValueError: The display is unknown, or needs points over time and the trend has none.
    """
    found = list(series)
    query = _query(found)
    if display is not None and display not in KINDS:
        raise ValueError(f"Unknown display {display!r}. Use one of {', '.join(KINDS)}.")
    asked = str(display if display is not None else query.get("display"))
    cumulative = query.get("display") == "ActionsLineGraphCumulative"
    read_series = _read_series(found, cumulative=cumulative)
    kind = KINDS.get(asked, "line")
    if kind != "totals" and read_series and not any(one.values for one in read_series):
        if display is not None:
            raise ValueError(f"{display} needs points over time, but each series of the trend has one value.")
        kind = "totals"
    return Chart(
        kind=kind,
        series=read_series,
        title=chart_title(found, query),
        counted=counted(found),
        interval=_interval(query, read_series),
        cumulative=cumulative,
        sums=not cumulative and all(s.action is not None and s.action.math in (None, "total", "sum") for s in found),
        computed=computed,
    )


def clock(moment: datetime | None, timezone: str | None) -> datetime | None:
    """Return a moment as the project's clock shows it, without a zone; None if the zone is unknown."""
    from zoneinfo import ZoneInfo

    if moment is None or timezone is None:
        return None
    try:
        return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    except (KeyError, ValueError, OSError, OverflowError):
        return None


def number(value: object) -> float:
    """Read a number; NaN if it is none, or too large for an axis."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    try:
        found = float(value)
    except OverflowError:
        return nan
    return found if abs(found) < 1e300 else nan


def moment(text: object) -> datetime | None:
    """Read a day or an hour as the project's clock shows it; None if it cannot be read."""
    try:
        found = datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return None
    # Near the ends of the calendar an axis has no room.
    return found if 1000 <= found.year < 9000 else None


def listed(series: Series, name: Literal["data", "days"]) -> Sequence[Any]:
    """Return the data or the days of a series, also if they do not fit its type, such as a null among the numbers."""
    kept: object = series.additional_properties.get(name)
    if isinstance(kept, list):
        return cast("Any", kept)  # type: ignore[no-any-return]
    return series.data if name == "data" else series.days


def format_number(value: float) -> str:
    """Write a number for people, with thousands separators."""
    if isnan(value):
        return NO_NUMBER
    if abs(value) >= 1e15:
        return f"{value:.4g}"
    if value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.2f}"
    return f"{value:.6f}".rstrip("0") if 1e-6 <= abs(value) < 1 else f"{value:.4g}"


def _end(time: datetime, interval: str) -> datetime:
    """Return when a point is over."""
    months = _MONTHS.get(interval)
    if months is None:
        return time + _STEPS.get(interval, _STEPS["day"])
    after = time.year * 12 + time.month - 1 + months
    return time.replace(year=after // 12, month=after % 12 + 1, day=1)


def _query(found: Sequence[Series]) -> Mapping[str, Any]:
    """Return the query as the server repeats it in each series."""
    filter_ = found[0].filter_ if found else None
    return filter_.additional_properties if filter_ is not None else {}


def _read_series(found: Sequence[Series], *, cumulative: bool) -> list[ChartSeries]:
    colors: dict[str, int] = {}
    read_series: list[ChartSeries] = []
    for name, series in zip(series_names(found), found, strict=True):
        values = [number(value) for value in listed(series, "data")]
        days = [printable(str(day), 40) for day in listed(series, "days")][: len(values)]
        if days:
            # A server may send fewer days than numbers. A number without a day has no position.
            values = values[: len(days)]
        times = [time for day in days if (time := moment(day)) is not None]
        read_series.append(
            ChartSeries(
                name=f"{name} (previous)" if is_previous(series) else name,
                values=values,
                days=days or [str(place) for place in range(1, len(values) + 1)],
                times=times if len(times) == len(values) else None,
                total=_total(series, values, cumulative=cumulative),
                previous=is_previous(series),
                color=colors.setdefault(name, len(colors)),
            )
        )
    return read_series


def _largest_first(series: Sequence[ChartSeries]) -> list[ChartSeries]:
    """Sort by totals, each period before right after its current one."""
    pairs = sorted(series, key=lambda one: one.previous)
    sizes = {one.color: -inf if isnan(one.total) else one.total for one in reversed(pairs)}
    return sorted(pairs, key=lambda one: (-sizes[one.color], one.color))


def _total(series: Series, values: Sequence[float], *, cumulative: bool) -> float:
    if series.aggregated_value is not None:
        return number(series.aggregated_value)
    numbers = [value for value in values if not isnan(value)]
    if not numbers:
        return nan
    return numbers[-1] if cumulative else fsum(numbers)


def _interval(query: Mapping[str, Any], series: Sequence[ChartSeries]) -> str:
    """Return the interval of the query, or the one that fits the smallest gap between points."""
    asked = query.get("interval")
    if isinstance(asked, str) and asked in _STEPS:
        return asked
    gaps = [later - time for one in series if one.times for time, later in zip(one.times, one.times[1:], strict=False)]
    least = min(gaps, default=_STEPS["day"])
    return next((name for name, step in _STEPS.items() if name not in _MONTHS and least <= step), "month")

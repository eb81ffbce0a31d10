"""What a trend shows, before anything is drawn: names, numbers and times, read from whatever a server sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from posthog_environments.errors import printable

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

ChartKind = Literal["lines", "area", "bars", "totals", "pie", "table", "number"]

KINDS: Final[Mapping[str, ChartKind]] = {
    "ActionsLineGraph": "lines",
    "ActionsLineGraphCumulative": "lines",
    "ActionsAreaGraph": "area",
    "ActionsBar": "bars",
    "ActionsStackedBar": "bars",
    "ActionsUnstackedBar": "bars",
    "ActionsBarValue": "totals",
    "ActionsProportionBar": "totals",
    "WorldMap": "totals",
    "ActionsPie": "pie",
    "ActionsDonut": "pie",
    "ActionsTable": "table",
    "BoldNumber": "number",
}
NO_NUMBER: Final = "\N{EN DASH}"
_MOST_NUMBERS: Final = 4
_OVER_TIME: Final = frozenset({"lines", "area", "bars"})
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
_EXACT: Final = ("second", "minute", "hour", "day", "week")
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_BY_CLOCK: Final = ("second", "minute", "hour")
# What servers write for the rest of a breakdown, which no event has as a value.
_STANDS_FOR: Final = {"$$_posthog_breakdown_null_$$": "(none)", "$$_posthog_breakdown_other_$$": "(other)"}
_COUNTED: Final = {
    "total": "events",
    "dau": "unique persons",
    "weekly_active": "persons active in 7 days",
    "monthly_active": "persons active in 30 days",
    "unique_session": "sessions",
}


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One series, ready to be drawn.

    Attributes:
        name: What to call it: one line of printable text.
        values: Its numbers; NaN where the server sent none.
        days: The texts that the numbers stand for.
        times: The same as times of the project's clock, without a zone; None if one of them cannot be read.
        total: Its one number: the aggregated value, or what the points come to.
        previous: Whether it is of the period before.
        color: Number of its colour; the two periods of one series share it.
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
    """A trend, ready to be drawn."""

    kind: ChartKind
    lines: Sequence[ChartLine]
    title: str
    counted: str
    """What the numbers count, as in "events"; empty where that is not one thing."""
    interval: str
    cumulative: bool
    sums: bool
    """Whether points can be added up: events can, the persons of several days cannot."""
    by_size: bool
    """Whether the order of the series says nothing, so that the largest comes first."""
    computed: datetime | None = None
    """When it was computed, by the clock of the project and without a zone; None if nobody knows."""

    @property
    def colors(self) -> int:
        """How many colours it takes."""
        return 1 + max((line.color for line in self.lines), default=0)

    @property
    def step(self) -> timedelta:
        """About how long a point is."""
        return _STEPS.get(self.interval, _STEPS["month"])

    @property
    def by_clock(self) -> bool:
        """Whether a point is shorter than a day."""
        return self.interval in _BY_CLOCK

    def finished(self, line: ChartLine) -> int:
        """Count the points of a line that were over when it was computed; all, where nobody knows."""
        if self.computed is None or line.previous or line.times is None:
            return len(line.values)
        return sum(_end(time, self.interval) <= self.computed for time in line.times)

    @property
    def unfinished(self) -> str:
        """Say that the last points are not over; empty where they are."""
        longest = self.longest
        left = 0 if longest is None else len(longest.values) - self.finished(longest)
        if not left:
            return ""
        return (
            f"the last {self.interval} is not over" if left == 1 else f"the last {left} {self.interval}s are not over"
        )

    @property
    def longest(self) -> ChartLine | None:
        """The line that the days along the axis are from: of the current period, if there are points in it."""
        return max(self.lines, key=lambda one: (bool(one.values), not one.previous, len(one.values)), default=None)

    def axis(self) -> tuple[list[datetime] | None, list[str]]:
        """Give the times along the axis, None if they cannot be read, and the texts for them."""
        longest = self.longest
        if longest is None or any(line.times is None for line in self.lines):
            return None, list(longest.days) if longest else []
        times = sorted({time for line in self.lines for time in self.places(line) or ()})
        return times, [f"{time:%Y-%m-%d %H:%M}" if self.by_clock else f"{time:%Y-%m-%d}" for time in times]

    def places(self, line: ChartLine) -> Sequence[datetime] | None:
        """Tell where along the axis the points of a line are: those of the period before lie under the current ones."""
        partner = next((other for other in self.lines if other.color == line.color and not other.previous), None)
        if not line.previous or partner is None or line.times is None or not partner.times:
            return line.times
        # Periods of months differ in length: what has no partner goes on at its own pace.
        end = len(partner.times)
        beyond = [partner.times[-1] + (time - line.times[end - 1]) for time in line.times[end:]]
        return [*partner.times[: len(line.times)], *beyond]


def clock(moment: datetime | None, timezone: str | None) -> datetime | None:
    """Give a moment as the clock of the project shows it, without a zone; None where that is not known."""
    from zoneinfo import ZoneInfo

    if moment is None or timezone is None:
        return None
    try:
        return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    except (KeyError, ValueError, OSError, OverflowError):
        return None


def _end(time: datetime, interval: str) -> datetime:
    """Return when a point is over."""
    months = _MONTHS.get(interval)
    if months is None:
        return time + _STEPS.get(interval, _STEPS["day"])
    after = time.year * 12 + time.month - 1 + months
    return time.replace(year=after // 12, month=after % 12 + 1, day=1)


def read(series: Iterable[Series], display: str | None = None, computed: datetime | None = None) -> Chart:
    """Work out what to draw. `computed` is when the trend was, by the clock of the project.

    Raises:
        ValueError: There is no such display, or the trend has no points over time for it.
    """
    found = list(series)
    echo = _echo(found)
    if display is not None and display not in KINDS:
        raise ValueError(f"{display!r} is no display; there are {', '.join(KINDS)}.")
    asked = str(display if display is not None else echo.get("display"))
    cumulative = echo.get("display") == "ActionsLineGraphCumulative"
    lines = _lines(found, cumulative=cumulative)
    kind = KINDS.get(asked, "lines")
    if kind in _OVER_TIME and lines and not any(line.values for line in lines):
        if display is not None:
            raise ValueError(f"The trend has one value for each series and no points over time, as {display} needs.")
        kind = "totals"
    if kind == "number" and sum(not line.previous for line in lines) > _MOST_NUMBERS:
        kind = "totals"
    return Chart(
        kind=kind,
        lines=lines,
        title=_title(found, echo),
        counted=_counted(found),
        interval=_interval(echo, lines),
        cumulative=cumulative,
        sums=not cumulative and all(s.action is not None and s.action.math in (None, "total", "sum") for s in found),
        by_size=asked == "WorldMap",
        computed=computed,
    )


def number(value: object) -> float:
    """Read a number; NaN if it is none, or one that no axis reaches."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    try:
        found = float(value)
    except OverflowError:
        return nan
    return found if abs(found) < 1e300 else nan


def moment(text: object) -> datetime | None:
    """Read a day or an hour as the clock of the project shows it; None if it is no such text."""
    try:
        found = datetime.fromisoformat(str(text)).replace(tzinfo=None)
    except ValueError:
        return None
    # At the ends of the calendar there is no room for an axis.
    return found if 1000 <= found.year < 9000 else None


def figures(value: float) -> str:
    """Write a number for people, with separators of thousands."""
    if isnan(value):
        return NO_NUMBER
    if abs(value) >= 1e15:
        return f"{value:.4g}"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    if 1e-6 <= abs(value) < 1:
        return f"{value:.6f}".rstrip("0")
    return f"{value:.4g}"


def stamps(times: Sequence[datetime], interval: str) -> list[str]:
    """Write times for ticks: short, and at the first and each change what is above them on a second line."""
    upper = "%-d %b %Y" if interval in _BY_CLOCK else "%Y"
    lower = "%H:%M" if interval in _BY_CLOCK else "%b" if interval in _MONTHS else "%-d %b"
    found: list[str] = []
    last = ""
    for time in times:
        above = _format(time, upper)
        found.append(_format(time, lower) + (f"\n{above}" if above != last else ""))
        last = above
    return found


def shorten(text: str, limit: int) -> str:
    """Cut a text that is too long for its place."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _format(time: datetime, layout: str) -> str:
    # %-d is not known everywhere, and %Y has no leading zeros in some places.
    return time.strftime(layout.replace("%-d", str(time.day)).replace("%Y", f"{time.year:04d}"))


def _echo(found: Sequence[Series]) -> Mapping[str, Any]:
    filter_ = found[0].filter_ if found else None
    return filter_.additional_properties if filter_ is not None else {}


def listed(series: Series, name: Literal["data", "days"]) -> Sequence[Any]:
    """Return a list of a series, also one that a series cannot hold: with a null among the numbers, say."""
    kept: object = series.additional_properties.get(name)
    if isinstance(kept, list):
        return cast("Any", kept)  # type: ignore[no-any-return]
    return series.data if name == "data" else series.days


def _lines(found: Sequence[Series], *, cumulative: bool) -> list[ChartLine]:
    colors: dict[str, int] = {}
    lines: list[ChartLine] = []
    for name, series in zip(_names(found), found, strict=True):
        values = [number(value) for value in listed(series, "data")]
        # A server may send fewer days than numbers; what has no day has no place.
        days = [printable(str(day), 40) for day in listed(series, "days")][: len(values)]
        times = [moment(day) for day in days]
        whole = [time for time in times if time is not None]
        if days and len(days) < len(values):
            values = values[: len(days)]
        lines.append(
            ChartLine(
                name=name,
                values=values,
                days=days or [str(number) for number in range(1, len(values) + 1)],
                times=whole if len(whole) == len(values) else None,
                total=_total(series, values, cumulative=cumulative),
                previous=_previous(series),
                color=colors.setdefault(name, len(colors)),
            )
        )
    return [replace(line, name=f"{line.name} (previous)") if line.previous else line for line in lines]


def _total(series: Series, values: Sequence[float], *, cumulative: bool) -> float:
    if series.aggregated_value is not None:
        return number(series.aggregated_value)
    numbers = [value for value in values if not isnan(value)]
    if not numbers:
        return nan
    return numbers[-1] if cumulative else fsum(numbers)


def _names(found: Sequence[Series]) -> list[str]:
    """Name the series, no two of a period alike."""
    plain = [(_name(series, position), _previous(series)) for position, series in enumerate(found, 1)]
    often = Counter(plain)
    seen: Counter[tuple[str, bool]] = Counter()
    names: list[str] = []
    for (name, period), series in zip(plain, found, strict=True):
        unique = name
        if often[name, period] > 1 and series.action is not None and series.action.math:
            unique = f"{name} ({printable(_math(series), 60)})"
        seen[unique, period] += 1
        names.append(unique if seen[unique, period] == 1 else f"{unique} #{seen[unique, period]}")
    return names


def _previous(series: Series) -> bool:
    return series.compare_label == "previous"


def _name(series: Series, position: int) -> str:
    action = series.action
    label = series.label or (action and (action.custom_name or action.name)) or ""
    if not label and series.breakdown_value is not None:
        label = str(series.breakdown_value) or "(empty)"
    text = str(label)
    for odd, plain in _STANDS_FOR.items():
        text = text.replace(odd, plain)
    return printable(text) if text.strip() else f"series {position}"


def _math(series: Series) -> str:
    """Say what a series counts."""
    action = series.action
    math = (action and action.math) or "total"
    of = action and action.math_property
    return f"{math} of {of}" if of else _COUNTED.get(str(math), str(math))


def _counted(found: Sequence[Series]) -> str:
    if any(series.action is None for series in found):
        return ""
    counted = {_math(series) for series in found}
    return printable(counted.pop(), 60) if len(counted) == 1 else ""


def _title(found: Sequence[Series], echo: Mapping[str, Any]) -> str:
    names = dict.fromkeys(str(series.action.name) for series in found if series.action and series.action.name)
    title = ", ".join(list(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if echo.get("formula"):
        title = f"Formula ({echo['formula']})"
    elif not title:
        title = str(found[0].label or "Trend") if len(found) == 1 else "Trend"
    breakdown = echo.get("breakdown")
    return printable(title + (f" by {breakdown}" if breakdown else ""), 120)


def _interval(echo: Mapping[str, Any], lines: Sequence[ChartLine]) -> str:
    asked = echo.get("interval")
    if isinstance(asked, str) and asked in _STEPS:
        return asked
    gaps = [
        later - time for line in lines if line.times for time, later in zip(line.times, line.times[1:], strict=False)
    ]
    least = min(gaps, default=_STEPS["day"])
    return next((name for name in _EXACT if least <= _STEPS[name]), "month")

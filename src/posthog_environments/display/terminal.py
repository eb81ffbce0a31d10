"""Pictures of trends as text for terminals. Those over time are by plotext (extra `cli`), imported when it draws."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from math import floor, isnan, log10
from typing import TYPE_CHECKING, Any, Final, cast

from posthog_environments.display import chart_data as charts
from posthog_environments.display.chart_data import Chart, ChartLine, figures

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

__all__ = ["text"]

_COLORS: Final = (12, 208, 10, 9, 13, 14, 11, 7)
"""Numbers of the terminal's colours; those below 16 follow the reader's own scheme."""
_LETTERS: Final = "ox+*#@%&"
_MOST_LINES: Final = 8
_MOST_BARS: Final = 30


def text(
    series: Iterable[Series],
    width: int,
    height: int,
    *,
    color: bool,
    display: str | None = None,
    computed: datetime | None = None,
) -> str:
    """Draw a trend as lines of text, none wider than `width`; those over time are `height` lines high.

    Raises:
        ImportError: The extra `cli` is not installed.
        ValueError: There is no such display, or the trend has no points over time for it.
    """
    chart = charts.read(series, display, computed)
    width, height = max(width, 30), max(height, 8)
    title = _cut(chart.title, width)
    over_time = chart.kind in ("lines", "area", "bars")
    lines = [line for line in chart.lines if not line.previous or chart.kind != "pie"]
    if all(isnan(value) for line in lines for value in (line.values if over_time else (line.total,))):
        return f"{title}\nno data\n"
    body = _over_time(chart, width, height, color=color) if over_time else _totals(chart, lines, width, color=color)
    return "\n".join([title, *body, ""])


# ----- over time


def _over_time(chart: Chart, width: int, height: int, *, color: bool) -> list[str]:
    legend = _legend(chart, width, color=color) if len(chart.lines) > 1 else []
    words = [_cut(f"({chart.unfinished}: dashed)", width)] if chart.unfinished else []
    return [*legend, *_canvas(chart, width, max(height - 1 - len(legend) - len(words), 6), color=color), *words]


def _canvas(chart: Chart, width: int, height: int, *, color: bool) -> list[str]:
    """Draw with plotext, but for the ticks: its own are 1.0e3 and 18999.50."""
    plotext = _plotext()
    figure = plotext.figure
    plotext.terminal.limit(width=False, height=False)
    figure.clear()
    try:
        figure.plot_size(width, height)
        figure.theme("colorless")
        for signal in _signals(chart, plotext, color=color):
            figure.draw(signal)
        _time_ticks(chart, figure.ruler(axis="x"), width)
        _number_ticks(chart, figure.ruler(axis="y"), height)
        figure.axes(active=False, side=1)
        drawn = str(figure.build().string(colorless=not color))
    finally:
        figure.clear()
        plotext.terminal.limit()
    return [line.rstrip() for line in drawn.rstrip("\n").split("\n")]


def _signals(chart: Chart, plotext: Any, *, color: bool) -> Iterable[Any]:
    """Make lines; bars for the current period where they are asked for, and points for the one before."""
    shown = _shown(chart)
    stacked = [line for line in shown if not line.previous] if chart.kind == "bars" else []
    if stacked:
        places = sorted({place for line in stacked for place in _places(chart, line)})
        heights = [dict(zip(_places(chart, line), line.values, strict=True)) for line in stacked]
        yield plotext.figure.bar(
            places,
            [[0.0 if isnan(value := column.get(place, 0.0)) else value for place in places] for column in heights],
            marker=[_marker(chart, plotext, line, color=color) for line in stacked],
            stacked=True,
        )
    for line in shown:
        points = [(x, y) for x, y in zip(_places(chart, line), line.values, strict=True) if not isnan(y)]
        if points and line not in stacked:
            marker = _marker(chart, plotext, line, color=color)
            over = min(chart.finished(line), len(points))
            for part, joined in ((points[:over], not stacked), (_dashes(points[max(over - 1, 0) :], over), False)):
                if part:
                    xs, ys = zip(*part, strict=True)
                    yield plotext.figure.signal(list(xs), list(ys), marker=marker).lines(joined)


def _dashes(points: list[tuple[float, float]], over: int) -> list[tuple[float, float]]:
    """Turn the end of a line into single points, unless all of it is over."""
    if len(points) <= (1 if over else 0):
        return []
    dashes = [points[-1]]
    for (x, y), (to_x, to_y) in pairwise(points):
        dashes += [(x + (to_x - x) * part / 5, y + (to_y - y) * part / 5) for part in range(1, 5)]
    return dashes


def _marker(chart: Chart, plotext: Any, line: ChartLine, *, color: bool) -> Any:
    symbol = _symbol(chart, line, color=color)
    return plotext.marker(symbol, plotext.pixel(_COLORS[line.color % len(_COLORS)])) if color else symbol


def _symbol(chart: Chart, line: ChartLine, *, color: bool) -> str:
    """Choose what a series is drawn with: by colour one for all, without colours a letter for each."""
    if color or len(chart.lines) == 1:
        if line.previous:
            return "·"
        return "full" if chart.kind == "bars" else "hd"
    return _LETTERS[_shown(chart).index(line) % len(_LETTERS)]


def _shown(chart: Chart) -> list[ChartLine]:
    """Choose the first series; with the period before, each with its own."""
    both = len({line.previous for line in chart.lines}) > 1
    colors = list(dict.fromkeys(line.color for line in chart.lines))[: _MOST_LINES // 2 if both else _MOST_LINES]
    return [line for line in chart.lines if line.color in colors]


def _places(chart: Chart, line: ChartLine) -> list[float]:
    """Place the points in days since the first: plotext's numbers are short, and 1997 is many days after the year 1."""
    times, places = chart.axis()[0], chart.places(line)
    if times is None or places is None:
        return [float(place) for place in range(len(line.values))]
    return [(place - times[0]) / timedelta(days=1) for place in places]


def _time_ticks(chart: Chart, ruler: Any, width: int) -> None:
    times, texts = chart.axis()
    layout = "%d %b %H:%M" if chart.by_clock else "%b %Y" if chart.interval == "month" else "%d %b %Y"
    if times is not None:
        texts = [time.strftime(layout).lstrip("0") for time in times]
    texts = [_cut(day, 16) for day in texts]
    fitting = max((width - 10) // (max(map(len, texts)) + 4), 2)
    every = max(1, -(-len(texts) // fitting))
    chosen = range(0, len(texts), every)
    ruler.ticks(
        [(times[place] - times[0]) / timedelta(days=1) if times else float(place) for place in chosen],
        [texts[place] for place in chosen],
    )


def _number_ticks(chart: Chart, ruler: Any, height: int) -> None:
    """Mark round numbers, and begin at 0 where nothing is below."""
    low, high = _reach(chart)
    rough = (high - low) / max(min(height // 4, 6), 2)
    power = 10 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    if step < 1 and all(value == int(value) for line in chart.lines for value in line.values if not isnan(value)):
        step = 1.0
    first, last = floor(low / step), -floor(-high / step)
    ticks = [step * number for number in range(first, last + 1)]
    ruler.ticks(ticks, [figures(round(tick, 12)) for tick in ticks])
    ruler.lim(ticks[0], ticks[-1])


def _reach(chart: Chart) -> tuple[float, float]:
    """Tell from where to where the numbers go; stacked bars reach as far as their sums."""
    reached = [0.0]
    sums: dict[tuple[bool, float], float] = {}
    for line in _shown(chart):
        for place, value in zip(_places(chart, line), line.values, strict=True):
            if isnan(value):
                continue
            if chart.kind == "bars" and not line.previous:
                value = sums[value < 0, place] = sums.get((value < 0, place), 0.0) + value  # noqa: PLW2901
            reached.append(value)
    low, high = min(reached), max(reached)
    return (low, high) if high > low else (0.0, 1.0)


def _legend(chart: Chart, width: int, *, color: bool) -> list[str]:
    shown = _shown(chart)
    rows: list[str] = []
    used = width
    entries = [(f"{_sign(chart, line, color=color)} ", _cut(line.name, width - 4), line) for line in shown]
    for sign, name, line in entries:
        wide = 2 + _width(name) + 2
        if used + wide > width:
            rows.append("")
            used = 0
        rows[-1] += _painted(sign, line, color=color) + name + "  "
        used += wide
    if len(chart.lines) > len(shown):
        rows.append(f"… and {len(chart.lines) - len(shown):,} more")
    return [row.rstrip() for row in rows]


def _sign(chart: Chart, line: ChartLine, *, color: bool) -> str:
    symbol = _symbol(chart, line, color=color)
    return {"full": "█", "hd": "━"}.get(symbol, symbol)


# ----- one number for each series


def _totals(chart: Chart, lines: list[ChartLine], width: int, *, color: bool) -> list[str]:
    """Draw a bar for each series, of blocks; this takes no help."""
    if chart.by_size:
        lines = sorted(lines, key=lambda line: (isnan(line.total), -line.total))
    shown = lines[:_MOST_BARS]
    whole = sum(line.total for line in lines if line.total > 0)
    numbers = [
        figures(line.total)
        + (f" ({line.total / whole:.1%})" if chart.kind == "pie" and whole and line.total > 0 else "")
        for line in shown
    ]
    right = max(map(len, numbers))
    left = min(max(_width(line.name) for line in shown), max(width - right - 14, 8))
    room = width - left - right - 4
    most = max((abs(line.total) for line in shown if not isnan(line.total)), default=0)
    rows: list[str] = []
    for line, count in zip(shown, numbers, strict=True):
        name = _cut(line.name, left)
        length = 0 if isnan(line.total) or not most else abs(line.total) / most * room
        bar = _blocks(length) if not line.previous else "░" * round(length)
        space = " " * (left - _width(name))
        rows.append(f"{name}{space}  {_painted(bar + ' ' * (room - len(bar)), line, color=color)}  {count:>{right}}")
    if len(lines) > len(shown):
        rows.append(f"… and {len(lines) - len(shown):,} more")
    return rows


def _blocks(length: float) -> str:
    """Write a bar, to the eighth of a character."""
    eighths = round(length * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _painted(text: str, line: ChartLine, *, color: bool) -> str:
    return f"\x1b[38;5;{_COLORS[line.color % len(_COLORS)]}m{text}\x1b[0m" if color else text


# ----- words


def _width(text: str) -> int:
    """Count the columns that a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(letter) or letter in "\u200d\ufe0e\ufe0f"
        else 2 if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )  # fmt: skip


def _cut(text: str, limit: int) -> str:
    if _width(text) <= limit:
        return text
    kept = text[:limit]
    while _width(kept) > limit - 1:
        kept = kept[:-1]
    return kept + "…"


def _plotext() -> Any:
    try:
        import plotext  # type: ignore[import-untyped, unused-ignore]
    except ModuleNotFoundError as error:
        if error.name != "plotext":
            raise
        message = "Plots in the terminal need plotext: pip install 'posthog-environments[cli]'"
        raise ModuleNotFoundError(message, name="plotext") from None
    return cast("Any", plotext)

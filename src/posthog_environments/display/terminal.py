"""Draw trends as text for terminals. Charts over time use plotext (extra `cli`), imported only when one is drawn."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.config.extras import import_extra
from posthog_environments.display import chart_data
from posthog_environments.display.chart_data import COLORS, Chart, ChartSeries, format_number

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

__all__ = ["text"]

_LETTERS: Final = "ox+*#@%&"
_MOST_OVER_TIME: Final = 8


def text(
    series: Iterable[Series],
    width: int,
    height: int,
    *,
    color: bool,
    display: str | None = None,
    computed: datetime | None = None,
) -> str:
    """Draw a trend as lines of text, none wider than `width`. Charts over time are `height` lines high.

    Raises:
        ImportError: The extra `cli` is not installed.
        ValueError: The display is unknown, or needs points over time and the trend has none.
    """
    chart = chart_data.read(series, display, computed)
    width, height = max(width, 30), max(height, 8)
    title = _cut(chart.title, width)
    if chart.empty:
        return f"{title}\nno data\n"
    if chart.over_time:
        body = _over_time(chart.limited(_MOST_OVER_TIME), width, height, color=color)
    else:
        body = _totals(chart.limited(), width, color=color)
    return "\n".join([title, *body, ""])


# ----- over time


def _over_time(chart: Chart, width: int, height: int, *, color: bool) -> list[str]:
    symbols = _symbols(chart, color=color)
    legend = _legend(chart, symbols, width, color=color)
    notes = [_cut(f"({chart.unfinished})", width)] if chart.unfinished else []
    height = max(height - 1 - len(legend) - len(notes), 6)
    return [*legend, *_canvas(chart, symbols, width, height, color=color), *notes]


def _symbols(chart: Chart, *, color: bool) -> list[str]:
    """Choose a marker for each series: without colours, a letter tells it from the others."""
    if not color and len(chart.series) > 1:
        return [_LETTERS[place % len(_LETTERS)] for place in range(len(chart.series))]
    return ["·" if one.previous else "full" if chart.kind == "bar" else "hd" for one in chart.series]


def _canvas(chart: Chart, symbols: Sequence[str], width: int, height: int, *, color: bool) -> list[str]:
    """Draw with plotext. The ticks are ours: plotext would write 1.0e3 and 18999.50."""
    plotext = import_extra("plotext", "cli", "Plots in the terminal")
    figure = plotext.figure
    plotext.terminal.limit(width=False, height=False)
    figure.clear()
    try:
        figure.plot_size(width, height)
        figure.theme("colorless")
        for signal in _signals(chart, symbols, plotext, color=color):
            figure.draw(signal)
        places, labels = chart.time_ticks(max(width // 20, 2))
        figure.ruler(axis="x").ticks(_as_numbers(chart, places), [_cut(label, 16) for label in labels])
        ticks, labels = chart.number_ticks(max(min(height // 4, 6), 2))
        figure.ruler(axis="y").ticks(ticks, labels)
        figure.ruler(axis="y").lim(ticks[0], ticks[-1])
        figure.axes(active=False, side=1)
        drawn = str(figure.build().string(colorless=not color))
    finally:
        figure.clear()
        plotext.terminal.limit()
    return [line.rstrip() for line in drawn.rstrip("\n").split("\n")]


def _signals(chart: Chart, symbols: Sequence[str], plotext: Any, *, color: bool) -> Iterable[Any]:
    """Make plotext's signals: lines, or bars with the period before as points."""
    markers = [
        plotext.marker(symbol, plotext.pixel(_color(one))) if color else symbol
        for symbol, one in zip(symbols, chart.series, strict=True)
    ]
    stacked = [one for one in chart.series if not one.previous] if chart.kind == "bar" else []
    if stacked:
        values = [dict(zip(_places(chart, one), one.values, strict=True)) for one in stacked]
        places = sorted({place for each in values for place in each})
        yield plotext.figure.bar(
            places,
            [[0.0 if isnan(value := each.get(place, 0.0)) else value for place in places] for each in values],
            marker=[marker for marker, one in zip(markers, chart.series, strict=True) if one in stacked],
            stacked=True,
        )
    for one, marker in zip(chart.series, markers, strict=True):
        points = [(x, y) for x, y in zip(_places(chart, one), one.values, strict=True) if not isnan(y)]
        if one in stacked or not points:
            continue
        xs, ys = zip(*points, strict=True)
        yield plotext.figure.signal(list(xs), list(ys), marker=marker).lines(not stacked)


def _places(chart: Chart, series: ChartSeries) -> list[float]:
    return _as_numbers(chart, chart.positions(series))


def _as_numbers(chart: Chart, places: Sequence[Any]) -> list[float]:
    """Count days from the first point: plotext's numbers lack the digits for days since the year 1."""
    if not chart.dated:
        return [float(place) for place in places]
    first = chart.time_ticks(1)[0][0]
    return [(place - first) / timedelta(days=1) for place in places]


def _legend(chart: Chart, symbols: Sequence[str], width: int, *, color: bool) -> list[str]:
    if len(chart.series) == 1 and not chart.more:
        return []
    rows: list[str] = []
    used = width
    for symbol, one in zip(symbols, chart.series, strict=True):
        name = _cut(one.name, width - 4)
        wide = 2 + _width(name) + 2
        if used + wide > width:
            rows.append("")
            used = 0
        sign = {"full": "█", "hd": "━"}.get(symbol, symbol)
        rows[-1] += f"{_painted(f'{sign} ', one, color=color)}{name}  "
        used += wide
    return [row.rstrip() for row in [*rows, *filter(None, [chart.more])]]


# ----- one number for each series


def _totals(chart: Chart, width: int, *, color: bool) -> list[str]:
    """Draw a bar of blocks for each series."""
    numbers = [format_number(one.total) for one in chart.series]
    right = max(map(len, numbers))
    left = min(max(_width(one.name) for one in chart.series), max(width - right - 14, 8))
    room = width - left - right - 4
    most = max(abs(one.total) for one in chart.series if not isnan(one.total))
    rows: list[str] = []
    for one, number in zip(chart.series, numbers, strict=True):
        name = _cut(one.name, left)
        length = 0.0 if isnan(one.total) or not most else abs(one.total) / most * room
        bar = "░" * round(length) if one.previous else _blocks(length)
        padding = " " * (left - _width(name))
        rows.append(f"{name}{padding}  {_painted(f'{bar:<{room}}', one, color=color)}  {number:>{right}}")
    return [*rows, *filter(None, [chart.more])]


def _blocks(length: float) -> str:
    """Write a bar, to an eighth of a character."""
    eighths = round(length * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


# ----- text


def _color(series: ChartSeries) -> int:
    return COLORS[series.color % len(COLORS)][1]


def _painted(written: str, series: ChartSeries, *, color: bool) -> str:
    return f"\x1b[38;5;{_color(series)}m{written}\x1b[0m" if color else written


def _width(written: str) -> int:
    """Count the columns that a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(letter) or letter in "\u200d\ufe0e\ufe0f"
        else 2 if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in written
    )  # fmt: skip


def _cut(written: str, limit: int) -> str:
    """Cut a text to a number of columns."""
    if _width(written) <= limit:
        return written
    kept = written[:limit]
    while _width(kept) > limit - 1:
        kept = kept[:-1]
    return f"{kept}…"

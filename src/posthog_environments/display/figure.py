"""Pictures of trends by matplotlib (extra `plot`), which is imported when something is drawn.

What is drawn follows the display that was asked for; see `charts`. Pictures as text are in `sketches`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from posthog_environments.display import chart_data as charts
from posthog_environments.display.chart_data import Chart, ChartLine, figures, shorten
from posthog_environments.display.terminal import text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from posthog_environments_api.models import Series

__all__ = ["FORMATS", "plot", "save", "text"]

FORMATS: Final = (".png", ".svg", ".pdf")

# Okabe and Ito's colours, which the colour-blind can tell apart, without the yellow and the black that vanish on
# light and on dark ground.
_COLORS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F")
_MARKERS: Final = "os^Dv<>P"
_MOST_MARKED: Final = 40
_MOST_NAMED: Final = 20
_MOST_BARS: Final = 30
_MOST_WEDGES: Final = 8
_MOST_TICKS: Final = 12
_MOST_PAIRED: Final = 40
_NAME: Final = 30
_HATCHED: Final[Mapping[str, Any]] = {"alpha": 0.55, "hatch": "///", "edgecolor": "white"}
"""How the period before is drawn where it is no line."""


def plot(
    series: Iterable[Series], *, ax: Axes | None = None, display: str | None = None, computed: datetime | None = None
) -> Axes:
    """Draw a trend into `ax`, or into a new figure of pyplot, which notebooks show; see `charts.read`.

    Raises:
        ImportError: The extra `plot` is not installed.
        ValueError: There is no such display, or the trend has no points over time for it.
    """
    chart = charts.read(series, display, computed)
    axes: Any = ax
    if axes is None:
        _, axes = _part("pyplot").subplots(figsize=_size(chart), layout="constrained")
    _draw(chart, axes)
    return cast("Axes", axes)


def save(
    series: Iterable[Series],
    path: str | os.PathLike[str],
    *,
    display: str | None = None,
    computed: datetime | None = None,
) -> None:
    """Draw a trend into a file; its suffix says which format. A file that is there is replaced once the new is whole.

    Raises:
        ImportError: The extra `plot` is not installed.
        ValueError: The suffix is not known, or as for `plot`.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"A picture can be written as {', '.join(FORMATS)}, not as {target.suffix or target.name!r}.")
    chart = charts.read(series, display, computed)
    figure = _part("figure").Figure(figsize=_size(chart), layout="constrained")
    _draw(chart, figure.add_subplot())
    # The same trend gives the same bytes.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with _part().rc_context({"svg.hashsalt": "trend"}):
            figure.savefig(beside, format=suffix[1:], dpi=150, metadata=metadata)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _part(name: str = "") -> Any:
    """Import a part of matplotlib. It comes as Any: its stubs leave too much open for strict checkers."""
    try:
        return import_module(f"matplotlib.{name}" if name else "matplotlib")
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        message = "Plots need matplotlib: pip install 'posthog-environments[plot]'"
        raise ModuleNotFoundError(message, name="matplotlib") from None


def _size(chart: Chart) -> tuple[float, float]:
    """Choose the size of a figure in inches."""
    if chart.kind == "number":
        return 6.0, 3.0
    if chart.kind == "totals":
        return 8.0, min(max(1.1 + 0.28 * len(chart.lines), 1.8), 9.5)
    if chart.kind == "pie":
        return 7.0, 3.8
    if chart.kind == "table":
        return 7.0, 0.7 + 0.32 * min(len(chart.lines), _MOST_NAMED + 1)
    return 8.0, 4.5


def _draw(chart: Chart, axes: Any) -> None:
    axes.set_title(_safe(shorten(chart.title, 70)), loc="center")
    values = [value for line in chart.lines for value in line.values]
    if chart.kind not in ("lines", "area", "bars"):
        values = [line.total for line in chart.lines]
    if all(isnan(value) for value in values):
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", alpha=0.6, fontsize="large")
        return
    _DRAWN[chart.kind](chart, axes)


# ----- over time


def _lines(chart: Chart, axes: Any) -> None:
    colors = _palette(chart.colors)
    handles: list[Any] = []
    for line in chart.lines:
        few = len(line.values) <= _MOST_MARKED
        places, over = _places(chart, line), chart.finished(line)
        # A place on, so that the last of them joins what is not over.
        _dashed(
            axes, places[max(over - 1, 0) :], line.values[max(over - 1, 0) :], colors[line.color], over < len(places)
        )
        (drawn,) = axes.plot(
            places[:over] or places,
            line.values[:over] or line.values,
            color=colors[line.color],
            linestyle="--" if line.previous else "-",
            alpha=0.75 if line.previous else 1,
            linewidth=1.8,
            marker=_MARKERS[line.color // len(_COLORS) % len(_MARKERS)] if few else None,
            markersize=3.5 if len(line.values) > 1 else 7,
            label=_label(line.name),
        )
        if chart.kind == "area" and not line.previous:
            axes.fill_between(_places(chart, line), line.values, color=colors[line.color], alpha=0.25, linewidth=0)
        drawn.set_zorder(2 if line.previous else 3)
        handles.append(drawn)
    _finish(chart, axes, handles)


def _dashed(axes: Any, places: Sequence[Any], values: Sequence[float], color: str, wanted: bool) -> None:
    """Draw the end of a line that is not over yet."""
    if wanted:
        axes.plot(places, values, color=color, linestyle="--", linewidth=1.8, marker=None, label="_not over")


def _bars(chart: Chart, axes: Any) -> None:
    """Stack the series of each period; the one before stands beside, or where it is crowded as dashed lines."""
    colors = _palette(chart.colors)
    points = max(len(line.values) for line in chart.lines)
    both = len({line.previous for line in chart.lines}) > 1
    beside = both and points <= _MOST_PAIRED
    step = chart.step / timedelta(days=1) if chart.axis()[0] is not None else 1.0
    width = step * (28 / 30 if chart.interval == "month" else 1) * (0.8 if points <= 2 * _MOST_PAIRED else 1)
    floors: dict[tuple[bool, bool, float], float] = {}
    handles: list[Any] = []
    for line in chart.lines:
        places = [_as_number(place) for place in _places(chart, line)]
        values = [0.0 if isnan(value) else value for value in line.values]
        stacks = [(line.previous, value < 0, place) for place, value in zip(places, values, strict=True)]
        bottoms = [floors.get(stack, 0.0) for stack in stacks]
        tops = [bottom + value for bottom, value in zip(bottoms, values, strict=True)]
        floors |= dict(zip(stacks, tops, strict=True))
        if line.previous and both and not beside:
            dark = _mixed(colors[line.color], 0, 0.3)
            handles += axes.plot(places, tops, color=dark, linestyle="--", linewidth=1.2, label=_label(line.name))
            continue
        shift = (-width / 4 if line.previous else width / 4) if beside else 0.0
        drawn = axes.bar(
            [place + shift for place in places],
            values,
            width=width / 2 if beside else width,
            bottom=bottoms,
            color=colors[line.color],
            linewidth=0,
            label=_label(line.name),
            **(_HATCHED if line.previous else {}),
        )
        for bar in drawn.patches[chart.finished(line) :]:
            bar.set(alpha=0.45, linestyle="--", linewidth=1, edgecolor=colors[line.color])
        handles.append(drawn)
    _finish(chart, axes, handles)


def _places(chart: Chart, line: ChartLine) -> Sequence[Any]:
    if chart.axis()[0] is None:
        return range(len(line.values))
    return chart.places(line) or []


def _as_number(place: Any) -> float:
    return float(place if isinstance(place, int) else _part("dates").date2num(place))


def _finish(chart: Chart, axes: Any, drawn: Sequence[Any]) -> None:
    """Set axes, ticks and legend."""
    _time_axis(chart, axes)
    _number_axis(axes, axes.yaxis, [value for line in chart.lines for value in line.values])
    words = [chart.counted, "so far" if chart.cumulative else f"per {chart.interval}"]
    axes.set_ylabel(_safe(" ".join(word for word in words if word)))
    if chart.unfinished:
        axes.set_xlabel(f"{chart.unfinished}: dashed", fontsize="small")
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if any(value < 0 for line in chart.lines for value in line.values):
        axes.axhline(0, color=axes.spines["left"].get_edgecolor(), linewidth=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(chart.lines) > 1:
        _name_lines(chart, axes, drawn)


def _name_lines(chart: Chart, axes: Any, drawn: Sequence[Any]) -> None:
    """Name the lines in the legend, as far as it fits."""
    names = [(handle, shorten(line.name, _NAME + 11)) for handle, line in zip(drawn, chart.lines, strict=True)]
    more = max(len(names) - _MOST_NAMED, 0)
    current = [name for name, line in zip(names, chart.lines, strict=True) if not line.previous]
    if more and 0 < len(current) < len(names):
        # Both periods have the same colours, so that one entry does for all of the one before.
        before = next(handle for handle, line in zip(drawn, chart.lines, strict=True) if line.previous)
        more = max(len(current) - _MOST_NAMED + 1, 0)
        names = [*current[: _MOST_NAMED - 1], (before, "the period before")]
    shown = names[:_MOST_NAMED]
    _legend(axes, [handle for handle, _ in shown], [name for _, name in shown], more=more)


def _time_axis(chart: Chart, axes: Any) -> None:
    times, texts = chart.axis()
    if times is None:
        every = max(1, -(-len(texts) // _MOST_TICKS))
        shown = [_safe(shorten(day, 16)) for day in texts[::every]]
        axes.set_xticks(range(0, len(texts), every), shown, rotation=30 if max(map(len, shown)) > 6 else 0)
    elif len(times) <= _MOST_TICKS:
        axes.xaxis_date()
        axes.set_xticks(times, charts.stamps(times, chart.interval))
    else:
        axes.xaxis_date()
        dates = _part("dates")
        locator = dates.AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    if times is not None and len(times) == 1:
        axes.set_xlim(times[0] - 2 * chart.step, times[0] + 2 * chart.step)
    axes.xaxis.set_minor_locator(_part("ticker").NullLocator())


def _number_axis(axes: Any, axis: Any, values: Iterable[float], room: float = 1.06) -> None:
    """Begin at 0 where nothing is below, write thousands with separators, and split no whole numbers."""
    ticker = _part("ticker")
    numbers = [value for value in values if not isnan(value)]
    whole = all(value == int(value) for value in numbers)
    axis.set_major_locator(ticker.MaxNLocator(nbins=6, integer=whole))
    axis.set_major_formatter(ticker.FuncFormatter(_tick))
    if min(numbers) >= 0:
        name = "y" if axis is axes.yaxis else "x"
        top = getattr(axes.dataLim, f"{name}1") * room
        axes.set(**{f"{name}lim": (0, top if top > 0 else 1)})


def _tick(value: float, _place: int) -> str:
    return figures(value)


# ----- one number for each series


def _totals(chart: Chart, axes: Any) -> None:
    """Draw horizontal bars, the first on top; the period before lies under the current one."""
    colors = _palette(1)
    current, previous = _pairs(chart)
    shown = current[:_MOST_BARS]
    height = 0.38 if previous else 0.75
    for before in (False, True) if previous else (False,):
        values = [(previous.get(line.color, line) if before else line).total for line in shown]
        if before:
            values = [value if line.color in previous else 0.0 for line, value in zip(shown, values, strict=True)]
        bars = axes.barh(
            [place + (height / 2 if before else -height / 2 if previous else 0) for place in range(len(shown))],
            [0.0 if isnan(value) else value for value in values],
            height=height,
            color=colors[0],
            **(_HATCHED if before else {}),
            linewidth=0,
            label="previous" if before else "current",
        )
        axes.bar_label(bars, [figures(value) for value in values], padding=4, fontsize="small")
    axes.set_yticks(range(len(shown)), [_safe(shorten(line.name, _NAME)) for line in shown])
    everything = [line.total for line in chart.lines]
    axes.margins(x=0.14)
    # So much of it that the numbers at the ends of the bars fit.
    _number_axis(axes, axes.xaxis, everything, 1.14)
    axes.set_ylim(max(len(shown), 2) - 0.5, -0.5)
    axes.grid(visible=True, axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    more = f"… and {len(current) - len(shown):,} more" if len(current) > len(shown) else ""
    axes.set_xlabel(_safe("   ".join(filter(None, [chart.counted, more]))))
    if previous:
        axes.legend(**_BESIDE)


_BESIDE: Final[Mapping[str, Any]] = {
    "loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "frameon": False,
}  # fmt: skip


def _pie(chart: Chart, axes: Any) -> None:
    """Draw the current period as wedges, the smallest as one; names, numbers and shares are in the legend."""
    current, previous = _pairs(chart)
    parts = sorted((line for line in current if line.total > 0), key=lambda line: -line.total)
    if not parts:
        _draw(Chart("pie", [], chart.title, "", "", cumulative=False, sums=False, by_size=False), axes)
        return
    wedges = [(line.name, line.total) for line in parts]
    if len(wedges) > _MOST_WEDGES:
        rest = wedges[_MOST_WEDGES - 1 :]
        wedges = [*wedges[: _MOST_WEDGES - 1], (f"{len(rest)} others", sum(value for _, value in rest))]
    whole = sum(value for _, value in wedges)
    colors = [*_palette(min(len(wedges), len(_COLORS))), "#B8B8B8"][: len(wedges)]
    patches, _ = axes.pie(
        [value / whole for _, value in wedges],
        colors=colors,
        startangle=90,
        counterclock=False,
        wedgeprops={"linewidth": 1, "edgecolor": "white"},
    )
    names = [f"{shorten(name, _NAME)}   {figures(value)} ({value / whole:.1%})" for name, value in wedges]
    _legend(axes, patches, names, title="current period" if previous else None)
    axes.set(aspect="equal", anchor="W")


def _table(chart: Chart, axes: Any) -> None:
    current, previous = _pairs(chart)
    shown = current[:_MOST_NAMED]
    rows = [
        [
            _safe(shorten(line.name, 50)),
            figures(line.total),
            *(
                [figures(previous[line.color].total) if line.color in previous else charts.NO_NUMBER]
                if previous
                else []
            ),
        ]
        for line in shown
    ]
    head = ["", *([chart.counted or "current", "previous"] if previous else [chart.counted or "value"])]
    if len(current) > len(shown):
        rows.append([f"… and {len(current) - len(shown):,} more", *[""] * (len(head) - 1)])
    axes.set_axis_off()
    widths = [0.6, *[0.4 / (len(head) - 1)] * (len(head) - 1)]
    table = axes.table(
        cellText=rows,
        colLabels=[_safe(name) for name in head],
        colWidths=widths,
        bbox=(0, 0, 1, 1),
        cellLoc="right",
        colLoc="right",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor((0.5, 0.5, 0.5, 0.4))
        cell.PAD = 0.03
        if column == 0:
            cell.set_text_props(ha="left")
        if row == 0:
            cell.set_text_props(weight="bold")


def _number(chart: Chart, axes: Any) -> None:
    """Write the number large, its name under it, and what it was in the period before."""
    current, previous = _pairs(chart)
    axes.set_axis_off()
    wide = axes.get_window_extent().width / axes.figure.dpi * 72 / len(current)
    longest = max(len(figures(line.total)) for line in current)
    size = min(56.0, 0.9 * wide / (0.64 * longest))
    for place, line in enumerate(current):
        middle = (place + 0.5) / len(current)
        where: dict[str, Any] = {"transform": axes.transAxes, "ha": "center"}
        axes.text(middle, 0.55, figures(line.total), va="center", fontsize=size, weight="bold", **where)
        below = [shorten(line.name, _NAME)] if len(current) > 1 or line.name != chart.title else [chart.counted]
        if line.color in previous:
            below.append(_change(line.total, previous[line.color].total))
        axes.text(middle, 0.22, _safe("\n".join(filter(None, below))), va="center", alpha=0.75, **where)


def _change(now: float, before: float) -> str:
    by = f" ({(now - before) / before:+.1%})" if before > 0 and not isnan(now) else ""
    return f"{figures(before)} in the period before{by}"


def _pairs(chart: Chart) -> tuple[list[ChartLine], Mapping[int, ChartLine]]:
    """Return the lines of the current period, and those of the one before by their colour."""
    current = [line for line in chart.lines if not line.previous]
    previous = {line.color: line for line in chart.lines if line.previous}
    current += [line for color, line in previous.items() if all(other.color != color for other in current)]
    if chart.by_size:
        current.sort(key=lambda line: (isnan(line.total), -line.total))
    kept = {color: line for color, line in previous.items() if line not in current}
    return current, kept


_DRAWN: Final[Mapping[str, Callable[[Chart, Any], None]]] = {
    "lines": _lines,
    "area": _lines,
    "bars": _bars,
    "totals": _totals,
    "pie": _pie,
    "table": _table,
    "number": _number,
}


# ----- colours and words


def _palette(count: int) -> list[str]:
    """Give that many colours: the chosen ones, then the same darker, then lighter, and over again."""
    shades = [_mixed(color, with_, share) for with_, share in ((0, 0.0), (0, 0.45), (255, 0.5)) for color in _COLORS]
    return [shades[number % len(shades)] for number in range(count)]


def _mixed(color: str, with_: int, share: float) -> str:
    parts = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(part * (1 - share) + with_ * share):02X}" for part in parts)


def _legend(axes: Any, drawn: Iterable[Any], names: Iterable[str], *, more: int = 0, title: str | None = None) -> None:
    """Put the legend beside the picture, where it hides nothing."""
    shown, handles = [_label(name) for name in names], list(drawn)
    if more:
        shown.append(f"… and {more:,} more")
        handles.append(_part("patches").Patch(visible=False))
    axes.legend(handles, shown, title=title, alignment="left", fontsize="small", **_BESIDE)


def _label(name: str) -> str:
    """Write a name for a legend, which leaves out what begins with an underscore."""
    text = _safe(name)
    return " " + text if text.startswith("_") else text


def _safe(text: str) -> str:
    """Write text so that no `$` begins a formula, and with no character that the font lacks, which would warn."""
    if not text.isascii():
        manager = _part("font_manager")
        families = manager.FontProperties().get_family()
        fonts = [manager.get_font(manager.findfont(manager.FontProperties(family=[name]))) for name in families]
        # Parts of an emoji that show nothing by themselves go; the emoji becomes a box.
        text = "".join(
            letter if letter == "\n" or any(font.get_char_index(ord(letter)) for font in fonts) else "□"
            for letter in text
            if letter not in "\u200d\ufe0e\ufe0f"
        )
    return text.replace("$", r"\$") if text.count("$") > 1 else text

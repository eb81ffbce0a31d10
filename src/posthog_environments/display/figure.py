"""Draw trends with matplotlib (extra `plot`), which is imported only when something is drawn.

`chart_data` decides what is drawn. `text` draws for terminals.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from posthog_environments.config.extras import import_extra
from posthog_environments.display import chart_data
from posthog_environments.display.chart_data import COLORS, Chart, format_number
from posthog_environments.display.terminal import text
from posthog_environments.errors import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from posthog_environments_api.models import Series

__all__ = ["FORMATS", "plot", "save", "text"]

FORMATS: Final = (".png", ".svg", ".pdf")

_MOST_MARKED: Final = 40
_NUMBER_TICKS: Final = 6
_LONGEST_NAME: Final = 41
_PREVIOUS_BAR: Final[Mapping[str, Any]] = {"alpha": 0.55, "hatch": "///", "edgecolor": "white"}


def plot(
    series: Iterable[Series], *, ax: Axes | None = None, display: str | None = None, computed: datetime | None = None
) -> Axes:
    """Draw a trend into `ax`, or into a new pyplot figure, which notebooks show; see `chart_data.read`.

    Raises:
        ImportError: The extra `plot` is not installed.
        ValueError: The display is unknown, or needs points over time and the trend has none.
    """
    chart = chart_data.read(series, display, computed).limited()
    axes: Any = ax
    if axes is None:
        _, axes = _matplotlib("pyplot").subplots(figsize=_size(chart), layout="constrained")
    _draw(chart, axes)
    return cast("Axes", axes)


def save(
    series: Iterable[Series],
    path: str | os.PathLike[str],
    *,
    display: str | None = None,
    computed: datetime | None = None,
) -> None:
    """Draw a trend into a file; the suffix chooses the format. An existing file is replaced when the new one is whole.

    Raises:
        ImportError: The extra `plot` is not installed.
        ValueError: The suffix is unknown, or as for `plot`.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"A picture can be written as {', '.join(FORMATS)}, not as {target.suffix or target.name!r}.")
    chart = chart_data.read(series, display, computed).limited()
    figure = _matplotlib("figure").Figure(figsize=_size(chart), layout="constrained")
    _draw(chart, figure.add_subplot())
    # The same trend gives the same bytes.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with _matplotlib().rc_context({"svg.hashsalt": "trend"}):
            figure.savefig(temporary, format=suffix[1:], dpi=150, metadata=metadata)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _matplotlib(module: str = "") -> Any:
    return import_extra(f"matplotlib.{module}".rstrip("."), "plot", "Plots")


def _size(chart: Chart) -> tuple[float, float]:
    """Return the size of a figure in inches."""
    return (8.0, 4.5) if chart.over_time else (8.0, max(1.1 + 0.28 * len(chart.series), 1.8))


def _draw(chart: Chart, axes: Any) -> None:
    # At the default location, so that a title set by the user replaces this one.
    axes.set_title(_safe(printable(chart.title, 70)))
    if chart.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", alpha=0.6, fontsize="large")
    elif chart.kind == "totals":
        _draw_totals(chart, axes)
    else:
        handles = _draw_lines(chart, axes) if chart.kind == "line" else _draw_bars(chart, axes)
        _finish(chart, axes, handles)


def _draw_lines(chart: Chart, axes: Any) -> list[Any]:
    handles: list[Any] = []
    for series in chart.series:
        places, values, end = chart.positions(series), series.values, chart.finished(series)
        style = {"color": _color(series.color), "linewidth": 1.8}
        if end < len(values):
            # From the last finished point, so that the parts are joined.
            start = max(end - 1, 0)
            axes.plot(places[start:], values[start:], linestyle="--", label="_unfinished", **style)
        handles += axes.plot(
            places[: end or None],
            values[: end or None],
            linestyle="--" if series.previous else "-",
            alpha=0.75 if series.previous else 1,
            marker="o" if len(values) <= _MOST_MARKED else None,
            markersize=3.5 if len(values) > 1 else 7,
            zorder=2 if series.previous else 3,
            **style,
        )
    return handles


def _draw_bars(chart: Chart, axes: Any) -> list[Any]:
    """Draw stacked bars; the period before stands beside the current one."""
    both = len({series.previous for series in chart.series}) > 1
    width = chart.step / timedelta(days=1) if chart.dated else 1.0
    width *= 0.75 if chart.interval == "month" else 0.8
    handles: list[Any] = []
    for series, bottoms in zip(chart.series, chart.bottoms(), strict=True):
        places = chart.positions(series)
        numbers = _matplotlib("dates").date2num(places) if chart.dated else places
        shift = 0.0 if not both else -width / 4 if series.previous else width / 4
        color = _color(series.color)
        bars = axes.bar(
            [place + shift for place in numbers],
            [0.0 if isnan(value) else value for value in series.values],
            width=width / 2 if both else width,
            bottom=bottoms,
            color=color,
            linewidth=0,
            **(_PREVIOUS_BAR if series.previous else {}),
        )
        for bar in bars.patches[chart.finished(series) :]:
            bar.set(alpha=0.45, linestyle="--", linewidth=1, edgecolor=color)
        handles.append(bars)
    return handles


def _draw_totals(chart: Chart, axes: Any) -> None:
    """Draw a horizontal bar for each series, from the top."""
    for place, series in enumerate(chart.series):
        style: dict[str, Any] = dict(_PREVIOUS_BAR) if series.previous else {}
        value = 0.0 if isnan(series.total) else series.total
        bar = axes.barh(place, value, height=0.75, color=_color(series.color), linewidth=0, **style)
        axes.bar_label(bar, [format_number(series.total)], padding=4, fontsize="small")
    axes.set_yticks(range(len(chart.series)), [_safe(printable(one.name, _LONGEST_NAME)) for one in chart.series])
    axes.set_xticks([])
    # The labels at the ends of the bars need room.
    axes.margins(x=0.14)
    axes.set_ylim(max(len(chart.series), 2) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(_safe("   ".join(filter(None, [chart.value_label, chart.more]))))
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _finish(chart: Chart, axes: Any, handles: Sequence[Any]) -> None:
    """Set axes, ticks and legend of a chart over time."""
    places, labels = chart.time_ticks(4 if chart.step < timedelta(days=1) else 6)
    if chart.dated:
        axes.xaxis_date()
    axes.set_xticks(places, [_safe(printable(label, 16)) for label in labels], fontsize="small")
    if chart.dated and len(places) == 1:
        axes.set_xlim(places[0] - 2 * chart.step, places[0] + 2 * chart.step)
    ticks, labels = chart.number_ticks(_NUMBER_TICKS)
    axes.set_yticks(ticks, labels)
    # A line along an edge must not be cut.
    room = 0.02 * (ticks[-1] - ticks[0])
    axes.set_ylim(ticks[0] - (room if ticks[0] < 0 else 0), ticks[-1] + room)
    axes.set_ylabel(_safe(chart.value_label))
    if chart.unfinished:
        axes.set_xlabel(f"{chart.unfinished}: dashed", fontsize="small")
    if ticks[0] < 0:
        axes.axhline(0, color=axes.spines["left"].get_edgecolor(), linewidth=0.8)
    axes.grid(visible=True, axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(chart.series) > 1 or chart.more:
        names = [_legend_text(printable(series.name, _LONGEST_NAME)) for series in chart.series]
        if chart.more:
            names.append(chart.more)
            handles = [*handles, _matplotlib("patches").Patch(visible=False)]
        # Beside the chart, where it hides nothing.
        beside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "frameon": False}
        axes.legend(handles, names, alignment="left", fontsize="small", **beside)


def _color(index: int) -> str:
    """Return a colour: those of the palette, then darker, then lighter ones."""
    base, _ = COLORS[index % len(COLORS)]
    toward, part = ((0, 0.0), (0, 0.45), (255, 0.5))[index // len(COLORS) % 3]
    channels = (int(base[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(channel * (1 - part) + toward * part):02X}" for channel in channels)


def _legend_text(name: str) -> str:
    """Write a name for a legend. matplotlib leaves out names that begin with an underscore."""
    written = _safe(name)
    return f" {written}" if written.startswith("_") else written


def _safe(written: str) -> str:
    """Escape `$`, which would begin a formula, and replace characters that the font lacks, which would warn."""
    if not written.isascii():
        manager = _matplotlib("font_manager")
        families = manager.FontProperties().get_family()
        fonts = [manager.get_font(manager.findfont(manager.FontProperties(family=[name]))) for name in families]
        # Joiners and variation selectors of emoji show nothing by themselves.
        written = "".join(
            letter if letter == "\n" or any(font.get_char_index(ord(letter)) for font in fonts) else "□"
            for letter in written
            if letter not in "\u200d\ufe0e\ufe0f"
        )
    return written.replace("$", r"\$") if written.count("$") > 1 else written

"""What notebooks show of pages, trends and timelines: tables in HTML.

Everything of a server passes through `as_markup`, so that it is text and nothing else. There
is no script, nothing from elsewhere, and no colour but a half-transparent grey: it must read on light and on dark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final, cast

from posthog_environments.display import chart_data as charts
from posthog_environments.display.markup import as_markup

if TYPE_CHECKING:
    from posthog_environments_api.models import PropertiesTimelinePoint, Series

__all__ = ["page", "timeline", "trend"]

ROWS: Final = 20
"""So many rows are shown."""
COLUMNS: Final = 8
"""So many properties, or series, are shown."""

_BORDER: Final = "1px solid rgba(128,128,128,.35)"
_CELL: Final = f"padding:2px 8px;vertical-align:top;border:{_BORDER};white-space:nowrap"


class _Absent:
    """Stands in a table for what is not there."""


_ABSENT: Final = _Absent()


def page(results: Sequence[object], count: int | None) -> str:
    """Show a page: a row for each item, with the properties that most of them have as columns."""
    shown = list(results[:ROWS])
    fields = _fields(shown)
    names = _common(item for item in map(_properties, shown) if item is not None)
    rows = [[_value(item, field) for field in fields] for item in shown]
    for row, item in zip(rows, shown, strict=True):
        held = _properties(item) or {}
        row += [held.get(name, _ABSENT) for name in names[:COLUMNS]]
    kind = type(shown[0]).__name__ if shown else "items"
    title = f"Page of {kind}: {len(results):,}" if shown else "Page without items"
    of = f" of {count:,}" if isinstance(count, int) else ""
    notes: list[str] = []
    if len(results) > len(shown):
        notes.append(f"… and {len(results) - len(shown):,} more")
    if len(names) > COLUMNS:
        notes.append(f"{len(names) - COLUMNS:,} more properties are not shown")
    groups = [("properties", min(len(names), COLUMNS))] if names else []
    return _frame(f"{title}{of}", _table([*fields, *names[:COLUMNS]], rows, groups) if shown else "", notes)


def trend(series: Sequence[Series], timezone: str | None, last_refresh: datetime | None) -> str:
    """Show a trend: a row for each point and a column for each series, or a row for each where it has one number."""
    chart = charts.read(series)
    facts = [f"{len(series):,} series"]
    lines = chart.lines
    if any(line.values for line in lines):
        head, rows, foot, notes = _points(chart)
        facts.append(f"{max(len(line.values) for line in lines):,} points by {chart.interval}")
        table = _table(head, rows, foot=foot)
    else:
        table = _table(
            ["series", chart.counted or "value"], [[line.name, _figure(line.total)] for line in lines[:ROWS]]
        )
        notes = [f"… and {len(lines) - ROWS:,} more"] if len(lines) > ROWS else []
    if timezone is not None:
        facts.append(f"time zone {timezone}")
    title = f"Trend: {chart.title}" if chart.title != "Trend" else "Trend"
    if last_refresh is not None:
        notes.append(f"computed {last_refresh:%Y-%m-%d %H:%M %Z}")
    return _frame(title, table if lines else "", [", ".join(facts), *notes])


def timeline(points: Sequence[PropertiesTimelinePoint], keys: Sequence[str]) -> str:
    """Show a timeline: a row for each change of the properties that are looked at."""
    names = list(keys) or _common(held for point in points if (held := _properties(point)) is not None)
    rows = [
        [
            _value(point, "timestamp"),
            _value(point, "relevant_event_count"),
            *((_properties(point) or {}).get(name, _ABSENT) for name in names[:COLUMNS]),
        ]
        for point in points[:ROWS]
    ]
    notes: list[str] = []
    if len(points) > ROWS:
        notes.append(f"… and {len(points) - ROWS:,} more")
    if len(names) > COLUMNS:
        notes.append(f"{len(names) - COLUMNS:,} more properties are not shown")
    table = _table(
        ["timestamp", "relevant_event_count", *names[:COLUMNS]],
        rows,
        [("properties", min(len(names), COLUMNS))] if names else [],
    )
    return _frame(f"PropertiesTimeline of {len(points):,} points", table if points else "", notes)


def _points(chart: charts.Chart) -> tuple[list[object], list[list[object]], list[object], list[str]]:
    """Lay out a trend over time: the first and the last points, and under them what each series comes to."""
    lines = chart.lines[:COLUMNS]
    days: Sequence[str] = chart.longest.days if chart.longest else ()
    most = max(len(line.values) for line in chart.lines)
    places: list[int | None] = list(range(most))
    if most > ROWS:
        places = [*range(ROWS // 2), None, *range(most - ROWS // 2, most)]
    rows: list[list[object]] = []
    for place in places:
        if place is None:
            rows.append([f"… {most - ROWS:,} more", *[_ABSENT] * len(lines)])
            continue
        day = days[place] if place < len(days) else ""
        rows.append([day, *(_figure(line.values[place]) if place < len(line.values) else _ABSENT for line in lines)])
    foot: list[object] = [] if not chart.sums else ["sum", *(_figure(line.total) for line in lines)]
    notes = [f"{len(chart.lines) - COLUMNS:,} more series are not shown"] if len(chart.lines) > COLUMNS else []
    return [chart.interval, *(line.name for line in lines)], rows, foot, notes


class _Figure(str):
    """A number as people read it; it goes to the right."""

    __slots__ = ()


def _figure(value: float) -> _Figure:
    return _Figure(charts.figures(value))


def _fields(items: Sequence[object]) -> list[str]:
    """Name the fields of records that hold something anywhere, but the properties."""
    found: dict[str, None] = {}
    for item in items:
        held: Any = item
        fields = getattr(type(item), "__attrs_attrs__", None)
        if fields is not None:
            names = [str(field.name) for field in fields]
        else:
            names = list(map(str, held)) if isinstance(item, Mapping) else ["value"]
        found |= {name: None for name in names if _value(held, name) not in (None, {}, [])}
    for name in ("properties", "additional_properties"):
        found.pop(name, None)
    if "uuid" in found and all(_value(item, "id") == _value(item, "uuid") for item in items):
        # Lists of persons have the uuid twice.
        found.pop("id", None)
    return list(found)


def _value(record: object, field: str) -> object:
    item: Any = record
    if isinstance(record, Mapping):
        return item.get(field, _ABSENT)
    return item if field == "value" and not hasattr(item, field) else getattr(item, field, _ABSENT)


def _properties(item: object) -> Mapping[object, object] | None:
    held = _value(item, "properties")
    return cast("Mapping[object, object]", held) if isinstance(held, Mapping) else None


def _common(held: Iterable[Mapping[object, object]]) -> list[object]:
    """Give the names, those that most items have first."""
    often = Counter(name for properties in held for name in properties)
    return [name for name, _ in often.most_common()]


def _table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    groups: Sequence[tuple[str, int]] = (),
    foot: Sequence[object] = (),
) -> str:
    """Lay out a table; a column that holds numbers alone goes to the right."""
    right = [_numeric([row[place] for row in rows if place < len(row)]) for place in range(len(head))]

    def cells(row: Sequence[object], tag: str, style: str = "") -> str:
        return "".join(
            f'<{tag} style="text-align:{"right" if right[place] else "left"};{style}{_CELL}">'
            f"{'' if cell is _ABSENT else as_markup(cell, 40)}</{tag}>"
            for place, cell in enumerate(row)
        )

    over = ""
    if groups:
        plain = len(head) - sum(width for _, width in groups)
        over = f'<tr><th colspan="{plain}" style="{_CELL}"></th>' if plain else "<tr>"
        over += "".join(
            f'<th colspan="{width}" style="text-align:left;font-weight:400;opacity:.75;{_CELL}">{escape(name)}</th>'
            for name, width in groups
        )
        over += "</tr>"
    body = "".join(f"<tr>{cells(row, 'td', 'font-variant-numeric:tabular-nums;')}</tr>" for row in rows)
    end = f"<tfoot><tr>{cells(foot, 'td', 'font-weight:600;')}</tr></tfoot>" if foot else ""
    return (
        f'<table style="border-collapse:collapse;margin:4px 0"><thead>{over}<tr>{cells(head, "th")}</tr></thead>'
        f"<tbody>{body}</tbody>{end}</table>"
    )


def _numeric(column: Iterable[object]) -> bool:
    held = [cell for cell in column if cell is not None and cell is not _ABSENT]
    return bool(held) and all(
        isinstance(cell, int | float | _Figure) and not isinstance(cell, bool)
        for cell in held
        if not (isinstance(cell, str) and cell.startswith("…"))
    )


def _frame(title: str, table: str, notes: Sequence[str]) -> str:
    """Put a title above a table and notes under it; a wide table scrolls by itself."""
    under = f'<div style="opacity:.75">{as_markup("; ".join(notes), 300)}</div>' if notes else ""
    return f'<div><strong>{as_markup(title, 150)}</strong><div style="overflow-x:auto">{table}</div>{under}</div>'

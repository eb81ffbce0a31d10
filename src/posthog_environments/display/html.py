"""Show pages, trends and timelines in notebooks as HTML tables.

Every text from a server passes through `as_markup`, which escapes it. Tables load nothing and contain no script. Their
only colour is a transparent grey, which is readable on light and on dark backgrounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from posthog_environments.display import chart_data
from posthog_environments.display.markup import as_markup

if TYPE_CHECKING:
    from posthog_environments_api.models import PropertiesTimelinePoint, Series

__all__ = ["page", "timeline", "trend"]

ROWS: Final = 20
"""The most rows that are shown."""
COLUMNS: Final = 8
"""The most properties, or series, that are shown."""

_BORDER: Final = "1px solid rgba(128,128,128,.35)"
_CELL: Final = f"padding:2px 8px;vertical-align:top;border:{_BORDER};white-space:nowrap"


# Marks an empty cell.
_ABSENT: Final = object()


def page(results: Sequence[object], count: int | None) -> str:
    """Show a page: a row for each item, and a column for each of the most common properties."""
    shown = results[:ROWS]
    names = _common(item for item in map(_properties, shown) if item is not None)
    title = f"Page of {type(shown[0]).__name__}: {len(results):,}" if shown else "Page without items"
    of = f" of {count:,}" if isinstance(count, int) else ""
    return _records(f"{title}{of}", results, _fields(shown), names)


def timeline(points: Sequence[PropertiesTimelinePoint], keys: Sequence[str]) -> str:
    """Show a timeline: a row for each change of the properties."""
    names = list(keys) or _common(held for point in points if (held := _properties(point)) is not None)
    title = f"PropertiesTimeline of {len(points):,} points"
    return _records(title, points, ["timestamp", "relevant_event_count"], names)


def _records(title: str, items: Sequence[object], fields: Sequence[str], names: Sequence[object]) -> str:
    """Show the first items, with these fields and the first of these properties."""
    rows: list[list[object]] = []
    for item in items[:ROWS]:
        held = _properties(item) or {}
        shown = [getattr(item, field, _ABSENT) for field in fields]
        rows.append([*shown, *(held.get(name, _ABSENT) for name in names[:COLUMNS])])
    notes: list[str] = []
    if len(items) > ROWS:
        notes.append(f"… and {len(items) - ROWS:,} more")
    if len(names) > COLUMNS:
        notes.append(f"{len(names) - COLUMNS:,} more properties are not shown")
    table = _table([*fields, *names[:COLUMNS]], rows, properties=len(names[:COLUMNS])) if items else ""
    return _frame(title, table, notes)


def trend(series: Sequence[Series], timezone: str | None, last_refresh: datetime | None) -> str:
    """Show a trend: a row for each point and a column for each series; without points, a row for each series."""
    chart = chart_data.read(series)
    facts = [f"{len(series):,} series"]
    shown = chart.series
    if any(one.values for one in shown):
        head, rows, foot, notes = _points(chart)
        facts.append(f"{max(len(one.values) for one in shown):,} points by {chart.interval}")
        table = _table(head, rows, foot=foot)
    else:
        table = _table(["series", chart.counted or "value"], [[one.name, _figure(one.total)] for one in shown[:ROWS]])
        notes = [f"… and {len(shown) - ROWS:,} more"] if len(shown) > ROWS else []
    if timezone is not None:
        facts.append(f"time zone {timezone}")
    title = f"Trend: {chart.title}" if chart.title != "Trend" else "Trend"
    if last_refresh is not None:
        notes.append(f"computed {last_refresh:%Y-%m-%d %H:%M %Z}")
    return _frame(title, table if shown else "", [", ".join(facts), *notes])


def _points(chart: chart_data.Chart) -> tuple[list[object], list[list[object]], list[object], list[str]]:
    """Lay out a trend over time: head, the first and the last points, sums, and notes."""
    shown = chart.series[:COLUMNS]
    days: Sequence[str] = chart.longest.days if chart.longest else ()
    most = max(len(one.values) for one in chart.series)
    rows: list[list[object]] = []
    for place in range(most):
        if ROWS // 2 <= place < most - ROWS // 2 and most > ROWS:
            if place == ROWS // 2:
                rows.append([f"… {most - ROWS:,} more", *[_ABSENT] * len(shown)])
            continue
        day = days[place] if place < len(days) else ""
        rows.append([day, *(_figure(one.values[place]) if place < len(one.values) else _ABSENT for one in shown)])
    foot: list[object] = ["sum", *(_figure(one.total) for one in shown)] if chart.sums else []
    left_out = len(chart.series) - len(shown)
    notes = [f"{left_out:,} more series are not shown"] if left_out else []
    return [chart.interval, *(one.name for one in shown)], rows, foot, notes


class _Figure(str):
    """A formatted number, aligned right."""

    __slots__ = ()


def _figure(value: float) -> _Figure:
    return _Figure(chart_data.format_number(value))


def _fields(items: Sequence[object]) -> list[str]:
    """Return the fields that have a value in any record, without the properties."""
    found: dict[str, None] = {}
    for item in items:
        names = [str(field.name) for field in getattr(type(item), "__attrs_attrs__", ())]
        found |= {name: None for name in names if getattr(item, name) not in (None, {}, [])}
    for name in ("properties", "additional_properties"):
        found.pop(name, None)
    if "uuid" in found and all(getattr(item, "id", None) == getattr(item, "uuid", None) for item in items):
        # In lists of persons, id is the uuid.
        found.pop("id", None)
    return list(found)


def _properties(item: object) -> Mapping[object, object] | None:
    held: object = getattr(item, "properties", None)
    return cast("Mapping[object, object]", held) if isinstance(held, Mapping) else None


def _common(held: Iterable[Mapping[object, object]]) -> list[object]:
    """Return the names of properties, the most common first."""
    often = Counter(name for properties in held for name in properties)
    return [name for name, _ in often.most_common()]


def _table(
    head: Sequence[object], rows: Sequence[Sequence[object]], *, properties: int = 0, foot: Sequence[object] = ()
) -> str:
    """Lay out a table. Columns of numbers are aligned right. The last `properties` columns get a head of their own."""
    right = [_numeric([row[place] for row in rows if place < len(row)]) for place in range(len(head))]

    def cells(row: Sequence[object], tag: str, style: str = "") -> str:
        return "".join(
            f'<{tag} style="text-align:{"right" if right[place] else "left"};{style}{_CELL}">'
            f"{'' if cell is _ABSENT else as_markup(cell, 40)}</{tag}>"
            for place, cell in enumerate(row)
        )

    over = ""
    if properties:
        others = len(head) - properties
        over = f'<th colspan="{others}" style="{_CELL}"></th>' if others else ""
        over += (
            f'<th colspan="{properties}" style="text-align:left;font-weight:400;opacity:.75;{_CELL}">properties</th>'
        )
        over = f"<tr>{over}</tr>"
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
    """Put a title above a table, and notes under it. A wide table scrolls."""
    under = f'<div style="opacity:.75">{as_markup("; ".join(notes), 300)}</div>' if notes else ""
    return f'<div><strong>{as_markup(title, 150)}</strong><div style="overflow-x:auto">{table}</div>{under}</div>'

"""The texts of a chart: what its series are called, what they count, and its title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.errors import printable

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

__all__ = ["chart_title", "counted", "is_previous", "series_names"]

# Servers write these in place of breakdown values that no event has.
_PLACEHOLDERS: Final = {"$$_posthog_breakdown_null_$$": "(none)", "$$_posthog_breakdown_other_$$": "(other)"}
_COUNTED: Final = {
    "total": "events",
    "dau": "unique persons",
    "weekly_active": "persons active in 7 days",
    "monthly_active": "persons active in 30 days",
    "unique_session": "sessions",
}


def series_names(found: Sequence[Series]) -> list[str]:
    """Name the series. Names are unique within a period."""
    plain = [(_name(series, position), is_previous(series)) for position, series in enumerate(found, 1)]
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


def is_previous(series: Series) -> bool:
    """Return whether a series belongs to the period before."""
    return series.compare_label == "previous"


def _name(series: Series, position: int) -> str:
    action = series.action
    label = series.label or (action and (action.custom_name or action.name)) or ""
    if not label and series.breakdown_value is not None:
        label = str(series.breakdown_value) or "(empty)"
    text = str(label)
    for placeholder, plain in _PLACEHOLDERS.items():
        text = text.replace(placeholder, plain)
    return printable(text) if text.strip() else f"series {position}"


def _math(series: Series) -> str:
    """Describe what a series counts."""
    action = series.action
    math = (action and action.math) or "total"
    of = action and action.math_property
    return f"{math} of {of}" if of else _COUNTED.get(str(math), str(math))


def counted(found: Sequence[Series]) -> str:
    """Name what the series count, such as "events"; empty if they count different things."""
    maths = {"" if series.action is None else _math(series) for series in found}
    return printable(maths.pop(), 60) if len(maths) == 1 else ""


def chart_title(found: Sequence[Series], query: Mapping[str, Any]) -> str:
    """Return the title of a chart: the events, or the formula, and the breakdown."""
    names = dict.fromkeys(str(series.action.name) for series in found if series.action and series.action.name)
    title = ", ".join(list(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if query.get("formula"):
        title = f"Formula ({query['formula']})"
    elif not title:
        title = str(found[0].label or "Trend") if len(found) == 1 else "Trend"
    breakdown = query.get("breakdown")
    return printable(title + (f" by {breakdown}" if breakdown else ""), 120)

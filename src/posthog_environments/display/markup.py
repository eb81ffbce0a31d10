"""Write values and records as escaped HTML, for notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any, Final, cast

from posthog_environments.errors import escaped

__all__ = ["as_markup", "record_table"]

_CELL: Final = "text-align:left;vertical-align:top;padding:2px 8px;border:1px solid rgba(128,128,128,.35)"
_ROWS: Final = 30
_LONGEST: Final = 5000


def as_markup(value: object, most: int = 60) -> str:
    """Write a value as escaped HTML text. A value that is cut has its full text in its tooltip."""
    try:
        text, faint = _as_text(value)
    except Exception as error:  # noqa: BLE001 - a value that cannot be shown must not hide the others
        text, faint = f"{type(value).__name__} that cannot be shown: {type(error).__name__}", True
    line = escaped(text[:_LONGEST])
    whole = line if len(text) <= _LONGEST else line + "…"
    if len(line) > most:
        return f'<span title="{escape(whole)}">{escape(line[: most - 1])}…</span>'
    return f'<span style="opacity:.65">{escape(line)}</span>' if faint else escape(line)


def _as_text(value: object) -> tuple[str, bool]:
    """Write a value for people; the second value says whether to show the text faintly, as a placeholder."""
    if isinstance(value, str):
        return (value, False) if value.strip() else (repr(value), True)
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds")
        return text.removesuffix("+00:00") + " UTC" if text.endswith("+00:00") else text, False
    if value is None or isinstance(value, (int, float)):
        return str(value), value is None
    from posthog_environments_api.records import plain

    value = plain(value)
    return json.dumps(value, ensure_ascii=False, default=str), not value


def record_table(record: object) -> str:
    """Write a record as a table of names and values."""
    import attrs

    fields = {field.name: getattr(record, field.name) for field in attrs.fields(cast("Any", type(record)))}
    if not fields.get("additional_properties"):
        fields.pop("additional_properties", None)
    return f"<div><strong>{escape(type(record).__name__)}</strong>{_pairs(fields, inner=False)}</div>"


def _mapping(value: object) -> Mapping[Any, Any]:
    return cast("Any", value) if isinstance(value, Mapping) else {}


def _pairs(values: Mapping[Any, Any], *, inner: bool) -> str:
    rows: list[str] = []
    name: object
    value: object
    for name, value in list(values.items())[:_ROWS]:
        # Deeper values are written on one line.
        held: Mapping[Any, Any] = {} if inner else _mapping(value)
        shown = _pairs(held, inner=True) if held else as_markup(value, 100)
        head = f'<th scope="row" style="{_CELL};font-weight:600">{as_markup(name, 40)}</th>'
        rows.append(f'<tr>{head}<td style="{_CELL}{";padding:0" if held else ""}">{shown}</td></tr>')
    if len(values) > _ROWS:
        rows.append(f'<tr><td colspan="2" style="{_CELL}">… and {len(values) - _ROWS:,} more</td></tr>')
    return f'<table style="border-collapse:collapse;margin:0"><tbody>{"".join(rows)}</tbody></table>'

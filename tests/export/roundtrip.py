"""A person put together again from cells: the inverse of `Layout.cells`, which shows that no value is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from posthog_environments_api.models import Person

from posthog_environments.tables.layout import Layout

__all__ = ["from_json", "people", "record"]


def people(rows: Iterable[dict[str, Any]]) -> list[Person]:
    """Read persons as decoded from JSON."""
    return [Person.from_dict(row) for row in rows]


def from_json(text: str) -> Any:
    """Decode JSON, integers of any size included."""
    return msgspec.json.decode(text)


def record(layout: Layout, cells: Sequence[Any]) -> dict[str, Any]:
    """Return the person as decoded from JSON: what the columns show, overridden by the rest."""
    uuid, id_, name, created, ids, *chosen, rest, more = cells
    properties: dict[str, Any] = {}
    for column, cell in zip(layout.properties, chosen, strict=True):
        if cell is not None:
            properties[str(column.key)] = from_json(cell) if column.kind == "json" else cell
    found = {
        "uuid": uuid,
        "id": int(id_) if isinstance(id_, str) and is_number(id_) else id_,
        "name": name,
        "distinct_ids": ids,
        "properties": properties | from_json(rest),
        "created_at": created.isoformat() if isinstance(created, datetime) else created,
    }
    kept: dict[str, Any] = from_json(more)
    return {key: value for key, value in found.items() if value is not None} | kept


def is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 4300 and str(int(text)) == text

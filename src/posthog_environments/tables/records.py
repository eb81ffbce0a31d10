"""Tables of entries of the activity log, deletions, and points of a trend. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.display.chart_data import listed, moment, number
from posthog_environments.tables.columns import Cell, Column, text_cell, time_cell
from posthog_environments.tables.values import fit_text, to_json

if TYPE_CHECKING:
    from posthog_environments_api.models import ActivityEntry, PersonDeletion, Series

__all__ = ["ACTIVITY", "DELETIONS", "POINTS", "deletion_cells", "entry_cells", "points"]

ACTIVITY: Final = (
    Column("id", "text"),
    Column("activity", "text"),
    Column("scope", "text"),
    Column("item_id", "text"),
    Column("created_at", "timestamp"),
    Column("user_email", "text"),
    Column("user_first_name", "text"),
    Column("detail", "json"),
    Column("additional_properties", "json", required=True),
)
"""The columns of the activity log. `additional_properties` has, by name, what the other columns cannot hold exactly."""

DELETIONS: Final = (
    Column("person_uuid", "text"),
    Column("created_at", "timestamp"),
    Column("status", "text"),
    Column("delete_verified_at", "timestamp"),
    Column("additional_properties", "json", required=True),
)
"""The columns of deletions of events."""

POINTS: Final = (
    Column("series", "int64", required=True),
    Column("label", "text"),
    Column("event", "text"),
    Column("breakdown_value", "text"),
    Column("compare_label", "text"),
    Column("point", "int64"),
    Column("day", "local"),
    Column("value", "float64"),
)
"""The columns of a trend in long form: a row for each point of each series."""


def entry_cells(entry: ActivityEntry, /) -> tuple[Cell, ...]:
    """Split an entry of the activity log into cells, one for each column of `ACTIVITY`."""
    odd: dict[str, Any] = {}
    more, user = entry.additional_properties, entry.user
    # Values that the record cannot hold are shown, too.
    texts = [text_cell(more.get(key, getattr(entry, key)), key, odd) for key in ("id", "activity", "scope", "item_id")]
    created = time_cell(entry.created_at, "created_at", odd)
    email = first_name = None
    if user is not None:
        email = text_cell(user.email, "user_email", odd)
        first_name = text_cell(user.first_name, "user_first_name", odd)
        if user.additional_properties:
            odd["user"] = user.additional_properties
    detail = None if entry.detail is None else to_json(entry.detail.to_dict())
    return (*texts, created, email, first_name, detail, to_json({**more, **odd}))


def deletion_cells(row: PersonDeletion, /) -> tuple[Cell, ...]:
    """Split a row of deletion_status into cells, one for each column of `DELETIONS`."""
    odd: dict[str, Any] = {}
    return (
        text_cell(row.person_uuid, "person_uuid", odd),
        time_cell(row.created_at, "created_at", odd),
        text_cell(row.status, "status", odd),
        time_cell(row.delete_verified_at, "delete_verified_at", odd),
        to_json(row.additional_properties | odd),
    )


def points(series: Iterable[Series]) -> Iterator[tuple[Cell, ...]]:
    """Split a trend into rows of cells, one for each column of `POINTS`.

    A series of an aggregated display, or without points, has one row without a day.
    """
    for place, one in enumerate(series):
        head = (
            place,
            _shown(one.additional_properties.get("label", one.label)),
            _shown(one.action.name if one.action else None),
            _shown(one.breakdown_value),
            _shown(one.compare_label),
        )
        data, days = listed(one, "data"), listed(one, "days")
        if one.aggregated_value is not None or not data:
            yield (*head, None, None, _number(one.aggregated_value))
        for index, value in enumerate(data):
            day = moment(days[index]) if index < len(days) else None
            yield (*head, index, day, _number(value))


def _shown(value: Any) -> str | None:
    return None if value is None else fit_text(value)[0]


def _number(value: object) -> float | None:
    found = number(value)
    return found if found == found else None

"""Columns of tables: their names and kinds. Pure.

No two columns have names that differ only in case: Excel, Spark and DuckDB take them for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from posthog_environments.tables.values import FITS, Cell, CellKind, PropertyKind, fit_text, kind_of, kind_of_all

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = [
    "BASE",
    "FIELDS",
    "PREFIX",
    "Cell",
    "CellKind",
    "Column",
    "PropertyKind",
    "property_columns",
    "samples_of",
    "text_cell",
    "time_cell",
]

PREFIX: Final = "properties."
"""What a property is called by if its own name is that of a field."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: The name of the column.
        kind: The kind of its values.
        key: The property that it shows; None for a field, which has the name of the column.
        required: Whether it is never null.
    """

    name: str
    kind: CellKind
    key: str | None = None
    required: bool = False


BASE: Final = (
    Column("uuid", "text", required=True),
    Column("id", "text"),
    Column("name", "text"),
    Column("created_at", "timestamp"),
    Column("distinct_ids", "texts", required=True),
    Column("properties", "json", required=True),
    Column("additional_properties", "json", required=True),
)
"""The columns of every table of persons. Columns of properties stand before `properties`, which has the rest."""
FIELDS: Final = frozenset(column.name for column in BASE)
"""The names of these columns."""


def text_cell(value: Any, name: str, odd: dict[str, Any]) -> str | None:
    """Return a value as text. If it is none, it is also put into `odd`."""
    if value is None:
        return None
    cell, exact = fit_text(value)
    if not exact:
        odd[name] = value
    return cell


def time_cell(moment: datetime | None, name: str, odd: dict[str, Any]) -> datetime | None:
    """Convert a time to UTC. Put it into `odd` and return None if the calendar has no such time in UTC."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        # On the first or last day of the calendar, in another year in UTC.
        odd[name] = moment.isoformat()
        return None


def _name(key: str) -> str:
    """Name the column of a property: as the property, or `properties.NAME` if a field has that name."""
    return PREFIX + key if not key or key.lower() in FIELDS or key.lower().startswith(PREFIX) else key


def property_columns(kinds: Mapping[str, CellKind]) -> tuple[Column, ...]:
    """Return the columns of properties.

    Of names that differ only in case, all but one get a number. The one in lower case gets none, so that its name does
    not depend on the others.
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for key in sorted(kinds, key=lambda key: (key != key.casefold(), key)):
        name, number = _name(key), 1
        while name.casefold() in taken:
            number += 1
            name = f"{_name(key)} ({number})"
        taken.add(name.casefold())
        names[key] = name
    return tuple(Column(names[key], kind, key) for key, kind in kinds.items())


@dataclass(slots=True)
class PropertySample:
    """The values of one property in a sample of persons."""

    persons: int = 0
    kinds: set[PropertyKind] = field(default_factory=set)
    large: bool = False

    @property
    def kind(self) -> PropertyKind:
        """The kind that holds each value exactly. Integers that floats cannot tell apart are not `float64`."""
        found = kind_of_all(self.kinds)
        return "json" if found == "float64" and self.large else found


def samples_of(persons: Iterable[Person], wanted: frozenset[str] | None) -> dict[str, PropertySample]:
    """Sum up the properties of persons; with `wanted` only some of them."""
    found: dict[str, PropertySample] = {}
    for person in persons:
        for key, value in person.properties.items():
            if wanted is None or key in wanted:
                seen = found.setdefault(key, PropertySample())
                seen.persons += 1
                if value is not None:
                    seen.kinds.add(kind_of(value))
                    seen.large |= value.__class__ is int and not FITS["float64"](value)[1]
    return found

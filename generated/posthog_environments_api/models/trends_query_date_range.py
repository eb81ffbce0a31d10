# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryDateRange."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class TrendsQueryDateRange(_Record):
    """The time asked for, in the forms of `DateFrom`; without it the last seven days.

    Attributes:
        date_from: As named.
        date_to: As named.
        explicit_date: Whether the times of day count; otherwise the days are taken whole.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    date_from: str | None = None
    date_to: str | None = None
    explicit_date: bool | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("date_from", "date_from", _TEXT, False, None),
            _Field("date_to", "date_to", _TEXT, False, None),
            _Field("explicit_date", "explicitDate", _BOOLEAN, False, None),
        )

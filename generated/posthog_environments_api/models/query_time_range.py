# Written by scripts/generate.py from openapi.yaml: do not edit.
"""QueryTimeRange."""

from __future__ import annotations

import datetime
from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import MOMENT as _MOMENT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class QueryTimeRange(_Record):
    """From when to when the answer counts.

    Attributes:
        date_from: As named.
        date_to: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    date_from: datetime.datetime | None = None
    date_to: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("date_from", "date_from", _MOMENT, False, None),
            _Field("date_to", "date_to", _MOMENT, False, None),
        )

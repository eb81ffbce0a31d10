# Written by scripts/generate.py from openapi.yaml: do not edit.
"""Trend."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.series import Series


@_attrs_define
class Trend(_Record):
    """The answer to a question about events over time.

    Attributes:
        result: As named.
        is_cached: As named.
        last_refresh: When it was computed.
        timezone: Time zone of the project, in which days begin and end.
        next_: Where further values of a breakdown are said to be. Never follow it: what it gives repeats or is
            empty.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    result: list[Series]
    is_cached: bool | None = None
    last_refresh: datetime.datetime | None = None
    timezone: str | None = None
    next_: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.series import Series

        return (
            _Field("result", "result", _list_of(_record_of(Series)), True, None),
            _Field("is_cached", "is_cached", _BOOLEAN, False, None),
            _Field("last_refresh", "last_refresh", _MOMENT, False, None),
            _Field("timezone", "timezone", _TEXT, False, None),
            _Field("next_", "next", _TEXT, False, None),
        )

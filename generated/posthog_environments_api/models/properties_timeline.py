# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertiesTimeline."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.properties_timeline_point import PropertiesTimelinePoint


@_attrs_define
class PropertiesTimeline(_Record):
    """How the named properties of one person changed.

    Attributes:
        points: As named.
        crucial_property_keys: Names of the properties of the person that the filters or the breakdown name.
        effective_date_from: As named.
        effective_date_to: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    points: list[PropertiesTimelinePoint]
    crucial_property_keys: list[str] = _attrs_field(factory=list)
    effective_date_from: datetime.datetime | None = None
    effective_date_to: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.properties_timeline_point import PropertiesTimelinePoint

        return (
            _Field("points", "points", _list_of(_record_of(PropertiesTimelinePoint)), True, None),
            _Field("crucial_property_keys", "crucial_property_keys", _list_of(_TEXT), False, list),
            _Field("effective_date_from", "effective_date_from", _MOMENT, False, None),
            _Field("effective_date_to", "effective_date_to", _MOMENT, False, None),
        )

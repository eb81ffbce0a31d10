# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryBreakdownPart."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class TrendsQueryBreakdownPart(_Record):
    """One property of several to break down on.

    Attributes:
        property_: Name of the property.
        type_: What has the property; without it the event.
        normalize_url: As named.
        group_type_index: As named.
        histogram_bin_count: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    property_: Any
    type_: str | None = None
    normalize_url: bool | None = None
    group_type_index: int | None = None
    histogram_bin_count: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("property_", "property", _ANY, True, None),
            _Field("type_", "type", _TEXT, False, None),
            _Field("normalize_url", "normalize_url", _BOOLEAN, False, None),
            _Field("group_type_index", "group_type_index", _WHOLE, False, None),
            _Field("histogram_bin_count", "histogram_bin_count", _WHOLE, False, None),
        )

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertyDeletion."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PropertyDeletion(_Record):
    """The property to remove.

    Attributes:
        unset: Name of the property to remove.
        properties: On the page, without a type or meaning; servers do not read it.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    unset: str | None = None
    properties: Any = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("unset", "$unset", _TEXT, False, None),
            _Field("properties", "properties", _ANY, False, None),
        )

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertyDeletionOutcome."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PropertyDeletionOutcome(_Record):
    """What became of a property that was to be removed.

    Attributes:
        success: As named.
        detail: Why not.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    success: bool | None = None
    detail: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("success", "success", _BOOLEAN, False, None),
            _Field("detail", "detail", _TEXT, False, None),
        )

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryCompare."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class TrendsQueryCompare(_Record):
    """With what to compare.

    Attributes:
        compare: Whether to compare with the period before.
        compare_to: How far back the period to compare with lies; it counts only with `compare` true.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    compare: bool | None = None
    compare_to: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("compare", "compare", _BOOLEAN, False, None),
            _Field("compare_to", "compare_to", _TEXT, False, None),
        )

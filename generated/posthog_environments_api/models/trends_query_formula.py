# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryFormula."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import FILLED as _FILLED
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class TrendsQueryFormula(_Record):
    """One formula.

    Attributes:
        formula: As named.
        custom_name: Label for people.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    formula: str
    custom_name: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("formula", "formula", _FILLED, True, None),
            _Field("custom_name", "custom_name", _TEXT, False, None),
        )

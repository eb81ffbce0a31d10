# Written by scripts/generate.py from openapi.yaml: do not edit.
"""NoPropertyFilters."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class NoPropertyFilters(_Record):
    """No conditions.

    Attributes:
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return ()

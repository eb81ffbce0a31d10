# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertyFilterGroup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import FILLED as _FILLED
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.property_filter import PropertyFilter


@_attrs_define
class PropertyFilterGroup(_Record):
    """Conditions joined by AND or OR.

    Attributes:
        type_: How the values are joined.
        values: Each a `PropertyFilter` or another group.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    type_: str
    values: list[PropertyFilter | PropertyFilterGroup]
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.property_filter import PropertyFilter

        return (
            _Field("type_", "type", _FILLED, True, None),
            _Field(
                "values",
                "values",
                _list_of(
                    _either(
                        _record_of(PropertyFilter),
                        _record_of(PropertyFilterGroup),
                    )
                ),
                True,
                None,
            ),
        )

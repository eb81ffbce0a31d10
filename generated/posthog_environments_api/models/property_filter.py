# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertyFilter."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import FILLED as _FILLED
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PropertyFilter(_Record):
    """One condition on one property.

    Attributes:
        key: Name of the property.
        value: What to compare with: a text, number or boolean, or a list of them, any of which will do for
            `exact`. Absent for `is_set` and `is_not_set`.
        operator: How to compare; without it `exact`.
        type_: What has the property; without it the event.
        group_type_index: Which kind of group, for the type `group`.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    key: str
    value: Any = None
    operator: str | None = None
    type_: str | None = None
    group_type_index: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("key", "key", _FILLED, True, None),
            _Field("value", "value", _ANY, False, None),
            _Field("operator", "operator", _TEXT, False, None),
            _Field("type_", "type", _TEXT, False, None),
            _Field("group_type_index", "group_type_index", _WHOLE, False, None),
        )

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
        value: What to compare with: a text or number, or a list of them, any of which will do for `exact`.
            Write true and false as texts: servers find nobody by the boolean. A list with another operator
            than exact and is_not finds nobody on servers of 2025, or fails. Absent for `is_set` and
            `is_not_set`.
        operator: How to compare; without it `exact`. Servers of 2025 know those up to is_date_after. An old name
            of this field is `connector`: servers pass over it, and compare exactly.
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

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""SeriesAction."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import NULL as _NULL
from ..records import OBJECT as _OBJECT
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either


@_attrs_define
class SeriesAction(_Record):
    """What the series counts, as the server understood it.

    Attributes:
        id: As named.
        type_: As named.
        order: As named.
        name: As named.
        custom_name: As named.
        math: As named.
        math_property: As named.
        math_hogql: As named.
        math_group_type_index: As named.
        properties: An object; a group of filters, or nothing, as newer servers have it always.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    id: str | int | None = None
    type_: str | None = None
    order: int | None = None
    name: str | None = None
    custom_name: str | None = None
    math: str | None = None
    math_property: str | None = None
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    properties: dict[str, Any] = _attrs_field(factory=dict)
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field(
                "id",
                "id",
                _either(
                    _TEXT,
                    _WHOLE,
                    _NULL,
                ),
                False,
                None,
            ),
            _Field("type_", "type", _TEXT, False, None),
            _Field("order", "order", _WHOLE, False, None),
            _Field("name", "name", _TEXT, False, None),
            _Field("custom_name", "custom_name", _TEXT, False, None),
            _Field("math", "math", _TEXT, False, None),
            _Field("math_property", "math_property", _TEXT, False, None),
            _Field("math_hogql", "math_hogql", _TEXT, False, None),
            _Field("math_group_type_index", "math_group_type_index", _WHOLE, False, None),
            _Field("properties", "properties", _OBJECT, False, dict),
        )

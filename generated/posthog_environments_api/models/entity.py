# Written by scripts/generate.py from openapi.yaml: do not edit.
"""Entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import NULL as _NULL
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.no_property_filters import NoPropertyFilters
    from ..models.property_filter import PropertyFilter
    from ..models.property_filter_group import PropertyFilterGroup


@_attrs_define
class Entity(_Record):
    """What one series counts; an event by its name, or an action by its number.

    Attributes:
        id: Name of the event, or number of the action; null counts every event.
        type_: As named.
        name: As named.
        custom_name: Label for people.
        order: Place among the series; formulas name them by it.
        properties: Conditions on properties: a list, of which all must hold, or one group; an empty object stands
            for none. Servers of 2026 take the list alone for persons. An entry that they cannot read is
            dropped in silence.
        math: What is counted. sum, avg, min, max, median and the percentiles need `math_property`.
        math_property: Name of the numeric property of the event that `math` works on.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    id: str | int | None = None
    type_: str | None = None
    name: str | None = None
    custom_name: str | None = None
    order: int | None = None
    properties: (
        list[PropertyFilter | PropertyFilterGroup] | PropertyFilterGroup | NoPropertyFilters | None
    ) = None
    math: str | None = None
    math_property: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.no_property_filters import NoPropertyFilters
        from ..models.property_filter import PropertyFilter
        from ..models.property_filter_group import PropertyFilterGroup

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
            _Field("name", "name", _TEXT, False, None),
            _Field("custom_name", "custom_name", _TEXT, False, None),
            _Field("order", "order", _WHOLE, False, None),
            _Field(
                "properties",
                "properties",
                _either(
                    _list_of(
                        _either(
                            _record_of(PropertyFilter),
                            _record_of(PropertyFilterGroup),
                        )
                    ),
                    _record_of(PropertyFilterGroup),
                    _record_of(NoPropertyFilters),
                ),
                False,
                None,
            ),
            _Field("math", "math", _TEXT, False, None),
            _Field("math_property", "math_property", _TEXT, False, None),
        )

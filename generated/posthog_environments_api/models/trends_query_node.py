# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryNode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import FILLED as _FILLED
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.property_filter import PropertyFilter


@_attrs_define
class TrendsQueryNode(_Record):
    """What one series counts.

    Attributes:
        kind: What it counts. An `EventsNode` has `event`, an `ActionsNode` has `id`.
        event: Name of the event; null or absent counts every event.
        id: Number of the action.
        name: As named.
        custom_name: Label for people.
        math: What is counted; without it the events. The forms of a number (avg, sum, min, max, median and
            percentiles) need `math_property`, `unique_group` needs `math_group_type_index`, and `hogql`
            needs `math_hogql`.
        math_property: Name of the numeric property that `math` works on.
        math_property_type: What has that property; without it the event.
        math_hogql: An aggregation in HogQL.
        math_group_type_index: Which kind of group to count.
        properties: Conditions on this series, which must all hold.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    kind: str
    event: str | None = None
    id: int | None = None
    name: str | None = None
    custom_name: str | None = None
    math: str | None = None
    math_property: str | None = None
    math_property_type: str | None = None
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    properties: list[PropertyFilter] | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.property_filter import PropertyFilter

        return (
            _Field("kind", "kind", _FILLED, True, None),
            _Field("event", "event", _TEXT, False, None),
            _Field("id", "id", _WHOLE, False, None),
            _Field("name", "name", _TEXT, False, None),
            _Field("custom_name", "custom_name", _TEXT, False, None),
            _Field("math", "math", _TEXT, False, None),
            _Field("math_property", "math_property", _TEXT, False, None),
            _Field("math_property_type", "math_property_type", _TEXT, False, None),
            _Field("math_hogql", "math_hogql", _TEXT, False, None),
            _Field("math_group_type_index", "math_group_type_index", _WHOLE, False, None),
            _Field("properties", "properties", _list_of(_record_of(PropertyFilter)), False, None),
        )

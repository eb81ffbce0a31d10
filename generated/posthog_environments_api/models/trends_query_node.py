"""TrendsQueryNode. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records
from .property_filter import PropertyFilter


class TrendsQueryNode(_Struct, forbid_unknown_fields=True, weakref=True):
    """What one series counts.

    Attributes:
        kind: What it counts. An `EventsNode` has `event`, an `ActionsNode` has `id`.
        event: Name of the event; null or absent counts every event.
        id: Number of the action.
        name: As named.
        custom_name: Label for people.
        math: What is counted; without it the events. The forms of a number (avg, sum, min, max, median and
            percentiles)
            need `math_property`, `unique_group` needs `math_group_type_index`, and `hogql` needs
            `math_hogql`.
        math_property: Name of the numeric property that `math` works on.
        math_property_type: What has that property; without it the event.
        math_hogql: An aggregation in HogQL.
        math_group_type_index: Which kind of group to count.
        properties: Conditions on this series, which must all hold.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    kind: Annotated[str, _Meta(min_length=1)]
    event: str | None = None
    id: int | None = None
    name: str | None = None
    custom_name: str | None = None
    math: str | None = None
    math_property: str | None = None
    math_property_type: str | None = None
    math_hogql: str | None = None
    math_group_type_index: int | None = None
    properties: list[PropertyFilter] = _field(default_factory=list)
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendsQueryNode:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendsQueryNode:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .property_filter import PropertyFilter

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        kind = pop("kind", None)
        if kind.__class__ is not str or not kind:
            raise DecodeError(
                f"expected a text, got {_kind_of(kind)}" if kind != "" else "it is empty", "kind"
            )
        event = pop("event", None)
        id = pop("id", None)
        name = pop("name", None)
        custom_name = pop("custom_name", None)
        math = pop("math", None)
        math_property = pop("math_property", None)
        math_property_type = pop("math_property_type", None)
        math_hogql = pop("math_hogql", None)
        math_group_type_index = pop("math_group_type_index", None)
        raw = pop("properties", None)
        properties = None if raw is None else _records(raw, PropertyFilter.from_dict)
        if properties is None and raw is not None:
            d["properties"] = raw
        return cls(
            kind,
            event,
            id,
            name,
            custom_name,
            math,
            math_property,
            math_property_type,
            math_hogql,
            math_group_type_index,
            properties or [],
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["kind"] = self.kind
        if self.event is not None:
            d["event"] = self.event
        if self.id is not None:
            d["id"] = self.id
        if self.name is not None:
            d["name"] = self.name
        if self.custom_name is not None:
            d["custom_name"] = self.custom_name
        if self.math is not None:
            d["math"] = self.math
        if self.math_property is not None:
            d["math_property"] = self.math_property
        if self.math_property_type is not None:
            d["math_property_type"] = self.math_property_type
        if self.math_hogql is not None:
            d["math_hogql"] = self.math_hogql
        if self.math_group_type_index is not None:
            d["math_group_type_index"] = self.math_group_type_index
        if self.properties:
            d["properties"] = _plain(self.properties)
        return d

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return _as_html(self)

    @property
    def additional_keys(self) -> list[str]:
        """Names in `additional_properties`."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties

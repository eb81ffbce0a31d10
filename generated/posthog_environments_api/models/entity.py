"""Entity. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain


class Entity(_Struct, forbid_unknown_fields=True, weakref=True):
    """What one series counts; an event by its name, or an action by its number.

    Attributes:
        id: Name of the event, or number of the action; null counts every event.
        type_: As named.
        name: As named.
        custom_name: Label for people.
        order: Place among the series; formulas name them by it.
        properties: Conditions on properties: a list of `PropertyFilter`, which must all hold, or one
            `PropertyFilterGroup`.
            Servers of 2026 take the list alone for persons. An entry that they cannot read is dropped in
            silence.
        math: What is counted. sum, avg, min, max, median and the percentiles need `math_property`.
        math_property: Name of the numeric property of the event that `math` works on.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    id: str | int | None = None
    type_: str | None = _field(default=None, name="type")
    name: str | None = None
    custom_name: str | None = None
    order: int | None = None
    properties: Any = None
    math: str | None = None
    math_property: str | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Entity:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> Entity:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        id = pop("id", None)
        type_ = pop("type", None)
        name = pop("name", None)
        custom_name = pop("custom_name", None)
        order = pop("order", None)
        properties = pop("properties", None)
        math = pop("math", None)
        math_property = pop("math_property", None)
        return cls(
            id,
            type_,
            name,
            custom_name,
            order,
            properties,
            math,
            math_property,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.id is not None:
            d["id"] = self.id
        if self.type_ is not None:
            d["type"] = self.type_
        if self.name is not None:
            d["name"] = self.name
        if self.custom_name is not None:
            d["custom_name"] = self.custom_name
        if self.order is not None:
            d["order"] = self.order
        if self.properties is not None:
            d["properties"] = _plain(self.properties)
        if self.math is not None:
            d["math"] = self.math
        if self.math_property is not None:
            d["math_property"] = self.math_property
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

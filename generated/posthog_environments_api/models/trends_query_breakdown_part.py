"""TrendsQueryBreakdownPart. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain


class TrendsQueryBreakdownPart(_Struct, forbid_unknown_fields=True, weakref=True):
    """One property of several to break down on.

    Attributes:
        property_: Name of the property.
        type_: What has the property; without it the event.
        normalize_url: As named.
        group_type_index: As named.
        histogram_bin_count: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    property_: Any = _field(name="property")
    type_: str | None = _field(default=None, name="type")
    normalize_url: bool | None = None
    group_type_index: int | None = None
    histogram_bin_count: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendsQueryBreakdownPart:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendsQueryBreakdownPart:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        property_ = pop("property", None)
        type_ = pop("type", None)
        normalize_url = pop("normalize_url", None)
        group_type_index = pop("group_type_index", None)
        histogram_bin_count = pop("histogram_bin_count", None)
        return cls(
            property_,
            type_,
            normalize_url,
            group_type_index,
            histogram_bin_count,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["property"] = _plain(self.property_)
        if self.type_ is not None:
            d["type"] = self.type_
        if self.normalize_url is not None:
            d["normalize_url"] = self.normalize_url
        if self.group_type_index is not None:
            d["group_type_index"] = self.group_type_index
        if self.histogram_bin_count is not None:
            d["histogram_bin_count"] = self.histogram_bin_count
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

"""PropertyFilter. Written by scripts/generate.py from openapi.yaml: do not edit."""

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


class PropertyFilter(_Struct, forbid_unknown_fields=True, weakref=True):
    """One condition on one property.

    Attributes:
        key: Name of the property.
        value: What to compare with: a text or number, or a list of them, any of which will do for `exact`.
            Write true and
            false as texts: servers find nobody by the boolean. A list with another operator than exact and
            is_not finds
            nobody on servers of 2025, or fails. Absent for `is_set` and `is_not_set`.
        operator: How to compare; without it `exact`. Servers of 2025 know those up to is_date_after. An old name
            of this
            field is `connector`: servers pass over it, and compare exactly.
        type_: What has the property; without it the event.
        group_type_index: Which kind of group, for the type `group`.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    key: Annotated[str, _Meta(min_length=1)]
    value: Any = None
    operator: str | None = None
    type_: str | None = _field(default=None, name="type")
    group_type_index: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PropertyFilter:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PropertyFilter:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        key = pop("key", None)
        if key.__class__ is not str or not key:
            raise DecodeError(f"expected a text, got {_kind_of(key)}" if key != "" else "it is empty", "key")
        value = pop("value", None)
        operator = pop("operator", None)
        type_ = pop("type", None)
        group_type_index = pop("group_type_index", None)
        return cls(
            key,
            value,
            operator,
            type_,
            group_type_index,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["key"] = self.key
        if self.value is not None:
            d["value"] = _plain(self.value)
        if self.operator is not None:
            d["operator"] = self.operator
        if self.type_ is not None:
            d["type"] = self.type_
        if self.group_type_index is not None:
            d["group_type_index"] = self.group_type_index
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

"""ActivityDetail. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records
from .activity_change import ActivityChange


class ActivityDetail(_Struct, forbid_unknown_fields=True, weakref=True):
    """What was done.

    Attributes:
        changes: As named.
        trigger: What set it off, where it was not a person.
        type_: As named.
        name: As named.
        short_id: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    changes: list[ActivityChange] = _field(default_factory=list)
    trigger: Any = None
    type_: str | None = _field(default=None, name="type")
    name: str | None = None
    short_id: str | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> ActivityDetail:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> ActivityDetail:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .activity_change import ActivityChange

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        raw = pop("changes", None)
        changes = None if raw is None else _records(raw, ActivityChange.from_dict)
        if changes is None and raw is not None:
            d["changes"] = raw
        trigger = pop("trigger", None)
        type_ = pop("type", None)
        name = pop("name", None)
        short_id = pop("short_id", None)
        return cls(
            changes or [],
            trigger,
            type_,
            name,
            short_id,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.changes:
            d["changes"] = _plain(self.changes)
        if self.trigger is not None:
            d["trigger"] = _plain(self.trigger)
        if self.type_ is not None:
            d["type"] = self.type_
        if self.name is not None:
            d["name"] = self.name
        if self.short_id is not None:
            d["short_id"] = self.short_id
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

"""PropertiesTimelinePoint. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import timestamp as _timestamp

_moment = datetime.fromisoformat


class PropertiesTimelinePoint(_Struct, forbid_unknown_fields=True, weakref=True):
    """The properties from this moment to the next point.

    Attributes:
        timestamp: As named.
        properties: An object of property names and values; null means none.
        relevant_event_count: How many matching events lie between this point and the next.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    timestamp: Annotated[datetime, _Meta(tz=True)] | None = None
    properties: dict[str, Any] = _field(default_factory=dict)
    relevant_event_count: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PropertiesTimelinePoint:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PropertiesTimelinePoint:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        # The short way, for records that are whole and as expected. Others go the long way.
        try:
            timestamp = _moment(d["timestamp"])
            properties = d["properties"]
            relevant_event_count = d["relevant_event_count"]
        except (KeyError, TypeError, ValueError):
            return cls._take_odd(d)
        if d.__class__ is not dict or properties.__class__ is not dict:
            return cls._take_odd(d)
        if timestamp.tzinfo is None:
            timestamp = timestamp.replace(tzinfo=UTC)
        if len(d) == 3:
            d = {}
        else:
            del d["timestamp"], d["properties"], d["relevant_event_count"]
        return cls(
            timestamp,
            properties,
            relevant_event_count,
            d,
        )

    @classmethod
    def _take_odd(cls, d: dict[str, Any]) -> PropertiesTimelinePoint:
        """Read it, whatever it is."""

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        raw = pop("timestamp", None)
        timestamp = None
        if raw is not None:
            try:
                timestamp = _moment(raw)
                if timestamp.tzinfo is None:
                    timestamp = timestamp.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                timestamp = _timestamp(raw)
                if timestamp is None:
                    d["timestamp"] = raw
        properties = raw = pop("properties", None)
        if raw.__class__ is not dict:
            properties = {}
            if raw is not None:
                d["properties"] = raw
        relevant_event_count = pop("relevant_event_count", None)
        return cls(
            timestamp,
            properties,
            relevant_event_count,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.timestamp is not None:
            d["timestamp"] = self.timestamp.isoformat()
        if self.properties:
            d["properties"] = _plain(self.properties)
        if self.relevant_event_count is not None:
            d["relevant_event_count"] = self.relevant_event_count
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

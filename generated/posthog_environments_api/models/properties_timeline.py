"""PropertiesTimeline. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import rows as _rows
from ..types import timestamp as _timestamp

if TYPE_CHECKING:
    from .properties_timeline_point import PropertiesTimelinePoint


_moment = datetime.fromisoformat


class PropertiesTimeline(_Struct, forbid_unknown_fields=True, weakref=True):
    """How the named properties of one person changed.

    Attributes:
        points: As named.
        crucial_property_keys: Names of the properties of the person that the filters or the breakdown name.
        effective_date_from: As named.
        effective_date_to: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    points: list[PropertiesTimelinePoint]
    crucial_property_keys: list[str] = _field(default_factory=list)
    effective_date_from: Annotated[datetime, _Meta(tz=True)] | None = None
    effective_date_to: Annotated[datetime, _Meta(tz=True)] | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PropertiesTimeline:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        if d.get("points").__class__ is list:
            d["points"] = [dict(row) if row.__class__ is dict else row for row in d["points"]]
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PropertiesTimeline:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .properties_timeline_point import PropertiesTimelinePoint

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        points = _rows(pop("points", None), "points", PropertiesTimelinePoint.take)
        crucial_property_keys = raw = pop("crucial_property_keys", None)
        if raw.__class__ is not list:
            crucial_property_keys = []
            if raw is not None:
                d["crucial_property_keys"] = raw
        raw = pop("effective_date_from", None)
        effective_date_from = None
        if raw is not None:
            try:
                effective_date_from = _moment(raw)
                if effective_date_from.tzinfo is None:
                    effective_date_from = effective_date_from.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                effective_date_from = _timestamp(raw)
                if effective_date_from is None:
                    d["effective_date_from"] = raw
        raw = pop("effective_date_to", None)
        effective_date_to = None
        if raw is not None:
            try:
                effective_date_to = _moment(raw)
                if effective_date_to.tzinfo is None:
                    effective_date_to = effective_date_to.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                effective_date_to = _timestamp(raw)
                if effective_date_to is None:
                    d["effective_date_to"] = raw
        return cls(
            points,
            crucial_property_keys,
            effective_date_from,
            effective_date_to,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["points"] = _plain(self.points)
        if self.crucial_property_keys:
            d["crucial_property_keys"] = _plain(self.crucial_property_keys)
        if self.effective_date_from is not None:
            d["effective_date_from"] = self.effective_date_from.isoformat()
        if self.effective_date_to is not None:
            d["effective_date_to"] = self.effective_date_to.isoformat()
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

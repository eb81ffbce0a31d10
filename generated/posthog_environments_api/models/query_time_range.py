"""QueryTimeRange. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
from ..types import timestamp as _timestamp

_moment = datetime.fromisoformat


class QueryTimeRange(_Struct, forbid_unknown_fields=True, weakref=True):
    """From when to when the answer counts.

    Attributes:
        date_from: As named.
        date_to: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    date_from: Annotated[datetime, _Meta(tz=True)] | None = None
    date_to: Annotated[datetime, _Meta(tz=True)] | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> QueryTimeRange:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> QueryTimeRange:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        # The short way, for records that are whole and as expected. Others go the long way.
        try:
            date_from = _moment(d["date_from"])
            date_to = _moment(d["date_to"])
        except (KeyError, TypeError, ValueError):
            return cls._take_odd(d)
        if d.__class__ is not dict:
            return cls._take_odd(d)
        if date_from.tzinfo is None:
            date_from = date_from.replace(tzinfo=UTC)
        if date_to.tzinfo is None:
            date_to = date_to.replace(tzinfo=UTC)
        if len(d) == 2:
            d = {}
        else:
            del d["date_from"], d["date_to"]
        return cls(
            date_from,
            date_to,
            d,
        )

    @classmethod
    def _take_odd(cls, d: dict[str, Any]) -> QueryTimeRange:
        """Read it, whatever it is."""

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        raw = pop("date_from", None)
        date_from = None
        if raw is not None:
            try:
                date_from = _moment(raw)
                if date_from.tzinfo is None:
                    date_from = date_from.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                date_from = _timestamp(raw)
                if date_from is None:
                    d["date_from"] = raw
        raw = pop("date_to", None)
        date_to = None
        if raw is not None:
            try:
                date_to = _moment(raw)
                if date_to.tzinfo is None:
                    date_to = date_to.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                date_to = _timestamp(raw)
                if date_to is None:
                    d["date_to"] = raw
        return cls(
            date_from,
            date_to,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.date_from is not None:
            d["date_from"] = self.date_from.isoformat()
        if self.date_to is not None:
            d["date_to"] = self.date_to.isoformat()
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

"""Trend. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
    from .series import Series


_moment = datetime.fromisoformat


class Trend(_Struct, forbid_unknown_fields=True, weakref=True):
    """The answer to a question about events over time.

    Attributes:
        result: As named.
        is_cached: As named.
        last_refresh: When it was computed.
        timezone: Time zone of the project, in which days begin and end.
        next_: Where further values of a breakdown are said to be. Never follow it: what it gives repeats or is
            empty.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    result: list[Series]
    is_cached: bool | None = None
    last_refresh: Annotated[datetime, _Meta(tz=True)] | None = None
    timezone: str | None = None
    next_: str | None = _field(default=None, name="next")
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Trend:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        if d.get("result").__class__ is list:
            d["result"] = [dict(row) if row.__class__ is dict else row for row in d["result"]]
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> Trend:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .series import Series

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        result = _rows(pop("result", None), "result", Series.take)
        is_cached = pop("is_cached", None)
        raw = pop("last_refresh", None)
        last_refresh = None
        if raw is not None:
            try:
                last_refresh = _moment(raw)
                if last_refresh.tzinfo is None:
                    last_refresh = last_refresh.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                last_refresh = _timestamp(raw)
                if last_refresh is None:
                    d["last_refresh"] = raw
        timezone = pop("timezone", None)
        next_ = pop("next", None)
        return cls(
            result,
            is_cached,
            last_refresh,
            timezone,
            next_,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["result"] = _plain(self.result)
        if self.is_cached is not None:
            d["is_cached"] = self.is_cached
        if self.last_refresh is not None:
            d["last_refresh"] = self.last_refresh.isoformat()
        if self.timezone is not None:
            d["timezone"] = self.timezone
        if self.next_ is not None:
            d["next"] = self.next_
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

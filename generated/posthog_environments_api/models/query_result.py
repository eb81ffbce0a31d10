"""QueryResult. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
from ..types import record as _record
from ..types import rows as _rows
from ..types import timestamp as _timestamp
from .query_time_range import QueryTimeRange
from .series import Series

_moment = datetime.fromisoformat


class QueryResult(_Struct, forbid_unknown_fields=True, weakref=True):
    """The answer to a `TrendsQuery`. A key that has nothing to say is there all the same, with null.
    Whether it is an
    answer tells the status alone: `error` is there too, empty or null, when all is well.

    Attributes:
        results: As named.
        has_more: Whether there are more values of the breakdown than its limit; they are in a series of their
            own.
        error: As named.
        is_cached: As named.
        last_refresh: When it was computed.
        timezone: Time zone of the project, in which days begin and end.
        cache_key: As named.
        resolved_date_range: From when to when the answer counts.
        resolved_compare_date_range: From when to when the answer counts.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    results: list[Series]
    has_more: bool | None = _field(default=None, name="hasMore")
    error: str | None = None
    is_cached: bool | None = None
    last_refresh: Annotated[datetime, _Meta(tz=True)] | None = None
    timezone: str | None = None
    cache_key: str | None = None
    resolved_date_range: QueryTimeRange | None = None
    resolved_compare_date_range: QueryTimeRange | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> QueryResult:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        if d.get("results").__class__ is list:
            d["results"] = [dict(row) if row.__class__ is dict else row for row in d["results"]]
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> QueryResult:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .query_time_range import QueryTimeRange
        from .series import Series

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        results = _rows(pop("results", None), "results", Series.take)
        has_more = pop("hasMore", None)
        error = pop("error", None)
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
        cache_key = pop("cache_key", None)
        raw = pop("resolved_date_range", None)
        resolved_date_range = None if raw is None else _record(raw, QueryTimeRange.from_dict)
        if resolved_date_range is None and raw is not None:
            d["resolved_date_range"] = raw
        raw = pop("resolved_compare_date_range", None)
        resolved_compare_date_range = None if raw is None else _record(raw, QueryTimeRange.from_dict)
        if resolved_compare_date_range is None and raw is not None:
            d["resolved_compare_date_range"] = raw
        return cls(
            results,
            has_more,
            error,
            is_cached,
            last_refresh,
            timezone,
            cache_key,
            resolved_date_range,
            resolved_compare_date_range,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["results"] = _plain(self.results)
        if self.has_more is not None:
            d["hasMore"] = self.has_more
        if self.error is not None:
            d["error"] = self.error
        if self.is_cached is not None:
            d["is_cached"] = self.is_cached
        if self.last_refresh is not None:
            d["last_refresh"] = self.last_refresh.isoformat()
        if self.timezone is not None:
            d["timezone"] = self.timezone
        if self.cache_key is not None:
            d["cache_key"] = self.cache_key
        if self.resolved_date_range is not None:
            d["resolved_date_range"] = self.resolved_date_range.to_dict()
        if self.resolved_compare_date_range is not None:
            d["resolved_compare_date_range"] = self.resolved_compare_date_range.to_dict()
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

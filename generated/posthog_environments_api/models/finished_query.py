# Written by scripts/generate.py from openapi.yaml: do not edit.
"""FinishedQuery."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.query_time_range import QueryTimeRange
    from ..models.series import Series


@_attrs_define
class FinishedQuery(_Record):
    """The whole `QueryResult`; null while the query runs, and if it failed.

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
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    results: list[Series] = _attrs_field(factory=list)
    has_more: bool | None = None
    error: str | None = None
    is_cached: bool | None = None
    last_refresh: datetime.datetime | None = None
    timezone: str | None = None
    cache_key: str | None = None
    resolved_date_range: QueryTimeRange | None = None
    resolved_compare_date_range: QueryTimeRange | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.query_time_range import QueryTimeRange
        from ..models.series import Series

        return (
            _Field("results", "results", _list_of(_record_of(Series)), False, list),
            _Field("has_more", "hasMore", _BOOLEAN, False, None),
            _Field("error", "error", _TEXT, False, None),
            _Field("is_cached", "is_cached", _BOOLEAN, False, None),
            _Field("last_refresh", "last_refresh", _MOMENT, False, None),
            _Field("timezone", "timezone", _TEXT, False, None),
            _Field("cache_key", "cache_key", _TEXT, False, None),
            _Field("resolved_date_range", "resolved_date_range", _record_of(QueryTimeRange), False, None),
            _Field(
                "resolved_compare_date_range",
                "resolved_compare_date_range",
                _record_of(QueryTimeRange),
                False,
                None,
            ),
        )

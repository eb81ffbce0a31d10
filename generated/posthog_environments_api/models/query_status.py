# Written by scripts/generate.py from openapi.yaml: do not edit.
"""QueryStatus."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import FILLED as _FILLED
from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.finished_query import FinishedQuery


@_attrs_define
class QueryStatus(_Record):
    """Where a query stands; a key that has nothing to say is there all the same, with null.

    Attributes:
        id: As named.
        complete: Whether it runs no more, for good or bad.
        error: Whether it failed.
        error_message: Why, for people; null where the server does not tell.
        error_code: As named.
        results: The whole `QueryResult`; null while the query runs, and if it failed.
        start_time: As named.
        end_time: As named.
        expiration_time: Until when it can be asked for.
        query_progress: How far it is, where it was asked for; an object of figures.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    id: str
    complete: bool
    error: bool | None = None
    error_message: str | None = None
    error_code: str | None = None
    results: FinishedQuery | None = None
    start_time: datetime.datetime | None = None
    end_time: datetime.datetime | None = None
    expiration_time: datetime.datetime | None = None
    query_progress: Any = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.finished_query import FinishedQuery

        return (
            _Field("id", "id", _FILLED, True, None),
            _Field("complete", "complete", _BOOLEAN, True, None),
            _Field("error", "error", _BOOLEAN, False, None),
            _Field("error_message", "error_message", _TEXT, False, None),
            _Field("error_code", "error_code", _TEXT, False, None),
            _Field("results", "results", _record_of(FinishedQuery), False, None),
            _Field("start_time", "start_time", _MOMENT, False, None),
            _Field("end_time", "end_time", _MOMENT, False, None),
            _Field("expiration_time", "expiration_time", _MOMENT, False, None),
            _Field("query_progress", "query_progress", _ANY, False, None),
        )

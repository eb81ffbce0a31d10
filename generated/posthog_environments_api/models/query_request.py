# Written by scripts/generate.py from openapi.yaml: do not edit.
"""QueryRequest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.trends_query import TrendsQuery


@_attrs_define
class QueryRequest(_Record):
    """A query, and how it shall be answered.

    Attributes:
        query: A question about events over time, as `query/` takes it. What is sent must be known to the
            server: another field is a 400. This describes what this project builds; servers know more.
        refresh: Whether a cached answer will do. `blocking`, which is what servers take without it, answers from
            the cache while that is fresh; `force_blocking` computes anew; the others may answer with 202.
        client_query_id: Id by which the query can be asked for; without it the server makes one.
        name: What the query is called in the log of queries.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    query: TrendsQuery
    refresh: str | None = None
    client_query_id: str | None = None
    name: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.trends_query import TrendsQuery

        return (
            _Field("query", "query", _record_of(TrendsQuery), True, None),
            _Field("refresh", "refresh", _TEXT, False, None),
            _Field("client_query_id", "client_query_id", _TEXT, False, None),
            _Field("name", "name", _TEXT, False, None),
        )

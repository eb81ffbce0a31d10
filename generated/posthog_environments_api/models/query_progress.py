# Written by scripts/generate.py from openapi.yaml: do not edit.
"""QueryProgress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import Field as _Field
from ..records import Record as _Record
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.query_status import QueryStatus


@_attrs_define
class QueryProgress(_Record):
    """Where a query stands.

    Attributes:
        query_status: Where a query stands; a key that has nothing to say is there all the same, with null.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    query_status: QueryStatus
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.query_status import QueryStatus

        return (_Field("query_status", "query_status", _record_of(QueryStatus), True, None),)

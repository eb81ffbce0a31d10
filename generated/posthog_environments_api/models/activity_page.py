# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ActivityPage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.activity_entry import ActivityEntry


@_attrs_define
class ActivityPage(_Record):
    """A page of the activity log.

    Attributes:
        results: As named.
        next_: As named.
        previous: As named.
        total_count: How many entries there are on all pages.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    results: list[ActivityEntry]
    next_: str | None = None
    previous: str | None = None
    total_count: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.activity_entry import ActivityEntry

        return (
            _Field("results", "results", _list_of(_record_of(ActivityEntry)), True, None),
            _Field("next_", "next", _TEXT, False, None),
            _Field("previous", "previous", _TEXT, False, None),
            _Field("total_count", "total_count", _WHOLE, False, None),
        )

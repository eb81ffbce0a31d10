# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ActivityDetail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.activity_change import ActivityChange


@_attrs_define
class ActivityDetail(_Record):
    """What was done.

    Attributes:
        changes: As named.
        trigger: What set it off, where it was not a person.
        merge: Which persons were merged, where that was done.
        type_: As named.
        name: As named.
        short_id: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    changes: list[ActivityChange] = _attrs_field(factory=list)
    trigger: Any = None
    merge: Any = None
    type_: str | None = None
    name: str | None = None
    short_id: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.activity_change import ActivityChange

        return (
            _Field("changes", "changes", _list_of(_record_of(ActivityChange)), False, list),
            _Field("trigger", "trigger", _ANY, False, None),
            _Field("merge", "merge", _ANY, False, None),
            _Field("type_", "type", _TEXT, False, None),
            _Field("name", "name", _TEXT, False, None),
            _Field("short_id", "short_id", _TEXT, False, None),
        )

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PersonBulkDeletion."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of


@_attrs_define
class PersonBulkDeletion(_Record):
    """Whom to delete: `ids` or `distinct_ids`, one of them and not both. Servers take any value of a flag
    that is not empty for true, the text "false" too: send booleans alone.

    Attributes:
        ids: Uuids of persons.
        distinct_ids: A distinct id of each person.
        delete_events: Whether to queue the deletion of their events, of those that came in before this request.
        delete_recordings: Whether to queue the deletion of the recordings of their sessions.
        keep_person: Whether to keep the persons themselves, and delete what is asked for besides.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    ids: list[str] | None = None
    distinct_ids: list[str] | None = None
    delete_events: bool | None = None
    delete_recordings: bool | None = None
    keep_person: bool | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("ids", "ids", _list_of(_TEXT), False, None),
            _Field("distinct_ids", "distinct_ids", _list_of(_TEXT), False, None),
            _Field("delete_events", "delete_events", _BOOLEAN, False, None),
            _Field("delete_recordings", "delete_recordings", _BOOLEAN, False, None),
            _Field("keep_person", "keep_person", _BOOLEAN, False, None),
        )

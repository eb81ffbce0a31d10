# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PersonBulkDeletionOutcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.person_deletion_error import PersonDeletionError


@_attrs_define
class PersonBulkDeletionOutcome(_Record):
    """What became of many persons that were to be deleted.

    Attributes:
        persons_found: How many of those asked for are there.
        persons_deleted: How many were deleted; 0 where the server queues them.
        persons_queued_for_deletion: As named.
        events_queued_for_deletion: As named.
        recordings_queued_for_deletion: As named.
        deletion_errors: Who was not deleted.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    persons_found: int | None = None
    persons_deleted: int | None = None
    persons_queued_for_deletion: int | None = None
    events_queued_for_deletion: bool | None = None
    recordings_queued_for_deletion: bool | None = None
    deletion_errors: list[PersonDeletionError] = _attrs_field(factory=list)
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.person_deletion_error import PersonDeletionError

        return (
            _Field("persons_found", "persons_found", _WHOLE, False, None),
            _Field("persons_deleted", "persons_deleted", _WHOLE, False, None),
            _Field("persons_queued_for_deletion", "persons_queued_for_deletion", _WHOLE, False, None),
            _Field("events_queued_for_deletion", "events_queued_for_deletion", _BOOLEAN, False, None),
            _Field("recordings_queued_for_deletion", "recordings_queued_for_deletion", _BOOLEAN, False, None),
            _Field(
                "deletion_errors", "deletion_errors", _list_of(_record_of(PersonDeletionError)), False, list
            ),
        )

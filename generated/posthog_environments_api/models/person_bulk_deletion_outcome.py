"""PersonBulkDeletionOutcome. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records

if TYPE_CHECKING:
    from .person_deletion_error import PersonDeletionError


class PersonBulkDeletionOutcome(_Struct, forbid_unknown_fields=True, weakref=True):
    """What became of many persons that were to be deleted.

    Attributes:
        persons_found: How many of those asked for are there.
        persons_deleted: How many were deleted; 0 where the server queues them.
        persons_queued_for_deletion: As named.
        events_queued_for_deletion: As named.
        recordings_queued_for_deletion: As named.
        deletion_errors: Who was not deleted.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    persons_found: int | None = None
    persons_deleted: int | None = None
    persons_queued_for_deletion: int | None = None
    events_queued_for_deletion: bool | None = None
    recordings_queued_for_deletion: bool | None = None
    deletion_errors: list[PersonDeletionError] = _field(default_factory=list)
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PersonBulkDeletionOutcome:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PersonBulkDeletionOutcome:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .person_deletion_error import PersonDeletionError

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        persons_found = pop("persons_found", None)
        persons_deleted = pop("persons_deleted", None)
        persons_queued_for_deletion = pop("persons_queued_for_deletion", None)
        events_queued_for_deletion = pop("events_queued_for_deletion", None)
        recordings_queued_for_deletion = pop("recordings_queued_for_deletion", None)
        raw = pop("deletion_errors", None)
        deletion_errors = None if raw is None else _records(raw, PersonDeletionError.from_dict)
        if deletion_errors is None and raw is not None:
            d["deletion_errors"] = raw
        return cls(
            persons_found,
            persons_deleted,
            persons_queued_for_deletion,
            events_queued_for_deletion,
            recordings_queued_for_deletion,
            deletion_errors or [],
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.persons_found is not None:
            d["persons_found"] = self.persons_found
        if self.persons_deleted is not None:
            d["persons_deleted"] = self.persons_deleted
        if self.persons_queued_for_deletion is not None:
            d["persons_queued_for_deletion"] = self.persons_queued_for_deletion
        if self.events_queued_for_deletion is not None:
            d["events_queued_for_deletion"] = self.events_queued_for_deletion
        if self.recordings_queued_for_deletion is not None:
            d["recordings_queued_for_deletion"] = self.recordings_queued_for_deletion
        if self.deletion_errors:
            d["deletion_errors"] = _plain(self.deletion_errors)
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

"""PersonBulkDeletion. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain


class PersonBulkDeletion(_Struct, forbid_unknown_fields=True, weakref=True):
    """Whom to delete: `ids` or `distinct_ids`, one of them and not both. Servers take any value of a flag
    that is not
    empty for true, the text "false" too: send booleans alone.

    Attributes:
        ids: Uuids of persons.
        distinct_ids: A distinct id of each person.
        delete_events: Whether to queue the deletion of their events, of those that came in before this request.
        delete_recordings: Whether to queue the deletion of the recordings of their sessions.
        keep_person: Whether to keep the persons themselves, and delete what is asked for besides.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    ids: list[str] = _field(default_factory=list)
    distinct_ids: list[str] = _field(default_factory=list)
    delete_events: bool | None = None
    delete_recordings: bool | None = None
    keep_person: bool | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PersonBulkDeletion:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PersonBulkDeletion:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        ids = raw = pop("ids", None)
        if raw.__class__ is not list:
            ids = []
            if raw is not None:
                d["ids"] = raw
        distinct_ids = raw = pop("distinct_ids", None)
        if raw.__class__ is not list:
            distinct_ids = []
            if raw is not None:
                d["distinct_ids"] = raw
        delete_events = pop("delete_events", None)
        delete_recordings = pop("delete_recordings", None)
        keep_person = pop("keep_person", None)
        return cls(
            ids,
            distinct_ids,
            delete_events,
            delete_recordings,
            keep_person,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.ids:
            d["ids"] = _plain(self.ids)
        if self.distinct_ids:
            d["distinct_ids"] = _plain(self.distinct_ids)
        if self.delete_events is not None:
            d["delete_events"] = self.delete_events
        if self.delete_recordings is not None:
            d["delete_recordings"] = self.delete_recordings
        if self.keep_person is not None:
            d["keep_person"] = self.keep_person
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

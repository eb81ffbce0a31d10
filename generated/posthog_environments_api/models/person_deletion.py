"""PersonDeletion. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import timestamp as _timestamp

_moment = datetime.fromisoformat


class PersonDeletion(_Struct, forbid_unknown_fields=True, weakref=True):
    """How far the deletion of the events of one person is.

    Attributes:
        person_uuid: The uuid that the person had.
        created_at: When it was asked for.
        status: As named.
        delete_verified_at: When the events were found to be gone; null before.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    person_uuid: str | None = None
    created_at: Annotated[datetime, _Meta(tz=True)] | None = None
    status: str | None = None
    delete_verified_at: Annotated[datetime, _Meta(tz=True)] | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PersonDeletion:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PersonDeletion:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        # The short way, for records that are whole and as expected. Others go the long way.
        try:
            person_uuid = d["person_uuid"]
            created_at = _moment(d["created_at"])
            status = d["status"]
            delete_verified_at = _moment(d["delete_verified_at"])
        except (KeyError, TypeError, ValueError):
            return cls._take_odd(d)
        if d.__class__ is not dict:
            return cls._take_odd(d)
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=UTC)
        if delete_verified_at.tzinfo is None:
            delete_verified_at = delete_verified_at.replace(tzinfo=UTC)
        if len(d) == 4:
            d = {}
        else:
            del d["person_uuid"], d["created_at"], d["status"], d["delete_verified_at"]
        return cls(
            person_uuid,
            created_at,
            status,
            delete_verified_at,
            d,
        )

    @classmethod
    def _take_odd(cls, d: dict[str, Any]) -> PersonDeletion:
        """Read it, whatever it is."""

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        person_uuid = pop("person_uuid", None)
        raw = pop("created_at", None)
        created_at = None
        if raw is not None:
            try:
                created_at = _moment(raw)
                if created_at.tzinfo is None:
                    created_at = created_at.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                created_at = _timestamp(raw)
                if created_at is None:
                    d["created_at"] = raw
        status = pop("status", None)
        raw = pop("delete_verified_at", None)
        delete_verified_at = None
        if raw is not None:
            try:
                delete_verified_at = _moment(raw)
                if delete_verified_at.tzinfo is None:
                    delete_verified_at = delete_verified_at.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                delete_verified_at = _timestamp(raw)
                if delete_verified_at is None:
                    d["delete_verified_at"] = raw
        return cls(
            person_uuid,
            created_at,
            status,
            delete_verified_at,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.person_uuid is not None:
            d["person_uuid"] = self.person_uuid
        if self.created_at is not None:
            d["created_at"] = self.created_at.isoformat()
        if self.status is not None:
            d["status"] = self.status
        if self.delete_verified_at is not None:
            d["delete_verified_at"] = self.delete_verified_at.isoformat()
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

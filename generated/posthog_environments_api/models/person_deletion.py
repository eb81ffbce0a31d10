# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PersonDeletion."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PersonDeletion(_Record):
    """How far the deletion of the events of one person is.

    Attributes:
        person_uuid: The uuid that the person had.
        created_at: When it was asked for.
        status: As named.
        delete_verified_at: When the events were found to be gone; null before.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    person_uuid: str | None = None
    created_at: datetime.datetime | None = None
    status: str | None = None
    delete_verified_at: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("person_uuid", "person_uuid", _TEXT, False, None),
            _Field("created_at", "created_at", _MOMENT, False, None),
            _Field("status", "status", _TEXT, False, None),
            _Field("delete_verified_at", "delete_verified_at", _MOMENT, False, None),
        )

    @classmethod
    def _from_rows(cls, rows: Iterable[Any], sent: Mapping[str, None]) -> list[Self]:
        found: list[Self] = []
        new = cls.__new__
        for row in rows:
            one = new(cls)
            one.person_uuid = row.person_uuid
            one.created_at = row.created_at
            one.status = row.status
            one.delete_verified_at = row.delete_verified_at
            one._sent = sent  # type: ignore[misc]  # a slot of the base
            found.append(one)
        return found

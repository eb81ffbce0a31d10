# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PersonDeletionError."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PersonDeletionError(_Record):
    """One person who was not deleted.

    Attributes:
        person_uuid: As named.
        step: What went wrong.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    person_uuid: str | None = None
    step: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("person_uuid", "person_uuid", _TEXT, False, None),
            _Field("step", "step", _TEXT, False, None),
        )

    @classmethod
    def _from_rows(cls, rows: Iterable[Any], sent: Mapping[str, None]) -> list[Self]:
        found: list[Self] = []
        new = cls.__new__
        for row in rows:
            one = new(cls)
            one.person_uuid = row.person_uuid
            one.step = row.step
            one._sent = sent  # type: ignore[misc]  # a slot of the base
            found.append(one)
        return found

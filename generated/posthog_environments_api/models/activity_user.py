# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ActivityUser."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class ActivityUser(_Record):
    """Who did it.

    Attributes:
        first_name: As named.
        email: As named.
        is_system: Whether it was the server itself, which is called System and has no email.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    first_name: str | None = None
    email: str | None = None
    is_system: bool | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("first_name", "first_name", _TEXT, False, None),
            _Field("email", "email", _TEXT, False, None),
            _Field("is_system", "is_system", _BOOLEAN, False, None),
        )

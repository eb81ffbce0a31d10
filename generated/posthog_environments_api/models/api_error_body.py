# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ApiErrorBody."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class ApiErrorBody(_Record):
    """What went wrong; of several mistakes the first.

    Attributes:
        type_: As named.
        code: What kind of mistake, for programs.
        detail: What went wrong, for people.
        attr: Name of the field, nested ones joined by two underscores.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    type_: str | None = None
    code: str | None = None
    detail: str | None = None
    attr: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("type_", "type", _TEXT, False, None),
            _Field("code", "code", _TEXT, False, None),
            _Field("detail", "detail", _TEXT, False, None),
            _Field("attr", "attr", _TEXT, False, None),
        )

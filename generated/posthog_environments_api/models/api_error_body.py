# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ApiErrorBody."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class ApiErrorBody(_Record):
    """What went wrong; of several mistakes the first. Servers may add keys. Match `type` and `code`, never
    the words.

    Attributes:
        type_: What went wrong, at large. 402, 409 and everything from 500 on are a `server_error`.
        code: What kind of mistake, for programs.
        detail: What went wrong, for people.
        attr: Name of the field, nested ones joined by two underscores.
        extra: More for programs, an object; newer servers alone send it, and for few errors.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    type_: str | None = None
    code: str | None = None
    detail: str | None = None
    attr: str | None = None
    extra: Any = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("type_", "type", _TEXT, False, None),
            _Field("code", "code", _TEXT, False, None),
            _Field("detail", "detail", _TEXT, False, None),
            _Field("attr", "attr", _TEXT, False, None),
            _Field("extra", "extra", _ANY, False, None),
        )

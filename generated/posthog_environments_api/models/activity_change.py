# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ActivityChange."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class ActivityChange(_Record):
    """One field that was changed.

    Attributes:
        type_: As named.
        action: As named.
        field: As named.
        before: The value before; null where the server does not tell.
        after: The value after; null where the server does not tell.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    type_: str | None = None
    action: str | None = None
    field: str | None = None
    before: Any = None
    after: Any = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("type_", "type", _TEXT, False, None),
            _Field("action", "action", _TEXT, False, None),
            _Field("field", "field", _TEXT, False, None),
            _Field("before", "before", _ANY, False, None),
            _Field("after", "after", _ANY, False, None),
        )

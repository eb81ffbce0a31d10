# Written by scripts/generate.py from openapi.yaml: do not edit.
"""ActivityEntry."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import MOMENT as _MOMENT
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.activity_detail import ActivityDetail
    from ..models.activity_user import ActivityUser


@_attrs_define
class ActivityEntry(_Record):
    """One thing that was done.

    Attributes:
        id: Newer servers alone send it.
        user: Who did it.
        activity: What was done.
        scope: Kind of the thing it was done to; here "Person".
        item_id: Integer id of the person, as text.
        created_at: As named.
        detail: What was done.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    id: str | None = None
    user: ActivityUser | None = None
    activity: str | None = None
    scope: str | None = None
    item_id: str | None = None
    created_at: datetime.datetime | None = None
    detail: ActivityDetail | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.activity_detail import ActivityDetail
        from ..models.activity_user import ActivityUser

        return (
            _Field("id", "id", _TEXT, False, None),
            _Field("user", "user", _record_of(ActivityUser), False, None),
            _Field("activity", "activity", _TEXT, False, None),
            _Field("scope", "scope", _TEXT, False, None),
            _Field("item_id", "item_id", _TEXT, False, None),
            _Field("created_at", "created_at", _MOMENT, False, None),
            _Field("detail", "detail", _record_of(ActivityDetail), False, None),
        )

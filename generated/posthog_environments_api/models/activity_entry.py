"""ActivityEntry. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
from ..types import record as _record
from ..types import timestamp as _timestamp
from .activity_detail import ActivityDetail
from .activity_user import ActivityUser

_moment = datetime.fromisoformat


class ActivityEntry(_Struct, forbid_unknown_fields=True, weakref=True):
    """One thing that was done.

    Attributes:
        id: Newer servers alone send it.
        user: Who did it.
        activity: What was done.
        scope: Kind of the thing it was done to; here "Person".
        item_id: Integer id of the person, as text.
        created_at: As named.
        detail: What was done.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    id: str | None = None
    user: ActivityUser | None = None
    activity: str | None = None
    scope: str | None = None
    item_id: str | None = None
    created_at: Annotated[datetime, _Meta(tz=True)] | None = None
    detail: ActivityDetail | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> ActivityEntry:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> ActivityEntry:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .activity_detail import ActivityDetail
        from .activity_user import ActivityUser

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        id = pop("id", None)
        raw = pop("user", None)
        user = None if raw is None else _record(raw, ActivityUser.from_dict)
        if user is None and raw is not None:
            d["user"] = raw
        activity = pop("activity", None)
        scope = pop("scope", None)
        item_id = pop("item_id", None)
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
        raw = pop("detail", None)
        detail = None if raw is None else _record(raw, ActivityDetail.from_dict)
        if detail is None and raw is not None:
            d["detail"] = raw
        return cls(
            id,
            user,
            activity,
            scope,
            item_id,
            created_at,
            detail,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.id is not None:
            d["id"] = self.id
        if self.user is not None:
            d["user"] = self.user.to_dict()
        if self.activity is not None:
            d["activity"] = self.activity
        if self.scope is not None:
            d["scope"] = self.scope
        if self.item_id is not None:
            d["item_id"] = self.item_id
        if self.created_at is not None:
            d["created_at"] = self.created_at.isoformat()
        if self.detail is not None:
            d["detail"] = self.detail.to_dict()
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

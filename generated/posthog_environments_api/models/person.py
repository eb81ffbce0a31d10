"""Person. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from msgspec import UNSET as _UNSET
from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import timestamp as _timestamp

_moment = datetime.fromisoformat


class SentPerson(_Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """What servers are known to send for a `Person`: a shape to decode into, and no more."""

    uuid: Annotated[str, _Meta(min_length=1)]
    id: int | str | None = None
    name: str | None = None
    distinct_ids: list[str] = _field(default_factory=list)
    properties: dict[str, Any] = _field(default_factory=dict)
    created_at: Annotated[datetime, _Meta(tz=True)] | None = None
    type: Any
    is_identified: Any
    matched_recordings: Any
    value_at_data_point: Any
    last_seen_at: Any = _UNSET

    @staticmethod
    def records(sent: list[SentPerson]) -> list[Person]:
        """Make records; what the contract does not promise becomes `additional_properties`."""
        found = []
        for each in sent:
            more = {
                "type": each.type,
                "is_identified": each.is_identified,
                "matched_recordings": each.matched_recordings,
                "value_at_data_point": each.value_at_data_point,
            }
            if each.last_seen_at is not _UNSET:
                more["last_seen_at"] = each.last_seen_at
            found.append(
                Person(
                    each.uuid,
                    each.id,
                    each.name,
                    each.distinct_ids,
                    each.properties,
                    each.created_at,
                    more,
                )
            )
        return found


class Person(_Struct, forbid_unknown_fields=True, weakref=True):
    """A person, as lists and details show one.

    Attributes:
        uuid: The key that works in every path.
        id: In the detail an integer, in lists the uuid. Use `uuid`, which always works.
        name: The email, else another name among the properties, else a distinct id.
        distinct_ids: Ids under which events of this person came in; lists show 1,000 at most.
        properties: An object of property names and values; null means none. The page shows null, and no type.
        created_at: When the person was first seen.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    uuid: Annotated[str, _Meta(min_length=1)]
    id: int | str | None = None
    name: str | None = None
    distinct_ids: list[str] = _field(default_factory=list)
    properties: dict[str, Any] = _field(default_factory=dict)
    created_at: Annotated[datetime, _Meta(tz=True)] | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )
    _sent: ClassVar[Any] = SentPerson

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Person:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> Person:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        # The short way, for records that are whole and as expected. Others go the long way.
        try:
            uuid = d["uuid"]
            id = d["id"]
            name = d["name"]
            distinct_ids = d["distinct_ids"]
            properties = d["properties"]
            created_at = _moment(d["created_at"])
        except (KeyError, TypeError, ValueError):
            return cls._take_odd(d)
        if (
            d.__class__ is not dict
            or uuid.__class__ is not str
            or not uuid
            or distinct_ids.__class__ is not list
            or properties.__class__ is not dict
        ):
            return cls._take_odd(d)
        if created_at.tzinfo is None:
            created_at = created_at.replace(tzinfo=UTC)
        if len(d) == 6:
            d = {}
        else:
            del d["uuid"], d["id"], d["name"], d["distinct_ids"], d["properties"], d["created_at"]
        return cls(
            uuid,
            id,
            name,
            distinct_ids,
            properties,
            created_at,
            d,
        )

    @classmethod
    def _take_odd(cls, d: dict[str, Any]) -> Person:
        """Read it, whatever it is."""

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        uuid = pop("uuid", None)
        if uuid.__class__ is not str or not uuid:
            raise DecodeError(
                f"expected a text, got {_kind_of(uuid)}" if uuid != "" else "it is empty", "uuid"
            )
        id = pop("id", None)
        name = pop("name", None)
        distinct_ids = raw = pop("distinct_ids", None)
        if raw.__class__ is not list:
            distinct_ids = []
            if raw is not None:
                d["distinct_ids"] = raw
        properties = raw = pop("properties", None)
        if raw.__class__ is not dict:
            properties = {}
            if raw is not None:
                d["properties"] = raw
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
        return cls(
            uuid,
            id,
            name,
            distinct_ids,
            properties,
            created_at,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["uuid"] = self.uuid
        if self.id is not None:
            d["id"] = self.id
        if self.name is not None:
            d["name"] = self.name
        if self.distinct_ids:
            d["distinct_ids"] = _plain(self.distinct_ids)
        if self.properties:
            d["properties"] = _plain(self.properties)
        if self.created_at is not None:
            d["created_at"] = self.created_at.isoformat()
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

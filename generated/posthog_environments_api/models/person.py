# Written by scripts/generate.py from openapi.yaml: do not edit.
"""Person."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import FILLED as _FILLED
from ..records import MOMENT as _MOMENT
from ..records import NULL as _NULL
from ..records import OBJECT as _OBJECT
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of


@_attrs_define
class Person(_Record):
    """A person, as lists and details show one.

    Attributes:
        uuid: The key that works in every path.
        id: In the detail an integer, in lists the uuid. Use `uuid`, which always works.
        name: The email, else another name among the properties, else a distinct id.
        distinct_ids: Ids under which events of this person came in; lists show 1,000 at most.
        properties: An object of property names and values; null means none. The page shows null, and no type.
        created_at: When the person was first seen.
        type_: What it is, "person". Lists alone send it.
        is_identified: Whether the person has been identified. Lists alone send it.
        matched_recordings: Recordings that match a question about events; empty in lists, which alone send it.
        value_at_data_point: A figure of a question about events; null in lists, which alone send it.
        last_seen_at: When the person was last seen. Servers of 2026 alone send it.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    uuid: str
    id: int | str | None = None
    name: str | None = None
    distinct_ids: list[str] = _attrs_field(factory=list)
    properties: dict[str, Any] = _attrs_field(factory=dict)
    created_at: datetime.datetime | None = None
    type_: str | None = None
    is_identified: bool | None = None
    matched_recordings: list[Any] = _attrs_field(factory=list)
    value_at_data_point: Any = None
    last_seen_at: datetime.datetime | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("uuid", "uuid", _FILLED, True, None),
            _Field(
                "id",
                "id",
                _either(
                    _WHOLE,
                    _TEXT,
                    _NULL,
                ),
                False,
                None,
            ),
            _Field("name", "name", _TEXT, False, None),
            _Field("distinct_ids", "distinct_ids", _list_of(_TEXT), False, list),
            _Field("properties", "properties", _OBJECT, False, dict),
            _Field("created_at", "created_at", _MOMENT, False, None),
            _Field("type_", "type", _TEXT, False, None),
            _Field("is_identified", "is_identified", _BOOLEAN, False, None),
            _Field("matched_recordings", "matched_recordings", _list_of(_ANY), False, list),
            _Field("value_at_data_point", "value_at_data_point", _ANY, False, None),
            _Field("last_seen_at", "last_seen_at", _MOMENT, False, None),
        )

    @classmethod
    def _from_rows(cls, rows: Iterable[Any], sent: Mapping[str, None]) -> list[Self]:
        found: list[Self] = []
        new = cls.__new__
        has_distinct_ids = "distinct_ids" in sent
        has_properties = "properties" in sent
        has_matched_recordings = "matched_recordings" in sent
        for row in rows:
            one = new(cls)
            one.uuid = row.uuid
            one.id = row.id
            one.name = row.name
            one.distinct_ids = row.distinct_ids if has_distinct_ids else []
            one.properties = row.properties if has_properties else {}
            one.created_at = row.created_at
            one.type_ = row.type_
            one.is_identified = row.is_identified
            one.matched_recordings = row.matched_recordings if has_matched_recordings else []
            one.value_at_data_point = row.value_at_data_point
            one.last_seen_at = row.last_seen_at
            one._sent = sent  # type: ignore[misc]  # a slot of the base
            found.append(one)
        return found

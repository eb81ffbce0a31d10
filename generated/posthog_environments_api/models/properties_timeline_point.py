# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PropertiesTimelinePoint."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Self

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import MOMENT as _MOMENT
from ..records import OBJECT as _OBJECT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record


@_attrs_define
class PropertiesTimelinePoint(_Record):
    """The properties from this moment to the next point.

    Attributes:
        timestamp: As named.
        properties: An object of property names and values; null means none.
        relevant_event_count: How many matching events lie between this point and the next.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    timestamp: datetime.datetime | None = None
    properties: dict[str, Any] = _attrs_field(factory=dict)
    relevant_event_count: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("timestamp", "timestamp", _MOMENT, False, None),
            _Field("properties", "properties", _OBJECT, False, dict),
            _Field("relevant_event_count", "relevant_event_count", _WHOLE, False, None),
        )

    @classmethod
    def _from_rows(cls, rows: Iterable[Any], sent: Mapping[str, None]) -> list[Self]:
        found: list[Self] = []
        new = cls.__new__
        has_properties = "properties" in sent
        for row in rows:
            one = new(cls)
            one.timestamp = row.timestamp
            one.properties = row.properties if has_properties else {}
            one.relevant_event_count = row.relevant_event_count
            one._sent = sent  # type: ignore[misc]  # a slot of the base
            found.append(one)
        return found

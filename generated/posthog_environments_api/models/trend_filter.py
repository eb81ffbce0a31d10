"""TrendFilter. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records
from .entity import Entity


class TrendFilter(_Struct, forbid_unknown_fields=True, weakref=True):
    """The question as the server understood it, with its own defaults.

    Attributes:
        events: As named.
        actions: As named.
        properties: Conditions on properties: a list of `PropertyFilter`, which must all hold, or one
            `PropertyFilterGroup`.
            Servers of 2026 take the list alone for persons. An entry that they cannot read is dropped in
            silence.
        filter_test_accounts: As named.
        date_from: As named.
        date_to: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    events: list[Entity] = _field(default_factory=list)
    actions: list[Entity] = _field(default_factory=list)
    properties: Any = None
    filter_test_accounts: bool | None = None
    date_from: str | None = None
    date_to: str | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendFilter:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendFilter:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .entity import Entity

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        raw = pop("events", None)
        events = None if raw is None else _records(raw, Entity.from_dict)
        if events is None and raw is not None:
            d["events"] = raw
        raw = pop("actions", None)
        actions = None if raw is None else _records(raw, Entity.from_dict)
        if actions is None and raw is not None:
            d["actions"] = raw
        properties = pop("properties", None)
        filter_test_accounts = pop("filter_test_accounts", None)
        date_from = pop("date_from", None)
        date_to = pop("date_to", None)
        return cls(
            events or [],
            actions or [],
            properties,
            filter_test_accounts,
            date_from,
            date_to,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.events:
            d["events"] = _plain(self.events)
        if self.actions:
            d["actions"] = _plain(self.actions)
        if self.properties is not None:
            d["properties"] = _plain(self.properties)
        if self.filter_test_accounts is not None:
            d["filter_test_accounts"] = self.filter_test_accounts
        if self.date_from is not None:
            d["date_from"] = self.date_from
        if self.date_to is not None:
            d["date_to"] = self.date_to
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

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendFilter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.entity import Entity
    from ..models.no_property_filters import NoPropertyFilters
    from ..models.property_filter import PropertyFilter
    from ..models.property_filter_group import PropertyFilterGroup


@_attrs_define
class TrendFilter(_Record):
    """The question as the server understood it, with its own defaults.

    Attributes:
        events: As named.
        actions: As named.
        properties: Conditions on properties: a list, of which all must hold, or one group; an empty object stands
            for none. Servers of 2026 take the list alone for persons. An entry that they cannot read is
            dropped in silence.
        filter_test_accounts: As named.
        date_from: As named.
        date_to: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    events: list[Entity] = _attrs_field(factory=list)
    actions: list[Entity] = _attrs_field(factory=list)
    properties: (
        list[PropertyFilter | PropertyFilterGroup] | PropertyFilterGroup | NoPropertyFilters | None
    ) = None
    filter_test_accounts: bool | None = None
    date_from: str | None = None
    date_to: str | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.entity import Entity
        from ..models.no_property_filters import NoPropertyFilters
        from ..models.property_filter import PropertyFilter
        from ..models.property_filter_group import PropertyFilterGroup

        return (
            _Field("events", "events", _list_of(_record_of(Entity)), False, list),
            _Field("actions", "actions", _list_of(_record_of(Entity)), False, list),
            _Field(
                "properties",
                "properties",
                _either(
                    _list_of(
                        _either(
                            _record_of(PropertyFilter),
                            _record_of(PropertyFilterGroup),
                        )
                    ),
                    _record_of(PropertyFilterGroup),
                    _record_of(NoPropertyFilters),
                ),
                False,
                None,
            ),
            _Field("filter_test_accounts", "filter_test_accounts", _BOOLEAN, False, None),
            _Field("date_from", "date_from", _TEXT, False, None),
            _Field("date_to", "date_to", _TEXT, False, None),
        )

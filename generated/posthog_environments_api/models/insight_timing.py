# Written by scripts/generate.py from openapi.yaml: do not edit.
"""InsightTiming."""

from __future__ import annotations

from typing import Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of


@_attrs_define
class InsightTiming(_Record):
    """Fields of an insight.

    Attributes:
        name: As named.
        derived_name: As named.
        filters: Filters of the older kind; the page gives no type.
        query: The query: a node as JSON text; the page gives no type.
        order: As named.
        deleted: As named.
        dashboards: Ids of the dashboards that show this insight. Deprecated, and to be removed in favour of
            dashboard_tiles.
        description: As named.
        tags: As named.
        favorited: As named.
        saved: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    name: str | None = None
    derived_name: str | None = None
    filters: Any = None
    query: Any = None
    order: int | None = None
    deleted: bool | None = None
    dashboards: list[int] | None = None
    description: str | None = None
    tags: list[str] | None = None
    favorited: bool | None = None
    saved: bool | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        return (
            _Field("name", "name", _TEXT, False, None),
            _Field("derived_name", "derived_name", _TEXT, False, None),
            _Field("filters", "filters", _ANY, False, None),
            _Field("query", "query", _ANY, False, None),
            _Field("order", "order", _WHOLE, False, None),
            _Field("deleted", "deleted", _BOOLEAN, False, None),
            _Field("dashboards", "dashboards", _list_of(_WHOLE), False, None),
            _Field("description", "description", _TEXT, False, None),
            _Field("tags", "tags", _list_of(_TEXT), False, None),
            _Field("favorited", "favorited", _BOOLEAN, False, None),
            _Field("saved", "saved", _BOOLEAN, False, None),
        )

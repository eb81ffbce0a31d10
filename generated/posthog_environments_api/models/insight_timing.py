"""InsightTiming. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain


class InsightTiming(_Struct, forbid_unknown_fields=True, weakref=True):
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
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    name: str | None = None
    derived_name: str | None = None
    filters: Any = None
    query: Any = None
    order: int | None = None
    deleted: bool | None = None
    dashboards: list[int] = _field(default_factory=list)
    description: str | None = None
    tags: list[str] = _field(default_factory=list)
    favorited: bool | None = None
    saved: bool | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> InsightTiming:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> InsightTiming:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        name = pop("name", None)
        derived_name = pop("derived_name", None)
        filters = pop("filters", None)
        query = pop("query", None)
        order = pop("order", None)
        deleted = pop("deleted", None)
        dashboards = raw = pop("dashboards", None)
        if raw.__class__ is not list:
            dashboards = []
            if raw is not None:
                d["dashboards"] = raw
        description = pop("description", None)
        tags = raw = pop("tags", None)
        if raw.__class__ is not list:
            tags = []
            if raw is not None:
                d["tags"] = raw
        favorited = pop("favorited", None)
        saved = pop("saved", None)
        return cls(
            name,
            derived_name,
            filters,
            query,
            order,
            deleted,
            dashboards,
            description,
            tags,
            favorited,
            saved,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.name is not None:
            d["name"] = self.name
        if self.derived_name is not None:
            d["derived_name"] = self.derived_name
        if self.filters is not None:
            d["filters"] = _plain(self.filters)
        if self.query is not None:
            d["query"] = _plain(self.query)
        if self.order is not None:
            d["order"] = self.order
        if self.deleted is not None:
            d["deleted"] = self.deleted
        if self.dashboards:
            d["dashboards"] = _plain(self.dashboards)
        if self.description is not None:
            d["description"] = self.description
        if self.tags:
            d["tags"] = _plain(self.tags)
        if self.favorited is not None:
            d["favorited"] = self.favorited
        if self.saved is not None:
            d["saved"] = self.saved
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

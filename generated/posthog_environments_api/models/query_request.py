"""QueryRequest. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of

if TYPE_CHECKING:
    from .trends_query import TrendsQuery


class QueryRequest(_Struct, forbid_unknown_fields=True, weakref=True):
    """A query, and how it shall be answered.

    Attributes:
        query: A question about events over time, as `query/` takes it. What is sent must be known to the
            server: another field
            is a 400. This describes what this project builds; servers know more.
        refresh: Whether a cached answer will do. `blocking`, which is what servers take without it, answers from
            the cache
            while that is fresh; `force_blocking` computes anew; the others may answer with 202.
        client_query_id: Id by which the query can be asked for; without it the server makes one.
        name: What the query is called in the log of queries.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    query: TrendsQuery
    refresh: str | None = None
    client_query_id: str | None = None
    name: str | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> QueryRequest:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> QueryRequest:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        query = pop("query", None)
        refresh = pop("refresh", None)
        client_query_id = pop("client_query_id", None)
        name = pop("name", None)
        return cls(
            query,
            refresh,
            client_query_id,
            name,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["query"] = self.query
        if self.refresh is not None:
            d["refresh"] = self.refresh
        if self.client_query_id is not None:
            d["client_query_id"] = self.client_query_id
        if self.name is not None:
            d["name"] = self.name
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

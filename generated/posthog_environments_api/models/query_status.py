"""QueryStatus. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
from ..types import plain as _plain
from ..types import record as _record
from ..types import timestamp as _timestamp
from .finished_query import FinishedQuery

_moment = datetime.fromisoformat


class QueryStatus(_Struct, forbid_unknown_fields=True, weakref=True):
    """Where a query stands; a key that has nothing to say is there all the same, with null.

    Attributes:
        id: As named.
        complete: Whether it runs no more, for good or bad.
        error: Whether it failed.
        error_message: Why, for people; null where the server does not tell.
        error_code: As named.
        results: The whole `QueryResult`; null while the query runs, and if it failed.
        start_time: As named.
        end_time: As named.
        expiration_time: Until when it can be asked for.
        query_progress: How far it is, where it was asked for; an object of figures.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    id: Annotated[str, _Meta(min_length=1)]
    complete: bool
    error: bool | None = None
    error_message: str | None = None
    error_code: str | None = None
    results: FinishedQuery | None = None
    start_time: Annotated[datetime, _Meta(tz=True)] | None = None
    end_time: Annotated[datetime, _Meta(tz=True)] | None = None
    expiration_time: Annotated[datetime, _Meta(tz=True)] | None = None
    query_progress: Any = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> QueryStatus:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> QueryStatus:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .finished_query import FinishedQuery

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        id = pop("id", None)
        if id.__class__ is not str or not id:
            raise DecodeError(f"expected a text, got {_kind_of(id)}" if id != "" else "it is empty", "id")
        complete = pop("complete", None)
        error = pop("error", None)
        error_message = pop("error_message", None)
        error_code = pop("error_code", None)
        raw = pop("results", None)
        results = None if raw is None else _record(raw, FinishedQuery.from_dict)
        if results is None and raw is not None:
            d["results"] = raw
        raw = pop("start_time", None)
        start_time = None
        if raw is not None:
            try:
                start_time = _moment(raw)
                if start_time.tzinfo is None:
                    start_time = start_time.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                start_time = _timestamp(raw)
                if start_time is None:
                    d["start_time"] = raw
        raw = pop("end_time", None)
        end_time = None
        if raw is not None:
            try:
                end_time = _moment(raw)
                if end_time.tzinfo is None:
                    end_time = end_time.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                end_time = _timestamp(raw)
                if end_time is None:
                    d["end_time"] = raw
        raw = pop("expiration_time", None)
        expiration_time = None
        if raw is not None:
            try:
                expiration_time = _moment(raw)
                if expiration_time.tzinfo is None:
                    expiration_time = expiration_time.replace(tzinfo=UTC)
            except (ValueError, TypeError):
                expiration_time = _timestamp(raw)
                if expiration_time is None:
                    d["expiration_time"] = raw
        query_progress = pop("query_progress", None)
        return cls(
            id,
            complete,
            error,
            error_message,
            error_code,
            results,
            start_time,
            end_time,
            expiration_time,
            query_progress,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["id"] = self.id
        d["complete"] = self.complete
        if self.error is not None:
            d["error"] = self.error
        if self.error_message is not None:
            d["error_message"] = self.error_message
        if self.error_code is not None:
            d["error_code"] = self.error_code
        if self.results is not None:
            d["results"] = self.results.to_dict()
        if self.start_time is not None:
            d["start_time"] = self.start_time.isoformat()
        if self.end_time is not None:
            d["end_time"] = self.end_time.isoformat()
        if self.expiration_time is not None:
            d["expiration_time"] = self.expiration_time.isoformat()
        if self.query_progress is not None:
            d["query_progress"] = _plain(self.query_progress)
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

"""PersonDeletionPage. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import rows as _rows

if TYPE_CHECKING:
    from .person_deletion import PersonDeletion


class PersonDeletionPage(_Struct, forbid_unknown_fields=True, weakref=True):
    """A page of deletions of events.

    Attributes:
        results: As named.
        count: As named.
        next_: As named.
        previous: As named.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    results: list[PersonDeletion]
    count: int | None = None
    next_: str | None = _field(default=None, name="next")
    previous: str | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PersonDeletionPage:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        if d.get("results").__class__ is list:
            d["results"] = [dict(row) if row.__class__ is dict else row for row in d["results"]]
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> PersonDeletionPage:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .person_deletion import PersonDeletion

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        results = _rows(pop("results", None), "results", PersonDeletion.take)
        count = pop("count", None)
        next_ = pop("next", None)
        previous = pop("previous", None)
        return cls(
            results,
            count,
            next_,
            previous,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["results"] = _plain(self.results)
        if self.count is not None:
            d["count"] = self.count
        if self.next_ is not None:
            d["next"] = self.next_
        if self.previous is not None:
            d["previous"] = self.previous
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

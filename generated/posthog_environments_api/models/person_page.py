"""PersonPage. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import rows as _rows
from .person import Person
from .person import SentPerson as _SentPerson


class SentPersonPage(_Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """What servers are known to send for a `PersonPage`: a shape to decode into, and no more."""

    results: list[_SentPerson]
    next_: str | None = _field(default=None, name="next")
    previous: str | None = None
    count: int | None = None

    @staticmethod
    def records(sent: list[SentPersonPage]) -> list[PersonPage]:
        """Make records; what the contract does not promise becomes `additional_properties`."""
        found = []
        for each in sent:
            more: dict[str, Any] = {}
            found.append(
                PersonPage(
                    _SentPerson.records(each.results),
                    each.next_,
                    each.previous,
                    each.count,
                    more,
                )
            )
        return found


class PersonPage(_Struct, forbid_unknown_fields=True, weakref=True):
    """A page of persons.

    Attributes:
        results: As named.
        next_: Address of the page that follows; null on the last page, and nowhere else.
        previous: Address of the page before; null on the first.
        count: How many persons there are on all pages; only if `include_total` was asked for.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    results: list[Person]
    next_: str | None = _field(default=None, name="next")
    previous: str | None = None
    count: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )
    _sent: ClassVar[Any] = SentPersonPage

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> PersonPage:
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
    def take(cls, d: dict[str, Any]) -> PersonPage:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .person import Person

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        results = _rows(pop("results", None), "results", Person.take)
        next_ = pop("next", None)
        previous = pop("previous", None)
        count = pop("count", None)
        return cls(
            results,
            next_,
            previous,
            count,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["results"] = _plain(self.results)
        if self.next_ is not None:
            d["next"] = self.next_
        if self.previous is not None:
            d["previous"] = self.previous
        if self.count is not None:
            d["count"] = self.count
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

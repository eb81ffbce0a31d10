# Written by scripts/generate.py from openapi.yaml: do not edit.
"""PersonPage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.person import Person


@_attrs_define
class PersonPage(_Record):
    """A page of persons.

    Attributes:
        results: As named.
        next_: Address of the page that follows; null on the last page, and nowhere else.
        previous: Address of the page before; null on the first.
        count: How many persons there are on all pages; only if `include_total` was asked for.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    results: list[Person]
    next_: str | None = None
    previous: str | None = None
    count: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.person import Person

        return (
            _Field("results", "results", _list_of(_record_of(Person)), True, None),
            _Field("next_", "next", _TEXT, False, None),
            _Field("previous", "previous", _TEXT, False, None),
            _Field("count", "count", _WHOLE, False, None),
        )

"""TrendsQueryBreakdown. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records

if TYPE_CHECKING:
    from .trends_query_breakdown_part import TrendsQueryBreakdownPart


class TrendsQueryBreakdown(_Struct, forbid_unknown_fields=True, weakref=True):
    """By what to break each series down.

    Attributes:
        breakdown: Name of a property, or for cohorts a list of their numbers, and of `all` for everybody.
        breakdown_type: What `breakdown` names. Servers of 2026 take those from event_metadata on as well.
        breakdowns: Up to three properties at once, instead of `breakdown`.
        breakdown_limit: How many values come back, the largest; without it 25. The others are put together as one.
        breakdown_hide_other_aggregation: Whether to leave out the series of the other values.
        breakdown_histogram_bin_count: Into how many ranges to part the values of a numeric property.
        breakdown_normalize_url: Whether to take addresses that differ in a slash at the end for one.
        breakdown_group_type_index: Which kind of group, for the type `group`.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    breakdown: Any = None
    breakdown_type: str | None = None
    breakdowns: list[TrendsQueryBreakdownPart] = _field(default_factory=list)
    breakdown_limit: int | None = None
    breakdown_hide_other_aggregation: bool | None = None
    breakdown_histogram_bin_count: int | None = None
    breakdown_normalize_url: bool | None = None
    breakdown_group_type_index: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendsQueryBreakdown:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendsQueryBreakdown:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .trends_query_breakdown_part import TrendsQueryBreakdownPart

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        breakdown = pop("breakdown", None)
        breakdown_type = pop("breakdown_type", None)
        raw = pop("breakdowns", None)
        breakdowns = None if raw is None else _records(raw, TrendsQueryBreakdownPart.from_dict)
        if breakdowns is None and raw is not None:
            d["breakdowns"] = raw
        breakdown_limit = pop("breakdown_limit", None)
        breakdown_hide_other_aggregation = pop("breakdown_hide_other_aggregation", None)
        breakdown_histogram_bin_count = pop("breakdown_histogram_bin_count", None)
        breakdown_normalize_url = pop("breakdown_normalize_url", None)
        breakdown_group_type_index = pop("breakdown_group_type_index", None)
        return cls(
            breakdown,
            breakdown_type,
            breakdowns or [],
            breakdown_limit,
            breakdown_hide_other_aggregation,
            breakdown_histogram_bin_count,
            breakdown_normalize_url,
            breakdown_group_type_index,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.breakdown is not None:
            d["breakdown"] = _plain(self.breakdown)
        if self.breakdown_type is not None:
            d["breakdown_type"] = self.breakdown_type
        if self.breakdowns:
            d["breakdowns"] = _plain(self.breakdowns)
        if self.breakdown_limit is not None:
            d["breakdown_limit"] = self.breakdown_limit
        if self.breakdown_hide_other_aggregation is not None:
            d["breakdown_hide_other_aggregation"] = self.breakdown_hide_other_aggregation
        if self.breakdown_histogram_bin_count is not None:
            d["breakdown_histogram_bin_count"] = self.breakdown_histogram_bin_count
        if self.breakdown_normalize_url is not None:
            d["breakdown_normalize_url"] = self.breakdown_normalize_url
        if self.breakdown_group_type_index is not None:
            d["breakdown_group_type_index"] = self.breakdown_group_type_index
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

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryBreakdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.trends_query_breakdown_part import TrendsQueryBreakdownPart


@_attrs_define
class TrendsQueryBreakdown(_Record):
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
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    breakdown: Any = None
    breakdown_type: str | None = None
    breakdowns: list[TrendsQueryBreakdownPart] | None = None
    breakdown_limit: int | None = None
    breakdown_hide_other_aggregation: bool | None = None
    breakdown_histogram_bin_count: int | None = None
    breakdown_normalize_url: bool | None = None
    breakdown_group_type_index: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.trends_query_breakdown_part import TrendsQueryBreakdownPart

        return (
            _Field("breakdown", "breakdown", _ANY, False, None),
            _Field("breakdown_type", "breakdown_type", _TEXT, False, None),
            _Field("breakdowns", "breakdowns", _list_of(_record_of(TrendsQueryBreakdownPart)), False, None),
            _Field("breakdown_limit", "breakdown_limit", _WHOLE, False, None),
            _Field(
                "breakdown_hide_other_aggregation", "breakdown_hide_other_aggregation", _BOOLEAN, False, None
            ),
            _Field("breakdown_histogram_bin_count", "breakdown_histogram_bin_count", _WHOLE, False, None),
            _Field("breakdown_normalize_url", "breakdown_normalize_url", _BOOLEAN, False, None),
            _Field("breakdown_group_type_index", "breakdown_group_type_index", _WHOLE, False, None),
        )

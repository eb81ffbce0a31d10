# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import FILLED as _FILLED
from ..records import NUMBER as _NUMBER
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.no_property_filters import NoPropertyFilters
    from ..models.property_filter import PropertyFilter
    from ..models.property_filter_group import PropertyFilterGroup
    from ..models.trends_query_breakdown import TrendsQueryBreakdown
    from ..models.trends_query_compare import TrendsQueryCompare
    from ..models.trends_query_date_range import TrendsQueryDateRange
    from ..models.trends_query_display import TrendsQueryDisplay
    from ..models.trends_query_node import TrendsQueryNode


@_attrs_define
class TrendsQuery(_Record):
    """A question about events over time, as `query/` takes it. What is sent must be known to the server:
    another field is a 400. This describes what this project builds; servers know more.

    Attributes:
        kind: The kind of the query; here `TrendsQuery`.
        series: What to count, one series each; at least one.
        date_range: The time asked for, in the forms of `DateFrom`; without it the last seven days.
        interval: Width of one point in time. `insights/trend/` takes a minute for an hour; second, quarter and
            year are of 2026.
        properties: Conditions on properties: a list, of which all must hold, or one group; an empty object stands
            for none. Servers of 2026 take the list alone for persons. An entry that they cannot read is
            dropped in silence.
        filter_test_accounts: Whether to leave out internal and test accounts, as the project's settings define them.
        breakdown_filter: By what to break each series down.
        compare_filter: With what to compare.
        trends_filter: What the answer is shaped for, and formulas.
        sampling_factor: Share of the persons to look at, up to 1; counts are scaled up.
        aggregation_group_type_index: Which kind of group to count instead of persons.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    kind: str
    series: list[TrendsQueryNode]
    date_range: TrendsQueryDateRange | None = None
    interval: str | None = None
    properties: (
        list[PropertyFilter | PropertyFilterGroup] | PropertyFilterGroup | NoPropertyFilters | None
    ) = None
    filter_test_accounts: bool | None = None
    breakdown_filter: TrendsQueryBreakdown | None = None
    compare_filter: TrendsQueryCompare | None = None
    trends_filter: TrendsQueryDisplay | None = None
    sampling_factor: float | None = None
    aggregation_group_type_index: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.no_property_filters import NoPropertyFilters
        from ..models.property_filter import PropertyFilter
        from ..models.property_filter_group import PropertyFilterGroup
        from ..models.trends_query_breakdown import TrendsQueryBreakdown
        from ..models.trends_query_compare import TrendsQueryCompare
        from ..models.trends_query_date_range import TrendsQueryDateRange
        from ..models.trends_query_display import TrendsQueryDisplay
        from ..models.trends_query_node import TrendsQueryNode

        return (
            _Field("kind", "kind", _FILLED, True, None),
            _Field("series", "series", _list_of(_record_of(TrendsQueryNode)), True, None),
            _Field("date_range", "dateRange", _record_of(TrendsQueryDateRange), False, None),
            _Field("interval", "interval", _TEXT, False, None),
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
            _Field("filter_test_accounts", "filterTestAccounts", _BOOLEAN, False, None),
            _Field("breakdown_filter", "breakdownFilter", _record_of(TrendsQueryBreakdown), False, None),
            _Field("compare_filter", "compareFilter", _record_of(TrendsQueryCompare), False, None),
            _Field("trends_filter", "trendsFilter", _record_of(TrendsQueryDisplay), False, None),
            _Field("sampling_factor", "samplingFactor", _NUMBER, False, None),
            _Field("aggregation_group_type_index", "aggregation_group_type_index", _WHOLE, False, None),
        )

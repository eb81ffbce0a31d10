"""TrendsQuery. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta as _Meta
from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import record as _record
from ..types import rows as _rows

if TYPE_CHECKING:
    from .trends_query_breakdown import TrendsQueryBreakdown
    from .trends_query_compare import TrendsQueryCompare
    from .trends_query_date_range import TrendsQueryDateRange
    from .trends_query_display import TrendsQueryDisplay
    from .trends_query_node import TrendsQueryNode


class TrendsQuery(_Struct, forbid_unknown_fields=True, weakref=True):
    """A question about events over time, as `query/` takes it. What is sent must be known to the server:
    another field
    is a 400. This describes what this project builds; servers know more.

    Attributes:
        kind: The kind of the query; here `TrendsQuery`.
        series: What to count, one series each; at least one.
        date_range: The time asked for, in the forms of `DateFrom`; without it the last seven days.
        interval: Width of one point in time. `insights/trend/` takes a minute for an hour; second, quarter and
            year are of 2026.
        properties: Conditions on properties: a list of `PropertyFilter`, which must all hold, or one
            `PropertyFilterGroup`.
            Servers of 2026 take the list alone for persons. An entry that they cannot read is dropped in
            silence.
        filter_test_accounts: Whether to leave out internal and test accounts, as the project's settings define them.
        breakdown_filter: By what to break each series down.
        compare_filter: With what to compare.
        trends_filter: What the answer is shaped for, and formulas.
        sampling_factor: Share of the persons to look at, up to 1; counts are scaled up.
        aggregation_group_type_index: Which kind of group to count instead of persons.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    kind: Annotated[str, _Meta(min_length=1)]
    series: list[TrendsQueryNode]
    date_range: TrendsQueryDateRange | None = _field(default=None, name="dateRange")
    interval: str | None = None
    properties: Any = None
    filter_test_accounts: bool | None = _field(default=None, name="filterTestAccounts")
    breakdown_filter: TrendsQueryBreakdown | None = _field(default=None, name="breakdownFilter")
    compare_filter: TrendsQueryCompare | None = _field(default=None, name="compareFilter")
    trends_filter: TrendsQueryDisplay | None = _field(default=None, name="trendsFilter")
    sampling_factor: float | None = _field(default=None, name="samplingFactor")
    aggregation_group_type_index: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendsQuery:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        if d.get("series").__class__ is list:
            d["series"] = [dict(row) if row.__class__ is dict else row for row in d["series"]]
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendsQuery:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .trends_query_breakdown import TrendsQueryBreakdown
        from .trends_query_compare import TrendsQueryCompare
        from .trends_query_date_range import TrendsQueryDateRange
        from .trends_query_display import TrendsQueryDisplay
        from .trends_query_node import TrendsQueryNode

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        kind = pop("kind", None)
        if kind.__class__ is not str or not kind:
            raise DecodeError(
                f"expected a text, got {_kind_of(kind)}" if kind != "" else "it is empty", "kind"
            )
        series = _rows(pop("series", None), "series", TrendsQueryNode.take)
        raw = pop("dateRange", None)
        date_range = None if raw is None else _record(raw, TrendsQueryDateRange.from_dict)
        if date_range is None and raw is not None:
            d["dateRange"] = raw
        interval = pop("interval", None)
        properties = pop("properties", None)
        filter_test_accounts = pop("filterTestAccounts", None)
        raw = pop("breakdownFilter", None)
        breakdown_filter = None if raw is None else _record(raw, TrendsQueryBreakdown.from_dict)
        if breakdown_filter is None and raw is not None:
            d["breakdownFilter"] = raw
        raw = pop("compareFilter", None)
        compare_filter = None if raw is None else _record(raw, TrendsQueryCompare.from_dict)
        if compare_filter is None and raw is not None:
            d["compareFilter"] = raw
        raw = pop("trendsFilter", None)
        trends_filter = None if raw is None else _record(raw, TrendsQueryDisplay.from_dict)
        if trends_filter is None and raw is not None:
            d["trendsFilter"] = raw
        sampling_factor = pop("samplingFactor", None)
        aggregation_group_type_index = pop("aggregation_group_type_index", None)
        return cls(
            kind,
            series,
            date_range,
            interval,
            properties,
            filter_test_accounts,
            breakdown_filter,
            compare_filter,
            trends_filter,
            sampling_factor,
            aggregation_group_type_index,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        d["kind"] = self.kind
        d["series"] = _plain(self.series)
        if self.date_range is not None:
            d["dateRange"] = self.date_range.to_dict()
        if self.interval is not None:
            d["interval"] = self.interval
        if self.properties is not None:
            d["properties"] = _plain(self.properties)
        if self.filter_test_accounts is not None:
            d["filterTestAccounts"] = self.filter_test_accounts
        if self.breakdown_filter is not None:
            d["breakdownFilter"] = self.breakdown_filter.to_dict()
        if self.compare_filter is not None:
            d["compareFilter"] = self.compare_filter.to_dict()
        if self.trends_filter is not None:
            d["trendsFilter"] = self.trends_filter.to_dict()
        if self.sampling_factor is not None:
            d["samplingFactor"] = self.sampling_factor
        if self.aggregation_group_type_index is not None:
            d["aggregation_group_type_index"] = self.aggregation_group_type_index
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

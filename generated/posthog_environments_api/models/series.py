"""Series. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import record as _record
from .series_action import SeriesAction
from .trend_filter import TrendFilter


class Series(_Struct, forbid_unknown_fields=True, weakref=True):
    """One line of a trend.

    Attributes:
        data: One number for each of `days`; empty for the aggregated displays, null for formulas of them.
        days: Start of each point, `2026-01-31`; by hour with the time.
        labels: The days as people read them, in a form that differs by version and interval. Never parse them:
            `days` is
            the same everywhere.
        filter_: The question as the server understood it, with its own defaults.
        label: As named.
        action: What the series counts, as the server understood it.
        count: Sum of `data`; 0 for the aggregated displays.
        aggregated_value: The one value of an aggregated display.
        breakdown_value: Value of the breakdown that this series is for; a text, number or list. Servers since 2025 write
            `$$_posthog_breakdown_null_$$` for none, and `$$_posthog_breakdown_other_$$` for those beyond
            the limit.
        compare: As named.
        compare_label: Which of the two periods this series is.
        order: Place among the series, or of the formula among the formulas.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    data: list[float] = _field(default_factory=list)
    days: list[str] = _field(default_factory=list)
    labels: list[str] = _field(default_factory=list)
    filter_: TrendFilter | None = _field(default=None, name="filter")
    label: str | None = None
    action: SeriesAction | None = None
    count: float | None = None
    aggregated_value: float | None = None
    breakdown_value: Any = None
    compare: bool | None = None
    compare_label: str | None = None
    order: int | None = None
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Series:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> Series:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .series_action import SeriesAction
        from .trend_filter import TrendFilter

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        data = raw = pop("data", None)
        if raw.__class__ is not list:
            data = []
            if raw is not None:
                d["data"] = raw
        days = raw = pop("days", None)
        if raw.__class__ is not list:
            days = []
            if raw is not None:
                d["days"] = raw
        labels = raw = pop("labels", None)
        if raw.__class__ is not list:
            labels = []
            if raw is not None:
                d["labels"] = raw
        raw = pop("filter", None)
        filter_ = None if raw is None else _record(raw, TrendFilter.from_dict)
        if filter_ is None and raw is not None:
            d["filter"] = raw
        label = pop("label", None)
        raw = pop("action", None)
        action = None if raw is None else _record(raw, SeriesAction.from_dict)
        if action is None and raw is not None:
            d["action"] = raw
        count = pop("count", None)
        aggregated_value = pop("aggregated_value", None)
        breakdown_value = pop("breakdown_value", None)
        compare = pop("compare", None)
        compare_label = pop("compare_label", None)
        order = pop("order", None)
        return cls(
            data,
            days,
            labels,
            filter_,
            label,
            action,
            count,
            aggregated_value,
            breakdown_value,
            compare,
            compare_label,
            order,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.data:
            d["data"] = _plain(self.data)
        if self.days:
            d["days"] = _plain(self.days)
        if self.labels:
            d["labels"] = _plain(self.labels)
        if self.filter_ is not None:
            d["filter"] = self.filter_.to_dict()
        if self.label is not None:
            d["label"] = self.label
        if self.action is not None:
            d["action"] = self.action.to_dict()
        if self.count is not None:
            d["count"] = self.count
        if self.aggregated_value is not None:
            d["aggregated_value"] = self.aggregated_value
        if self.breakdown_value is not None:
            d["breakdown_value"] = _plain(self.breakdown_value)
        if self.compare is not None:
            d["compare"] = self.compare
        if self.compare_label is not None:
            d["compare_label"] = self.compare_label
        if self.order is not None:
            d["order"] = self.order
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

# Written by scripts/generate.py from openapi.yaml: do not edit.
"""Series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import ANY as _ANY
from ..records import BOOLEAN as _BOOLEAN
from ..records import NULL as _NULL
from ..records import NUMBER as _NUMBER
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.series_action import SeriesAction
    from ..models.trend_filter import TrendFilter


@_attrs_define
class Series(_Record):
    """One line of a trend.

    Attributes:
        data: One number for each of `days`; empty for the aggregated displays, null for formulas of them.
        days: Start of each point, `2026-01-31`; by hour with the time.
        labels: The days as people read them, in a form that differs by version and interval. Never parse them:
            `days` is the same everywhere.
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
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    data: list[float | None] = _attrs_field(factory=list)
    days: list[str] = _attrs_field(factory=list)
    labels: list[str] = _attrs_field(factory=list)
    filter_: TrendFilter | None = None
    label: str | None = None
    action: SeriesAction | None = None
    count: float | None = None
    aggregated_value: float | None = None
    breakdown_value: Any = None
    compare: bool | None = None
    compare_label: str | None = None
    order: int | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.series_action import SeriesAction
        from ..models.trend_filter import TrendFilter

        return (
            _Field(
                "data",
                "data",
                _list_of(
                    _either(
                        _NUMBER,
                        _NULL,
                    )
                ),
                False,
                list,
            ),
            _Field("days", "days", _list_of(_TEXT), False, list),
            _Field("labels", "labels", _list_of(_TEXT), False, list),
            _Field("filter_", "filter", _record_of(TrendFilter), False, None),
            _Field("label", "label", _TEXT, False, None),
            _Field("action", "action", _record_of(SeriesAction), False, None),
            _Field("count", "count", _NUMBER, False, None),
            _Field("aggregated_value", "aggregated_value", _NUMBER, False, None),
            _Field("breakdown_value", "breakdown_value", _ANY, False, None),
            _Field("compare", "compare", _BOOLEAN, False, None),
            _Field("compare_label", "compare_label", _TEXT, False, None),
            _Field("order", "order", _WHOLE, False, None),
        )

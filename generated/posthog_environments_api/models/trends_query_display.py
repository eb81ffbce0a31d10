# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendsQueryDisplay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import NUMBER as _NUMBER
from ..records import TEXT as _TEXT
from ..records import WHOLE as _WHOLE
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.trends_query_formula import TrendsQueryFormula


@_attrs_define
class TrendsQueryDisplay(_Record):
    """What the answer is shaped for, and formulas.

    Attributes:
        display: What the answer is shaped for. BoldNumber, Metric, ActionsPie, ActionsDonut,
            ActionsProportionBar, ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value
            for a series, in `aggregated_value`, and no `data`. Metric compares always. What stands after
            BoldNumber in the list is of 2026; `insights/trend/` takes a display that it does not know for
            the default, in silence.
        formula: Arithmetic over the series, named by the letters A, B, … in their order. Deprecated by the
            vendor.
        formulas: Several formulas. Deprecated by the vendor.
        formula_nodes: Several formulas, each with a label. It wins over the two above.
        smoothing_intervals: Over how many points to take the mean; without it 1.
        show_legend: As named.
        show_values_on_series: As named.
        show_percent_stack_view: As named.
        aggregation_axis_format: As named.
        aggregation_axis_prefix: As named.
        aggregation_axis_postfix: As named.
        decimal_places: As named.
        y_axis_scale_type: As named.
        show_multiple_y_axes: As named.
        hidden_legend_indexes: As named.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    display: str | None = None
    formula: str | None = None
    formulas: list[str] | None = None
    formula_nodes: list[TrendsQueryFormula] | None = None
    smoothing_intervals: int | None = None
    show_legend: bool | None = None
    show_values_on_series: bool | None = None
    show_percent_stack_view: bool | None = None
    aggregation_axis_format: str | None = None
    aggregation_axis_prefix: str | None = None
    aggregation_axis_postfix: str | None = None
    decimal_places: float | None = None
    y_axis_scale_type: str | None = None
    show_multiple_y_axes: bool | None = None
    hidden_legend_indexes: list[int] | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.trends_query_formula import TrendsQueryFormula

        return (
            _Field("display", "display", _TEXT, False, None),
            _Field("formula", "formula", _TEXT, False, None),
            _Field("formulas", "formulas", _list_of(_TEXT), False, None),
            _Field("formula_nodes", "formulaNodes", _list_of(_record_of(TrendsQueryFormula)), False, None),
            _Field("smoothing_intervals", "smoothingIntervals", _WHOLE, False, None),
            _Field("show_legend", "showLegend", _BOOLEAN, False, None),
            _Field("show_values_on_series", "showValuesOnSeries", _BOOLEAN, False, None),
            _Field("show_percent_stack_view", "showPercentStackView", _BOOLEAN, False, None),
            _Field("aggregation_axis_format", "aggregationAxisFormat", _TEXT, False, None),
            _Field("aggregation_axis_prefix", "aggregationAxisPrefix", _TEXT, False, None),
            _Field("aggregation_axis_postfix", "aggregationAxisPostfix", _TEXT, False, None),
            _Field("decimal_places", "decimalPlaces", _NUMBER, False, None),
            _Field("y_axis_scale_type", "yAxisScaleType", _TEXT, False, None),
            _Field("show_multiple_y_axes", "showMultipleYAxes", _BOOLEAN, False, None),
            _Field("hidden_legend_indexes", "hiddenLegendIndexes", _list_of(_WHOLE), False, None),
        )

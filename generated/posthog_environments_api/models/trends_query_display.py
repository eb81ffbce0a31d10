"""TrendsQueryDisplay. Written by scripts/generate.py from openapi.yaml: do not edit."""

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
    from .trends_query_formula import TrendsQueryFormula


class TrendsQueryDisplay(_Struct, forbid_unknown_fields=True, weakref=True):
    """What the answer is shaped for, and formulas.

    Attributes:
        display: What the answer is shaped for. BoldNumber, Metric, ActionsPie, ActionsDonut,
            ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series, in
            `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of 2026;
            `insights/trend/`
            takes a display that it does not know for the default, in silence.
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
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    display: str | None = None
    formula: str | None = None
    formulas: list[str] = _field(default_factory=list)
    formula_nodes: list[TrendsQueryFormula] = _field(default_factory=list, name="formulaNodes")
    smoothing_intervals: int | None = _field(default=None, name="smoothingIntervals")
    show_legend: bool | None = _field(default=None, name="showLegend")
    show_values_on_series: bool | None = _field(default=None, name="showValuesOnSeries")
    show_percent_stack_view: bool | None = _field(default=None, name="showPercentStackView")
    aggregation_axis_format: str | None = _field(default=None, name="aggregationAxisFormat")
    aggregation_axis_prefix: str | None = _field(default=None, name="aggregationAxisPrefix")
    aggregation_axis_postfix: str | None = _field(default=None, name="aggregationAxisPostfix")
    decimal_places: float | None = _field(default=None, name="decimalPlaces")
    y_axis_scale_type: str | None = _field(default=None, name="yAxisScaleType")
    show_multiple_y_axes: bool | None = _field(default=None, name="showMultipleYAxes")
    hidden_legend_indexes: list[int] = _field(default_factory=list, name="hiddenLegendIndexes")
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendsQueryDisplay:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendsQueryDisplay:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .trends_query_formula import TrendsQueryFormula

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        display = pop("display", None)
        formula = pop("formula", None)
        formulas = raw = pop("formulas", None)
        if raw.__class__ is not list:
            formulas = []
            if raw is not None:
                d["formulas"] = raw
        raw = pop("formulaNodes", None)
        formula_nodes = None if raw is None else _records(raw, TrendsQueryFormula.from_dict)
        if formula_nodes is None and raw is not None:
            d["formulaNodes"] = raw
        smoothing_intervals = pop("smoothingIntervals", None)
        show_legend = pop("showLegend", None)
        show_values_on_series = pop("showValuesOnSeries", None)
        show_percent_stack_view = pop("showPercentStackView", None)
        aggregation_axis_format = pop("aggregationAxisFormat", None)
        aggregation_axis_prefix = pop("aggregationAxisPrefix", None)
        aggregation_axis_postfix = pop("aggregationAxisPostfix", None)
        decimal_places = pop("decimalPlaces", None)
        y_axis_scale_type = pop("yAxisScaleType", None)
        show_multiple_y_axes = pop("showMultipleYAxes", None)
        hidden_legend_indexes = raw = pop("hiddenLegendIndexes", None)
        if raw.__class__ is not list:
            hidden_legend_indexes = []
            if raw is not None:
                d["hiddenLegendIndexes"] = raw
        return cls(
            display,
            formula,
            formulas,
            formula_nodes or [],
            smoothing_intervals,
            show_legend,
            show_values_on_series,
            show_percent_stack_view,
            aggregation_axis_format,
            aggregation_axis_prefix,
            aggregation_axis_postfix,
            decimal_places,
            y_axis_scale_type,
            show_multiple_y_axes,
            hidden_legend_indexes,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.display is not None:
            d["display"] = self.display
        if self.formula is not None:
            d["formula"] = self.formula
        if self.formulas:
            d["formulas"] = _plain(self.formulas)
        if self.formula_nodes:
            d["formulaNodes"] = _plain(self.formula_nodes)
        if self.smoothing_intervals is not None:
            d["smoothingIntervals"] = self.smoothing_intervals
        if self.show_legend is not None:
            d["showLegend"] = self.show_legend
        if self.show_values_on_series is not None:
            d["showValuesOnSeries"] = self.show_values_on_series
        if self.show_percent_stack_view is not None:
            d["showPercentStackView"] = self.show_percent_stack_view
        if self.aggregation_axis_format is not None:
            d["aggregationAxisFormat"] = self.aggregation_axis_format
        if self.aggregation_axis_prefix is not None:
            d["aggregationAxisPrefix"] = self.aggregation_axis_prefix
        if self.aggregation_axis_postfix is not None:
            d["aggregationAxisPostfix"] = self.aggregation_axis_postfix
        if self.decimal_places is not None:
            d["decimalPlaces"] = self.decimal_places
        if self.y_axis_scale_type is not None:
            d["yAxisScaleType"] = self.y_axis_scale_type
        if self.show_multiple_y_axes is not None:
            d["showMultipleYAxes"] = self.show_multiple_y_axes
        if self.hidden_legend_indexes:
            d["hiddenLegendIndexes"] = _plain(self.hidden_legend_indexes)
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

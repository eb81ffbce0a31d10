# Written by scripts/generate.py from openapi.yaml: do not edit.
"""TrendQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..records import BOOLEAN as _BOOLEAN
from ..records import TEXT as _TEXT
from ..records import Field as _Field
from ..records import Record as _Record
from ..records import either as _either
from ..records import list_of as _list_of
from ..records import record_of as _record_of

if TYPE_CHECKING:
    from ..models.entity import Entity
    from ..models.no_property_filters import NoPropertyFilters
    from ..models.property_filter import PropertyFilter
    from ..models.property_filter_group import PropertyFilterGroup


@_attrs_define
class TrendQuery(_Record):
    """A question about events over time. One of `events` and `actions` is required; servers answer a
    question without either with an empty result.

    Attributes:
        events: Events to count, one series each.
        actions: Actions to count, one series each.
        properties: Conditions on properties: a list, of which all must hold, or one group; an empty object stands
            for none. Servers of 2026 take the list alone for persons. An entry that they cannot read is
            dropped in silence.
        filter_test_accounts: Whether to leave out internal and test accounts, as the project's settings define them.
        date_from: Start of the time asked for: a date (`2026-01-31`), or a relative one: `-7d` is seven days back,
            `-1m` a month, `mStart` the start of this month, `yStart` of this year. Servers take what they
            cannot read as now.
        date_to: End of the time asked for, in the forms of `DateFrom`. Without it, now.
        breakdown: Property or cohorts to break down on: the name of a property of the event or person, or for
            cohorts the JSON text of a list of their ids (`[9581,5812]`). At most 25 values come back, the
            largest.
        breakdown_type: What `breakdown` names. Servers of 2026 take those from event_metadata on as well.
        compare: Whether to compare with the period before.
        compare_to: How far back the period to compare with lies.
        display: What the answer is shaped for. BoldNumber, Metric, ActionsPie, ActionsDonut,
            ActionsProportionBar, ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value
            for a series, in `aggregated_value`, and no `data`. Metric compares always. What stands after
            BoldNumber in the list is of 2026; `insights/trend/` takes a display that it does not know for
            the default, in silence.
        formula: Arithmetic over the series, such as `A + B` or `(A-B)/B`; the letters name events and actions in
            order.
        interval: Width of one point in time. `insights/trend/` takes a minute for an hour; second, quarter and
            year are of 2026.
        refresh: Whether to compute anew instead of reading a cached answer.
        additional_properties: What was sent and the contract does not know, or could not be read, by its wire name.
    """

    events: list[Entity] | None = None
    actions: list[Entity] | None = None
    properties: (
        list[PropertyFilter | PropertyFilterGroup] | PropertyFilterGroup | NoPropertyFilters | None
    ) = None
    filter_test_accounts: bool | None = None
    date_from: str | None = None
    date_to: str | None = None
    breakdown: str | None = None
    breakdown_type: str | None = None
    compare: bool | None = None
    compare_to: str | None = None
    display: str | None = None
    formula: str | None = None
    interval: str | None = None
    refresh: bool | None = None
    additional_properties: dict[str, Any] = _attrs_field(factory=dict, kw_only=True)

    @classmethod
    def _fields(cls) -> tuple[_Field, ...]:
        from ..models.entity import Entity
        from ..models.no_property_filters import NoPropertyFilters
        from ..models.property_filter import PropertyFilter
        from ..models.property_filter_group import PropertyFilterGroup

        return (
            _Field("events", "events", _list_of(_record_of(Entity)), False, None),
            _Field("actions", "actions", _list_of(_record_of(Entity)), False, None),
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
            _Field("filter_test_accounts", "filter_test_accounts", _BOOLEAN, False, None),
            _Field("date_from", "date_from", _TEXT, False, None),
            _Field("date_to", "date_to", _TEXT, False, None),
            _Field("breakdown", "breakdown", _TEXT, False, None),
            _Field("breakdown_type", "breakdown_type", _TEXT, False, None),
            _Field("compare", "compare", _BOOLEAN, False, None),
            _Field("compare_to", "compare_to", _TEXT, False, None),
            _Field("display", "display", _TEXT, False, None),
            _Field("formula", "formula", _TEXT, False, None),
            _Field("interval", "interval", _TEXT, False, None),
            _Field("refresh", "refresh", _BOOLEAN, False, None),
        )

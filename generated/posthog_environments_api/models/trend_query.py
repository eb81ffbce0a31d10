"""TrendQuery. Written by scripts/generate.py from openapi.yaml: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct as _Struct
from msgspec import field as _field

from ..errors import DecodeError
from ..types import as_html as _as_html
from ..types import kind_of as _kind_of
from ..types import plain as _plain
from ..types import records as _records
from .entity import Entity


class TrendQuery(_Struct, forbid_unknown_fields=True, weakref=True):
    """A question about events over time. One of `events` and `actions` is required; servers answer a
    question
    without either with an empty result.

    Attributes:
        events: Events to count, one series each.
        actions: Actions to count, one series each.
        properties: Conditions on properties: a list of `PropertyFilter`, which must all hold, or one
            `PropertyFilterGroup`.
            Servers of 2026 take the list alone for persons. An entry that they cannot read is dropped in
            silence.
        filter_test_accounts: Whether to leave out internal and test accounts, as the project's settings define them.
        date_from: Start of the time asked for: a date (`2026-01-31`), or a relative one: `-7d` is seven days back,
            `-1m` a
            month, `mStart` the start of this month, `yStart` of this year. Servers take what they cannot
            read as now.
        date_to: End of the time asked for, in the forms of `DateFrom`. Without it, now.
        breakdown: Property or cohorts to break down on: the name of a property of the event or person, or for
            cohorts
            the JSON text of a list of their ids (`[9581,5812]`). At most 25 values come back, the largest.
        breakdown_type: What `breakdown` names. Servers of 2026 take those from event_metadata on as well.
        compare: Whether to compare with the period before.
        compare_to: How far back the period to compare with lies.
        display: What the answer is shaped for. BoldNumber, Metric, ActionsPie, ActionsDonut,
            ActionsProportionBar,
            ActionsBarValue, ActionsTable, WorldMap and CalendarHeatmap have one value for a series, in
            `aggregated_value`,
            and no `data`. Metric compares always. What stands after BoldNumber in the list is of 2026;
            `insights/trend/`
            takes a display that it does not know for the default, in silence.
        formula: Arithmetic over the series, such as `A + B` or `(A-B)/B`; the letters name events and actions in
            order.
        interval: Width of one point in time. `insights/trend/` takes a minute for an hour; second, quarter and
            year are of 2026.
        refresh: Whether to compute anew instead of reading a cached answer.
        additional_properties: What was sent and the contract does not know, or what could not be read, by its wire name.
    """

    events: list[Entity] = _field(default_factory=list)
    actions: list[Entity] = _field(default_factory=list)
    properties: Any = None
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
    additional_properties: dict[str, Any] = _field(
        default_factory=dict, name="what the contract does not know"
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> TrendQuery:
        """Read it from decoded JSON.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        if src_dict.__class__ is not dict and not isinstance(src_dict, Mapping):
            raise DecodeError(f"expected an object, got {_kind_of(src_dict)}")
        d = dict(src_dict)
        return cls.take(d)

    @classmethod
    def take(cls, d: dict[str, Any]) -> TrendQuery:
        """Read it from decoded JSON that nobody else needs; what is left of it becomes `additional_properties`.

        Raises:
            DecodeError: It is no object, or lacks what is required.
        """
        from .entity import Entity

        if d.__class__ is not dict:
            raise DecodeError(f"expected an object, got {_kind_of(d)}")
        pop = d.pop
        raw = pop("events", None)
        events = None if raw is None else _records(raw, Entity.from_dict)
        if events is None and raw is not None:
            d["events"] = raw
        raw = pop("actions", None)
        actions = None if raw is None else _records(raw, Entity.from_dict)
        if actions is None and raw is not None:
            d["actions"] = raw
        properties = pop("properties", None)
        filter_test_accounts = pop("filter_test_accounts", None)
        date_from = pop("date_from", None)
        date_to = pop("date_to", None)
        breakdown = pop("breakdown", None)
        breakdown_type = pop("breakdown_type", None)
        compare = pop("compare", None)
        compare_to = pop("compare_to", None)
        display = pop("display", None)
        formula = pop("formula", None)
        interval = pop("interval", None)
        refresh = pop("refresh", None)
        return cls(
            events or [],
            actions or [],
            properties,
            filter_test_accounts,
            date_from,
            date_to,
            breakdown,
            breakdown_type,
            compare,
            compare_to,
            display,
            formula,
            interval,
            refresh,
            d,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write it as the API does; what is None is left out."""
        d = dict(self.additional_properties)
        if self.events:
            d["events"] = _plain(self.events)
        if self.actions:
            d["actions"] = _plain(self.actions)
        if self.properties is not None:
            d["properties"] = _plain(self.properties)
        if self.filter_test_accounts is not None:
            d["filter_test_accounts"] = self.filter_test_accounts
        if self.date_from is not None:
            d["date_from"] = self.date_from
        if self.date_to is not None:
            d["date_to"] = self.date_to
        if self.breakdown is not None:
            d["breakdown"] = self.breakdown
        if self.breakdown_type is not None:
            d["breakdown_type"] = self.breakdown_type
        if self.compare is not None:
            d["compare"] = self.compare
        if self.compare_to is not None:
            d["compare_to"] = self.compare_to
        if self.display is not None:
            d["display"] = self.display
        if self.formula is not None:
            d["formula"] = self.formula
        if self.interval is not None:
            d["interval"] = self.interval
        if self.refresh is not None:
            d["refresh"] = self.refresh
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

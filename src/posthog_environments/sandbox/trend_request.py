"""Trend requests, common to both endpoints, and their vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from posthog_environments.sandbox import filters
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.formula import Formula, FormulaError
from posthog_environments.sandbox.period import Period
from posthog_environments.sandbox.problems import crash, invalid, required, unsupported
from posthog_environments.sandbox.sql import Sql

Shape = Literal["line", "cumulative", "value"]

DISPLAYS: Final[Mapping[str, Shape]] = {
    "Auto": "line",
    "ActionsLineGraph": "line",
    "ActionsLineGraphCumulative": "cumulative",
    "ActionsAreaGraph": "line",
    "ActionsBar": "line",
    "ActionsUnstackedBar": "line",
    "ActionsStackedBar": "line",
    "ActionsTable": "value",
    "ActionsPie": "value",
    "ActionsDonut": "value",
    "ActionsProportionBar": "value",
    "ActionsBarValue": "value",
    "WorldMap": "value",
    "BoldNumber": "value",
}
OTHER_DISPLAYS: Final = frozenset(
    {"Metric", "CalendarHeatmap", "TwoDimensionalHeatmap", "BoxPlot", "SlopeGraph", "ScatterPlot"}
)
"""Displays with other forms of results, which the sandbox does not support."""

COUNTS: Final = frozenset(
    {"total", "dau", "weekly_active", "monthly_active", "unique_session"}
    | {"first_time_for_user", "first_matching_event_for_user"}
)
FIRST: Final = frozenset({"first_time_for_user", "first_matching_event_for_user"})
OF_PROPERTY: Final = frozenset({"sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99"})
PER_ACTOR: Final = frozenset(
    f"{name}_count_per_actor" for name in ("avg", "min", "max", "median", "p75", "p90", "p95", "p99")
)
MATHS: Final = COUNTS | OF_PROPERTY | PER_ACTOR
OTHER_MATHS: Final = frozenset({"unique_group", "hogql"})
"""Math that the sandbox does not support: it has no groups and no HogQL."""

MOST_SERIES: Final = 26
MOST_PARTS: Final = 25
COUNTRIES: Final = 250
"""Most breakdown values in a result; for world maps the number is larger, so that all countries fit."""
NULL: Final = "$$_posthog_breakdown_null_$$"
OTHER: Final = "$$_posthog_breakdown_other_$$"


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """The specification of one series."""

    event: str | None
    """Name of the event; None for all events."""
    order: int
    """Its position among the series, from 0."""
    properties: filters.ConditionGroup
    math: str = "total"
    math_property: str | None = None
    math_of_person: bool = False
    """Whether the property belongs to the person, not to the event."""
    multiplier: float = 1.0
    name: str | None = None
    """Its name in the request."""
    custom_name: str | None = None
    kind: Literal["events", "actions"] = "events"
    id: str | int | None = None
    """Its id in the request."""

    @property
    def label(self) -> str:
        """Label of its row."""
        return "All events" if self.event is None else self.event

    def action(self, days: list[str]) -> dict[str, Any]:
        """Return the description of the series in a response."""
        return {
            "days": days,
            "id": self.event,
            "type": "events",
            "order": self.order,
            "name": self.name or self.label,
            "custom_name": self.custom_name,
            "math": self.math,
            "math_property": self.math_property,
            "math_hogql": None,
            "math_group_type_index": None,
            "properties": {},
        }


@dataclass(frozen=True, slots=True)
class BreakdownProperty:
    """One property of a breakdown."""

    key: str
    kind: Literal["event", "person", "column", "all_users", "nothing"]
    """A property of the event or the person, a column of the event, all users, or a property that is always missing."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The breakdown of the series."""

    properties: tuple[BreakdownProperty, ...]
    several: bool
    """Whether values are lists, as for `breakdowns`."""
    limit: int
    hide_other: bool


@dataclass(frozen=True, slots=True)
class NamedFormula:
    """A formula over the series, and the name of its row."""

    formula: Formula
    custom_name: str | None = None

    @property
    def label(self) -> str:
        """Label of its row."""
        return self.custom_name or f"Formula ({self.formula.text})"


@dataclass(frozen=True, slots=True)
class TrendRequest:
    """A parsed request for a trend."""

    entities: tuple[SeriesSpec, ...]
    properties: filters.ConditionGroup
    without_test_accounts: bool
    span: Period
    earlier: Period | None
    breakdown: Breakdown | None
    display: str
    formulas: tuple[NamedFormula, ...]
    smoothing: int
    echo: Mapping[str, Any]
    """The query as rows repeat it, with the names of the legacy endpoint."""
    key: str
    """The query as text, the key of its cached result."""

    @property
    def shape(self) -> Shape:
        """Form of the rows."""
        return DISPLAYS[self.display]


def math_of(math: object, of: object) -> str:
    """Check the math of a series."""
    if math in (None, ""):
        return "total"
    if isinstance(math, str) and math in OTHER_MATHS:
        raise unsupported(f"the math {math}", "math")
    if not isinstance(math, str) or math not in MATHS:
        raise invalid(f"{str(math)[:60]!r} is not a math; there are {', '.join(sorted(MATHS))}.", "math")
    if math in OF_PROPERTY and not (isinstance(of, str) and of):
        raise required("math_property", f"The math {math} needs the name of a property.")
    return math


def accessor(text: str) -> BreakdownProperty | None:
    """Parse a HogQL expression that names one property; None for any other."""
    for start, kind in (("person.properties.", "person"), ("properties.", "event")):
        key = text.removeprefix(start)
        if key != text and key.replace("$", "_").isidentifier():
            return BreakdownProperty(key, "person" if kind == "person" else "event")
    return BreakdownProperty(text, "column") if text in {"event", "distinct_id"} else None


def only_one(key: Any) -> object:
    """Return the only element of a list; anything else as it is."""
    return cast("object", key[0] if isinstance(key, list) and len(cast("list[object]", key)) == 1 else key)


def one_property(key: object, kind: object, attr: str) -> BreakdownProperty:
    """Parse one property of a breakdown."""
    if kind == "cohort":
        if key == "all":
            return BreakdownProperty("all", "all_users")
        raise unsupported(f"cohorts, such as {str(key)[:60]!r}; it knows 'all' alone", attr)
    if not isinstance(key, str):
        raise invalid(f"{str(key)[:60]!r} is not the name of a property.", attr)
    if kind == "hogql":
        found = accessor(key)
        if found is None:
            raise unsupported(f"the HogQL {key[:60]!r}; it reads properties.x and person.properties.x", attr)
        return found
    if kind == "event_metadata" and key in {"event", "distinct_id"}:
        return BreakdownProperty(key, "column")
    if kind in {"event", "person"}:
        return BreakdownProperty(key, "event" if kind == "event" else "person")
    raise unsupported(f"a breakdown by {str(kind)[:60]}", f"{attr}_type" if attr == "breakdown" else attr)


def formula_of(text: object, series: int, *, crashes: bool = False) -> Formula:
    """Parse a formula over so many series; raise 400, or where the server crashes 500, for any other text."""
    try:
        formula = Formula(str(text))
    except FormulaError as error:
        raise crash("The formula cannot be read.") if crashes else invalid(str(error), "formula") from None
    unknown = sorted(formula.letters - {chr(ord("A") + number) for number in range(series)})
    if unknown:
        raise invalid(f"There is no series {unknown[0]}; there are {series}.", "formula")
    return formula


def actions(app: AppContext) -> dict[int, str]:
    """Return the actions of the sandbox: those of the settings, else one for each event, numbered by name.

    For the user's own data there are none unless the settings name them, as on a server that only ingested the events.
    """
    settings = app.settings
    if settings.actions is not None or isinstance(settings.data, Path):
        return dict(settings.actions or {})
    # Events of changes do not count; otherwise the first change would renumber the actions.
    own = "('$set', '$delete_person_property')"
    rows = app.store.rows(Sql(f"SELECT DISTINCT event FROM events WHERE event NOT IN {own} ORDER BY event"))  # noqa: S608
    return {number: event for number, (event,) in enumerate(rows, 1)}

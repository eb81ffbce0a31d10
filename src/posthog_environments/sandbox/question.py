"""What a trend or a timeline asks for, read from the query or the body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, cast

from dateutil.relativedelta import relativedelta

from posthog_environments.sandbox import bodies, dates, filters
from posthog_environments.sandbox.exchange import Call, House
from posthog_environments.sandbox.formula import Formula, FormulaError
from posthog_environments.sandbox.problems import invalid, required, unsupported
from posthog_environments.sandbox.sql import Sql

Step = timedelta | relativedelta
Displays = Literal["line", "cumulative", "value"]

STEPS: Final[Mapping[str, Step]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": relativedelta(months=1),
}
DISPLAYS: Final[Mapping[str, Displays]] = {
    "ActionsLineGraph": "line",
    "ActionsLineGraphCumulative": "cumulative",
    "ActionsAreaGraph": "line",
    "ActionsBar": "line",
    "ActionsTable": "value",
    "ActionsPie": "value",
    "ActionsBarValue": "value",
    "WorldMap": "value",
    "BoldNumber": "value",
}
COUNTS: Final = frozenset({"total", "dau", "weekly_active", "monthly_active", "unique_session"})
OF_PROPERTY: Final = frozenset({"sum", "avg", "min", "max", "median", "p90", "p95", "p99"})
MOST_POINTS: Final = 100_000
INSTANT: Final = timedelta(microseconds=1)
"""The shortest time there is: periods end that much before the next one."""
MOST_SERIES: Final = 26


@dataclass(frozen=True, slots=True)
class Entity:
    """What one series counts."""

    id: str | int | None
    event: str | None
    """Name of the event; None counts all."""
    kind: Literal["events", "actions"]
    order: int
    name: str
    custom_name: str | None
    math: str
    math_property: str | None
    properties: filters.Group
    given_properties: object

    def action(self) -> dict[str, Any]:
        """Describe the series as answers do."""
        return {
            "id": self.id,
            "type": self.kind,
            "order": self.order,
            "name": self.name,
            "custom_name": self.custom_name,
            "math": self.math,
            "math_property": self.math_property,
            "math_hogql": None,
            "math_group_type_index": None,
            "properties": self.given_properties if self.given_properties is not None else [],
        }


@dataclass(frozen=True, slots=True)
class Span:
    """A period in time and the points that it falls into."""

    start: datetime
    end: datetime
    interval: str

    def points(self) -> list[datetime]:
        """Give the start of each point."""
        first, step = dates.floor(self.start, self.interval), STEPS[self.interval]
        points: list[datetime] = []
        at = first
        while at <= self.end:
            points.append(at)
            if len(points) > MOST_POINTS:
                raise invalid(f"The period has more than {MOST_POINTS:,} points; take a longer interval.", "interval")
            at = first + step * len(points)
        return points

    def counted_from(self) -> datetime:
        """Tell from when events count: weeks and months are whole at the start."""
        return dates.floor(self.start, self.interval) if self.interval in {"week", "month"} else self.start

    def before(self) -> Span:
        """Give the period of as many points just before this one."""
        back = STEPS[self.interval] * len(self.points())
        # Months differ in length: what ends with a month is compared with what ends with a month.
        end = max(self.end - back, self.end + INSTANT - back - INSTANT)
        return replace(self, start=self.start - back, end=end)


@dataclass(frozen=True, slots=True)
class Question:
    """A trend that is asked for."""

    entities: tuple[Entity, ...]
    properties: filters.Group
    without_test_accounts: bool
    span: Span
    breakdown: str | None
    breakdown_type: str
    display: str
    formula: Formula | None
    earlier: Span | None
    offset: int
    given: Mapping[str, Any]


def fields(call: Call) -> dict[str, Any]:
    """Give what was asked in the body, and what it does not name from the query."""
    return {**call.query, **(call.fields if call.method == "POST" else {})}


def read(house: House, call: Call) -> Question:
    """Read a question about a trend."""
    given = fields(call)
    span = read_span(house, given)
    found = entities(house, given)
    breakdown, breakdown_type = read_breakdown(given)
    display = given.get("display") or "ActionsLineGraph"
    if not isinstance(display, str) or display not in DISPLAYS:
        raise invalid(f"{str(display)[:60]!r} is no display; there are {', '.join(DISPLAYS)}.", "display")
    return Question(
        entities=found,
        properties=filters.read(given.get("properties"), lenient=house.lenient),
        without_test_accounts=bodies.truth(given.get("filter_test_accounts")),
        span=span,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        formula=_formula(given.get("formula"), found),
        earlier=_earlier(given, span),
        offset=_offset(given.get("offset")),
        given=given,
    )


def check_patterns(house: House, asked: tuple[Entity, ...], properties: filters.Group) -> None:
    """Refuse regular expressions that cannot be read."""
    for group in (properties, *(entity.properties for entity in asked)):
        filters.check_patterns(group, house.store.check_pattern)


def entities(house: House, given: Mapping[str, Any]) -> tuple[Entity, ...]:
    """Read the events and actions, in their order."""
    found: list[Entity] = []
    for kind in ("events", "actions"):
        for entry in _list(given.get(kind), kind):
            if len(found) == MOST_SERIES:
                # Before the next one is read: an action costs a question to the database.
                raise invalid(f"There can be {MOST_SERIES} series at most.", "events")
            found.append(_entity(house, entry, kind, len(found)))
    return tuple(sorted(found, key=lambda entity: entity.order))


def _list(value: object, attr: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        try:
            value = bodies.parse(value) if value.strip() else []
        except ValueError:
            raise invalid("This is not JSON.", attr) from None
    if not isinstance(value, list | None):
        raise invalid("This must be a list.", attr)
    for entry in cast("list[object]", value or []):
        if isinstance(entry, str | int) and not isinstance(entry, bool):
            yield {"id": entry}
        elif isinstance(entry, dict):
            yield cast("dict[str, Any]", entry)
        else:
            raise invalid("Each entry must be an object with an id.", attr)


def _entity(house: House, entry: dict[str, Any], kind: Literal["events", "actions"], order: int) -> Entity:
    named, math, given_order = entry.get("id"), entry.get("math") or "total", entry.get("order")
    if not isinstance(named, str | int | None) or isinstance(named, bool):
        raise invalid("An id is a text or a number.", kind)
    event = str(named) if named is not None else None
    name = event if event is not None else "All events"
    if kind == "actions":
        event = name = _action(house, named)
    name = str(entry.get("name") or name)
    return Entity(
        id=named,
        event=event,
        kind=kind,
        order=given_order if isinstance(given_order, int) else order,
        name=name,
        custom_name=_text(entry.get("custom_name")),
        math=_math(math, entry.get("math_property")),
        math_property=_text(entry.get("math_property")),
        properties=filters.read(entry.get("properties"), lenient=house.lenient),
        given_properties=entry.get("properties"),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _math(math: object, of: object) -> str:
    if not isinstance(math, str) or math not in COUNTS | OF_PROPERTY:
        raise unsupported(f"the math {str(math)[:60]!r}", "math")
    if math in OF_PROPERTY and not (isinstance(of, str) and of):
        raise required("math_property", f"The math {math} needs the name of a property.")
    return math


def actions(house: House) -> dict[int, str]:
    """Give the actions of the sandbox: one for each event that it knows, numbered by name."""
    # Those that changes leave behind are no part of it: with them the first change would number the others anew.
    own = "('$set', '$delete_person_property')"
    rows = house.store.rows(Sql(f"SELECT DISTINCT event FROM events WHERE event NOT IN {own} ORDER BY event"))  # noqa: S608
    return {number: event for number, (event,) in enumerate(rows, 1)}


def _action(house: House, id: object) -> str:
    known = actions(house)
    number = int(id) if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < 10 else id
    if not isinstance(number, int) or number not in known:
        raise invalid(f"There is no action {str(id)[:60]!r}; the sandbox has {bodies.write(known)}.", "actions")
    return known[number]


def read_span(house: House, given: Mapping[str, Any]) -> Span:
    """Read the period."""
    interval = given.get("interval") or "day"
    if not isinstance(interval, str) or interval not in STEPS:
        raise invalid(f"{str(interval)[:60]!r} is no interval; there are {', '.join(STEPS)}.", "interval")
    now = house.now()
    if (given.get("date_from") or "-7d") == "all":
        first = house.store.row(Sql("SELECT min(timestamp) FROM events"))
        start = dates.floor(first[0] if first and first[0] else now, "day")
    else:
        start = dates.lower_bound(_moment(house, given.get("date_from") or "-7d", "date_from", now), interval)
    until = given.get("date_to")
    moment = _moment(house, until, "date_to", now) if until else dates.Moment(now, relative=True)
    return Span(start, dates.upper_bound(moment, interval), interval)


def _moment(house: House, value: object, attr: str, now: datetime) -> dates.Moment:
    try:
        return dates.parse(value if isinstance(value, str) else "", now)
    except dates.UnreadableDateError:
        if not house.lenient:
            raise invalid(f"{str(value)[:60]!r} is no date.", attr) from None
        # The oddity: what cannot be read is now.
        return dates.Moment(now, relative=True)


def _earlier(given: Mapping[str, Any], span: Span) -> Span | None:
    """Find the period to compare with: just before, or as long and as far back as `compare_to` says."""
    back = given.get("compare_to")
    if not bodies.truth(given.get("compare")) and not back:
        return None
    try:
        if not back:
            return span.before()
        start = dates.parse(str(back), span.start)
        if start.relative:
            return replace(span, start=start.at, end=start.at + (span.end - span.start))
    except (dates.UnreadableDateError, OverflowError, ValueError):
        pass
    raise invalid(f"{str(back)[:60]!r} is no time to compare to; write it like -1m.", "compare_to")


def read_breakdown(given: Mapping[str, Any]) -> tuple[str | None, str]:
    """Read what to break down on."""
    breakdown, kind = given.get("breakdown"), given.get("breakdown_type") or "event"
    if breakdown in (None, "", []):
        return None, "event"
    if isinstance(breakdown, list) and len(cast("list[object]", breakdown)) == 1:
        breakdown = cast("list[object]", breakdown)[0]
    if not isinstance(kind, str) or kind not in {"event", "person"}:
        raise unsupported(f"a breakdown by {str(kind)[:60]}", "breakdown_type")
    if not isinstance(breakdown, str):
        raise unsupported("a breakdown on more than one property", "breakdown")
    return breakdown, kind


def _formula(text: object, found: tuple[Entity, ...]) -> Formula | None:
    if text in (None, ""):
        return None
    try:
        formula = Formula(str(text))
    except FormulaError as error:
        raise invalid(str(error), "formula") from None
    unknown = sorted(formula.letters - {chr(ord("A") + number) for number in range(len(found))})
    if unknown:
        raise invalid(f"There is no series {unknown[0]}; there are {len(found)}.", "formula")
    return formula


def _offset(value: object) -> int:
    text = str(value or 0)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0

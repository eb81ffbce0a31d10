"""Properties timeline of one person, from the events that set its properties."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from posthog_environments.sandbox import bodies, clock, filters, legacy, persons
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import TIMELINE, Route, Routes
from posthog_environments.sandbox.filters import SqlWriter
from posthog_environments.sandbox.messages import Reply, RequestContext, json_reply
from posthog_environments.sandbox.period import Calendar
from posthog_environments.sandbox.sql import Sql, all_of, joined, sql_of
from posthog_environments.sandbox.trend_request import SeriesSpec


def show(app: AppContext, call: RequestContext) -> Reply:
    """Return the timeline of a person: a point at the first matching event and at each change."""
    person = persons.find(app, call.id)
    given = legacy.fields(call)
    legacy.check_fields(given)
    span = Calendar(app).span(legacy.wanted_of(app, given))
    entities = legacy.entities(app, given, strict_actions=True)
    properties = filters.read(given.get("properties"), lenient=app.lenient)
    filters.check_patterns([properties, *(one.properties for one in entities)], app.store.check_pattern)
    crucial = _crucial(app, given, entities, properties)
    events = _events(app, person, entities, span.end)
    return json_reply(
        {
            "points": _points([event for event in events if event[0] >= span.start], crucial),
            "crucial_property_keys": crucial,
            "effective_date_from": _bound(app, span.start),
            "effective_date_to": _bound(app, span.end),
        }
    )


def _bound(app: AppContext, at: datetime) -> str | None:
    """Format a bound of the period as servers do: with an offset, and a fraction only if there is one."""
    return f"{at.isoformat()}+00:00" if app.lenient else clock.text(at)


def _crucial(
    app: AppContext, given: dict[str, Any], entities: tuple[SeriesSpec, ...], properties: filters.ConditionGroup
) -> list[str]:
    groups = (properties, *(entity.properties for entity in entities))
    keys = {one.key for group in groups for one in filters.conditions(group) if one.kind == "person"}
    breakdown, kind = legacy.breakdown_on(app, given)
    if isinstance(breakdown, str) and kind == "person":
        keys.add(breakdown)
    return sorted(keys)


def _events(
    app: AppContext, person: int, entities: tuple[SeriesSpec, ...], end: datetime
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield the matching events, each with the properties of the person at that time."""
    writer = SqlWriter(app.now(), lenient=app.lenient)
    matches = joined("OR", [_match(writer, entity) for entity in entities]) if entities else Sql("TRUE")
    rows = app.store.rows(
        sql_of(
            "SELECT timestamp, changes, removed, {} FROM events e WHERE person_id = {} AND timestamp <= {}"
            " ORDER BY timestamp, id",
            matches, person, end,
        )
    )  # fmt: skip
    properties: dict[str, Any] = {}
    for timestamp, changes, removed, matching in rows:
        if changes is not None:
            properties = {**properties, **bodies.parse(changes)}
        if removed is not None:
            properties = {key: value for key, value in properties.items() if key not in bodies.parse(removed)}
        if matching:
            yield timestamp, properties


def _match(writer: SqlWriter, entity: SeriesSpec) -> Sql:
    """Return the SQL of one series; its conditions on the person select keys, not events."""
    conditions = [sql_of("e.event = {}", entity.event)] if entity.event is not None else []
    own = tuple(one for one in filters.conditions(entity.properties) if one.kind != "person")
    if own:
        conditions.append(writer.on_events(filters.ConditionGroup("AND", own)))
    return all_of(conditions)


def _points(events: list[tuple[datetime, dict[str, Any]]], crucial: list[str]) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = []
    before: list[Any] | None = None
    for timestamp, properties in events:
        values = [properties.get(key) for key in crucial]
        if before is None or values != before:
            points.append({"timestamp": clock.text(timestamp), "properties": properties, "relevant_event_count": 0})
            before = values
        points[-1]["relevant_event_count"] += 1
    return points


ROUTES: Final[Routes] = {
    "persons/*/properties_timeline": {"GET": Route(show, None, "persons", TIMELINE)},
}

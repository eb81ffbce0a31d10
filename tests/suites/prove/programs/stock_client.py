"""Call the operations with the client that openapi-python-client makes with its own templates and settings.

Like every program of this folder it goes over a table of operations, and prints a line for each: its name, the status,
and what it read in the answer. What that must be is in compilers/ground.py.
"""

# ruff: noqa: E501 - rows of a table

from __future__ import annotations

import json
import os
from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from stock import models  # type: ignore[import-not-found]
from stock.api.insights import get_trend, query_trend, record_insight_timing  # type: ignore[import-not-found]
from stock.api.persons import (  # type: ignore[import-not-found]
    delete_person,
    delete_person_property,
    get_person,
    get_person_properties_timeline,
    list_person_activity,
    list_persons,
    update_person,
)
from stock.client import AuthenticatedClient  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable

    from stock.types import Response  # type: ignore[import-not-found]

T = TypeVar("T")
Row: TypeAlias = "tuple[str, Callable[[], tuple[int, object]]]"

PROJECT, ADA, BOB = (os.environ[name] for name in ("POSTHOG_PROJECT_ID", "ADA", "BOB"))


def row(name: str, call: Callable[[], Response[Any]], kind: type[T], read: Callable[[T], object]) -> Row:
    """Return an operation: its name, and a call that gives the status, and what is read in an answer of a kind."""

    def make() -> tuple[int, object]:
        answer = call()
        if isinstance(answer.parsed, models.ApiErrorBody):
            return answer.status_code, answer.parsed.code
        return answer.status_code, read(of(answer.parsed, kind))

    return name, make


def of(value: object, kind: type[T]) -> T:
    """Return a value that may be of several kinds, and must be of the given one."""
    if not isinstance(value, kind):
        raise SystemExit(f"{value!r} is no {kind.__name__}")
    return value


def moment(value: object) -> str:
    """Write a moment, which must have been read as one."""
    return of(value, datetime).isoformat()


def page(found: models.PersonPage) -> object:
    """Read a page of persons."""
    return found.count, found.next_, [one.name for one in found.results], found.results[2].id


def person(found: models.Person) -> object:
    """Read a person."""
    return str(found.uuid), found.id, found.distinct_ids, properties(found), moment(found.created_at)


def properties(found: models.Person) -> object:
    """Read the properties of a person."""
    return of(found.properties, dict)


def timeline(found: models.PropertiesTimeline) -> object:
    """Read what a person was like over time."""
    counts = [point.relevant_event_count for point in found.points]
    plans = [of(point.properties, dict)["plan"] for point in found.points]
    return counts, plans, moment(found.points[1].timestamp), found.crucial_property_keys


def log(found: models.ActivityPage) -> object:
    """Read the log of a person."""
    (change,) = of(of(found.results[0].detail, models.ActivityDetailType0).changes, list)
    action = of(change, models.ActivityChange).action
    return found.total_count, [entry.activity for entry in found.results], found.results[0].item_id, action


def trend(found: models.Trend) -> object:
    """Read a trend."""
    return [(series.data, series.days, series.count, series.label) for series in found.result]


def nothing(_: object) -> object:
    """Read nothing, of an answer that says no more than its status."""
    return None


client = AuthenticatedClient(os.environ["POSTHOG_HOST"], os.environ["POSTHOG_PERSONAL_API_KEY"])
plan = models.PropertyDeletion(unset="plan")
question = models.TrendQuery(
    events=[models.Entity(id="$pageview")], date_from="2026-01-05", date_to="2026-01-08", interval="day"
)

ROWS: tuple[Row, ...] = (
    row("listPersons", lambda: list_persons.sync_detailed(PROJECT, client=client, include_total=True), models.PersonPage, page),
    row("getPerson", lambda: get_person.sync_detailed(PROJECT, ADA, client=client), models.Person, person),
    row("getPersonPropertiesTimeline", lambda: get_person_properties_timeline.sync_detailed(PROJECT, ADA, client=client, date_from="2026-01-01", date_to="2026-01-09", breakdown="plan", breakdown_type="person"), models.PropertiesTimeline, timeline),
    row("updatePerson", lambda: update_person.sync_detailed(PROJECT, ADA, client=client, body=models.PersonUpdate(properties={"plan": "team"})), models.Person, properties),
    row("deletePersonProperty", lambda: delete_person_property.sync_detailed(PROJECT, ADA, client=client, body=plan, unset="plan"), NoneType, nothing),
    row("getPerson", lambda: get_person.sync_detailed(PROJECT, ADA, client=client), models.Person, person),
    row("listPersonActivity", lambda: list_person_activity.sync_detailed(PROJECT, ADA, client=client, page=1, limit=1), models.ActivityPage, log),
    row("queryTrend", lambda: query_trend.sync_detailed(PROJECT, client=client, body=question), models.Trend, trend),
    row("getTrend", lambda: get_trend.sync_detailed(PROJECT, client=client, events='[{"id":"$pageview"}]', date_from="2026-01-05", date_to="2026-01-08", interval="day"), models.Trend, trend),
    row("recordInsightTiming", lambda: record_insight_timing.sync_detailed(PROJECT, client=client, body=models.InsightTiming(name="Weekly sign-ups")), NoneType, nothing),
    row("deletePerson", lambda: delete_person.sync_detailed(PROJECT, BOB, client=client, delete_events=True), NoneType, nothing),
    row("getPerson", lambda: get_person.sync_detailed(PROJECT, BOB, client=client), models.Person, person),
)  # fmt: skip

for name, call in ROWS:
    status, read = call()
    print(name, int(status), json.dumps(read))

"""Call the ten operations with the client that openapi-python-client makes with its own templates and settings.

Like every program of this folder it expects the persons and events of events.jsonl, and ends with an error where an
answer is not what these say.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

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
from stock.models import (  # type: ignore[import-not-found]
    ActivityChange,
    ActivityDetailType0,
    ActivityPage,
    ApiErrorBody,
    Entity,
    InsightTiming,
    Person,
    PersonPage,
    PersonUpdate,
    PropertiesTimeline,
    PropertyDeletion,
    Trend,
    TrendQuery,
)

if TYPE_CHECKING:
    from stock.types import Response  # type: ignore[import-not-found]

T = TypeVar("T")

PROJECT = os.environ["POSTHOG_PROJECT_ID"]


def same(what: str, found: object, wanted: object) -> None:
    """End with an error unless two values are the same."""
    if found != wanted:
        raise SystemExit(f"{what} is {found!r}, not {wanted!r}")


def parsed(response: Response[Any], kind: type[T]) -> T:
    """Return the body of an answer, which must be of the given kind."""
    if not isinstance(response.parsed, kind):
        raise SystemExit(f"{response.status_code}: {response.content!r} was read as {response.parsed!r}")
    return response.parsed


def of(value: object, kind: type[T]) -> T:
    """Return a value that may be of several kinds, and must be of the given one."""
    if not isinstance(value, kind):
        raise SystemExit(f"{value!r} is no {kind.__name__}")
    return value


def trend(answer: Trend) -> None:
    """Look at the page views of four days."""
    (series,) = answer.result
    same("data", series.data, [1, 2, 1, 1])
    same("days", series.days, ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"])
    same("count", series.count, 5)
    same("label", series.label, "$pageview")


def main() -> None:
    """Call them."""
    client = AuthenticatedClient(os.environ["POSTHOG_HOST"], os.environ["POSTHOG_PERSONAL_API_KEY"])

    page = parsed(list_persons.sync_detailed(PROJECT, client=client, include_total=True), PersonPage)
    same("count", page.count, 3)
    same("next", page.next_, None)
    same("names", [one.name for one in page.results], ["cyd@example.com", "bob@example.com", "ada@example.com"])
    ada, bob = page.results[2].uuid, page.results[1].uuid
    same("id in the list", page.results[2].id, str(ada))

    person = parsed(get_person.sync_detailed(PROJECT, str(ada), client=client), Person)
    same("uuid", person.uuid, ada)
    same("id", person.id, 1)
    same("distinct_ids", person.distinct_ids, ["ada"])
    same("properties", person.properties, {"email": "ada@example.com", "plan": "pro"})
    same("created_at", person.created_at, datetime(2026, 1, 5, 10, tzinfo=UTC))

    timeline = parsed(
        get_person_properties_timeline.sync_detailed(
            PROJECT,
            str(ada),
            client=client,
            date_from="2026-01-01",
            date_to="2026-01-09",
            breakdown="plan",
            breakdown_type="person",
        ),
        PropertiesTimeline,
    )
    same("points", [point.relevant_event_count for point in timeline.points], [2, 1])
    same("plans", [of(point.properties, dict)["plan"] for point in timeline.points], ["free", "pro"])
    same("timestamp", timeline.points[1].timestamp, datetime(2026, 1, 7, 10, tzinfo=UTC))
    same("crucial_property_keys", timeline.crucial_property_keys, ["plan"])

    update = PersonUpdate(properties={"plan": "team"})
    changed = parsed(update_person.sync_detailed(PROJECT, str(ada), client=client, body=update), Person)
    same("properties", changed.properties, {"email": "ada@example.com", "plan": "team"})

    done = delete_person_property.sync_detailed(
        PROJECT, str(ada), client=client, body=PropertyDeletion(unset="plan"), unset="plan"
    )
    same("status", done.status_code, HTTPStatus.OK)
    person = parsed(get_person.sync_detailed(PROJECT, str(ada), client=client), Person)
    same("properties", person.properties, {"email": "ada@example.com"})

    log = parsed(list_person_activity.sync_detailed(PROJECT, str(ada), client=client, page=1, limit=1), ActivityPage)
    same("total_count", log.total_count, 2)
    same("activity", [entry.activity for entry in log.results], ["delete_property"])
    same("item_id", log.results[0].item_id, "1")
    (change,) = of(of(log.results[0].detail, ActivityDetailType0).changes, list)
    same("changes", of(change, ActivityChange).action, "changed")

    trend(
        parsed(
            get_trend.sync_detailed(
                PROJECT,
                client=client,
                events=json.dumps([{"id": "$pageview"}]),
                date_from="2026-01-05",
                date_to="2026-01-08",
                interval="day",
            ),
            Trend,
        )
    )
    query = TrendQuery(events=[Entity(id="$pageview")], date_from="2026-01-05", date_to="2026-01-08", interval="day")
    trend(parsed(query_trend.sync_detailed(PROJECT, client=client, body=query), Trend))

    timing = record_insight_timing.sync_detailed(PROJECT, client=client, body=InsightTiming(name="Weekly sign-ups"))
    same("status", timing.status_code, HTTPStatus.OK)

    gone = delete_person.sync_detailed(PROJECT, str(bob), client=client, delete_events=True)
    same("status", gone.status_code, HTTPStatus.NO_CONTENT)
    missing = parsed(get_person.sync_detailed(PROJECT, str(bob), client=client), ApiErrorBody)
    same("code", missing.code, "not_found")


main()

"""Finds people who went quiet, marks them, and forgets those who ask for it. An example of code to test."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from posthog_environments import AsyncEnvironment, Environment, NotFoundError, Person, prop


def quiet_people(env: Environment, plan: str, *, days: int = 30) -> Iterator[Person]:
    """Give the people on a plan who came long ago and were not marked yet."""
    long_ago = datetime.now(UTC) - timedelta(days=days)
    for person in env.persons.list(properties=(prop("plan") == plan) & prop("at_risk").is_not_set()):
        if person.created_at is not None and person.created_at < long_ago:
            yield person


def mark(env: Environment, people: Iterable[Person]) -> list[str]:
    """Mark people as at risk; return whom, by uuid."""
    marked: list[str] = []
    for person in people:
        env.persons.update(person, {"at_risk": True, "at_risk_since": datetime.now(UTC)})
        marked.append(person.uuid)
    return marked


def forget(env: Environment, emails: Iterable[str]) -> dict[str, str]:
    """Delete people and their events, as they asked; say for each what became of it."""
    outcome: dict[str, str] = {}
    for email in emails:
        people = env.persons.list(email=email).take(2)
        if len(people) > 1:
            outcome[email] = "ambiguous: nobody was deleted"
            continue
        try:
            for person in people:
                env.persons.delete(person, delete_events=True)
            outcome[email] = "deleted" if people else "unknown"
        except NotFoundError:
            outcome[email] = "already gone"
    return outcome


async def weekly_visits(env: AsyncEnvironment) -> dict[str, int]:
    """Count visits by week."""
    trend = await env.insights.trend(events=["$pageview"], date_from=timedelta(weeks=4), interval="week")
    return {day: int(number or 0) for day, number in zip(trend[0].days, trend[0].data, strict=True)}


if __name__ == "__main__":
    with Environment() as environment:
        print(*mark(environment, quiet_people(environment, sys.argv[1])), sep="\n")

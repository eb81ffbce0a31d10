"""Whom an input means: flows that read, and change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posthog_environments import persons
from posthog_environments.bulk.jobs import Entry, describes
from posthog_environments.bulk.journal import Found
from posthog_environments.errors import NotFoundError
from posthog_environments.exchange import Flow, Scope

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["find", "make_sure", "read"]


def find(scope: Scope, entry: Entry) -> Flow[tuple[Found, str | None]]:
    """Find whom an input means, and the person's name if it is exactly one."""
    people = yield from _people(scope, entry)
    if any(not describes(entry, person) for person in people):
        return Found(None, 0, foreign=True), None
    if len(people) == 1:
        return Found(people[0].uuid, 1), people[0].name
    return Found(None, min(len(people), 2)), None


def _people(scope: Scope, entry: Entry) -> Flow[list[Person]]:
    people: list[Person] = []
    if entry.by == "id":
        person = yield from read(scope, entry.key)
        return people if person is None else [person]
    email, distinct_id = (entry.key, None) if entry.by == "email" else (None, entry.key)
    listing = persons.list_(scope, email=email, distinct_id=distinct_id, page_size=10)
    walk = listing.walk()
    while walk.cursor is not None and len(people) < 2:
        people += walk.receive((yield from listing.fetch(walk.cursor)))
    return people


def read(scope: Scope, key: str) -> Flow[Person | None]:
    """Read a person; None if it is certain that there is none."""
    try:
        return (yield from persons.get(scope, key))
    except NotFoundError:
        yield from make_sure(scope)
        return None


def make_sure(scope: Scope) -> Flow[None]:
    """Let a 404 stand for a person who is not there only where the project is known to be there.

    A wrong project id or prefix is a 404 too, and would make a job report that everybody is gone.

    Raises:
        NotFoundError: The project is not there.
    """
    if scope.session.found:
        return
    listing = persons.list_(scope, page_size=1)
    walk = listing.walk()
    assert walk.cursor is not None
    yield from listing.fetch(walk.cursor)

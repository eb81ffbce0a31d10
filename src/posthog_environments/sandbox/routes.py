"""Routes: the operation, scope and rate bucket of each path and method."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from posthog_environments.sandbox import activity, bulk, changes, declared, persons, projects, query, timeline, trends
from posthog_environments.sandbox.messages import AppContext, Reply, RequestContext
from posthog_environments.sandbox.settings import Era

Handler = Callable[[AppContext, RequestContext], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """The operation of one method at one path."""

    handler: Handler
    scope: str | None
    """None if the operation has no scope, so that real servers refuse personal API keys."""
    bucket: str
    takes: declared.DeclaredRequest = declared.NOTHING
    table: bool = False
    """Whether it supports CSV."""
    undeclared: bool = False
    """Whether real servers have it, but not the contract."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The operations at one path, and the parts of the path."""

    operations: Mapping[str, Route]
    prefix: str | None = None
    project: str | None = None
    id: str = ""

    def operation(self, method: str, *, lenient: bool) -> Route | None:
        """Return the operation of a method; None if this server does not have it."""
        found = self.operations.get(method)
        return None if found is None or (found.undeclared and not lenient) else found


_PERSON: Final = "persons"
_IN_PROJECT: Final[Mapping[str, Mapping[str, Route]]] = {
    "persons": {"GET": Route(persons.show_list, "person:read", _PERSON, declared.LIST, table=True)},
    "persons/*": {
        "GET": Route(persons.show_one, "person:read", _PERSON),
        "PATCH": Route(changes.update, "person:write", _PERSON, declared.UPDATE),
        "PUT": Route(changes.update, "person:write", _PERSON, declared.UPDATE, undeclared=True),
        "DELETE": Route(changes.delete, "person:write", "deletes", declared.DELETION),
    },
    "persons/*/activity": {"GET": Route(activity.show, "activity_log:read", _PERSON, declared.ACTIVITY, table=True)},
    "persons/*/delete_property": {"POST": Route(changes.delete_property, "person:write", _PERSON, declared.PROPERTY)},
    "persons/*/properties_timeline": {"GET": Route(timeline.show, None, _PERSON, declared.TIMELINE)},
    "insights/trend": {
        "GET": Route(trends.show, "insight:read", "insights", declared.TREND_QUERY, table=True),
        "POST": Route(trends.show, "insight:read", "insights", declared.TREND, table=True),
    },
    "insights/timing": {"POST": Route(trends.timing, None, "insights", declared.TIMING)},
    "persons/bulk_delete": {"POST": Route(bulk.delete, "person:write", "deletes", declared.BULK_DELETION)},
    "persons/deletion_status": {"GET": Route(bulk.show_deletions, "person:read", _PERSON, declared.DELETIONS)},
    "query": {"POST": Route(query.run, "query:read", "query", declared.QUERY)},
    "query/*": {
        "GET": Route(query.show, "query:read", "query", declared.POLL),
        "POST": Route(query.run, "query:read", "query", declared.QUERY, undeclared=True),
        "DELETE": Route(query.cancel, "query:read", "query", undeclared=True),
    },
    "": {"GET": Route(projects.show_one, "project:read", "rest")},
}
_SINCE: Final[Mapping[str, Era]] = {"bulk_delete": "2026", "deletion_status": "2026-09"}
"""Paths that replaced a person's id, and the era in which they were added."""
_OUTSIDE: Final[Mapping[str, Mapping[str, Route]]] = {
    "/api/projects": {"GET": Route(projects.show_list, "project:read", "rest")},
    "/api/environments": {"GET": Route(projects.show_list, "project:read", "rest")},
    "/api/users/@me": {"GET": Route(projects.show_user, "user:read", "rest")},
}
_PROJECT: Final = re.compile(r"/api/(?P<prefix>environments|projects)/(?P<project>[^/]+)(?:/(?P<rest>.+))?")


def find(path: str, era: Era) -> Endpoint | None:
    """Return the endpoint of a path, with or without the slash at its end; None if there is none."""
    path = path.removesuffix("/")
    if path in _OUTSIDE:
        return Endpoint(_OUTSIDE[path])
    match = _PROJECT.fullmatch(path)
    if match is None:
        return None
    parts = (match["rest"] or "").split("/")
    named = ""
    later = len(parts) == 2 and parts[0] == "persons" and era >= _SINCE.get(parts[1], "later")
    if len(parts) > 1 and parts[0] in {"persons", "query"} and not later:
        named, parts[1] = parts[1], "*" if parts[1] else ""
    operations = _IN_PROJECT.get("/".join(parts))
    return Endpoint(operations, match["prefix"], match["project"], named) if operations else None

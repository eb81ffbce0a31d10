"""Which operation answers at which path, with which scope, out of which bucket of requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from posthog_environments.sandbox import changes, declared, people, projects, query, timeline, trends
from posthog_environments.sandbox.exchange import Call, House, Reply

Handler = Callable[[House, Call], Reply]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method does at one path."""

    handler: Handler
    scope: str | None
    """None where the real servers name no scope and so refuse personal keys."""
    bucket: str
    takes: declared.Takes = declared.NOTHING


@dataclass(frozen=True, slots=True)
class Resource:
    """What is at one path."""

    operations: Mapping[str, Operation]
    prefix: str | None = None
    project: str | None = None
    id: str = ""


_PERSON: Final = "persons"
_IN_PROJECT: Final[Mapping[str, Mapping[str, Operation]]] = {
    "persons": {"GET": Operation(people.show_list, "person:read", _PERSON, declared.LIST)},
    "persons/*": {
        "GET": Operation(people.show_one, "person:read", _PERSON),
        "PATCH": Operation(changes.update, "person:write", _PERSON, declared.UPDATE),
        "DELETE": Operation(changes.delete, "person:write", "deletes", declared.DELETION),
    },
    "persons/*/activity": {"GET": Operation(changes.activity, "activity_log:read", _PERSON, declared.ACTIVITY)},
    "persons/*/delete_property": {
        "POST": Operation(changes.delete_property, "person:write", _PERSON, declared.PROPERTY)
    },
    "persons/*/properties_timeline": {"GET": Operation(timeline.show, None, _PERSON, declared.TIMELINE)},
    "insights/trend": {
        "GET": Operation(trends.show, "insight:read", "insights", declared.TREND_QUERY),
        "POST": Operation(trends.show, "insight:read", "insights", declared.TREND),
    },
    "insights/timing": {"POST": Operation(trends.timing, None, "insights", declared.TIMING)},
    "query": {"POST": Operation(query.run, "query:read", "query", declared.QUERY)},
    "query/*": {
        "GET": Operation(query.show, "query:read", "query", declared.POLL),
        "POST": Operation(query.run, "query:read", "query", declared.QUERY),
        "DELETE": Operation(query.cancel, "query:read", "query"),
    },
    "": {"GET": Operation(projects.show_one, "project:read", "rest")},
}
_OUTSIDE: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/api/projects": {"GET": Operation(projects.show_list, "project:read", "rest")},
    "/api/environments": {"GET": Operation(projects.show_list, "project:read", "rest")},
    "/api/users/@me": {"GET": Operation(projects.show_user, "user:read", "rest")},
}
_PROJECT: Final = re.compile(r"/api/(?P<prefix>environments|projects)/(?P<project>[^/]+)(?:/(?P<rest>.+))?")


def find(path: str) -> Resource | None:
    """Find what is at a path, with or without the slash at its end."""
    path = path.removesuffix("/")
    if path in _OUTSIDE:
        return Resource(_OUTSIDE[path])
    match = _PROJECT.fullmatch(path)
    if match is None:
        return None
    parts = (match["rest"] or "").split("/")
    named = ""
    if len(parts) > 1 and parts[0] in {"persons", "query"}:
        named, parts[1] = parts[1], "*" if parts[1] else ""
    operations = _IN_PROJECT.get("/".join(parts))
    return Resource(operations, match["prefix"], match["project"], named) if operations else None

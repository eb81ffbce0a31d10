"""Routes: the operation, scope and rate bucket of each path and method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from posthog_environments.sandbox import activity, bulk, changes, persons, projects, query, timeline, trends
from posthog_environments.sandbox.declared import Route, Routes
from posthog_environments.sandbox.settings import Era


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


def _joined(*modules: Routes) -> Routes:
    found: dict[str, dict[str, Route]] = {}
    for routes in modules:
        for path, methods in routes.items():
            found.setdefault(path, {}).update(methods)
    return found


_IN_PROJECT: Final = _joined(
    persons.ROUTES, changes.ROUTES, activity.ROUTES, bulk.ROUTES, projects.ROUTES, query.ROUTES, timeline.ROUTES,
    trends.ROUTES,
)  # fmt: skip
_SINCE: Final[Mapping[str, Era]] = {"bulk_delete": "2026", "deletion_status": "2026-09"}
"""Paths that replaced a person's id, and the era in which they were added."""
_OUTSIDE: Final[Routes] = {
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

"""The project of the sandbox, and the user of its keys."""

from __future__ import annotations

from typing import Any, Final

from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.declared import Route, Routes
from posthog_environments.sandbox.messages import Reply, RequestContext, json_reply

_ORGANIZATION = "0190a000-0000-4000-8000-000000000001"


def _project(app: AppContext) -> dict[str, Any]:
    number = app.settings.project_id
    return {
        "id": number,
        "uuid": f"0190a000-0000-4000-8000-{number % 10**12:012d}",
        "organization": _ORGANIZATION,
        "api_token": "phc_sandbox",
        "name": "Sandbox",
        "timezone": "UTC",
        "is_demo": True,
        "completed_snippet_onboarding": True,
        "ingested_event": True,
    }


def show_list(app: AppContext, _: RequestContext) -> Reply:
    """Return the list of projects, which has only this one."""
    return json_reply({"count": 1, "next": None, "previous": None, "results": [_project(app)]})


def show_one(app: AppContext, _: RequestContext) -> Reply:
    """Return the project."""
    return json_reply(_project(app))


def show_user(app: AppContext, _: RequestContext) -> Reply:
    """Return the user."""
    return json_reply(
        {
            "uuid": "0190a000-0000-4000-8000-000000000002",
            "first_name": "Sandbox",
            "email": "sandbox@sandbox.test",
            "team": _project(app),
            "organization": {"id": _ORGANIZATION, "name": "Sandbox"},
        }
    )


ROUTES: Final[Routes] = {
    "": {"GET": Route(show_one, "project:read", "rest")},
}

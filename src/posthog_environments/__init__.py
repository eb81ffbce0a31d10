"""Client for the environments operations of the PostHog API: persons and trends. Not affiliated with PostHog.

    from posthog_environments import Environment, prop

    with Environment("12345") as env:
        for person in env.persons.list(properties=prop("plan") == "pro"):
            print(person.uuid, person.name)

Each name is imported on first use, so that `import posthog_environments` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posthog_environments_api.models import ActivityEntry, Person, PropertiesTimelinePoint, Series

    from posthog_environments.bulk.outcomes import BulkOutcome, BulkProgress, BulkReport, SimilarPerson
    from posthog_environments.calls.events import ClientEvent, RequestFailed, RequestSent, ResponseReceived, Waiting
    from posthog_environments.client.environment import AsyncEnvironment, Environment
    from posthog_environments.client.pager import AsyncPager, Pager
    from posthog_environments.config.settings import VERSION as __version__  # noqa: N811 - the name that Python packages give it
    from posthog_environments.errors import (
        APIStatusError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        DeadlineExceeded,
        JournalError,
        MalformedResponseError,
        NotFoundError,
        OutcomeUnknown,
        PagingError,
        PermissionDeniedError,
        PostHogError,
        RateLimitError,
        RedirectError,
        ServerError,
        TransportError,
    )
    from posthog_environments.export.summary import ExportSummary
    from posthog_environments.paging.page import Report
    from posthog_environments.query.filters import Filter, FilterGroup, prop
    from posthog_environments.query.series import Entity, action, event
    from posthog_environments.results.models import DeletionStatus, Page, PropertiesTimeline, Trend
    from posthog_environments.results.responses import RawResponse

_HOMES = {
    "query.series": ("Entity", "action", "event"),
    "client.environment": ("AsyncEnvironment", "Environment"),
    "calls.events": ("ClientEvent", "RequestFailed", "RequestSent", "ResponseReceived", "Waiting"),
    "export.summary": ("ExportSummary",),
    "query.filters": ("Filter", "FilterGroup", "prop"),
    "bulk.outcomes": ("BulkOutcome", "BulkProgress", "BulkReport", "SimilarPerson"),
    "results.models": (
        "ActivityEntry",
        "DeletionStatus",
        "Page",
        "Person",
        "PropertiesTimeline",
        "PropertiesTimelinePoint",
        "Series",
        "Trend",
    ),
    "client.pager": ("AsyncPager", "Pager"),
    "paging.page": ("Report",),
    "config.settings": ("__version__",),
    "results.responses": ("RawResponse",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "APIStatusError",
    "ActivityEntry",
    "AsyncEnvironment",
    "AsyncPager",
    "AuthenticationError",
    "BadRequestError",
    "BulkOutcome",
    "BulkProgress",
    "BulkReport",
    "ClientEvent",
    "ConfigurationError",
    "ConflictError",
    "DeadlineExceeded",
    "DeletionStatus",
    "Entity",
    "Environment",
    "ExportSummary",
    "Filter",
    "FilterGroup",
    "JournalError",
    "MalformedResponseError",
    "NotFoundError",
    "OutcomeUnknown",
    "Page",
    "Pager",
    "PagingError",
    "PermissionDeniedError",
    "Person",
    "PostHogError",
    "PropertiesTimeline",
    "PropertiesTimelinePoint",
    "RateLimitError",
    "RawResponse",
    "RedirectError",
    "Report",
    "RequestFailed",
    "RequestSent",
    "ResponseReceived",
    "Series",
    "ServerError",
    "SimilarPerson",
    "TransportError",
    "Trend",
    "Waiting",
    "__version__",
    "action",
    "event",
    "prop",
]


# Hidden from type checkers, which would otherwise accept any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        # All that is named nowhere above is an error.
        home = import_module(f"{__name__}.{_HOME.get(name, 'errors')}")
        value = getattr(home, "VERSION" if name == "__version__" else name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""What has happened to a person: entries of the activity log, properties over time. See `persons`."""

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from posthog_environments.calls.decode import decode_record
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind
from posthog_environments.calls.state import CallContext
from posthog_environments.config.defaults import ENTRIES_PAGE_SIZE
from posthog_environments.operations.persons import Extra, Headers, PersonKey
from posthog_environments.paging.listing import ListRequest
from posthog_environments.paging.numbered import NumberedPaginator
from posthog_environments.paging.page import Cursor, RawPage
from posthog_environments.query.dates import DateArgument
from posthog_environments.query.filters import PropertiesArgument
from posthog_environments.query.series import ActionsArgument, EventsArgument
from posthog_environments.query.trend_filter import Breakdown, QuestionArguments, question
from posthog_environments.query.validation import (
    extras,
    person_key,
    positive,
    query_names,
    with_query,
)
from posthog_environments.results.decoding import next_link
from posthog_environments.results.models import PropertiesTimeline

if TYPE_CHECKING:
    from posthog_environments_api.models import ActivityEntry

__all__ = ["ACTIVITY", "TIMELINE", "activity", "properties_timeline"]


ACTIVITY = Operation("persons.activity", OperationKind.READ, "persons", patient=True)
TIMELINE = Operation("persons.properties_timeline", OperationKind.READ, "persons", unscoped=True)


def activity(
    context: CallContext,
    id: PersonKey,
    *,
    page_size: int = ENTRIES_PAGE_SIZE,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> ListRequest[ActivityEntry]:
    """List what was done to a person, newest first.

    Args:
        id: The integer id, the uuid, or a `Person`.
        page_size: Entries a page, at least 1.
        timeout: Seconds for each page, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Returns:
        A pager, which can be iterated for entries more than once; each time it starts over.

    Raises:
        PermissionDeniedError: While iterating: the key lacks the scope activity_log:read.
        PagingError: While iterating: a next link leads nowhere or back.
        TypeError, ValueError: The id names no person, or the page size makes no sense. Nothing was sent.

    Source: "Retrieve environments persons activity retrieve" of the vendor's page, which shows no answer; its shape
    from posthog/models/activity_logging/.
    """
    context = context.but(timeout, extra_headers)
    key = person_key(id)
    positive("page_size", page_size)
    from posthog_environments_api.api.persons import list_person_activity

    extra = extras("extra_query", extra_query, query_names(list_person_activity._get_kwargs))

    def fetch(cursor: Cursor) -> CallGenerator[RawPage[ActivityEntry]]:
        from posthog_environments_api.models.activity_page import ActivityPage as Record

        request = list_person_activity._get_kwargs(context.project_id, key, page=cursor.number, limit=cursor.limit)
        call = Call(ACTIVITY, with_query(request, extra))
        answer = yield from execute_call(context, call)
        page = decode_record(call, answer, Record, (cursor.number - 1) * cursor.limit)
        return RawPage(page.results, next_link(page), page.total_count)

    return ListRequest(fetch, partial(NumberedPaginator, page_size, _entry_key), "activity")


def _entry_key(entry: ActivityEntry) -> str:
    """Return what identifies an entry; older servers give it no id."""
    return entry.id or json.dumps(entry.to_dict(), sort_keys=True, default=str)


def properties_timeline(
    context: CallContext,
    id: PersonKey,
    *,
    events: EventsArgument = None,
    actions: ActionsArgument = None,
    properties: PropertiesArgument = None,
    date_from: DateArgument = None,
    date_to: DateArgument = None,
    interval: str | None = None,
    breakdown: Breakdown | None = None,
    breakdown_type: str | None = None,
    display: str | None = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[PropertiesTimeline]:
    """Follow the properties of a person over time.

    Args:
        id: The integer id, the uuid, or a `Person`.
        events: Events that count: names, the API's own dicts, or what `event` makes.
        actions: Actions that count: numbers, the API's own dicts, or what `action` makes.
        properties: Conditions; the properties of the person that they name are those that are followed.
        date_from: Start: a date or datetime, a timedelta or relativedelta back from now, or the API's text.
        date_to: End, in the same forms; the default is now.
        interval: "hour", "day", "week" or "month"; how far the dates are rounded.
        breakdown: A property of the person to follow as well.
        breakdown_type: What `breakdown` names, "person" to follow a property of the person.
        display: One of the displays of a trend; the server reads it and nothing comes of it.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        PermissionDeniedError: Servers refuse personal API keys here, whatever their scopes.
        ValueError: A date or filter that the server would misread. Nothing was sent.

    Source: "Retrieve environments persons properties timeline" of the vendor's page, which shows neither parameters
    nor an answer; both from posthog/queries/properties_timeline/.
    """
    context = context.but(timeout, extra_headers)
    asked = QuestionArguments(
        events=events,
        actions=actions,
        properties=properties,
        date_from=date_from,
        date_to=date_to,
        breakdown=breakdown,
        breakdown_type=breakdown_type,
        display=display,
        interval=interval,
    )
    wanted = question(asked, default_type="person", now=context.client.now)
    from posthog_environments_api.api.persons import get_person_properties_timeline as endpoint
    from posthog_environments_api.models.properties_timeline import PropertiesTimeline as Record

    request = endpoint._get_kwargs(context.project_id, person_key(id), **wanted.query())
    extra = extras("extra_query", extra_query, query_names(endpoint._get_kwargs))
    call = Call(TIMELINE, with_query(request, extra))
    return PropertiesTimeline(decode_record(call, (yield from execute_call(context, call)), Record))

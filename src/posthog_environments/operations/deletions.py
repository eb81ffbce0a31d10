"""Deletion of many persons with one request, and the status of the deletion of their events. Servers since 2026."""

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypedDict

from posthog_environments.calls.decode import decode_record
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.state import CallContext
from posthog_environments.config.defaults import ENTRIES_PAGE_SIZE
from posthog_environments.paging.listing import ListRequest
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import Cursor, RawPage
from posthog_environments.query.validation import extras, person_key, positive, query_names, with_query
from posthog_environments.results.decoding import next_link

if TYPE_CHECKING:
    from uuid import UUID

    from posthog_environments_api.models.person_deletion_state import PersonDeletionState

    from posthog_environments.results.models import DeletionStatus, Person

__all__ = ["MOST_AT_ONCE", "BulkFlags", "bulk_delete", "deletion_status"]

# Servers refuse more in one request.
MOST_AT_ONCE: Final = 1000
STATUSES: Final[tuple[PersonDeletionState, ...]] = ("pending", "completed", "all")
# A change, because a repeated request could delete a person who was created again with the same uuid.
BULK_DELETE: Final = Operation("persons.bulk_delete", OperationKind.CHANGE, "deletes")
DELETION_STATUS: Final = Operation("persons.deletion_status", OperationKind.READ, "persons", patient=True)


class BulkFlags(TypedDict, total=False):
    """What is deleted or kept besides; the keys are fields of the generated record."""

    delete_events: bool
    delete_recordings: bool
    keep_person: bool


def bulk_delete(context: CallContext, uuids: Sequence[str], flags: BulkFlags) -> CallGenerator[ServerResponse]:
    """Ask once for the deletion of up to 1,000 persons; return the response as it came.

    Args:
        uuids: The persons.
        flags: What is deleted or kept besides; only flags that are true. They go into the body alone, as JSON booleans:
            servers take any text for true, and a query parameter for true if it is there at all.

    Source: posthog/api/person.py.
    """
    from posthog_environments_api.api.persons import bulk_delete_persons
    from posthog_environments_api.models.person_bulk_deletion import PersonBulkDeletion

    body = PersonBulkDeletion(ids=list(uuids), **flags)
    request = bulk_delete_persons._get_kwargs(context.project_id, body=body)
    answer = yield from execute_call(context, Call(BULK_DELETE, request))
    return answer


def deletion_status(
    context: CallContext,
    *,
    id: UUID | str | Person | None = None,
    status: str | None = None,
    page_size: int = ENTRIES_PAGE_SIZE,
    timeout: float | None = None,
    extra_query: Mapping[str, Any] | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> ListRequest[DeletionStatus]:
    """List the status of the deletion of events of deleted persons, newest first.

    It is about events alone: a person who was deleted without them has no row, and a missing row does not mean that
    the deletion is complete. Events are deleted in a run each Sunday at about 05:00 UTC, and verified after it.

    Args:
        id: The uuid that a person had, or a `Person`; None lists all deletions.
        status: "pending", "completed" or "all", which is also what None means.
        page_size: Entries a page, at least 1.
        timeout: Seconds for each page, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Returns:
        A pager of rows with `.person_uuid`, `.created_at`, `.status` and `.delete_verified_at` (None until the events
        were found to be gone).

    Raises:
        NotFoundError: While iterating: the server does not have this list; those of 2025 do not.
        TypeError, ValueError: An argument makes no sense. Nothing was sent.

    Source: posthog/api/person.py; it is not on the vendor's page.
    """
    context = context.but(timeout, extra_headers)
    state: PersonDeletionState | None = next((each for each in STATUSES if each == status), None)
    if status is not None and state is None:
        raise ValueError(f'status must be "pending", "completed" or "all", not {status!r}.')
    positive("page_size", page_size)
    uuid = None if id is None else _uuid(id)
    from posthog_environments_api.api.persons import list_person_deletions
    from posthog_environments_api.types import UNSET

    extra = extras("extra_query", extra_query, query_names(list_person_deletions._get_kwargs))

    def fetch(cursor: Cursor) -> CallGenerator[RawPage[DeletionStatus]]:
        from posthog_environments_api.models.person_deletion_page import PersonDeletionPage

        request = list_person_deletions._get_kwargs(
            context.project_id,
            status=UNSET if state is None else state,
            person_uuid=UNSET if uuid is None else uuid,
            limit=cursor.limit,
            offset=cursor.number,
        )
        call = Call(DELETION_STATUS, with_query(request, extra))
        answer = yield from execute_call(context, call)
        page = decode_record(call, answer, PersonDeletionPage, cursor.number)
        return RawPage(page.results, next_link(page), page.count)

    # A person may have several rows.
    key, created = attrgetter("person_uuid", "created_at"), attrgetter("created_at")
    return ListRequest(fetch, partial(OffsetPaginator, page_size, 0, key, created), "deletions")


def _uuid(value: object) -> str:
    key = person_key(value)
    if "-" not in key:
        raise ValueError(
            "id must be the uuid that the person had, or a Person: once somebody is gone, nobody knows the integer id."
        )
    return key

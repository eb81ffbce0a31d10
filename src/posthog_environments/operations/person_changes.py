"""Changes of persons: update, delete, delete a property. See `persons`."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from posthog_environments.calls.decode import decode_record
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import APIStatusError, OutcomeUnknown, fields_of, printable
from posthog_environments.operations.persons import Extra, Headers, PersonKey
from posthog_environments.query.validation import (
    body_names,
    extras,
    json_object,
    person_key,
    query_names,
    text,
    with_body,
    with_query,
)
from posthog_environments.results.decoding import loads

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["DELETE", "DELETE_PROPERTY", "UPDATE", "check_success", "delete", "delete_property", "update"]


UPDATE = Operation("persons.update", OperationKind.CHANGE, "persons")
DELETE = Operation("persons.delete", OperationKind.DELETE, "deletes")
DELETE_PROPERTY = Operation("persons.delete_property", OperationKind.CHANGE, "persons")


def update(
    context: CallContext,
    id: PersonKey,
    properties: Mapping[str, Any],
    *,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[Person | None]:
    """Set properties of a person, and leave the others as they are.

    Args:
        id: The integer id, the uuid, or a `Person`.
        properties: Names and values to set; dates become ISO text.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_body: Fields of the body that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Returns:
        The changed person, or None if the server only accepted the change. PostHog's servers do, and apply it soon
        after, so a read straight after may still show the old values.

    Raises:
        OutcomeUnknown: The change may or may not have happened: no clear answer came, or one that is not the API's.
            It is not repeated.
        NotFoundError: There is no such person.
        TypeError, ValueError: The properties are no mapping, are empty, or hold what JSON cannot. Nothing was sent.

    Source: "Update environments persons" of the vendor's page; the status 202 from posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    wanted = json_object("properties", properties)
    if not wanted:
        raise ValueError("properties is empty; name at least one property to set.")
    from posthog_environments_api.api.persons import update_person
    from posthog_environments_api.models.person import Person as Record
    from posthog_environments_api.models.person_update import PersonUpdate

    request = update_person._get_kwargs(context.project_id, person_key(id), body=PersonUpdate(properties=wanted))
    request = with_query(request, extras("extra_query", extra_query, query_names(update_person._get_kwargs)))
    request = with_body(request, extras("extra_body", extra_body, body_names(PersonUpdate)))
    call = Call(UPDATE, request)
    answer = yield from execute_call(context, call)
    _check_done(call, answer)
    # With any other success the change is only accepted.
    return decode_record(call, answer, Record) if answer.status_code == 200 and answer.content.strip() else None


def delete(
    context: CallContext,
    id: PersonKey,
    *,
    delete_events: bool = False,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[None]:
    """Delete a person.

    Args:
        id: The integer id, the uuid, or a `Person`.
        delete_events: Whether to queue the deletion of all events of the person as well. It runs once a week, on
            Sundays at 05:00 UTC, and cannot be cancelled.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        NotFoundError: There is no such person. After an attempt of this very call that may have deleted the person
            it is not raised: then the person is gone, as asked.
        OutcomeUnknown: No attempt got a clear answer; or the person is gone, and whether the deletion of the events
            was queued is not known.
        TypeError, ValueError: The id names no person. Nothing was sent.

    Source: "Delete environments persons" of the vendor's page; that `delete_events=false` deletes the events too, so
    that the parameter is sent only when true, from posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    if not isinstance(delete_events, bool):
        raise TypeError(f"delete_events must be True or False, not {type(delete_events).__name__}.")
    from posthog_environments_api.api.persons import delete_person
    from posthog_environments_api.types import UNSET

    # Never false: servers look whether the parameter is there.
    request = delete_person._get_kwargs(context.project_id, person_key(id), delete_events=delete_events or UNSET)
    extra = extras("extra_query", extra_query, query_names(delete_person._get_kwargs))
    call = Call(DELETE, with_query(request, extra), delete_events=delete_events)
    _check_done(call, (yield from execute_call(context, call)))


def delete_property(
    context: CallContext,
    id: PersonKey,
    name: str,
    *,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_body: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[None]:
    """Delete one property of a person. Servers do not check that the person has it.

    Args:
        id: The integer id, the uuid, or a `Person`.
        name: Name of the property.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_body: Fields of the body that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        OutcomeUnknown: The change may or may not have happened. It is not repeated.
        APIStatusError: The server answered with success, and said in the body that it had none.
        NotFoundError: There is no such person.
        TypeError, ValueError: The id names no person, or the name is no text. Nothing was sent.

    Source: "Create environments persons delete property" of the vendor's page; that servers read the name from the
    body, so that it is sent in both places, from posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    wanted = text("name", name)
    if wanted is None:
        raise TypeError("name must be a str, not None.")
    json_object("name", {wanted: None})
    from posthog_environments_api.api.persons import delete_person_property
    from posthog_environments_api.models.property_deletion import PropertyDeletion

    body = PropertyDeletion(unset=wanted)
    request = delete_person_property._get_kwargs(context.project_id, person_key(id), unset=wanted, body=body)
    named = frozenset(body.to_dict())
    # The query has the same name.
    extra = extras("extra_query", extra_query, query_names(delete_person_property._get_kwargs) | named)
    request = with_body(with_query(request, extra), extras("extra_body", extra_body, named))
    call = Call(DELETE_PROPERTY, request)
    _check_done(call, (yield from execute_call(context, call)))


def _check_done(call: Call, answer: ServerResponse) -> None:
    """Check that the response to a change is one of the API: empty, or JSON that does not report a failure.

    Raises:
        OutcomeUnknown: It is something else, such as the log-in page of a proxy with status 200.
        APIStatusError: It says `success: false`.
    """
    from posthog_environments_api.records import DecodeError

    if not answer.content.strip():
        return
    try:
        body: object = loads(answer.content)
    except DecodeError:
        kind = printable(answer.headers.get("content-type", "no type"), 60)
        raise OutcomeUnknown(
            f"{call.operation.name} may or may not have been carried out: what came with {answer.status_code} is no "
            f"JSON, but of {kind}; a proxy or a log-in may stand before the server. Check host, and read the person."
        ) from None
    check_success(call, answer, body)


def check_success(call: Call, answer: ServerResponse, body: object) -> None:
    """Check that a body does not report a failure.

    Raises:
        APIStatusError: It says `success: false`.
    """
    said = fields_of(body)
    if said.get("success") is False and "uuid" not in said:
        detail = said.get("detail")
        reason = printable(detail) if isinstance(detail, str) and detail.strip() else "it gave no reason"
        raise APIStatusError(
            f"{call.operation.name}: the server answered {answer.status_code} and said that it failed: {reason}",
            status_code=answer.status_code,
            body=body,
            request_id=answer.headers.get("x-request-id"),
        )

"""The outcome of one change, decided by a response, an error or a look at the person. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec

from posthog_environments.bulk.journal import Outcome
from posthog_environments.errors import (
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    DeadlineExceeded,
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

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

    from posthog_environments.bulk.jobs import Change, Entry, Flags
    from posthog_environments.bulk.journal import FoundPerson, State
    from posthog_environments.calls.messages import ServerResponse

__all__ = [
    "TOO_MANY",
    "Decision",
    "Summary",
    "Trouble",
    "after_a_look",
    "after_bulk_look",
    "decide",
    "of_answer",
    "of_finding",
    "of_summary",
    "read_summary",
    "shows",
    "stops_all",
]

# After this many failures in a row the server is at fault, not the persons.
TOO_MANY: Final = 10


class Trouble(Enum):
    """What an error means for the next inputs."""

    NONE = "nothing"
    COUNTS = "so many in a row stop the job"
    STOPS = "it would be the same with all of them"


@dataclass(frozen=True, slots=True)
class Decision:
    """The state of one input.

    Attributes:
        reason: Why. Never the words of the server, which may contain personal data.
        trouble: What it means for the next inputs.
        certain: Whether it is certain that nothing was done, if it is pending.
    """

    state: State
    reason: str | None = None
    trouble: Trouble = Trouble.NONE
    certain: bool = True

    def outcome(self, uuid: str | None, status: int | None = None, request_id: str | None = None) -> Outcome:
        """Return the outcome for the journal."""
        return Outcome(self.state, uuid, self.reason, status, request_id)


# Errors that concern every request.
_OF_ALL: Final = (
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    ConfigurationError,
    TransportError,
)


def decide(error: PostHogError, task: str, *, changing: bool, doubtful: bool = False, certain: bool = True) -> Decision:
    """Decide on an input whose request failed.

    Args:
        error: The error.
        task: "delete" or "update".
        changing: Whether the request was the change, and not a look-up before it.
        doubtful: Whether an earlier attempt may have made the change.
        certain: Whether it is certain that nothing was done, if the input stays pending.
    """
    if isinstance(error, OutcomeUnknown) or (changing and isinstance(error, MalformedResponseError)):
        return Decision("unknown", "no clear response: it may or may not have been done", Trouble.COUNTS)
    certain = certain and not doubtful
    if isinstance(error, (MalformedResponseError, PagingError, ServerError, DeadlineExceeded)):
        return Decision("pending", f"the server failed ({_named(error)})", Trouble.COUNTS, certain)
    if stops_all(error) or (isinstance(error, NotFoundError) and not changing):
        return Decision("pending", f"the job stopped ({_named(error)})", Trouble.STOPS, certain)
    if isinstance(error, NotFoundError):
        gone = Decision("already_gone", "not found when it was to be deleted")
        return gone if task == "delete" else Decision("refused", "there is no such person")
    if doubtful:
        return Decision("unknown", f"an attempt may have done it before the server said no ({_named(error)})")
    return Decision("refused", f"the server said no ({_named(error)})")


def stops_all(error: PostHogError) -> bool:
    """Return whether every other request would fail with the same error."""
    # 402 means that the paid quota is used up.
    return isinstance(error, _OF_ALL) or (isinstance(error, APIStatusError) and error.status_code == 402)


def _named(error: PostHogError) -> str:
    """Name an error without the words of the server."""
    if not isinstance(error, APIStatusError):
        return type(error).__name__
    code = error.code if error.code and error.code.isascii() and error.code.replace("_", "").isalnum() else None
    return f"{error.status_code} {code[:60]}" if code else str(error.status_code)


def of_answer(answer: ServerResponse | None) -> Decision:
    """Decide on a change with a successful response."""
    status = None if answer is None else answer.status_code
    if status == 404:
        return Decision("done", "gone after an attempt without a clear response")
    return Decision("done", "taken, to be carried out soon" if status == 202 else None)


def of_finding(entry: Entry, found: FoundPerson, task: str) -> Decision | None:
    """Decide on an input by the persons that were found for it; None if it is exactly one."""
    what = " or ".join(_NAMES[kind] for kind in entry.kinds)
    if found.foreign:
        return Decision("refused", f"the server returned a person without this {what}; does it know the filter?")
    if found.persons > 1:
        return Decision("refused", f"more than one person has this {what}; give the uuid")
    if found.persons:
        return None
    if task == "update" and entry.names_an_id:
        return Decision("refused", "there is no such person")
    if entry.names_an_id:
        return Decision("already_gone", f"nobody has this {what}")
    count = len(found.similar)
    similar = "one similar person was" if count == 1 else f"{count} similar persons were"
    return Decision("not_found", f"nobody has this {what}" + (f"; {similar} not changed" if count else ""))


_NAMES: Final = {"id": "id", "distinct_id": "distinct id", "email": "email"}


def after_a_look(entry: Entry, person: Person | None, flags: Flags, *, again: bool) -> Decision | None:
    """Decide on a change that may have been sent, after a look at the person; None to send it again.

    A deletion is safe to repeat. A change of properties is not: it may still be queued, and would overwrite what was
    set in the meantime. It is repeated only with `again`.
    """
    if entry.change is None:
        return _after_looking_for_deleted(person, flags, again=again)
    if person is None:
        return Decision("refused", "there is no such person (any more)")
    if shows(person.properties, entry.change):
        return Decision("done", "shown when looked at after an interruption")
    if again:
        return None
    return Decision("unknown", "it may have been sent, and the person does not show it (yet)")


def _after_looking_for_deleted(person: Person | None, flags: Flags, *, again: bool) -> Decision | None:
    what = "events" if flags.delete_events else "recordings"
    if person is None and flags.leaves_doubt:
        return Decision("unknown", f"the person is gone; whether the deletion of the {what} was queued is not known")
    if person is None:
        return Decision("done", "gone when looked at after an interruption")
    if flags.keep_person and not again:
        return Decision("unknown", f"the person stays, and does not show whether the deletion of the {what} was queued")
    return None


def shows(properties: dict[str, Any], change: Change) -> bool:
    """Return whether a person has the wanted properties."""
    if change.unset is not None:
        return change.unset not in properties
    return all(name in properties and _same(properties[name], value) for name, value in change.wanted.items())


def _same(one: object, other: object) -> bool:
    # Compared as text, because 1, 1.0 and True are equal in Python.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


# ------------------------------------------------------------------------------------------------- bulk deletion


_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class _NotDeleted(msgspec.Struct):
    person_uuid: Any = None
    step: Any = None


class Summary(
    msgspec.Struct,
    rename={
        "found": "persons_found",
        "deleted": "persons_deleted",
        "queued": "persons_queued_for_deletion",
        "errors": "deletion_errors",
    },
):
    """The response to a bulk deletion.

    Servers until April 2026 send none: an empty 202. Later ones send these numbers, and who was not deleted. They do
    not name persons whom they did not find.

    Attributes:
        found: How many of the requested persons exist.
        deleted: How many were deleted; None if it is not said.
        queued: How many will be deleted.
        errors: Persons who were not deleted, and the step that failed. Some may have no uuid.
    """  # fmt: skip

    found: _Count
    deleted: _Count | None = None
    queued: _Count | None = None
    errors: list[_NotDeleted] | None = None
    success: Any = None

    def refusals(self) -> dict[str | None, Decision]:
        """Decide on the persons who were not deleted, by uuid; None stands for those without one."""
        return {each.person_uuid.lower() if isinstance(each.person_uuid, str) else None: _refusal(each.step)
                for each in self.errors or ()}  # fmt: skip


def read_summary(answer: ServerResponse) -> Summary | None:
    """Read the response to a bulk deletion; None if it is empty.

    Raises:
        MalformedResponseError: It is not such a response.
    """
    if not answer.content.strip():
        return None
    try:
        summary = msgspec.json.decode(answer.content, type=Summary)
    except (ValueError, msgspec.DecodeError, RecursionError):  # not a ValueError in older versions of msgspec
        summary = None
    if summary is None or summary.success is False:
        raise MalformedResponseError(
            "persons.bulk_delete: the response is not the summary of a deletion.",
            status_code=answer.status_code, body=answer.content,
        )  # fmt: skip
    return summary


def of_summary(summary: Summary | None, uuids: Sequence[str], flags: Flags) -> dict[str, Decision | None]:
    """Decide on each person of a batch; None for those who must be looked at."""
    if summary is None:
        return dict.fromkeys(uuids, Decision("done", "taken, to be carried out soon"))
    refusals = summary.refusals()
    settled: Decision | None = None
    if (
        summary.found == len(uuids)
        and None not in refusals
        and (
            flags.keep_person
            or summary.deleted is None
            or summary.deleted + (summary.queued or 0) + len(refusals) >= summary.found
        )
    ):
        # All are accounted for.
        settled = Decision("queued", "the server deletes the person soon") if summary.queued else Decision("done")
    return {uuid: refusals.get(uuid, settled) for uuid in uuids}


def _refusal(step: object) -> Decision:
    """Say who was not deleted and where it failed, if that is the name of a step and no other words of the server."""
    is_name = isinstance(step, str) and step.replace("_", "").isalnum()
    where = f" at the step {str(step)[:60]!r}" if is_name else ""
    return Decision("refused", f"the server could not delete this person{where}; it may be asked again, in a new job")


def after_bulk_look(flags: Flags, *, is_there: bool, queues: bool) -> Decision:
    """Decide on a person whom a clear response did not account for, after a look."""
    if not is_there:
        if flags.keep_person:
            return Decision("already_gone", "nobody was there whose events could go")
        return Decision("done", "gone when looked at after the server had deleted fewer than asked")
    if flags.keep_person:
        return Decision("done", "there when looked at after the server had found fewer than asked")
    if queues:
        return Decision("queued", "the server deletes the person soon")
    return Decision("refused", "still there after the server had deleted fewer than asked")

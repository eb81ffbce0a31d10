"""What a server says of many deletions at once, and what follows from it for each of them. Pure.

Servers until April 2026 say nothing: an empty 202. Later ones say how many were found, deleted or queued, and who was
not deleted; whom they did not find they do not name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from posthog_environments.bulk.decisions import Decision
from posthog_environments.errors import MalformedResponseError

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Flags
    from posthog_environments.calls.messages import ServerResponse

__all__ = ["Summary", "after_a_glance", "of_summary", "read_summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the server says of a batch.

    Attributes:
        found: How many of those asked for are there.
        deleted: How many were deleted; None where it does not say.
        queued: How many will be.
        errors: Who was not deleted, and at which step that failed.
        unnamed: How many were not deleted of whom it does not say who they are.
    """

    found: int
    deleted: int | None = None
    queued: int = 0
    errors: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    unnamed: int = 0


def read_summary(answer: ServerResponse) -> Summary | None:
    """Read an answer; None if it is empty, as servers of before give it.

    Raises:
        MalformedResponseError: It is something else, which may say anything.
    """
    if not answer.content.strip():
        return None
    try:
        body = cast("object", json.loads(answer.content))
        if not isinstance(body, dict):
            raise TypeError
        return _summary(cast("dict[str, Any]", body))
    except (ValueError, KeyError, TypeError, RecursionError):
        problem = MalformedResponseError(
            "persons.bulk_delete: the answer is not the summary of a deletion.",
            status_code=answer.status_code, body=answer.content,
        )  # fmt: skip
    raise problem


def _summary(body: Mapping[str, Any]) -> Summary:
    if body.get("success") is False:
        raise ValueError
    deleted = body.get("persons_deleted")
    errors: dict[str, str | None] = {}
    unnamed = 0
    for each in body.get("deletion_errors") or ():
        uuid, step = each.get("person_uuid"), each.get("step")
        if isinstance(uuid, str):
            errors[uuid.lower()] = step if isinstance(step, str) and step.replace("_", "").isalnum() else None
        else:
            unnamed += 1
    return Summary(
        _count(body["persons_found"]),
        None if deleted is None else _count(deleted),
        _count(body.get("persons_queued_for_deletion") or 0),
        errors,
        unnamed,
    )


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def of_summary(summary: Summary | None, uuids: Sequence[str], flags: Flags) -> dict[str, Decision | None]:
    """Decide what came of each of a batch; None of one who must be looked at."""
    if summary is None:
        return dict.fromkeys(uuids, Decision("done", "taken, to be carried out soon"))
    settled: Decision | None = None
    if _accounts_for_all(summary, len(uuids), flags):
        settled = Decision("queued", "the server deletes the person soon") if summary.queued else Decision("done")
    return {uuid: _refusal(summary.errors[uuid]) if uuid in summary.errors else settled for uuid in uuids}


def _accounts_for_all(summary: Summary, asked: int, flags: Flags) -> bool:
    if summary.found != asked or summary.unnamed:
        return False
    if flags.keep_person or summary.deleted is None:
        return True
    return summary.deleted + summary.queued + len(summary.errors) >= summary.found


def _refusal(step: str | None) -> Decision:
    where = f" at the step {step[:60]!r}" if step else ""
    return Decision("refused", f"the server could not delete this person{where}; it may be asked again, in a new job")


def after_a_glance(flags: Flags, *, is_there: bool, queues: bool) -> Decision:
    """Decide what came of one whom a clear answer did not account for, now that the person was looked at."""
    if not is_there:
        if flags.keep_person:
            return Decision("already_gone", "nobody was there whose events could go")
        return Decision("done", "gone when looked at after the server had deleted fewer than asked")
    if flags.keep_person:
        return Decision("done", "there when looked at after the server had found fewer than asked")
    if queues:
        return Decision("queued", "the server deletes the person soon")
    return Decision("refused", "still there after the server had deleted fewer than asked")

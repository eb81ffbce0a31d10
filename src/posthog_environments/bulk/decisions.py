"""What comes of one change among many: decided from an answer, an error or a look at the person. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

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
    "Trouble",
    "after_a_look",
    "decide",
    "of_answer",
    "of_finding",
    "shows",
    "stops_all",
]

# After so many in a row that failed, each in its own way, it is the server and not the persons.
TOO_MANY: Final = 10


class Trouble(Enum):
    """What an error says of the inputs that come after it."""

    NONE = "nothing"
    COUNTS = "so many in a row stop the job"
    STOPS = "it would be the same with all of them"


@dataclass(frozen=True, slots=True)
class Decision:
    """What comes of one input.

    Attributes:
        reason: Why, in our own words: those of the server may hold personal data.
        certain: Of one that is pending, whether it is certain that nothing was done.
    """

    state: State
    reason: str | None = None
    trouble: Trouble = Trouble.NONE
    certain: bool = True


# Concerns every request alike.
_OF_ALL: Final = (
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
    RedirectError,
    ConfigurationError,
    TransportError,
)


def decide(error: PostHogError, task: str, *, changing: bool, doubtful: bool = False, certain: bool = True) -> Decision:
    """Decide what comes of an input whose request failed.

    Args:
        error: How it failed.
        task: "delete" or "update".
        changing: Whether it was the change itself, not a look before it.
        doubtful: Whether an attempt before the last one may have done it.
        certain: Whether, if it is pending, it is certain that nothing was done.
    """
    if isinstance(error, OutcomeUnknown) or (changing and isinstance(error, MalformedResponseError)):
        return Decision("unknown", "no clear answer came: it may or may not have been done", Trouble.COUNTS)
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
    """Tell whether an error would be the same with every other request."""
    # 402 is the quota of what has been paid for.
    return isinstance(error, _OF_ALL) or (isinstance(error, APIStatusError) and error.status_code == 402)


def _named(error: PostHogError) -> str:
    """Name an error without the words of the server."""
    if not isinstance(error, APIStatusError):
        return type(error).__name__
    code = error.code if error.code and error.code.isascii() and error.code.replace("_", "").isalnum() else None
    return f"{error.status_code} {code[:60]}" if code else str(error.status_code)


def of_answer(answer: ServerResponse | None) -> Decision:
    """Decide what comes of a change that was carried out."""
    status = None if answer is None else answer.status_code
    if status == 404:
        return Decision("done", "gone after an attempt that got no clear answer")
    return Decision("done", "taken, to be carried out soon" if status == 202 else None)


def of_finding(entry: Entry, found: FoundPerson, task: str) -> Decision | None:
    """Decide what comes of an input by whom it means; None if it means exactly one person."""
    what = " or ".join(_NAMES[kind] for kind in entry.kinds)
    if found.foreign:
        return Decision(
            "refused", f"the server showed somebody who does not have this {what}; does it know the filter?"
        )
    if found.persons > 1:
        if len(entry.kinds) > 1:
            return Decision("refused", f"more than one person has this {what}; name by uuid who is meant")
        return Decision("refused", f"more than one person has this {what}; name the one that is meant by uuid")
    if found.persons:
        return None
    if task == "update" and entry.names_an_id:
        return Decision("refused", "there is no such person")
    if entry.names_an_id:
        return Decision("already_gone", f"nobody has this {what}")
    count = len(found.similar)
    similar = "one who is similar was" if count == 1 else f"{count} who are similar were"
    return Decision("not_found", f"nobody has this {what}" + (f"; {similar} not touched" if count else ""))


_NAMES: Final = {"id": "id", "distinct_id": "distinct id", "email": "email"}


def after_a_look(entry: Entry, person: Person | None, flags: Flags, *, again: bool) -> Decision | None:
    """Decide what comes of a change that may have been sent, now that the person was looked at; None to do it again.

    A delete is harmless to repeat. A change of properties is not: it may still be on its way, and who knows what was
    set meanwhile; it is repeated only if somebody asked for it by name.
    """
    if entry.change is None:
        return _after_a_look_for_one_to_delete(person, flags, again=again)
    if person is None:
        return Decision("refused", "there is no such person (any more)")
    if shows(person.properties, entry.change):
        return Decision("done", "shown when looked at after an interruption")
    if again:
        return None
    return Decision("unknown", "it may have been sent, and the person does not show it (yet)")


def _after_a_look_for_one_to_delete(person: Person | None, flags: Flags, *, again: bool) -> Decision | None:
    what = "events" if flags.delete_events else "recordings"
    if person is None and flags.leaves_doubt:
        return Decision("unknown", f"the person is gone; whether the deletion of the {what} was queued is not known")
    if person is None:
        return Decision("done", "gone when looked at after an interruption")
    if flags.keep_person and not again:
        return Decision("unknown", f"the person stays, and does not show whether the deletion of the {what} was queued")
    return None


def shows(properties: dict[str, Any], change: Change) -> bool:
    """Tell whether a person has what was wanted."""
    if change.unset is not None:
        return change.unset not in properties
    return all(name in properties and _same(properties[name], value) for name, value in change.wanted.items())


def _same(one: object, other: object) -> bool:
    # As text, for to Python 1, 1.0 and True are the same.
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)

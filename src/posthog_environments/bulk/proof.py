"""What a journal proves: what was done to which person and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from posthog_environments.bulk.journal import EntryState, Header, History, Outcome, State, seal

__all__ = ["Account", "account_of", "gone_uuids", "in_words", "inputs_of", "moment"]

# States of persons who do not exist any more, unless they came back.
GONE: Final = frozenset({"done", "queued", "already_gone"})


@dataclass(frozen=True, slots=True)
class Account:
    """The sum of a journal.

    Attributes:
        counts: The number of inputs in each state; those without an outcome are pending.
        first: The time of the first intent; None if there is none.
        last: The time of the last outcome; None if there is none.
    """

    counts: Mapping[State, int]
    first: datetime | None
    last: datetime | None

    @property
    def is_whole(self) -> bool:
        """Whether all inputs are done."""
        return all(state in (*GONE, "duplicate") for state, count in self.counts.items() if count)


def account_of(history: History, header: Header) -> Account:
    """Sum up a journal."""
    counts: dict[State, int] = {}
    settled = [each.settled for each in history.states.values() if each.settled is not None]
    for each in settled:
        counts[each.state] = counts.get(each.state, 0) + 1
    left = header.different - len(settled)
    if left > 0:
        counts["pending"] = counts.get("pending", 0) + left
    begun = [each.since for each in history.states.values() if each.since is not None]
    ended = [each.time for each in settled if each.time is not None]
    return Account(counts, min(begun, default=None), max(ended, default=None))


def inputs_of(history: History, header: Header, *, uuid: str = "", text: str = "") -> Iterator[tuple[int, EntryState]]:
    """Find the inputs that mean a person: by uuid, or by an email or distinct id in any likely case."""
    keys = {text, *(seal(header.salt, each) for each in {text, text.strip(), text.lower(), text.strip().lower()})}
    for number, state in sorted(history.states.items()):
        if (text and state.key in keys) or (uuid and uuid in _uuids(state)):
            yield number, state


def _uuids(state: EntryState) -> set[str | None]:
    found = state.found.uuid if state.found is not None else None
    return {found, state.intent, state.settled.uuid if state.settled is not None else None}


def gone_uuids(history: History) -> dict[str, EntryState]:
    """Return the persons who should not exist any more, by uuid."""
    found: dict[str, EntryState] = {}
    for state in history.states.values():
        if state.settled is not None and state.settled.state in GONE and state.settled.uuid is not None:
            found[state.settled.uuid] = state
    return found


_SAID: Final[Mapping[str, str]] = {
    "done": "deleted",
    "queued": "queued for deletion",
    "already_gone": "already gone",
    "not_found": "not found, so that nothing was done",
    "refused": "refused, and nothing was done",
    "unknown": "may or may not have been deleted",
    "duplicate": "the same person as another input",
    "pending": "not dealt with yet",
}


def in_words(number: int, state: EntryState, header: Header) -> str:
    """Say what was done with one input."""
    settled = state.settled or Outcome("pending", state.intent)
    said = _SAID[settled.state] if header.task == "delete" else settled.state.replace("_", " ")
    if header.keep_person and settled.state in ("done", "queued"):
        said = "kept, as asked"
    besides = [what for what in ("events", "recordings") if getattr(header, f"delete_{what}")]
    if besides and settled.state in ("done", "queued"):
        said += f", {' and '.join(besides)} asked to be deleted too"
    details = [
        f"uuid {settled.uuid}" if settled.uuid else "",
        f"HTTP {settled.status}" if settled.status else "",
        f"request {settled.request_id}" if settled.request_id else "",
        f"input {number}",
    ]
    when = f" {moment(settled.time)}" if settled.time is not None else ""
    return f"{said}{when} ({', '.join(each for each in details if each)})"


def moment(time: datetime) -> str:
    """Format a time in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

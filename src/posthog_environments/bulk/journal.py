"""The journal of a bulk deletion or update of persons: a write-ahead log in lines of JSON. No I/O.

Once a change was sent, a journal is only appended to. Each line has its type as `line`, and all but `torn` the `time`
(UTC):

- `job`, the first line: `version`, `task` ("delete" or "update"), `delete_events`, `delete_recordings`, `keep_person`,
  `host`, `project`, `inputs` (the number of the last one), `different` (the number of inputs without duplicates),
  `salt`, `sum` (a hash of all inputs and the salt) and `client`.
- `found`, the result of a look-up: `input` (its number, from 1, or its line in a file), `by` (the kind that the user
  gave, or "auto"), `key`, `uuid`, `as` (the kind of the key: id, distinct_id or email), `persons` (how many match; 2 is
  two or more), `foreign` (true if the server returned a person who does not match the input), and `similar` (if none
  matched, uuids of persons whose key is spelt alike).
- `intent`, before a change is sent: `input`, `task`, `by`, `key`, `uuid`, and the flags `delete_events`,
  `delete_recordings` and `keep_person`, or the names of the properties in `set` or `unset`.
- `outcome`, after it: `input`, `uuid`, `state`, `status` and `request_id` of the last response, and `reason`.
- `torn`: a crash has cut what is before it short, back to the last readable line. That does not count.

Personal data: a journal has uuids, and ids that were given as such (`by` is "id"). Every other key is stored as the hex
of HMAC-SHA256 with the salt, so that anyone who knows it can prove that it was processed. Values of properties,
messages of the server and the API key are never in a journal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

import msgspec

from posthog_environments.bulk.inputs import KeyKind

__all__ = [
    "TORN",
    "VERSION",
    "DamagedJournal",
    "EntryState",
    "FoundPerson",
    "Header",
    "History",
    "Outcome",
    "State",
    "encode",
    "looked_up",
    "read",
    "seal",
]

VERSION: Final = 2
# Version 1 had fewer states and flags, and is otherwise the same.
READABLE: Final = frozenset({1, VERSION})
State: TypeAlias = Literal[
    "done", "queued", "already_gone", "not_found", "refused", "unknown", "duplicate", "pending"
]  # fmt: skip


class DamagedJournal(ValueError):  # noqa: N818 - it says what the journal is
    """A journal cannot be used: another file, an unknown version, or an unreadable line in its middle."""


class Header(msgspec.Struct, frozen=True, tag_field="line", tag="job"):
    """The identity of a job. Version 1 has no `different`."""

    task: str
    host: str
    project: str
    inputs: int
    salt: str
    sum: str
    different: int = 0
    delete_events: bool = False
    delete_recordings: bool = False
    keep_person: bool = False

    def differs(self, other: Header) -> list[str]:
        """Name what differs in another job; "the inputs" only if nothing else does."""
        names = {
            "task": "the task",
            "host": "the server",
            "project": "the project",
            "delete_events": "whether events are deleted",
            "delete_recordings": "whether recordings are deleted",
            "keep_person": "whether the persons are kept",
            "inputs": "the number of inputs",
            "sum": "the inputs",
        }
        found = [text for name, text in names.items() if getattr(self, name) != getattr(other, name)]
        return [text for text in found if text != "the inputs"] or found

    def looks_up_as(self, other: Header) -> bool:
        """Return whether another job has the same server, project and inputs. Task and flags may differ."""
        return (self.host, self.project, self.sum) == (other.host, other.project, other.sum)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """The result of a look-up.

    Attributes:
        persons: How many persons match; 2 means more than one.
        foreign: Whether the server returned a person who does not match the input.
        kind: The kind of the key; None if there is no person.
        similar: If none matched, uuids of persons whose key is spelt alike.
    """

    uuid: str | None
    persons: int
    foreign: bool = False
    time: datetime | None = None
    kind: KeyKind | None = None
    similar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an input."""

    state: State
    uuid: str | None = None
    reason: str | None = None
    status: int | None = None
    request_id: str | None = None
    time: datetime | None = None


@dataclass(slots=True)
class EntryState:
    """The state of one input.

    Attributes:
        found: The latest look-up.
        intent: The uuid of an intent without an outcome; the change may have been sent.
        settled: The latest outcome; None after a new intent. "pending" means that certainly nothing was changed.
        since: The time of the first intent.
        key: The input as the journal stores it; empty if it does not say.
    """

    found: FoundPerson | None = None
    intent: str | None = None
    settled: Outcome | None = None
    since: datetime | None = None
    key: str = ""


@dataclass(slots=True)
class History:
    """The content of a journal.

    Attributes:
        header: The job; None if there is no complete line yet.
        states: The states of inputs, by their numbers.
        tail: What must be appended first: nothing, a missing line feed, or the mark after what was cut short.
        begun: Whether there is an intent or outcome; otherwise nothing was sent.
    """

    header: Header | None = None
    states: dict[int, EntryState] = field(default_factory=dict[int, EntryState])
    tail: bytes = b""
    begun: bool = False

    def of(self, number: int) -> EntryState:
        """Return the state of an input; add an empty one if there is none."""
        return self.states.setdefault(number, EntryState())


def seal(salt: str, text: str) -> str:
    """Return the HMAC of a text. The salt is in the journal, so who guesses the text can verify it."""
    import hmac

    return hmac.new(bytes.fromhex(salt), text.encode(), "sha256").hexdigest()


def encode(line: str, now: datetime, **fields: Any) -> bytes:
    """Encode a line."""
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = json.dumps({"line": line, "time": time, **fields}, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


TORN: Final = b'{"line":"torn"}'
_FIRST: Final = b'{"line":"job",'


def read(data: bytes) -> History:
    """Read a journal.

    Lines that a crash has cut short are skipped, because nothing was sent after them. They are at the end, or before
    the mark of the next run. A complete line without a line feed counts.

    Raises:
        DamagedJournal: It is not a journal, has an unknown version, or another line cannot be read.
    """
    first = data.partition(b"\n")[0][: len(_FIRST)]
    if data and (not first or not _FIRST.startswith(first)):
        raise DamagedJournal("it is not a journal: its first line is not that of a job")
    *lines, rest = data.split(b"\n")
    history, cut = History(), 0
    for number, line in enumerate([*lines, rest] if rest else lines, 1):
        if _is_read(history, line):
            if cut and line != TORN:
                raise DamagedJournal(f"line {cut} cannot be read")
            cut = 0
        else:
            cut = cut or number
    history.tail = (b"\n" if rest else b"") + (TORN + b"\n" if cut else b"")
    return history


def looked_up(data: bytes) -> bytes:
    """Return the complete lines of look-ups in a journal."""
    return b"".join(line for line in data.splitlines(keepends=True)
                    if line.startswith(b'{"line":"found",') and line.endswith(b"}\n"))  # fmt: skip


class _InputLine(msgspec.Struct, tag_field="line"):
    input: int
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    key: str = ""


class _FoundLine(_InputLine, tag="found", kw_only=True):
    uuid: str | None
    persons: int
    foreign: bool
    kind: KeyKind | None = msgspec.field(name="as", default=None)
    similar: tuple[str, ...] = ()


class _IntentLine(_InputLine, tag="intent", kw_only=True):
    uuid: str


class _OutcomeLine(_InputLine, tag="outcome", kw_only=True):
    state: State
    uuid: str | None
    reason: str | None
    status: int | None
    request_id: str | None


def _is_read(history: History, line: bytes) -> bool:
    """Apply a line to the history; return False if it cannot be read."""
    if line == TORN:
        return True
    try:
        _take(history, json.loads(line))
    except DamagedJournal:
        raise
    except (ValueError, msgspec.ValidationError, RecursionError):  # the second is no ValueError in older msgspec
        return False
    return True


def _take(history: History, record: object) -> None:
    line = msgspec.convert(record, Header | _FoundLine | _IntentLine | _OutcomeLine)
    if isinstance(line, Header):
        _begin(history, line, cast("dict[str, object]", record).get("version"))
        return
    if history.header is None or not 1 <= line.input <= history.header.inputs:
        raise ValueError
    state = history.of(line.input)
    state.key = line.key or state.key
    if isinstance(line, _FoundLine):
        if (line.persons == 1) != (line.uuid is not None):
            raise ValueError
        state.found = FoundPerson(line.uuid, line.persons, line.foreign, line.time, line.kind, line.similar)
        return
    history.begun = True
    if isinstance(line, _IntentLine):
        state.intent, state.settled = line.uuid, None
        state.since = state.since or line.time
    else:
        settled = Outcome(line.state, line.uuid, line.reason, line.status, line.request_id, line.time)
        state.intent, state.settled = None, settled


def _begin(history: History, header: Header, version: object) -> None:
    if history.header is not None:
        raise ValueError
    if version not in READABLE:
        known = " and ".join(map(str, sorted(READABLE)))
        raise DamagedJournal(f"it has the format {version!r}, and this version reads {known}")
    bytes.fromhex(header.salt)
    history.header = header if header.different else msgspec.structs.replace(header, different=header.inputs)

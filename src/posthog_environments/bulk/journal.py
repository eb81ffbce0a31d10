"""The journal of a job: what was meant and what came of it, a line of JSON each. Pure: lines in, lines out.

A journal is only ever appended to. Each line has the `time` (UTC) and a `line` that says what it is:

- `job`, the first: `version`, `task` ("delete" or "update"), `delete_events`, `delete_recordings`, `keep_person`,
  `host`, `project`, `inputs` (the number of the last one), `different` (how many there are that repeat no other),
  `salt`, `sum` (of all inputs, with the salt) and `client`.
- `found`: whom an input was found to mean: `input` (which one: from 1, or its line in a file), `by`, `key`, `uuid`,
  `as` (what of the person the key is), and `persons`, how many there are (2 is two or more), or `foreign`, true where
  the server showed somebody whom the input does not name. `similar`: uuids of those who look like one not found.
- `intent`, before anything is sent: `input`, `task`, `by`, `key`, `uuid`, and what goes besides the person
  (`delete_events`, `delete_recordings`, `keep_person`), or the names of what is `set` or `unset`.
- `outcome`, after it: `input`, `uuid`, `state`, `status` and `request_id` of the last answer, and `reason`.
- `torn`: the line before it was cut short by a crash, and does not count.

Personal data: the uuid, and a `key` that was an id. A key that was an email or a distinct id is kept as the hex of
HMAC-SHA256 under the salt, so that whoever knows it can show that it was dealt with. Values of properties, what the
server said in words, and the API key are never in a journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from posthog_environments.bulk.inputs import KINDS, KeyKind

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
# The first had fewer states and flags, and otherwise says the same.
READABLE: Final = frozenset({1, VERSION})
State: TypeAlias = Literal[
    "done", "queued", "already_gone", "not_found", "refused", "unknown", "duplicate", "pending"
]  # fmt: skip
STATES: Final = frozenset(get_args(State))


class DamagedJournal(ValueError):  # noqa: N818 - it says what the journal is
    """A line in the middle of a journal cannot be read, so that it proves nothing."""


@dataclass(frozen=True, slots=True)
class Header:
    """What makes a job that very job."""

    task: str
    host: str
    project: str
    inputs: int
    different: int
    salt: str
    sum: str
    delete_events: bool = False
    delete_recordings: bool = False
    keep_person: bool = False

    def differs(self, other: Header) -> list[str]:
        """Name what is different in another job."""
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
        """Tell whether another job means the same persons, whatever it does to them."""
        return (self.host, self.project, self.sum) == (other.host, other.project, other.sum)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Whom an input means.

    Attributes:
        persons: How many there are, 2 for more than one.
        foreign: Whether the server showed somebody whom the input does not name.
        kind: What of the person the key is; None where nobody was found.
        similar: uuids of persons who look like one who was not found.
    """

    uuid: str | None
    persons: int
    foreign: bool = False
    time: datetime | None = None
    kind: KeyKind | None = None
    similar: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an input."""

    state: State
    uuid: str | None = None
    reason: str | None = None
    status: int | None = None
    request_id: str | None = None
    time: datetime | None = None


@dataclass(slots=True)
class EntryState:
    """How far one input has come.

    Attributes:
        found: The latest finding.
        intent: The uuid of a change that was meant and of which no outcome is known; it may have been sent.
        since: When a change was first meant.
        by: What the input was said to be; empty where the journal does not tell.
        key: The input as the journal names it.
        settled: The latest outcome; "pending" says that for certain nothing was done.
    """

    found: FoundPerson | None = None
    intent: str | None = None
    settled: Outcome | None = None
    since: datetime | None = None
    by: str = ""
    key: str = ""


@dataclass(slots=True)
class History:
    """What a journal tells.

    Attributes:
        header: The job; None if there is no whole line yet.
        standings: By the number of the input.
        tail: What must be appended before anything else: mostly nothing, or the mark behind a line that was cut short.
        begun: Whether anything was meant or settled: otherwise nothing can have been sent.
    """

    header: Header | None = None
    standings: dict[int, EntryState] = field(default_factory=dict[int, EntryState])
    tail: bytes = b""
    begun: bool = False

    def of(self, number: int) -> EntryState:
        """Return how far an input has come."""
        return self.standings.setdefault(number, EntryState())


def seal(salt: str, text: str) -> str:
    """Return what stands for a text in the journal: who knows the text can check it, who does not must guess."""
    import hmac

    return hmac.new(bytes.fromhex(salt), text.encode(), "sha256").hexdigest()


def encode(line: str, now: datetime, **fields: Any) -> bytes:
    """Write one line, with its end."""
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = json.dumps({"line": line, "time": time, **fields}, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


TORN: Final = b'{"line":"torn"}'
_FIRST: Final = b'{"line":"job",'


def read(data: bytes) -> History:
    """Read a journal.

    Lines that a crash has cut short are passed over: nothing that depended on one was begun. They stand at the end, or
    before the mark that the next run has put behind them. A line that is whole but for its end counts, for it is true.

    Raises:
        Damaged: This is no journal, or another line cannot be read; the message names the line.
    """
    first = data.partition(b"\n")[0][: len(_FIRST)]
    if data and (not first or not _FIRST.startswith(first)):
        raise DamagedJournal("it is some other file, for it does not begin as a journal does")
    *lines, rest = data.split(b"\n")
    history, cut = History(), 0
    for number, line in enumerate([*lines, rest] if rest else lines, 1):
        if _is_read(history, line):
            if cut and line != TORN:
                raise DamagedJournal(f"line {cut} is none of a journal")
            cut = 0
        else:
            cut = cut or number
    history.tail = (b"\n" if rest else b"") + (TORN + b"\n" if cut else b"")
    return history


def looked_up(data: bytes) -> bytes:
    """Return the lines of a journal that was read that say whom inputs mean, and are whole."""
    return b"".join(line for line in data.splitlines(keepends=True)
                    if line.startswith(b'{"line":"found",') and line.endswith(b"}\n"))  # fmt: skip


def _is_read(history: History, line: bytes) -> bool:
    if line == TORN:
        return True
    try:
        _take(history, cast("object", json.loads(line)))
    except DamagedJournal:
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return True


def _take(history: History, record: object) -> None:
    if not isinstance(record, dict):
        raise TypeError
    fields = cast("dict[str, Any]", record)
    if fields["line"] == "job":
        _begin(history, fields)
        return
    if history.header is None or not 1 <= _whole(fields["input"]) <= history.header.inputs:
        raise ValueError
    standing = history.of(fields["input"])
    if "key" in fields:
        standing.by, standing.key = _text(fields["by"]), _text(fields["key"])
    match fields["line"]:
        case "found":
            standing.found = _found(fields)
        case "intent":
            standing.intent, standing.settled = _text(fields["uuid"]), None
            standing.since = standing.since or _time(fields)
            history.begun = True
        case "outcome":
            standing.intent, standing.settled = None, _settled(fields)
            history.begun = True
        case _:
            raise ValueError


def _begin(history: History, fields: Mapping[str, Any]) -> None:
    if history.header is not None:
        raise ValueError
    if fields["version"] not in READABLE:
        raise DamagedJournal(f"it has the format {fields['version']!r}, and this version reads {VERSION}")
    flags = {name: fields.get(name, False) for name in ("delete_events", "delete_recordings", "keep_person")}
    if not all(isinstance(value, bool) for value in flags.values()):
        raise TypeError
    task, host, project, salt, whole = (_text(fields[name]) for name in ("task", "host", "project", "salt", "sum"))
    bytes.fromhex(salt)
    inputs = _whole(fields["inputs"])
    different = _whole(fields.get("different", inputs))
    history.header = Header(task, host, project, inputs, different, salt, whole, **flags)


def _found(fields: Mapping[str, Any]) -> FoundPerson:
    persons, uuid = _whole(fields["persons"]), _optional(fields["uuid"])
    if (persons == 1) != (uuid is not None):
        raise ValueError
    kind = fields.get("as")
    if kind not in (None, *KINDS):
        raise ValueError
    similar = tuple(_text(each) for each in fields.get("similar", ()))
    return FoundPerson(uuid, persons, fields["foreign"] is True, _time(fields), kind, similar)


def _time(fields: Mapping[str, Any]) -> datetime:
    time = datetime.fromisoformat(fields["time"])
    if time.tzinfo is None:
        raise ValueError
    return time


def _settled(fields: Mapping[str, Any]) -> Outcome:
    if fields["state"] not in STATES:
        raise ValueError
    status = None if fields["status"] is None else _whole(fields["status"])
    uuid, reason, request_id = (_optional(fields[name]) for name in ("uuid", "reason", "request_id"))
    return Outcome(fields["state"], uuid, reason, status, request_id, _time(fields))


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)

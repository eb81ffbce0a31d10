"""What many changes at once are made of: the inputs, checked and told apart, and what came of each. Pure."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, cast

from posthog_environments.arguments import json_object, person_key, text
from posthog_environments.bulk.journal import Header, State, seal

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = [
    "BulkOutcome",
    "BulkReport",
    "By",
    "Change",
    "Entry",
    "Job",
    "change_of",
    "changes_of",
    "contradictions",
    "deletions_of",
    "describes",
    "key_of",
]

T = TypeVar("T")
By: TypeAlias = Literal["id", "distinct_id", "email"]
KINDS: Final[tuple[By, ...]] = ("id", "distinct_id", "email")
# So many wrong inputs are named, each with its number; the rest is counted.
MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What came of one input of `delete_many` or `update_many`.

    Attributes:
        input: Which of the inputs, from 1.
        by: What the input names the person by: "id", "distinct_id" or "email".
        key: The id, distinct id or email.
        state: "done"; "already_gone", nobody was there to be deleted; "refused", for a reason, and nothing was done;
            "unknown", it may or may not have been done; "duplicate", another input names the same; "pending", nothing
            was done yet.
        uuid: The person; None where that is not known.
        name: Name of the person, where it was looked up in this very run.
        reason: Why, in words; None where there is nothing to say.
        status: HTTP status of the last answer; None if there was none.
        request_id: Value of its header X-Request-Id, to quote to support; None if there was none.
        earlier: Whether an earlier run on the same journal came to this.
    """

    input: int
    by: By
    key: str
    state: State
    uuid: str | None = None
    name: str | None = None
    reason: str | None = None
    status: int | None = None
    request_id: str | None = None
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What came of all inputs of `delete_many` or `update_many`; iterate it for one outcome each, in their order.

    The numbers add up: each input is counted in exactly one of them.

    Attributes:
        outcomes: One for each input, in their order.
    """

    outcomes: tuple[BulkOutcome, ...]

    def __iter__(self) -> Iterator[BulkOutcome]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def _count(self, state: State) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def done(self) -> int:
        """How many were carried out, or taken by the server to be carried out soon."""
        return self._count("done")

    @property
    def already_gone(self) -> int:
        """How many named nobody who was there to be deleted."""
        return self._count("already_gone")

    @property
    def refused(self) -> int:
        """How many were not carried out, each for a reason."""
        return self._count("refused")

    @property
    def unknown(self) -> int:
        """How many may or may not have been carried out."""
        return self._count("unknown")

    @property
    def duplicates(self) -> int:
        """How many name what another input names as well, and so were done once."""
        return self._count("duplicate")

    @property
    def pending(self) -> int:
        """How many are still to be done; the same call on the same journal goes on with them."""
        return self._count("pending")

    @property
    def ok(self) -> bool:
        """Whether all that was asked for holds: nothing refused, unknown or pending."""
        return not (self.refused or self.unknown or self.pending)

    def counts(self) -> dict[State, int]:
        """Return how many there are of each state."""
        states: tuple[State, ...] = ("done", "already_gone", "refused", "unknown", "duplicate", "pending")
        return {state: self._count(state) for state in states}


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of one person: properties to set, or one to delete."""

    wanted: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unset: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """The properties that it touches."""
        return frozenset(self.wanted) if self.unset is None else frozenset({self.unset})

    def contradicts(self, other: Change) -> bool:
        """Tell whether it matters which of the two comes last."""
        gone = object()
        return any(self._value(name, gone) != other._value(name, gone) for name in self.names & other.names)

    def _value(self, name: str, gone: object) -> str | object:
        # As text, for to Python 1, 1.0 and True are the same.
        return gone if self.unset is not None else json.dumps(self.wanted[name], sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """Return what tells it from another one."""
        return {"set": dict(self.wanted)} if self.unset is None else {"unset": self.unset}

    def named(self) -> dict[str, Any]:
        """Return what a journal says of it: the names, never the values."""
        return {"set": sorted(self.wanted)} if self.unset is None else {"unset": self.unset}


@dataclass(frozen=True, slots=True)
class Entry:
    """One input: whom it means by what, the change (None deletes the person), and which earlier one is the same."""

    number: int
    by: By
    key: str
    change: Change | None = None
    same_as: int | None = None

    @property
    def uuid(self) -> str | None:
        """The uuid, where the input is one: then nobody need be looked up."""
        return self.key if self.by == "id" and "-" in self.key else None

    def sealed(self, salt: str) -> str:
        """Return how the journal names the input."""
        return self.key if self.by == "id" else seal(salt, self.key)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done to many persons."""

    entries: tuple[Entry, ...]
    task: Literal["delete", "update"]
    delete_events: bool = False

    def header(self, host: str, project: str, salt: str) -> Header:
        """Return what tells this job from any other."""
        parts = [[e.by, e.key, e.change.to_json() if e.change else None] for e in self.entries]
        whole = seal(salt, json.dumps(parts, sort_keys=True))
        return Header(self.task, self.delete_events, host, project, len(self.entries), salt, whole)


def deletions_of(ids: Iterable[object], by: By, *, delete_events: object) -> Job:
    """Check whom to delete.

    Raises:
        TypeError, ValueError: Something is wrong; of the ids all that are wrong are named.
    """
    _check_kind(by)
    if not isinstance(delete_events, bool):
        raise TypeError(f"delete_events must be True or False, not {type(delete_events).__name__}.")
    entries = _checked("ids", ids, lambda number, value: Entry(number, by, key_of(by, value)))
    return Job(_told_apart(entries), "delete", delete_events)


def _check_kind(by: object) -> None:
    if by not in KINDS:
        raise ValueError(f'by must be "id", "distinct_id" or "email", not {by!r}.')


def changes_of(changes: Iterable[object]) -> Job:
    """Check what to change; of the changes all that are wrong are named.

    Raises:
        TypeError, ValueError: Something is wrong.
    """
    if isinstance(changes, Mapping):
        pairs = cast("Mapping[object, object]", changes).items()
        changes = [{"id": key, "set": wanted} for key, wanted in pairs]
    entries = _checked("changes", changes, change_of)
    return Job(_told_apart(entries), "update")


def _checked(name: str, values: Iterable[T], make: Callable[[int, T], Entry]) -> list[Entry]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be several in a list or other iterable, not {type(values).__name__}.")
    entries: list[Entry] = []
    problems: list[str] = []
    for number, value in enumerate(values, 1):
        try:
            entries.append(make(number, value))
        except (TypeError, ValueError) as error:
            problems.append(f"{number}: {error}")
    if problems:
        more = len(problems) - MOST_PROBLEMS
        shown = "\n".join(problems[:MOST_PROBLEMS]) + (f"\n… and {more} more" if more > 0 else "")
        raise ValueError(f"{len(problems)} of the {name} cannot be used. Nothing was sent.\n{shown}")
    return entries


def key_of(by: By, value: object) -> str:
    """Check what names one person.

    Raises:
        TypeError, ValueError: It names nobody.
    """
    if by == "id":
        # People's lists have blanks at the ends of lines.
        return person_key(value.strip() if isinstance(value, str) else value)
    if not isinstance(value, str):
        raise TypeError(f"{by} must be a str, not {type(value).__name__}.")
    text(by, value)
    if by == "email" and "@" not in value:
        raise ValueError("this is no email, for it has no @.")
    return value


def change_of(number: int, value: object) -> Entry:
    """Check one change.

    Raises:
        TypeError, ValueError: It is none.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f'a change must be a mapping like {{"id": …, "set": {{…}}}}, not {type(value).__name__}.')
    fields = dict(cast("Mapping[object, object]", value))
    named: list[By] = [kind for kind in KINDS if kind in fields]
    meant = [kind for kind in ("set", "unset") if kind in fields]
    unknown = sorted(repr(key) for key in fields.keys() - {*KINDS, "set", "unset"})
    if unknown:
        raise ValueError(f"there is no field {', '.join(unknown)}; there are id, distinct_id, email, set, unset.")
    if len(named) != 1:
        raise ValueError("a change must name its person by exactly one of id, distinct_id and email.")
    if len(meant) != 1:
        raise ValueError("a change must have exactly one of set and unset.")
    by = named[0]
    return Entry(number, by, key_of(by, fields[by]), _wanted(fields, meant[0]))


def _wanted(fields: Mapping[object, object], what: str) -> Change:
    if what == "unset":
        name = fields["unset"]
        if not isinstance(name, str) or not text("unset", name):
            raise TypeError("unset must be the name of one property.")
        return Change(unset=name)
    wanted = json_object("set", fields["set"])
    if not wanted:
        raise ValueError("set is empty; name at least one property.")
    return Change(wanted)


def contradictions(entries: Iterable[Entry]) -> Iterator[tuple[int, int, str]]:
    """Find changes of one person that contradict each other: the later, the earlier, and the property."""
    claims: dict[tuple[str, str, str], tuple[int, Change]] = {}
    for entry in entries:
        if entry.change is None:
            continue
        for name in sorted(entry.change.names):
            number, other = claims.setdefault((entry.by, entry.key, name), (entry.number, entry.change))
            if entry.change.contradicts(other):
                yield entry.number, number, name


def _told_apart(entries: list[Entry]) -> tuple[Entry, ...]:
    """Mark inputs that say the same as an earlier one.

    Raises:
        ValueError: Two changes of one person contradict each other.
    """
    problems = [f"{one}: {name!r} is changed otherwise by {two}." for one, two, name in contradictions(entries)]
    if problems:
        shown = "\n".join(problems[:MOST_PROBLEMS])
        raise ValueError(f"Some of the changes contradict each other. Nothing was sent.\n{shown}")
    first: dict[tuple[str, str, str], int] = {}
    told: list[Entry] = []
    for entry in entries:
        identity = (entry.by, entry.key, json.dumps(entry.change and entry.change.to_json(), sort_keys=True))
        same = first.setdefault(identity, entry.number)
        told.append(entry if same == entry.number else replace(entry, same_as=same))
    return tuple(told)


def describes(entry: Entry, person: Person) -> bool:
    """Tell whether a person is whom an input means: a server that passes over a filter shows just anybody."""
    if entry.by == "distinct_id":
        # A row shows so many at most.
        return entry.key in person.distinct_ids or len(person.distinct_ids) >= 1000
    if entry.by == "email":
        email: object = person.properties.get("email")
        return isinstance(email, str) and email.casefold() == entry.key.casefold()
    return True

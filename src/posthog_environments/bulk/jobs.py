"""Jobs: checked inputs, without duplicates. Pure."""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from posthog_environments.bulk.inputs import CHOICES, KINDS, By, KeyKind, Kinds, NumberedInput, named_by
from posthog_environments.bulk.journal import Header, seal
from posthog_environments.query.validation import flag, json_object, text

if TYPE_CHECKING:
    from posthog_environments.operations.deletions import BulkFlags

__all__ = [
    "Change",
    "Entry",
    "Flags",
    "Job",
    "Using",
    "change_of",
    "changes_of",
    "contradictions",
    "deletions_of",
]

Using: TypeAlias = Literal["auto", "bulk", "single"]
# Wrong inputs that a message lists; the others are counted.
MOST_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one person: properties to set, or one to delete."""

    wanted: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unset: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """The properties that are changed."""
        return frozenset(self.wanted) if self.unset is None else frozenset({self.unset})

    def contradicts(self, other: Change) -> bool:
        """Return whether the order of the two changes matters."""
        gone = object()
        return any(self._value(name, gone) != other._value(name, gone) for name in self.names & other.names)

    def _value(self, name: str, gone: object) -> str | object:
        # Compared as text, because 1, 1.0 and True are equal in Python.
        return gone if self.unset is not None else json.dumps(self.wanted[name], sort_keys=True)

    def to_json(self) -> dict[str, Any]:
        """Return the change as a dict for JSON."""
        return {"set": dict(self.wanted)} if self.unset is None else {"unset": self.unset}

    def named(self) -> dict[str, Any]:
        """Return what the journal stores: names, never values."""
        return {"set": sorted(self.wanted)} if self.unset is None else {"unset": self.unset}


@dataclass(frozen=True, slots=True)
class Entry:
    """One input.

    Attributes:
        number: Its number.
        by: What the key was said to be.
        key: The id, distinct id or email.
        kinds: What the key may be; more than one with "auto".
        change: The change; None deletes the person.
        same_as: The number of an earlier input that means the same.
    """

    number: int
    by: By
    key: str
    kinds: Kinds
    change: Change | None = None
    same_as: int | None = None

    @property
    def uuid(self) -> str | None:
        """The key, if it is a uuid and nothing else, so that no look-up is needed."""
        return self.key if self.kinds == ("id",) and "-" in self.key else None

    @property
    def names_an_id(self) -> bool:
        """Whether a 404 means that this person is gone. A number may be a distinct id."""
        return self.kinds == ("id",) or (self.kinds[0] == "id" and "-" in self.key)

    def sealed(self, salt: str) -> str:
        """Return the key as the journal stores it."""
        return self.key if self.kinds == ("id",) else seal(salt, self.key)


@dataclass(frozen=True, slots=True)
class Flags:
    """What else is deleted or kept."""

    delete_events: bool = False
    delete_recordings: bool = False
    keep_person: bool = False

    @property
    def needs_bulk(self) -> bool:
        """Whether only bulk deletion can do it."""
        return self.delete_recordings or self.keep_person

    @property
    def leaves_doubt(self) -> bool:
        """Whether more was requested than that the person is gone."""
        return self.delete_events or self.delete_recordings or self.keep_person

    def to_json(self) -> BulkFlags:
        """Return the flags that are set. Servers take every other value than false for true, even the text "false"."""
        return cast("BulkFlags", {name: True for name in self.__slots__ if getattr(self, name)})


@dataclass(frozen=True, slots=True)
class Job:
    """A task for many persons."""

    entries: tuple[Entry, ...]
    task: Literal["delete", "update"]
    flags: Flags = Flags()
    using: Using = "auto"

    def header(self, host: str, project: str, salt: str) -> Header:
        """Return the identity of the job."""
        parts = [[e.number, e.by, e.key, e.change.to_json() if e.change else None] for e in self.entries]
        whole = seal(salt, json.dumps(parts, sort_keys=True))
        last = max((entry.number for entry in self.entries), default=0)
        different = sum(entry.same_as is None for entry in self.entries)
        flags = {name: getattr(self.flags, name) for name in Flags.__slots__}
        return Header(self.task, host, project, last, salt, whole, different, **flags)


def deletions_of(
    ids: Iterable[object],
    by: By,
    *,
    delete_events: bool = False,
    delete_recordings: bool = False,
    keep_person: bool = False,
    using: Using = "auto",
) -> Job:
    """Check the arguments of a deletion.

    Raises:
        TypeError, ValueError: An argument is invalid; the message lists all wrong ids.
    """
    if by not in CHOICES:
        raise ValueError(f'by must be "auto", "id", "distinct_id" or "email", not {by!r}.')
    if using not in ("auto", "bulk", "single"):
        raise ValueError(f'using must be "auto", "bulk" or "single", not {using!r}.')
    flags = Flags(
        _flag("delete_events", delete_events),
        _flag("delete_recordings", delete_recordings),
        _flag("keep_person", keep_person),
    )
    _check_flags(flags, using)

    def make(given: NumberedInput) -> Entry:
        return Entry(given.number, by, *named_by(by, given.value, plain=given.plain))

    return Job(_without_duplicates(_checked("ids", ids, make)), "delete", flags, using)


def _flag(name: str, value: bool | None) -> bool:
    if flag(name, value) is None:
        raise TypeError(f"{name} must be True or False, not None.")
    return value is True


def _check_flags(flags: Flags, using: object) -> None:
    if flags.needs_bulk and using == "single":
        given = "delete_recordings" if flags.delete_recordings else "keep_person"
        raise ValueError(
            f'{given} works in bulk only, and using="single" deletes one by one. '
            'Leave using out, or give using="bulk". Nothing was sent.'
        )
    if flags.keep_person and not (flags.delete_events or flags.delete_recordings):
        raise ValueError("keep_person alone deletes nothing; give delete_events or delete_recordings with it.")


def changes_of(changes: Iterable[object]) -> Job:
    """Check changes.

    Raises:
        TypeError, ValueError: A change is invalid; the message lists all wrong changes.
    """
    if isinstance(changes, Mapping):
        pairs = cast("Mapping[object, object]", changes).items()
        changes = [{"id": key, "set": wanted} for key, wanted in pairs]
    entries = _checked("changes", changes, lambda given: change_of(given.number, given.value))
    return Job(_without_duplicates(entries), "update")


def _checked(name: str, values: Iterable[object], make: Callable[[NumberedInput], Entry]) -> list[Entry]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be several in a list or other iterable, not {type(values).__name__}.")
    entries: list[Entry] = []
    problems: list[str] = []
    for place, given in enumerate(values, 1):
        each = given if isinstance(given, NumberedInput) else NumberedInput(place, given)
        try:
            entries.append(make(each))
        except (TypeError, ValueError) as error:
            problems.append(f"{each.number}: {error}")
    if problems:
        more = len(problems) - MOST_PROBLEMS
        shown = "\n".join(problems[:MOST_PROBLEMS]) + (f"\n… and {more} more" if more > 0 else "")
        raise ValueError(f"{len(problems)} of the {name} cannot be used. Nothing was sent.\n{shown}")
    return entries


def change_of(number: int, value: object) -> Entry:
    """Check one change.

    Raises:
        TypeError, ValueError: It is invalid.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f'a change must be a mapping like {{"id": …, "set": {{…}}}}, not {type(value).__name__}.')
    fields = dict(cast("Mapping[object, object]", value))
    named: list[KeyKind] = [kind for kind in KINDS if kind in fields]
    meant = [kind for kind in ("set", "unset") if kind in fields]
    unknown = sorted(repr(key) for key in fields.keys() - {*KINDS, "set", "unset"})
    if unknown:
        raise ValueError(f"there is no field {', '.join(unknown)}; there are id, distinct_id, email, set, unset.")
    if len(named) != 1:
        raise ValueError("a change must name its person by exactly one of id, distinct_id and email.")
    if len(meant) != 1:
        raise ValueError("a change must have exactly one of set and unset.")
    key, kinds = named_by(named[0], fields[named[0]])
    return Entry(number, named[0], key, kinds, _wanted(fields, meant[0]))


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
    """Find changes of one person that contradict each other. Give the later, the earlier, and the property."""
    claims: dict[tuple[str, str, str], tuple[int, Change]] = {}
    for entry in entries:
        if entry.change is None:
            continue
        for name in sorted(entry.change.names):
            number, other = claims.setdefault((entry.by, entry.key, name), (entry.number, entry.change))
            if entry.change.contradicts(other):
                yield entry.number, number, name


def _without_duplicates(entries: list[Entry]) -> tuple[Entry, ...]:
    """Mark inputs that mean the same as an earlier one.

    Raises:
        ValueError: Two changes of one person contradict each other.
    """
    problems = [f"{one}: {name!r} is changed differently by {two}." for one, two, name in contradictions(entries)]
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

"""Who is who in a user's own events, and what their properties become: `$set`, `$set_once`, `$unset`, and merges.

As in PostHog's ingestion (its plugin server; docs of `$identify`, `$create_alias`, `$merge_dangerously`): events are
taken in the order of their times; a merge keeps the person of the event's own distinct id, the earlier `created_at`,
and of a property that both have the kept one's; who is identified already is merged by `$merge_dangerously` alone; some
ids that many share are never merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies

OTHER: Final[Mapping[str, str]] = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}
"""Events that say that two distinct ids are one person, and the property that has the other id."""
SHARED: Final = frozenset(
    {
        "anonymous",
        "guest",
        "distinctid",
        "distinct_id",
        "id",
        "not_authenticated",
        "email",
        "undefined",
        "true",
        "false",
    }
    | {"[object object]", "nan", "none", "null", "0"}
)
"""Ids that programs send by mistake: they are never merged (posthog's docs on identifying users)."""


class UnreadableError(ValueError):
    """What an event says of a person cannot be read; `n` is the event."""

    def __init__(self, n: int, reason: str) -> None:
        super().__init__(reason)
        self.n = n


@dataclass(slots=True)
class PersonUpdate:
    """What one event says about a person, read from the file."""

    n: int
    happened: datetime
    event: str
    distinct_id: str
    set: dict[str, Any]
    once: dict[str, Any]
    unset: list[str]
    other: str | None


@dataclass(slots=True, eq=False)
class MergedPerson:
    """A person while the events are told. The first distinct id gives the uuid."""

    created: datetime
    ids: list[tuple[int, str]]
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    identified: bool = False
    known: bool = False
    """Whether anything was set, or merged: what the list calls identified."""

    @property
    def name(self) -> str:
        """Give the distinct id that the uuid is made of."""
        return self.ids[0][1]

    def row(self) -> dict[str, Any]:
        """Write the person, with the distinct ids in the order in which they came up."""
        ids = [distinct_id for _, distinct_id in sorted(self.ids)]
        return {
            "name": self.name,
            "properties": bodies.write(self.properties),
            "known": self.known,
            "ids": bodies.write(ids),
        }


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What an event changed in the end."""

    n: int
    changes: dict[str, Any]
    removed: list[str]

    def row(self) -> dict[str, Any]:
        """Write it."""
        changes, removed = (bodies.write(part) if part else None for part in (self.changes, self.removed))
        return {"n": self.n, "changes": changes, "removed": removed}


class MergeGroup:
    """The people of some distinct ids that merges connect, told event by event."""

    def __init__(self) -> None:
        self._of: dict[str, MergedPerson] = {}
        self._order: dict[str, int] = {}
        self.effects: list[PersonChange] = []

    def tell(self, told: PersonUpdate) -> None:
        """Take in one event."""
        before = self._merged(told)
        person = self._of.get(told.distinct_id) or self._new(told, [told.distinct_id])
        changes = {name: value for name, value in told.once.items() if name not in person.properties} | told.set
        removed = [name for name in told.unset if name in person.properties or name in changes]
        person.properties |= changes
        for name in removed:
            person.properties.pop(name, None)
        person.known = person.known or bool(told.set or told.once or told.unset) or before
        if told.event == "$identify":
            person.identified = person.known = True
        if before:
            changes = dict(person.properties)
        if changes or removed:
            self.effects.append(PersonChange(told.n, changes, removed))

    def people(self) -> list[MergedPerson]:
        """Give everybody."""
        return list(dict.fromkeys(self._of.values()))

    def _new(self, told: PersonUpdate, ids: Iterable[str]) -> MergedPerson:
        person = MergedPerson(told.happened, [])
        for one in ids:
            self._add(person, one)
        return person

    def _add(self, person: MergedPerson, distinct_id: str) -> None:
        self._of[distinct_id] = person
        person.ids.append((self._order.setdefault(distinct_id, len(self._order)), distinct_id))

    def _merged(self, told: PersonUpdate) -> bool:
        """Merge what the event says is one; tell whether somebody's properties came to another."""
        own, other = told.distinct_id, told.other
        if other is None or other == own or {own.lower(), other.lower()} & SHARED:
            return False
        kept, gone = self._of.get(own), self._of.get(other)
        if kept is None and gone is None:
            self._new(told, [own, other])
        elif kept is None or gone is None:
            self._add(kept or gone or self._new(told, []), other if kept else own)
        elif kept is not gone and (told.event == "$merge_dangerously" or not gone.identified):
            self._merge(kept, gone)
            return bool(gone.properties)
        self._of[own].identified = self._of[own].known = True
        return False

    def _merge(self, kept: MergedPerson, gone: MergedPerson) -> None:
        kept.properties = gone.properties | kept.properties
        kept.created = min(kept.created, gone.created)
        kept.identified = kept.known = True
        kept.ids += gone.ids
        for _, distinct_id in gone.ids:
            self._of[distinct_id] = kept


def read(n: int, happened: datetime, event: str, distinct_id: str, told: list[str | None] | None) -> PersonUpdate:
    """Read what an event says: `told` is the JSON of $set, $set_once, $unset, $anon_distinct_id and alias."""
    set_, once, unset, anonymous, alias = (None if one is None else bodies.parse(one) for one in told or [None] * 5)
    other = None
    if event in OTHER:
        other = _id(n, OTHER[event], anonymous if event == "$identify" else alias)
    return PersonUpdate(
        n,
        happened,
        event,
        distinct_id,
        _object(n, "$set", set_),
        _object(n, "$set_once", once),
        _names(n, unset),
        other,
    )


def _id(n: int, name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableError(n, f"has {name} that is no distinct id")
    return str(value)


def _object(n: int, name: str, value: object) -> dict[str, Any]:
    value = _within(value)
    if not isinstance(value, dict | None):
        raise UnreadableError(n, f"has {name} that is no JSON object")
    return cast("dict[str, Any]", value or {})


def _names(n: int, value: object) -> list[str]:
    value = _within(value)
    names = [value] if isinstance(value, str) and value else value or []
    if not isinstance(names, list) or not all(isinstance(one, str) for one in cast("list[object]", names)):
        raise UnreadableError(n, "has $unset that is no list of names")
    return cast("list[str]", names)


def _within(value: object) -> object:
    """Read JSON within a text, as columns of CSV have it."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return cast("object", bodies.parse(value))
        except ValueError:
            return value
    return value


def circles(told: Iterable[tuple[str, PersonUpdate]]) -> Iterator[MergeGroup]:
    """Tell events that are sorted by their circle and their time, circle by circle."""
    for _, events in groupby(told, key=lambda one: one[0]):
        circle = MergeGroup()
        for _, event in events:
            circle.tell(event)
        yield circle


def connected(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each distinct id that occurs in a merge the name of its circle."""
    leader: dict[str, str] = {}

    def find(one: str) -> str:
        root = one
        while leader.setdefault(root, root) != root:
            root = leader[root]
        while leader[one] != root:
            leader[one], one = root, leader[one]
        return root

    for one, other in pairs:
        leader[find(other)] = find(one)
    return {one: find(one) for one in list(leader)}

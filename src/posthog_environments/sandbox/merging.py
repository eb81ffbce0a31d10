"""Merging: persons and their properties from events loaded into the sandbox: `$set`, `$set_once`, `$unset`, merges.

The rules are those of PostHog's ingestion (source: its plugin server; docs of `$identify`, `$create_alias` and
`$merge_dangerously`). Events are processed in the order of their times. A merge keeps the person of the event's own
distinct id, and its value of a property that both have. An identified person is merged into another only by
`$merge_dangerously`. Placeholder ids such as "null" are never merged. When a person was created is for `owners` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, cast

from posthog_environments.sandbox import bodies

OTHER: Final[Mapping[str, str]] = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}
"""Events that merge two distinct ids, and the property with the other id."""
SHARED: Final = frozenset({
    "anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true", "false",
    "[object object]", "nan", "none", "null", "0",
})  # fmt: skip
"""Ids that programs send by mistake and that are never merged (source: PostHog's docs on identifying users)."""


class UnreadableError(ValueError):
    """An event has an unreadable person update; `n` is the number of the event."""

    def __init__(self, n: int, reason: str) -> None:
        super().__init__(reason)
        self.n = n


@dataclass(slots=True)
class EventUpdate:
    """The update of a person by one event.

    Attributes:
        n: The number of the event.
        event: Its name.
        distinct_id: Its own distinct id.
        set: Properties of `$set`.
        once: Properties of `$set_once`.
        unset: Names of `$unset`.
        other: The second distinct id of a merge.
    """

    n: int
    event: str
    distinct_id: str
    set: dict[str, Any]
    once: dict[str, Any]
    unset: list[str]
    other: str | None


@dataclass(slots=True, eq=False)
class MergedPerson:
    """A person while events are processed. Its uuid is derived from the distinct id that it was created with.

    Attributes:
        ids: Its distinct ids, each with its place in the order of events.
        properties: Its properties so far.
        identified: Whether only `$merge_dangerously` may merge it into another.
        known: Whether it was updated, identified or merged; lists show it as `is_identified`.
    """

    ids: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    identified: bool = False
    known: bool = False

    def row(self) -> dict[str, Any]:
        """Return the row of the person, with distinct ids in the order of their first events."""
        ids = bodies.write([distinct_id for _, distinct_id in sorted(self.ids)])
        return {"name": self.ids[0][1], "properties": bodies.write(self.properties), "known": self.known, "ids": ids}


class MergeGroup:
    """Distinct ids that merge events connect, and their persons: several if a merge was refused."""

    def __init__(self) -> None:
        self._of: dict[str, MergedPerson] = {}
        self._order: dict[str, int] = {}
        self.effects: list[dict[str, Any]] = []
        """One row for each event that changed properties: its number, what it set, and what it removed."""

    def process(self, update: EventUpdate) -> None:
        """Process one event."""
        moved = self._merged(update)
        person = self._of.get(update.distinct_id) or self._new([update.distinct_id])
        changes = {name: value for name, value in update.once.items() if name not in person.properties} | update.set
        removed = [name for name in update.unset if name in person.properties or name in changes]
        person.properties |= changes
        for name in removed:
            person.properties.pop(name, None)
        person.known = person.known or bool(update.set or update.once or update.unset) or moved
        if update.event == "$identify":
            person.identified = person.known = True
        if moved:
            # Of the kept person, every property counts as changed.
            changes = dict(person.properties)
        if changes or removed:
            set_, unset = (bodies.write(part) if part else None for part in (changes, removed))
            self.effects.append({"n": update.n, "changes": set_, "removed": unset})

    def persons(self) -> list[dict[str, Any]]:
        """Return the rows of the persons of the group."""
        return [person.row() for person in dict.fromkeys(self._of.values())]

    def _new(self, ids: Iterable[str]) -> MergedPerson:
        person = MergedPerson()
        for one in ids:
            self._add(person, one)
        return person

    def _add(self, person: MergedPerson, distinct_id: str) -> None:
        self._of[distinct_id] = person
        person.ids.append((self._order.setdefault(distinct_id, len(self._order)), distinct_id))

    def _merged(self, update: EventUpdate) -> bool:
        """Merge the two ids of an event, if it has two; return whether properties moved to another person."""
        own, other = update.distinct_id, update.other
        if other is None or other == own or {own.lower(), other.lower()} & SHARED:
            return False
        kept, gone = self._of.get(own), self._of.get(other)
        if gone is None:
            if kept is None:
                self._new([own, other])
            else:
                self._add(kept, other)
        elif kept is None:
            self._add(gone, own)
        elif kept is not gone and (update.event == "$merge_dangerously" or not gone.identified):
            self._merge(kept, gone)
            return bool(gone.properties)
        self._of[own].identified = self._of[own].known = True
        return False

    def _merge(self, kept: MergedPerson, gone: MergedPerson) -> None:
        kept.properties = gone.properties | kept.properties
        kept.identified = kept.known = True
        kept.ids += gone.ids
        for _, distinct_id in gone.ids:
            self._of[distinct_id] = kept


def read(n: int, event: str, distinct_id: str, parts: list[str | None] | None) -> EventUpdate:
    """Parse the update of an event; `parts` is the JSON of $set, $set_once, $unset, $anon_distinct_id and alias."""
    set_, once, unset, anonymous, alias = (None if one is None else bodies.parse(one) for one in parts or [None] * 5)
    other = _id(n, OTHER[event], anonymous if event == "$identify" else alias) if event in OTHER else None
    given = _object(n, "$set", set_), _object(n, "$set_once", once), _names(n, unset)
    return EventUpdate(n, event, distinct_id, *given, other)


def _id(n: int, name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnreadableError(n, f"has {name} that is not a distinct id")
    return str(value)


def _object(n: int, name: str, value: object) -> dict[str, Any]:
    value = _within(value)
    if not isinstance(value, dict | None):
        raise UnreadableError(n, f"has {name} that is not a JSON object")
    return cast("dict[str, Any]", value or {})


def _names(n: int, value: object) -> list[str]:
    value = _within(value)
    names = [value] if isinstance(value, str) and value else value or []
    if not isinstance(names, list) or not all(isinstance(one, str) for one in cast("list[object]", names)):
        raise UnreadableError(n, "has $unset that is not a list of names")
    return cast("list[str]", names)


def _within(value: object) -> object:
    """Parse JSON in a string, as in columns of CSV."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return cast("object", bodies.parse(value))
        except ValueError:
            return value
    return value


def groups(updates: Iterable[tuple[str, EventUpdate]]) -> Iterator[MergeGroup]:
    """Process events, which are sorted by group and time; yield each group."""
    for _, events in groupby(updates, key=lambda one: one[0]):
        group = MergeGroup()
        for _, event in events:
            group.process(event)
        yield group


def merge_groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the group of each distinct id that occurs in a merge (union-find)."""
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

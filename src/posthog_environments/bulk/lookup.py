"""Whom inputs mean: flows that read, and change nothing.

Emails are looked up many at a time. Before it is said that nobody has an email or distinct id, whoever looks like it is
searched for once, to be shown: under such a person a misspelt request would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from posthog_environments.bulk.decisions import stops_all
from posthog_environments.bulk.jobs import Entry
from posthog_environments.bulk.journal import FoundPerson
from posthog_environments.bulk.outcomes import SimilarPerson
from posthog_environments.calls.messages import CallGenerator
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import BadRequestError, NotFoundError, PostHogError
from posthog_environments.operations import persons
from posthog_environments.results.models import as_sent, distinct_ids_of

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

    from posthog_environments.bulk.inputs import KeyKind

__all__ = ["LookupResult", "PersonLookup", "make_sure", "name_of", "read"]

# Emails of one filter: more make a query longer than some servers and proxies read (4,094 bytes of gunicorn's).
MOST_EMAILS: Final = 100
MOST_BYTES: Final = 2500
# So many who are similar are shown, of so many who are looked at.
MOST_SIMILAR: Final = 3
_GLANCE: Final = 10
# A row shows so many distinct ids at most (posthog/models/person).
MOST_DISTINCT_IDS: Final = 1000


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Whom an input means, as the journal has it, and what only this run knows."""

    found: FoundPerson
    person: Person | None = None
    similar: tuple[SimilarPerson, ...] = ()


class PersonLookup:
    """Finds whom inputs mean, in their order; of emails it reads ahead, many with one request."""

    def __init__(self, context: CallContext, entries: Sequence[Entry]) -> None:
        self._context = context
        batches = _batches(entry.key for entry in entries if "email" in entry.kinds)
        self._batch_of = {email: batch for batch in batches if len(batch) > 1 for email in batch}
        self._known: dict[str, list[Person]] = {}

    def requests(self, entries: Sequence[Entry]) -> int:
        """Return how many requests it takes at least."""
        emails = [entry.key for entry in entries if "email" in entry.kinds and entry.key not in self._known]
        batches = {id(self._batch_of[email]) for email in emails if email in self._batch_of}
        alone = sum(email not in self._batch_of for email in emails)
        return len(batches) + alone + sum(kind != "email" for entry in entries for kind in entry.kinds)

    def find(self, entry: Entry) -> CallGenerator[LookupResult]:
        """Find whom an input means, by everything that its key may be."""
        seen: dict[str, tuple[Person, KeyKind]] = {}
        for kind in entry.kinds:
            people = yield from self._people(entry, kind)
            if any(not _is_meant(entry, kind, person) for person in people):
                return LookupResult(FoundPerson(None, 0, foreign=True))
            for person in people:
                seen.setdefault(person.uuid, (person, kind))
        if len(seen) == 1:
            person, kind = next(iter(seen.values()))
            return LookupResult(FoundPerson(person.uuid, 1, kind=kind), person)
        if seen or entry.names_an_id:
            return LookupResult(FoundPerson(None, min(len(seen), 2)))
        similar = yield from self._similar(entry)
        return LookupResult(FoundPerson(None, 0, similar=tuple(each.uuid for each in similar)), similar=similar)

    def _people(self, entry: Entry, kind: KeyKind) -> CallGenerator[list[Person]]:
        if kind == "id":
            person = yield from read(self._context, entry.key)
            return [] if person is None else [person]
        if kind == "distinct_id":
            return (yield from self._list(distinct_id=entry.key))
        if entry.key in self._batch_of:
            yield from self._read_ahead(self._batch_of[entry.key])
        if entry.key in self._known:
            return self._known[entry.key]
        people = yield from self._list(email=entry.key)
        # Whoever has it in another spelling is similar, and nobody to be touched.
        return [person for person in people if not _is_spelt_otherwise(entry.key, person)]

    def _read_ahead(self, batch: Sequence[str]) -> CallGenerator[None]:
        """Look many emails up at once; those of which this told nothing are looked up one by one."""
        for email in batch:
            # Once, whatever comes of it.
            del self._batch_of[email]
        found: dict[str, list[Person]] = {email: [] for email in batch}
        wanted = {"key": "email", "type": "person", "operator": "exact", "value": list(batch)}
        listing = persons.list_(self._context, properties=[wanted])
        paginator = listing.paginator()
        try:
            while paginator.cursor is not None:
                for person in paginator.consume((yield from listing.fetch(paginator.cursor))):
                    shown = _text(person, "email")
                    if shown is None or shown not in found:
                        # It does not know the filter, or takes it otherwise than we do.
                        return
                    found[shown].append(person)
        except PostHogError as error:
            if stops_all(error):
                raise
            return
        self._known.update(found)

    def _list(self, *, email: str | None = None, distinct_id: str | None = None) -> CallGenerator[list[Person]]:
        """List who matches, as far as the second."""
        people: list[Person] = []
        listing = persons.list_(self._context, page_size=_GLANCE, email=email, distinct_id=distinct_id)
        paginator = listing.paginator()
        while paginator.cursor is not None and len(people) < 2:
            people += paginator.consume((yield from listing.fetch(paginator.cursor)))
        return people

    def _similar(self, entry: Entry) -> CallGenerator[tuple[SimilarPerson, ...]]:
        """Look once for those whom a key may mean that nobody has."""
        people: dict[str, SimilarPerson] = {}
        for condition in _other_ways(entry):
            listing = persons.list_(self._context, page_size=_GLANCE, **condition)
            paginator = listing.paginator()
            assert paginator.cursor is not None
            try:
                page = yield from listing.fetch(paginator.cursor)
            except BadRequestError:
                # A server that does not take this way of asking has nobody to show by it.
                continue
            for person in paginator.consume(page):
                if _is_similar(entry.key, person):
                    people.setdefault(person.uuid, SimilarPerson(person.uuid, name_of(person)))
        return tuple(people.values())[:MOST_SIMILAR]


def _batches(emails: Iterator[str] | Sequence[str]) -> Iterator[list[str]]:
    """Divide emails into so many as a query may name."""
    batch: list[str] = []
    size = 0
    for email in dict.fromkeys(emails):
        own = len(quote(f'"{email}",', safe=""))
        if batch and (size + own > MOST_BYTES or len(batch) == MOST_EMAILS):
            yield batch
            batch, size = [], 0
        batch.append(email)
        size += own
    if batch:
        yield batch


def _other_ways(entry: Entry) -> Iterator[dict[str, Any]]:
    """Say where to look for those who are similar.

    Source: what servers name people by, email, Email and $email among others, from posthog/api/person.py; `search`
    looks into the property email alone on servers of 2025.
    """
    yield {"search": entry.key}
    if "email" in entry.kinds:
        for name in ("Email", "$email"):
            yield {"properties": [{"key": name, "type": "person", "operator": "icontains", "value": entry.key}]}
    if "distinct_id" in entry.kinds:
        for spelling in sorted({entry.key.lower(), entry.key.upper()} - {entry.key}):
            yield {"distinct_id": spelling}


def name_of(person: Person) -> str | None:
    """Return the name of a person; servers give whatever a property holds."""
    name = as_sent(person, "name")
    return name if isinstance(name, str) or name is None else str(name)


def _text(person: Person, name: str) -> str | None:
    value: object = person.properties.get(name)
    return value if isinstance(value, str) else None


def _is_meant(entry: Entry, kind: KeyKind, person: Person) -> bool:
    """Tell whether a person is whom an input means: a server that passes over a filter shows just anybody."""
    if kind == "distinct_id":
        # One that is a number is asked for by its digits.
        ids = distinct_ids_of(person)
        return any(str(each) == entry.key for each in ids) or len(ids) >= MOST_DISTINCT_IDS
    return kind == "id" or _text(person, "email") == entry.key


def _is_spelt_otherwise(key: str, person: Person) -> bool:
    email = _text(person, "email")
    return email is not None and email != key and email.casefold() == key.casefold()


def _is_similar(key: str, person: Person) -> bool:
    """Tell whether a person shows the key anywhere, in whatever case."""
    values: list[object] = [person.name, person.uuid, *distinct_ids_of(person), *person.properties.values()]
    return any(isinstance(value, str) and key.casefold() in value.casefold() for value in values)


def read(context: CallContext, key: str) -> CallGenerator[Person | None]:
    """Read a person; None if it is certain that there is none."""
    try:
        return (yield from persons.get(context, key))
    except NotFoundError:
        yield from make_sure(context)
        return None


def make_sure(context: CallContext) -> CallGenerator[None]:
    """Let a 404 stand for a person who is not there only where the project is known to be there.

    A wrong project id or prefix is a 404 too, and would make a job report that everybody is gone.

    Raises:
        NotFoundError: The project is not there.
    """
    if context.client.found:
        return
    listing = persons.list_(context, page_size=1)
    paginator = listing.paginator()
    assert paginator.cursor is not None
    yield from listing.fetch(paginator.cursor)

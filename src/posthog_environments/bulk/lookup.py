"""Look-ups: which persons the inputs mean, and whether a deletion was queued. Nothing is changed.

Emails are looked up many at a time. If nobody has an email or distinct id, similar persons are searched for once, and
shown: the input may be misspelt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from posthog_environments.bulk.decisions import Decision, after_a_look, stops_all
from posthog_environments.bulk.inputs import MOST_DISTINCT_IDS
from posthog_environments.bulk.jobs import Entry
from posthog_environments.bulk.journal import FoundPerson
from posthog_environments.bulk.outcomes import SimilarPerson
from posthog_environments.calls.messages import CallGenerator
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import APIStatusError, BadRequestError, NotFoundError, PostHogError
from posthog_environments.operations import persons
from posthog_environments.operations.deletions import deletion_status
from posthog_environments.results.models import as_sent, distinct_ids_of

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

    from posthog_environments.bulk.inputs import KeyKind
    from posthog_environments.bulk.jobs import Flags
    from posthog_environments.paging.listing import ListRequest

__all__ = ["LookupResult", "PersonLookup", "check_project", "look_again", "name_of", "queued_deletion", "read"]

T = TypeVar("T")

# Emails in one filter. More would make a query longer than some servers and proxies accept (4,094 bytes for gunicorn).
MOST_EMAILS: Final = 100
MOST_BYTES: Final = 2500
# Similar persons that are shown, of those that are read.
MOST_SIMILAR: Final = 3
_GLANCE: Final = 10
# Older servers have no list of deletions, and not every key may read it.
_NO_LIST: Final = frozenset({400, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The person that an input means, and what the journal does not store."""

    found: FoundPerson
    person: Person | None = None
    similar: tuple[SimilarPerson, ...] = ()


class PersonLookup:
    """Finds the persons that inputs mean, in order. Emails are read ahead, many with one request."""

    def __init__(self, context: CallContext, entries: Sequence[Entry]) -> None:
        self._context = context
        batches = _batches(entry.key for entry in entries if "email" in entry.kinds)
        self._batch_of = {email: batch for batch in batches if len(batch) > 1 for email in batch}
        self._known: dict[str, list[Person]] = {}

    def requests(self, entries: Sequence[Entry]) -> int:
        """Return the least number of requests that the look-ups take."""
        emails = [entry.key for entry in entries if "email" in entry.kinds and entry.key not in self._known]
        batches = {id(self._batch_of[email]) for email in emails if email in self._batch_of}
        alone = sum(email not in self._batch_of for email in emails)
        return len(batches) + alone + sum(kind != "email" for entry in entries for kind in entry.kinds)

    def find(self, entry: Entry) -> CallGenerator[LookupResult]:
        """Find the person that an input means, by everything that its key may be."""
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
        # A person with another spelling is similar, and must not be touched.
        return [person for person in people if not _is_spelt_otherwise(entry.key, person)]

    def _read_ahead(self, batch: Sequence[str]) -> CallGenerator[None]:
        """Look up many emails at once. Those without a clear result are looked up one by one later."""
        for email in batch:
            # Once only, also if it fails.
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
                        # The server does not know the filter, or understands it differently.
                        return
                    found[shown].append(person)
        except PostHogError as error:
            if stops_all(error):
                raise
            return
        self._known.update(found)

    def _list(self, *, email: str | None = None, distinct_id: str | None = None) -> CallGenerator[list[Person]]:
        """List the first two persons that match."""
        people: list[Person] = []
        listing = persons.list_(self._context, page_size=_GLANCE, email=email, distinct_id=distinct_id)
        paginator = listing.paginator()
        while paginator.cursor is not None and len(people) < 2:
            people += paginator.consume((yield from listing.fetch(paginator.cursor)))
        return people

    def _similar(self, entry: Entry) -> CallGenerator[tuple[SimilarPerson, ...]]:
        """Search for persons whom a key that nobody has may mean."""
        people: dict[str, SimilarPerson] = {}
        for condition in _other_ways(entry):
            try:
                found = yield from _first_page(persons.list_(self._context, page_size=_GLANCE, **condition))
            except BadRequestError:
                # The server does not support this filter.
                continue
            for person in found:
                if _is_similar(entry.key, person):
                    people.setdefault(person.uuid, SimilarPerson(person.uuid, name_of(person)))
        return tuple(people.values())[:MOST_SIMILAR]


def _batches(emails: Iterator[str] | Sequence[str]) -> Iterator[list[str]]:
    """Split emails into batches that fit into one query."""
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
    """Return the filters that find similar persons.

    Source: posthog/api/person.py names persons by email, Email and $email among others; `search` reads only the
        property
    email on servers of 2025.
    """
    yield {"search": entry.key}
    if "email" in entry.kinds:
        for name in ("Email", "$email"):
            yield {"properties": [{"key": name, "type": "person", "operator": "icontains", "value": entry.key}]}
    if "distinct_id" in entry.kinds:
        for spelling in sorted({entry.key.lower(), entry.key.upper()} - {entry.key}):
            yield {"distinct_id": spelling}


def name_of(person: Person) -> str | None:
    """Return the name of a person as text; servers send the value of any property."""
    name = as_sent(person, "name")
    return name if isinstance(name, str) or name is None else str(name)


def _text(person: Person, name: str) -> str | None:
    value: object = person.properties.get(name)
    return value if isinstance(value, str) else None


def _is_meant(entry: Entry, kind: KeyKind, person: Person) -> bool:
    """Return whether a person is the one that an input means. A server that ignores a filter returns anybody."""
    if kind == "distinct_id":
        # Servers send numeric distinct ids as numbers.
        ids = distinct_ids_of(person)
        return any(str(each) == entry.key for each in ids) or len(ids) >= MOST_DISTINCT_IDS
    return kind == "id" or _text(person, "email") == entry.key


def _is_spelt_otherwise(key: str, person: Person) -> bool:
    email = _text(person, "email")
    return email is not None and email != key and email.casefold() == key.casefold()


def _is_similar(key: str, person: Person) -> bool:
    """Return whether any value of a person contains the key, in any case."""
    values: list[object] = [person.name, person.uuid, *distinct_ids_of(person), *person.properties.values()]
    return any(isinstance(value, str) and key.casefold() in value.casefold() for value in values)


def read(context: CallContext, key: str) -> CallGenerator[Person | None]:
    """Read a person; None if it is certain that the person does not exist."""
    try:
        return (yield from persons.get(context, key))
    except NotFoundError:
        yield from check_project(context)
        return None


def check_project(context: CallContext) -> CallGenerator[None]:
    """Check that the project exists, unless that is known.

    A wrong project id or prefix gives a 404, too. Without this check a job would report that all persons are gone.

    Raises:
        NotFoundError: The project does not exist.
    """
    if context.client.found:
        return
    listing = persons.list_(context, page_size=1)
    yield from _first_page(listing)


def _first_page(listing: ListRequest[T]) -> CallGenerator[list[T]]:
    paginator = listing.paginator()
    assert paginator.cursor is not None
    return paginator.consume((yield from listing.fetch(paginator.cursor)))


def look_again(
    context: CallContext, entry: Entry, uuid: str, flags: Flags, since: datetime | None, *, again: bool = False
) -> CallGenerator[Decision | None]:
    """Decide on a change that may have been sent since a time; None to send it again. See `after_a_look`."""
    person = yield from read(context, uuid)
    decision = after_a_look(entry, person, flags, again=again)
    if decision is not None and decision.state == "unknown" and flags.delete_events:
        decision = (yield from queued_deletion(context, uuid, since)) or decision
    return decision


def queued_deletion(context: CallContext, uuid: str, since: datetime | None) -> CallGenerator[Decision | None]:
    """Decide whether the deletion of a person's events was queued, by the list of deletions; None if it does not say.

    Rows of deletions that were completed before `since` do not count: a person who comes back gets the same uuid.
    """
    try:
        rows = yield from _first_page(deletion_status(context, id=uuid, page_size=10))
    except APIStatusError as error:
        if error.status_code in _NO_LIST:
            return None
        raise
    for row in rows:
        over = row.delete_verified_at
        if row.person_uuid == uuid and (over is None or since is None or over >= since):
            return Decision("done", "the server lists the deletion of the events")
    return None

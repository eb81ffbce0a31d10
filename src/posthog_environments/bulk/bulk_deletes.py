"""Up to 1,000 deletions with one request, and what came of each of them.

A batch is written down as meant before it is sent. An answer that accounts for all is the outcome of all; where it does
not, or no clear answer came, each of the batch is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from posthog_environments.bulk import lookup
from posthog_environments.bulk.decisions import Decision, Trouble, after_a_look, decide
from posthog_environments.bulk.events import are_queued
from posthog_environments.bulk.journal import Outcome
from posthog_environments.bulk.single_changes import Exchanged
from posthog_environments.bulk.summaries import after_a_glance, of_summary, read_summary
from posthog_environments.errors import APIStatusError, PostHogError
from posthog_environments.operations.deletions import MOST_AT_ONCE, bulk_delete

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.run_outcomes import RunOutcomes
    from posthog_environments.bulk.single_changes import SingleChanges
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.calls.state import CallContext

__all__ = ["BulkDeletes"]

Batch: TypeAlias = "Sequence[tuple[Entry, str]]"
# How a server says that it does not have the operation: those of before take its name for that of a person.
_NOT_THERE: Final = frozenset({404, 405})


class BulkDeletes:
    """Deletes many at once, where the server does that; else, unless it was insisted on, one by one."""

    def __init__(
        self, context: CallContext, job: Job, journal: JournalWriter, tally: RunOutcomes, singles: SingleChanges
    ) -> None:
        self._context = context
        self._job = job
        self._journal = journal
        self._tally = tally
        self._singles = singles
        self._waiting: list[tuple[Entry, str]] = []
        self.size = MOST_AT_ONCE

    def add(self, entry: Entry, uuid: str) -> CallGenerator[None]:
        """Take one more; when there are enough, they are sent."""
        if self.size == 1:
            yield from self._singles.add(entry, uuid)
            return
        self._waiting.append((entry, uuid))
        if len(self._waiting) >= self.size:
            yield from self.finish()

    def finish(self) -> CallGenerator[None]:
        """Send those who wait.

        Raises:
            PostHogError: It would be the same with all others; what came of these is written down.
        """
        batch, self._waiting = self._waiting, []
        if batch:
            yield from self._send(batch)

    def _send(self, batch: Batch, *, again: bool = False) -> CallGenerator[None]:
        yield from self._journal.intents(batch)
        seen = Exchanged()
        try:
            answer = yield from seen.noting(
                bulk_delete(self._context, [uuid for _, uuid in batch], self._job.flags.to_json())
            )
            summary = read_summary(answer)
            decisions = of_summary(summary, [uuid for _, uuid in batch], self._job.flags)
        except PostHogError as error:
            yield from self._failed(batch, seen, error, again=again)
            return
        self._tally.fares_well()
        clear = [(entry, seen.settled(decision, uuid)) for entry, uuid in batch if (decision := decisions[uuid])]
        yield from self._tally.settle(clear)
        for entry, uuid in batch:
            if decisions[uuid] is None:
                yield from self._glance(entry, uuid, seen, queues=bool(summary and summary.queued))

    def _glance(self, entry: Entry, uuid: str, seen: Exchanged, *, queues: bool) -> CallGenerator[None]:
        """Look at somebody whom the server's summary does not account for."""
        try:
            person = yield from lookup.read(self._context, uuid)
        except PostHogError as error:
            self._leave_open([entry], decide(error, "delete", changing=False), error)
            return
        decision = after_a_glance(self._job.flags, is_there=person is not None, queues=queues)
        yield from self._tally.settle([(entry, seen.settled(decision, uuid))])

    # ------------------------------------------------------------------------------------------------ what went wrong

    def _failed(self, batch: Batch, seen: Exchanged, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        status = error.status_code if isinstance(error, APIStatusError) else None
        decision = decide(error, "delete", changing=True, doubtful=seen.doubtful)
        if status in _NOT_THERE and not seen.doubtful:
            decision = Decision("pending", "the server does not delete many at once", Trouble.STOPS)
            if self._job.using == "auto" and not self._job.flags.needs_bulk:
                yield from self._put_back(batch, seen, decision)
                yield from self._one_by_one(batch)
                return
            error.add_note(self._advice())
        if decision.state == "unknown":
            yield from self._doubt(batch, error, again=again)
            return
        if decision.state != "pending":
            # Of one person it would be a refusal; a whole batch is refused for what it is.
            decision = Decision("pending", decision.reason, Trouble.STOPS)
        if decision.certain:
            yield from self._put_back(batch, seen, decision)
        self._tally.put_off([entry for entry, _ in batch], decision, error)

    def _advice(self) -> str:
        what = "This server does not delete many at once. Nobody was deleted."
        if self._job.flags.needs_bulk:
            return f"{what} Recordings are deleted, and persons kept, in no other way."
        return f'{what} Leave using="bulk" out, and they are deleted one by one.'

    def _put_back(self, batch: Batch, seen: Exchanged, decision: Decision) -> CallGenerator[None]:
        """Write down that for certain nothing was done, so that the next run need not look."""
        yield from self._journal.outcomes([(entry, seen.settled(decision, uuid)) for entry, uuid in batch])

    def _one_by_one(self, batch: Batch) -> CallGenerator[None]:
        self.size = 1
        for entry, uuid in batch:
            yield from self._singles.add(entry, uuid)

    def _doubt(self, batch: Batch, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        """Look at each of a batch that may have been deleted; who is still there is sent again, once."""
        left: list[tuple[Entry, str]] = []
        for entry, uuid in batch:
            try:
                decision = yield from self._look(entry, uuid)
            except PostHogError as other:
                self._leave_open([entry], decide(other, "delete", changing=False), other)
                continue
            if decision is None:
                left.append((entry, uuid))
            else:
                yield from self._tally.settle([(entry, Outcome(decision.state, uuid, decision.reason))])
        if left and not again:
            yield from self._send(left, again=True)
        elif left:
            decision = Decision("pending", "no clear answer came, twice", Trouble.COUNTS, certain=False)
            self._leave_open([entry for entry, _ in left], decision, error)

    def _look(self, entry: Entry, uuid: str) -> CallGenerator[Decision | None]:
        flags = self._job.flags
        person = yield from lookup.read(self._context, uuid)
        decision = after_a_look(entry, person, flags, again=False)
        if decision is not None and decision.state == "unknown" and flags.delete_events:
            since = self._journal.of(entry).since
            decision = (yield from are_queued(self._context, uuid, since)) or decision
        return decision

    def _leave_open(self, entries: Sequence[Entry], decision: Decision, error: PostHogError) -> None:
        """Leave to the next run what may have been done: its intents stand, so that it looks first."""
        self._tally.put_off(entries, Decision("pending", decision.reason, decision.trouble, certain=False), error)

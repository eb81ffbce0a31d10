"""Up to 1,000 deletions with one request, and what came of each of them.

A batch is written down as meant before it is sent. An answer that accounts for all is the outcome of all; where it does
not, or no clear answer came, each of the batch is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from posthog_environments.bulk import lookups
from posthog_environments.bulk.events import are_queued
from posthog_environments.bulk.journal import Outcome
from posthog_environments.bulk.singles import Exchanged
from posthog_environments.bulk.summaries import after_a_glance, of_summary, read_summary
from posthog_environments.bulk.verdicts import Decision, Trouble, after_a_look, judge
from posthog_environments.errors import APIStatusError, PostHogError
from posthog_environments.operations.deletions import MOST_AT_ONCE, bulk_delete

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.ledger import JournalWriter
    from posthog_environments.bulk.singles import SingleChanges
    from posthog_environments.bulk.tally import RunOutcomes
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.calls.state import CallContext

__all__ = ["BulkDeletes"]

Batch: TypeAlias = "Sequence[tuple[Entry, str]]"
# How a server says that it does not have the operation: those of before take its name for that of a person.
_NOT_THERE: Final = frozenset({404, 405})


class BulkDeletes:
    """Deletes many at once, where the server does that; else, unless it was insisted on, one by one."""

    def __init__(
        self, scope: CallContext, job: Job, ledger: JournalWriter, tally: RunOutcomes, singles: SingleChanges
    ) -> None:
        self._scope = scope
        self._job = job
        self._ledger = ledger
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
        yield from self._ledger.intents(batch)
        seen = Exchanged()
        try:
            answer = yield from seen.noting(
                bulk_delete(self._scope, [uuid for _, uuid in batch], self._job.flags.to_json())
            )
            summary = read_summary(answer)
            verdicts = of_summary(summary, [uuid for _, uuid in batch], self._job.flags)
        except PostHogError as error:
            yield from self._failed(batch, seen, error, again=again)
            return
        self._tally.fares_well()
        clear = [(entry, seen.settled(verdict, uuid)) for entry, uuid in batch if (verdict := verdicts[uuid])]
        yield from self._tally.settle(clear)
        for entry, uuid in batch:
            if verdicts[uuid] is None:
                yield from self._glance(entry, uuid, seen, queues=bool(summary and summary.queued))

    def _glance(self, entry: Entry, uuid: str, seen: Exchanged, *, queues: bool) -> CallGenerator[None]:
        """Look at somebody whom the server's summary does not account for."""
        try:
            person = yield from lookups.read(self._scope, uuid)
        except PostHogError as error:
            self._leave_open([entry], judge(error, "delete", changing=False), error)
            return
        verdict = after_a_glance(self._job.flags, is_there=person is not None, queues=queues)
        yield from self._tally.settle([(entry, seen.settled(verdict, uuid))])

    # ------------------------------------------------------------------------------------------------ what went wrong

    def _failed(self, batch: Batch, seen: Exchanged, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        status = error.status_code if isinstance(error, APIStatusError) else None
        verdict = judge(error, "delete", changing=True, doubtful=seen.doubtful)
        if status in _NOT_THERE and not seen.doubtful:
            verdict = Decision("pending", "the server does not delete many at once", Trouble.STOPS)
            if self._job.using == "auto" and not self._job.flags.needs_bulk:
                yield from self._put_back(batch, seen, verdict)
                yield from self._one_by_one(batch)
                return
            error.add_note(self._advice())
        if verdict.state == "unknown":
            yield from self._doubt(batch, error, again=again)
            return
        if verdict.state != "pending":
            # Of one person it would be a refusal; a whole batch is refused for what it is.
            verdict = Decision("pending", verdict.reason, Trouble.STOPS)
        if verdict.certain:
            yield from self._put_back(batch, seen, verdict)
        self._tally.put_off([entry for entry, _ in batch], verdict, error)

    def _advice(self) -> str:
        what = "This server does not delete many at once. Nobody was deleted."
        if self._job.flags.needs_bulk:
            return f"{what} Recordings are deleted, and persons kept, in no other way."
        return f'{what} Leave using="bulk" out, and they are deleted one by one.'

    def _put_back(self, batch: Batch, seen: Exchanged, verdict: Decision) -> CallGenerator[None]:
        """Write down that for certain nothing was done, so that the next run need not look."""
        yield from self._ledger.outcomes([(entry, seen.settled(verdict, uuid)) for entry, uuid in batch])

    def _one_by_one(self, batch: Batch) -> CallGenerator[None]:
        self.size = 1
        for entry, uuid in batch:
            yield from self._singles.add(entry, uuid)

    def _doubt(self, batch: Batch, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        """Look at each of a batch that may have been deleted; who is still there is sent again, once."""
        left: list[tuple[Entry, str]] = []
        for entry, uuid in batch:
            try:
                verdict = yield from self._look(entry, uuid)
            except PostHogError as other:
                self._leave_open([entry], judge(other, "delete", changing=False), other)
                continue
            if verdict is None:
                left.append((entry, uuid))
            else:
                yield from self._tally.settle([(entry, Outcome(verdict.state, uuid, verdict.reason))])
        if left and not again:
            yield from self._send(left, again=True)
        elif left:
            verdict = Decision("pending", "no clear answer came, twice", Trouble.COUNTS, certain=False)
            self._leave_open([entry for entry, _ in left], verdict, error)

    def _look(self, entry: Entry, uuid: str) -> CallGenerator[Decision | None]:
        flags = self._job.flags
        person = yield from lookups.read(self._scope, uuid)
        verdict = after_a_look(entry, person, flags, again=False)
        if verdict is not None and verdict.state == "unknown" and flags.delete_events:
            since = self._ledger.of(entry).since
            verdict = (yield from are_queued(self._scope, uuid, since)) or verdict
        return verdict

    def _leave_open(self, entries: Sequence[Entry], verdict: Decision, error: PostHogError) -> None:
        """Leave to the next run what may have been done: its intents stand, so that it looks first."""
        self._tally.put_off(entries, Decision("pending", verdict.reason, verdict.trouble, certain=False), error)

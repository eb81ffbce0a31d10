"""One change after the other, each with its intent before it and its outcome after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from posthog_environments.bulk import lookup
from posthog_environments.bulk.decisions import Decision, decide, of_answer
from posthog_environments.bulk.journal import Outcome
from posthog_environments.calls.messages import (
    CallGenerator,
    ServerResponse,
    TransportFailure,
    is_doubtful,
    with_observer,
)
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import NotFoundError, OutcomeUnknown, PostHogError
from posthog_environments.operations import person_changes

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.run_outcomes import RunOutcomes

__all__ = ["Exchanged", "SingleChanges"]

T = TypeVar("T")


@dataclass(slots=True)
class Exchanged:
    """What went over the wire for one request."""

    doubtful: bool = False
    answer: ServerResponse | None = None

    def noting(self, generator: CallGenerator[T]) -> CallGenerator[T]:
        """Run a flow, and note what it receives."""

        def note(outcome: object) -> None:
            if isinstance(outcome, (ServerResponse, TransportFailure)):
                self.doubtful = self.doubtful or is_doubtful(outcome)
                self.answer = outcome if isinstance(outcome, ServerResponse) else None

        return with_observer(generator, note)

    def settled(self, decision: Decision, uuid: str) -> Outcome:
        """Return what the journal says of it."""
        status = self.answer.status_code if self.answer else None
        request_id = self.answer.headers.get("x-request-id") if self.answer else None
        return Outcome(decision.state, uuid, decision.reason, status, request_id)


class SingleChanges:
    """Makes changes one by one."""

    def __init__(self, context: CallContext, job: Job, journal: JournalWriter, tally: RunOutcomes) -> None:
        self._context = context
        self._job = job
        self._journal = journal
        self._tally = tally
        self.size = 1

    def add(self, entry: Entry, uuid: str) -> CallGenerator[None]:
        """Make a change, and write it down.

        Raises:
            PostHogError: It would be the same with all others; what came of this one is written down.
        """
        yield from self._journal.intents([(entry, uuid)])
        seen = Exchanged()
        try:
            yield from seen.noting(self._request(entry, uuid))
            if seen.answer is not None and seen.answer.status_code == 404:
                yield from lookup.make_sure(self._context)
        except PostHogError as failure:
            decision, error = yield from self._verdict(failure, seen)
            if decision.state != "pending":
                self._tally.fares(decision)
                yield from self._tally.settle([(entry, seen.settled(decision, uuid))])
            elif decision.certain:
                # So that the next run need not look whether it was done.
                yield from self._journal.outcomes([(entry, seen.settled(decision, uuid))])
            self._tally.put_off([entry], decision, error)
        else:
            self._tally.fares_well()
            yield from self._tally.settle([(entry, seen.settled(of_answer(seen.answer), uuid))])

    def finish(self) -> CallGenerator[None]:
        """Do what is left: nothing, for each change was made when it came."""
        yield from ()

    def _request(self, entry: Entry, uuid: str) -> CallGenerator[Any]:
        if entry.change is None:
            return person_changes.delete(self._context, uuid, delete_events=self._job.flags.delete_events)
        if entry.change.unset is not None:
            return person_changes.delete_property(self._context, uuid, entry.change.unset)
        return person_changes.update(self._context, uuid, entry.change.wanted)

    def _verdict(self, error: PostHogError, seen: Exchanged) -> CallGenerator[tuple[Decision, PostHogError]]:
        """Decide what comes of a change that failed, and by which error a run is to stop."""
        # After a doubtful attempt a 404 is no NotFoundError, as long as nothing has shown that the path is there.
        gone = isinstance(error, OutcomeUnknown) and seen.answer is not None and seen.answer.status_code == 404
        if gone or isinstance(error, NotFoundError):
            try:
                yield from lookup.make_sure(self._context)
            except PostHogError as other:
                return decide(other, self._job.task, changing=False, certain=False), other
        if gone and self._job.task == "delete" and not self._job.flags.delete_events:
            return of_answer(seen.answer), error
        return decide(error, self._job.task, changing=True, doubtful=seen.doubtful), error

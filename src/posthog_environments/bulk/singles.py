"""One change after the other, each with its intent before it and its outcome after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from posthog_environments.bulk import lookups
from posthog_environments.bulk.journal import Outcome
from posthog_environments.bulk.verdicts import Decision, judge, of_answer
from posthog_environments.calls.messages import CallGenerator, ServerResponse, TransportFailure, is_doubtful, watched
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import NotFoundError, OutcomeUnknown, PostHogError
from posthog_environments.operations import person_changes

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.ledger import JournalWriter
    from posthog_environments.bulk.tally import RunOutcomes

__all__ = ["Exchanged", "SingleChanges"]

T = TypeVar("T")


@dataclass(slots=True)
class Exchanged:
    """What went over the wire for one request."""

    doubtful: bool = False
    answer: ServerResponse | None = None

    def noting(self, flow: CallGenerator[T]) -> CallGenerator[T]:
        """Run a flow, and note what it receives."""

        def note(outcome: object) -> None:
            if isinstance(outcome, (ServerResponse, TransportFailure)):
                self.doubtful = self.doubtful or is_doubtful(outcome)
                self.answer = outcome if isinstance(outcome, ServerResponse) else None

        return watched(flow, note)

    def settled(self, verdict: Decision, uuid: str) -> Outcome:
        """Return what the journal says of it."""
        status = self.answer.status_code if self.answer else None
        request_id = self.answer.headers.get("x-request-id") if self.answer else None
        return Outcome(verdict.state, uuid, verdict.reason, status, request_id)


class SingleChanges:
    """Makes changes one by one."""

    def __init__(self, scope: CallContext, job: Job, ledger: JournalWriter, tally: RunOutcomes) -> None:
        self._scope = scope
        self._job = job
        self._ledger = ledger
        self._tally = tally
        self.size = 1

    def add(self, entry: Entry, uuid: str) -> CallGenerator[None]:
        """Make a change, and write it down.

        Raises:
            PostHogError: It would be the same with all others; what came of this one is written down.
        """
        yield from self._ledger.intents([(entry, uuid)])
        seen = Exchanged()
        try:
            yield from seen.noting(self._request(entry, uuid))
            if seen.answer is not None and seen.answer.status_code == 404:
                yield from lookups.make_sure(self._scope)
        except PostHogError as failure:
            verdict, error = yield from self._verdict(failure, seen)
            if verdict.state != "pending":
                self._tally.fares(verdict)
                yield from self._tally.settle([(entry, seen.settled(verdict, uuid))])
            elif verdict.certain:
                # So that the next run need not look whether it was done.
                yield from self._ledger.outcomes([(entry, seen.settled(verdict, uuid))])
            self._tally.put_off([entry], verdict, error)
        else:
            self._tally.fares_well()
            yield from self._tally.settle([(entry, seen.settled(of_answer(seen.answer), uuid))])

    def finish(self) -> CallGenerator[None]:
        """Do what is left: nothing, for each change was made when it came."""
        yield from ()

    def _request(self, entry: Entry, uuid: str) -> CallGenerator[Any]:
        if entry.change is None:
            return person_changes.delete(self._scope, uuid, delete_events=self._job.flags.delete_events)
        if entry.change.unset is not None:
            return person_changes.delete_property(self._scope, uuid, entry.change.unset)
        return person_changes.update(self._scope, uuid, entry.change.wanted)

    def _verdict(self, error: PostHogError, seen: Exchanged) -> CallGenerator[tuple[Decision, PostHogError]]:
        """Decide what comes of a change that failed, and by which error a run is to stop."""
        # After a doubtful attempt a 404 is no NotFoundError, as long as nothing has shown that the path is there.
        gone = isinstance(error, OutcomeUnknown) and seen.answer is not None and seen.answer.status_code == 404
        if gone or isinstance(error, NotFoundError):
            try:
                yield from lookups.make_sure(self._scope)
            except PostHogError as other:
                return judge(other, self._job.task, changing=False, certain=False), other
        if gone and self._job.task == "delete" and not self._job.flags.delete_events:
            return of_answer(seen.answer), error
        return judge(error, self._job.task, changing=True, doubtful=seen.doubtful), error

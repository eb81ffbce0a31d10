"""Sending the changes of a job: one by one, or up to 1,000 deletions with one request.

The intent of a change is in the journal before it is sent, and the outcome after it. A bulk response that accounts for
all persons is the outcome of all. If it does not, or if no clear response arrives, each person of the batch is looked
at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from posthog_environments.bulk import lookup
from posthog_environments.bulk.decisions import (
    Decision,
    Trouble,
    after_bulk_look,
    decide,
    of_answer,
    of_summary,
    read_summary,
)
from posthog_environments.calls.messages import (
    CallGenerator,
    ServerResponse,
    TransportFailure,
    is_doubtful,
    with_observer,
)
from posthog_environments.errors import APIStatusError, NotFoundError, OutcomeUnknown, PostHogError
from posthog_environments.operations import person_changes
from posthog_environments.operations.deletions import MOST_AT_ONCE, bulk_delete

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal import Outcome
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.run_outcomes import RunOutcomes
    from posthog_environments.calls.state import CallContext

__all__ = ["ChangeSender"]

T = TypeVar("T")
Batch: TypeAlias = "Sequence[tuple[Entry, str]]"
# Responses of servers without bulk deletion: older ones take its path for that of a person.
_NOT_THERE: Final = frozenset({404, 405})


@dataclass(slots=True)
class _Observed:
    """What was seen of one call: the last response, and whether an attempt may have made the change."""

    doubtful: bool = False
    answer: ServerResponse | None = None

    def observing(self, generator: CallGenerator[T]) -> CallGenerator[T]:
        """Run a call and observe its attempts."""

        def note(outcome: object) -> None:
            if isinstance(outcome, (ServerResponse, TransportFailure)):
                self.doubtful = self.doubtful or is_doubtful(outcome)
                self.answer = outcome if isinstance(outcome, ServerResponse) else None

        return with_observer(generator, note)

    def outcome(self, decision: Decision, uuid: str) -> Outcome:
        """Return the outcome for the journal."""
        status = self.answer.status_code if self.answer else None
        request_id = self.answer.headers.get("x-request-id") if self.answer else None
        return decision.outcome(uuid, status, request_id)


class ChangeSender:
    """Sends the changes of a job: deletions many at once if `using` and the server allow it, the rest one by one."""

    def __init__(self, context: CallContext, job: Job, journal: JournalWriter, outcomes: RunOutcomes) -> None:
        self._context = context
        self._job = job
        self._journal = journal
        self._outcomes = outcomes
        self._waiting: list[tuple[Entry, str]] = []
        self.size = MOST_AT_ONCE if job.task == "delete" and job.using != "single" else 1

    def add(self, entry: Entry, uuid: str) -> CallGenerator[None]:
        """Send a change; one of many at once when the batch is full.

        Raises:
            PostHogError: All other changes would fail in the same way. The outcomes so far are in the journal.
        """
        if self.size == 1:
            yield from self._send_one(entry, uuid)
            return
        self._waiting.append((entry, uuid))
        if len(self._waiting) >= self.size:
            yield from self.finish()

    def finish(self) -> CallGenerator[None]:
        """Send what is waiting. Raises like `add`."""
        batch, self._waiting = self._waiting, []
        if batch:
            yield from self._send_batch(batch)

    # ----------------------------------------------------------------------------------------------------- one by one

    def _send_one(self, entry: Entry, uuid: str) -> CallGenerator[None]:
        yield from self._journal.intents([(entry, uuid)])
        seen = _Observed()
        try:
            yield from seen.observing(self._request(entry, uuid))
            if seen.answer is not None and seen.answer.status_code == 404:
                yield from lookup.check_project(self._context)
        except PostHogError as failure:
            decision, error = yield from self._decide(failure, seen)
            if decision.state != "pending":
                self._outcomes.count(decision)
                yield from self._outcomes.settle([(entry, seen.outcome(decision, uuid))])
            elif decision.certain:
                # The next run need not look whether it was done.
                yield from self._journal.outcomes([(entry, seen.outcome(decision, uuid))])
            self._outcomes.put_off([entry], decision, error)
        else:
            self._outcomes.succeeded()
            yield from self._outcomes.settle([(entry, seen.outcome(of_answer(seen.answer), uuid))])

    def _request(self, entry: Entry, uuid: str) -> CallGenerator[Any]:
        if entry.change is None:
            return person_changes.delete(self._context, uuid, delete_events=self._job.flags.delete_events)
        if entry.change.unset is not None:
            return person_changes.delete_property(self._context, uuid, entry.change.unset)
        return person_changes.update(self._context, uuid, entry.change.wanted)

    def _decide(self, error: PostHogError, seen: _Observed) -> CallGenerator[tuple[Decision, PostHogError]]:
        """Return the decision on a failed change, and the error with which a run should stop."""
        # A 404 after a doubtful attempt is not a NotFoundError until another response has shown that the path exists.
        gone = isinstance(error, OutcomeUnknown) and seen.answer is not None and seen.answer.status_code == 404
        if gone or isinstance(error, NotFoundError):
            try:
                yield from lookup.check_project(self._context)
            except PostHogError as other:
                return decide(other, self._job.task, changing=False, certain=False), other
        if gone and self._job.task == "delete" and not self._job.flags.delete_events:
            return of_answer(seen.answer), error
        return decide(error, self._job.task, changing=True, doubtful=seen.doubtful), error

    # --------------------------------------------------------------------------------------------------- many at once

    def _send_batch(self, batch: Batch, *, again: bool = False) -> CallGenerator[None]:
        yield from self._journal.intents(batch)
        seen = _Observed()
        uuids = [uuid for _, uuid in batch]
        try:
            answer = yield from seen.observing(bulk_delete(self._context, uuids, self._job.flags.to_json()))
            summary = read_summary(answer)
            decisions = of_summary(summary, uuids, self._job.flags)
        except PostHogError as error:
            yield from self._failed(batch, seen, error, again=again)
            return
        self._outcomes.succeeded()
        clear = [(entry, seen.outcome(decision, uuid)) for entry, uuid in batch if (decision := decisions[uuid])]
        yield from self._outcomes.settle(clear)
        for entry, uuid in batch:
            if decisions[uuid] is None:
                yield from self._look_once(entry, uuid, seen, queues=bool(summary and summary.queued))

    def _look_once(self, entry: Entry, uuid: str, seen: _Observed, *, queues: bool) -> CallGenerator[None]:
        """Look at a person whom the response does not account for."""
        try:
            person = yield from lookup.read(self._context, uuid)
        except PostHogError as error:
            self._leave_open([entry], decide(error, "delete", changing=False), error)
            return
        decision = after_bulk_look(self._job.flags, is_there=person is not None, queues=queues)
        yield from self._outcomes.settle([(entry, seen.outcome(decision, uuid))])

    def _failed(self, batch: Batch, seen: _Observed, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        decision = decide(error, "delete", changing=True, doubtful=seen.doubtful)
        is_missing = isinstance(error, APIStatusError) and error.status_code in _NOT_THERE and not seen.doubtful
        if is_missing:
            decision = Decision("pending", "the server does not delete many at once", Trouble.STOPS)
        elif decision.state == "unknown":
            yield from self._look_at_each(batch, error, again=again)
            return
        elif decision.state != "pending":
            # A server that refuses a batch refuses the request, not a person.
            decision = Decision("pending", decision.reason, Trouble.STOPS)
        if decision.certain:
            # The next run need not look whether it was done.
            yield from self._journal.outcomes([(entry, seen.outcome(decision, uuid)) for entry, uuid in batch])
        if is_missing and self._job.using == "auto" and not self._job.flags.needs_bulk:
            self.size = 1
            for entry, uuid in batch:
                yield from self._send_one(entry, uuid)
            return
        if is_missing:
            error.add_note(self._advice())
        self._outcomes.put_off([entry for entry, _ in batch], decision, error)

    def _advice(self) -> str:
        what = "This server does not delete many at once. Nobody was deleted."
        if self._job.flags.needs_bulk:
            return f"{what} Recordings are deleted, and persons kept, in no other way."
        return f'{what} Leave using="bulk" out, and they are deleted one by one.'

    def _look_at_each(self, batch: Batch, error: PostHogError, *, again: bool) -> CallGenerator[None]:
        """Look at each person of a batch that may have been deleted. Delete those who are still there, once."""
        left: list[tuple[Entry, str]] = []
        for entry, uuid in batch:
            try:
                since = self._journal.of(entry).since
                decision = yield from lookup.look_again(self._context, entry, uuid, self._job.flags, since)
            except PostHogError as other:
                self._leave_open([entry], decide(other, "delete", changing=False), other)
                continue
            if decision is None:
                left.append((entry, uuid))
            else:
                yield from self._outcomes.settle([(entry, decision.outcome(uuid))])
        if left and not again:
            yield from self._send_batch(left, again=True)
        elif left:
            decision = Decision("pending", "no clear response, twice", Trouble.COUNTS, certain=False)
            self._leave_open([entry for entry, _ in left], decision, error)

    def _leave_open(self, entries: Sequence[Entry], decision: Decision, error: PostHogError) -> None:
        """Leave what may have been done to the next run. The intents stay open, so that it looks first."""
        self._outcomes.put_off(entries, Decision("pending", decision.reason, decision.trouble, certain=False), error)

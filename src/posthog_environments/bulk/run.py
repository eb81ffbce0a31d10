"""One run of a job: look-ups, then changes.

The intent of a change is on the disk before it is sent, the outcome after it. Settled inputs are not done again. If
there is an intent without an outcome, the person is looked at first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from posthog_environments.bulk import lookup
from posthog_environments.bulk.changes import ChangeSender
from posthog_environments.bulk.decisions import Decision, decide, of_finding
from posthog_environments.bulk.journal import EntryState, FoundPerson, Outcome
from posthog_environments.bulk.lookup import PersonLookup, name_of
from posthog_environments.bulk.outcomes import BulkProgress, BulkReport, Stage
from posthog_environments.bulk.run_outcomes import Callbacks, RunOutcomes, uuid_in_doubt
from posthog_environments.calls.messages import CallGenerator, RunBlocking
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import PostHogError
from posthog_environments.ratelimit.limiter import RATES, Bucket
from posthog_environments.results.models import distinct_ids_of

if TYPE_CHECKING:
    from posthog_environments.bulk.file import KeptIds
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter

__all__ = ["Run", "seconds_for"]

# After this time a person is looked up again.
FRESH: Final = timedelta(days=1)


class Run:
    """One run of a job."""

    def __init__(
        self,
        context: CallContext,
        job: Job,
        journal: JournalWriter,
        callbacks: Callbacks,
        *,
        retry_unknown: bool,
        kept: KeptIds | None = None,
    ) -> None:
        self._context = context
        self._job = job
        self._journal = journal
        self._callbacks = callbacks
        self._retry_unknown = retry_unknown
        self._kept = kept
        self._outcomes = RunOutcomes(job, journal, callbacks)
        self._distinct_ids: dict[str, list[str]] = {}

    def run(self) -> CallGenerator[BulkReport]:
        """Run the job, and return the report."""
        try:
            yield from self._journal.open()
            if self._kept is not None and not self._journal.dry_run:
                yield RunBlocking(self._kept.open)
            yield from self._look_up()
            if self._journal.dry_run or (yield from self._agreed()):
                if not self._journal.dry_run:
                    yield from self._carry_out()
                yield from self._journal.flush()
            return self._outcomes.report()
        except PostHogError as error:
            error.add_note(self._outcomes.progress_text())
            raise
        finally:
            self._journal.close()
            if self._kept is not None:
                self._kept.close()

    # ------------------------------------------------------------------------------------------------------ look-ups

    def _look_up(self) -> CallGenerator[None]:
        # Inputs of earlier runs first, so that no other input changes the same persons again.
        left = [entry for entry in self._job.entries if not self._is_known(entry, self._journal.of(entry))]
        to_find = [entry for entry in left if self._needs_finding(entry)]
        finder = PersonLookup(self._context, to_find)
        requests = finder.requests(to_find)
        for place, entry in enumerate(to_find):
            self._progress("look-ups", place, len(to_find), requests, "persons")
            yield from self._find(entry, finder)
        if to_find:
            self._progress("look-ups", len(to_find), len(to_find), requests, "persons")
        for entry in left:
            if entry not in self._outcomes:
                self._identify(entry, self._journal.of(entry))

    def _is_known(self, entry: Entry, standing: EntryState) -> bool:
        """Note an input that is a duplicate, is settled, or may have been sent. It need not be looked up."""
        if entry.same_as is not None:
            self._outcomes.note(entry, Outcome("duplicate", reason=f"the same as input {entry.same_as}"))
        elif standing.settled is not None and self._is_settled(standing.settled):
            self._outcomes.note(entry, standing.settled, earlier=True)
            if standing.settled.state not in ("refused", "duplicate"):
                self._outcomes.claim(entry, standing.settled.uuid)
        elif (uuid := uuid_in_doubt(standing)) is not None:
            # The person is looked at before the change is sent again.
            self._outcomes.claim(entry, uuid)
        else:
            return False
        return True

    def _is_settled(self, settled: Outcome) -> bool:
        if settled.state == "unknown" and self._retry_unknown:
            return settled.uuid is None
        return settled.state != "pending"

    def _needs_finding(self, entry: Entry) -> bool:
        if entry.uuid is not None and not self._journal.dry_run:
            # The change itself will show whether the person exists.
            return False
        return not self._is_fresh(self._journal.of(entry).found)

    def _is_fresh(self, found: FoundPerson | None) -> bool:
        return found is not None and found.time is not None and self._context.client.now() - found.time < FRESH

    def _find(self, entry: Entry, finder: PersonLookup) -> CallGenerator[None]:
        standing = self._journal.of(entry)
        before = standing.found
        try:
            result = yield from finder.find(entry)
        except PostHogError as error:
            if decision := self._outcomes.look_failed(entry, error):
                standing.settled = decision.outcome(None)
            return
        self._outcomes.succeeded()
        standing.found = result.found
        if result.person is not None and self._kept is not None:
            self._distinct_ids[result.person.uuid] = distinct_ids_of(result.person)
        self._outcomes.name(entry, name_of(result.person) if result.person is not None else None, result.similar)
        yield from self._journal.found(entry, result.found)
        if not result.found.persons and before is not None and self._outcomes.is_claimed(before.uuid):
            # Another input of this journal has meant the same person before.
            standing.settled = Outcome("already_gone", before.uuid, "this journal dealt with the person before")

    def _identify(self, entry: Entry, standing: EntryState) -> None:
        if entry.uuid is not None and not self._journal.dry_run and not self._is_fresh(standing.found):
            standing.found = FoundPerson(entry.uuid, 1, kind="id")
        if standing.settled is not None and standing.settled.state != "pending":
            return
        assert standing.found is not None
        decision = of_finding(entry, standing.found, self._job.task)
        decision = decision or self._outcomes.claim(entry, standing.found.uuid)
        if decision is not None:
            named = entry.key if entry.names_an_id and "-" in entry.key else None
            standing.settled = decision.outcome(standing.found.uuid or named)

    def _agreed(self) -> CallGenerator[bool]:
        confirm, plan = self._callbacks.confirm, self._outcomes.report()
        if confirm is None:
            return True
        answers: list[bool] = []

        def ask() -> None:
            answer = cast("object", confirm(plan))  # callers without a type checker are users too
            if not isinstance(answer, bool):
                raise TypeError(f"confirm must return True or False, not {type(answer).__name__}. Nothing was sent.")
            answers.append(answer)

        try:
            # A person may need time to answer.
            yield RunBlocking(ask)
        finally:
            if answers != [True]:
                self._journal.discard()
        return answers[0]

    # ------------------------------------------------------------------------------------------------------- changes

    def _carry_out(self) -> CallGenerator[None]:
        changes = ChangeSender(self._context, self._job, self._journal, self._outcomes)
        entries = self._job.entries
        bucket: Bucket = "deletes" if self._job.task == "delete" else "persons"
        for place, entry in enumerate(entries):
            self._progress("changes", place, len(entries), -(-len(entries) // changes.size), bucket)
            uuid = yield from self._to_send(entry)
            if uuid is not None and (self._kept is None or (yield from self._keep(entry, uuid, self._kept))):
                yield from changes.add(entry, uuid)
        yield from changes.finish()

    def _to_send(self, entry: Entry) -> CallGenerator[str | None]:
        """Return the uuid of the person whose change is to be sent; None if there is nothing to send."""
        standing = self._journal.of(entry)
        if entry in self._outcomes:
            if not (yield from self._settle_unknown(entry, standing)):
                self._outcomes.tell(entry)
            return None
        if (uuid := uuid_in_doubt(standing)) is not None:
            return (yield from self._resume(entry, uuid, standing))
        if standing.settled is not None and standing.settled.state != "pending":
            yield from self._outcomes.settle([(entry, standing.settled)], sync=False)
            return None
        assert standing.found is not None
        return standing.found.uuid

    def _resume(self, entry: Entry, uuid: str, standing: EntryState) -> CallGenerator[str | None]:
        """Look at the person of a change that may have been sent. Return it if it is to be sent again."""
        try:
            seen = yield from lookup.look_again(
                self._context, entry, uuid, self._job.flags, standing.since, again=self._retry_unknown
            )
        except PostHogError as error:
            if decision := self._outcomes.look_failed(entry, error):
                yield from self._outcomes.settle([(entry, Outcome("unknown", uuid, decision.reason))])
            return None
        if seen is None:
            return uuid
        self._outcomes.succeeded()
        yield from self._outcomes.settle([(entry, seen.outcome(uuid))])
        return None

    def _settle_unknown(self, entry: Entry, standing: EntryState) -> CallGenerator[bool]:
        """Settle what an earlier run left as unknown, if events were to go and the server lists their deletion."""
        settled = standing.settled
        if settled is None or settled.state != "unknown" or not settled.uuid or not self._job.flags.delete_events:
            return False
        try:
            decision = yield from lookup.queued_deletion(self._context, settled.uuid, standing.since)
        except PostHogError as error:
            self._outcomes.put_off([], decide(error, self._job.task, changing=False), error)
            return False
        if decision is None:
            return False
        yield from self._outcomes.settle([(entry, decision.outcome(settled.uuid))])
        return True

    def _keep(self, entry: Entry, uuid: str, kept: KeptIds) -> CallGenerator[bool]:
        """Write down the distinct ids of a person. Return False if the person does not exist."""
        distinct_ids = self._distinct_ids.get(uuid)
        try:
            if distinct_ids is None:
                person = yield from lookup.read(self._context, uuid)
                distinct_ids = None if person is None else distinct_ids_of(person)
        except PostHogError as error:
            if decision := self._outcomes.look_failed(entry, error):
                yield from self._outcomes.settle([(entry, decision.outcome(uuid))])
            return False
        if distinct_ids is None:
            gone = Decision("already_gone", "not found when the distinct ids were to be kept")
            yield from self._outcomes.settle([(entry, gone.outcome(uuid))])
            return False
        yield RunBlocking(lambda: kept.write(uuid, distinct_ids))
        return True

    def _progress(self, stage: Stage, done: int, total: int, requests: int, bucket: Bucket) -> None:
        """Report the progress. `requests` is the number of requests of the whole stage."""
        if self._callbacks.on_progress is None:
            return
        left = -(-requests * (total - done) // total)
        seconds = seconds_for(left, bucket) if self._context.options.pacing else 0.0
        self._callbacks.on_progress(BulkProgress(stage, done, total, seconds))


def seconds_for(requests: int, bucket: Bucket) -> float:
    """Return how long the documented rate limits delay this many requests, if there were none before."""
    waits: Sequence[float] = [max(0, requests - 1) // most * period for most, period in RATES[bucket]]
    return float(max(waits))

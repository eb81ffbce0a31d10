"""One run of a job: whom each input means, then the changes, each written down.

Before a change is sent its intent is on the disk, and after it the outcome. What the journal says is settled is not
done again, and of what was meant and has no outcome the person is looked at first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from posthog_environments.bulk import lookup
from posthog_environments.bulk.bulk_deletes import BulkDeletes
from posthog_environments.bulk.decisions import Decision, after_a_look, decide, of_finding
from posthog_environments.bulk.events import are_queued
from posthog_environments.bulk.journal import EntryState, FoundPerson, Outcome
from posthog_environments.bulk.lookup import PersonLookup, name_of
from posthog_environments.bulk.outcomes import BulkProgress, BulkReport, Stage
from posthog_environments.bulk.run_outcomes import Callbacks, RunOutcomes, meant
from posthog_environments.bulk.single_changes import SingleChanges
from posthog_environments.calls.messages import CallGenerator, RunBlocking
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import PostHogError
from posthog_environments.ratelimit.limiter import RATES, Bucket
from posthog_environments.results.models import distinct_ids_of

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.keep import KeptIds

__all__ = ["Run", "seconds_for"]

# Whom an input means may change: after so long it is looked up again.
FRESH: Final = timedelta(days=1)


class Run:
    """One run of a job."""

    def __init__(
        self,
        context: CallContext,
        job: Job,
        journal: JournalWriter,
        hooks: Callbacks,
        *,
        retry_unknown: bool,
        kept: KeptIds | None = None,
    ) -> None:
        self._context = context
        self._job = job
        self._journal = journal
        self._hooks = hooks
        self._retry_unknown = retry_unknown
        self._kept = kept
        self._tally = RunOutcomes(job, journal, hooks)
        # What earlier runs left as unknown, and a row of deletion_status may close.
        self._open_questions: dict[int, str] = {}
        self._distinct_ids: dict[str, list[str]] = {}

    def run(self) -> CallGenerator[BulkReport]:
        """Do all that is to be done; return the report."""
        try:
            yield from self._journal.open()
            if self._kept is not None and not self._journal.dry_run:
                yield RunBlocking(self._kept.open)
            yield from self._look_up()
            if self._journal.dry_run or (yield from self._agreed()):
                if not self._journal.dry_run:
                    yield from self._carry_out()
                yield from self._journal.flush()
            return self._tally.report()
        except PostHogError as error:
            error.add_note(self._tally.where_it_stands())
            raise
        finally:
            self._journal.close()
            if self._kept is not None:
                self._kept.close()

    # ------------------------------------------------------------------------------------------- whom the inputs mean

    def _look_up(self) -> CallGenerator[None]:
        # First those of earlier runs: what they have done, nobody else does again.
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
            if entry not in self._tally:
                self._identify(entry, self._journal.of(entry))

    def _is_known(self, entry: Entry, standing: EntryState) -> bool:
        """Tell whether an input says the same as another, is settled, or may be; then nobody need be looked up."""
        if entry.same_as is not None:
            self._tally.note(entry, Outcome("duplicate", reason=f"the same as input {entry.same_as}"))
        elif standing.settled is not None and self._is_settled(standing.settled):
            self._tally.note(entry, standing.settled, earlier=True)
            if standing.settled.state == "unknown" and standing.settled.uuid and self._job.flags.delete_events:
                self._open_questions[entry.number] = standing.settled.uuid
            if standing.settled.state not in ("refused", "duplicate"):
                self._tally.claim(entry, standing.settled.uuid)
        elif (uuid := meant(standing)) is not None:
            # The person is looked at when its turn comes.
            self._tally.claim(entry, uuid)
        else:
            return False
        return True

    def _is_settled(self, settled: Outcome) -> bool:
        if settled.state == "unknown" and self._retry_unknown:
            return settled.uuid is None
        return settled.state != "pending"

    def _needs_finding(self, entry: Entry) -> bool:
        if entry.uuid is not None and not self._journal.dry_run:
            # It says whom it means, and whether anybody is there the change itself will tell.
            return False
        return not self._is_fresh(self._journal.of(entry).found)

    def _is_fresh(self, found: FoundPerson | None) -> bool:
        return found is not None and found.time is not None and self._context.client.now() - found.time < FRESH

    def _find(self, entry: Entry, finder: PersonLookup) -> CallGenerator[None]:
        standing = self._journal.of(entry)
        before = standing.found
        try:
            sighting = yield from finder.find(entry)
        except PostHogError as error:
            decision = decide(error, self._job.task, changing=False)
            if decision.state == "pending":
                self._tally.put_off([entry], decision, error)
            else:
                standing.settled = Outcome(decision.state, None, decision.reason)
            return
        self._tally.fares_well()
        standing.found = sighting.found
        if sighting.person is not None and self._kept is not None:
            self._distinct_ids[sighting.person.uuid] = distinct_ids_of(sighting.person)
        self._tally.name(entry, name_of(sighting.person) if sighting.person is not None else None, sighting.similar)
        yield from self._journal.found(entry, sighting.found)
        if not sighting.found.persons and before is not None and self._tally.is_claimed(before.uuid):
            # Under another input this journal has dealt with the person whom this one meant.
            standing.settled = Outcome("already_gone", before.uuid, "this journal dealt with the person before")

    def _identify(self, entry: Entry, standing: EntryState) -> None:
        if entry.uuid is not None and not self._journal.dry_run and not self._is_fresh(standing.found):
            standing.found = FoundPerson(entry.uuid, 1, kind="id")
        if standing.settled is not None and standing.settled.state != "pending":
            return
        assert standing.found is not None
        decision = of_finding(entry, standing.found, self._job.task)
        decision = decision or self._tally.claim(entry, standing.found.uuid)
        if decision is not None:
            named = entry.key if entry.names_an_id and "-" in entry.key else None
            standing.settled = Outcome(decision.state, standing.found.uuid or named, decision.reason)

    def _agreed(self) -> CallGenerator[bool]:
        confirm, plan = self._hooks.confirm, self._tally.report()
        if confirm is None:
            return True
        said: list[bool] = []
        try:
            # Somebody may have to think about it.
            yield RunBlocking(lambda: said.append(confirm(plan)))
        finally:
            if said != [True]:
                self._journal.discard()
        return said[0]

    # ----------------------------------------------------------------------------------------------------- the changes

    def _carry_out(self) -> CallGenerator[None]:
        singles = SingleChanges(self._context, self._job, self._journal, self._tally)
        at_once = self._job.task == "delete" and self._job.using != "single"
        sender = BulkDeletes(self._context, self._job, self._journal, self._tally, singles) if at_once else singles
        entries = self._job.entries
        bucket: Bucket = "deletes" if self._job.task == "delete" else "persons"
        for place, entry in enumerate(entries):
            self._progress("changes", place, len(entries), -(-len(entries) // sender.size), bucket)
            uuid = yield from self._to_send(entry)
            if uuid is not None and (self._kept is None or (yield from self._keep(entry, uuid, self._kept))):
                yield from sender.add(entry, uuid)
        yield from sender.finish()

    def _to_send(self, entry: Entry) -> CallGenerator[str | None]:
        """Return the person of a change that is to be sent; None where there is nothing to send."""
        standing = self._journal.of(entry)
        if entry in self._tally:
            if entry.number not in self._open_questions or not (yield from self._close_question(entry, standing)):
                self._tally.tell(entry)
            return None
        if (uuid := meant(standing)) is not None:
            return (yield from self._take_up(entry, uuid, standing))
        if standing.settled is not None and standing.settled.state != "pending":
            yield from self._tally.settle([(entry, standing.settled)], sync=False)
            return None
        assert standing.found is not None
        return standing.found.uuid

    def _take_up(self, entry: Entry, uuid: str, standing: EntryState) -> CallGenerator[str | None]:
        """Go on with a change that may have been sent: look first."""
        try:
            person = yield from lookup.read(self._context, uuid)
            seen = after_a_look(entry, person, self._job.flags, again=self._retry_unknown)
            if seen is not None and seen.state == "unknown" and self._job.flags.delete_events:
                seen = (yield from are_queued(self._context, uuid, standing.since)) or seen
        except PostHogError as error:
            decision = decide(error, self._job.task, changing=False)
            if decision.state != "pending":
                yield from self._tally.settle([(entry, Outcome("unknown", uuid, decision.reason))])
            self._tally.put_off([entry], decision, error)
            return None
        if seen is None:
            return uuid
        self._tally.fares_well()
        yield from self._tally.settle([(entry, Outcome(seen.state, uuid, seen.reason))])
        return None

    def _close_question(self, entry: Entry, standing: EntryState) -> CallGenerator[bool]:
        """Close what an earlier run left as unknown, if the server shows that it was done."""
        uuid = self._open_questions[entry.number]
        try:
            decision = yield from are_queued(self._context, uuid, standing.since)
        except PostHogError as error:
            self._tally.put_off([], decide(error, self._job.task, changing=False), error)
            return False
        if decision is None:
            return False
        yield from self._tally.settle([(entry, Outcome(decision.state, uuid, decision.reason))])
        return True

    def _keep(self, entry: Entry, uuid: str, kept: KeptIds) -> CallGenerator[bool]:
        """Write a person's distinct ids down before the person goes; False where there is nobody to go any more."""
        distinct_ids = self._distinct_ids.get(uuid)
        try:
            if distinct_ids is None:
                person = yield from lookup.read(self._context, uuid)
                distinct_ids = None if person is None else distinct_ids_of(person)
        except PostHogError as error:
            decision = decide(error, self._job.task, changing=False)
            if decision.state != "pending":
                yield from self._tally.settle([(entry, Outcome(decision.state, uuid, decision.reason))])
            self._tally.put_off([entry], decision, error)
            return False
        if distinct_ids is None:
            gone = Decision("already_gone", "not found when the distinct ids were to be kept")
            yield from self._tally.settle([(entry, Outcome(gone.state, uuid, gone.reason))])
            return False
        yield RunBlocking(lambda: kept.write(uuid, distinct_ids))
        return True

    def _progress(self, stage: Stage, done: int, total: int, requests: int, bucket: Bucket) -> None:
        """Tell how far the job is; `requests` is how many all of this stage takes."""
        if self._hooks.on_progress is None:
            return
        left = -(-requests * (total - done) // total)
        seconds = seconds_for(left, bucket) if self._context.options.pacing else 0.0
        self._hooks.on_progress(BulkProgress(stage, done, total, seconds))


def seconds_for(requests: int, bucket: Bucket) -> float:
    """Return for how long so many requests must wait for the documented rates, if none was made before."""
    waits: Sequence[float] = [max(0, requests - 1) // most * period for most, period in RATES[bucket]]
    return float(max(waits))

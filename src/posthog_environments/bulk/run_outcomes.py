"""The outcomes of a run: kept, written to the journal and reported; and when a run stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posthog_environments.bulk.decisions import TOO_MANY, Decision, Trouble, decide
from posthog_environments.bulk.journal import EntryState, Outcome
from posthog_environments.bulk.outcomes import BulkOutcome, BulkProgress, BulkReport, SimilarPerson

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.errors import PostHogError

__all__ = ["Callbacks", "RunOutcomes", "uuid_in_doubt"]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """The callbacks of the caller."""

    confirm: Callable[[BulkReport], bool] | None = None
    on_outcome: Callable[[BulkOutcome], object] | None = None
    on_progress: Callable[[BulkProgress], object] | None = None


class RunOutcomes:
    """The outcomes of the inputs of one run."""

    def __init__(self, job: Job, journal: JournalWriter, callbacks: Callbacks) -> None:
        self._job = job
        self._journal = journal
        self._callbacks = callbacks
        self._outcomes: dict[int, BulkOutcome] = {}
        self._names: dict[int, str | None] = {}
        self._similar: dict[int, tuple[SimilarPerson, ...]] = {}
        self._claims: dict[tuple[str, str], Entry] = {}
        self._failures = 0

    def __contains__(self, entry: Entry) -> bool:
        return entry.number in self._outcomes

    def name(self, entry: Entry, name: str | None, similar: tuple[SimilarPerson, ...]) -> None:
        """Remember names, which the journal does not store."""
        self._names[entry.number] = name
        self._similar[entry.number] = similar

    def claim(self, entry: Entry, uuid: str | None) -> Decision | None:
        """Note the person of an input. Return a decision if another input has the same person."""
        names = entry.change.names if entry.change else frozenset({""})
        for name in sorted(names) if uuid is not None else ():
            other = self._claims.setdefault((uuid or "", name), entry)
            if other is entry:
                continue
            if entry.change is None or other.change is None:
                return Decision("duplicate", f"the same person as input {other.number}")
            if entry.change.contradicts(other.change):
                return Decision("refused", f"input {other.number} changes {name!r} of the same person differently")
        return None

    def is_claimed(self, uuid: str | None) -> bool:
        """Return whether an input has this person."""
        return uuid is not None and (uuid, "") in self._claims

    # -------------------------------------------------------------------------------------------------------- outcomes

    def note(self, entry: Entry, settled: Outcome, *, earlier: bool = False) -> None:
        """Note the outcome of an input."""
        self._outcomes[entry.number] = self._told(entry, settled, earlier=earlier)

    def tell(self, entry: Entry) -> None:
        """Pass the outcome of an input to the callback."""
        if self._callbacks.on_outcome is not None:
            self._callbacks.on_outcome(self._outcomes[entry.number])

    def settle(self, settled: Sequence[tuple[Entry, Outcome]], *, sync: bool = True) -> CallGenerator[None]:
        """Write outcomes to the journal, and pass them to the callback."""
        if not settled:
            return
        yield from self._journal.outcomes(settled, sync=sync)
        for entry, each in settled:
            self.note(entry, each)
            self.tell(entry)

    # -------------------------------------------------------------------------------------------------------- failures

    def succeeded(self) -> None:
        """Reset the count of failures in a row."""
        self._failures = 0

    def count(self, decision: Decision) -> None:
        """Count a settled input as a failure in a row, or reset the count."""
        self._failures = self._failures + 1 if decision.trouble is Trouble.COUNTS else 0

    def put_off(self, entries: Sequence[Entry], decision: Decision, error: PostHogError) -> None:
        """Note pending inputs, and stop the run if all others would fail, too.

        Raises:
            PostHogError: The error, if the run stops.
        """
        if decision.state == "pending":
            self._failures += 1
            for entry in entries:
                self.note(entry, Outcome("pending", uuid_in_doubt(self._journal.of(entry)), decision.reason))
        if decision.trouble is Trouble.STOPS or self._failures >= TOO_MANY:
            raise error

    def look_failed(self, entry: Entry, error: PostHogError) -> Decision | None:
        """Put off an input whose person could not be looked up now; or return the decision if that is final.

        Raises:
            PostHogError: The error, if the run stops.
        """
        decision = decide(error, self._job.task, changing=False)
        if decision.state != "pending":
            return decision
        self.put_off([entry], decision, error)
        return None

    # ---------------------------------------------------------------------------------------------------------- report

    def report(self) -> BulkReport:
        """Return the outcomes so far, and what would be done with the other inputs."""
        entries = self._job.entries
        return BulkReport(tuple(self._outcomes.get(entry.number) or self._planned(entry) for entry in entries))

    def _told(self, entry: Entry, settled: Outcome, *, earlier: bool = False) -> BulkOutcome:
        """Return an outcome as the caller gets it, with what a journal does not store."""
        found = self._journal.of(entry).found
        by, similar = entry.by, self._similar.get(entry.number, ())
        if found is not None:
            by = found.kind or by
            similar = similar or tuple(SimilarPerson(uuid) for uuid in found.similar)
        return BulkOutcome(
            entry.number, by, entry.key, settled.state, settled.uuid, self._names.get(entry.number), settled.reason,
            settled.status, settled.request_id, earlier, similar,
        )  # fmt: skip

    def _planned(self, entry: Entry) -> BulkOutcome:
        """Return the outcome of an input that this run has not processed yet."""
        standing = self._journal.of(entry)
        doubtful = uuid_in_doubt(standing)
        if doubtful is not None:
            reason = "it may have been done before, so the person is looked at first"
            return self._told(entry, Outcome("pending", doubtful, reason))
        uuid = standing.found.uuid if standing.found is not None else None
        if standing.settled is not None and standing.settled.state != "pending":
            return self._told(entry, Outcome(standing.settled.state, uuid, standing.settled.reason))
        return self._told(entry, Outcome("pending", uuid))

    def progress_text(self) -> str:
        """Return how far the job is, and how to continue."""
        report = self.report()
        left = report.pending
        return (
            f"{len(report) - left} of {len(report)} are settled, {left} are pending. "
            f"The same call{self._journal.place} continues from here."
        )


def uuid_in_doubt(standing: EntryState) -> str | None:
    """Return the person of a change that may have been sent; None if there is none."""
    if standing.settled is not None and standing.settled.state == "unknown":
        return standing.settled.uuid
    return standing.intent

"""What has come of each input of a run: noted, written down and told; and when a run gives up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from posthog_environments.bulk.decisions import TOO_MANY, Decision, Trouble
from posthog_environments.bulk.journal import EntryState, Outcome
from posthog_environments.bulk.outcomes import BulkOutcome, BulkProgress, BulkReport, SimilarPerson

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import Entry, Job
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.errors import PostHogError

__all__ = ["Callbacks", "RunOutcomes", "meant"]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the caller wants to be asked and told."""

    confirm: Callable[[BulkReport], bool] | None = None
    on_outcome: Callable[[BulkOutcome], object] | None = None
    on_progress: Callable[[BulkProgress], object] | None = None


class RunOutcomes:
    """What has come of the inputs of one run."""

    def __init__(self, job: Job, journal: JournalWriter, hooks: Callbacks) -> None:
        self._job = job
        self._journal = journal
        self._hooks = hooks
        self._outcomes: dict[int, BulkOutcome] = {}
        self._names: dict[int, str | None] = {}
        self._similar: dict[int, tuple[SimilarPerson, ...]] = {}
        self._claims: dict[tuple[str, str], Entry] = {}
        self._troubles = 0

    def __contains__(self, entry: Entry) -> bool:
        return entry.number in self._outcomes

    def name(self, entry: Entry, name: str | None, similar: tuple[SimilarPerson, ...]) -> None:
        """Remember names that only this run knows."""
        self._names[entry.number] = name
        self._similar[entry.number] = similar

    def claim(self, entry: Entry, uuid: str | None) -> Decision | None:
        """Note that an input is about a person; return what comes of it where another one was about the same."""
        names = entry.change.names if entry.change else frozenset({""})
        for name in sorted(names) if uuid is not None else ():
            other = self._claims.setdefault((uuid or "", name), entry)
            if other is entry:
                continue
            if entry.change is None or other.change is None:
                return Decision("duplicate", f"the same person as input {other.number}")
            if entry.change.contradicts(other.change):
                return Decision("refused", f"input {other.number} changes {name!r} of the same person otherwise")
        return None

    def is_claimed(self, uuid: str | None) -> bool:
        """Tell whether another input is about this person."""
        return uuid is not None and (uuid, "") in self._claims

    # -------------------------------------------------------------------------------------------------------- outcomes

    def note(self, entry: Entry, settled: Outcome, *, earlier: bool = False) -> None:
        """Note what came of an input."""
        self._outcomes[entry.number] = replace(
            self._blank(entry), state=settled.state, uuid=settled.uuid, reason=settled.reason, status=settled.status,
            request_id=settled.request_id, earlier=earlier,
        )  # fmt: skip

    def tell(self, entry: Entry) -> None:
        """Tell the caller what came of an input."""
        if self._hooks.on_outcome is not None:
            self._hooks.on_outcome(self._outcomes[entry.number])

    def settle(self, settled: Sequence[tuple[Entry, Outcome]], *, sync: bool = True) -> CallGenerator[None]:
        """Write down what came of inputs, and tell it."""
        if not settled:
            return
        yield from self._journal.outcomes(settled, sync=sync)
        for entry, each in settled:
            self.note(entry, each)
            self.tell(entry)

    # --------------------------------------------------------------------------------------------------------- trouble

    def fares_well(self) -> None:
        """Note that the server does what it is asked to."""
        self._troubles = 0

    def fares(self, decision: Decision) -> None:
        """Note how the server fared with something that is settled."""
        self._troubles = self._troubles + 1 if decision.trouble is Trouble.COUNTS else 0

    def put_off(self, entries: Sequence[Entry], decision: Decision, error: PostHogError) -> None:
        """Leave to the next run what is pending, and stop where it would be the same with all others.

        Raises:
            PostHogError: The error, where the run is to stop.
        """
        if decision.state == "pending":
            self._troubles += 1
            for entry in entries:
                self.note(entry, Outcome("pending", meant(self._journal.of(entry)), decision.reason))
        if decision.trouble is Trouble.STOPS or self._troubles >= TOO_MANY:
            raise error

    # ---------------------------------------------------------------------------------------------------------- report

    def report(self) -> BulkReport:
        """Return what came of all inputs so far, and what would be done with the others."""
        entries = self._job.entries
        return BulkReport(tuple(self._outcomes.get(entry.number) or self._planned(entry) for entry in entries))

    def _blank(self, entry: Entry) -> BulkOutcome:
        found = self._journal.of(entry).found
        by = entry.by if found is None or found.kind is None else found.kind
        similar = self._similar.get(entry.number, ())
        if not similar and found is not None:
            similar = tuple(SimilarPerson(uuid) for uuid in found.similar)
        name = self._names.get(entry.number)
        return BulkOutcome(entry.number, by, entry.key, "pending", name=name, similar=similar)

    def _planned(self, entry: Entry) -> BulkOutcome:
        """Describe an input of which nothing has come yet in this run."""
        standing = self._journal.of(entry)
        doubtful = meant(standing)
        uuid = doubtful or (standing.found.uuid if standing.found is not None else None)
        outcome = replace(self._blank(entry), uuid=uuid)
        if doubtful is not None:
            return replace(outcome, reason="it may have been done before, so the person is looked at first")
        if standing.settled is not None and standing.settled.state != "pending":
            return replace(outcome, state=standing.settled.state, reason=standing.settled.reason)
        return outcome

    def where_it_stands(self) -> str:
        """Say how far the job is, and how to go on."""
        report = self.report()
        left = report.pending
        return (
            f"{len(report) - left} of {len(report)} are settled, {left} are pending. "
            f"The same call{self._journal.place} goes on from here."
        )


def meant(standing: EntryState) -> str | None:
    """Return the uuid of a change that may have been sent."""
    if standing.settled is not None and standing.settled.state == "unknown":
        return standing.settled.uuid
    return standing.intent

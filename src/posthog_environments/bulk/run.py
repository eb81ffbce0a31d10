"""One run of a job: whom each input means, then one change after the other, each written down.

Before a change is sent its intent is on the disk, and after it the outcome. What the journal says is settled is not
done again, and of what was meant and has no outcome the person is looked at first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from posthog_environments import persons
from posthog_environments.bulk import lookups
from posthog_environments.bulk.jobs import BulkOutcome, BulkReport, Entry, Job
from posthog_environments.bulk.journal import Found, Settled, Standing
from posthog_environments.bulk.verdicts import (
    TOO_MANY,
    Trouble,
    Verdict,
    after_a_look,
    check,
    judge,
    of_answer,
    of_finding,
)
from posthog_environments.errors import NotFoundError, PostHogError
from posthog_environments.exchange import Answer, Do, Failed, Flow, Scope, is_doubtful, watched

if TYPE_CHECKING:
    from posthog_environments.bulk.ledger import Ledger

__all__ = ["Hooks", "Run"]

T = TypeVar("T")
# Whom an input means may change: after so long it is looked up again.
FRESH: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller wants to be asked and told."""

    confirm: Callable[[BulkReport], bool] | None
    on_outcome: Callable[[BulkOutcome], object] | None


@dataclass(slots=True)
class _Seen:
    """What went over the wire for one change."""

    doubtful: bool = False
    answer: Answer | None = None

    def noting(self, flow: Flow[T]) -> Flow[T]:
        """Run a flow, and note what it receives."""

        def note(outcome: object) -> None:
            if isinstance(outcome, (Answer, Failed)):
                self.doubtful = self.doubtful or is_doubtful(outcome)
                self.answer = outcome if isinstance(outcome, Answer) else None

        return watched(flow, note)

    def settled(self, verdict: Verdict, uuid: str) -> Settled:
        """Return what the journal says of it."""
        status = self.answer.status_code if self.answer else None
        request_id = self.answer.headers.get("x-request-id") if self.answer else None
        return Settled(verdict.state, uuid, verdict.reason, status, request_id)


class Run:
    """One run of a job."""

    def __init__(self, scope: Scope, job: Job, ledger: Ledger, hooks: Hooks, *, retry_unknown: bool) -> None:
        self._scope = scope
        self._job = job
        self._ledger = ledger
        self._hooks = hooks
        self._retry_unknown = retry_unknown
        self._outcomes: dict[int, BulkOutcome] = {}
        self._names: dict[int, str | None] = {}
        self._claims: dict[tuple[str, str], Entry] = {}
        self._troubles = 0

    def run(self) -> Flow[BulkReport]:
        """Do all that is to be done; return the report."""
        try:
            yield from self._ledger.open()
            yield from self._look_up()
            if not self._ledger.dry_run and (yield from self._agreed()):
                yield from self._carry_out()
                yield from self._ledger.flush()
            return self._report()
        except PostHogError as error:
            error.add_note(self._where_it_stands())
            raise
        finally:
            self._ledger.close()

    # ------------------------------------------------------------------------------------------- whom the inputs mean

    def _look_up(self) -> Flow[None]:
        # First those of earlier runs: what they have done, nobody else does again.
        unknown = [entry for entry in self._job.entries if not self._is_known(entry, self._ledger.of(entry))]
        for entry in unknown:
            yield from self._identify(entry, self._ledger.of(entry))

    def _is_known(self, entry: Entry, standing: Standing) -> bool:
        """Tell whether an input says the same as another, is settled, or may be; then nobody need be looked up."""
        if entry.same_as is not None:
            self._note(entry, Settled("duplicate", reason=f"the same as input {entry.same_as}"))
        elif standing.settled is not None and self._is_settled(standing.settled):
            self._note(entry, standing.settled, earlier=True)
            if standing.settled.state not in ("refused", "duplicate"):
                self._claim(entry, standing.settled.uuid)
        elif (uuid := _meant(standing)) is not None:
            # The person is looked at when its turn comes.
            self._claim(entry, uuid)
        else:
            return False
        return True

    def _is_settled(self, settled: Settled) -> bool:
        if settled.state == "unknown" and self._retry_unknown:
            return settled.uuid is None
        return settled.state != "pending"

    def _identify(self, entry: Entry, standing: Standing) -> Flow[None]:
        if entry.uuid is not None and not self._ledger.dry_run:
            # It says whom it means, and whether anybody is there the change itself will tell.
            standing.found = Found(entry.uuid, 1)
        elif not self._is_fresh(standing.found):
            try:
                standing.found, self._names[entry.number] = yield from lookups.find(self._scope, entry)
            except PostHogError as error:
                self._cannot_tell(entry, standing, error)
                return
            self._troubles = 0
            yield from self._ledger.found(entry, standing.found)
        assert standing.found is not None
        verdict = of_finding(entry, standing.found, self._job.task) or self._claim(entry, standing.found.uuid)
        if verdict is not None:
            standing.settled = Settled(verdict.state, standing.found.uuid, verdict.reason)

    def _cannot_tell(self, entry: Entry, standing: Standing, error: PostHogError) -> None:
        verdict = judge(error, self._job.task, changing=False)
        if verdict.state == "pending":
            self._put_off(entry, verdict, error)
        else:
            standing.settled = Settled(verdict.state, None, verdict.reason)

    def _is_fresh(self, found: Found | None) -> bool:
        return found is not None and found.time is not None and self._scope.session.now() - found.time < FRESH

    def _claim(self, entry: Entry, uuid: str | None) -> Verdict | None:
        """Note that an input is about a person; return what comes of it where another one was about the same."""
        names = entry.change.names if entry.change else frozenset({""})
        for name in sorted(names) if uuid is not None else ():
            other = self._claims.setdefault((uuid or "", name), entry)
            if other is entry:
                continue
            if entry.change is None or other.change is None:
                return Verdict("duplicate", f"the same person as input {other.number}")
            if entry.change.contradicts(other.change):
                return Verdict("refused", f"input {other.number} changes {name!r} of the same person otherwise")
        return None

    def _agreed(self) -> Flow[bool]:
        confirm, plan = self._hooks.confirm, self._report()
        if confirm is None:
            return True
        said: list[bool] = []
        try:
            # Somebody may have to think about it.
            yield Do(lambda: said.append(confirm(plan)))
        finally:
            if said != [True]:
                self._ledger.discard()
        return said[0]

    # ----------------------------------------------------------------------------------------------------- the changes

    def _carry_out(self) -> Flow[None]:
        for entry in self._job.entries:
            standing = self._ledger.of(entry)
            if entry.number in self._outcomes:
                self._tell(entry)
            elif (uuid := _meant(standing)) is not None:
                yield from self._take_up(entry, uuid)
            elif standing.settled is not None and standing.settled.state != "pending":
                yield from self._settle(entry, standing.settled, sync=False)
            else:
                assert standing.found is not None
                assert standing.found.uuid is not None
                yield from self._change(entry, standing.found.uuid)

    def _take_up(self, entry: Entry, uuid: str) -> Flow[None]:
        """Go on with a change that may have been sent: look first."""
        try:
            person = yield from lookups.read(self._scope, uuid)
        except PostHogError as error:
            verdict = judge(error, self._job.task, changing=False)
            if verdict.state != "pending":
                yield from self._settle(entry, Settled("unknown", uuid, verdict.reason))
            self._put_off(entry, verdict, error)
            return
        seen = after_a_look(entry, person, delete_events=self._job.delete_events, again=self._retry_unknown)
        if seen is None:
            yield from self._change(entry, uuid)
        else:
            self._troubles = 0
            yield from self._settle(entry, Settled(seen.state, uuid, seen.reason))

    def _change(self, entry: Entry, uuid: str) -> Flow[None]:
        yield from self._ledger.intent(entry, uuid)
        seen = _Seen()
        try:
            yield from seen.noting(self._request(entry, uuid))
            check(seen.answer)
            if seen.answer is not None and seen.answer.status_code == 404:
                yield from lookups.make_sure(self._scope)
        except PostHogError as error:
            verdict = yield from self._verdict(error, doubtful=seen.doubtful)
            if verdict.state != "pending":
                self._troubles = self._troubles + 1 if verdict.trouble is Trouble.COUNTS else 0
                yield from self._settle(entry, seen.settled(verdict, uuid))
            elif verdict.certain:
                # So that the next run need not look whether it was done.
                yield from self._ledger.outcome(entry, seen.settled(verdict, uuid))
            self._put_off(entry, verdict, error)
        else:
            self._troubles = 0
            yield from self._settle(entry, seen.settled(of_answer(seen.answer), uuid))

    def _request(self, entry: Entry, uuid: str) -> Flow[Any]:
        if entry.change is None:
            return persons.delete(self._scope, uuid, delete_events=self._job.delete_events)
        if entry.change.unset is not None:
            return persons.delete_property(self._scope, uuid, entry.change.unset)
        return persons.update(self._scope, uuid, entry.change.wanted)

    def _verdict(self, error: PostHogError, *, doubtful: bool) -> Flow[Verdict]:
        if isinstance(error, NotFoundError):
            try:
                yield from lookups.make_sure(self._scope)
            except PostHogError as other:
                return judge(other, self._job.task, changing=False, certain=False)
        return judge(error, self._job.task, changing=True, doubtful=doubtful)

    def _put_off(self, entry: Entry, verdict: Verdict, error: PostHogError) -> None:
        """Leave to the next run what is pending, and stop where it would be the same with all others."""
        if verdict.state == "pending":
            self._troubles += 1
            self._note(entry, Settled("pending", _meant(self._ledger.of(entry)), verdict.reason))
        if verdict.trouble is Trouble.STOPS or self._troubles >= TOO_MANY:
            raise error

    def _settle(self, entry: Entry, settled: Settled, *, sync: bool = True) -> Flow[None]:
        yield from self._ledger.outcome(entry, settled, sync=sync)
        self._note(entry, settled)
        self._tell(entry)

    # ------------------------------------------------------------------------------------------------------ the report

    def _note(self, entry: Entry, settled: Settled, *, earlier: bool = False) -> None:
        self._outcomes[entry.number] = BulkOutcome(
            entry.number, entry.by, entry.key, settled.state, settled.uuid, self._names.get(entry.number),
            settled.reason, settled.status, settled.request_id, earlier,
        )  # fmt: skip

    def _tell(self, entry: Entry) -> None:
        if self._hooks.on_outcome is not None:
            self._hooks.on_outcome(self._outcomes[entry.number])

    def _report(self) -> BulkReport:
        entries = self._job.entries
        return BulkReport(tuple(self._outcomes.get(entry.number) or self._planned(entry) for entry in entries))

    def _planned(self, entry: Entry) -> BulkOutcome:
        """Describe an input of which nothing has come yet in this run."""
        standing = self._ledger.of(entry)
        doubtful = _meant(standing)
        uuid = doubtful or (standing.found.uuid if standing.found is not None else None)
        outcome = BulkOutcome(entry.number, entry.by, entry.key, "pending", uuid, self._names.get(entry.number))
        if doubtful is not None:
            return replace(outcome, reason="it may have been done before, so the person is looked at first")
        if standing.settled is not None and standing.settled.state != "pending":
            return replace(outcome, state=standing.settled.state, reason=standing.settled.reason)
        return outcome

    def _where_it_stands(self) -> str:
        report = self._report()
        left = report.pending
        return (
            f"{len(report) - left} of {len(report)} are settled, {left} are pending. "
            f"The same call{self._ledger.place} goes on from here."
        )


def _meant(standing: Standing) -> str | None:
    """Return the uuid of a change that may have been sent."""
    if standing.settled is not None and standing.settled.state == "unknown":
        return standing.settled.uuid
    return standing.intent

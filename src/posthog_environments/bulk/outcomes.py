"""What came of many changes at once, and how far a job is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from posthog_environments.bulk.journal import State

if TYPE_CHECKING:
    from posthog_environments.bulk.inputs import By

__all__ = ["BulkOutcome", "BulkProgress", "BulkReport", "SimilarPerson", "Stage"]

Stage: TypeAlias = Literal["look-ups", "changes"]
_STATES: Final[tuple[State, ...]] = get_args(State)
# What somebody who asked for it can be content with.
_WELL: Final[frozenset[State]] = frozenset({"done", "queued", "already_gone", "duplicate"})


@dataclass(frozen=True, slots=True)
class SimilarPerson:
    """Somebody who looks like one who was named and not found; nothing was done to this person.

    Attributes:
        uuid: The person.
        name: Name of the person; None where an earlier run found this one, for a journal holds no names.
    """

    uuid: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What came of one input of `delete_many` or `update_many`.

    Attributes:
        input: Which of the inputs, from 1.
        by: What names the person: "id", "distinct_id" or "email"; "auto" where that was left open and nobody found.
        key: The id, distinct id or email.
        state: "done"; "queued", the server has taken it and carries it out later; "already_gone", an id that the server
            does not know, so that nobody was there to be deleted; "not_found", nobody has this email or distinct id,
            which may be misspelt; "refused", for a reason, and nothing was done; "unknown", it may or may not have been
            done; "duplicate", another input names the same; "pending", nothing was done yet.
        uuid: The person; None where that is not known.
        name: Name of the person, where it was looked up in this very run.
        reason: Why, in words; None where there is nothing to say.
        status: HTTP status of the last answer; None if there was none.
        request_id: Value of its header X-Request-Id, to quote to support; None if there was none.
        earlier: Whether an earlier run on the same journal came to this.
        similar: Of who was not found: persons who look like the one that was named, three at most.
    """

    input: int
    by: By
    key: str
    state: State
    uuid: str | None = None
    name: str | None = None
    reason: str | None = None
    status: int | None = None
    request_id: str | None = None
    earlier: bool = False
    similar: tuple[SimilarPerson, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a job is.

    Attributes:
        stage: "look-ups" or "changes".
        done: How many inputs of this stage are dealt with.
        total: How many there are.
        seconds: How long what is left will wait for the documented quota, at least; 0.0 where it need not.
    """

    stage: Stage
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What came of all inputs of `delete_many` or `update_many`; iterate it for one outcome each, in their order.

    The numbers add up: each input is counted in exactly one of them.

    Attributes:
        outcomes: One for each input, in their order.
    """

    outcomes: tuple[BulkOutcome, ...]

    def __iter__(self) -> Iterator[BulkOutcome]:
        return iter(self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    def _count(self, state: State) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def done(self) -> int:
        """How many were carried out, or taken by the server to be carried out soon."""
        return self._count("done")

    @property
    def queued(self) -> int:
        """How many the server has put into a queue, to be carried out later."""
        return self._count("queued")

    @property
    def already_gone(self) -> int:
        """How many are ids of nobody who was there to be deleted."""
        return self._count("already_gone")

    @property
    def not_found(self) -> int:
        """How many are emails or distinct ids that nobody has; they may be misspelt."""
        return self._count("not_found")

    @property
    def refused(self) -> int:
        """How many were not carried out, each for a reason."""
        return self._count("refused")

    @property
    def unknown(self) -> int:
        """How many may or may not have been carried out."""
        return self._count("unknown")

    @property
    def duplicates(self) -> int:
        """How many name what another input names as well, and so were done once."""
        return self._count("duplicate")

    @property
    def pending(self) -> int:
        """How many are still to be done; the same call on the same journal goes on with them."""
        return self._count("pending")

    @property
    def new(self) -> int:
        """How many came to their outcome in this very run, and not in an earlier one on the same journal."""
        return sum(not outcome.earlier and outcome.state != "pending" for outcome in self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether all that was asked for holds: everything done, queued, already gone or a duplicate."""
        return all(outcome.state in _WELL for outcome in self.outcomes)

    def counts(self) -> dict[State, int]:
        """Return how many there are of each state."""
        return {state: self._count(state) for state in _STATES}

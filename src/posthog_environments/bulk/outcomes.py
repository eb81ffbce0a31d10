"""The results of many changes at once, and the progress of a job. Pure."""

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
# The states in which nothing is left to do.
_WELL: Final[frozenset[State]] = frozenset({"done", "queued", "already_gone", "duplicate"})


@dataclass(frozen=True, slots=True)
class SimilarPerson:
    """A person who is similar to one who was not found, and was not changed.

    Attributes:
        uuid: The person.
        name: The name; None if an earlier run found the person, because a journal has no names.
    """

    uuid: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The outcome of one input of `delete_many` or `update_many`.

    Attributes:
        input: The number of the input, from 1.
        by: What the key is: "id", "distinct_id" or "email"; "auto" if that was left open and nobody was found.
        key: The id, distinct id or email.
        state: "done"; "queued", the server has accepted it and does it later; "already_gone", no person has this id;
            "not_found", no person has this email or distinct id, which may be misspelt; "refused", not done for a
            reason; "unknown", it may or may not have been done; "duplicate", another input means the same; "pending",
            not done yet.
        uuid: The person; None if not known.
        name: The name of the person, if it was looked up in this run.
        reason: Why; None if there is nothing to say.
        status: HTTP status of the last response; None if there was none.
        request_id: Its header X-Request-Id, for the support of the vendor; None if there was none.
        earlier: Whether an earlier run on the same journal had this outcome.
        similar: Persons who are similar to one who was not found, three at most.
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
    """The progress of a job.

    Attributes:
        stage: "look-ups" or "changes".
        done: How many inputs of this stage are processed.
        total: How many there are.
        seconds: How long the documented rate limits will delay the rest, at least; 0.0 if they will not.
    """

    stage: Stage
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BulkReport:
    """The outcomes of all inputs of `delete_many` or `update_many`; iterating gives them in order.

    Each input is counted in exactly one of the numbers.

    Attributes:
        outcomes: One for each input, in order.
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
        """How many were done, or accepted by the server to be done soon."""
        return self._count("done")

    @property
    def queued(self) -> int:
        """How many the server has queued, to be done later."""
        return self._count("queued")

    @property
    def already_gone(self) -> int:
        """How many ids belong to no person."""
        return self._count("already_gone")

    @property
    def not_found(self) -> int:
        """How many emails or distinct ids belong to no person; they may be misspelt."""
        return self._count("not_found")

    @property
    def refused(self) -> int:
        """How many were not done, each for a reason."""
        return self._count("refused")

    @property
    def unknown(self) -> int:
        """How many may or may not have been done."""
        return self._count("unknown")

    @property
    def duplicates(self) -> int:
        """How many mean the same as another input."""
        return self._count("duplicate")

    @property
    def pending(self) -> int:
        """How many are not done yet; the same call with the same journal continues with them."""
        return self._count("pending")

    @property
    def new(self) -> int:
        """How many were settled in this run, and not in an earlier one on the same journal."""
        return sum(not outcome.earlier and outcome.state != "pending" for outcome in self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether nothing is left to do: all inputs are done, queued, already gone or duplicates."""
        return all(outcome.state in _WELL for outcome in self.outcomes)

    def counts(self) -> dict[State, int]:
        """Return the number of inputs in each state."""
        return {state: self._count(state) for state in _STATES}

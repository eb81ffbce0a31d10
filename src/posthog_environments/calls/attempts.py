"""The attempts at one call: whether there will be another, after how long, and the error that it ends in."""

from __future__ import annotations

from posthog_environments.calls.messages import Call, OperationKind, ServerResponse, TransportFailure, at_twin
from posthog_environments.calls.prefixes import moves, place_of, successors
from posthog_environments.calls.refusals import Asked, is_of_bytes, location, said_in, status_error
from posthog_environments.calls.retry import AMBIGUOUS_STATUSES, REFUSED_STATUSES, backoff, may_repeat, retry_after
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import (
    DeadlineExceeded,
    MalformedResponseError,
    OutcomeUnknown,
    PostHogError,
    TransportError,
)
from posthog_environments.ratelimit.limiter import MINUTE

__all__ = ["MAX_REFUSALS", "Attempts"]

# A 429 is not a fault but a queue, and waiting is bounded by time. This bounds a server that says "now" each time.
MAX_REFUSALS = 100


class Attempts:
    """The attempts at one call: what has happened, and whether there will be another."""

    def __init__(self, context: CallContext, call: Call, ticket: str, waited: float, deadline: float) -> None:
        self.call = call
        self.ticket = ticket
        self.deadline = deadline
        self.doubtful = False
        self.number = 0
        self._context = context
        self.waited = waited
        self._faults = 0
        self._refusals = 0
        self._followed = False

    def goes_to_twin(self, answer: ServerResponse) -> bool:
        """Learn from an answer which prefix to use; True if this request shall be sent to its twin now."""
        client, status = self._context.client, answer.status_code
        if status in (307, 308):
            return self._follows(answer)
        if self.call.operation.free and status == 404:
            return False
        # To take an address apart costs a tenth of a small call: not where there is nothing to learn.
        if not client.auto or (client.known and "link" not in answer.headers):
            return False
        place = place_of(answer.url)
        if place is None:
            return False
        tells = status not in self.call.operation.mute
        if place.prefix == "projects":
            if tells and status != 404:
                client.prefix = "projects"
            return False
        client.known = client.known or (tells and status != 404)
        if any(moves(place, place_of(successor)) for successor in successors(answer.url, answer.headers)):
            client.prefix = "projects"
        if not tells or status != 404 or client.known or (twin := at_twin(self.call)) is None:
            return False
        self.call = twin
        return True

    def _follows(self, answer: ServerResponse) -> bool:
        """Follow a redirect that leads to exactly the twin of this request, once."""
        target = location(answer)
        if self._followed or target is None or target == answer.url:
            return False
        if target != answer.url.replace("/api/environments/", "/api/projects/", 1):
            return False
        self._followed = True
        self._context.client.prefix = "projects"
        return True

    def is_gone(self, answer: ServerResponse) -> bool:
        """Tell whether a 404 means that an earlier attempt of this call has deleted the person."""
        return (
            answer.status_code == 404
            and self.doubtful
            and self.call.operation.kind is OperationKind.DELETE
            and not self.call.delete_events
            and self._context.client.settled
        )

    def delay(self, outcome: ServerResponse | TransportFailure) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up."""
        if isinstance(outcome, ServerResponse) and outcome.status_code == 429:
            return self._delay_refused(outcome)
        if not self._may_repeat(outcome):
            return None
        client, options = self._context.client, self._context.options
        self._faults += 1
        if self._faults > options.retries:
            return None
        wait = backoff(self._faults, client.random)
        if isinstance(outcome, ServerResponse):
            # On top, for all clients of a server that comes back are told the same.
            wait += self._asked_for(outcome) or 0.0
        if wait >= self.deadline - client.clock():
            return None
        with client.lock:
            return wait if client.budget.spend() else None

    def _may_repeat(self, outcome: ServerResponse | TransportFailure) -> bool:
        is_change = self.call.operation.kind is OperationKind.CHANGE
        if isinstance(outcome, TransportFailure):
            return outcome.again and not (is_change and outcome.sent)
        return outcome.status_code not in self.call.final and may_repeat(outcome.status_code, changes=is_change)

    def _delay_refused(self, answer: ServerResponse) -> float | None:
        """Wait as the server says: within the timeout, or within max_wait, which does not count towards it."""
        client, options = self._context.client, self._context.options
        self._refusals += 1
        asked = self._asked_for(answer)
        of_bytes = is_of_bytes(answer)
        wait = backoff(self._refusals + 1, client.random) if asked is None else asked
        if of_bytes and asked is None:
            wait = MINUTE
        now = client.clock()
        if options.pacing:
            # Also where this call gives up: the next one shall know.
            if client.shared is not None:
                client.shared.refuse(self.call.operation.bucket, wait, teaches=not of_bytes)
            else:
                with client.lock:
                    client.quota.refuse(self.call.operation.bucket, now, wait, teaches=not of_bytes)
        if options.retries == 0 or self._refusals > MAX_REFUSALS:
            return None
        if options.max_wait is None:
            if wait >= self.deadline - now:
                return None
        else:
            if self.waited + wait > options.max_wait:
                return None
            self.waited += wait
            self.deadline += wait
        return wait

    def was_told(self, outcome: ServerResponse | TransportFailure) -> bool:
        """Tell whether the server said when to come again."""
        return isinstance(outcome, ServerResponse) and self._asked_for(outcome) is not None

    def _asked_for(self, answer: ServerResponse) -> float | None:
        return retry_after(answer.headers.get("retry-after"), self._context.client.now())

    def error(self, outcome: ServerResponse | TransportFailure) -> PostHogError:
        """Return the error that the call ends in."""
        kind = self.call.operation.kind
        if isinstance(outcome, TransportFailure):
            if kind is not OperationKind.READ and self.doubtful:
                return self.unknown(outcome.reason)
            return self._transport_error(outcome)
        status = outcome.status_code
        unclear = status in AMBIGUOUS_STATUSES or status in REFUSED_STATUSES
        if (kind is OperationKind.CHANGE and status in AMBIGUOUS_STATUSES) or (
            kind is OperationKind.DELETE and self.doubtful and unclear
        ):
            said = said_in(outcome)
            return self.unknown(f"the server answered {status}" + (f", {said}" if said else ""))
        if kind is OperationKind.DELETE and self.doubtful and status == 404 and not self._context.client.settled:
            return self.unknown("the server answered 404, and nothing so far has shown that it knows the path")
        if kind is OperationKind.DELETE and self.doubtful and status == 404:
            what = "it" if self.call.operation.free else "the person"
            return self.unknown(f"{what} is gone, but whether the deletion of the events was queued is not known")
        return status_error(self._asked(), outcome, self._asked_for(outcome))

    def _asked(self) -> Asked:
        client, call = self._context.client, self.call
        return Asked(
            operation=call.operation.name,
            unscoped=call.operation.unscoped,
            mute=call.operation.mute,
            remark=call.remark,
            final=call.final,
            prefix=client.prefix,
            auto=client.auto,
            settled=client.settled,
            found=client.found,
            origin=client.settings.origin,
        )

    def unknown(self, reason: str) -> OutcomeUnknown:
        """Return the error that says that nobody knows."""
        look = "Look at what it is to change" if self.call.operation.free else "Read the person and look"
        return OutcomeUnknown(
            f"{self.call.operation.name} may or may not have been carried out: {reason}. {look} before you try again."
        )

    def _transport_error(self, failure: TransportFailure) -> PostHogError:
        if failure.malformed is not None:
            status, body = failure.malformed
            hint = ""
            if self.call.operation.patient and "max_body" in failure.reason:
                hint = "Ask for fewer rows at once with a smaller page_size, or allow more bytes with max_body."
            error = MalformedResponseError(
                f"{self.call.operation.name}: {failure.reason}" + (f". {hint}" if hint else ""),
                status_code=status,
                body=body,
            )
            error.hint = hint
            return error
        times = "" if self.number == 1 else f" (attempt {self.number})"
        if failure.timed_out:
            return DeadlineExceeded(
                f"{self.call.operation.name} took longer than its {self._context.options.timeout:g} s{times}: "
                f"{failure.reason}. Give a larger timeout= if the server is slow."
            )
        return TransportError(f"{self.call.operation.name}: {failure.reason}{times}.")

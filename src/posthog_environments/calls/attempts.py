"""Attempts at one call: whether to retry, after how long, and which error to raise."""

from __future__ import annotations

from posthog_environments.calls.messages import Call, OperationKind, ServerResponse, TransportFailure, at_twin
from posthog_environments.calls.prefixes import is_twin, parse_project_url, successors
from posthog_environments.calls.retry import AMBIGUOUS_STATUSES, REFUSED_STATUSES, backoff, may_repeat, retry_after
from posthog_environments.calls.state import CallContext
from posthog_environments.calls.status_errors import FailedCall, is_byte_budget, location, server_detail, status_error
from posthog_environments.errors import (
    DeadlineExceeded,
    MalformedResponseError,
    OutcomeUnknown,
    PostHogError,
    TransportError,
)
from posthog_environments.ratelimit.limiter import MINUTE

__all__ = ["MAX_RATE_LIMITS", "Attempts"]

# Waits for 429 are bounded by time, not by `retries`. This bounds a server that always sends "Retry-After: 0".
MAX_RATE_LIMITS = 100


class Attempts:
    """The state of one call over its attempts, and the decision whether to retry."""

    def __init__(self, context: CallContext, call: Call, ticket: str, waited: float, deadline: float) -> None:
        self.call = call
        self.ticket = ticket
        self.deadline = deadline
        self.doubtful = False
        self.number = 0
        self._context = context
        self.waited = waited
        self._faults = 0
        self._rate_limits = 0
        self._followed = False

    def goes_to_twin(self, response: ServerResponse) -> bool:
        """Update the prefix in use from a response; return True if the request is to be sent to its twin now."""
        client, status = self._context.client, response.status_code
        if status in (307, 308):
            return self._follows(response)
        if self.call.operation.free and status == 404:
            return False
        # Parsing the URL takes a tenth of a small call's time. Skip it where it can show nothing new.
        if not client.auto or (client.known and "link" not in response.headers):
            return False
        parsed = parse_project_url(response.url)
        if parsed is None:
            return False
        tells = status not in self.call.operation.mute
        if parsed.prefix == "projects":
            if tells and status != 404:
                client.prefix = "projects"
            return False
        client.known = client.known or (tells and status != 404)
        if any(
            is_twin(parsed, parse_project_url(successor)) for successor in successors(response.url, response.headers)
        ):
            client.prefix = "projects"
        if not tells or status != 404 or client.known or (twin := at_twin(self.call)) is None:
            return False
        self.call = twin
        return True

    def _follows(self, response: ServerResponse) -> bool:
        """Follow a redirect once, if it leads to exactly the twin of this request."""
        target = location(response)
        if self._followed or target is None or target == response.url:
            return False
        if target != response.url.replace("/api/environments/", "/api/projects/", 1):
            return False
        self._followed = True
        self._context.client.prefix = "projects"
        return True

    def is_gone(self, response: ServerResponse) -> bool:
        """Return whether a 404 means that an earlier attempt of this call deleted the person."""
        return (
            response.status_code == 404
            and self.doubtful
            and self.call.operation.kind is OperationKind.DELETE
            and not self.call.delete_events
            and self._context.client.settled
        )

    def delay(self, outcome: ServerResponse | TransportFailure) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up."""
        if isinstance(outcome, ServerResponse) and outcome.status_code == 429:
            return self._rate_limit_delay(outcome)
        if not self._may_repeat(outcome):
            return None
        client, options = self._context.client, self._context.options
        self._faults += 1
        if self._faults > options.retries:
            return None
        wait = backoff(self._faults, client.random)
        if isinstance(outcome, ServerResponse):
            # The backoff comes on top: a server that recovers sends all clients the same Retry-After.
            wait += self._retry_after(outcome) or 0.0
        if wait >= self.deadline - client.clock():
            return None
        with client.lock:
            return wait if client.budget.spend() else None

    def _may_repeat(self, outcome: ServerResponse | TransportFailure) -> bool:
        is_change = self.call.operation.kind is OperationKind.CHANGE
        if isinstance(outcome, TransportFailure):
            return outcome.again and not (is_change and outcome.sent)
        return outcome.status_code not in self.call.final and may_repeat(outcome.status_code, changes=is_change)

    def _rate_limit_delay(self, response: ServerResponse) -> float | None:
        """Return the delay after a 429, or None to give up.

        The wait must fit into the timeout, or into `max_wait`, which does not count towards the timeout.
        """
        client, options = self._context.client, self._context.options
        self._rate_limits += 1
        named = self._retry_after(response)
        of_bytes = is_byte_budget(response)
        wait = backoff(self._rate_limits + 1, client.random) if named is None else named
        if of_bytes and named is None:
            wait = MINUTE
        now = client.clock()
        if options.pacing:
            # Also if this call gives up, so that the next call knows.
            client.quota.refuse(self.call.operation.bucket, wait, teaches=not of_bytes)
        if options.retries == 0 or self._rate_limits > MAX_RATE_LIMITS:
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

    def has_retry_after(self, outcome: ServerResponse | TransportFailure) -> bool:
        """Return whether the response has a Retry-After."""
        return isinstance(outcome, ServerResponse) and self._retry_after(outcome) is not None

    def _retry_after(self, response: ServerResponse) -> float | None:
        return retry_after(response.headers.get("retry-after"), self._context.client.now())

    def error(self, outcome: ServerResponse | TransportFailure) -> PostHogError:
        """Return the error that the call raises."""
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
            said = server_detail(outcome)
            return self.unknown(f"the server answered {status}" + (f", {said}" if said else ""))
        if kind is OperationKind.DELETE and self.doubtful and status == 404 and not self._context.client.settled:
            return self.unknown("the server answered 404, and nothing so far has shown that it knows the path")
        if kind is OperationKind.DELETE and self.doubtful and status == 404:
            what = "it" if self.call.operation.free else "the person"
            return self.unknown(f"{what} is gone, but whether the deletion of the events was queued is not known")
        return status_error(self._failed_call(), outcome, self._retry_after(outcome))

    def _failed_call(self) -> FailedCall:
        client, call = self._context.client, self.call
        return FailedCall(
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
        """Return the error for an unknown outcome."""
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

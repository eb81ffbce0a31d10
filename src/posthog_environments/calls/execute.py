"""Call generator: run one call with pacing, retries and errors.

The generator yields a send, a sleep or blocking work, and receives its outcome. It returns a response or raises an
error. `pacing` decides when a request may go; `attempts` decides whether to retry, after how long, and which error to
raise. The generator never sleeps, awaits or touches a socket, and the clock is passed in. A runner does what it yields,
blocking or awaiting; the model is httpx's `auth_flow`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TypeVar

from posthog_environments.calls.attempts import Attempts
from posthog_environments.calls.messages import (
    Call,
    CallGenerator,
    OperationKind,
    Send,
    ServerResponse,
    Sleep,
    Step,
    StepResult,
    TransportFailure,
    is_doubtful,
    with_observer,
)
from posthog_environments.calls.notices import advise
from posthog_environments.calls.pacing import acquire, pace, patience, tell
from posthog_environments.calls.prefixes import twin_of
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.errors import RateLimitError

__all__ = ["execute_call", "observed"]

T = TypeVar("T")

log = logging.getLogger("posthog_environments")


def observed(context: CallContext, call: Call, generator: CallGenerator[T]) -> CallGenerator[T]:
    """Run a call generator, and report its requests and waits to `on_event` and the log, if either listens."""
    client = context.client
    if client.on_event is None and not log.isEnabledFor(logging.INFO):
        return generator
    from posthog_environments.calls.observe import Observer

    method = str(call.request["method"]).upper()
    observer = Observer(client.on_event, call.operation.name, method, client.clock)
    url = _in_use(client, call)

    def observe(seen: Step | StepResult) -> None:
        nonlocal url
        if isinstance(seen, Send):
            url = _in_use(client, seen.call)
            observer.sent(url)
        elif isinstance(seen, Sleep):
            observer.waiting(url, seen.whole or seen.seconds, seen.why)
        elif isinstance(seen, ServerResponse):
            observer.received(url, seen.status_code)
        elif isinstance(seen, TransportFailure):
            observer.failed(url, seen.reason)

    return with_observer(generator, observe)


def _in_use(client: ClientState, call: Call) -> str:
    """Return the path of a call under the prefix in use."""
    url: str = call.request["url"]
    return twin_of(url) or url if client.prefix == "projects" else url


def execute_call(context: CallContext, call: Call) -> CallGenerator[ServerResponse]:
    """Make a call with pacing, retries and errors.

    Returns the response, whose status is a success (or a 404 that confirms a deletion). Its body is not parsed.

    Raises:
        PostHogError: An error of the tree in `errors`; for a status that is not a success an `APIStatusError`.
    """
    return observed(context, call, _execute(context, call))


def _execute(context: CallContext, call: Call) -> CallGenerator[ServerResponse]:
    client, options = context.client, context.options
    if options.extra_headers:
        call = replace(call, request={**call.request, "extra_headers": options.extra_headers})
    ticket = client.quota.ticket()
    waited = yield from pace(context, call, ticket)
    attempts = Attempts(context, call, ticket, waited, client.clock() + options.timeout)
    while True:
        outcome = yield from _send(context, attempts)
        attempts.doubtful = attempts.doubtful or is_doubtful(outcome)
        if isinstance(outcome, ServerResponse):
            advise(client.warned, client.settings.prefix, call.operation.name, outcome.url, outcome.headers)
            if attempts.goes_to_twin(outcome):
                yield from _pace_again(context, attempts)
                continue
            if 200 <= outcome.status_code < 300:
                with client.lock:
                    client.budget.earn()
                    # An HTML page of a proxy, such as a login, does not show that the project exists.
                    client.found = client.found or "html" not in outcome.headers.get("content-type", "")
                return outcome
            if attempts.is_gone(outcome):
                return outcome
        delay = attempts.delay(outcome)
        yield from tell(client)
        if delay is None:
            raise attempts.error(outcome)
        if delay > 0:
            for_quota = isinstance(outcome, ServerResponse) and outcome.status_code == 429
            yield Sleep(delay, for_quota, "retry-after" if attempts.has_retry_after(outcome) else "retry")
        yield from _pace_again(context, attempts)


def _pace_again(context: CallContext, attempts: Attempts) -> CallGenerator[None]:
    """Wait for the quota before another attempt. If the timeout is the limit, the wait counts towards it."""
    if context.options.pacing:
        max_wait = patience(context, attempts.call)
        left = max(0.0, attempts.deadline - context.client.clock())
        limit = left if max_wait is None else max(0.0, max_wait - attempts.waited)
        try:
            waited = yield from acquire(context.client, attempts.call.operation.bucket, limit, attempts.ticket, left)
            if max_wait is not None:
                attempts.waited += waited
                attempts.deadline += waited
        except RateLimitError:
            if attempts.doubtful and attempts.call.operation.kind is not OperationKind.READ:
                raise attempts.unknown("there was no quota left to ask again") from None
            raise


def _send(context: CallContext, attempts: Attempts) -> CallGenerator[ServerResponse | TransportFailure]:
    client, call = context.client, attempts.call
    attempts.number += 1
    outcome: StepResult = None
    try:
        outcome = yield Send(call, attempts.deadline)
    finally:
        if context.options.pacing:
            client.quota.settle(call.operation.bucket, attempts.ticket)
    assert isinstance(outcome, (ServerResponse, TransportFailure))
    yield from tell(client, attempts.deadline - client.clock())
    return outcome

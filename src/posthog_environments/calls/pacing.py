"""Pacing: wait until the rate limiter lets a request go, with a quota of this client or a shared one."""

from __future__ import annotations

from collections.abc import Mapping

from posthog_environments.calls.messages import Call, CallGenerator, RunBlocking, Sleep
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.errors import RateLimitError
from posthog_environments.ratelimit.limiter import LONGEST_NAP, Bucket

__all__ = ["STORE_MAX_WAIT", "STORE_MIN_WAIT", "acquire", "pace", "patience", "tell"]

# Most and least seconds that a call waits for the store of a shared quota. The call's own limits lie in between.
STORE_MAX_WAIT = 1.0
STORE_MIN_WAIT = 0.1


def pace(context: CallContext, call: Call, ticket: str) -> CallGenerator[float]:
    """Wait until the rate limiter lets the call go; return the seconds waited."""
    options, operation = context.options, call.operation
    if not options.pacing:
        return 0.0
    limit = patience(context, call)
    return (
        yield from acquire(
            context.client, operation.bucket, options.timeout if limit is None else limit, ticket, options.timeout
        )
    )


def patience(context: CallContext, call: Call) -> float | None:
    """Return the seconds that a call may wait for the quota; None if its timeout is the limit."""
    if context.options.max_wait is not None:
        return context.options.max_wait
    return float("inf") if call.operation.patient else None


def acquire(client: ClientState, bucket: Bucket, limit: float, ticket: str, seconds: float) -> CallGenerator[float]:
    """Wait until the rate limiter grants a request; return the seconds waited.

    Args:
        client: The state of the client.
        bucket: The rate that the request counts against.
        limit: Seconds to wait at most.
        ticket: Identifies the request, see `Pacer`.
        seconds: Seconds that the request may take.

    Raises:
        RateLimitError: The wait would exceed `limit`. Nothing was sent.
    """
    quota, start, is_over = client.quota, client.clock(), False
    store_time = _store_wait(min(limit, seconds))

    def ask() -> float:
        return quota.acquire(bucket, ticket, seconds, store_time)

    try:
        while True:
            wait = (yield RunBlocking(ask)) if quota.in_store else ask()
            assert isinstance(wait, float)
            waited = client.clock() - start
            if wait <= 0:
                is_over = True
                return waited
            if waited + wait > limit:
                raise _out_of_quota(bucket, wait, quota.trouble)
            # Sleep in slices: the client's part of the quota may grow, and later calls would overtake a long sleep.
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    except RateLimitError:
        quota.leave(bucket, ticket)
        is_over = True
        yield from tell(client)
        raise
    finally:
        if not is_over:
            quota.leave(bucket, ticket)


def tell(client: ClientState, seconds: float = STORE_MAX_WAIT) -> CallGenerator[None]:
    """Write pending events to the store of a shared quota, if there are any."""
    if client.quota.pending:
        yield RunBlocking(lambda: client.quota.flush(_store_wait(seconds)))


def _store_wait(seconds: float) -> float:
    return max(STORE_MIN_WAIT, min(STORE_MAX_WAIT, seconds))


_OF: Mapping[Bucket, str] = {
    "persons": "persons and insights",
    "deletes": "deleting persons",
    "query": "queries",
    "general": "other requests",
}


def _out_of_quota(bucket: Bucket, wait: float, trouble: str) -> RateLimitError:
    error = RateLimitError(
        f"The quota for {_OF[bucket]} is used up: the next request may go in {wait:.0f} s, which is longer than "
        "this call may wait. Nothing was sent. Give a larger max_wait or timeout, or call less often."
        + (f" {trouble}" if trouble else ""),
        status_code=429,
    )
    error.retry_after = wait
    return error

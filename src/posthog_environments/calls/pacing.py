"""Pacing: wait until the rate limiter lets a request go, with a quota of this client or a shared one."""

from __future__ import annotations

from collections.abc import Mapping

from posthog_environments.calls.messages import Call, CallGenerator, RunBlocking, Sleep
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.errors import RateLimitError
from posthog_environments.ratelimit.limiter import LONGEST_NAP, Bucket, SharedPacer

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
        ticket: Identifies the request in a shared quota; "" without one.
        seconds: Seconds that the request may take.

    Raises:
        RateLimitError: The wait would exceed `limit`. Nothing was sent.
    """
    if client.shared is not None:
        return (yield from _acquire_shared(client, client.shared, bucket, limit, ticket, seconds))
    start, waiter = client.clock(), object()
    try:
        while True:
            with client.lock:
                now = client.clock()
                wait = client.quota.acquire(bucket, now, waiter)
            if wait <= 0:
                return now - start
            if now - start + wait > limit:
                raise _out_of_quota(bucket, wait)
            # Sleep in slices: the client's part of the quota may grow, and later calls would overtake a long sleep.
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    finally:
        with client.lock:
            client.quota.leave(bucket, waiter)


def _acquire_shared(
    client: ClientState, shared: SharedPacer, bucket: Bucket, limit: float, ticket: str, seconds: float
) -> CallGenerator[float]:
    """Wait for a grant of a shared quota; see `acquire`."""
    start, mine = client.clock(), False
    store_time = _store_wait(min(limit, seconds))
    try:
        while True:
            wait = yield RunBlocking(lambda: shared.acquire(bucket, ticket, seconds, store_time))
            assert isinstance(wait, float)
            waited = client.clock() - start
            if wait <= 0:
                mine = True
                return waited
            if waited + wait > limit:
                raise _out_of_quota(bucket, wait, shared.trouble)
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    except RateLimitError:
        shared.leave(bucket, ticket)
        yield from tell(client)
        mine = True
        raise
    finally:
        if not mine:
            shared.leave(bucket, ticket)


def tell(client: ClientState, seconds: float = STORE_MAX_WAIT) -> CallGenerator[None]:
    """Write pending events to the store of a shared quota, if there are any."""
    shared = client.shared
    if shared is not None and shared.pending:
        yield RunBlocking(lambda: shared.flush(_store_wait(seconds)))


def _store_wait(seconds: float) -> float:
    return max(STORE_MIN_WAIT, min(STORE_MAX_WAIT, seconds))


_OF: Mapping[Bucket, str] = {
    "persons": "persons and insights",
    "deletes": "deleting persons",
    "query": "queries",
    "general": "other requests",
}


def _out_of_quota(bucket: Bucket, wait: float, trouble: str = "") -> RateLimitError:
    error = RateLimitError(
        f"The quota for {_OF[bucket]} is used up: the next request may go in {wait:.0f} s, which is longer than "
        "this call may wait. Nothing was sent. Give a larger max_wait or timeout, or call less often."
        + (f" {trouble}" if trouble else ""),
        status_code=429,
    )
    error.retry_after = wait
    return error

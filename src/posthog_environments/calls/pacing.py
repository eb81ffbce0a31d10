"""Waiting for the quota: of this client alone, or shared with others."""

from __future__ import annotations

from collections.abc import Mapping

from posthog_environments.calls.messages import Call, CallGenerator, RunBlocking, Sleep
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.errors import RateLimitError
from posthog_environments.ratelimit.limiter import LONGEST_NAP, Bucket, SharedPacer

__all__ = ["STORE_HURRY", "STORE_PATIENCE", "acquire", "pace", "patience", "tell"]

# Seconds that a store of quotas may take at most, and at least: a call that is in a hurry bounds it in between.
STORE_PATIENCE = 1.0
STORE_HURRY = 0.1


def pace(context: CallContext, call: Call, ticket: str) -> CallGenerator[float]:
    """Wait until the quota lets the call go, and return the seconds that it took."""
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
    """Return the seconds for which a call may wait besides its own time; None if it has none besides."""
    if context.options.max_wait is not None:
        return context.options.max_wait
    return float("inf") if call.operation.patient else None


def acquire(client: ClientState, bucket: Bucket, limit: float, ticket: str, seconds: float) -> CallGenerator[float]:
    """Wait for leave for a request that takes so many seconds at most, and return the seconds that it took."""
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
            # The part of the quota that is ours may grow meanwhile: who sleeps on would be overtaken by later comers.
            yield Sleep(min(wait, LONGEST_NAP), for_quota=True, why="quota", whole=wait)
    finally:
        with client.lock:
            client.quota.leave(bucket, waiter)


def _acquire_shared(
    client: ClientState, shared: SharedPacer, bucket: Bucket, limit: float, ticket: str, seconds: float
) -> CallGenerator[float]:
    """Do the same with a quota that others use too; see `acquire`."""
    start, mine = client.clock(), False
    store_time = _store_patience(min(limit, seconds))
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


def tell(client: ClientState, seconds: float = STORE_PATIENCE) -> CallGenerator[None]:
    """Let those who share the quota know what has happened."""
    shared = client.shared
    if shared is not None and shared.pending:
        yield RunBlocking(lambda: shared.flush(_store_patience(seconds)))


def _store_patience(seconds: float) -> float:
    return max(STORE_HURRY, min(STORE_PATIENCE, seconds))


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

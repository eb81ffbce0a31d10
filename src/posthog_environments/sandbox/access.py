"""Access control: API keys, their scopes, and rate limits."""

from __future__ import annotations

import hmac
import math
import re
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from posthog_environments.sandbox.problems import Problem
from posthog_environments.sandbox.settings import Rate

_BEARER: Final = re.compile(r"Bearer\s+(\S.+)", re.DOTALL)


class Keys:
    """The API keys of a sandbox, each with its scopes."""

    def __init__(self) -> None:
        self._scopes: dict[bytes, frozenset[str]] = {}
        self._lock = threading.Lock()

    def add(self, scopes: frozenset[str], key: str | None = None) -> str:
        """Add a key with its scopes; generate one if none is given."""
        key = key or f"phx_{secrets.token_hex(20)}"
        with self._lock:
            self._scopes[key.encode()] = scopes
        return key

    def revoke(self, key: str) -> None:
        """Remove a key."""
        with self._lock:
            self._scopes.pop(key.encode(), None)

    def scopes(self, key: str) -> frozenset[str] | None:
        """Return the scopes of a key, or None, in constant time."""
        given, found = key.encode(errors="replace"), None
        with self._lock:
            for known, scopes in self._scopes.items():
                if hmac.compare_digest(known, given):
                    found = scopes
        return found


def contains(scopes: Iterable[str], needed: str) -> bool:
    """Return whether scopes grant one: write includes read, and `*` includes all."""
    held = set(scopes)
    thing, _, action = needed.partition(":")
    return "*" in held or needed in held or (action == "read" and f"{thing}:write" in held)


def authenticate(keys: Keys, authorization: str | None, elsewhere: str | None) -> tuple[str, frozenset[str]]:
    """Return the key of a request and its scopes; the header comes before `elsewhere`, the key in body or query."""
    given = _BEARER.fullmatch(authorization or "")
    if given is not None:
        key = given[1].strip()
    elif elsewhere is not None:
        key = elsewhere
    else:
        raise Problem(
            401, "authentication_error", "not_authenticated",
            "The request has no API key. Send it as 'Authorization: Bearer <key>'.",
        )  # fmt: skip
    scopes = keys.scopes(key)
    if scopes is None:
        raise Problem(401, "authentication_error", "authentication_failed", "This API key is not known here.")
    return key, scopes


def authorize(scopes: frozenset[str], needed: str | None, *, unscoped: bool) -> None:
    """Raise 403 if the key lacks the scope; `unscoped` tells whether operations without a scope accept any key."""
    if needed is None and not unscoped:
        detail = "This operation does not accept personal API keys."
    elif needed is not None and not contains(scopes, needed):
        detail = f"This API key is missing the required scope '{needed}'."
    else:
        return
    raise Problem(403, "authentication_error", "permission_denied", detail)


class Throttle:
    """Counts the requests of each key and bucket in sliding windows; refused requests do not count.

    The buckets in `shared` count together in windows of the same length. Each bucket still has its own limits.
    """

    def __init__(
        self,
        rates: Mapping[str, tuple[Rate, ...]],
        *,
        shared: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates: Final = rates
        self._shared: Final = shared
        self._clock: Final = clock
        self._lock = threading.Lock()
        self._logs: defaultdict[tuple[str, str, float], deque[float]] = defaultdict(deque)

    def take(self, key: str, bucket: str) -> None:
        """Count a request, or raise 429."""
        rates = self._rates.get(bucket, ())
        if not rates:
            return
        with self._lock:
            now = self._clock()
            name = "shared" if bucket in self._shared else bucket
            logs = {period: self._logs[key, name, period] for _, period in rates}
            wait = max(_wait(logs[period], count, period, now) for count, period in rates)
            if wait <= 0:
                for log in logs.values():
                    log.append(now)
                return
        whole = max(1, math.ceil(wait))
        plural = "" if whole == 1 else "s"
        raise Problem(
            429, "throttled_error", "throttled",
            f"Too many requests of this kind. The next one is possible in {whole} second{plural}.",
            headers={"Retry-After": str(whole)},
        )  # fmt: skip


def _wait(log: deque[float], count: int, period: float, now: float) -> float:
    while log and log[0] <= now - period:
        log.popleft()
    if count == 0:
        return period
    if len(log) < count:
        return 0.0
    return log[-count] + period - now

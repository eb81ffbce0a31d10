"""Rates sixty times as fast, for processes of engines whose clients nobody can reach into: importing this sets them.

Spark's workers import it because it gives them the key.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Final

from posthog_environments.client import setup
from posthog_environments.ratelimit.limiter import BUCKETS, Bucket, Pacer, Rate, RateLimiter
from posthog_environments.ratelimit.shared import SharedRateLimiter, name_of
from posthog_environments.ratelimit.stores import open_store
from soak.rates import RATES

__all__ = ["key"]

_ALL: Final[dict[Bucket, tuple[Rate, ...]]] = dict.fromkeys(BUCKETS, RATES)


def key() -> str:
    """Give the key."""
    return os.environ["POSTHOG_PERSONAL_API_KEY"]


def _rate_limiter(settings: Any) -> Pacer:
    if settings.quota is None:
        return RateLimiter()
    return SharedRateLimiter(open_store(settings.quota), functools.partial(name_of, settings), _ALL)


setup.rate_limiter = _rate_limiter  # the rates are PostHog's, and no setting

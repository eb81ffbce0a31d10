"""The rates of the suite "pipelines": sixty times as fast as PostHog's."""

from __future__ import annotations

from typing import Final

from posthog_environments.ratelimit.limiter import Rate

__all__ = ["RATES"]

RATES: Final[tuple[Rate, ...]] = ((60, 2.0), (200, 10.0))

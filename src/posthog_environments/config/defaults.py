"""Default values. In a module of its own, so that signatures do not import all of `config`."""

from __future__ import annotations

__all__ = ["DEFAULT_RETRIES", "DEFAULT_TIMEOUT", "ENTRIES_PAGE_SIZE", "LONG_WAIT", "MAX_BODY", "PAGE_SIZE"]

MAX_BODY = 64 * 1024 * 1024
DEFAULT_TIMEOUT = 60.0
# Persons a page: quotas count requests, not rows.
PAGE_SIZE = 1000
# Entries a page of other listings, which are short.
ENTRIES_PAGE_SIZE = 100
# Seconds that long jobs (exports, bulk changes, pipelines) wait for the quota. No documented window is longer.
LONG_WAIT = 3600.0
# If every third attempt fails at random, eleven attempts fail in a row once in some 180,000 requests.
DEFAULT_RETRIES = 10

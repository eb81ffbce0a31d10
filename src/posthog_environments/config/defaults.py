"""What holds where nothing else was asked for. Apart from `config`, so that signatures do not need all of that."""

from __future__ import annotations

__all__ = ["DEFAULT_RETRIES", "DEFAULT_TIMEOUT", "ENTRIES_PAGE_SIZE", "LONG_WAIT", "MAX_BODY", "PAGE_SIZE"]

MAX_BODY = 64 * 1024 * 1024
DEFAULT_TIMEOUT = 60.0
# Persons a page: quotas count requests, not rows.
PAGE_SIZE = 1000
# Entries a page of other listings, which are short.
ENTRIES_PAGE_SIZE = 100
# Seconds that long jobs (exports, many changes, pipelines) wait for the quota: each documented window is over by then.
LONG_WAIT = 3600.0
# With every third attempt failing at random, eleven attempts in a row fail once in half a million requests.
DEFAULT_RETRIES = 10

"""What holds where nothing else was asked for. Apart from `config`, so that signatures do not need all of that."""

from __future__ import annotations

__all__ = ["DEFAULT_RETRIES", "DEFAULT_TIMEOUT", "LONG_WAIT", "MAX_BODY"]

MAX_BODY = 64 * 1024 * 1024
DEFAULT_TIMEOUT = 60.0
# Seconds that long jobs (exports, many changes, pipelines) wait for the quota: each documented window is over by then.
LONG_WAIT = 3600.0
# With every third attempt failing at random, eleven attempts in a row fail once in half a million requests.
DEFAULT_RETRIES = 10

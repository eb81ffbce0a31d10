"""Functions that give a key on the workers."""

from __future__ import annotations

import os


def key() -> str:
    return os.environ["POSTHOG_PERSONAL_API_KEY"]


def wrong() -> str:
    return "phx_nobodys"

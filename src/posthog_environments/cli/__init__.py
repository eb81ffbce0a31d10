"""The command `phenv`."""

from __future__ import annotations

from posthog_environments.cli.root import main

__all__ = ["main"]

"""Context: the state that all operations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from posthog_environments.sandbox.access import Keys
from posthog_environments.sandbox.change_queue import ChangeQueue
from posthog_environments.sandbox.faults import Faults
from posthog_environments.sandbox.filter_cache import FilterCache
from posthog_environments.sandbox.pending import Queue
from posthog_environments.sandbox.result_cache import Results

if TYPE_CHECKING:
    from posthog_environments.sandbox.clock import Clock
    from posthog_environments.sandbox.settings import SandboxSettings
    from posthog_environments.sandbox.store import Database


class AppContext:
    """State that all operations share."""

    def __init__(self, settings: SandboxSettings, store: Database, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.now = clock.now
        self.changes = ChangeQueue(store, clock, settings.lag)
        self.filter_cache = FilterCache(store)
        self.results = Results(store, clock)
        self.queue = Queue()
        self.keys = Keys()
        self.faults = Faults()
        self.lenient = settings.oddities
        """Whether the sandbox has the quirks of real servers."""
        self.newer = settings.era != "2025"
        """Whether the era is 2026 or later."""
        self.today = settings.era == "2026-09"
        """Whether the era is that of PostHog Cloud since September 2026."""

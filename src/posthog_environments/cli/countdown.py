"""Countdown: show on a terminal what a command waits for, and how long, so that it does not seem to hang."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click

from posthog_environments.cli import output

if TYPE_CHECKING:
    from posthog_environments.calls.events import ClientEvent

__all__ = ["countdown"]

# Seconds of a wait that is too short to be shown.
SHORT: Final = 2.0
_WORDS: Final = {
    "quota": "Waiting for the quota",
    "retry": "The server fails; trying again",
    "retry-after": "Waiting as the server asks",
    "poll": "Waiting for the query",
}


def countdown() -> Callable[[ClientEvent], None] | None:
    """Return an `on_event` function that shows waits until the command ends; None without a terminal."""
    if not sys.stderr.isatty():
        return None
    shown = _Countdown()
    if (context := click.get_current_context(silent=True)) is not None:
        context.call_on_close(shown.end)
    return shown.see


class _Countdown:
    """Counts down in a thread until the client continues."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def see(self, event: ClientEvent) -> None:
        """Start at a long wait, and stop at the next event."""
        self.end()
        from posthog_environments.calls.events import Waiting

        if isinstance(event, Waiting) and event.seconds > SHORT:
            self._over = threading.Event()
            arguments = (_WORDS[event.why], time.monotonic() + event.seconds, self._over)
            self._thread = threading.Thread(target=_count, args=arguments, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Stop the countdown."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def _count(words: str, until: float, over: threading.Event) -> None:
    while not over.is_set() and (left := until - time.monotonic()) > 0:
        output.show_wait(f"{words}: {math.ceil(left)} s")
        over.wait(min(left, 1.0))
    output.show_wait("")

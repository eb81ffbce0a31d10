"""Observability: report what a call does to `on_event` and to the log. Imported only if either is in use."""

from __future__ import annotations

import inspect
import logging
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from posthog_environments.calls.events import (
    ClientEvent,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    Waiting,
    Why,
)
from posthog_environments.errors import ConfigurationError

__all__ = ["Observer", "check_listener", "line", "log_level", "log_to_stderr", "path_template"]

log = logging.getLogger("posthog_environments")

# If a wait ends so many seconds later than reported, it is reported again.
LATER: Final = 2.0
# Path segments of the API that are names, not ids.
_NAMES: Final = """
actions activity add_persons_to_static_cohort annotations bulk_delete bulk_update cancel cohorts dashboards definition
delete_events delete_property delete_recordings deletion_status duplicate evaluation_reasons event_definitions events
experiments feature_flags funnel groups insights lifecycle list local_evaluation log logs matrix_sizing me members
my_flags person persons properties properties_timeline property_definitions query related reset results retention run
samples session_recordings sharing split status stickiness summary surveys tags timing trend trends update_property
users values viewed
"""
_WORDS: Final = frozenset(_NAMES.split())
_COLLECTION: Final = re.compile(r"[a-z][a-z_]*")


def path_template(url: str, operation: str = "") -> str:
    """Return a path of the API with its ids replaced by `{project_id}` and `{id}`.

    A segment that is not a known name of a collection or an operation counts as an id. The parts of `operation` are
    known names.
    """
    words = _WORDS.union(operation.split("."))
    segments = url.partition("?")[0].removeprefix("/api/").split("/")
    shown = ["/api"]
    if segments[0] in ("environments", "projects") and any(segments[1:]):
        shown += [segments[0], "{project_id}"]
        segments = segments[2:]
    for number, segment in enumerate(segments):
        is_name = segment in words or (number == 0 and _COLLECTION.fullmatch(segment))
        shown.append(segment if is_name or not segment else "{id}")
    return "/".join(shown)


def line(event: ClientEvent) -> str:
    """Return an event as one line of the log."""
    whose = f"{event.method} {event.operation}"
    if isinstance(event, Waiting):
        return f"{whose}: waiting {event.seconds:.1f} s {_WHY[event.why]}, before attempt {event.attempt}"
    if isinstance(event, ResponseReceived):
        return f"{whose}: {event.status_code}, attempt {event.attempt}, {event.seconds:.3f} s"
    if isinstance(event, RequestFailed):
        return f"{whose}: failed, {event.reason}, attempt {event.attempt}, {event.seconds:.3f} s"
    return f"{whose}: sent, attempt {event.attempt}"


_WHY: Final[dict[Why, str]] = {
    "quota": "for the quota",
    "retry": "after a fault",
    "retry-after": "as the server asks",
    "poll": "for the query to end",
}


class Observer:
    """Creates the events of one call.

    Args:
        tell: The `on_event` function; None if only the log listens.
        operation: Name of the call.
        method: Its HTTP method.
        clock: The client's clock, in seconds.
    """

    def __init__(
        self, tell: Callable[[ClientEvent], object] | None, operation: str, method: str, clock: Callable[[], float]
    ) -> None:
        self._tell = tell
        self._operation = operation
        self._method = method
        self._clock = clock
        self._attempt = 0
        self._sent_at = 0.0
        # When the reported wait ends.
        self._until = float("-inf")

    def sent(self, url: str) -> None:
        """Report a request."""
        self._attempt += 1
        self._sent_at, self._until = self._clock(), float("-inf")
        self._emit(RequestSent, url, self._attempt)

    def received(self, url: str, status_code: int) -> None:
        """Report a response."""
        self._emit(ResponseReceived, url, self._attempt, status_code=status_code, seconds=self._since())

    def failed(self, url: str, reason: str) -> None:
        """Report a failure."""
        self._emit(RequestFailed, url, self._attempt, reason=reason, seconds=self._since())

    def waiting(self, url: str, seconds: float, why: Why) -> None:
        """Report a wait, unless it is part of a wait that was reported."""
        until = self._clock() + seconds
        if until > self._until + LATER:
            self._until = until
            self._emit(Waiting, url, self._attempt + 1, seconds=seconds, why=why)

    def _since(self) -> float:
        return self._clock() - self._sent_at

    def _emit(self, kind: type[ClientEvent], url: str, attempt: int, **more: Any) -> None:
        event = kind(
            operation=self._operation,
            method=self._method,
            path_template=path_template(url, self._operation),
            attempt=attempt,
            **more,
        )
        if kind is not RequestSent and log.isEnabledFor(level := _level(event)):
            log.log(level, "%s", line(event))
        if self._tell is not None:
            _call(self._tell, event)


def _call(tell: Callable[[ClientEvent], object], event: ClientEvent) -> None:
    """Call `on_event`, and log what it raises."""
    try:
        found = tell(event)
    except Exception:
        log.exception("on_event raised, and the call goes on:")
        return
    if inspect.iscoroutine(found):
        found.close()
        log.error("on_event returned a coroutine, which is not awaited: give a plain function.")


def _level(event: ClientEvent) -> int:
    fine = isinstance(event, ResponseReceived) and event.status_code < 400
    return logging.DEBUG if fine else logging.INFO


def check_listener(on_event: object) -> None:
    """Check `on_event`.

    Raises:
        ConfigurationError: It is not callable, or is a coroutine function.
    """
    if not callable(on_event):
        raise ConfigurationError(f"on_event must be a function of one event, not {type(on_event).__name__}.")
    for each in (on_event, getattr(on_event, "__call__", None)):  # noqa: B004 - an object may await when it is called
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            raise ConfigurationError(
                "on_event must be a plain function, because it is not awaited. For async code, pass the event on: "
                "queue.put_nowait(event)."
            )


# ---------------------------------------------------------------------------------------------------------- the log


class _ToStandardError(logging.Handler):
    """Writes to the current `sys.stderr`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - as handlers of the standard library do
            self.handleError(record)


def log_level(value: str) -> int:
    """Return the level that POSTHOG_LOG names.

    Raises:
        ConfigurationError: The value is neither "debug" nor "info".
    """
    try:
        return {"debug": logging.DEBUG, "info": logging.INFO}[value.lower()]
    except KeyError:
        raise ConfigurationError(
            'POSTHOG_LOG must be "debug" (each attempt and each wait) or "info" (waits, faults and refusals).'
        ) from None


def log_to_stderr(level: int) -> Callable[[], None]:
    """Write the log to standard error from `level` on, unless it has a handler; return a function that undoes this."""
    before, handler = log.level, None
    log.setLevel(level)
    if not log.hasHandlers():
        handler = _ToStandardError()
        handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(message)s", "%H:%M:%S"))
        log.addHandler(handler)

    def end() -> None:
        log.setLevel(before)
        if handler is not None:
            log.removeHandler(handler)

    return end

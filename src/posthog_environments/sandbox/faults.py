"""Answers that a test orders: the server fails when it is told to."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from posthog_environments.sandbox import bodies
from posthog_environments.sandbox.messages import Reply

_WORDS: Final[dict[int, tuple[str, str]]] = {
    400: ("validation_error", "invalid_input"),
    401: ("authentication_error", "authentication_failed"),
    402: ("server_error", "quota_limit_exceeded"),
    403: ("authentication_error", "permission_denied"),
    404: ("invalid_request", "not_found"),
    409: ("server_error", "conflict"),
    429: ("throttled_error", "throttled"),
    502: ("server_error", "bad_gateway"),
    503: ("server_error", "unavailable"),
    504: ("server_error", "timeout"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One answer that was ordered.

    Attributes:
        after: Whether the request is carried out first, so that only its answer is lost.
    """

    status: int
    retry_after: int | None
    html: bool
    after: bool

    def reply(self) -> Reply:
        """Write it: an error as the API has them, or the page of a proxy."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.html:
            page = f"<html><head><title>{self.status}</title></head><body><h1>{self.status}</h1></body></html>\n"
            return Reply(self.status, page.encode(), "text/html", headers)
        kind, code = _WORDS.get(self.status, ("server_error" if self.status >= 500 else "invalid_request", "error"))
        body = {"type": kind, "code": code, "detail": "This failure was ordered.", "attr": None}
        return Reply(self.status, bodies.write(body).encode(), "application/json", headers)


class Faults:
    """The faults that wait for requests, in the order in which they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault, times: int) -> None:
        """Let the next requests fail."""
        with self._lock:
            self._waiting.extend([fault] * times)

    def take(self) -> Fault | None:
        """Give what the request that came in shall get, if it is to fail."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

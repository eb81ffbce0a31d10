"""Events that `on_event` receives: requests, responses, failures and waits.

No event holds a key, an id, a query or a body.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["ClientEvent", "RequestFailed", "RequestSent", "ResponseReceived", "Waiting", "Why"]

Why: TypeAlias = Literal["quota", "retry", "retry-after", "poll"]


@attrs.frozen(kw_only=True)
class ClientEvent:
    """Base of all events.

    Attributes:
        operation: Name of the call, such as "persons.get"; for `env.request` it is "request".
        method: The HTTP method, such as "GET".
        path_template: The path with placeholders for ids, such as "/api/environments/{project_id}/persons/{id}/".
        attempt: Number of the attempt at this request, from 1; for a wait, the number of the next attempt.
    """

    operation: str
    method: str
    path_template: str
    attempt: int


@attrs.frozen(kw_only=True)
class RequestSent(ClientEvent):
    """A request is sent."""


@attrs.frozen(kw_only=True)
class ResponseReceived(ClientEvent):
    """A response came, with any status.

    Attributes:
        status_code: HTTP status of the response.
        seconds: Seconds since the request was sent.
    """

    status_code: int
    seconds: float


@attrs.frozen(kw_only=True)
class RequestFailed(ClientEvent):
    """No usable response came.

    Attributes:
        reason: What happened, in words.
        seconds: Seconds since the request was sent.
    """

    reason: str
    seconds: float


@attrs.frozen(kw_only=True)
class Waiting(ClientEvent):
    """The client waits before it sends a request.

    Attributes:
        seconds: The expected wait in seconds. If it takes longer, another event follows.
        why: The reason: "quota" (the documented rates), "retry" (backoff after a failure), "retry-after" (the server
            named the time), or "poll" (the server still computes a query).
    """

    seconds: float
    why: Why

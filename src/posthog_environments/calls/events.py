"""What a client does, as it tells `on_event`: requests, answers, faults and waits.

No record holds a key, an id, a query or a body.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

__all__ = ["ClientEvent", "RequestFailed", "RequestSent", "ResponseReceived", "Waiting", "Why"]

Why: TypeAlias = Literal["quota", "retry", "retry-after", "poll"]


@attrs.frozen(kw_only=True)
class ClientEvent:
    """What all events have.

    Attributes:
        operation: Name of the call, such as "persons.get"; that of `env.request` is "request".
        method: The HTTP method, such as "GET".
        path_template: The path with names for what tells whom it is about, such as
            "/api/environments/{project_id}/persons/{id}/".
        attempt: Number of the attempt at this request, from 1; of a wait, that of the attempt to come.
    """

    operation: str
    method: str
    path_template: str
    attempt: int


@attrs.frozen(kw_only=True)
class RequestSent(ClientEvent):
    """A request goes out."""


@attrs.frozen(kw_only=True)
class ResponseReceived(ClientEvent):
    """An answer came, whatever it says.

    Attributes:
        status_code: HTTP status of the answer.
        seconds: Seconds since the request went out.
    """

    status_code: int
    seconds: float


@attrs.frozen(kw_only=True)
class RequestFailed(ClientEvent):
    """No usable answer came.

    Attributes:
        reason: What happened, in words.
        seconds: Seconds since the request went out.
    """

    reason: str
    seconds: float


@attrs.frozen(kw_only=True)
class Waiting(ClientEvent):
    """The client waits before it sends.

    Attributes:
        seconds: How long, in seconds, as far as is known now. Where it takes longer, another event follows.
        why: What for: "quota" (the rates that the client keeps to), "retry" (a pause after a fault), "retry-after" (the
            server named the time), or "poll" (the server still works on a query).
    """

    seconds: float
    why: Why

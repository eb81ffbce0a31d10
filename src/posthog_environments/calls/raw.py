"""Raw responses: keep the response of a call beside its value."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

from posthog_environments.calls.messages import (
    CallGenerator,
    Send,
    ServerResponse,
    Step,
    StepResult,
    TransportFailure,
    with_observer,
)
from posthog_environments.errors import MalformedResponseError
from posthog_environments.results.decoding import loads
from posthog_environments.results.responses import RawResponse

__all__ = ["raw"]

T = TypeVar("T")


def raw(generator: CallGenerator[T], clock: Callable[[], float] = time.monotonic) -> CallGenerator[RawResponse[T]]:
    """Run a call generator; return its last response, whose `parse` gives the value of the call.

    If the body is malformed, `parse` raises the error.
    """
    start, attempts = clock(), 0
    last: list[ServerResponse | TransportFailure] = []

    def note(seen: Step | StepResult) -> None:
        nonlocal attempts
        if isinstance(seen, Send):
            attempts += 1
        elif isinstance(seen, (ServerResponse, TransportFailure)):
            last[:] = [seen]

    parse: Callable[[], T]
    try:
        value = yield from with_observer(generator, note)
    except MalformedResponseError as error:
        if not last or not isinstance(last[0], ServerResponse):
            raise
        parse = partial(_raise, error.with_traceback(None))
    else:
        parse = partial(_same, value)
    response = last[0]
    assert isinstance(response, ServerResponse)
    return RawResponse(
        response.status_code, response.headers, response.content, attempts, clock() - start, parse, loads
    )


def _same(value: T) -> T:
    return value


def _raise(error: MalformedResponseError) -> NoReturn:
    raise error

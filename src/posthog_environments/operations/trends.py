"""Trend calls: which endpoint is asked, and how its response is read.

`insights/trend/` was removed from PostHog Cloud on 2026-09-11, and `query/` replaced it; other servers may have one or
both. Each call decides which one to ask, by the settings and by earlier responses.
"""

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

from posthog_environments.calls.decode import decode
from posthog_environments.calls.execute import execute_call, observed
from posthog_environments.calls.messages import (
    Call,
    CallGenerator,
    Operation,
    OperationKind,
    Send,
    ServerResponse,
    Sleep,
    Step,
    StepResult,
    at_twin,
    with_observer,
)
from posthog_environments.calls.state import CallContext, ClientState
from posthog_environments.errors import (
    APIStatusError,
    DeadlineExceeded,
    MalformedResponseError,
    RateLimitError,
    ServerError,
    printable,
    status_error_class,
)
from posthog_environments.query.trends_query import Places, merge_fields, refuse_what_is_lost, to_trends_query
from posthog_environments.query.validation import with_query
from posthog_environments.results.trend_answers import QueryState, loads, state_of

__all__ = ["COSTLY", "GONE", "TrendCall", "TrendOutcome", "Via", "ask", "in_turn"]

Via: TypeAlias = Literal["legacy", "query"]
T = TypeVar("T")
# Statuses of insights/trend/ on servers that do not have it.
GONE: Final = frozenset({403, 404, 405})
# Statuses that a retry would get again at the same cost: timeout, refused, out of memory.
COSTLY: Final = frozenset({504, 512, 513})
# Statuses that show that a server has query/.
_THERE: Final = frozenset({400, 402, 429})
# Host names; the last is the older name of us.
_CLOUD: Final = frozenset({"us.posthog.com", "eu.posthog.com", "app.posthog.com"})
# Seconds between two looks for a free query slot, and the first and the longest wait between two polls of a query.
_NAP: Final = 0.05
_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class TrendOutcome:
    """The response to a trend call.

    Attributes:
        via: The endpoint.
        call: The call that was answered.
        answer: Its response; at `query/` the one with the result.
        result: At `query/` the decoded response; None at `insights/trend/`, whose response is not decoded yet.
    """

    via: Via
    call: Call
    answer: ServerResponse
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrendCall:
    """A trend call, which may go to either endpoint.

    Attributes:
        name: Of the operation, for messages.
        asked: The fields in the words of `insights/trend/`, without `extra_body`.
        places: The place of each word in a TrendsQuery.
        legacy: Builds the request to `insights/trend/`.
        extra_query: Query parameters that the contract does not know.
        extra_body: Fields that the contract does not know.
    """

    name: str
    asked: Mapping[str, Any]
    places: Places
    legacy: Callable[[], Call]
    extra_query: Mapping[str, Any]
    extra_body: Mapping[str, Any]

    def by_legacy(self) -> Call:
        """Return the call to `insights/trend/`.

        Raises:
            ValueError: A part would be lost there.
        """
        refuse_what_is_lost(self.asked)
        return self.legacy()

    def by_query(self, context: CallContext) -> Call:
        """Return the call to `query/`.

        Raises:
            ValueError: A field has no place in a TrendsQuery.
        """
        own = context.client.settings.trend_api == "query"
        query = to_trends_query(self.asked if own else {**self.asked, **self.extra_body}, self.places)
        if own:
            merge_fields(query, self.extra_body, self.places)
        from posthog_environments_api.api.query import run_query
        from posthog_environments_api.models.query_request import QueryRequest
        from posthog_environments_api.models.trends_query import TrendsQuery

        refresh = "force_blocking" if self.asked.get("refresh") else None
        body = QueryRequest(query=TrendsQuery.from_dict(query), refresh=refresh)
        request = run_query._get_kwargs(context.project_id, body=body)
        return Call(self.at_query, with_query(request, self.extra_query), final=COSTLY)

    @property
    def at_query(self) -> Operation:
        """The operation at `query/`."""
        return Operation(self.name, OperationKind.READ, "query")


def ask(context: CallContext, trend_call: TrendCall) -> CallGenerator[TrendOutcome]:
    """Send a trend call to the endpoint in use.

    Raises:
        ValueError: The endpoint in use cannot express it. Nothing was sent.
        APIStatusError: While it runs: the server refused it, or the query failed.
    """
    way = _way(context.client)
    first = trend_call.by_query(context) if way == "query" else trend_call.by_legacy()
    return _asked(context, trend_call, way, first)


def _way(client: ClientState) -> Via:
    """Choose the endpoint that is asked first."""
    chosen = client.settings.trend_api
    if chosen != "auto":
        return chosen
    return "query" if client.by_query or client.settings.origin[1] in _CLOUD else "legacy"


def _asked(context: CallContext, trend_call: TrendCall, way: Via, first: Call) -> CallGenerator[TrendOutcome]:
    if way == "query":
        return (yield from in_turn(context, first, _answered(context, trend_call, first)))
    gone = None
    try:
        answer = yield from execute_call(context, first)
    except APIStatusError as error:
        if error.status_code not in GONE:
            raise
        gone = error
    else:
        return TrendOutcome("legacy", first, answer)
    if context.client.settings.trend_api == "legacy":
        found = yield from _at_twin(context, first, gone)
        if found is not None:
            return found
        raise _with_words(
            gone, _TAKEN_AWAY, 'Ask at query/ with trend_api="query"; the key needs the scope query:read.'
        )
    return (yield from _instead(context, trend_call, first, gone))


def _at_twin(context: CallContext, first: Call, gone: APIStatusError) -> CallGenerator[TrendOutcome | None]:
    """Ask `insights/trend/` under the other prefix, where it is not known yet that the server has the one in use.

    Servers from before 2024 have the projects prefix alone, and no `query/`. None if it is missing there too.
    """
    call = at_twin(first)
    if gone.status_code != 404 or context.client.settled or call is None:
        return None
    try:
        answer = yield from execute_call(context, call)
    except APIStatusError as error:
        if error.status_code in GONE:
            return None
        raise
    return TrendOutcome("legacy", call, answer)


def _instead(
    context: CallContext, trend_call: TrendCall, first: Call, gone: APIStatusError
) -> CallGenerator[TrendOutcome]:
    """Ask `query/` where `insights/trend/` is missing. If `query/` is refused too, the first error is raised."""
    refused = None
    try:
        call = trend_call.by_query(context)
        return (yield from in_turn(context, call, _answered(context, trend_call, call)))
    except APIStatusError as error:
        # A request that the rate limiter of the client refused was not sent, and has no body.
        if error.status_code in _THERE and error.body is not None:
            context.client.by_query = True
        if error.status_code in _THERE or isinstance(error, ServerError) or context.client.by_query:
            raise
        refused = error
    found = yield from _at_twin(context, first, gone)
    if found is not None:
        return found
    raise _with_words(gone, *_both_tried(gone, refused))


_TAKEN_AWAY: Final = (
    "insights/trend/ was removed from PostHog Cloud on 2026-09-11, after it had been closed to nearly everybody since "
    "January; newer servers no longer have it."
)


def _both_tried(gone: APIStatusError, refused: APIStatusError) -> tuple[str, str]:
    """Return the message that names both attempts, and the advice."""
    said = f"{_TAKEN_AWAY} query/, which took its place, was tried too and answered {refused.status_code}"
    said += f" ({printable(refused.detail, 120)})." if refused.detail else "."
    if gone.status_code == refused.status_code == 403:
        return said, "Give the key the scope query:read, for query/, or insight:read where insights/trend/ is left."
    if refused.status_code == 403:
        return said, "Give the key the scope query:read."
    return said, "Check host and project_id: nothing here answers questions about events."


def _with_words(error: APIStatusError, words: str, advice: str = "") -> APIStatusError:
    """Add words of ours and the advice to the message of the server."""
    message = str(error)
    stop = "" if message.endswith((".", "!", "?")) else "."
    error.args = (" ".join(filter(None, (message + stop, words, advice))),)
    error.hint = advice
    return error


# ----------------------------------------------------------------------------------------------------------- query/


def in_turn(context: CallContext, call: Call, generator: CallGenerator[T]) -> CallGenerator[T]:
    """Run a call generator while at most two others run: servers refuse a fourth query of a project."""
    client, who = context.client, object()
    try:
        yield from observed(context, call, _turn(context, call.operation.name, who))
        return (yield from generator)
    finally:
        with client.lock:
            client.queries.leave(who)


def _turn(context: CallContext, name: str, who: Hashable) -> CallGenerator[None]:
    client = context.client
    patience = context.options.timeout if context.options.max_wait is None else context.options.max_wait
    start = client.clock()
    while True:
        with client.lock:
            if client.queries.take(who):
                return
        if client.clock() - start + _NAP > patience:
            raise RateLimitError(
                f"{name}: three queries of this client are in flight, and none was over in "
                f"{patience:g} s. Nothing was sent. Give a larger max_wait or timeout, or ask less at once.",
                status_code=429,
            )
        yield Sleep(_NAP, for_quota=True, why="quota")


def _answered(context: CallContext, trend_call: TrendCall, call: Call) -> CallGenerator[TrendOutcome]:
    """Send a query, and poll until it is complete."""
    deadlines: list[float] = []

    def note(seen: Step | StepResult) -> None:
        if isinstance(seen, Send):
            deadlines.append(seen.deadline)

    try:
        answer = yield from with_observer(execute_call(context, call), note)
    except APIStatusError as error:
        raise _explained(error) from None
    body = _decoded(call, answer)
    context.client.by_query = True
    wait, faults = _FIRST_WAIT, 0
    while (state := _state(answer, body)) is not None:
        if state.failed:
            raise _failure(trend_call, answer.status_code, body, state)
        if state.complete:
            return TrendOutcome("query", call, answer, state.result or {})
        later = yield from _asked_for(context, trend_call, state, wait, deadlines[-1], faults)
        if later is None:
            faults += 1
        else:
            answer, body = later, _decoded(call, later)
        wait = min(2 * wait, _LONGEST_WAIT)
    return TrendOutcome("query", call, answer, body)


def _decoded(call: Call, answer: ServerResponse) -> dict[str, Any]:
    def read(content: bytes) -> dict[str, Any]:
        from posthog_environments_api.records import DecodeError, kind_of

        found = loads(content)
        if not isinstance(found, dict):
            raise DecodeError(f"expected an object, got {kind_of(found)}")
        return cast("dict[str, Any]", found)

    return decode(call, answer, read)


def _state(answer: ServerResponse, body: Mapping[str, Any]) -> QueryState | None:
    """Return the state of the query; None if the body is the result itself."""
    state = state_of(body)
    if state is None or state.failed:
        return state
    return None if answer.status_code != 202 and "results" in body else state


def _asked_for(
    context: CallContext, trend_call: TrendCall, state: QueryState, wait: float, deadline: float, faults: int
) -> CallGenerator[ServerResponse | None]:
    """Wait, and poll a query; None if the poll failed and is to be repeated."""
    client = context.client
    if state.id is None:
        raise MalformedResponseError(
            f"{trend_call.name}: the query runs on, and has no id to ask for it by.", status_code=202
        )
    if client.clock() + wait >= deadline:
        raise DeadlineExceeded(
            f"{trend_call.name} took longer than its {context.options.timeout:g} s: the server still works on the "
            "query. Give a larger timeout=, or ask for less."
        )
    from posthog_environments_api.api.query import get_query

    request = get_query._get_kwargs(context.project_id, state.id)
    # A query that failed without a reason is a 500, each time that it is polled.
    call = Call(trend_call.at_query, request, final=COSTLY | {500})
    yield from observed(context, call, _nap(wait))
    refused = None
    try:
        return (yield from execute_call(context.but(max(deadline - client.clock(), 0.001)), call))
    except APIStatusError as error:
        refused = error
    failed = state_of(refused.body)
    if failed is not None:
        raise _failure(trend_call, refused.status_code, refused.body, failed)
    if refused.status_code == 500 and faults < context.options.retries:
        return None
    if refused.status_code == 404:
        raise _with_words(refused, "The server no longer knows this query.", "Ask again.")
    raise _explained(refused)


def _nap(seconds: float) -> CallGenerator[None]:
    yield Sleep(seconds, why="poll")


def _failure(trend_call: TrendCall, status: int, body: object, state: QueryState) -> APIStatusError:
    """Return the error for a query that failed."""
    said = f": {printable(state.message)}" if state.message else ", and the server does not say why"
    error = status_error_class(status)(
        f"{trend_call.name}: {status}, the query failed{said}", status_code=status, body=body
    )
    error.detail, error.code = state.message, state.code
    return error


_BY_CODE: Final[Mapping[str, str]] = {
    "api_queries_budget_exceeded": "The project has read more in this hour than its plan has room for.",
    "api_queries_quota_exceeded": "The organisation has used up what its plan has of API queries.",
    "quota_limit_exceeded": "The organisation has used up what its plan has.",
    "payment_required": "The organisation has to pay first.",
}


def _explained(error: APIStatusError) -> APIStatusError:
    """Add to an error of `query/` what its text does not say."""
    if error.status_code == 403:
        return _with_words(error, "", "Give the key the scope query:read, which query/ needs.")
    if error.status_code in COSTLY:
        words = "It was not repeated, for it would cost the same again."
        return _with_words(error, words, "Ask for less time, a longer interval, or fewer values of a breakdown.")
    words = _BY_CODE.get(error.code or "", "")
    return _with_words(error, words, error.hint) if words else error

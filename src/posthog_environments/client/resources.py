"""Resources: `env.persons`, `env.insights` and their async and raw twins, made from the functions in `operations`.

Each function there takes a `CallContext` first; the method here takes its resource instead, which holds the context and
the runner. Type checkers see the function's parameters through a ParamSpec, and `inspect.signature` and `help` show
them too, so that one signature and one docstring serve both clients.

Imported on first use of an operation, for it imports all operations and what they build on.
"""

# The classes here are one mechanism: methods reach into their group.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import codecs
import contextlib
import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from posthog_environments.bulk.operations import delete_many, update_many
from posthog_environments.calls.messages import CallGenerator, ServerResponse, TransportFailure
from posthog_environments.calls.raw import raw
from posthog_environments.calls.state import CallContext
from posthog_environments.client.pager import AsyncPager, Pager
from posthog_environments.client.runners import AsyncRunner, Runner
from posthog_environments.errors import MalformedResponseError, TransportError
from posthog_environments.operations import deletions, insights, person_changes, person_history, persons, timing
from posthog_environments.paging.listing import ListRequest
from posthog_environments.results.responses import RawResponse

__all__ = [
    "AsyncInsights",
    "AsyncPersons",
    "AsyncRawInsights",
    "AsyncRawPersons",
    "AsyncWithRawResponse",
    "Insights",
    "Persons",
    "RawInsights",
    "RawPersons",
    "WithRawResponse",
]

P = ParamSpec("P")
T = TypeVar("T")


class _Resource:
    """Operations of one kind on one client."""

    def __init__(self, context: CallContext, runner: Runner) -> None:
        self._context = context
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of project {self._context.project_id}>"


class _AsyncResource:
    """Operations of one kind on one awaiting client."""

    def __init__(self, context: CallContext, runner: AsyncRunner) -> None:
        self._context = context
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of project {self._context.project_id}>"


def _as_method(method: Any, generator: Callable[..., Any], returns: str) -> Any:
    """Give a method the name, docstring and signature of its flow, with `self` first and what it returns itself."""
    functools.update_wrapper(method, generator)
    del method.__wrapped__
    method.__name__ = method.__name__.rstrip("_")
    method.__module__ = __name__
    signature = inspect.signature(generator)
    _, *parameters = signature.parameters.values()
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    item = str(signature.return_annotation).partition("[")[2].removesuffix("]")
    method.__signature__ = signature.replace(
        parameters=[this, *parameters], return_annotation=returns.format(item=item)
    )
    method.__annotations__ = {
        **{p.name: p.annotation for p in parameters},
        "return": returns.format(item=item),
    }
    return method


def _call(generator: Callable[Concatenate[CallContext, P], CallGenerator[T]]) -> Callable[Concatenate[_Resource, P], T]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(generator(self._context, *args, **kwargs))

    return cast("Callable[Concatenate[_Resource, P], T]", _as_method(method, generator, "{item}"))


def _raw(
    generator: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_Resource, P], RawResponse[T]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        return self._runner.run(raw(generator(self._context, *args, **kwargs)))

    return cast(
        "Callable[Concatenate[_Resource, P], RawResponse[T]]", _as_method(method, generator, "RawResponse[{item}]")
    )


def _listing(
    generator: Callable[Concatenate[CallContext, P], ListRequest[T]],
) -> Callable[Concatenate[_Resource, P], Pager[T]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> Pager[T]:
        return Pager(generator(self._context, *args, **kwargs), self._runner.run)

    return cast("Callable[Concatenate[_Resource, P], Pager[T]]", _as_method(method, generator, "Pager[{item}]"))


def _csv(
    generator: Callable[Concatenate[CallContext, P], CallGenerator[ServerResponse]],
) -> Callable[Concatenate[_Resource, P], Iterator[str]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        texts = _texts(self, generator(self._context, *args, **kwargs), _silence(self._context, kwargs))
        return _whole(texts) if generator is persons.csv else texts

    return cast("Callable[Concatenate[_Resource, P], Iterator[str]]", _as_method(method, generator, "Iterator[str]"))


def _acall(
    generator: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, T]]:
    async def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._runner.run(generator(self._context, *args, **kwargs))

    return cast(
        "Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, T]]", _as_method(method, generator, "{item}")
    )


def _araw(
    generator: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, RawResponse[T]]]:
    async def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        return await self._runner.run(raw(generator(self._context, *args, **kwargs)))

    return cast(
        "Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, RawResponse[T]]]",
        _as_method(method, generator, "RawResponse[{item}]"),
    )


def _alisting(
    generator: Callable[Concatenate[CallContext, P], ListRequest[T]],
) -> Callable[Concatenate[_AsyncResource, P], AsyncPager[T]]:
    def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> AsyncPager[T]:
        return AsyncPager(generator(self._context, *args, **kwargs), self._runner.run)

    return cast(
        "Callable[Concatenate[_AsyncResource, P], AsyncPager[T]]", _as_method(method, generator, "AsyncPager[{item}]")
    )


def _acsv(
    generator: Callable[Concatenate[CallContext, P], CallGenerator[ServerResponse]],
) -> Callable[Concatenate[_AsyncResource, P], AsyncGenerator[str, None]]:
    def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[str, None]:
        texts = _atexts(self, generator(self._context, *args, **kwargs), _silence(self._context, kwargs))
        return _awhole(texts) if generator is persons.csv else texts

    return cast(
        "Callable[Concatenate[_AsyncResource, P], AsyncGenerator[str, None]]",
        _as_method(method, generator, "AsyncGenerator[str, None]"),
    )


def _silence(context: CallContext, arguments: Mapping[str, Any]) -> float:
    return arguments.get("timeout") or context.options.timeout


class _Decoder:
    """Turns the pieces of a stream into text, and what went wrong on the way into an error of the tree."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def text(self, chunk: bytes, *, final: bool = False) -> str:
        failure = None
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            failure = MalformedResponseError("The CSV is not UTF-8.", status_code=200, body=chunk[:65536])
        raise failure

    def error(self, failed: TransportFailure) -> TransportError:
        return TransportError(f"The CSV broke off: {failed.reason}. What came before is not the whole.")


def _texts(group: _Resource, generator: CallGenerator[ServerResponse], silence: float) -> Iterator[str]:
    answer = group._runner.run(generator, silence)
    decoder, failure, stream = _Decoder(), None, answer.stream
    if stream is None:  # written here, and whole
        yield answer.content.decode()
        return
    assert isinstance(stream, Generator)
    with contextlib.closing(cast("Generator[bytes, None, None]", stream)):
        try:
            for chunk in stream:
                if text := decoder.text(chunk):
                    yield text
        except TransportFailure as failed:
            failure = decoder.error(failed)
    if failure is not None:
        raise failure
    decoder.text(b"", final=True)


async def _atexts(
    group: _AsyncResource, generator: CallGenerator[ServerResponse], silence: float
) -> AsyncGenerator[str, None]:
    answer = await group._runner.run(generator, silence)
    decoder, failure, stream = _Decoder(), None, answer.stream
    if stream is None:  # written here, and whole
        yield answer.content.decode()
        return
    assert isinstance(stream, AsyncGenerator)
    async with contextlib.aclosing(cast("AsyncGenerator[bytes, None]", stream)):
        try:
            async for chunk in stream:
                if text := decoder.text(chunk):
                    yield text
        except TransportFailure as failed:
            failure = decoder.error(failed)
    if failure is not None:
        raise failure
    decoder.text(b"", final=True)


# Rows at which servers end a CSV of persons in silence: since 2026, and before.
CSV_CAPS = (50_000, 300_000)


class _Rows:
    """Counts the rows of a CSV as it passes; a line break within quotes ends none."""

    def __init__(self) -> None:
        self._lines = 0
        self._quoted = False
        self._open = False

    def pass_on(self, chunk: str) -> str:
        for index, part in enumerate(chunk.split('"')):
            self._quoted ^= index > 0
            self._lines += 0 if self._quoted else part.count("\n")
        self._open = not chunk.endswith("\n")
        return chunk

    @property
    def count(self) -> int:
        """How many rows there were below the header."""
        return max(0, self._lines + self._open - 1)

    def end(self) -> None:
        """Refuse an end at which there may be more.

        Raises:
            MalformedResponseError: There are exactly as many rows, below the header, as servers give at most.
        """
        rows = self.count
        if rows in CSV_CAPS:
            hint = "Use list(…).export(path), which reads page by page and has no such limit."
            error = MalformedResponseError(
                f"The CSV ends at exactly {rows:,} rows, where servers stop in silence: persons may be missing. {hint}",
                status_code=200,
            )
            error.hint = hint
            raise error


def _whole(texts: Iterator[str]) -> Iterator[str]:
    rows = _Rows()
    yield from map(rows.pass_on, texts)
    rows.end()


async def _awhole(texts: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    rows = _Rows()
    async with contextlib.aclosing(texts):
        async for chunk in texts:
            yield rows.pass_on(chunk)
    rows.end()


class Persons(_Resource):
    """The operations on persons."""

    list = _listing(persons.list_)
    get = _call(persons.get)
    update = _call(person_changes.update)
    delete = _call(person_changes.delete)
    activity = _listing(person_history.activity)
    delete_property = _call(person_changes.delete_property)
    properties_timeline = _call(person_history.properties_timeline)
    csv = _csv(persons.csv)
    delete_many = _call(delete_many)
    deletion_status = _listing(deletions.deletion_status)
    update_many = _call(update_many)


class AsyncPersons(_AsyncResource):
    """The operations on persons; calls are awaited, listings and CSV iterated with `async for`."""

    list = _alisting(persons.list_)
    get = _acall(persons.get)
    update = _acall(person_changes.update)
    delete = _acall(person_changes.delete)
    activity = _alisting(person_history.activity)
    delete_property = _acall(person_changes.delete_property)
    properties_timeline = _acall(person_history.properties_timeline)
    csv = _acsv(persons.csv)
    delete_many = _acall(delete_many)
    deletion_status = _alisting(deletions.deletion_status)
    update_many = _acall(update_many)


class Insights(_Resource):
    """The operations on insights."""

    trend = _call(insights.trend)
    get_trend = _call(insights.get_trend)
    trend_csv = _csv(insights.trend_csv)
    timing = _call(timing.timing)


class AsyncInsights(_AsyncResource):
    """The operations on insights; calls are awaited, CSV is iterated with `async for`."""

    trend = _acall(insights.trend)
    get_trend = _acall(insights.get_trend)
    trend_csv = _acsv(insights.trend_csv)
    timing = _acall(timing.timing)


class RawPersons(_Resource):
    """The single calls on persons; each gives its answer as it came."""

    get = _raw(persons.get)
    update = _raw(person_changes.update)
    delete = _raw(person_changes.delete)
    delete_property = _raw(person_changes.delete_property)
    properties_timeline = _raw(person_history.properties_timeline)


class RawInsights(_Resource):
    """The single calls on insights; each gives its answer as it came."""

    trend = _raw(insights.trend)
    get_trend = _raw(insights.get_trend)
    timing = _raw(timing.timing)


class WithRawResponse(_Resource):
    """The single calls, each giving a `RawResponse`; of a listing each page has `.response`."""

    @property
    def persons(self) -> RawPersons:
        """The single calls on persons."""
        return RawPersons(self._context, self._runner)

    @property
    def insights(self) -> RawInsights:
        """The single calls on insights."""
        return RawInsights(self._context, self._runner)


class AsyncRawPersons(_AsyncResource):
    """The single calls on persons; each gives its answer as it came, once awaited."""

    get = _araw(persons.get)
    update = _araw(person_changes.update)
    delete = _araw(person_changes.delete)
    delete_property = _araw(person_changes.delete_property)
    properties_timeline = _araw(person_history.properties_timeline)


class AsyncRawInsights(_AsyncResource):
    """The single calls on insights; each gives its answer as it came, once awaited."""

    trend = _araw(insights.trend)
    get_trend = _araw(insights.get_trend)
    timing = _araw(timing.timing)


class AsyncWithRawResponse(_AsyncResource):
    """The single calls, each giving a `RawResponse`; of a listing each page has `.response`."""

    @property
    def persons(self) -> AsyncRawPersons:
        """The single calls on persons."""
        return AsyncRawPersons(self._context, self._runner)

    @property
    def insights(self) -> AsyncRawInsights:
        """The single calls on insights."""
        return AsyncRawInsights(self._context, self._runner)

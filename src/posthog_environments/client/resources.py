"""Resources: `env.persons`, `env.insights` and their async and raw variants, made from the functions in `operations`.

Each of those functions takes a `CallContext` first. The method made from it takes the resource instead, which holds the
context and the runner. Type checkers see the other parameters through a ParamSpec, `inspect.signature` and `help`
show them too. So one signature and one docstring serve both clients.

This module imports all operations, so it is itself imported on first use of one.
"""

# The functions here belong to the classes: they read private attributes of a resource.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from posthog_environments.bulk.operations import delete_many, update_many
from posthog_environments.calls.messages import CallGenerator, ServerResponse
from posthog_environments.calls.raw import raw
from posthog_environments.calls.state import CallContext
from posthog_environments.client.csv_stream import acheck_rows, acsv_text, check_rows, csv_text
from posthog_environments.client.pager import AsyncPager, Pager
from posthog_environments.client.runners import AsyncRunner, Runner
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
    """A group of operations of a blocking client."""

    def __init__(self, context: CallContext, runner: Runner) -> None:
        self._context = context
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of project {self._context.project_id}>"


class _AsyncResource:
    """A group of operations of an async client."""

    def __init__(self, context: CallContext, runner: AsyncRunner) -> None:
        self._context = context
        self._runner = runner

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of project {self._context.project_id}>"


def _as_method(method: Any, operation: Callable[..., Any], returns: str) -> Any:
    """Give a method the name, docstring and signature of its operation, with `self` first and its own return type."""
    functools.update_wrapper(method, operation)
    del method.__wrapped__
    method.__name__ = method.__name__.rstrip("_")
    method.__module__ = __name__
    signature = inspect.signature(operation)
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


def _call(operation: Callable[Concatenate[CallContext, P], CallGenerator[T]]) -> Callable[Concatenate[_Resource, P], T]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(operation(self._context, *args, **kwargs))

    return cast("Callable[Concatenate[_Resource, P], T]", _as_method(method, operation, "{item}"))


def _raw(
    operation: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_Resource, P], RawResponse[T]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        return self._runner.run(raw(operation(self._context, *args, **kwargs)))

    return cast(
        "Callable[Concatenate[_Resource, P], RawResponse[T]]", _as_method(method, operation, "RawResponse[{item}]")
    )


def _listing(
    operation: Callable[Concatenate[CallContext, P], ListRequest[T]],
) -> Callable[Concatenate[_Resource, P], Pager[T]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> Pager[T]:
        return Pager(operation(self._context, *args, **kwargs), self._runner.run)

    return cast("Callable[Concatenate[_Resource, P], Pager[T]]", _as_method(method, operation, "Pager[{item}]"))


def _csv(
    operation: Callable[Concatenate[CallContext, P], CallGenerator[ServerResponse]],
) -> Callable[Concatenate[_Resource, P], Iterator[str]]:
    def method(self: _Resource, *args: P.args, **kwargs: P.kwargs) -> Iterator[str]:
        texts = csv_text(self._runner, operation(self._context, *args, **kwargs), _silence(self._context, kwargs))
        return check_rows(texts) if operation is persons.csv else texts

    return cast("Callable[Concatenate[_Resource, P], Iterator[str]]", _as_method(method, operation, "Iterator[str]"))


def _acall(
    operation: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, T]]:
    async def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._runner.run(operation(self._context, *args, **kwargs))

    return cast(
        "Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, T]]", _as_method(method, operation, "{item}")
    )


def _araw(
    operation: Callable[Concatenate[CallContext, P], CallGenerator[T]],
) -> Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, RawResponse[T]]]:
    async def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        return await self._runner.run(raw(operation(self._context, *args, **kwargs)))

    return cast(
        "Callable[Concatenate[_AsyncResource, P], Coroutine[Any, Any, RawResponse[T]]]",
        _as_method(method, operation, "RawResponse[{item}]"),
    )


def _alisting(
    operation: Callable[Concatenate[CallContext, P], ListRequest[T]],
) -> Callable[Concatenate[_AsyncResource, P], AsyncPager[T]]:
    def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> AsyncPager[T]:
        return AsyncPager(operation(self._context, *args, **kwargs), self._runner.run)

    return cast(
        "Callable[Concatenate[_AsyncResource, P], AsyncPager[T]]", _as_method(method, operation, "AsyncPager[{item}]")
    )


def _acsv(
    operation: Callable[Concatenate[CallContext, P], CallGenerator[ServerResponse]],
) -> Callable[Concatenate[_AsyncResource, P], AsyncGenerator[str, None]]:
    def method(self: _AsyncResource, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[str, None]:
        texts = acsv_text(self._runner, operation(self._context, *args, **kwargs), _silence(self._context, kwargs))
        return acheck_rows(texts) if operation is persons.csv else texts

    return cast(
        "Callable[Concatenate[_AsyncResource, P], AsyncGenerator[str, None]]",
        _as_method(method, operation, "AsyncGenerator[str, None]"),
    )


def _silence(context: CallContext, arguments: Mapping[str, Any]) -> float:
    return arguments.get("timeout") or context.options.timeout


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
    """The operations on persons; await calls, and iterate over listings and CSV with `async for`."""

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
    """The operations on insights; await calls, and iterate over CSV with `async for`."""

    trend = _acall(insights.trend)
    get_trend = _acall(insights.get_trend)
    trend_csv = _acsv(insights.trend_csv)
    timing = _acall(timing.timing)


class RawPersons(_Resource):
    """The single calls on persons; each returns a `RawResponse`."""

    get = _raw(persons.get)
    update = _raw(person_changes.update)
    delete = _raw(person_changes.delete)
    delete_property = _raw(person_changes.delete_property)
    properties_timeline = _raw(person_history.properties_timeline)


class RawInsights(_Resource):
    """The single calls on insights; each returns a `RawResponse`."""

    trend = _raw(insights.trend)
    get_trend = _raw(insights.get_trend)
    timing = _raw(timing.timing)


class WithRawResponse(_Resource):
    """The single calls; each returns a `RawResponse`. For listings see `Page.response`."""

    @property
    def persons(self) -> RawPersons:
        """The single calls on persons."""
        return RawPersons(self._context, self._runner)

    @property
    def insights(self) -> RawInsights:
        """The single calls on insights."""
        return RawInsights(self._context, self._runner)


class AsyncRawPersons(_AsyncResource):
    """The single calls on persons; each returns a `RawResponse` when awaited."""

    get = _araw(persons.get)
    update = _araw(person_changes.update)
    delete = _araw(person_changes.delete)
    delete_property = _araw(person_changes.delete_property)
    properties_timeline = _araw(person_history.properties_timeline)


class AsyncRawInsights(_AsyncResource):
    """The single calls on insights; each returns a `RawResponse` when awaited."""

    trend = _araw(insights.trend)
    get_trend = _araw(insights.get_trend)
    timing = _araw(timing.timing)


class AsyncWithRawResponse(_AsyncResource):
    """The single calls; each returns a `RawResponse`. For listings see `Page.response`."""

    @property
    def persons(self) -> AsyncRawPersons:
        """The single calls on persons."""
        return AsyncRawPersons(self._context, self._runner)

    @property
    def insights(self) -> AsyncRawInsights:
        """The single calls on insights."""
        return AsyncRawInsights(self._context, self._runner)

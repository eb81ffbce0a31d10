"""Clients: `Environment` blocks, `AsyncEnvironment` awaits.

Most imports are made when a client is created, and the operations (`resources`) when one is first used, so that a
program that only prints its help starts fast.
"""

# The classes here belong together: resources read private attributes of their client.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, cast, overload

from posthog_environments.client import setup
from posthog_environments.config.api_key import Secret
from posthog_environments.config.defaults import DEFAULT_RETRIES, DEFAULT_TIMEOUT, MAX_BODY
from posthog_environments.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    import httpx
    from posthog_environments_api.client import Client

    from posthog_environments.calls.events import ClientEvent
    from posthog_environments.calls.prefixes import InUse
    from posthog_environments.calls.state import CallContext, ClientState
    from posthog_environments.client.resources import (
        AsyncInsights,
        AsyncPersons,
        AsyncWithRawResponse,
        Insights,
        Persons,
        WithRawResponse,
    )
    from posthog_environments.client.runners import AsyncRunner, Runner
    from posthog_environments.config.settings import CallOptions, Prefix, TrendApi
    from posthog_environments.operations.any_request import Params
    from posthog_environments.results.responses import RawResponse

__all__ = ["AsyncEnvironment", "Environment"]

G = TypeVar("G")
Key = str | Callable[[], str]


class _ResourceAttribute(Generic[G]):
    """Attribute of a client: the resource on an instance, its class on the client's class, so that help() finds it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @functools.cached_property
    def _class(self) -> type[G]:
        from posthog_environments.client import resources

        return cast("type[G]", getattr(resources, self._name))

    @overload
    def __get__(self, instance: None, owner: type) -> type[G]: ...
    @overload
    def __get__(self, instance: _Client[Any, Any], owner: type) -> G: ...
    def __get__(self, instance: _Client[Any, Any] | None, owner: type) -> type[G] | G:
        if instance is None:
            return self._class
        make: Any = self._class
        return cast("G", make(instance._context, instance._runner))


Transport = TypeVar("Transport")
AnyRunner = TypeVar("AnyRunner", bound="Runner | AsyncRunner")


class _Client(Generic[Transport, AnyRunner]):
    """Base of both clients: checks the settings, and makes views. It cannot be copied or pickled."""

    _context: CallContext
    _runner: AnyRunner

    def __init__(
        self,
        project_id: int | str | None = None,
        *,
        api_key: Key | None = None,
        host: str | None = None,
        prefix: Prefix | None = None,
        trend_api: TrendApi | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_wait: float | None = None,
        retries: int = DEFAULT_RETRIES,
        pacing: bool = True,
        verify: ssl.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        allow_http: bool = False,
        transport: Transport | None = None,
        max_body: int = MAX_BODY,
        quota: str | os.PathLike[str] | None = None,
        on_event: Callable[[ClientEvent], object] | None = None,
    ) -> None:
        # First of all, so that no traceback shows the key in a local variable.
        api_key = cast("Any", Secret.wrap(api_key))
        from posthog_environments.calls.state import CallContext, ClientState
        from posthog_environments.config.settings import CallOptions, read_settings

        settings = read_settings(
            project_id=project_id,
            api_key=api_key,
            host=host,
            prefix=prefix,
            trend_api=trend_api,
            max_body=max_body,
            allow_http=allow_http,
            environ=os.environ,
            quota=quota,
        )
        options = CallOptions().but(timeout=timeout, max_wait=max_wait, retries=retries, pacing=pacing)
        # Auto starts with /api/environments/, which all servers of 2024 to 2026 have.
        begin: InUse = "projects" if settings.prefix == "projects" else "environments"
        setup.start_observing(on_event, os.environ.get("POSTHOG_LOG"))
        client = ClientState(settings, begin, quota=setup.rate_limiter(settings), on_event=on_event)
        proxy = setup.checked_proxy(proxy, verify, settings.host, trust_env=trust_env)
        self._context = CallContext(client, options)
        self._open(client, options, transport, verify, proxy)

    def _open(
        self,
        client: ClientState,
        options: CallOptions,
        transport: Transport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        raise NotImplementedError

    def with_options(
        self,
        *,
        timeout: float | None = None,
        max_wait: float | Literal["as before"] | None = "as before",
        retries: int | None = None,
        pacing: bool | None = None,
    ) -> Self:
        """Return a view of the client with other options, on the same connections, quota and key.

        Args:
            timeout: Seconds for one call, from the moment that pacing lets it go.
            max_wait: Seconds that a call may wait for the quota in addition; None for the default rule.
            retries: How often a call may be retried; 0 switches retries off.
            pacing: Whether to keep to the documented rates.

        Raises:
            ConfigurationError: An option is invalid.
        """
        given = {"timeout": timeout, "retries": retries, "pacing": pacing}
        changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if max_wait != "as before":
            changes["max_wait"] = max_wait
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._context = type(self._context)(self._context.client, self._context.options.but(**changes))
        return view

    @property
    def project_id(self) -> str:
        """The project id, as in the paths of requests."""
        return self._context.project_id

    @property
    def host(self) -> str:
        """The URL of the server."""
        return self._context.client.settings.host

    @property
    def prefix(self) -> InUse:
        """The prefix in use; with "auto" it may change after a response."""
        return self._context.client.prefix

    def __repr__(self) -> str:
        if not hasattr(self, "_context"):  # a traceback may show a client whose settings are invalid
            return f"<{type(self).__name__}, not set up>"
        return f"{type(self).__name__}({self.project_id!r}, host={self.host!r}, prefix={self.prefix!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be copied or pickled: it holds connections and a key. "
            "Use it from several threads as it is, make one in each process, or take a view: with_options()."
        )


class Environment(_Client["httpx.BaseTransport", "Runner"]):
    """Client for the persons and trends of one PostHog project. It blocks, and is safe to use from several threads.

    Args:
        project_id: The number of the project, or "@current". Default: POSTHOG_PROJECT_ID.
        api_key: A personal API key (phx_…), or a function that returns one, called before each attempt. Default:
            POSTHOG_PERSONAL_API_KEY.
        host: "us", "eu" or the URL of a server. Default: POSTHOG_HOST, else "us".
        prefix: "auto", "environments" or "projects" (its twin, which the vendor moves to). "auto" starts with
            environments, and changes to projects if the server says so or has nothing else. Default: POSTHOG_PREFIX,
            else "auto".
        trend_api: Endpoint for trends: "legacy" (`insights/trend/`), "query" (`query/`, scope query:read) or "auto".
            "auto" uses `query/` on PostHog Cloud; elsewhere `insights/trend/`, or `query/` if the server lacks that.
            Default: POSTHOG_TREND_API, else "auto".
        timeout: Seconds for one call from the moment that pacing lets it go, including all attempts and waits between.
        max_wait: Seconds that a call may wait for the quota in addition. None: a listing waits without a limit, any
            other call no longer than its timeout, and the wait after a 429 counts towards the timeout.
        retries: How often a call may be retried; 0 switches retries off.
        pacing: Whether to keep to the documented rates, so that there is no 429.
        verify: Your own `ssl.SSLContext`. Verification cannot be switched off.
        proxy: The URL of a proxy.
        trust_env: Whether to use the proxies that the environment names.
        allow_http: Whether to allow plain http to a host that is not loopback.
        transport: The `httpx.BaseTransport` to send with, for tests and special networks.
        max_body: Most bytes of a response, on the wire and decompressed.
        quota: Where the requests of a key are counted: "memory", for this client alone; a file
            ("file:///path/quota.db", or a Path), for all processes on a machine that name it; or a Redis server
            ("redis://host:6379/0"), for several machines. Default: POSTHOG_QUOTA, else "memory".
        on_event: A plain function that receives an event for each request, response, failure and wait: `RequestSent`,
            `ResponseReceived`, `RequestFailed` or `Waiting`. It runs in the thread of the call, so it must be fast and
            thread-safe. Its exceptions are logged and dropped. POSTHOG_LOG=debug (each attempt and each wait) or
            POSTHOG_LOG=info (waits, failures and error statuses) writes the same as lines of the logger
            `posthog_environments` to standard error.

    Raises:
        ConfigurationError: A setting is missing or invalid. Nothing was sent.
    """

    persons = cast("_ResourceAttribute[Persons]", _ResourceAttribute("Persons"))
    insights = cast("_ResourceAttribute[Insights]", _ResourceAttribute("Insights"))
    with_raw_response = cast("_ResourceAttribute[WithRawResponse]", _ResourceAttribute("WithRawResponse"))

    def _open(
        self,
        client: ClientState,
        options: CallOptions,
        transport: httpx.BaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        import httpx

        from posthog_environments.client.runners import Runner
        from posthog_environments.transport.transport import Transport

        if transport is not None and not isinstance(cast("Any", transport), httpx.BaseTransport):
            raise ConfigurationError(f"transport must be an httpx.BaseTransport, not {type(transport).__name__}.")
        self._transport = Transport(client, transport, verify, proxy, options.timeout)
        self._runner = Runner(self._transport)

    @functools.cached_property
    def api(self) -> Client:
        """The generated client, for use with `posthog_environments_api`.

        It has the prefix, deadline, origin check and size limits of this client, but no retries and no pacing. It holds
        no key: the transport adds it.
        """
        import httpx
        from posthog_environments_api.client import Client

        # The transport enforces the deadline.
        client = httpx.Client(base_url=self.host, transport=self._transport, timeout=None, trust_env=False)  # noqa: S113
        return Client(base_url=self.host).set_httpx_client(client)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        timeout: float | None = None,
        repeat: bool | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RawResponse[Any]:
        """Make a request to any path of the API, with the pacing, deadline, retries and errors of other calls.

        Use it for operations that this client has no method for.

        Args:
            method: "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE".
            path: Relative to the project ("cohorts/", "persons/42/"), or from "/api/" ("/api/users/@me/"). It decides
                which rate the request counts against.
            params: The query: str, numbers, bools, dates, and lists of these, which repeat the name. None omits a
                parameter.
            json: The body: any JSON value. None sends no body.
            timeout: Seconds for the call; None for the client's timeout.
            repeat: Whether to retry if it is not known whether the request was carried out. None: GET, HEAD and DELETE
                are retried, other methods are not.
            extra_headers: Headers to add, or to replace the client's own; never Authorization or Host.

        Returns:
            The response: `.json()`, `.status_code`, `.headers`, ...; `.parse()` returns its JSON, or None if empty.

        Raises:
            ConfigurationError: The path leads to another server, out of /api/, or has dot segments; or the method is
                not one of the list. Nothing was sent.
            OutcomeUnknown: The request may or may not have been carried out, and may not be repeated.
            APIStatusError: The status is not a success. A 404 says nothing about the prefix.
            TypeError, ValueError: An argument is invalid. Nothing was sent.
        """
        from posthog_environments.operations.any_request import request

        return self._runner.run(request(self._context, method, path, params, json, timeout, repeat, extra_headers))

    def close(self) -> None:
        """Close the connections. Calls in progress fail."""
        self._transport.close()
        if self._context.client.quota.pending:
            from posthog_environments.calls.pacing import tell

            self._runner.run(tell(self._context.client))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncEnvironment(_Client["httpx.AsyncBaseTransport", "AsyncRunner"]):
    """Async client for the persons and trends of one PostHog project, on asyncio or trio, within one event loop.

    The arguments are those of `Environment`; `transport` is an `httpx.AsyncBaseTransport`.
    """

    persons = cast("_ResourceAttribute[AsyncPersons]", _ResourceAttribute("AsyncPersons"))
    insights = cast("_ResourceAttribute[AsyncInsights]", _ResourceAttribute("AsyncInsights"))
    with_raw_response = cast("_ResourceAttribute[AsyncWithRawResponse]", _ResourceAttribute("AsyncWithRawResponse"))

    def _open(
        self,
        client: ClientState,
        options: CallOptions,
        transport: httpx.AsyncBaseTransport | None,
        verify: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        import httpx

        from posthog_environments.client.runners import AsyncRunner
        from posthog_environments.transport.transport import AsyncTransport

        if transport is not None and not isinstance(cast("Any", transport), httpx.AsyncBaseTransport):
            raise ConfigurationError(f"transport must be an httpx.AsyncBaseTransport, not {type(transport).__name__}.")
        self._transport = AsyncTransport(client, transport, verify, proxy, options.timeout)
        self._runner = AsyncRunner(self._transport)

    @functools.cached_property
    def api(self) -> Client:
        """The generated client, for use with `posthog_environments_api`; see `Environment.api`."""
        import httpx
        from posthog_environments_api.client import Client

        # The transport enforces the deadline.
        client = httpx.AsyncClient(base_url=self.host, transport=self._transport, timeout=None, trust_env=False)  # noqa: S113
        return Client(base_url=self.host).set_async_httpx_client(client)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as every method takes it
        repeat: bool | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> RawResponse[Any]:
        """Make a request to any path of the API; see `Environment.request`."""
        from posthog_environments.operations.any_request import request

        return await self._runner.run(
            request(self._context, method, path, params, json, timeout, repeat, extra_headers)
        )

    async def aclose(self) -> None:
        """Close the connections. Calls in progress fail."""
        await self._transport.aclose()
        if self._context.client.quota.pending:
            from posthog_environments.calls.pacing import tell

            await self._runner.run(tell(self._context.client))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

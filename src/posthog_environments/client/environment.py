"""The clients: `Environment` blocks, `AsyncEnvironment` awaits. No operation is written here, only bound.

Little is imported before a client is made, and the operations (`bound`) come when one is first asked for: a program
pays for what it uses, and one that only shows its help for next to nothing.
"""

# The classes here are one mechanism: groups reach into their client.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Self, TypeVar, cast, overload

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
    from posthog_environments.config.settings import CallOptions, Prefix, Settings, TrendApi
    from posthog_environments.operations.any_request import Params
    from posthog_environments.ratelimit.limiter import SharedPacer
    from posthog_environments.results.responses import RawResponse

__all__ = ["AsyncEnvironment", "Environment"]

G = TypeVar("G")
Key = str | Callable[[], str]


# ------------------------------------------------------------------------------------------------------- the groups


class _Bound(Generic[G]):
    """An attribute of a client: the group on an instance, the group's class on the class, so that help() finds it."""

    def __init__(self, name: str) -> None:
        self._name = name

    @functools.cached_property
    def _group(self) -> type[G]:
        from posthog_environments.client import resources as bound

        return cast("type[G]", getattr(bound, self._name))

    @overload
    def __get__(self, instance: None, owner: type) -> type[G]: ...
    @overload
    def __get__(self, instance: _Client[Any, Any], owner: type) -> G: ...
    def __get__(self, instance: _Client[Any, Any] | None, owner: type) -> type[G] | G:
        if instance is None:
            return self._group
        make: Any = self._group
        return cast("G", make(instance._context, instance._runner))


# ------------------------------------------------------------------------------------------------------- the clients

Transport = TypeVar("Transport")
AnyRunner = TypeVar("AnyRunner", bound="Runner | AsyncRunner")


class _Client(Generic[Transport, AnyRunner]):
    """What both clients share: settings, checked and kept; views; and that nobody copies or pickles them."""

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
        # First of all, so that the text of the key is in no local variable of a traceback.
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
        # Auto begins with environments, which every server of 2024 to 2026 knows.
        begin: InUse = "projects" if settings.prefix == "projects" else "environments"
        if on_event is not None:
            from posthog_environments.calls.observe import check_listener

            check_listener(on_event)
        if level := os.environ.get("POSTHOG_LOG"):
            from posthog_environments.calls.observe import log_level, log_to_stderr

            log_to_stderr(log_level(level))
        client = ClientState(settings, begin, shared=_shared_quota(settings), on_event=on_event)
        proxy = _checked_proxy(proxy, verify, settings.host, trust_env=trust_env)
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
        """Return a view with other options on the same connections, quota and key.

        Args:
            timeout: Seconds for one request, from the moment that pacing lets it go.
            max_wait: Seconds that a call may wait for the quota besides; None for the default rule.
            retries: How often a call may be tried again; 0 switches retries off.
            pacing: Whether to keep to the documented rates.

        Raises:
            ConfigurationError: An option makes no sense.
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
        """The project, as it stands in the paths."""
        return self._context.project_id

    @property
    def host(self) -> str:
        """The server, as a URL."""
        return self._context.client.settings.host

    @property
    def prefix(self) -> InUse:
        """The prefix that requests go to now; by "auto" another one may follow from what the server answers."""
        return self._context.client.prefix

    def __repr__(self) -> str:
        if not hasattr(self, "_context"):  # a traceback may show a client whose settings were refused
            return f"<{type(self).__name__}, not set up>"
        return f"{type(self).__name__}({self.project_id!r}, host={self.host!r}, prefix={self.prefix!r})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"A {type(self).__name__} is neither copied nor pickled, for it holds connections and a key. "
            "Use it from several threads as it is, make one in each process, or take a view: with_options()."
        )


class Environment(_Client["httpx.BaseTransport", "Runner"]):
    """The persons and trends of one PostHog project. Blocks; safe to use from several threads.

    Args:
        project_id: The number of the project, or "@current". Else POSTHOG_PROJECT_ID.
        api_key: A personal API key (phx_…), or a function that returns one and is asked before each attempt. Else
            POSTHOG_PERSONAL_API_KEY.
        host: "us", "eu" or the URL of a server. Else POSTHOG_HOST, else "us".
        prefix: "auto", "environments" or "projects", the twin that the vendor moves to. Auto begins with environments,
            and goes over to projects where the server says so or knows nothing else. Else POSTHOG_PREFIX, else "auto".
        trend_api: Where trends are asked for: "legacy" (`insights/trend/`), "query" (`query/`, scope query:read)
            or "auto". Auto asks `query/` on PostHog Cloud; elsewhere `insights/trend/`, and `query/` where a server
            does not have that. Else POSTHOG_TREND_API, else "auto".
        timeout: Seconds for one request from the moment that pacing lets it go, with all attempts and waits in between.
        max_wait: Seconds that a call may wait for the quota besides. None: a listing waits as long as it takes, another
            call no longer than its timeout, and a 429 is waited for within the timeout.
        retries: How often a call may be tried again; 0 switches retries off.
        pacing: Whether to keep to the documented rates, so that there is no 429.
        verify: An `ssl.SSLContext` of your own. Verification cannot be switched off.
        proxy: The URL of a proxy.
        trust_env: Whether to use the proxies that the environment names.
        allow_http: Whether plain http may go to a host that is not loopback.
        transport: An `httpx.BaseTransport` to send with, for tests and special networks.
        max_body: Bytes that an answer may have, on the wire and decompressed.
        quota: Where the requests are counted that one key may make: "memory", for this client alone; a file
            ("file:///path/quota.db", or a Path), for all processes of a machine that name it; or a Redis
            ("redis://host:6379/0"), for several machines. Else POSTHOG_QUOTA, else "memory".
        on_event: A plain function that is told of each request, answer, fault and wait, as one of the records
            `RequestSent`, `ResponseReceived`, `RequestFailed` and `Waiting`. It is called where the call is made, so it
            shall be quick, and safe for the threads that make calls. What it raises is logged and goes no further.
            POSTHOG_LOG=debug (each attempt and each wait) or POSTHOG_LOG=info (waits, faults and refusals) writes the
            same to standard error, in lines of the logger `posthog_environments`.

    Raises:
        ConfigurationError: Something is missing or makes no sense. Nothing was sent.
    """

    persons = cast("_Bound[Persons]", _Bound("Persons"))
    insights = cast("_Bound[Insights]", _Bound("Insights"))
    with_raw_response = cast("_Bound[WithRawResponse]", _Bound("WithRawResponse"))

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

        It has the key, prefix, deadline, origin and size limits of this client, and neither retries nor pacing. It
        holds no key: the transport adds it.
        """
        import httpx
        from posthog_environments_api.client import Client

        # The transport holds the deadline.
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
        """Make a request to any path of the API, with the pacing, deadline, retries and errors of every other call.

        It is for what this client has no method for. An answer that is no success is an error, as ever.

        Args:
            method: "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE".
            path: Relative to the project ("cohorts/", "persons/42/"), or from "/api/" ("/api/users/@me/"). It decides
                which rate the request counts against.
            params: The query: texts, numbers, bools, dates, and lists of them, which repeat the name; None leaves one
                out.
            json: The body: anything that JSON can hold. None sends none.
            timeout: Seconds for the call, instead of the client's.
            repeat: Whether it may be sent again when nobody knows whether it was carried out. None: GET, HEAD and
                DELETE are, others are not.
            extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

        Returns:
            The answer: `.json()`, `.status_code`, `.headers`, ...; `.parse()` gives its JSON, or None if it is empty.

        Raises:
            ConfigurationError: The path leads to another server, out of /api/ or over segments of dots, or the method
                is none of the API's. Nothing was sent.
            OutcomeUnknown: It may or may not have been carried out, and may not be repeated.
            APIStatusError: The server says no. A 404 says nothing about the prefix.
            TypeError, ValueError: Something is no such argument. Nothing was sent.
        """
        from posthog_environments.operations.any_request import request

        return self._runner.run(request(self._context, method, path, params, json, timeout, repeat, extra_headers))

    def close(self) -> None:
        """Close the connections. Calls that are under way fail."""
        self._transport.close()
        if (shared := self._context.client.shared) is not None and shared.pending:
            from posthog_environments.calls.pacing import STORE_PATIENCE

            shared.flush(STORE_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class AsyncEnvironment(_Client["httpx.AsyncBaseTransport", "AsyncRunner"]):
    """The persons and trends of one PostHog project, awaiting; on asyncio or trio, within one event loop.

    The arguments are those of `Environment`; `transport` is an `httpx.AsyncBaseTransport`.
    """

    persons = cast("_Bound[AsyncPersons]", _Bound("AsyncPersons"))
    insights = cast("_Bound[AsyncInsights]", _Bound("AsyncInsights"))
    with_raw_response = cast("_Bound[AsyncWithRawResponse]", _Bound("AsyncWithRawResponse"))

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

        # The transport holds the deadline.
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
        """Close the connections. Calls that are under way fail."""
        await self._transport.aclose()
        if (shared := self._context.client.shared) is not None and shared.pending:
            import anyio.to_thread

            from posthog_environments.calls.pacing import STORE_PATIENCE

            await anyio.to_thread.run_sync(shared.flush, STORE_PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def _shared_quota(settings: Settings) -> SharedPacer | None:
    """Open the quota that is shared with others, where one is."""
    if settings.quota is None:
        return None
    from posthog_environments.ratelimit.shared import SharedRateLimiter, name_of
    from posthog_environments.ratelimit.stores import open_store

    return SharedRateLimiter(open_store(settings.quota), functools.partial(name_of, settings))


def _checked_proxy(proxy: object, verify: object, host: str, *, trust_env: bool) -> str | None:
    import ssl

    if verify is not None and not isinstance(verify, ssl.SSLContext):
        raise ConfigurationError(
            "verify must be an ssl.SSLContext. Verification cannot be switched off; to trust a certificate of your "
            "own, give ssl.create_default_context(cafile=…)."
        )
    if proxy is None and trust_env:
        proxy = _proxy_of_environment(host)
    if proxy is None:
        return None
    # Its text may hold a password, so no message repeats it.
    if not isinstance(proxy, str) or not proxy.startswith(("http://", "https://", "socks5://", "socks5h://")):
        raise ConfigurationError("proxy must be the URL of a proxy, such as http://proxy.example.com:3128.")
    return proxy


def _proxy_of_environment(host: str) -> str | None:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(host)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")

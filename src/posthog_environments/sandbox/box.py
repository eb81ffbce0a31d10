"""`Sandbox`: the public class that starts and controls the local server."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self, TypeVar

from posthog_environments.sandbox import settings as _settings
from posthog_environments.sandbox.errors import SandboxArgumentError, SandboxError, SandboxMissingExtraError
from posthog_environments.sandbox.settings import Era, Rates, SandboxSettings

if TYPE_CHECKING:
    from posthog_environments.sandbox.context import AppContext
    from posthog_environments.sandbox.server import Server

_T = TypeVar("_T")

NEEDED: Final = ("duckdb", "starlette", "uvicorn")
SUNSET: Final = date(2026, 7, 31)
_THREADS: Final = 4


class Sandbox:
    """A local server that answers like PostHog, with its own database.

    Use it as a context manager, or call `start` and `stop`. It listens on 127.0.0.1 only.

    Args:
        persons: Number of persons to generate.
        data: `"cdnow"` for the real purchases of 23,570 customers in 1997 and 1998, or the path of your own file of
            events (Parquet, CSV or JSON Lines). Then no persons are generated.
        seed: The same seed and the same `now` give the same persons and events.
        era: The servers to imitate: `"2025"` for autumn 2025, `"2026"` for the first half of 2026, `"2026-09"` for
            PostHog Cloud since September 2026.
        scopes: Scopes of its key, such as `["person:read"]`; None for all.
        rates: True for the documented limits, False for none, or your own for the buckets persons, deletes, insights,
            query and rest: `{"persons": "180/min, 1200/hour"}`. Buckets that are not named have no limit. Insights and
            query share their limits; in era 2026 with persons, too. In era 2026-09 persons and insights share theirs.
        port: The port; 0 for any free one.
        path: A database file. A file that holds a sandbox is used as it is. None keeps everything in memory.
        now: Start of its clock, in UTC. None is the real time, or for `data="cdnow"` the day after the data ends.
        oddities: True for the quirks of real servers, also where they contradict the documentation: short pages,
            changes that take effect a little later, 202 instead of 204, misread dates and filters. False for exactly
            what the contract says.
        unscoped: What to do with the two operations without a scope, `insights/timing` and `properties_timeline`:
            `"allow"`, or `"refuse"` personal keys, as real servers do.
        prefixes: The prefixes that it has: `"environments"`, `"projects"` or both.
        redirect: Whether to answer `/api/environments/…` with a 307 to its twin under `/api/projects/…`.
        queued: Whether `persons/bulk_delete/` queues the persons and says so, as PostHog Cloud does since September
            2026; they are deleted after the lag. False deletes them at once.
        sunset: Date of the header Sunset, which responses under `/api/environments/` have from era 2026 on, together
            with Deprecation and Link.
        lag: Seconds until a change takes effect; None is 0.2, or 0 without oddities.
        legacy_trends: Status of refusals by `insights/trend/`. None follows the era: servers of 2025 and 2026 answer,
            PostHog Cloud since September 2026 sends 404 for GET and 403 for POST. Era 2026 can send 403, as to most
            accounts; era 2026-09 can send 404 or 405 for POST.
        actions: Event names by the ids of actions: `{1: "purchase"}`. None makes an action of each event, numbered by
            name, but none for your own data.
        later: How many times a query at `query/` is answered 202 before the result; 0 answers at once.
        project_id: Id of its project.
        api_key: Its key; None generates one.

    Raises:
        SandboxArgumentError: An argument is invalid. Nothing was started.
        SandboxMissingExtraError: The extra `sandbox` is not installed.
    """

    def __init__(
        self,
        persons: int = 1000,
        *,
        data: str | os.PathLike[str] | None = None,
        seed: int = 1,
        era: Era = "2025",
        scopes: str | Iterable[str] | None = None,
        rates: Rates = True,
        port: int = 0,
        path: str | os.PathLike[str] | None = None,
        now: datetime | date | str | None = None,
        oddities: bool = True,
        unscoped: Literal["allow", "refuse"] = "allow",
        prefixes: str | Sequence[str] = _settings.PREFIXES,
        redirect: bool = False,
        queued: bool = False,
        sunset: date = SUNSET,
        lag: float | None = None,
        legacy_trends: Literal[403, 404, 405] | None = None,
        actions: Mapping[int, str] | None = None,
        later: int = 0,
        project_id: int = 12345,
        api_key: str | None = None,
    ) -> None:
        era = _settings.one_of("era", era, _settings.ERAS)
        self._settings = SandboxSettings(
            persons=_settings.whole("persons", persons, 0, _settings.MOST_PERSONS),
            data=_settings.data_source(data),
            seed=_settings.whole("seed", seed, -(2**63), 2**63 - 1),
            era=era,
            scopes=_settings.scopes_of(scopes),
            rates=_settings.rates_of(rates, era),
            port=_settings.whole("port", port, 0, 65535),
            path=_settings.database_path(path),
            now=_settings.moment(now),
            oddities=bool(oddities),
            unscoped=_settings.one_of("unscoped", unscoped, ("allow", "refuse")),
            prefixes=_settings.prefixes_of(prefixes),
            redirect=bool(redirect),
            queued=bool(queued),
            sunset=sunset,
            lag=_settings.seconds("lag", (0.2 if oddities else 0.0) if lag is None else lag),
            project_id=_settings.whole("project_id", project_id, 1, 2**31 - 1),
            api_key=_settings.key_of(api_key),
            legacy_trends=_settings.legacy_trends_of(legacy_trends, era),
            actions=_settings.actions_of(actions),
            later=_settings.whole("later", later, 0, 1000),
        )
        if self._settings.redirect and "projects" not in self._settings.prefixes:
            raise SandboxArgumentError("redirect=True leads to the prefix projects, which prefixes leaves out.")
        for module in NEEDED:
            if find_spec(module) is None:
                raise SandboxMissingExtraError(module)
        self._lock = threading.Lock()
        self._stack: ExitStack | None = None
        self._server: Server | None = None
        self._app: AppContext | None = None
        self._api_key = ""

    @property
    def host(self) -> str:
        """Its URL, for `Environment(host=…)`."""
        return f"http://127.0.0.1:{self._running(self._server).port}"

    @property
    def project_id(self) -> str:
        """Id of its project, as a string."""
        return str(self._settings.project_id)

    @property
    def api_key(self) -> str:
        """Its API key."""
        self._running(self._server)
        return self._api_key

    @property
    def environ(self) -> dict[str, str]:
        """The three environment variables that configure a client for this sandbox."""
        return {
            "POSTHOG_HOST": self.host,
            "POSTHOG_PROJECT_ID": self.project_id,
            "POSTHOG_PERSONAL_API_KEY": self.api_key,
        }

    def start(self) -> Self:
        """Load the data and start the server; a second call does nothing.

        Raises:
            SandboxDataError: A file is invalid.
            SandboxStartError: The server could not start, for example because the port is in use.
        """
        with self._lock:
            if self._stack is None:
                with ExitStack() as stack:
                    self._open(stack)
                    self._stack = stack.pop_all()
        return self

    def _open(self, stack: ExitStack) -> None:
        # Slow imports, needed only to start a sandbox.
        from concurrent.futures import ThreadPoolExecutor

        from posthog_environments.sandbox import cdnow, clock, context, loading, store
        from posthog_environments.sandbox.app import App
        from posthog_environments.sandbox.server import Server

        settings = self._settings
        database = store.Database(settings.path)
        stack.callback(database.close)
        begin = settings.now or (cdnow.END if settings.data == "cdnow" else None)
        app = context.AppContext(settings, database, clock.Clock(begin))
        loading.fill(database, settings, begin or app.now())
        app.changes.recover()
        stack.callback(app.changes.settle, at_once=True)
        threads = stack.enter_context(ThreadPoolExecutor(_THREADS, "posthog-sandbox"))
        server = Server(settings.port, App(app, threads).application)
        stack.callback(server.stop)
        self._app, self._server = app, server
        self._api_key = app.keys.add(settings.scopes, settings.api_key)

    def stop(self) -> None:
        """Stop the server, apply pending changes, and close the database; a second call does nothing."""
        with self._lock:
            stack, self._stack = self._stack, None
            self._server = None
            if stack is not None:
                stack.close()
                self._app = None

    def add_key(self, *scopes: str) -> str:
        """Add a key with the given scopes, or with all, and return it."""
        return self._running(self._app).keys.add(_settings.scopes_of(scopes or None))

    def revoke_key(self, key: str) -> None:
        """Make a key invalid."""
        self._running(self._app).keys.revoke(key)

    def fail_next(
        self, status: int, *, times: int = 1, retry_after: int | None = None, html: bool = False, after: bool = False
    ) -> None:
        """Make the next requests to the API fail, to test how your code handles it.

            box.fail_next(503, times=2, retry_after=1)   # two requests fail, the next ones succeed
            box.fail_next(502, html=True)                # a proxy's page instead of an error of the API
            box.fail_next(504, after=True)               # the request is carried out, but its response is lost

        Failures that are ordered later come after those that are still pending. A failing request counts against no
        limit, and its key is not checked. With `after` both happen, and if the server refuses the request anyway, the
        refusal is the response.

        Args:
            status: Status of the response, 400 to 599.
            times: How many requests fail; 0 for none.
            retry_after: Seconds of the header Retry-After; None omits it.
            html: Whether the body is an HTML page, as from a proxy, instead of the JSON of the API.
            after: Whether the request is carried out first.

        Raises:
            SandboxArgumentError: An argument is invalid. No failure was ordered.
            SandboxError: The sandbox is not running.
        """
        # A slow import: see `_open`.
        from posthog_environments.sandbox.faults import Fault

        fault = Fault(
            _settings.whole("status", status, 400, 599),
            None if retry_after is None else _settings.whole("retry_after", retry_after, 0, 86400),
            html=bool(html),
            after=bool(after),
        )
        self._running(self._app).faults.add(fault, _settings.whole("times", times, 0, 1_000_000))

    def fail_later(self, message: str = "", *, times: int = 1) -> None:
        """Make the next asynchronous queries at `query/` fail: polling them returns 400 or 500.

        Args:
            message: The reason in the 400 response; without one it is a 500.
            times: How many queries fail.

        Raises:
            SandboxArgumentError: An argument is invalid. No failure was ordered.
            SandboxError: The sandbox is not running.
        """
        self._running(self._app).queue.order_failure(str(message), _settings.whole("times", times, 0, 1000))

    def settle(self) -> None:
        """Apply all pending changes now, instead of after the lag, so that tests need not sleep."""
        self._running(self._app).changes.settle(at_once=True)

    def wait(self) -> None:
        """Wait until the server stops."""
        self._running(self._server).wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        server = self._server
        state = f"at http://127.0.0.1:{server.port}" if server else "not running"
        return f"<Sandbox {state}>"

    @staticmethod
    def _running(part: _T | None) -> _T:
        if part is None:
            raise SandboxError("The sandbox is not running. Use it as a context manager, or call start().")
        return part

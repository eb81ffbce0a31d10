"""Diagnostics: check the server, the key, the clock, the prefix, the projects and the scopes of a configuration.

Each check sends one request. No request changes anything, and none needs a scope that writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from posthog_environments.calls.attempts import Attempts
from posthog_environments.calls.messages import Call, Operation, OperationKind, ServerResponse
from posthog_environments.calls.notices import Notice, notices
from posthog_environments.calls.prefixes import ENVIRONMENTS
from posthog_environments.config.host import CLOUDS
from posthog_environments.errors import PostHogError, fields_of

if TYPE_CHECKING:
    import httpx

    from posthog_environments.client.environment import Environment

__all__ = ["Finding", "Probe", "check", "projects_of"]

Answered: TypeAlias = "httpx.Response | PostHogError"

_PROBE = Operation("doctor", OperationKind.READ, "general")
# Seconds that a clock may be off before it affects relative dates.
CLOCK = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        about: The subject, in one word.
        state: "ok", "problem" (calls will fail), or "note" (worth knowing).
        text: What was found.
    """

    about: str
    state: Literal["ok", "problem", "note"]
    text: str

    @property
    def sign(self) -> str:
        """The state as it is shown: a problem stands out."""
        return "PROBLEM" if self.state == "problem" else self.state


def check(env: Environment) -> Iterator[Finding]:
    """Run all checks; yield their findings."""
    probe = Probe(env)
    persons = probe.get("persons/", limit=1)
    if isinstance(persons, PostHogError):
        yield Finding("server", "problem", f"{env.host}: {persons}")
        return
    if 300 <= persons.status_code < 400:
        target = persons.headers.get("location", "a place that it does not name")
        text = f"redirects to {target}, which is not followed; if that is the right server, give it as --host"
        yield Finding("server", "problem", f"{env.host} {text}")
        return
    yield Finding("server", "ok", f"{env.host} answers")
    projects = probe.get("/api/projects/")
    yield _key(persons, projects)
    yield _clock(persons)
    yield _prefix(probe, persons)
    if persons.status_code == 401:
        return
    yield _projects(projects, env)
    yield _scope("person:read", persons)
    yield from _trends(probe, env.host)
    yield _activity(probe, persons)
    yield _announced(probe)


class Probe:
    """Sends single requests that change nothing, and returns the responses with any status.

    The client decides on the prefix, as for its own calls. Deprecations are recorded.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._context = env._context  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.chosen = self._context.client.settings.prefix
        self.trend_api = self._context.client.settings.trend_api
        self.notices: dict[str, Notice] = {}
        self.sunset: str | None = None

    @property
    def prefix(self) -> str:
        """The prefix in use."""
        return self._env.prefix

    def get(self, path: str, **query: Any) -> Answered:
        """Send a GET to a path below the project, or to an absolute path."""
        return self.send("GET", path, params=query)

    def send(self, method: str, path: str, **request: Any) -> Answered:
        """Send a request, and again to its twin if the client would."""
        if path.startswith("/"):
            return self._send(method, path, request)
        call = Call(_PROBE, {"url": f"{ENVIRONMENTS}{self._env.project_id}/{path}"})
        attempts = Attempts(self._context, call, "", 0.0, 0.0)
        while True:
            answer = self._send(method, attempts.call.request["url"], request)
            if isinstance(answer, PostHogError) or not attempts.goes_to_twin(
                ServerResponse(answer.status_code, answer.headers, answer.content, str(answer.request.url))
            ):
                return answer

    def current(self) -> str | None:
        """Return the id of the project that "@current" means now; None if it cannot be found out."""
        answer = self.get("/api/projects/@current/")
        number = _body(answer).get("id") if _status(answer) == 200 else None
        if isinstance(number, int) and not isinstance(number, bool):
            return str(number)
        # Responses for "@current" have a link with the number.
        self.get("persons/", limit=1)
        notice = self.notices.get("current")
        return notice.number if notice else None

    def _send(self, method: str, path: str, request: Mapping[str, Any]) -> Answered:
        try:
            answer = self._env.api.get_httpx_client().request(method, path, **request)
        except PostHogError as error:
            return error
        operation = f"{method} {path.rpartition(self._env.project_id)[2]}"
        for notice in notices(str(answer.request.url), operation, answer.headers):
            self.notices.setdefault(notice.of, notice)
            self.sunset = self.sunset or (answer.headers.get("sunset") if notice.of == "prefix" else None)
        return answer


def _status(answer: Answered) -> int | None:
    return None if isinstance(answer, PostHogError) else answer.status_code


def _body(answer: Answered) -> Mapping[str, Any]:
    try:
        return {} if isinstance(answer, PostHogError) else fields_of(answer.json())
    except ValueError:
        return {}


def _rows(answer: Answered) -> list[Mapping[str, Any]]:
    rows = _body(answer).get("results")
    return [fields_of(row) for row in cast("list[object]", rows)] if isinstance(rows, list) else []


def _detail(answer: Answered) -> str:
    """Return the status of a response and the server's explanation, or the error."""
    if isinstance(answer, PostHogError):
        return str(answer)
    said = _body(answer).get("detail")
    if not said and "json" not in (kind := answer.headers.get("content-type", "no type")):
        said = f"the response is not the API's, but {kind}"
    return f"{answer.status_code}: {said or 'the server gave no reason'}"


def _works(answer: Answered) -> bool:
    """Return whether a response is a success of the API, not for example a login page with status 200."""
    return not isinstance(answer, PostHogError) and answer.status_code < 300 and bool(_body(answer))


def _shows_key(answer: Answered) -> bool:
    return _works(answer) or (_status(answer) in (403, 429) and bool(_body(answer)))


def _key(persons: httpx.Response, projects: Answered) -> Finding:
    if persons.status_code == 401:
        return Finding("key", "problem", f"not accepted ({_detail(persons)})")
    # Servers send 404 before they check the key.
    if _shows_key(projects if persons.status_code == 404 and _body(persons) else persons):
        return Finding("key", "ok", "accepted")
    return Finding("key", "problem", f"not known, because the server answered {_detail(persons)}")


def _clock(persons: httpx.Response) -> Finding:
    try:
        theirs = parsedate_to_datetime(persons.headers["date"])
    except (KeyError, ValueError):
        return Finding("clock", "note", "the server does not tell the time")
    off = (datetime.now(UTC) - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()
    if abs(off) <= CLOCK:
        return Finding("clock", "ok", f"within {CLOCK} s of the server's")
    direction = "ahead of" if off > 0 else "behind"
    text = f"{abs(off):,.0f} s {direction} the server's; dates that count back from now are off as much"
    return Finding("clock", "note", text)


def _prefix(probe: Probe, persons: httpx.Response) -> Finding:
    """Return the prefix in use, and the announced end of the old one."""
    notice = probe.notices.get("prefix")
    if persons.status_code == 404:
        tried = (
            "neither /api/environments/ nor /api/projects/ has" if probe.chosen == "auto" else f"{_path(probe)} has not"
        )
        return Finding("prefix", "problem", f"{tried} shown anything of this project; check --host and --project-id")
    if notice is None:
        return Finding("prefix", "ok", f"{_path(probe)}, with no end announced")
    end = _end(probe.sunset)
    if probe.prefix == "projects":
        return Finding("prefix", "ok", f"{_path(probe)}, the successor of /api/environments/, which is {end}")
    advice = "leave --prefix out, or give --prefix projects; the operations are the same"
    return Finding("prefix", "note", f"{_path(probe)} is {end}" + (f"; {advice}" if probe.chosen != "auto" else ""))


def _path(probe: Probe) -> str:
    return f"/api/{probe.prefix}/"


def _end(sunset: str | None) -> str:
    try:
        end = parsedate_to_datetime(sunset or "")
    except ValueError:
        return "on its way out"
    past = end.replace(tzinfo=end.tzinfo or UTC) < datetime.now(UTC)
    return f"past its sunset of {end:%Y-%m-%d}, and may stop working any day" if past else f"to end on {end:%Y-%m-%d}"


def _announced(probe: Probe) -> Finding:
    """Return what else the server deprecates."""
    others = [notice for of, notice in probe.notices.items() if of != "prefix"]
    if not others:
        return Finding("announced", "ok", "the end of nothing else that is in use")
    texts = [notice.text + (f"; use --project-id {notice.number}" if notice.number else "") for notice in others]
    return Finding("announced", "note", "; ".join(texts))


def projects_of(answer: Answered) -> dict[str, str]:
    """Return the names of the listed projects by id; an empty dict if the key may not list them."""
    if _status(answer) != 200:
        return {}
    return {str(row.get("id")): str(row.get("name")) for row in _rows(answer)}


def _projects(answer: Answered, env: Environment) -> Finding:
    if _status(answer) != 200:
        return Finding("projects", "note", f"the key may not list them ({_detail(answer)})")
    found = projects_of(answer)
    listed = ", ".join(f"{number} ({name})" for number, name in found.items()) or "none"
    if env.project_id not in found and env.project_id != "@current":
        return Finding("projects", "problem", f"{listed}; {env.project_id} is not among them")
    return Finding("projects", "ok", listed)


# A cheap trend, in the form of either endpoint. It changes nothing.
_LEGACY = {"events": '[{"id": "$pageview"}]', "date_from": "-1dStart"}
_QUERY = {
    "query": {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview"}],
        "dateRange": {"date_from": "-1dStart"},
    }
}


def _trends(probe: Probe, host: str) -> Iterator[Finding]:
    """Check which endpoint serves trends, and whether the key has its scope."""
    by_query = probe.trend_api == "query" or (probe.trend_api == "auto" and host in CLOUDS.values())
    legacy = None if by_query else probe.get("insights/trend/", **_LEGACY)
    gone = legacy is not None and _status(legacy) in (403, 404, 405)
    if legacy is not None and not (gone and probe.trend_api == "auto"):
        yield Finding("trends", "ok", "asked of insights/trend/, which needs the scope insight:read")
        yield _scope("insight:read", legacy)
        return
    query = probe.send("POST", "query/", json=_QUERY)
    if legacy is not None and not _works(query):
        yield Finding("trends", "problem", "neither insights/trend/ (insight:read) nor query/ (query:read) answers")
        yield Finding("insight:read", "problem", f"insights/trend/: {_detail(legacy)}; query/: {_detail(query)}")
        return
    yield Finding("trends", "ok", "asked of query/, which needs the scope query:read")
    yield _scope("query:read", query)


def _scope(scope: str, answer: Answered) -> Finding:
    return Finding(scope, "ok", "works") if _works(answer) else Finding(scope, "problem", _detail(answer))


def _activity(probe: Probe, persons: httpx.Response) -> Finding:
    people = _rows(persons)
    if not people:
        return Finding("activity_log:read", "note", "not tried, because there is no person")
    found = _scope("activity_log:read", probe.get(f"persons/{people[0].get('uuid')}/activity/", limit=1))
    if found.state == "ok":
        return found
    return Finding(found.about, "note", f"{found.text} (only `persons activity` needs it)")

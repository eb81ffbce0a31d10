"""What a server makes of a configuration: is it there, is the key good, which projects and scopes, which clock.

Only reads are sent, one for each question, and none that needs a scope to write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from posthog_environments.errors import PostHogError, fields_of

if TYPE_CHECKING:
    import httpx

    from posthog_environments.environment import Environment

__all__ = ["Finding", "check"]

# How far a clock may be off before it matters to dates that count back from now, in seconds.
CLOCK = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: What it is about, one word.
        state: "ok", "problem", which keeps calls from working, or "note", which is worth knowing.
        text: What was found.
    """

    about: str
    state: Literal["ok", "problem", "note"]
    text: str


def check(env: Environment) -> Iterator[Finding]:
    """Ask the server, and say what it answered, one finding after the other."""
    probe = _Probe(env)
    persons = probe.get("persons/", limit=1)
    if isinstance(persons, PostHogError):
        yield Finding("server", "problem", f"{env.host}: {persons}")
        return
    yield Finding("server", "ok", f"{env.host} answers")
    yield from _key(persons)
    yield _clock(persons)
    yield _prefix(persons, env.prefix)
    if persons.status_code == 401:
        return
    yield from _projects(probe, env)
    yield _scope("person:read", persons)
    yield _scope("insight:read", probe.get("insights/trend/", events='[{"id": "$pageview"}]', date_from="-1dStart"))
    yield _activity(probe, persons)


class _Probe:
    """Sends single reads and hands back the answers, whatever their status."""

    def __init__(self, env: Environment) -> None:
        self._client: httpx.Client = env.api.get_httpx_client()
        self._project = env.project_id

    def get(self, path: str, **query: Any) -> httpx.Response | PostHogError:
        if not path.startswith("/"):
            path = f"/api/environments/{self._project}/{path}"
        try:
            return self._client.get(path, params=query)
        except PostHogError as error:
            return error


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        return fields_of(answer.json())
    except ValueError:
        return {}


def _rows(answer: httpx.Response) -> list[Mapping[str, Any]]:
    rows = _body(answer).get("results")
    return [fields_of(row) for row in cast("list[object]", rows)] if isinstance(rows, list) else []


def _detail(answer: httpx.Response) -> str:
    return f"{answer.status_code}: {_body(answer).get('detail') or 'the server gave no reason'}"


def _key(persons: httpx.Response) -> Iterator[Finding]:
    if persons.status_code == 401:
        yield Finding("key", "problem", f"not accepted ({_detail(persons)})")
    elif persons.status_code < 400 or (persons.status_code in (403, 404, 429) and _body(persons)):
        yield Finding("key", "ok", "accepted")
    else:
        yield Finding("key", "problem", f"nobody knows, for the server answered {_detail(persons)}")


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


def _prefix(persons: httpx.Response, prefix: str) -> Finding:
    sunset = persons.headers.get("sunset")
    if sunset is None and "deprecation" not in persons.headers:
        return Finding("prefix", "ok", f"/api/{prefix}/, with no end announced")
    try:
        end = parsedate_to_datetime(sunset or "")
    except ValueError:
        return Finding("prefix", "note", f"/api/{prefix}/ is on its way out; --prefix projects has the same operations")
    past = end.replace(tzinfo=end.tzinfo or UTC) < datetime.now(UTC)
    when = f"past its sunset of {end:%Y-%m-%d}, and may stop working any day" if past else f"to end on {end:%Y-%m-%d}"
    return Finding("prefix", "note", f"/api/{prefix}/ is {when}; --prefix projects has the same operations")


def _projects(probe: _Probe, env: Environment) -> Iterator[Finding]:
    answer = probe.get("/api/projects/")
    if isinstance(answer, PostHogError) or answer.status_code != 200:
        reason = str(answer) if isinstance(answer, PostHogError) else _detail(answer)
        yield Finding("projects", "note", f"the key may not list them ({reason})")
        return
    found = {str(row.get("id")): str(row.get("name")) for row in _rows(answer)}
    listed = ", ".join(f"{number} ({name})" for number, name in found.items()) or "none"
    if env.project_id not in found and env.project_id != "@current":
        yield Finding("projects", "problem", f"{listed}; {env.project_id} is not among them")
    else:
        yield Finding("projects", "ok", listed)


def _scope(scope: str, answer: httpx.Response | PostHogError) -> Finding:
    if isinstance(answer, PostHogError):
        return Finding(scope, "problem", str(answer))
    if answer.status_code < 300:
        return Finding(scope, "ok", "works")
    return Finding(scope, "problem", _detail(answer))


def _activity(probe: _Probe, persons: httpx.Response) -> Finding:
    people = _rows(persons) if persons.status_code < 300 else []
    if not people:
        return Finding("activity_log:read", "note", "not tried, for no person is to be had")
    found = _scope("activity_log:read", probe.get(f"persons/{people[0].get('uuid')}/activity/", limit=1))
    if found.state == "ok":
        return found
    return Finding(found.about, "note", f"{found.text} (only `persons activity` needs it)")

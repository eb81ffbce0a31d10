"""What `on_event` is told: one record a thing, in order, with nothing in it that tells of whom."""

from __future__ import annotations

import functools
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from posthog_environments import (
    AsyncEnvironment,
    ClientEvent,
    ConfigurationError,
    Environment,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    Waiting,
    errors,
)
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, Operation, OperationKind, Send, ServerResponse
from posthog_environments.calls.observe import Observer, line, path_template
from posthog_environments.calls.prefixes import InUse
from tests.unit.play import READ, RESET, Play, answer

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))["paths"]


def told(play: Play, *outcomes: Any, operation: Operation = READ) -> list[ClientEvent]:
    """Run a call, and return what is told."""
    heard: list[ClientEvent] = []
    play.client.on_event = heard.append
    play.run(operation, *outcomes)
    return heard


def kinds(heard: list[ClientEvent]) -> list[tuple[str, int]]:
    return [(type(event).__name__, event.attempt) for event in heard]


def test_each_thing_is_told_once_and_in_order() -> None:
    play = Play(pacing=False)

    def slow() -> ServerResponse:
        play.now += 1.5
        return answer(200)

    heard = told(play, RESET, answer(503, retry_after="7"), slow)
    assert kinds(heard) == [
        ("RequestSent", 1),
        ("RequestFailed", 1),
        ("Waiting", 2),
        ("RequestSent", 2),
        ("ResponseReceived", 2),
        ("Waiting", 3),
        ("RequestSent", 3),
        ("ResponseReceived", 3),
    ]
    failed, waited, refused, told_to_wait, last = (heard[i] for i in (1, 2, 4, 5, 7))
    assert isinstance(failed, RequestFailed)
    assert failed.reason == "the connection broke"
    assert isinstance(waited, Waiting)
    assert (waited.seconds, waited.why) == (1.0, "retry")
    assert isinstance(refused, ResponseReceived)
    assert refused.status_code == 503
    assert isinstance(told_to_wait, Waiting)
    assert (told_to_wait.seconds, told_to_wait.why) == (9.0, "retry-after")
    assert isinstance(last, ResponseReceived)
    assert (last.status_code, last.seconds) == (200, 1.5)
    assert {(event.operation, event.method) for event in heard} == {("persons.get", "GET")}


@pytest.mark.parametrize("prefix", ["environments", "projects"])
def test_the_path_that_is_told_is_under_the_prefix_in_use(prefix: InUse) -> None:
    play, heard = Play(), list[ClientEvent]()
    play.client.prefix, play.client.on_event = prefix, heard.append
    generator = execute_call(play.context, Call(READ, {"method": "get", "url": "/api/environments/1/persons/2/"}))
    assert isinstance(next(generator), Send)
    with pytest.raises(StopIteration):
        generator.send(answer(200))
    assert {event.path_template for event in heard} == {f"/api/{prefix}/{{project_id}}/persons/{{id}}/"}


def test_a_wait_for_the_quota_is_told_once_and_whole() -> None:
    play = Play()
    for _ in range(240):
        play.run(READ, answer(200))
    heard = told(play, answer(200), operation=Operation("persons.list", OperationKind.READ, "persons", patient=True))
    assert kinds(heard) == [("Waiting", 1), ("RequestSent", 1), ("ResponseReceived", 1)]
    assert len(play.slept) > 1, "it naps, and looks again"
    assert isinstance(heard[0], Waiting)
    assert (heard[0].seconds, heard[0].why) == (60.0, "quota")


def test_a_wait_that_grows_is_told_again() -> None:
    now, heard = [0.0], list[Any]()
    observer = Observer(heard.append, "x", "GET", lambda: now[0])
    observer.waiting("/api/x/", 10.0, "quota")
    now[0] = 5.0
    observer.waiting("/api/x/", 5.0, "quota")
    observer.waiting("/api/x/", 20.0, "quota")
    assert [event.seconds for event in heard] == [10.0, 20.0]


@pytest.mark.parametrize("path", sorted(OPERATIONS))
def test_the_template_of_an_operation_is_that_of_the_contract(path: str) -> None:
    url = path.replace("{project_id}", "12345").replace("{id}", "0185a8ad-4c33-8e9c-c761-2fbf6c9f0000")
    operation = path.strip("/").rpartition("/")[2]
    assert path_template(url, operation) == path
    assert path_template(url.replace("environments", "projects"), operation) == path.replace("environments", "projects")


def test_the_name_of_an_operation_is_known_in_its_path() -> None:
    url = "/api/environments/1/persons/ada/"
    assert path_template(f"{url}newer_thing/") == "/api/environments/{project_id}/persons/{id}/{id}/"
    assert path_template(f"{url}newer_thing/", "persons.newer_thing").endswith("/persons/{id}/newer_thing/")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("/api/environments/1/persons/ada@example.com/", "/api/environments/{project_id}/persons/{id}/"),
        ("/api/environments/1/cohorts/7/persons/", "/api/environments/{project_id}/cohorts/{id}/persons/"),
        ("/api/environments/@current/feature_flags/ada/", "/api/environments/{project_id}/feature_flags/{id}/"),
        ("/api/users/@me/", "/api/users/{id}/"),
        ("/api/environments/1/", "/api/environments/{project_id}/"),
        ("/api/projects/", "/api/projects/"),
        ("/api/environments/1/persons/?email=ada", "/api/environments/{project_id}/persons/"),
        ("/api/environments/1/42/", "/api/environments/{project_id}/{id}/"),
    ],
)
def test_no_id_stands_in_a_template(url: str, wanted: str) -> None:
    assert path_template(url) == wanted


def test_the_template_has_the_prefix_in_use() -> None:
    play = Play("auto", pacing=False)
    play.client.prefix = "projects"
    heard: list[ClientEvent] = []
    play.client.on_event = heard.append
    generator = execute_call(play.context, Call(READ, {"method": "get", "url": "/api/environments/1/persons/7/"}))
    next(generator)
    generator.close()
    assert [event.path_template for event in heard] == ["/api/projects/{project_id}/persons/{id}/"]


def test_what_a_listener_raises_is_logged_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    play = Play(pacing=False)

    def broken(event: ClientEvent) -> None:
        raise RuntimeError("oh dear")

    play.client.on_event = broken
    assert play.run(READ, answer(200)).status_code == 200
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "oh dear" in caplog.text


def test_a_listener_that_returns_a_coroutine_is_complained_about(caplog: pytest.LogCaptureFixture) -> None:
    async def late() -> None:
        """Do nothing."""

    play = Play(pacing=False)
    play.client.on_event = lambda event: late()
    play.run(READ, answer(200))
    assert "give a plain function" in caplog.text


async def awaited(event: ClientEvent) -> None:
    """Do nothing."""


class Awaited:
    async def __call__(self, event: ClientEvent) -> None:
        """Do nothing."""


@pytest.mark.parametrize("client", [Environment, AsyncEnvironment])
@pytest.mark.parametrize("listener", [awaited, functools.partial(awaited), Awaited(), "print", 5])
def test_a_listener_that_cannot_be_told_is_refused(client: Any, listener: Any) -> None:
    with pytest.raises(ConfigurationError, match="on_event must be a"):
        client(1, api_key="phx_x", on_event=listener)


def test_events_are_frozen_attrs_records() -> None:
    event = Waiting(operation="x", method="GET", path_template="/api/", attempt=1, seconds=2.0, why="quota")
    assert attrs.asdict(event)["why"] == "quota"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.seconds = 1.0  # type: ignore[misc]
    kinds = (RequestSent, ResponseReceived, RequestFailed, Waiting)
    assert {field.name for kind in kinds for field in attrs.fields(kind)} == {
        *("operation", "method", "path_template", "attempt", "status_code", "seconds", "reason", "why")
    }


def test_the_module_of_events_is_light() -> None:
    script = (
        "import sys, posthog_environments.calls.events\n"
        "print([name for name in ('httpx', 'anyio', 'msgspec', 'ssl', 'click') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nobody_listens_at_no_cost() -> None:
    """The generator is not even wrapped, and the module is not imported."""
    script = (
        "import sys\n"
        "from posthog_environments.calls.execute import execute_call\n"
        "from posthog_environments.calls.messages import Call, Operation, OperationKind\n"
        "from posthog_environments.calls.state import CallContext, ClientState\n"
        "from posthog_environments.config.settings import ApiKeyProvider, CallOptions, Settings\n"
        "client = ClientState(Settings('1', 'https://us.posthog.com', ApiKeyProvider(None), 'auto'), 'environments')\n"
        "call = Call(Operation('x', OperationKind.READ, 'persons'), {'method': 'get', 'url': '/'})\n"
        "generator = execute_call(CallContext(client, CallOptions()), call)\n"
        "print(generator.__name__, 'posthog_environments.calls.observe' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "_execute False"


# ------------------------------------------------------------------------------------------------------------ the log


def test_at_info_the_log_tells_of_waits_and_faults_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "posthog_environments"):
        Play(pacing=False).run(READ, answer(502), answer(200))
    assert caplog.messages == [
        "GET persons.get: 502, attempt 1, 0.000 s",
        "GET persons.get: waiting 1.0 s after a fault, before attempt 2",
    ]


def test_a_line_for_each_kind() -> None:
    common: dict[str, Any] = {"operation": "persons.get", "method": "GET", "path_template": "/api/", "attempt": 2}
    assert [
        line(event)
        for event in (
            RequestSent(**common),
            Waiting(**common, seconds=3, why="quota"),
            Waiting(**common, seconds=3, why="retry-after"),
            Waiting(**common, seconds=3, why="poll"),
        )
    ] == [
        "GET persons.get: sent, attempt 2",
        "GET persons.get: waiting 3.0 s for the quota, before attempt 2",
        "GET persons.get: waiting 3.0 s as the server asks, before attempt 2",
        "GET persons.get: waiting 3.0 s for the query to end, before attempt 2",
    ]


@pytest.mark.parametrize(("value", "lines"), [("debug", 3), ("info", 2), ("INFO", 2)])
def test_posthog_log_writes_to_standard_error(value: str, lines: int) -> None:
    """In a program that configures no logging; with two clients each line stands there once."""
    script = (
        "from posthog_environments import Environment\n"
        "from tests.unit.play import READ, Play, answer\n"
        "for _ in range(2): Environment(1, api_key='phx_x').close()\n"
        "Play(pacing=False).run(READ, answer(502), answer(200))"
    )
    environ = os.environ | {"POSTHOG_LOG": value}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == lines
    assert re.match(r"\d\d:\d\d:\d\d\.\d{3} GET persons.get: 502, attempt 1, 0.000 s\n", done.stderr)


def test_another_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_LOG", "loud")
    with pytest.raises(ConfigurationError, match='must be "debug"'):
        Environment(1, api_key="phx_x")


def test_an_error_ends_the_call_after_the_last_event() -> None:
    heard: list[ClientEvent] = []
    play = Play(pacing=False, retries=0)
    play.client.on_event = heard.append
    with pytest.raises(errors.NotFoundError):
        play.run(READ, answer(404))
    assert kinds(heard) == [("RequestSent", 1), ("ResponseReceived", 1)]

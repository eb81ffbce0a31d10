"""The campaigns about the key, bounded; and the client broken on purpose, so that they miss their figures."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import warnings
from collections.abc import Callable
from typing import Any, cast

import click
import httpx
import pytest

from posthog_environments import errors
from posthog_environments.calls import attempts, execute, observe
from posthog_environments.calls.messages import Call, ServerResponse, TransportFailure
from posthog_environments.cli import connection, output
from posthog_environments.client import setup
from posthog_environments.config import api_key as secrets
from posthog_environments.config import host as hosts
from posthog_environments.config import settings as config
from posthog_environments.config.api_key import Secret
from posthog_environments.operations import any_request, persons
from posthog_environments.sandbox import app
from posthog_environments.transport import attempt, requests, transport
from soak import leak_search
from soak import secrets as suite
from soak.canary import Canary
from soak.frame import Campaign, Effort, missed

# What is broken on purpose may leave its sockets open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

# What these modules have imported, as they see it.
PERSONS: Any = persons
PLACES: Any = leak_search

EFFORT = Effort(share=0.02, seed=2)
LITTLE = Effort(share=0.005, seed=3)


@pytest.mark.parametrize("campaign", suite.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_the_campaigns(campaign: Campaign) -> None:
    assert missed(campaign.make(EFFORT)) == []


def _missed(make: Callable[[Effort], Any]) -> str:
    return "\n".join(missed(make(LITTLE)))


# ------------------------------------------------------------------------------------------- where the key goes


def _following(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow Location and Link as clients do that think no harm."""
    plain: Any = transport.Transport.send

    def follow(self: Any, request: httpx.Request, deadline: float, *, stream: bool = False) -> httpx.Response:
        response: httpx.Response = plain(self, request, deadline, stream=stream)
        link = response.headers.get("location") or response.headers.get("link", "").partition(">")[0].removeprefix("<")
        if link.startswith(("http://", "//")):
            with contextlib.suppress(httpx.HTTPError, httpx.InvalidURL, UnicodeError):
                key = {"Authorization": f"Bearer {self._settings.key.current().reveal()}"}
                httpx.get(request.url.join(link), headers=key, timeout=1)
        return response

    monkeypatch.setattr(transport.Transport, "send", follow)


def test_links_that_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    _following(monkeypatch)
    found = _missed(suite.links)
    assert "connections to another place, of" in found
    assert "occurrences of the key in what was sent there" in found


def test_next_links_whose_path_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    from urllib.parse import urlsplit

    of_call = requests.RequestBuilder.of_call
    seen: list[str] = []
    loads = PERSONS.decode_record

    def keep(call: Call, answer: ServerResponse, *arguments: Any) -> Any:
        found: Any = loads(call, answer, *arguments)
        seen[:] = [found.next_] if getattr(found, "next_", None) else []
        return found

    def stray(self: Any, call: Call, remaining: float, silence: float) -> httpx.Request:
        if seen:
            try:
                path = urlsplit(seen.pop()).path.encode("ascii", "ignore").decode()
            except ValueError:
                path = ""
            if path.startswith("/") and path.isprintable():
                call = dataclasses.replace(call, request={**call.request, "url": path})
        return of_call(self, call, remaining, silence)

    monkeypatch.setattr(PERSONS, "decode_record", keep)
    monkeypatch.setattr(requests.RequestBuilder, "of_call", stray)
    assert "off the path that was asked for" in _missed(suite.links)


def test_a_foreign_exception_and_a_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(answer: ServerResponse) -> str:
        raise KeyError("location")

    monkeypatch.setattr(attempts, "location", unreadable)
    begin: Any = attempt.Attempt.begin

    def without_key(self: Any, key: Secret) -> Any:
        found = begin(self, key)
        del self._request.headers["Authorization"]
        return found

    monkeypatch.setattr(attempt.Attempt, "begin", without_key)
    found = _missed(suite.links)
    assert "anything but a value or an error of the tree" in found
    assert "carried the key to the own origin" in found


def test_a_generated_client_that_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Anywhere(transport.Transport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            key = self._settings.key.current().reveal()
            request.headers["Authorization"] = f"Bearer {key}"
            with httpx.HTTPTransport() as plain:
                answer = plain.handle_request(request)
                return httpx.Response(answer.status_code, content=answer.read())

    monkeypatch.setattr(transport, "Transport", Anywhere)
    assert "asked of the generated client" in _missed(suite.links)


def test_paths_that_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(any_request, "_check_segments", lambda target: None)
    assert "leave /api/ or step over dots" in _missed(suite.links)


def test_paths_that_raise_what_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(target: str) -> None:
        raise KeyError(target)

    monkeypatch.setattr(any_request, "_check_segments", unreadable)
    found = _missed(suite.links)
    assert "env.request that ended in a foreign exception" in found
    assert "of which some are sent" in found


def test_hosts_that_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_url_problem", lambda value: None)
    found = _missed(suite.hosts)
    assert "another origin than the host says" in found
    assert "foreign exception" in found


def test_hosts_that_are_half_read(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hosts._url_problem

    def lax(value: str) -> str | None:
        found = problem(value)
        return None if found and "user name" in found else found

    monkeypatch.setattr(hosts, "_url_problem", lax)
    assert "another origin than the host says" in "\n".join(missed(suite.hosts(Effort(0.05, 3))))


def test_hosts_that_are_tried_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib
    import socket

    host = hosts.read_host

    def probing(value: object, place: str, *, allow_http: bool) -> str:
        with contextlib.suppress(OSError, UnicodeError, ValueError):
            socket.create_connection((str(value).partition("//")[2].partition("/")[0], 443), 1).close()
        return host(value, place, allow_http=allow_http)

    monkeypatch.setattr(config, "read_host", probing)
    assert "cost a connection when they were configured" in _missed(suite.hosts)


def test_plain_http_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_is_loopback", lambda host: True)
    assert "in the clear" in "\n".join(missed(suite.hosts(Effort(0.05, 3))))


def test_messages_about_hosts_that_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    read = config.read_settings

    def telling(**given: Any) -> Any:
        try:
            return read(**given)
        except errors.ConfigurationError as error:
            raise errors.ConfigurationError(f"{error} The key was {given['api_key'].reveal()}.") from None

    monkeypatch.setattr(config, "read_settings", telling)
    assert "with a part of the key in them" in _missed(suite.hosts)


def test_hosts_that_are_all_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_url_problem", lambda value: "is not liked.")
    monkeypatch.setattr(hosts, "CLOUDS", {})
    assert "accepted and called, and refused" in _missed(suite.hosts)


def test_a_profile_whose_key_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_keep_together", lambda found, profile: None)
    assert "a profile's key for another server" in "\n".join(missed(suite.diverted(Effort(0.1, 3))))


def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = setup.checked_proxy

    def trusting(proxy: object, verify: object, host: str, *, trust_env: bool) -> str | None:
        return checked(proxy, verify, host, trust_env=True)

    monkeypatch.setattr(setup, "checked_proxy", trusting)
    assert "connections to proxies" in _missed(suite.diverted)


def test_too_little_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "wild_urls", lambda random, count, own: ["http://evil.example/?offset=1"] * 8)
    monkeypatch.setattr(suite, "wild_hosts", lambda random, count: ["us", "http://evil.example"])
    assert "Link values, sync and async, tried: 8" in _missed(suite.links)
    assert "hosts tried: 2" in _missed(suite.hosts)


def test_a_profile_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posthog_environments.cli.profiles.FIELDS", ("host", "project_id"))
    assert "goes to its own server alone" in _missed(suite.diverted)


# ------------------------------------------------------------------------------------------- where it could show


def _shown(monkeypatch: pytest.MonkeyPatch, part: str) -> str:
    """Make one part of the campaign; only what was found counts, for the other places were not looked at."""
    for name in ("_fail", "_fail_below", "_interrupt", "_misuse", "_objects"):
        if name != part:
            monkeypatch.setattr(leak_search, name, lambda *arguments: None)
    return "\n".join(line for line in _missed(leak_search.shown).splitlines() if ": 0 in " not in line)


def test_a_secret_that_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secret, "__repr__", lambda self: f"Secret({self.reveal()[6:20]})")
    assert "repr, str, format, vars, dir values" in _shown(monkeypatch, "_objects")


def test_a_secret_that_shows_itself_in_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secret, "__repr__", lambda self: f"Secret({self.reveal()[6:20]})")
    found = _shown(monkeypatch, "_misuse")
    assert "the locals of their frames" in found
    assert "tracebacks with locals" in found


def test_a_secret_that_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secret, "__reduce_ex__", lambda self, protocol: (Secret, (self.reveal(),)))
    monkeypatch.setattr(Secret, "__copy__", lambda self: Secret(self.reveal()))
    monkeypatch.setattr(Secret, "__deepcopy__", lambda self, memo: Secret(self.reveal()))
    assert "pickles and copies" in _shown(monkeypatch, "_objects")


def test_errors_that_keep_their_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    def chained(_: Any, error: BaseException) -> TransportFailure:
        failed = TransportFailure(str(error), sent=False)
        failed.__cause__ = error
        return failed

    monkeypatch.setattr(attempt.Attempt, "_failure", chained)
    assert "chains of exceptions" in _shown(monkeypatch, "_fail_below")


def test_interruptions_that_keep_their_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "_without_frames", lambda interruption: interruption)
    found = _shown(monkeypatch, "_interrupt")
    assert "the locals of their frames" in found
    assert "tracebacks with locals" in found


def test_logs_that_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    begin: Any = attempt.Attempt.begin

    def telling(self: Any, key: Secret) -> Any:
        found = begin(self, key)
        logging.getLogger("posthog_environments").debug("sending %s", self._request.headers.raw)
        return found

    monkeypatch.setattr(attempt.Attempt, "begin", telling)
    assert "DEBUG logs" in _shown(monkeypatch, "_interrupt")


def test_events_that_tell_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "path_template", lambda url, _: url)
    assert "what on_event is told, or of ids" in _shown(monkeypatch, "_fail")


def test_events_that_tell_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    begin: Any = attempt.Attempt.begin
    keys: list[str] = [""]

    def noted(self: Any, key: Secret) -> Any:
        keys[:] = [key.reveal()]
        return begin(self, key)

    monkeypatch.setattr(attempt.Attempt, "begin", noted)
    monkeypatch.setattr(observe, "path_template", lambda url, _: f"/api/?key={keys[0]}")
    found = _shown(monkeypatch, "_fail")
    assert "what on_event is told, or of ids" in found
    assert "DEBUG logs" in found, "what a listener raises"


def test_events_that_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe.Observer, "waiting", lambda *arguments: None)
    assert "kinds of events looked into" in _shown(monkeypatch, "_fail")


def test_warnings_that_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    begin: Any = attempt.Attempt.begin

    def telling(self: Any, key: Secret) -> Any:
        warnings.warn(f"used {key.reveal()}", UserWarning, stacklevel=2)
        return begin(self, key)

    monkeypatch.setattr(attempt.Attempt, "begin", telling)
    assert "in warnings" in _shown(monkeypatch, "_objects")


def test_errors_and_logs_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_fake", None, raising=False)
    monkeypatch.setattr(errors, "Forgotten", type("Forgotten", (errors.PostHogError,), {}), raising=False)
    monkeypatch.setattr(execute.log, "log", lambda *arguments: None)
    found = _shown(monkeypatch, "_interrupt")
    assert "Forgotten" in found
    assert "loggers that spoke" in found


# ------------------------------------------------------------------------------------------- the command


def _command(monkeypatch: pytest.MonkeyPatch, part: str) -> str:
    """Make one part of the campaign; only what was found counts."""
    for name in ("_knock", "_processes"):
        if name != part:
            monkeypatch.setattr(leak_search, name, lambda *arguments: None)
    every = leak_search._commands
    monkeypatch.setattr(leak_search, "_commands", lambda home: every(home)[:3])
    monkeypatch.setattr(leak_search, "_own_sandbox", lambda effort: [])
    return "\n".join(line for line in _missed(leak_search.command).splitlines() if ": 0 in " not in line)


def test_an_option_that_takes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from posthog_environments.cli.root import phenv

    monkeypatch.setattr(phenv, "params", [*phenv.params, click.Option(["--api-key"])])
    assert "options that take the key itself" in _command(monkeypatch, "")


def test_a_command_that_prints_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = connection.connect

    def telling(wanted: connection.ConnectionOptions) -> Any:
        click.echo(cast("Secret", wanted["api_key"].value).reveal())
        return connect(wanted)

    monkeypatch.setattr(connection, "connect", telling)
    assert "every command of phenv prints" in _command(monkeypatch, "")


def test_a_process_that_shows_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    run = PLACES.subprocess.run

    def careless(arguments: list[str], **named: Any) -> Any:
        import os

        key = os.environ.get("POSTHOG_PERSONAL_API_KEY") or "-"
        return run([arguments[0], "-X", f"key={key}", *arguments[1:]], **named)

    monkeypatch.setattr(PLACES.subprocess, "run", careless)
    assert "arguments of its processes" in _command(monkeypatch, "_processes")


def test_a_sandbox_that_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    operate: Any = app.App._operate

    def telling(self: app.App, call: Any, path: str) -> Any:
        logging.getLogger("posthog_environments.sandbox").info("%s %s", call.method, call.headers)
        return operate(self, call, path)

    monkeypatch.setattr(app.App, "_operate", telling)
    assert "what the sandbox logs" in _command(monkeypatch, "_knock")


def test_a_sandbox_that_says_its_key_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = PLACES.subprocess.Popen

    def twice(arguments: list[str], **named: Any) -> Any:
        if "sandbox" not in arguments:
            return popen(arguments, **named)
        code = (
            "import sys; from posthog_environments.sandbox import Sandbox; import time\n"
            "box = Sandbox(5).start()\n"
            "for name, value in box.environ.items(): print(f'export {name}={value}', flush=True)\n"
            "print(box.api_key, flush=True); time.sleep(60)"
        )
        return popen([arguments[0], "-c", code], **named)

    monkeypatch.setattr(PLACES.subprocess, "Popen", twice)
    assert "`phenv sandbox` says" in _missed(leak_search._own_sandbox)


def test_a_server_without_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leak_search._Everything, "emit", lambda self, record: None)
    assert "loggers of the sandbox that spoke" in _command(monkeypatch, "_knock")


def test_the_bait_is_found_in_every_form() -> None:
    import base64
    from random import Random
    from urllib.parse import quote

    canary = Canary(Random(1))
    key = canary.give()
    for text in (key, key[10:18], quote(key, safe=""), repr(key), key.encode().hex(), f"x{key}y"):
        assert canary.occurrences(text.encode()), text
    for before in ("", "B", "Be", "Bearer "):
        assert canary.occurrences(base64.b64encode(f"{before}{key}".encode()))
    assert not canary.occurrences(b"phx_ Bearer " + key[4:11].encode())
    assert secrets.Secret.__slots__
    assert output.__all__

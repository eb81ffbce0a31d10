"""What `phenv` makes of answers that are not as they should be, from a server that says what a test wants."""

from __future__ import annotations

import configparser
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import errors
from posthog_environments.cli import main, profiles
from posthog_environments.cli.failures import Failure
from posthog_environments.cli.groups import LazyGroup

from .conftest import Run, on_screen

Reply = tuple[int, Mapping[str, str], bytes]
EMPTY: Reply = (200, {}, b'{"results": [], "next": null, "previous": null}')


def says(status: int, body: Any = None, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, content


@contextmanager
def server(reply: Callable[[str, str], Reply], *, dated: bool = True) -> Iterator[str]:
    """Serve what a function of method and path gives."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            status, headers, content = reply(self.command, self.path.partition("?")[0])
            self.send_response_only(status)
            if dated and "date" not in headers:
                self.send_header("date", format_datetime(datetime.now(UTC), usegmt=True))
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}"
    finally:
        serving.shutdown()
        serving.server_close()
        thread.join()


def findings(
    bare: Run, reply: Callable[[str, str], Reply], *, dated: bool = True, project: str = "1", prefix: str = "auto"
) -> dict[str, Any]:
    with server(reply, dated=dated) as host:
        options = ["--host", host, "--project-id", project, "--prefix", prefix, "--api-key-stdin", "--json"]
        done = bare("doctor", *options, text="phx_x")
    return {found["about"]: (found["state"], found["text"]) for found in json.loads(done.out)["findings"]}


# ------------------------------------------------------------------------------------------------------------ doctor


@pytest.mark.parametrize(
    ("persons", "state", "said"),
    [
        (says(403, {"detail": "No scope."}), "ok", "accepted"),
        (says(404, b"<h1>Not found</h1>"), "problem", "404: the server gave no reason"),
        (says(502, {"detail": "Bad gateway."}), "problem", "502: Bad gateway."),
        (says(401, {"detail": "Invalid key."}), "problem", "not accepted (401: Invalid key.)"),
    ],
)
def test_doctor_on_the_key(bare: Run, persons: Reply, state: str, said: str) -> None:
    found = findings(bare, lambda _method, path: persons if path.endswith("persons/") else EMPTY)
    assert found["key"][0] == state
    assert said in found["key"][1]


def test_doctor_on_a_server_without_a_clock(bare: Run) -> None:
    assert findings(bare, lambda *_: EMPTY, dated=False)["clock"] == ("note", "the server does not tell the time")
    found = findings(bare, lambda *_: says(200, {"results": []}, date="half past nine"))
    assert found["clock"] == ("note", "the server does not tell the time")


@pytest.mark.parametrize(("off", "direction"), [(3600, "behind"), (-3600, "ahead of")])
def test_doctor_on_a_clock_that_is_off(bare: Run, off: int, direction: str) -> None:
    theirs = format_datetime(datetime.now(UTC) + timedelta(seconds=off), usegmt=True)
    state, text = findings(bare, lambda *_: says(200, {"results": []}, date=theirs))["clock"]
    assert state == "note"
    assert direction in text


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"deprecation": "true"}, "is on its way out"),
        ({"sunset": "some day"}, "is on its way out"),
        ({"sunset": "Thu, 31 Dec 2099 00:00:00 GMT"}, "to end on 2099-12-31"),
        ({"sunset": "Fri, 31 Jul 2020 00:00:00 GMT"}, "past its sunset of 2020-07-31"),
    ],
)
def test_doctor_on_the_end_of_the_prefix(bare: Run, headers: dict[str, str], said: str) -> None:
    state, text = findings(bare, lambda *_: says(200, {"results": []}, **headers))["prefix"]
    assert state == "note"
    assert said in text


@pytest.mark.parametrize(("status", "prefix"), [(404, "auto"), (307, "auto"), (308, "auto"), (307, "environments")])
def test_doctor_goes_to_the_twin_as_the_client_does(bare: Run, status: int, prefix: str) -> None:
    def reply(_method: str, path: str) -> Reply:
        if not path.startswith("/api/environments/"):
            return EMPTY
        location = path.replace("/api/environments/", "/api/projects/") + "?limit=1"
        return says(status, {"detail": "Not here."}, location=location)

    found = findings(bare, reply, prefix=prefix)
    assert found["prefix"] == ("ok", "/api/projects/, with no end announced")
    assert found["person:read"] == ("ok", "works")
    state, text = findings(bare, lambda *_: says(404, {"detail": "Not here."}))["prefix"]
    assert state == "problem"
    assert text.startswith("neither /api/environments/ nor /api/projects/ has shown anything of this project")


def test_doctor_on_projects(bare: Run) -> None:
    projects = says(200, {"results": [{"id": 5, "name": "Five"}]})
    reply = lambda _method, path: projects if path == "/api/projects/" else EMPTY  # noqa: E731
    assert findings(bare, reply, project="5")["projects"] == ("ok", "5 (Five)")
    assert findings(bare, reply, project="@current")["projects"] == ("ok", "5 (Five)")
    assert findings(bare, reply, project="6")["projects"] == ("problem", "5 (Five); 6 is not among them")
    assert findings(bare, lambda *_: EMPTY, project="6")["projects"] == ("problem", "none; 6 is not among them")
    odd = says(200, ["no", "object"])
    assert findings(bare, lambda _method, path: odd if path == "/api/projects/" else EMPTY)["projects"][0] == "problem"


def test_doctor_on_a_server_that_answers_no_more(bare: Run) -> None:
    away = says(302, b"", location="http://127.0.0.1:9/")
    found = findings(bare, lambda _method, path: EMPTY if path.endswith("persons/") else away)
    assert found["person:read"] == ("ok", "works")
    assert found["insight:read"][0] == "problem"
    assert found["projects"][0] == "note"
    assert "302" in found["projects"][1]


def test_doctor_on_an_answer_that_cannot_be_used(bare: Run) -> None:
    unreadable = says(200, b"x", content_encoding="br")
    found = findings(bare, lambda _method, path: EMPTY if path.endswith("persons/") else unreadable)
    assert found["insight:read"][0] == "problem"
    assert "compressed as br" in found["insight:read"][1]


def test_doctor_in_colour(home: Path) -> None:
    assert home.exists()
    with server(lambda *_: EMPTY) as host:
        (home / "key").write_text("phx_x")
        (home / "key").chmod(0o600)
        options = ["--host", host, "--project-id", "@current", "--api-key-file", str(home / "key")]
        shown = on_screen("doctor", *options)
        plain = on_screen("doctor", *options, NO_COLOR="1")
    assert "\x1b[32m" in shown.text
    assert "\x1b[" not in plain.text


# -------------------------------------------------------------------------------------------------------------- init


def test_init_writes_what_does_not_work_when_told_so(home: Path) -> None:
    with server(lambda *_: says(401, {"detail": "Invalid key."})) as host:
        asked = [("Server", f"{host}\n"), ("Key (", "phx_x\n"), ("Project id", "1\n")]
        shown = on_screen("init", answers=[*asked, ("Write the profile anyway?", "n\n")])
        assert shown.code == 1, shown.text
        assert not list(home.rglob("profiles*"))
        shown = on_screen("init", answers=[*asked, ("Write the profile anyway?", "y\n")])
        assert shown.code == 0, shown.text
        assert "Wrote the profile 'default'" in shown.text


def test_profiles_that_cannot_be_read_or_written(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles.path().mkdir(parents=True)
    done = bare("persons", "list")
    assert (done.code, done.out) == (2, "")
    assert f"The profiles in {profiles.path()} cannot be read" in done.err
    profiles.path().rmdir()
    profiles.path().parent.rmdir()
    profiles.path().parent.write_text("a file where a folder should be")
    with server(lambda *_: says(200, {"results": [{"id": 1, "name": "One"}]})) as host:
        options = ["--host", host, "--project-id", "1", "--api-key-stdin"]
        monkeypatch.setattr(profiles, "_read", configparser.ConfigParser)
        done = bare("init", *options, text="phx_x")
    assert done.code == 2
    assert "The profile cannot be written to" in done.err
    assert "phx_x" not in done.err


def test_a_profile_is_written_whole_or_not_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = profiles.save("default", {"host": "https://x.example", "api_key": "phx_x"})
    before = file.read_text()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(errors.ConfigurationError, match="No space left"):
        profiles.save("two", {"host": "https://y.example"})
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]
    assert file.is_relative_to(home)


def test_a_file_for_the_key_that_is_not_there_or_no_text(bare: Run, tmp_path: Path) -> None:
    options = ["--host", "http://127.0.0.1:9", "--project-id", "1", "--api-key-file"]
    done = bare("persons", "list", *options, str(tmp_path / "none"))
    assert done.code == 2
    assert "does not exist" in done.err
    (tmp_path / "odd").write_bytes(b"\xff\xfe")
    (tmp_path / "odd").chmod(0o600)
    done = bare("persons", "list", *options, str(tmp_path / "odd"))
    assert done.code == 2
    assert "it is not text" in done.err


# ---------------------------------------------------------------------------------------------------------- failures


def hint(error: errors.PostHogError) -> str:
    stream = io.StringIO()
    Failure(error).show(stream)
    first, _, rest = stream.getvalue().partition("\n")
    assert first == f"Error: {error}"
    return rest


def with_(error: errors.PostHogError, **known: object) -> errors.PostHogError:
    vars(error).update(known)
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            with_(errors.PermissionDeniedError("no", status_code=403), required_scope="person:write"),
            "the scope person:write",
        ),
        (errors.PermissionDeniedError("no", status_code=403), "`phenv doctor`, which shows the projects"),
        (with_(errors.RateLimitError("no", status_code=429), retry_after=12.3), "again in 12 s"),
        (errors.RateLimitError("no", status_code=429), "again in a minute"),
        (errors.NotFoundError("no", status_code=404), "to find a person"),
        (errors.RedirectError("no", status_code=302), "another --host"),
        (errors.ServerError("no", status_code=500), "again later"),
        (errors.OutcomeUnknown("no"), "to see the present state"),
        (errors.DeadlineExceeded("no"), "a larger --timeout"),
        (errors.TransportError("no"), "check --host and the network"),
        (errors.MalformedResponseError("no", status_code=200), "perhaps --host is not PostHog's API"),
        (errors.PagingError("no"), "report it together"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_failure_says_what_to_try(error: errors.PostHogError, said: str) -> None:
    assert hint(error).startswith("Try: ")
    assert said in hint(error)


@pytest.mark.parametrize("error", [errors.APIStatusError("no", status_code=418), errors.PostHogError("no")])
def test_where_nothing_is_known_to_help_nothing_is_said(error: errors.PostHogError) -> None:
    assert hint(error) == ""


def test_an_unknown_command(bare: Run) -> None:
    done = bare("persons", "lsit")
    assert done.code == 2
    assert "lsit" in done.err
    assert LazyGroup("x", lazy={}).get_command(None, "y") is None  # type: ignore[arg-type]  # nothing is looked up


# ----------------------------------------------------------------------------------------------------------- answers


def test_a_change_that_the_server_only_took(bare: Run) -> None:
    with server(lambda *_: (202, {}, b"")) as host:
        place = ["--host", host, "--project-id", "1", "--api-key-stdin"]
        change = ["persons", "update", "095be615-a8ad-4c33-8e9c-c7612fbf6c9f", "--set", "plan=pro"]
        assert bare(*change, *place, "--json", text="phx_x").out == "null\n"
        done = bare(*change, *place, text="phx_x")
    assert (done.code, done.out) == (0, "")
    assert done.err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_trend_without_series(bare: Run, options: list[str]) -> None:
    with server(lambda *_: says(200, {"result": []})) as host:
        place = ["--host", host, "--project-id", "1", "--api-key-stdin"]
        done = bare("insights", "trend", "--event", "$pageview", *place, *options, text="phx_x")
    assert done.code == 0
    if options:
        assert json.loads(done.out)["result"] == []
    else:
        assert (done.out, "The answer has no series." in done.err) == ("", True)


def test_a_plot_without_what_draws_it_says_what_to_install(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    answer = says(200, {"result": [{"label": "a", "data": [1.0], "days": ["2026-01-01"], "labels": ["1-Jan-2026"]}]})
    with server(lambda *_: answer) as host:
        place = ["--host", host, "--project-id", "1", "--api-key-stdin"]
        done = bare("insights", "trend", "--event", "a", "--plot", "-", *place, text="phx_x")
    assert (done.code, done.out) == (2, "")
    assert "[cli]" in done.err


# ------------------------------------------------------------------------------------------------------------ words


def test_a_change_that_is_answered_by_the_person_shows_the_person(bare: Run) -> None:
    person = says(200, {"uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f", "properties": {"plan": "pro"}})
    with server(lambda *_: person) as host:
        options = ["--host", host, "--project-id", "1", "--api-key-stdin"]
        asked = ["persons", "update", "5", "--set", "plan=pro", *options]
        done = bare(*asked, "--json", text="phx_x")
        assert done.code == 0
        assert json.loads(done.out)["properties"] == {"plan": "pro"}
        done = bare(*asked, text="phx_x")
    assert "095be615-a8ad-4c33-8e9c-c7612fbf6c9f" in done.out
    assert "carries it out soon" not in done.err


def test_a_program_that_puts_a_stream_of_its_own_in_place_gets_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["--version"]) == 0
    assert "posthog-environments" in stream.getvalue() or "phenv" in stream.getvalue()

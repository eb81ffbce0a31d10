"""Hints in the command speak of commands and options, and lead in no circle."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments import errors
from posthog_environments.cli.failures import Failure
from posthog_environments.cli.words import in_phenv
from tests.cli.conftest import Run
from tests.client.wire import Wire, http

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
NOT_FOUND = b'{"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": null}'
PERSONS = json.dumps({"results": [{"uuid": UUID, "distinct_ids": [12345]}], "next": None}).encode()
# What a person at a terminal can do nothing with.
PYTHON = re.compile(
    r"\b(?!ID=)[a-z_]+=[…\"'\w]|\w\(|env\.|max_wait|max_body|extra_query|page_size|project_id|_index|None|\[\""
)


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        (
            "use persons.list(distinct_id=…) or persons.list(email=…).",
            "use phenv persons list --distinct-id DISTINCT-ID or phenv persons list --email EMAIL.",
        ),
        ("see insights.trend_csv()", "see phenv insights csv"),
        ('let prefix="auto" choose', "let --prefix auto choose"),
        ('Leave prefix="environments" out, or', "Leave --prefix environments out, or"),
        ("instead, 77: project_id=77.", "instead, 77: --project-id 77."),
        ("Give a larger timeout= if", "Give a larger --timeout if"),
        ("Give a larger max_wait or timeout, or call less often.", "Give a larger --timeout, or call less often."),
        ("with a smaller page_size, or allow more bytes with max_body.", "with a smaller --page-size."),
        ("compare=False with compare_to", "no --compare with --compare-to"),
        (
            'keep_person goes by many at once. Leave using out, or give using="bulk".',
            "--keep-person goes by many at once. Leave --using out, or give --using bulk.",
        ),
        (
            "keep_person alone deletes nothing; give delete_events or delete_recordings with it.",
            "--keep-person alone deletes nothing; give --delete-events or --delete-recordings with it.",
        ),
        (
            "breakdown_limit says more of a breakdown, and there is none. Give breakdown= too, or leave it out.",
            "--breakdown-limit says more of a breakdown, and there is none. Give --breakdown too, or leave it out.",
        ),
        ("prop('age').value: expected text", "--property age: expected text"),
        ("It leads to https://x/?email=a@mail.example&b=1", "It leads to https://x/?email=a@mail.example&b=1"),
    ],
)  # fmt: skip
def test_python_becomes_phenv(said: str, spoken: str) -> None:
    assert in_phenv(said) == spoken


@pytest.mark.parametrize(
    ("answer", "args"),
    [
        (http(404, NOT_FOUND), ("persons", "get", "42")),
        (http(404, NOT_FOUND), ("persons", "list", "--prefix", "environments")),
        (http(404, NOT_FOUND), ("insights", "trend", "--event", "x")),
        (http(308, b"", "Location: https://us.posthog.com/api/projects/1/persons/"), ("persons", "list")),
        (http(302, b""), ("persons", "get", "42")),
        (http(401, b"{}"), ("persons", "list")),
        (http(403, b"{}"), ("persons", "list")),
        (http(429, b"{}", "Retry-After: 999"), ("persons", "get", "42")),
        (http(200, b"<h1>Log in</h1>", kind="text/html"), ("persons", "delete", "42", "--yes")),
        (http(200, b"<h1>Log in</h1>", kind="text/html"), ("persons", "get", "42")),
        (http(500, b"{}"), ("persons", "update", "42", "--set", "a=1")),
        (http(200, b"id\r\n" + b"1\r\n" * 50_000, kind="text/csv"), ("persons", "csv")),
        (http(200, PERSONS), ("persons", "get", "a@mail.example")),
        (http(200, PERSONS), ("persons", "get", "0")),
        (http(200, PERSONS), ("persons", "list", "--email", "")),
        (http(200, PERSONS), ("insights", "trend")),
        (http(200, PERSONS), ("insights", "trend", "--event", "")),
        (http(200, PERSONS), ("insights", "trend", "--event", "x", "--breakdown", "group:name")),
        (http(200, PERSONS), ("persons", "export", "people.csv", "--only", "")),
        (http(200, PERSONS), ("insights", "trend", "--event", "x", "--date-from", "soon")),
        (http(200, PERSONS), ("persons", "list", "--host", "https://us.i.posthog.com")),
        (http(200, PERSONS), ("persons", "list", "--host", "http://posthog.example")),
        (http(200, PERSONS), ("persons", "list", "--project-id", "me")),
    ],
)
def test_no_message_speaks_python(bare: Run, answer: bytes, args: tuple[str, ...]) -> None:
    with Wire(answer) as wire:
        place = ["--api-key-stdin", "--timeout", "5"]
        place += [] if "--host" in args else ["--host", wire.host]
        place += [] if "--project-id" in args else ["--project-id", "1"]
        done = bare(*args, *place, text="phx_test")
    assert done.code in (1, 2)
    text = done.err.replace("POSTHOG_", "")
    assert not PYTHON.findall(text), text
    assert "Traceback" not in text


def test_a_trend_that_is_gone_sends_nobody_to_look_for_a_person(bare: Run) -> None:
    def answer(path: str) -> bytes:
        return http(404, NOT_FOUND) if "insights" in path or "query" in path else http(200, PERSONS)

    with by_path(answer) as wire:
        done = bare(
            "insights",
            "trend",
            "--event",
            "x",
            "--host",
            wire.host,
            "--project-id",
            "1",
            "--api-key-stdin",
            text="phx_x",
        )
    assert done.code == 1
    assert "persons list" not in done.err


def by_path(answer: Callable[[str], bytes]) -> Wire:
    def reply(connection: Any, request: bytes) -> None:
        connection.sendall(answer(request.split(b" ", 2)[1].decode()))

    return Wire(reply)


def test_a_listing_shows_ids_that_are_no_texts(bare: Run) -> None:
    with Wire(http(200, PERSONS)) as wire:
        done = bare("persons", "list", "--host", wire.host, "--project-id", "1", "--api-key-stdin", text="phx_x")
    assert (done.code, "Traceback" in done.err) == (0, False)


ODD: list[dict[str, Any]] = [
    {"distinct_ids": [12345], "name": 17, "properties": [1, "b"]},
    {"distinct_ids": {"a": 1}, "name": {"n": None}, "created_at": "yesterday"},
    {"distinct_ids": None, "name": None, "properties": None, "created_at": None},
    {"distinct_ids": [None, "x", 2], "name": "", "properties": "text"},
]


def test_odd_persons_are_shown_as_they_came(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"uuid": f"u{number}", **odd} for number, odd in enumerate(ODD)]
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", "phx_test")
    with Wire(http(200, json.dumps({"results": rows, "next": None, "previous": None}).encode())) as wire:
        where = ("--host", wire.host, "--project-id", "1")
        listed = bare("persons", "list", *where)
        as_json = bare("persons", "list", *where, "--json")
    assert listed.code == as_json.code == 0
    assert [json.loads(line) for line in as_json.out.splitlines()] == rows
    assert [line.split("\t") for line in listed.out.splitlines()[1:]] == [
        ["17", "12345", "", "u0", '[1, "b"]'],
        ['{"n": null}', '{"a": 1}', "yesterday", "u1", "{}"],
        ["", "", "", "u2", "{}"],
        ["", " +2", "", "u3", "text"],
    ]
    for row in rows:
        with Wire(http(200, json.dumps(row).encode())) as wire:
            one = bare("persons", "get", "1", "--host", wire.host, "--project-id", "1")
        assert one.code == 0, one.err
        for value in (row["name"], row.get("created_at")):
            assert value is None or (json.dumps(value) if isinstance(value, dict) else str(value)) in one.out


@pytest.mark.parametrize("command", ["doctor", "init"])
def test_no_hint_leads_back_to_the_command(command: str) -> None:
    for error in (
        errors.ConfigurationError("no"),
        errors.AuthenticationError("no", status_code=401),
        errors.TransportError("no"),
        errors.MalformedResponseError("no", status_code=200),
    ):
        assert f"`phenv {command}`" not in Failure(error, command).hint
        assert Failure(error).hint


# ------------------------------------------------------------------------------------------------ doctor and init


def doctor(bare: Run, answer: Callable[[str], bytes], *options: str, project: str = "1") -> tuple[int, dict[str, Any]]:
    with by_path(answer) as wire:
        done = bare(
            "doctor", "--json", "--host", wire.host, "--project-id", project, "--api-key-stdin", *options, text="phx_x"
        )
        methods = {line.split(" ")[0] for line in wire.lines()}
        assert methods <= {"GET", "POST"}
        assert all("query/" in line for line in wire.lines() if line.startswith("POST"))
    return done.code, {each["about"]: (each["state"], each["text"]) for each in json.loads(done.out)["findings"]}


PROJECTS = b'{"results": [{"id": 1, "name": "One"}]}'
TREND = b'{"results": [], "result": []}'


def today(path: str) -> bytes:
    """Answer as the cloud of today does."""
    if path == "/api/projects/":
        return http(200, PROJECTS)
    headers: list[str] = []
    if path.startswith("/api/environments/"):
        link = f'Link: <{path.replace("environments", "projects")}>; rel="successor-version"'
        headers = ["Deprecation: true", "Sunset: Fri, 31 Jul 2026 00:00:00 GMT", link]
    if "insights/trend/" in path:
        return http(404, NOT_FOUND, *headers)
    return http(200, TREND if "query/" in path else PERSONS, *headers)


def test_doctor_on_a_server_of_today(bare: Run) -> None:
    code, found = doctor(bare, today)
    assert code == 0
    assert found["prefix"] == (
        "ok",
        (
            "/api/projects/, the successor of /api/environments/, which is past its sunset of 2026-07-31, and may stop "
            "working any day"
        ),
    )
    assert found["trends"] == ("ok", "asked of query/, which needs the scope query:read")
    assert found["query:read"] == ("ok", "works")
    assert found["announced"] == ("ok", "the end of nothing else that is in use")
    code, found = doctor(bare, today, "--prefix", "environments")
    assert found["prefix"][0] == "note"
    assert "leave --prefix out" in found["prefix"][1]


def test_doctor_on_the_alias(bare: Run) -> None:
    def answer(path: str) -> bytes:
        if "@current" not in path:
            return today(path)
        twin = path.replace("environments", "projects").replace("@current", "77")
        link = f'Link: <{twin}>; rel="successor-version", <https://posthog.com/docs>; rel="deprecation"'
        return http(200, PERSONS, "Deprecation: @1795564800", "Sunset: Fri, 30 Apr 2027 23:59:59 GMT", link)

    _, found = doctor(bare, answer, project="@current")
    state, text = found["announced"]
    assert state == "note"
    assert "--project-id 77" in text
    assert "30 Apr 2027" in text


def test_doctor_on_a_server_that_knows_projects_alone(bare: Run) -> None:
    code, found = doctor(bare, lambda path: http(404, NOT_FOUND) if "environments" in path else today(path))
    assert code == 0
    assert found["prefix"] == ("ok", "/api/projects/, with no end announced")


def test_doctor_on_a_404_everywhere_and_on_a_redirect(bare: Run) -> None:
    code, found = doctor(bare, lambda _: http(404, NOT_FOUND))
    assert code == 1
    assert found["key"][0] == found["prefix"][0] == "problem"
    assert "neither" in found["prefix"][1]
    code, found = doctor(bare, lambda path: http(308, b"", f"Location: https://us.posthog.com{path}"))
    assert code == 1
    assert found["server"][0] == "problem"
    assert "https://us.posthog.com/api/" in found["server"][1]
    assert "key" not in found


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (http(403, b'{"detail": "No scope."}'), "ok"),
        (http(429, b'{"detail": "Too many."}'), "ok"),
        (http(403, b"<h1>Forbidden</h1>", kind="text/html"), "problem"),
        (http(429, b"slow down", kind="text/plain"), "problem"),
        (http(200, b"<h1>Log in</h1>", kind="text/html"), "problem"),
        (http(500, b"{}"), "problem"),
    ],
)
def test_doctor_calls_a_key_accepted_only_after_an_answer_that_shows_it(bare: Run, answer: bytes, state: str) -> None:
    code, found = doctor(bare, lambda _: answer)
    assert found["key"][0] == state
    assert code == 1


def test_doctor_on_trends_that_nobody_answers(bare: Run) -> None:
    def answer(path: str) -> bytes:
        if "query/" in path or "insights/" in path:
            scope = "query:read" if "query/" in path else "insight:read"
            return http(403, f'{{"detail": "API key missing required scope \'{scope}\'"}}'.encode())
        return today(path)

    code, found = doctor(bare, answer)
    assert code == 1
    assert found["trends"][0] == "problem"
    assert "'insight:read'" in found["insight:read"][1]
    assert "'query:read'" in found["insight:read"][1]


def written() -> str:
    from posthog_environments.cli import profiles

    return profiles.path().read_text()


def test_init_writes_the_number_behind_the_alias(bare: Run) -> None:
    def answer(path: str) -> bytes:
        return http(200, b'{"id": 1, "name": "One"}') if path == "/api/projects/@current/" else today(path)

    with by_path(answer) as wire:
        done = bare("init", "--host", wire.host, "--project-id", "@current", "--api-key-stdin", text="phx_x")
    assert done.code == 0, done.err
    assert "is project 1 now" in done.err
    assert "project_id = 1\n" in written()


def test_init_asks_for_a_number_where_the_key_tells_none(bare: Run) -> None:
    with Wire(http(403, b'{"detail": "no"}')) as wire:
        done = bare("init", "--host", wire.host, "--project-id", "@current", "--api-key-stdin", text="phx_x")
    assert done.code == 2
    assert "Give its number as --project-id" in done.err


def test_init_lists_the_projects_of_the_key(home: Any) -> None:
    from tests.cli.conftest import on_screen

    assert home.exists()
    two = b'{"results": [{"id": 1, "name": "One"}, {"id": 22, "name": "Two\\u001b[2J"}]}'
    with by_path(lambda path: http(200, two) if path == "/api/projects/" else today(path)) as wire:
        asked = [
            ("Server", f"{wire.host}\n"),
            ("Key (", "phx_x\n"),
            ("Project id", "@current\n"),
            ("is a number", "22\n"),
        ]
        shown = on_screen("init", answers=asked)
    assert shown.code == 0, shown.text
    assert "22  Two\\x1b[2J" in shown.text
    assert "project_id = 22\n" in written()


@pytest.mark.parametrize(
    ("operation", "says"), [("insights.trend", "endpoint"), ("request", "look at the PATH"), ("persons.get", "phenv")]
)
def test_what_is_missing_has_advice(operation: str, says: str) -> None:
    assert says in Failure(errors.NotFoundError(f"{operation}: 404", status_code=404)).hint

"""`phenv api`: any path of the API from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox
from tests.client.stub import Asked, Reply, serve

from .conftest import Run, Screen, on_screen

KEY = "phx_commandKeyThatNobodyMaySee"


class Desk:
    """A server that answers as it is told, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Reply] = lambda asked: (200, {"a": 1})
        self.seen: list[Asked] = []
        self.environ: dict[str, str] = {}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    with serve(lambda asked: desk.answer(asked)) as (host, seen):
        desk.seen = seen
        desk.environ = {"POSTHOG_HOST": host, "POSTHOG_PROJECT_ID": "1", "POSTHOG_PERSONAL_API_KEY": KEY}
        for name, value in desk.environ.items():
            monkeypatch.setenv(name, value)
        yield desk


def test_a_path_of_the_project(bare: Run, desk: Desk) -> None:
    done = bare("api", "get", "cohorts/", "--param", "limit=5", "--param", "a=b=c", "--param", "limit=6")
    assert (done.code, done.out, done.err) == (0, '{\n  "a": 1\n}\n', "")
    assert (desk.seen[0].method, desk.seen[0].path) == ("GET", "environments/1/cohorts/")
    assert desk.seen[0].query == "limit=5&limit=6&a=b%3Dc"


def test_fields_are_text_or_json(bare: Run, desk: Desk) -> None:
    done = bare("api", "POST", "x/", "--field", "a=5", "--field", 'b:={"c": [1, null]}', "--field", "d=")
    assert done.code == 0
    assert desk.seen[0].body == {"a": "5", "b": {"c": [1, None]}, "d": ""}


def test_the_body_comes_from_a_file_or_standard_input(bare: Run, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_text("[1, 2]")
    assert bare("api", "POST", "x/", "--input", str(file)).code == 0
    assert desk.seen[0].body == [1, 2]


def test_the_body_from_standard_input(home: Path, desk: Desk) -> None:
    import os
    import subprocess

    from .conftest import PHENV

    command = [*PHENV, "api", "POST", "x/", "--input", "-"]
    done = subprocess.run(
        command, input=b'{"b": 2}', env={**os.environ, **desk.environ}, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"a": 1}
    assert desk.seen[0].body == {"b": 2}


def test_status_and_headers_come_first_and_no_key(bare: Run, desk: Desk) -> None:
    desk.answer = lambda asked: (201, {"a": 1}, {"X-Request-Id": "r\x1b-1"})
    done = bare("api", "POST", "x/", "--include")
    head, _, body = done.out.partition("\n\n")
    assert head.splitlines()[0] == "HTTP 201 Created"
    assert "x-request-id: r\\x1b-1" in head.lower()
    assert json.loads(body) == {"a": 1}
    assert KEY not in done.out + done.err
    assert "authorization" not in done.out.lower()


def test_what_is_no_json_comes_as_it_is(bare: Run, desk: Desk) -> None:
    desk.answer = lambda asked: (200, b"a,b\r\n\xff\n", {"content-type": "text/csv"})
    import os
    import subprocess

    from .conftest import PHENV

    environ = {**os.environ, **desk.environ}
    done = subprocess.run([*PHENV, "api", "GET", "x/"], env=environ, capture_output=True, check=True)
    assert done.stdout == b"a,b\r\n\xff\n"
    shown = on_screen("api", "GET", "x/", env=desk.environ)
    assert shown.code == 0
    assert shown.text.replace("\r", "") == "a,b\n\\xff\n\n"


def test_nothing_prints_nothing(bare: Run, desk: Desk) -> None:
    desk.answer = lambda asked: (204, b"")
    assert bare("api", "DELETE", "x/", "--yes").out == ""


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("POST", "x/", "--field", "a=1", "--input", "-"), "--field and --input exclude each other"),
        (("POST", "x/", "--field", "a"), "--field: expected NAME=TEXT"),
        (("POST", "x/", "--field", "a:=x"), "--field: 'x' is not JSON"),
        (("POST", "x/", "--field", "a=1", "--field", "a=2"), "--field: 'a' is given twice"),
        (("GET", "x/", "--param", "a"), "--param: expected NAME=VALUE"),
        (("GET", "x/", "--field", "a=1"), "A GET has no body"),
        (("FETCH", "x/"), "Give one of GET"),
        (("GET", "https://evil.example/"), "requests go to the configured one alone"),
        (("GET", "../2/persons/"), "a segment of dots"),
        (("GET", "x/%2e%2e/"), "a segment of dots"),
        (("GET", "x/?a=1"), "--param"),
        (("POST", "x/", "--paginate"), "--paginate needs GET"),
        (("GET", "x/", "--paginate", "--include"), "--paginate needs GET"),
        (("GET", "x/", "--paginate", "--param", "limit=0"), "--param limit: expected one number from 1"),
        (("GET", "x/", "--paginate", "--param", "offset=a"), "--param offset: expected one number from 0"),
        (("DELETE", "x/"), "Give --yes if you are sure"),
    ],
)
def test_what_cannot_be_meant_exits_2_and_nothing_is_sent(
    bare: Run, desk: Desk, args: tuple[str, ...], said: str
) -> None:
    done = bare("api", *args)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert desk.seen == []


@pytest.mark.parametrize("text", ["no json", "null", "[" * 100_000])
def test_an_input_that_is_no_body_exits_2(bare: Run, desk: Desk, tmp_path: Path, text: str) -> None:
    file = tmp_path / "body"
    file.write_text(text)
    done = bare("api", "POST", "x/", "--input", str(file))
    assert (done.code, desk.seen) == (2, [])
    assert "--input" in done.err


def test_an_error_exits_1_with_what_to_try(bare: Run, desk: Desk) -> None:
    desk.answer = lambda asked: (404, {"detail": "Not found."})
    done = bare("api", "GET", "x/")
    assert (done.code, done.out) == (1, "")
    assert "request: 404, Not found." in done.err
    assert "look at the PATH" in done.err
    desk.answer = lambda asked: (502, {})
    done = bare("api", "POST", "x/")
    assert done.code == 1
    assert "phenv api GET PATH" in done.err


def test_delete_asks_on_a_terminal(home: Path, desk: Desk) -> None:
    desk.answer = lambda asked: (204, b"")
    shown = on_screen("api", "DELETE", "cohorts/7/", env=desk.environ, answers=[("[y/N]", "n\n")])
    assert (shown.code, desk.seen) == (1, [])
    assert "Delete cohorts/7/?" in shown.text
    shown = on_screen("api", "DELETE", "cohorts/7/", env=desk.environ, answers=[("[y/N]", "y\n")])
    assert shown.code == 0
    assert [asked.method for asked in desk.seen] == ["DELETE"]


# ---------------------------------------------------------------------------------------------------------------- pages


def listing(rows: list[Any], *, link: str = "https://evil.example/?limit={}&offset={}") -> Callable[[Asked], Reply]:
    """Answer as a listing by limit and offset, with next links to another host."""

    def answer(asked: Asked) -> Reply:
        query = dict(part.split("=") for part in asked.query.split("&"))
        limit, offset = int(query["limit"]), int(query["offset"])
        after = offset + limit
        following = link.format(limit, after) if after < len(rows) else None
        return 200, {"results": rows[offset:after], "next": following}

    return answer


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": number} for number in range(250)],
        [{"uuid": f"u{number}", "id": 1} for number in range(250)],
        [{"key": number, "nested": [1, {"a": None}]} for number in range(250)],
        [f"row {number}" for number in range(250)],
    ],
    ids=["id", "uuid", "neither", "texts"],
)
def test_all_pages_come_as_a_row_a_line(bare: Run, desk: Desk, rows: list[Any]) -> None:
    desk.answer = listing(rows)
    done = bare("api", "GET", "cohorts/", "--paginate", "--param", "a=b")
    assert (done.code, done.err) == (0, "")
    assert lines(done.out) == rows
    assert len(desk.seen) == 3
    assert all(asked.query.startswith("a=b&limit=") for asked in desk.seen)


def test_pages_overlap_and_a_gap_is_closed(bare: Run, desk: Desk) -> None:
    """A row that goes away between two pages hides none of the others."""
    rows = [{"id": number} for number in range(60)]

    def answer(asked: Asked) -> Reply:
        if len(desk.seen) == 2:
            del rows[3:6]
        return listing(rows)(asked)

    desk.answer = answer
    done = bare("api", "GET", "cohorts/", "--paginate", "--param", "limit=20", "--param", "offset=0")
    assert done.code == 0
    assert [row["id"] for row in lines(done.out)] == list(range(60))


def test_a_next_link_that_leads_nowhere_exits_1(bare: Run, desk: Desk) -> None:
    desk.answer = lambda asked: (200, {"results": [{"id": 1}], "next": "https://x/?cursor=abc"})
    done = bare("api", "GET", "cohorts/", "--paginate")
    assert done.code == 1
    assert lines(done.out) == []
    assert "no usable offset" in done.err


@pytest.mark.parametrize("body", [{"a": 1}, [1], {"results": []}, {"results": {}, "next": None}, {"next": None}])
def test_what_is_no_page_exits_1(bare: Run, desk: Desk, body: Any) -> None:
    desk.answer = lambda asked: (200, body)
    done = bare("api", "GET", "cohorts/", "--paginate")
    assert (done.code, done.out) == (1, "")
    assert "not a page of a listing" in done.err


def test_persons_of_the_sandbox(run: Run, box: Sandbox, screen: Callable[..., Screen]) -> None:
    done = run("api", "GET", "persons/", "--paginate")
    assert done.code == 0
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        assert [row["uuid"] for row in lines(done.out)] == [person.uuid for person in env.persons.list()]
    assert screen("api", "GET", "persons/", "--param", "limit=1").code == 0

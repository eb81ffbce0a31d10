"""Room on a terminal: emails before uuids, messages that break at words; and what a pipe gets."""

from __future__ import annotations

import json
import os
import re

import pytest

from posthog_environments.cli.tables import TextColumn, fitted
from tests.client.wire import Wire, http

from .conftest import Run, on_screen

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
COLUMNS = [TextColumn("name", first=True), TextColumn("distinct id"), TextColumn("uuid", width=36, least=9)]


def page(*emails: str, **fields: object) -> bytes:
    rows = [
        {"uuid": UUID, "name": email, "distinct_ids": ["d"], "properties": {"email": email}, **fields}
        for email in emails
    ]
    return json.dumps({"results": rows, "next": None, "previous": None}).encode()


def of(host: str) -> dict[str, str]:
    return {"POSTHOG_HOST": host, "POSTHOG_PROJECT_ID": "1", "POSTHOG_PERSONAL_API_KEY": "phx_test", "NO_COLOR": "1"}


@pytest.mark.parametrize("email", ["a@b.example", f"{'ada.' * 5}@mail.example", f"{'lovelace.' * 4}@mail.example"])
def test_at_80_columns_an_email_is_whole(email: str, home: object) -> None:
    with Wire(http(200, page(email, "x@y.example"))) as wire:
        shown = on_screen("persons", "list", width=80, env=of(wire.host))
    assert shown.code == 0, shown.text
    assert email in shown.text
    assert max(map(len, shown.lines)) <= 80
    cut = UUID not in shown.text
    assert cut == (len(email) > 27)
    assert ("What ends in … was cut: a wider terminal" in shown.text.replace("\r\n", " ")) == cut
    assert UUID[:8] in shown.text


@pytest.mark.parametrize(
    ("needs", "width", "given"),
    [
        (10, 80, [12, None, 36]),
        (26, 80, [26, None, 36]),
        (40, 80, [40, None, 23]),
        (54, 80, [54, None, 9]),
        (200, 80, [54, None, 9]),
        (200, 120, [94, None, 9]),
        (30, 40, [14, None, 9]),
        (30, 20, [12, None, 9]),
    ],
)
def test_who_comes_first_gets_what_it_needs(needs: int, width: int, given: list[int | None]) -> None:
    assert fitted(COLUMNS, [["x" * needs, "d", UUID]], width) == given


def test_without_rows_the_headings_stand_as_they_are() -> None:
    assert fitted(COLUMNS, [], 80) == [12, None, 36]
    assert fitted([TextColumn("a", width=5), TextColumn("b")], [["x" * 50, "y"]], 20) == [5, None]


def test_true_and_false_in_a_pipe_are_those_of_json(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"uuid": UUID, "properties": {"paid": False, "beta": True}, "created_at": None}).encode()
    with Wire(http(200, body)) as wire:
        for name, value in of(wire.host).items():
            monkeypatch.setenv(name, value)
        done = bare("persons", "get", UUID)
    assert done.code == 0, done.err
    assert not re.search(r"\b(yes|no|True|False)\b", done.out)
    assert re.search(r"paid\W+false", done.out)
    assert re.search(r"beta\W+true", done.out)


@pytest.mark.parametrize("width", [40, 80])
def test_an_error_breaks_at_words(home: object, width: int) -> None:
    detail = "The quick brown fox jumps over the lazy dog and then goes home again because nothing else is left to do."
    body = json.dumps({"type": "validation_error", "code": "invalid", "detail": detail, "attr": None}).encode()
    with Wire(http(400, body)) as wire:
        environ = {**os.environ, **of(wire.host)}
        shown = on_screen("persons", "list", width=width, env=environ)
    assert shown.code == 1
    lines = [line for line in shown.lines if line]
    assert max(map(len, lines)) <= width
    assert len(lines) > 2
    words = " ".join(lines).split()
    assert set(detail.split()) <= set(words)


def test_in_a_pipe_an_error_is_one_line(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"type": "validation_error", "code": "invalid", "detail": "word " * 50, "attr": None}).encode()
    with Wire(http(400, body)) as wire:
        for name, value in of(wire.host).items():
            monkeypatch.setenv(name, value)
        done = bare("persons", "list")
    assert done.code == 1
    assert done.err.splitlines()[0].count("word") > 40

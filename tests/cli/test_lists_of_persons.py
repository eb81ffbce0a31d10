"""Lists of persons as other programs write them, and what a command says where the list comes from a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from posthog_environments.cli.failures import Failure
from posthog_environments.cli.from_file import read_text
from posthog_environments.errors import NotFoundError

from .conftest import Run


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_recognized(tmp_path: Path, encoding: str) -> None:
    source = tmp_path / "list"
    source.write_bytes("ada@mail.example\nbob@mail.example\n".encode(encoding))
    assert read_text(source).splitlines() == ["ada@mail.example", "bob@mail.example"]


def test_a_list_from_a_pipe_wants_a_journal(run: Run) -> None:
    done = run("persons", "delete", "--from-file", "-", text="1\n2\n")
    assert done.code == 2
    assert "give a --journal" in done.err


@pytest.mark.parametrize(
    ("operation", "says"), [("insights.trend", "endpoint"), ("request", "look at the PATH"), ("persons.get", "phenv")]
)
def test_what_is_missing_has_advice(operation: str, says: str) -> None:
    assert says in Failure(NotFoundError(f"{operation}: 404", status_code=404)).hint

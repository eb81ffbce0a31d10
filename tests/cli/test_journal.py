"""`phenv journal verify`: in one line what was done to whom, and whether they are still gone; `deletion-status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bulk.model import Model, serve, uuid
from tests.cli.conftest import Done, Run


@pytest.fixture
def model() -> Iterator[Model]:
    with serve(Model()) as model:
        model.add(*range(1, 6))
        yield model


@pytest.fixture
def phenv(bare: Run, model: Model, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in (("HOST", model.host), ("PROJECT_ID", "1"), ("PERSONAL_API_KEY", "phx_test")):
        monkeypatch.setenv(f"POSTHOG_{name}", value)
    return bare


def after(phenv: Run, tmp_path: Path, *lines: str, options: tuple[str, ...] = ()) -> str:
    """Delete some, and return the journal."""
    source = tmp_path / "list.txt"
    source.write_text("\n".join(lines) + "\n")
    phenv("persons", "delete", "--from-file", str(source), "--by", "auto", "--yes", *options)
    return f"{source}.journal.jsonl"


def one_line(done: Done) -> str:
    (line,) = done.out.splitlines()
    return line


def test_what_was_done_to_all(phenv: Run, model: Model, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example", "", "d2", uuid(3), "d2")
    done = phenv("journal", "verify", journal)
    assert done.code == 0, done.err
    line = one_line(done)
    assert f"delete in project 1 at {model.host}, 20" in line
    assert "UTC: 3 done; looked 20" in line
    assert line.endswith("3 of 3 are still gone.")


def test_what_was_done_to_one(phenv: Run, model: Model, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example", "d2", uuid(3))
    for option, value, number in (
        ("--email", "p1@mail.example", 1), ("--email", " P1@Mail.Example ", 1), ("--distinct-id", "d2", 2),
        ("--id", uuid(3).upper(), 3),
    ):  # fmt: skip
        done = phenv("journal", "verify", journal, option, value)
        assert done.code == 0, (option, value, done)
        line = one_line(done)
        assert "deleted 20" in line
        assert f"uuid {uuid(number)}, HTTP 202, input {number})" in line
        assert line.endswith("still gone.")
        assert "events" not in line
    both = phenv("journal", "verify", journal, "--email", "p1@mail.example", "--distinct-id", "d2", "--json")
    found = json.loads(both.out)
    assert found["holds"] is True
    assert [(each["input"], each["state"], each["uuid"]) for each in found["proofs"]] == [
        (1, "done", uuid(1)), (2, "done", uuid(2)),
    ]  # fmt: skip
    assert "mail.example" not in Path(journal).read_text()


def test_somebody_who_is_there_again(phenv: Run, model: Model, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example", "d2")
    model.add(1)
    done = phenv("journal", "verify", journal)
    assert done.code == 1
    assert one_line(done).endswith("1 of 2 are still gone.")
    assert f"There (again, or still): {uuid(1)}" in done.err
    done = phenv("journal", "verify", journal, "--email", "p1@mail.example")
    assert done.code == 1
    assert one_line(done).endswith("THERE (again, or still).")
    assert phenv("journal", "verify", journal, "--distinct-id", "d2").code == 0
    model.people.clear()
    model.add(9, properties={"email": "p1@mail.example"})
    done = phenv("journal", "verify", journal, "--email", "p1@mail.example")
    assert done.code == 1
    assert f"SOMEBODY ELSE HAS THIS EMAIL ({uuid(9)})" in done.out


def test_who_is_not_in_it_or_was_not_dealt_with(phenv: Run, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example", "no@mail.example")
    done = phenv("journal", "verify", journal, "--email", "other@mail.example")
    assert done.code == 1
    assert one_line(done) == f"other@mail.example: no input of {journal} names this email."
    done = phenv("journal", "verify", journal, "--email", "no@mail.example")
    assert done.code == 1
    assert "not found, so that nothing was done" in one_line(done)
    done = phenv("journal", "verify", journal)
    assert done.code == 1
    assert "1 done, 1 not found" in one_line(done)


def test_what_a_job_that_stopped_has_left(phenv: Run, model: Model, tmp_path: Path) -> None:
    model.bulk = 403
    journal = after(phenv, tmp_path, "p1@mail.example", "d2", "d2")
    done = phenv("journal", "verify", journal)
    assert done.code == 1
    assert "2 pending" in one_line(done)
    assert "not dealt with yet" in one_line(phenv("journal", "verify", journal, "--distinct-id", "d2"))
    model.bulk = "queued"
    after(phenv, tmp_path, "p1@mail.example", "d2", "d2")
    done = phenv("journal", "verify", journal)
    assert done.code == 1, "they are not gone yet"
    assert "2 queued" in one_line(done)
    assert "0 of 2 are still gone" in one_line(done)


def test_what_became_of_the_events(phenv: Run, model: Model, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example", "d2", options=("--delete-events",))
    done = phenv("journal", "verify", journal)
    assert done.code == 0, done
    assert one_line(done).endswith("2 of 2 are still gone; events: 0 deleted, 2 to go on a Sunday.")
    done = phenv("journal", "verify", journal, "--email", "p1@mail.example")
    assert "events asked to be deleted too" in one_line(done)
    assert one_line(done).endswith("still gone; events: queued, to go on a Sunday at about 05:00 UTC.")
    row = next(row for row in model.rows if row["person_uuid"] == uuid(1))
    row |= {"status": "completed", "delete_verified_at": "2030-01-06T05:10:00Z"}
    assert "1 deleted, 1 to go" in one_line(phenv("journal", "verify", journal))
    done = phenv("journal", "verify", journal, "--email", "p1@mail.example")
    assert one_line(done).endswith("events: deleted, verified 2030-01-06 05:10:00 UTC.")
    row["delete_verified_at"] = "2020-01-06T05:10:00Z"
    done = phenv("journal", "verify", journal, "--email", "p1@mail.example")
    assert "no row of deletion_status" in one_line(done), "that is of a deletion before this one"
    model.lists_deletions = False
    done = phenv("journal", "verify", journal)
    assert done.code == 0
    assert "of their events deletion_status shows nothing" in one_line(done)


def test_it_looks_only_where_the_job_was(phenv: Run, model: Model, tmp_path: Path) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example")
    done = phenv("journal", "verify", journal, "--project-id", "2")
    assert done.code == 2
    assert f"Give --project-id 1 --host {model.host}" in done.err
    before = len(model.requests)
    done = phenv("journal", "verify", journal, "--project-id", "2", "--offline")
    assert done.code == 0
    assert "looked" not in one_line(done)
    assert len(model.requests) == before


def test_a_wrong_project_does_not_pass_for_people_who_are_gone(
    phenv: Run, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = after(phenv, tmp_path, "p1@mail.example")
    monkeypatch.setattr(model, "answer", lambda *_: (404, {"detail": "Project not found."}))
    done = phenv("journal", "verify", journal)
    assert done.code == 1
    assert "still gone" not in done.out


@pytest.mark.parametrize(("content", "text"), [(None, "cannot be read"), ("", "it is empty"), ("x\n", "not a journal")])
def test_what_proves_nothing(phenv: Run, tmp_path: Path, content: str | None, text: str) -> None:
    if content is not None:
        (tmp_path / "j").write_text(content)
    done = phenv("journal", "verify", str(tmp_path / "j"))
    assert done.code == 2
    assert text in done.err


def test_a_journal_of_changes(phenv: Run, tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "changes.jsonl"
    source.write_text(json.dumps({"id": uuid(9), "set": {"plan": "pro"}}) + "\n")
    monkeypatch.setattr(model, "_one", lambda *_: (404, {}))
    phenv("persons", "update", "--from-file", str(source), "--yes")
    done = phenv("journal", "verify", f"{source}.journal.jsonl")
    assert done.code == 1
    assert "update in project 1" in one_line(done)
    assert "1 refused" in one_line(done)


# --------------------------------------------------------------------------------------------------- deletion-status


def test_deletion_status(phenv: Run, model: Model) -> None:
    model.rows = [
        {"person_uuid": uuid(1), "created_at": "2026-03-02T00:00:00Z", "status": "pending", "delete_verified_at": None},
        {"person_uuid": uuid(2), "created_at": "2026-03-01T00:00:00Z", "status": "completed",
         "delete_verified_at": "2026-03-08T05:00:00Z"},
    ]  # fmt: skip
    done = phenv("persons", "deletion-status")
    assert done.code == 0
    assert [line.split("\t")[:2] for line in done.out.splitlines()] == [
        ["person", "status"], [uuid(1), "pending"], [uuid(2), "completed"],
    ]  # fmt: skip
    (row,) = (json.loads(line) for line in phenv("persons", "deletion-status", uuid(2), "--json").out.splitlines())
    assert row["delete_verified_at"].startswith("2026-03-08T05:00:00")
    assert len(phenv("persons", "deletion-status", "--status", "pending", "--json").out.splitlines()) == 1
    assert len(phenv("persons", "deletion-status", "--limit", "1", "--json").out.splitlines()) == 1
    assert phenv("persons", "deletion-status", "42").code == 2
    assert phenv("persons", "deletion-status", "--status", "done").code == 2
    model.lists_deletions = False
    assert phenv("persons", "deletion-status").code == 1

"""Lists as people have them: tables of spreadsheets, encodings, blank rows, and lines that name nobody plainly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bulk.model import Model, serve, uuid
from tests.cli.conftest import Done, Run

HEADER = "Name;email;Note"


def deleted(bare: Run, tmp_path: Path, content: bytes | str, *options: str, people: int = 5) -> tuple[Done, Model]:
    """Delete whom a file names."""
    source = tmp_path / "list.csv"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "key").write_text("phx_test")
    (tmp_path / "key").chmod(0o600)
    with serve(Model()) as model:
        model.add(*range(1, people + 1))
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        done = bare("persons", "delete", "--from-file", str(source), "--yes", "--json", *options, *where)
    return done, model


def states(done: Done) -> list[tuple[int, str]]:
    return [(outcome["line"], outcome["state"]) for outcome in json.loads(done.out)["outcomes"]]


ROWS = ["Ada;p1@mail.example;x", '"Bob; B.";"p2@mail.example";"two\nlines"', "Cy; p3@mail.example ;"]
TABLES: dict[str, bytes] = {
    "semicolons": "\n".join([HEADER, *ROWS]).encode(),
    "with the mark of UTF-8": b"\xef\xbb\xbf" + "\r\n".join([HEADER, *ROWS, ""]).encode(),
    "UTF-16 of a spreadsheet": "\r\n".join([HEADER, *ROWS]).encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + "\r\n".join([HEADER, *ROWS]).encode("utf-16-be"),
    "UTF-16 without a mark": "\r\n".join([HEADER, *ROWS]).encode("utf-16-le"),
    "UTF-16 without a mark, big end first": "\r\n".join([HEADER, *ROWS]).encode("utf-16-be"),
    "UTF-32": "\n".join([HEADER, *ROWS]).encode("utf-32"),
    "old line ends": "\r".join([HEADER, *ROWS]).encode(),
    "a line that tells what divides": "\r\n".join(["sep=;", HEADER, *ROWS]).encode(),
    "the heading in quotes": "\n".join(['"Name";"email";"Note"', *ROWS]).encode(),
    "cells too many, all empty": "\n".join([HEADER, *(f"{row};;" for row in ROWS)]).encode(),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_spreadsheets_write_them(bare: Run, tmp_path: Path, name: str) -> None:
    done, model = deleted(bare, tmp_path, TABLES[name], "--column", "email", "--by", "email")
    assert done.code == 0, done.err
    assert model.deleted == [uuid(1), uuid(2), uuid(3)]
    first = 3 if "divides" in name else 2
    # The second row has two lines.
    assert [line for line, _ in states(done)] == [first, first + 1, first + 3]


def test_a_list_from_a_pipe_wants_a_journal(run: Run) -> None:
    done = run("persons", "delete", "--from-file", "-", text="1\n2\n")
    assert done.code == 2
    assert "give a --journal" in done.err


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_divides_the_cells_is_told_apart(bare: Run, tmp_path: Path, delimiter: str) -> None:
    others = {",": "a;b", ";": "a,b", "\t": "a,b;c"}[delimiter]
    rows = [["id", "E-Mail", others], ["1", "p1@mail.example", others], ["2", "p2@mail.example", ""]]
    content = "\n".join(delimiter.join(row) for row in rows)
    done, model = deleted(bare, tmp_path, content, "--column", "e-mail", "--by", "email")
    assert done.code == 0, done.err
    assert model.deleted == [uuid(1), uuid(2)]


def test_a_column_of_one(bare: Run, tmp_path: Path) -> None:
    content = 'distinct_id\n"d1"\n"d,2"\n\n'
    done, model = deleted(bare, tmp_path, content, "--column", "distinct_id", "--by", "distinct-id")
    assert states(done) == [(2, "done"), (3, "not_found")], "in a cell there may be a comma"
    assert done.code == 1
    assert model.deleted == [uuid(1)]


def test_blank_rows_count_and_everything_names_the_same_line(bare: Run, tmp_path: Path) -> None:
    content = "Name,email\nAda,p1@mail.example\n\n,\nNobody,\nBob,no@mail.example\nCy,p3@mail.example\n,,\n"
    done, model = deleted(bare, tmp_path, content, "--column", "email", "--by", "email")
    found = json.loads(done.out)
    assert states(done) == [(2, "done"), (6, "not_found"), (7, "done")]
    assert (found["inputs"], found["blank"], found["done"], found["not_found"]) == (7, 4, 2, 1)
    numbers = ("done", "queued", "already_gone", "not_found", "refused", "unknown", "duplicates", "pending", "blank")
    assert sum(found[name] for name in numbers) == found["inputs"]
    assert "The column 'email' is empty on line 5" in done.err
    journal = [json.loads(line) for line in (tmp_path / "list.csv.journal.jsonl").read_text().splitlines()]
    assert {(line["input"], line["state"]) for line in journal if line["line"] == "outcome"} == set(states(done))
    assert model.deleted == [uuid(1), uuid(3)]


def test_the_table_of_outcomes_and_the_messages_name_that_line_too(bare: Run, tmp_path: Path) -> None:
    source = tmp_path / "ids.txt"
    source.write_text("# of Monday\n\np1@mail.example\n\nno@mail.example\np1@mail.example\n")
    (tmp_path / "key").write_text("phx_test")
    with serve(Model()) as model:
        model.add(1)
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        command = ("persons", "delete", "--from-file", str(source), "--by", "email", *where)
        plan = bare(*command, "--dry-run")
        done = bare(*command, "--yes")
    assert [line.split("\t")[:2] for line in plan.out.splitlines()[1:]] == [
        ["3", "to delete"], ["5", "not found"], ["6", "duplicates"],
    ]  # fmt: skip
    assert "Line 5, not found: email no@mail.example" in done.err
    assert "the same as input 3" in plan.out
    rows = dict(line.split("\t") for line in done.out.splitlines()[1:])
    assert (rows["blank"], rows["all"]) == ("3", "6")
    assert sum(map(int, rows.values())) == 12


TROUBLES: dict[str, tuple[str | bytes, tuple[str, ...], str]] = {
    "no such column": ("a,b\n1,2\n", ("--column", "email"), "line 1: there is no column 'email'; there are: a, b"),
    "two of that name": ("email,email\nx,y\n", ("--column", "email"), "line 1: 2 columns are called 'email'"),
    "a cell too many": ("email,n\na@b.c,1\nb@b.c,Smith, J\n", ("--column", "email"), "line 3: it has 3 cells"),
    "a cell too few": ("n,email\n1\n", ("--column", "email"), "line 2: it has 1 cells, and the heading 2"),
    "quotes that do not end": ('email,n\n"a@b.c,1\n', ("--column", "email"), "its quotes do not match"),
    "nobody": ("email,n\n,1\n", ("--column", "email"), "there is nothing in the column"),
    "nothing": ("", ("--column", "email"), "line 1"),
    "Latin 1": ("email\nj\xfcrgen@mail.example\n".encode("latin-1"), ("--column", "email"), "line 2: it is not UTF-8"),
    "half of UTF-16": (b"\xff\xfea\x00b", ("--column", "email"), "it starts like UTF-16"),
    "a NUL": (b"p1@mail.example\nx\0y@mail.example\n", (), "line 2: there is a NUL"),
    "an address in a cell that is two": ('email\n"a@b.c, b@b.c"\n', ("--column", "email"), "line 2: this is no plain"),
    "a table without --column": ("id,email\n1,p1@mail.example\n", (), "say with --column which column"),
    "a heading": ("email\np1@mail.example\n", (), "give --column 'email'"),
    "quotes of a table": ('"p1@mail.example"\n"p2@mail.example"\n', (), "line 1: this is no plain email: there are"),
    "a comma at the end": ("p1@mail.example,\n", (), "line 1: this is no plain email: there is a comma or semicolon"),
    "mailto": ("p1@mail.example\nmailto:p2@mail.example\n", (), "line 2: this is no plain email: it begins with"),
    "a name": ("Ada <p1@mail.example>\n", (), "line 1: this is no plain email: it has angle brackets"),
    "taken out": ("p2@mail.example\n#p1@mail.example\n", (), "line 2: this is no plain email: it begins with #"),
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLES)
def test_what_is_not_plain_is_named_before_anything_is_sent(bare: Run, tmp_path: Path, name: str) -> None:
    content, options, text = TROUBLES[name]
    done, model = deleted(bare, tmp_path, content, "--by", "email", *options)
    assert done.code == 2
    assert text in done.err
    assert model.requests == []
    assert done.out == ""


def test_a_line_that_looks_like_a_comment_and_is_none(bare: Run, tmp_path: Path) -> None:
    content = "# of Monday\n#\n## more\n#42\nd1\n"
    for by in ("distinct-id", "auto", "id"):
        done, model = deleted(bare, tmp_path, content, "--by", by)
        assert done.code == 2
        assert "line 4: " in done.err
        assert model.requests == []
    done, _ = deleted(bare, tmp_path, content.replace("#42\n", ""), "--by", "distinct-id")
    assert states(done) == [(4, "done")]


@pytest.mark.parametrize(
    "line", ["Ada Lovelace", "p1@mail.example;d1", "p1@mail.example d1", "<p1@mail.example>", "mailto:x@y.z", "null"]
)
def test_left_open_a_line_that_is_not_plain_is_refused(bare: Run, tmp_path: Path, line: str) -> None:
    done, model = deleted(bare, tmp_path, f"d1\n{line}\n", "--by", "auto")
    assert done.code == 2
    assert "line 2: " in done.err
    assert model.requests == []


def test_emails_and_distinct_ids_side_by_side(bare: Run, tmp_path: Path) -> None:
    content = f"p1@mail.example\nd2\n{uuid(3)}\n4\n"
    done, model = deleted(bare, tmp_path, content, "--by", "auto", "--dry-run")
    assert done.code == 0
    outcomes = json.loads(done.out)["outcomes"]
    assert [(each["by"], each["uuid"]) for each in outcomes] == [
        ("email", uuid(1)), ("distinct_id", uuid(2)), ("id", uuid(3)), ("id", uuid(4)),
    ]  # fmt: skip
    assert model.deleted == []


def test_the_dry_run_says_by_what(bare: Run, tmp_path: Path) -> None:
    source = tmp_path / "mixed.txt"
    source.write_text(f"p1@mail.example\nd2\n{uuid(3)}\n")
    (tmp_path / "key").write_text("phx_test")
    with serve(Model()) as model:
        model.add(1, 2, 3)
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        done = bare("persons", "delete", "--from-file", str(source), "--by", "auto", "--dry-run", *where)
    assert [line.split("\t")[2].split(" → ")[0] for line in done.out.splitlines()[1:]] == [
        "email p1@mail.example", "distinct id d2", f"id {uuid(3)}",
    ]  # fmt: skip
    assert "Looking up 3 persons." in done.err


def test_who_is_similar_is_named(bare: Run, tmp_path: Path) -> None:
    done, model = deleted(bare, tmp_path, "P1@MAIL.EXAMPLE\n", "--by", "email")
    assert done.code == 1
    (outcome,) = json.loads(done.out)["outcomes"]
    assert outcome["similar"] == [{"uuid": uuid(1), "name": "Person 1"}]
    assert model.deleted == []


@pytest.mark.parametrize(("using", "posts", "deletes"), [("auto", 1, 0), ("bulk", 1, 0), ("single", 0, 2)])
def test_how_they_are_deleted(bare: Run, tmp_path: Path, using: str, posts: int, deletes: int) -> None:
    done, model = deleted(bare, tmp_path, "1\n2\n", "--using", using)
    assert done.code == 0
    assert (len(model.asked("POST")), len(model.asked("DELETE"))) == (posts, deletes)


def test_flags_and_kept_ids(bare: Run, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    options: tuple[Any, ...] = ("--delete-events", "--delete-recordings", "--keep-ids", str(kept))
    done, model = deleted(bare, tmp_path, "1\n2\n", *options)
    assert done.code == 0
    (_, _, body) = model.asked("POST")[0]
    assert body == {"ids": [uuid(1), uuid(2)], "delete_events": True, "delete_recordings": True}
    assert [json.loads(line)["distinct_ids"] for line in kept.read_text().splitlines()] == [["d1"], ["d2"]]
    assert f"kept in {kept}" in done.err


def test_recordings_one_by_one_are_usage(bare: Run, tmp_path: Path) -> None:
    done, model = deleted(bare, tmp_path, "1\n", "--using", "single", "--delete-recordings")
    assert done.code == 2
    assert model.requests == []


def test_a_new_list_wants_a_new_journal(bare: Run, tmp_path: Path) -> None:
    source, journal = tmp_path / "emails 1.txt", tmp_path / "emails 1.txt.journal.jsonl"
    (tmp_path / "key").write_text("phx_test")
    with serve(Model()) as model:
        model.add(1, 2)
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        command = ("persons", "delete", "--from-file", str(source), "--by", "email", "--delete-events", "--yes", *where)
        source.write_text("p1@mail.example\n")
        assert bare(*command).code == 0
        before = journal.read_bytes()
        source.write_text("p2@mail.example\n")
        done = bare(*command)
        assert done.code == 2
        assert "is that of another job; different: the inputs" in done.err
        assert "A new list needs a new journal:" in done.err
        (line,) = (line for line in done.err.splitlines() if line.startswith("  phenv persons delete "))
        import shlex

        words = shlex.split(line)
        assert words[words.index("--from-file") + 1] == str(source)
        assert "--delete-events" in words
        path = Path(words[words.index("--journal") + 1])
        assert not path.exists()
        assert bare(*words[1:]).code == 0, "the command works as it stands"
        assert path.exists()
        assert journal.read_bytes() == before
        assert model.deleted == [uuid(1), uuid(2)]


def test_a_nightly_job_can_tell_new_from_old(bare: Run, tmp_path: Path) -> None:
    done, _ = deleted(bare, tmp_path, "p1@mail.example\nno@mail.example\n", "--by", "email")
    assert json.loads(done.out)["new"] == 2
    assert "correct those lines in a new list" in done.err
    source = tmp_path / "list.csv"
    with serve(Model()) as model:
        journal = tmp_path / "list.csv.journal.jsonl"
        journal.write_text(
            journal.read_text().replace(json.loads(journal.read_text().split("\n")[0])["host"], model.host)
        )
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        again = bare("persons", "delete", "--from-file", str(source), "--by", "email", "--yes", *where)
        assert again.code == 1, "still not found"
        assert "0 new in this run, 2 from earlier runs." in again.err
        assert model.requests == []


def test_persons_whose_distinct_ids_or_names_are_no_texts_are_listed(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("phx_test")
    with serve(Model()) as model:
        model.add(1, distinct_ids=[12345])
        model.add(2, distinct_ids=[None, {"a": 1}])
        model.add(3, distinct_ids=[], name=17)
        where = ("--host", model.host, "--project-id", "1", "--api-key-file", str(tmp_path / "key"))
        done = bare("persons", "list", *where)
        assert done.code == 0, done.err
        rows = [line.split("\t") for line in done.out.splitlines()[1:]]
        assert [row[1] for row in rows[:1]] == ["12345"]
        assert len(rows) == 3

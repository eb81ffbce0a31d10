"""`phenv persons delete --from-file` and `update --from-file`: input, question, outcomes, exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from posthog_environments import Environment, NotFoundError, Person
from posthog_environments.sandbox import Sandbox
from tests.cli.conftest import PHENV, Run, Screen
from tests.client.wire import Wire, http, silence

IDS = [f"095be615-a8ad-4c33-8e9c-{n:012d}" for n in range(6)]


@pytest.fixture
def env(box: Sandbox) -> Iterator[Environment]:
    with Environment(box.project_id, api_key=box.api_key, host=box.host, pacing=False) as env:
        yield env


@pytest.fixture
def victims(env: Environment) -> list[Person]:
    """Take three persons with an email, whom no other test reads."""
    return [person for person in env.persons.list(offset=150).take(100) if person.properties.get("email")][:3]


def is_there(env: Environment, person: Person) -> bool:
    try:
        env.persons.get(person)
    except NotFoundError:
        return False
    return True


def file(tmp_path: Path, *lines: str, name: str = "ids.txt") -> str:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def counts(out: str) -> dict[str, int]:
    """Read the table of outcomes."""
    heading, *rows = [line.split("\t") for line in out.splitlines()]
    assert heading == ["outcome", "inputs"]
    return {name: int(number) for name, number in rows}


def test_a_table_that_adds_up(run: Run, env: Environment, victims: list[Person], tmp_path: Path) -> None:
    ada, bob, keeps = victims
    source = file(tmp_path, "# asked on Monday", "", ada.uuid, f"  {bob.uuid} ", ada.uuid.upper(), IDS[0])
    done = run("persons", "delete", "--from-file", source, "--yes")
    assert done.code == 0
    found = counts(done.out)
    assert found == {
        "done": 2, "queued": 0, "already gone": 1, "not found": 0, "refused": 0, "unknown": 0, "duplicates": 1,
        "pending": 0, "blank": 2, "all": 6,
    }  # fmt: skip
    assert sum(found.values()) == 2 * found["all"]
    assert f"The journal is {source}.journal.jsonl" in done.err
    assert [is_there(env, each) for each in (ada, bob, keeps)] == [False, False, True]
    assert "Nothing was left to do" not in done.err
    again = run("persons", "delete", "--from-file", source, "--yes")
    assert counts(again.out) == found
    assert "Nothing was left to do" in again.err


def test_a_dry_run_shows_whom_it_found(run: Run, env: Environment, victims: list[Person], tmp_path: Path) -> None:
    ada = victims[0]
    source = file(tmp_path, str(ada.properties["email"]), "nobody@example.com")
    done = run("persons", "delete", "--from-file", source, "--by", "email", "--dry-run")
    assert done.code == 1, "somebody who was named was not found"
    heading, first, second = done.out.splitlines()
    assert heading == "line\toutcome\twhom"
    assert first.startswith("1\tto delete\temail ")
    assert ada.uuid in first
    assert second == "2\tnot found\temail nobody@example.com (nobody has this email)"
    assert is_there(env, ada)
    lines = [json.loads(line) for line in Path(f"{source}.journal.jsonl").read_text().splitlines()]
    assert [(line["line"], line.get("input")) for line in lines] == [("job", None), ("found", 1), ("found", 2)]


def test_it_asks_and_says_what_for(
    screen: Callable[..., Screen], box: Sandbox, env: Environment, victims: list[Person], tmp_path: Path
) -> None:
    ada, bob, _ = victims
    source = file(tmp_path, ada.distinct_ids[0], bob.distinct_ids[0], "nobody")
    command = ("persons", "delete", "--from-file", source, "--by", "distinct-id")
    shown = screen(*command, "--delete-events", width=200, answers=[("[y/N]", "n\n")])
    assert shown.code == 1
    assert "Delete 2 persons AND ALL THEIR EVENTS, from project 12345 at " in shown.text
    assert "1 not found" in shown.text
    assert ada.uuid in shown.text
    assert str(ada.name) in shown.text
    assert is_there(env, ada)
    assert not Path(f"{source}.journal.jsonl").exists(), "who declines may change the input"
    shown = screen(*command, width=200, answers=[("[y/N]", "y\n")])
    assert shown.code == 1
    assert "and keep their events, from" in shown.text
    assert not is_there(env, ada)


def test_with_no_terminal_it_wants_yes(run: Run, tmp_path: Path) -> None:
    for command in ("delete", "update"):
        line = IDS[0] if command == "delete" else json.dumps({"id": IDS[0], "set": {"a": 1}})
        done = run("persons", command, "--from-file", file(tmp_path, line))
        assert done.code == 2
        assert "--yes" in done.err
        assert "--dry-run" in done.err


def test_json_is_one_document(run: Run, victims: list[Person], tmp_path: Path) -> None:
    ada = victims[0]
    source = file(tmp_path, "# one", ada.uuid)
    done = run("persons", "delete", "--from-file", source, "--yes", "--json", "--delete-events")
    assert done.code == 0
    found = json.loads(done.out)
    (outcome,) = found.pop("outcomes")
    assert found == {
        "task": "delete", "delete_events": True, "delete_recordings": False, "keep_person": False, "dry_run": False,
        "journal": f"{source}.journal.jsonl", "inputs": 2, "blank": 1, "new": 1,
        "done": 1, "queued": 0, "already_gone": 0, "not_found": 0, "refused": 0, "unknown": 0, "duplicates": 0,
        "pending": 0,
    }  # fmt: skip
    assert (outcome["line"], outcome["input"], outcome["state"], outcome["uuid"]) == (2, 2, "done", ada.uuid)
    assert outcome["status"] == 202


def test_changes_from_a_file_and_from_standard_input(
    run: Run, env: Environment, victims: list[Person], box: Sandbox, tmp_path: Path
) -> None:
    ada, bob, _ = victims
    source = file(
        tmp_path,
        json.dumps({"id": ada.uuid, "set": {"plan": "gold", "tags": ["a", None]}}),
        json.dumps({"email": bob.properties["email"], "unset": "company"}),
        json.dumps({"id": IDS[0], "set": {"plan": "gold"}}),
    )
    done = run("persons", "update", "--from-file", source, "--yes")
    assert done.code == 1
    assert counts(done.out)["done"] == 2
    assert counts(done.out)["refused"] == 1
    assert f"Line 3, refused: {IDS[0]} (there is no such person)" in done.err
    assert env.persons.get(ada).properties["tags"] == ["a", None]
    assert "company" not in env.persons.get(bob).properties
    command = [*PHENV, "persons", "update", "--from-file", "-", "--yes", "--json"]
    line = json.dumps({"id": ada.uuid, "set": {"plan": "tin"}})
    given: dict[str, Any] = {
        "env": {**box.environ},
        "input": line,
        "text": True,
        "capture_output": True,
        "check": False,
    }
    ended = subprocess.run(command, **given)
    assert ended.returncode == 2
    assert "--journal" in ended.stderr
    ended = subprocess.run([*command, "--journal", str(tmp_path / "j")], **given)
    assert ended.returncode == 0, ended.stderr
    assert env.persons.get(ada).properties["plan"] == "tin"


BAD_CHANGES = [
    ("not JSON", "it is not JSON"),
    ('{"id": 1}', "exactly one of set and unset"),
    ('{"id": 1, "set": {"a": NaN}}', "NaN is not a number of JSON"),
    ('{"id": 1, "set": {"a": 1, "a": 2}}', "a name occurs twice"),
    ('{"set": {"a": 1}}', "exactly one of id, distinct_id and email"),
    ("[1]", "must be a mapping"),
]


def test_all_bad_lines_are_named_before_anything_is_sent(bare: Run, tmp_path: Path) -> None:
    with Wire(http(202, b"")) as wire:
        where = ("--host", wire.host, "--project-id", "1", "--api-key-file", file(tmp_path, "phx_test", name="key"))
        good = json.dumps({"id": IDS[0], "set": {"a": 1}})
        source = file(tmp_path, good, "", *(line for line, _ in BAD_CHANGES))
        done = bare("persons", "update", "--from-file", source, "--yes", *where)
        assert done.code == 2
        for number, (_, text) in enumerate(BAD_CHANGES, 3):
            assert any(line.startswith(f"  line {number}: ") and text in line for line in done.err.splitlines()), text
        done = bare("persons", "delete", "--from-file", file(tmp_path, IDS[0], "a@b", "", "0"), "--yes", *where)
        assert done.code == 2
        assert "line 2: it is neither a uuid nor an integer id. For emails or distinct ids give --by." in done.err
        assert "line 4: " in done.err
        done = bare("persons", "delete", "--from-file", file(tmp_path, "ada", "a@b"), "--by", "email", "--yes", *where)
        assert done.code == 2
        assert "line 1: this is no email, for it has no @." in done.err
        twice = [json.dumps({"id": IDS[0], "set": {"a": n}}) for n in (1, 2)]
        done = bare("persons", "update", "--from-file", file(tmp_path, "", *twice), "--yes", *where)
        assert done.code == 2
        assert "line 3: 'a' is changed differently on line 2." in done.err
        assert wire.requests == []


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", "nothing but blank lines"), (b"# x\n\n", "nothing but"), (b"1\n\xff\n", "line 2: it is not UTF-8")],
)
def test_input_that_is_none(run: Run, tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "ids.txt").write_bytes(content)
    done = run("persons", "delete", "--from-file", str(tmp_path / "ids.txt"), "--yes")
    assert done.code == 2
    assert text in done.err


@pytest.mark.parametrize(
    "args",
    [
        ("delete",),
        ("delete", "1", "--from-file", "x"),
        ("delete", "1", "--by", "email", "--yes"),
        ("delete", "1", "--journal", "j", "--yes"),
        ("delete", "1", "--dry-run"),
        ("delete", "1", "--column", "email", "--yes"),
        ("delete", "1", "--using", "bulk", "--yes"),
        ("delete", "1", "--keep-ids", "k", "--yes"),
        ("delete", "1", "--delete-recordings", "--yes"),
        ("delete", "1", "--keep-person", "--yes"),
        ("delete", "1", "--retry-unknown", "--yes"),
        ("delete", "--from-file", "nowhere.txt", "--yes"),
        ("update",),
        ("update", "1"),
        ("update", "--from-file", "x", "--set", "a=1"),
        ("update", "1", "--set", "a=1", "--dry-run"),
    ],
)
def test_wrong_usage(run: Run, args: tuple[str, ...]) -> None:
    assert run("persons", *args).code == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("delete", "1", "--by", "email"), "Error: --by is for many persons, with --from-file."),
        (("update", "1", "--set", "a=1", "--journal", "j"), "Error: --journal is for many persons, with --from-file."),
        (
            ("update", "--from-file", "x", "--set", "a=1"),
            "Error: --set is for one person; the file says what is to be set.",
        ),
    ],
)
def test_an_option_of_the_other_use_is_named(run: Run, args: tuple[str, ...], said: str) -> None:
    lines = run("persons", *args).err.splitlines()
    assert lines[0].startswith(f"Usage: phenv persons {args[0]} [OPTIONS]")
    assert lines[-1] == said


def test_a_journal_of_another_job_is_usage(run: Run, victims: list[Person], tmp_path: Path) -> None:
    source = file(tmp_path, victims[0].uuid)
    assert run("persons", "delete", "--from-file", source, "--yes").code == 0
    done = run("persons", "delete", "--from-file", source, "--yes", "--delete-events")
    assert done.code == 2
    assert "is that of another job; different: whether events are deleted" in done.err


def test_a_job_that_stops_says_how_far_it_came(bare: Run, tmp_path: Path) -> None:
    denied = http(401, b'{"type": "authentication_error", "code": "x", "detail": "no"}')
    with Wire(http(202, b""), denied) as wire:
        where = ("--host", wire.host, "--project-id", "1", "--api-key-file", file(tmp_path, "phx_test", name="key"))
        source = file(tmp_path, *IDS)
        done = bare("persons", "delete", "--from-file", source, "--using", "single", "--yes", "--json", *where)
    assert done.code == 1
    found = json.loads(done.out)
    assert (found["done"], found["pending"], found["inputs"]) == (1, 5, 6)
    assert "1 of 6 are settled, 5 are pending" in done.err
    assert "phenv doctor" in done.err


def test_ctrl_c_ends_with_130_and_the_same_command_goes_on(box: Sandbox, tmp_path: Path) -> None:
    key = file(tmp_path, "phx_test", name="key")
    source = file(tmp_path, *IDS[:3])
    begun = tmp_path / "ids.txt.journal.jsonl"

    def command(host: str) -> list[str]:
        where = ["--host", host, "--project-id", "1", "--api-key-file", key]
        return [*PHENV, "persons", "delete", "--from-file", source, "--using", "single", "--yes", "--json", *where]

    with Wire(http(202, b""), silence) as wire:
        process = subprocess.Popen(command(wire.host), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(wire.requests) < 2:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    found = json.loads(out)
    assert (found["done"], found["pending"]) == (1, 2)
    gone = http(404, b'{"detail": "Not found."}')
    person = http(200, json.dumps({"uuid": IDS[1], "distinct_ids": [], "properties": {}}).encode())
    with Wire(person, http(202, b""), gone, http(202, b"")) as wire:
        begun.write_text(begun.read_text().replace(json.loads(begun.read_text().split("\n")[0])["host"], wire.host))
        ended = subprocess.run(command(wire.host), capture_output=True, text=True, check=False)
        assert [line.split()[0] for line in wire.lines()] == ["GET", "DELETE", "DELETE"]
    found = json.loads(ended.stdout)
    assert (found["done"], found["already_gone"]) == (2, 1)
    assert ended.returncode == 0

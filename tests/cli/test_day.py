"""The day of somebody who answers for erasures, by the commands of the guide: a mixed list of 200, two `kill -9`, the
next day's list, and the proof.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.bulk.model import Model, serve, uuid

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deleting.md").read_text(encoding="utf-8")


def commands(heading: str) -> list[list[str]]:
    """Return the commands of one section of the guide."""
    section = GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines() if line]


# The documented rates would make this test wait for minutes.
UNPACED = """
import sys
from posthog_environments.ratelimit.limiter import RATES
for bucket in RATES:
    RATES[bucket] = ((100_000, 60.0),)
from posthog_environments.cli import main
sys.exit(main(sys.argv[1:]))
"""

DRY_RUN, DELETE = commands("A list of people")
VERIFY, VERIFY_ONE = commands("Prove it")


@dataclass
class Deadly(Model):
    """A model that kills its client when it comes to certain deletions, or to certain looks at a person."""

    at_deletions: list[int] = field(default_factory=list[int])
    at_looks: list[int] = field(default_factory=list[int])
    process: subprocess.Popen[str] | None = None
    looks: int = 0

    def _one(self, method: str, key: str, query: dict[str, str]) -> Any:
        self.looks += method == "GET"
        if method == "GET" and self.looks in self.at_looks:
            self.at_looks.remove(self.looks)
            self._kill()
        return super()._one(method, key, query)

    def _delete(self, key: str, *, events: bool, keep: bool = False) -> None:
        super()._delete(key, events=events, keep=keep)
        if len(self.deleted) in self.at_deletions:
            self.at_deletions.remove(len(self.deleted))
            self._kill()

    def look_ups(self) -> int:
        """Return how many lists were asked for by something that names a person."""
        names = re.compile(r"[?&](?:email|distinct_id|search|properties)=")
        return sum(names.search(target) is not None for _, target, _ in self.requests)

    def _kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)


def run(model: Deadly, folder: Path, words: list[str]) -> tuple[int, str, str]:
    """Run a command of the guide, in a folder of its own."""
    environ = {
        **os.environ, "POSTHOG_HOST": model.host, "POSTHOG_PROJECT_ID": "1", "POSTHOG_PERSONAL_API_KEY": "phx_test",
        "HOME": str(folder),
    }  # fmt: skip
    assert words[0] == "phenv"
    model.process = subprocess.Popen(
        [sys.executable, "-c", UNPACED, *words[1:]], cwd=folder, env=environ, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = model.process.communicate(timeout=120)
    assert not {"Traceback", "Warning"} & set(re.findall(r"\w+", err)), err
    return model.process.returncode, out, err


def mixed_list() -> tuple[list[str], list[int]]:
    """Return 200 cells, and who is meant by them."""
    emails = ["ada@example.com", *(f"p{number}@mail.example" for number in range(2, 61))]
    distinct_ids = [f"d{number}" for number in range(61, 121)]
    uuids = [f" {uuid(number).upper()} " for number in range(121, 161)]
    twice = [f"d{number}" for number in range(2, 7)] + [uuid(number) for number in range(61, 66)]
    nobody = [f"no{number}@mail.example" for number in range(5)] + ["P200@MAIL.EXAMPLE", "nobody-1", "D201"]
    gone = [uuid(number) for number in (900, 901)]
    two = ["shared@mail.example"] * 2
    blank = [""] * 8
    cells = emails + distinct_ids + uuids + twice + nobody + gone + two + blank
    cells += [f"d{number}" for number in range(161, 161 + 200 - len(cells))]
    assert len(cells) == 200
    return cells, list(range(1, 171))


def spreadsheet(cells: list[str]) -> bytes:
    """Write a table as a spreadsheet does that is asked for "Unicode text"."""
    rows = [f'"Request {number}, by mail"\t{cell}' for number, cell in enumerate(cells, 1)]
    return "\r\n".join(["subject\tperson", *rows, ""]).encode("utf-16")


@pytest.fixture(params=["many at once", "one by one"])
def model(request: pytest.FixtureRequest) -> Iterator[Deadly]:
    at_once = request.param == "many at once"
    # Before anything is deleted, and in the middle of it; one by one, in the middle of it twice.
    deadly = (
        Deadly(bulk="summary", at_looks=[50], at_deletions=[40]) if at_once else Deadly(bulk=405, at_deletions=[30, 90])
    )
    with serve(deadly) as model:
        assert isinstance(model, Deadly)
        model.add(*range(1, 221))
        model.people[uuid(1)]["properties"]["email"] = "ada@example.com"
        for number in (210, 211):
            model.people[uuid(number)]["properties"]["email"] = "shared@mail.example"
        yield model


def test_the_day(model: Deadly, tmp_path: Path) -> None:
    cells, meant = mixed_list()
    source, journal, kept = (tmp_path / name for name in ("requests.csv", "requests.csv.journal.jsonl", "kept.jsonl"))
    source.write_bytes(spreadsheet(cells))

    # Look first: everybody is found by what the list says, and nothing is changed.
    code, out, _ = run(model, tmp_path, DRY_RUN)
    assert code == 1, "somebody was not found"
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert len(rows) == 192, "all but the blank ones"
    assert rows[0][:2] == ["2", "to delete"]
    assert rows[0][2].startswith("email ada@example.com → ")
    assert model.deleted == []
    assert not kept.exists()
    looked_up = model.look_ups()

    # Two runs are killed, the third comes to its end.
    runs = [run(model, tmp_path, DELETE) for _ in range(3)]
    assert [code for code, _, _ in runs] == [-signal.SIGKILL, -signal.SIGKILL, 1]
    assert model.look_ups() == looked_up, "nobody is looked up again"
    assert sorted(model.deleted) == [uuid(number) for number in meant], "who was meant and nobody else, and each once"
    counts = dict(line.split("\t") for line in runs[-1][1].splitlines()[1:])
    assert {name: int(count) for name, count in counts.items()} == {
        "done": 170, "queued": 0, "already gone": 2, "not found": 8, "refused": 1, "unknown": 0, "duplicates": 11,
        "pending": 0, "blank": 8, "all": 200,
    }  # fmt: skip
    assert f"Line {cells.index('P200@MAIL.EXAMPLE') + 2}, not found: P200@MAIL.EXAMPLE" in runs[-1][2]
    assert f"similar: Person 200, {uuid(200)}" in out
    assert {uuid(200), uuid(201), uuid(210), uuid(211)} <= model.people.keys()

    # Their events were asked to go, each once, and their distinct ids are kept.
    assert sorted(row["person_uuid"] for row in model.rows) == sorted(model.deleted)
    assert kept.stat().st_mode & 0o777 == journal.stat().st_mode & 0o777 == 0o600
    ids = {line["uuid"]: line["distinct_ids"] for line in map(json.loads, kept.read_text().splitlines())}
    assert ids == {uuid(number): [f"d{number}"] for number in meant}
    assert not re.search(r'@|Person|"d\d+"', journal.read_text()), "no email, name or distinct id"

    # The same again does nothing, and says so.
    code, _, err = run(model, tmp_path, DELETE)
    assert code == 1
    assert "0 new in this run" not in err or "192 from earlier runs" in err
    assert "Nothing was left to do" in err
    assert len(model.deleted) == 170

    # The next day's list needs its own journal, and is told which.
    source.write_bytes(spreadsheet(["d202", "p203@mail.example", uuid(204)]))
    code, _, err = run(model, tmp_path, DELETE)
    assert code == 2
    (line,) = (line for line in err.splitlines() if line.startswith("  phenv "))
    code, out, _ = run(model, tmp_path, shlex.split(line))
    assert code == 0
    assert "done\t3" in out
    assert len(model.deleted) == 173

    # The proof: of the job, and of somebody who asks.
    code, out, _ = run(model, tmp_path, VERIFY)
    assert code == 1, "eight were not found, and one was refused"
    assert "170 done" in out
    assert "172 of 172 are still gone; events: 0 deleted, 170 to go on a Sunday." in out
    code, out, _ = run(model, tmp_path, VERIFY_ONE)
    assert code == 0
    assert out.startswith("ada@example.com: deleted, events asked to be deleted too 20")
    assert f"(uuid {uuid(1)}, " in out
    assert "still gone; events: queued, to go on a Sunday" in out

    # After the Sunday.
    for row in model.rows:
        row |= {"status": "completed", "delete_verified_at": "2030-01-06T05:10:00Z"}
    code, out, _ = run(model, tmp_path, VERIFY_ONE)
    assert code == 0
    assert "events: deleted, verified 2030-01-06 05:10:00 UTC." in out


def test_the_guide_has_these_commands() -> None:
    for words in (DRY_RUN, DELETE, VERIFY, VERIFY_ONE):
        assert words[0] == "phenv"
    assert "--dry-run" in DRY_RUN
    assert {"--yes", "--keep-ids", "--delete-events"} <= set(DELETE)

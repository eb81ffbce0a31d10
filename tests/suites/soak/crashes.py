"""Exports that are broken off at each step that they take: `python -m soak.crashes PLAN`, a process with one thread.

For each break a child does the export and meets its end at a step of the disk, or at a page; then it is resumed, maybe
broken off once more, and the file is held against that of an export which nothing has disturbed. The process prints a
line of JSON for each break. It forks, and that is why it is a process of its own.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

from posthog_environments import Environment
from posthog_environments.export import job as frame
from posthog_environments.export import run
from posthog_environments.export.filesystem import FileSystem
from soak.surroundings import with_tests

__all__ = ["ENDS", "SHAPES", "SUITES", "Break", "Outcome", "Plan", "carry_out"]

SUITES: Final = Path(__file__).parents[1]
KEY: Final = "phx_soakKeyThatNobodyMaySee"
# So many persons are new, where only those are fetched.
NEW: Final = 100
# No child works for longer.
MOST_SECONDS: Final = 60

ENDS: Final = ("kill before", "kill after", "kill in a write", "power", "no space", "I/O error", "Ctrl-C")
"""How an export ends at a step: with SIGKILL; with all gone that was not synced; with an error; with an interrupt."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is exported: a name, arguments, and what is there before."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    old: bool = False


SHAPES: Final = (
    Shape("a.jsonl"),
    Shape("a.csv", {"flatten": True}),
    Shape("a.jsonl.gz"),
    Shape("a.csv.zst", {"columns": ["plan", "email"]}),
    Shape("a.parquet"),
    Shape("a.xlsx", {"only": ["uuid", "plan"]}),
    Shape("b.jsonl", {"force": True}, old=True),
    Shape("b.csv", {"since_last": True}, old=True),
    Shape("b.parquet", {"since_last": True, "flatten": True}, old=True),
)


@dataclass(frozen=True, slots=True)
class Break:
    """Where an export is broken off, and how; `again` is where its first resumption is, if that is as well."""

    shape: int
    end: str
    step: int
    again: int | None = None


@dataclass(slots=True)
class Outcome:
    """What came of a break: what is wrong, in words; nothing if nothing is."""

    at: Break
    wrong: str = ""
    reached: bool = False
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a process does.

    Attributes:
        host: A server with the persons.
        page_size: Persons a page.
        shapes: The numbers of those that it is about.
        breaks: Where to break; if there are none, the steps of each shape are told.
        defect: A function that spoils the package first, as `module:name`.
    """

    host: str
    page_size: int
    shapes: list[int]
    breaks: list[Break]
    defect: str = ""


# -------------------------------------------------------------------------------------------------- a disk that fails


class Breaking(FileSystem):
    """A disk that counts its steps, and meets its end at one of them."""

    def __init__(self, end: str = "", step: int = -1) -> None:
        self._end, self._last = end, step
        self.steps: list[str] = []
        self._paths: dict[int, Path] = {}
        self._synced: dict[int, int] = {}
        self._undo: list[tuple[str, Path, Path]] = []

    def _step(self, name: str, act: Callable[[], Any], halfway: Callable[[], Any] | None = None) -> Any:
        is_last = len(self.steps) == self._last
        self.steps.append(name)
        if not is_last:
            return act()
        if self._end in ("kill before", "kill in a write", "no space", "I/O error") and halfway is not None:
            halfway()
        match self._end:
            case "kill before" | "kill in a write":
                pass
            case "power":
                act()
                self._lose_power()
            case "no space":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case "I/O error":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            case "Ctrl-C":
                act()
                raise KeyboardInterrupt
            case _:
                act()
        return die()

    def page(self, number: int) -> None:
        """Count a page as a step."""
        self._step(f"page {number}", lambda: None)

    def create(self, path: Path) -> int:
        def act() -> int:
            file = super(Breaking, self).create(path)
            self._paths[file], self._synced[file] = path, 0
            self._undo.append(("create", path, path))
            return file

        return int(self._step("create", act))

    def reopen(self, path: Path) -> int:
        def act() -> int:
            file = super(Breaking, self).reopen(path)
            self._paths[file], self._synced[file] = path, path.stat().st_size
            return file

        return int(self._step("reopen", act))

    def write(self, file: int, data: bytes | memoryview) -> None:
        half = memoryview(data)[: len(data) // 2]
        self._step("write", lambda: super(Breaking, self).write(file, data), lambda: os.write(file, half))

    def truncate(self, file: int, size: int) -> None:
        def act() -> None:
            super(Breaking, self).truncate(file, size)
            self._synced[file] = min(self._synced[file], size)

        self._step("truncate", act)

    def sync(self, file: int) -> None:
        def act() -> None:
            super(Breaking, self).sync(file)
            self._note_synced(file)

        self._step("sync", act)

    def _note_synced(self, file: int) -> None:
        self._synced[file] = os.fstat(file).st_size

    def replace(self, path: Path, target: Path) -> None:
        def act() -> None:
            backup = target.with_name(f"{target.name}.backup{os.getpid()}-{len(self.steps)}")
            if target.exists():
                os.link(target, backup)
            # Undone from the end: the new file gets its old name back first.
            self._undo.append(("backup", backup, target))
            self._undo.append(("replace", path, target))
            for file, named in self._paths.items():
                if named == path:
                    self._paths[file] = target
            path.replace(target)

        self._step("replace", act)
        self.sync_folder(target.parent)

    def remove(self, path: Path) -> None:
        def act() -> None:
            backup = path.with_name(f"{path.name}.backup{os.getpid()}-{len(self.steps)}")
            if path.exists():
                os.link(path, backup)
                self._undo.append(("backup", backup, path))
            super(Breaking, self).remove(path)

        self._step("remove", act)

    def sync_folder(self, folder: Path) -> None:
        def act() -> None:
            super(Breaking, self).sync_folder(folder)
            self.forget_undo()

        self._step("sync folder", act)

    def forget_undo(self) -> None:
        """Take what was done to names as done for good."""
        for what, path, _ in self._undo:
            if what == "backup":
                path.unlink(missing_ok=True)
        self._undo.clear()

    def _lose_power(self) -> NoReturn:
        """Keep only what was synced: a name that was not is as it was before, and unsynced bytes are rubbish."""
        for file, path in self._paths.items():
            with contextlib.suppress(OSError):
                size, synced = os.fstat(file).st_size, self._synced[file]
                if size > synced:
                    os.pwrite(file, b"\0" * (size - synced), synced)
                    if len(self.steps) % 2:
                        os.ftruncate(file, synced)
                assert path is not None
        for what, path, target in reversed(self._undo):
            match what:
                case "create":
                    path.unlink(missing_ok=True)
                case "replace":
                    with contextlib.suppress(FileNotFoundError):
                        target.replace(path)
                case _:
                    with contextlib.suppress(FileNotFoundError):
                        path.replace(target)
        die()


def die() -> NoReturn:
    """Go without a word."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(MOST_SECONDS)
    raise AssertionError


# ----------------------------------------------------------------------------------------------------------- children


def export(plan: Plan, shape: Shape, path: Path, disk: FileSystem, *, resume: bool, offset: int = 0) -> dict[str, Any]:
    """Do an export in this process."""
    with Environment("1", host=plan.host, api_key=KEY, pacing=False) as env:
        pager = env.persons.list(page_size=plan.page_size, offset=offset)
        pages = 0
        counted = disk if isinstance(disk, Breaking) else None

        def progress(*_: Any) -> None:
            nonlocal pages
            pages += 1
            if counted is not None:
                counted.page(pages)

        begin = run.begin
        vars(run)["begin"] = partial(begin, disk=disk)
        try:
            return pager.export(path, resume=resume, progress=progress, **shape.options).to_dict()
        finally:
            vars(run)["begin"] = begin


def in_child(work: Callable[[], Any]) -> tuple[str, Any]:
    """Do it in a child; tell how that ended ("done", "killed" or the error), and what came of it."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(MOST_SECONDS)
        try:
            told: tuple[str, Any] = ("done", work())
        except BaseException as error:  # noqa: BLE001 - all of them are told
            told = (type(error).__name__, str(error))
        with open(writer, "wb") as out:  # noqa: PTH123 - a descriptor
            out.write(json.dumps(told).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as told_by:  # noqa: PTH123
        text = told_by.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return ("killed" if os.WTERMSIG(status) == signal.SIGKILL else "signal", None)
    how, what = json.loads(text)
    return str(how), what


class Campaign:
    """The breaks of a plan, one after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # In memory where there is such a place: what is lost with the power is played, and syncs would take their time.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="soak-crashes-", dir=memory))
        self._references: dict[int, tuple[Path, dict[str, Any], list[str]]] = {}

    def close(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._folder)

    def _ground(self, number: int, name: str) -> Path:
        """Make a folder with what is there before, and return the path of the file to come."""
        shape = SHAPES[number]
        folder = self._folder / name
        folder.mkdir()
        path = folder / shape.name
        if shape.options.get("force"):
            path.write_text("what was there before\n", encoding="utf-8")
        elif shape.old:
            options = {key: value for key, value in shape.options.items() if key == "flatten"} | {"since_last": True}
            how, what = in_child(lambda: self._old(Shape(shape.name, options), path))
            assert how == "done", (how, what)
        return path

    def _old(self, shape: Shape, path: Path) -> None:
        from posthog_environments.export import checkpoint as records

        # Of the persons that are there now, the older ones; and a receipt as if those had been everybody.
        export(self._plan, shape, path, FileSystem(), resume=False)
        receipt_of = path.with_name(f".{path.name}.receipt")
        everybody: records.Receipt = records.read(receipt_of.read_bytes(), records.Receipt)
        path.unlink()
        export(self._plan, shape, path, FileSystem(), resume=False, offset=NEW)
        receipt: records.Receipt = records.read(receipt_of.read_bytes(), records.Receipt)
        receipt.job = everybody.job
        receipt_of.write_bytes(records.write(receipt))

    def reference(self, number: int) -> tuple[Path, dict[str, Any], list[str]]:
        """Export without a disturbance; return the file, the summary and the steps."""
        if number not in self._references:
            path = self._ground(number, f"reference-{number}")
            shape = SHAPES[number]

            def work() -> Any:
                disk = Breaking()
                summary = export(self._plan, shape, path, disk, resume=False)
                disk.forget_undo()
                return summary, disk.steps

            how, what = in_child(work)
            assert how == "done", (how, what)
            self._references[number] = (path, what[0], what[1])
        return self._references[number]

    def carry_out(self, at: Break) -> Outcome:
        """Break once, or twice; resume; compare."""
        shape = SHAPES[at.shape]
        reference, expected, _ = self.reference(at.shape)
        path = self._ground(at.shape, "run")
        before = path.read_bytes() if path.exists() else None
        outcome = Outcome(at)
        try:
            how, what = "", None
            for resume, step in enumerate(each for each in (at.step, at.again) if each is not None):
                broken = partial(export, self._plan, shape, path, Breaking(at.end, step), resume=bool(resume))
                how, what = in_child(broken)
                outcome.reached = outcome.reached or how != "done"
                if how not in ("done", "killed", "OSError", "KeyboardInterrupt", "FileExistsError"):
                    outcome.wrong = f"broken off: {how}: {what}"
                    return outcome
                if path.exists() and path.read_bytes() not in (before, _bytes(reference)):
                    outcome.wrong = "the file is there, and is neither the old one nor the whole"
                    return outcome
                if over := unexpected(path, reference, killed=how == "killed"):
                    outcome.wrong = f"broken off, and left behind: {over}"
                    return outcome
                if self._is_over(path, reference):
                    break
            else:
                how, what = in_child(lambda: export(self._plan, shape, path, FileSystem(), resume=True))
            outcome.wrong = self._compare(path, reference, expected, how, what)
            outcome.requests = what["requests"] if how == "done" else 0
        finally:
            shutil.rmtree(path.parent)
        return outcome

    def _is_over(self, path: Path, reference: Path) -> bool:
        """Tell whether there is nothing to resume any more: to ask for who is new would begin another export."""
        return (
            not path.with_name(f"{path.name}.checkpoint").exists()
            and path.exists()
            and path.read_bytes() == _bytes(reference)
        )

    def _compare(self, path: Path, reference: Path, expected: dict[str, Any], how: str, what: Any) -> str:
        if how != "done" and not self._is_over(path, reference):
            return f"resumed: {how}: {what}"
        if _bytes(path) != _bytes(reference):
            return "the file differs"
        if how == "done":
            facts = {name: what[name] for name in ("rows", "bytes", "complete", "reason", "pages", "duplicates")}
            if facts != {name: expected[name] for name in facts} and what["resumed"]:
                return f"the summary differs: {facts}"
        if stat.S_IMODE(path.stat().st_mode) != 0o600:
            return "others can read the file"
        left = names(path.parent)
        receipt = [f".{path.name}.receipt"] if reference.with_name(f".{reference.name}.receipt").exists() else []
        if left != sorted([path.name, *receipt]):
            return f"left behind: {left}"
        return ""


def names(folder: Path) -> list[str]:
    """Name the files in a folder, but for those that play the loss of power."""
    return sorted(each.name for each in folder.iterdir() if ".backup" not in each.name)


def unexpected(path: Path, reference: Path, *, killed: bool) -> list[str]:
    """Name the files that an unfinished export should not have left; a killed one may leave files half-written."""
    expected = [path.name, f".{path.name}.receipt", f"{path.name}.part", f"{path.name}.checkpoint"]
    fresh = path.with_name(f"{path.name}.fresh")
    if killed or (fresh.exists() and _bytes(fresh) == _bytes(reference)):
        expected.append(fresh.name)
    if killed:
        expected.append(f"{path.name}.checkpoint.new")
    return [name for name in names(path.parent) if name not in expected]


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def warm_up(plan: Plan) -> None:
    """Import what an export needs before there are children, which would each do it anew."""
    with tempfile.TemporaryDirectory() as folder:
        for shape in (SHAPES[number] for number in plan.shapes):
            if not shape.old:
                export(plan, shape, Path(folder, shape.name), FileSystem(), resume=False)


def main(text: str) -> None:
    """Do what a plan says."""
    read = json.loads(text)
    plan = Plan(**{**read, "breaks": [Break(**each) for each in read["breaks"]]})
    frame.CHUNK_PAGES = 3
    warm_up(plan)
    if plan.defect:
        module, _, name = plan.defect.partition(":")
        getattr(import_module(module), name)()
    campaign = Campaign(plan)
    try:
        if not plan.breaks:
            for number in plan.shapes:
                print(json.dumps({"shape": number, "steps": campaign.reference(number)[2]}), flush=True)
        for each in plan.breaks:
            print(json.dumps(asdict(campaign.carry_out(each))), flush=True)
    finally:
        campaign.close()


def carry_out(plan: Plan) -> Iterator[dict[str, Any]]:
    """Run such a process; gives what it prints."""
    command = [sys.executable, "-m", "soak.crashes", json.dumps(asdict(plan))]
    with subprocess.Popen(command, cwd=SUITES, env=with_tests(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"the process of the crashes ended with {process.returncode}")


if __name__ == "__main__":
    main(sys.argv[1])

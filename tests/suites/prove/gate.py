"""The gate itself: single faults are put into a copy of the house, and the check that is meant for each must see it.

The faults are in gate.yaml. A check that says nothing, says it of something else, or fails before there is a fault,
fails here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from prove.frame import ROOT, Check, Failed, Work

FAULTS: Final = Path(__file__).with_name("gate.yaml")
PYTEST: Final = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist")
CHECKS_OF_THE_HOUSE: Final[Mapping[str, Sequence[Sequence[str]]]] = {
    "drift": [["scripts/drift.py", "-q", "tests/contract/pages/environments.txt"]],
    "evidence": [[*PYTEST, "tests/contract/test_evidence.py", "-k", "every_fact or every_mark"]],
    "form": [[*PYTEST, "tests/contract/test_openapi.py"]],
    "sync": [["scripts/generate.py", "--check"]],
    "wire": [[*PYTEST, "tests/contract/test_wire.py"]],
    "types": [["-m", "mypy", "src"]],
    "records": [[*PYTEST, "tests/unit/test_records.py", "-k", "not any_"]],
    "breaking": [["scripts/breaking.py"]],
    "tables": [["scripts/command_reference.py", "--check"], ["scripts/evidence.py", "--check"]],
    "blocks": [[*PYTEST, "README.md"]],
    "house": [[*PYTEST, "tests/unit/test_floors.py", "tests/contract/test_surface.py"]],
}
"""What `make check` and `make test` run, as far as it is meant for these faults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    group: str
    name: str
    check: str
    file: str
    old: str
    new: str
    says: str
    delete: bool
    regenerate: bool


def faults() -> Iterator[Fault]:
    """Read the table of faults."""
    for group, given in yaml.safe_load(FAULTS.read_text("utf-8")).items():
        for each in given["faults"]:
            merged: dict[str, Any] = {**{key: value for key, value in given.items() if key != "faults"}, **each}
            yield Fault(
                group=group,
                name=merged["name"],
                check=merged["check"],
                file=merged["file"],
                old=merged.get("old", ""),
                new=merged.get("new", ""),
                says=merged["says"],
                delete=merged.get("delete", False),
                regenerate=merged.get("regenerate", False),
            )


# Where the code of a checkout lies.
FOLDERS: Final = ("src", "generated", "scripts", "tests/suites", ".")


class Checkout:
    """A copy of the checkout, in which things may be broken."""

    def __init__(self, work: Work) -> None:
        self._log = work.log
        self.root = work.folder / "house"
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        for name in listed:
            source = ROOT / name
            if source.is_file():
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a script or module of the copy, with its code and not the installed one."""
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(self.root / folder) for folder in FOLDERS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        text = done.stdout + done.stderr
        with self._log.open("a") as stream:
            stream.write(f"$ {' '.join(command)}  -> {done.returncode}\n{text[-3000:]}\n")
        return done.returncode, text

    def check(self, name: str) -> tuple[bool, str]:
        """Make a check of the house; tell whether it holds, and what it said."""
        said = ""
        for command in CHECKS_OF_THE_HOUSE[name]:
            code, text = self.run(command)
            said += text
            if code:
                return False, said
        return True, said

    def break_(self, fault: Fault) -> dict[Path, bytes | None]:
        """Put a fault in; return what the files held, to put it back."""
        path = self.root / fault.file
        before: dict[Path, bytes | None] = {path: path.read_bytes() if path.exists() else None}
        if fault.delete:
            path.unlink()
        elif before[path] is None:
            path.write_text(fault.new, encoding="utf-8")
        else:
            text = path.read_text("utf-8")
            changed, count = re.subn(fault.old, fault.new, text, count=1)
            if not count or changed == text:
                raise Failed(f"{fault.group}, {fault.name}: there is no place for it in {fault.file}")
            path.write_text(changed, encoding="utf-8")
        return before


def _gate(group: str) -> Check:
    def make(work: Work) -> str:
        house = Checkout(work)
        wanted = [fault for fault in faults() if fault.group == group]
        for name in sorted({fault.check for fault in wanted}):
            holds, said = house.check(name)
            if not holds:
                raise Failed(f"the check {name!r} fails with no fault in: {said.strip().splitlines()[-1][:200]}")
        missed = [f"{fault.name} ({why})" for fault in wanted if (why := _missed(house, fault))]
        if missed:
            raise Failed(f"{len(missed)} of {len(wanted)} not caught: {'; '.join(missed)}")
        return f"{len(wanted)} faults, each caught by {', '.join(sorted({fault.check for fault in wanted}))}"

    return Check(f"faults in {group}", "make check, make test", make)


def _missed(house: Checkout, fault: Fault) -> str | None:
    """Put a fault in, and tell why the check that is meant for it does not see it; None if it does."""
    before = house.break_(fault)
    generated = house.root / "generated"
    kept = house.root / ".generated-before"
    if fault.regenerate:
        shutil.copytree(generated, kept)
    try:
        if fault.regenerate:
            code, _ = house.run(["scripts/generate.py"])
            if code:
                return "the generator refuses it, which is not what was meant"
        holds, said = house.check(fault.check)
        if holds:
            return "the check holds"
        return None if fault.says in said else f"the check fails, but does not say {fault.says!r}"
    finally:
        for path, content in before.items():
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        if fault.regenerate:
            shutil.rmtree(generated)
            kept.rename(generated)


CHECKS: Final = tuple(_gate(group) for group in yaml.safe_load(FAULTS.read_text("utf-8")))

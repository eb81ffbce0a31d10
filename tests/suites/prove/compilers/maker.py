"""What a generator of clients is here: how it makes one, how that is compiled, and what calls it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prove.compilers.ground import PROGRAMS
from prove.frame import LOGS, Failed, Work

__all__ = ["KEPT", "Maker", "figures", "on_path", "put"]

KEPT: Final = LOGS / "kept"
"""What compilers keep of the libraries stays from one check to the next."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One generator.

    Attributes:
        name: What is shown.
        version: Finds out its name and version.
        generate: Makes the client of a contract in a folder, and puts the program beside it.
        compile: Compiles both in that folder; returns what it counted.
        command: Returns what runs the program.
    """

    name: str
    version: Callable[[], str]
    generate: Callable[[Path, Path, Work], None]
    compile: Callable[[Path, Work], str]
    command: Callable[[Path], Sequence[str | Path]]


def put(folder: Path, *names: str) -> None:
    """Copy some of our programs into a folder."""
    for name in names:
        shutil.copy(PROGRAMS / name, folder)


def on_path(name: str, advice: str) -> str:
    """Return the name of a program that must be on the path.

    Raises:
        Failed: It is not; the message says how to get it.
    """
    if shutil.which(name) is None:
        raise Failed(f"{name} is not there; install {advice}")
    return name


def figures(place: Path, suffix: str) -> str:
    """Return how many files and lines a generator wrote."""
    files = [path for path in (place, *place.rglob("*")) if path.is_file() and path.suffix == suffix]
    if not files:
        raise Failed(f"the generator wrote no {suffix}")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    return f"{len(files)} file{'s' * (len(files) > 1)}, {lines:,} lines"

"""Prints the lowest versions that pyproject.toml allows, as constraints for `make lock`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]


def floors(pyproject: str) -> list[str]:
    """Return `name==floor` for each requirement of the package and of its extras.

    Raises:
        ValueError: A requirement has no floor.
    """
    project = tomllib.loads(pyproject)["project"]
    requirements: list[str] = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    lines = []
    for requirement in requirements:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)(,.*)?", requirement)
        if match is None:
            raise ValueError(f"{requirement}: has no floor, or in a form that is not known here")
        lines.append(f"{match[1]}=={match[2]}")
    return sorted(set(lines))


def main() -> int:
    print("\n".join(floors((ROOT / "pyproject.toml").read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

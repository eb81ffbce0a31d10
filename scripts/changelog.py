"""Puts the fragments of changelog.d/ together as the section of a release, and prints it.

`--release` writes the section into CHANGELOG.md, and removes the fragments. Exit codes: 0 done, 1 a fragment is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
KINDS: Final = ("breaking", "added", "changed", "deprecated", "removed", "fixed", "security")
DECLARED: Final = re.compile(r"^(?:- )?`?breaking: (.+?): .*$", re.MULTILINE)
"""A line that `make check` prints: of it a reader needs the place."""
VERSION: Final = re.compile(r'^VERSION = "([^"]+)"$', re.MULTILINE)


def package_version(root: Path = ROOT) -> str:
    """Return the version of the package, as its source states it."""
    text = (root / "src" / "posthog_environments" / "config" / "settings.py").read_text("utf-8")
    match = VERSION.search(text)
    assert match is not None
    return match[1]


def fragments(folder: Path) -> dict[Path, tuple[str, str]]:
    """Return the kind and the text of each fragment.

    Raises:
        ValueError: A file is no fragment, or has nothing in it; the message names it.
    """
    found: dict[Path, tuple[str, str]] = {}
    for path in sorted(folder.iterdir()):
        if path.name == "README.md":
            continue
        kind = path.name.removesuffix(".md").rpartition(".")[2]
        text = path.read_text("utf-8").strip()
        if path.suffix != ".md" or kind not in KINDS:
            raise ValueError(f"{path.name}: a fragment is called NAME.KIND.md, where KIND is one of {', '.join(KINDS)}")
        if not text:
            raise ValueError(f"{path.name} is empty")
        found[path] = kind, text
    return found


def section(folder: Path, version: str, day: str) -> str:
    """Return the section of a release."""
    every = fragments(folder).values()
    lines = [f"## {version} - {day}\n"]
    for kind in KINDS:
        texts = [text for of, text in every if of == kind]
        if texts:
            lines += [f"### {kind.capitalize()}\n", *map(_entry, texts), ""]
    return "\n".join(lines)


def _entry(text: str) -> str:
    """Return a fragment as an entry of a list, which some are already."""
    text = "\n".join(dict.fromkeys(DECLARED.sub(r"- `\1`", text).splitlines())) if DECLARED.search(text) else text
    return text if text.startswith("- ") else "- " + textwrap.indent(text, "  ").lstrip()


def release(root: Path, version: str, day: str) -> None:
    """Write the section above those of earlier releases, and remove the fragments."""
    page, folder = root / "CHANGELOG.md", root / "changelog.d"
    head, mark, earlier = page.read_text("utf-8").partition("\n## ")
    new = section(folder, version, day)
    page.write_text(f"{head.rstrip()}\n\n{new}{mark}{earlier}".rstrip() + "\n", encoding="utf-8")
    for path in fragments(folder):
        path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", action="store_true", help="write CHANGELOG.md, and remove the fragments")
    given = parser.parse_args()
    version, day = package_version(), f"{datetime.now(UTC):%Y-%m-%d}"
    try:
        if given.release:
            release(ROOT, version, day)
        else:
            sys.stdout.write(section(ROOT / "changelog.d", version, day))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

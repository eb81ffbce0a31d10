"""Write a generated page, or with `--check` tell whether it is in step with its source."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(description: str | None, page: Path, text: str, source: str) -> int:
    """Read the command line of a script that writes one page, and do what it says; return the exit code.

    Args:
        description: What the script is for, shown by `--help`.
        page: The file to write or check.
        text: What it should hold.
        source: What it is made from, for the message.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is out of step")
    if not parser.parse_args().check:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    print(f"{page.name} is out of step with {source}. Run: make generate", file=sys.stderr)
    return 1

"""The changelog of the contract is in step, tells each change once, and says what to do about what breaks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import contract_changelog
from breaking import ContractChange, contract_changes
from drift import Contract

ROOT = Path(__file__).resolve().parents[2]
PLACE = "GET /api/environments/{project_id}/persons/"


def test_it_is_in_step(tmp_path: Path) -> None:
    for name in ("scripts", "contract", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "notebooks"))
    text = (ROOT / "openapi.yaml").read_text("utf-8")
    (tmp_path / "openapi.yaml").write_text(text, "utf-8")
    command = [sys.executable, str(tmp_path / "scripts" / "contract_changelog.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0
    (tmp_path / "openapi.yaml").write_text(text.replace("- name: search\n", "- name: searches\n"), "utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make generate" in done.stderr


def section(*changes: tuple[str, str, str]) -> str:
    return "\n".join(contract_changelog.section([ContractChange(*each) for each in changes]))  # type: ignore[arg-type]


def test_what_breaks_has_something_to_do() -> None:
    text = section(
        ("breaking", f"{PLACE}, query limit", "maximum None is now 50000"),
        ("breaking", f"{PLACE}, 200, application/json.results[].name", "type string is now null, string"),
        ("breaking", f"{PLACE}, 200, application/json.count", "is gone"),
        ("breaking", f"{PLACE}, query search", "is gone"),
    )
    assert "| `query limit` of `GET persons/` | maximum None is now 50000 | Send nothing beyond the limit. |" in text
    assert "| `results[].name` in answer 200 of `GET persons/` |" in text
    assert text.count("Be ready for null.") == text.count("Read it no more.") == text.count("Send it no more.") == 1


def test_a_removal_by_the_vendor_is_no_breaking_change() -> None:
    text = section(("additive", PLACE, "deprecated"), ("additive", PLACE, "its end is 2028-01-31"))
    assert "### What the vendor removes" in text
    assert "its end is 2028-01-31" in text
    assert "breaks" not in text
    assert "What is new" not in text


def test_what_befell_many_is_told_once() -> None:
    where = [(PLACE, status) for status in ("400", "401")] + [(PLACE.replace("persons", "query"), "400")]
    text = section(*(("additive", f"{each}, {status}, header Link", "is new") for each, status in where))
    assert text.count("header Link") == 1
    assert "- `GET persons/`, `GET query/`: `header Link` in answer 400, 401: is new" in text


def test_every_breaking_change_of_the_past_has_advice_of_its_own() -> None:
    old = Contract((ROOT / "contract" / "released" / "openapi-0.1.0.yaml").read_text("utf-8"))
    new = Contract((ROOT / "openapi.yaml").read_text("utf-8"))
    breaks = [change for change in contract_changes(old, new) if change.verdict == "breaking"]
    rows = [row for row in "\n".join(contract_changelog.section(breaks)).splitlines() if row.startswith("| `")]
    assert rows
    assert not [row for row in rows if re.search(r"Read its description", row)]

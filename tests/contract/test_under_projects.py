"""The derived document under `/api/projects/` is in step, valid, and says the same of other places."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from downgrade import SOURCE
from openapi_spec_validator import validate
from under_projects import TARGET, text, under_projects

ROOT = Path(__file__).resolve().parents[2]
ONE: dict[str, Any] = yaml.safe_load(SOURCE.read_text("utf-8"))
OTHER: dict[str, Any] = yaml.safe_load(TARGET.read_text("utf-8"))


def test_it_is_in_step(tmp_path: Path) -> None:
    assert TARGET.read_text("utf-8") == text()
    script = ROOT / "scripts" / "under_projects.py"
    assert subprocess.run([sys.executable, str(script), "--check"], check=False).returncode == 0
    (tmp_path / "scripts").mkdir()
    for name in ("under_projects", "downgrade"):
        (tmp_path / "scripts" / f"{name}.py").write_text((ROOT / "scripts" / f"{name}.py").read_text("utf-8"), "utf-8")
    changed = SOURCE.read_text("utf-8").replace("type: integer", "type: number", 1)
    (tmp_path / "openapi.yaml").write_text(changed, "utf-8")
    (tmp_path / TARGET.name).write_text(TARGET.read_text("utf-8"), "utf-8")
    command = [sys.executable, str(tmp_path / "scripts" / "under_projects.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make generate" in done.stderr


def test_it_is_valid() -> None:
    validate(OTHER)


def test_it_says_the_same_of_other_places() -> None:
    """Written back to the old places, but for the head and the names of successors, nothing differs."""
    back = json.loads(json.dumps({**OTHER, "info": ONE["info"]}).replace("/api/projects/", "/api/environments/"))
    one = copy.deepcopy(ONE)
    for item in one["paths"].values():
        for name, operation in item.items():
            if name != "parameters":
                del operation["x-successor"]
                operation["x-evidence"].pop("x-successor", None)
    # Some words of the contract name the new place, whichever document they are in.
    one = json.loads(json.dumps(one).replace("/api/projects/", "/api/environments/"))
    back["x-evidence-sources"] = one["x-evidence-sources"]
    assert back == one
    assert "x-successor" not in TARGET.read_text("utf-8")
    assert all(path.startswith("/api/projects/{project_id}/") for path in OTHER["paths"])
    assert len(OTHER["paths"]) == len(ONE["paths"])
    assert OTHER["x-evidence-sources"] == ONE["x-evidence-sources"]


def test_it_names_the_old_place_where_the_page_has_it_and_nowhere_else() -> None:
    assert TARGET.read_text("utf-8").count("/api/environments/") == 1


def _lose(contract: dict[str, Any]) -> None:
    del contract["paths"]["/api/environments/{project_id}/persons/"]["get"]["x-successor"]


def _part(contract: dict[str, Any]) -> None:
    contract["paths"]["/api/environments/{project_id}/persons/{id}/"]["get"]["x-successor"] = "/api/projects/x/"


def _reword(contract: dict[str, Any]) -> None:
    contract["info"]["description"] = "Other words."


@pytest.mark.parametrize("change", [_lose, _part, _reword])
def test_what_cannot_be_derived_is_refused(change: Any) -> None:
    contract = copy.deepcopy(ONE)
    change(contract)
    with pytest.raises(ValueError, match=r"successor|description"):
        under_projects(contract)

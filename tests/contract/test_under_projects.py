"""The derived document under `/api/projects/` is valid, and says the same of other places."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from forms import FOLDER, SOURCE
from openapi_spec_validator import validate
from samples import with_samples
from under_projects import under_projects

TARGET = FOLDER / "openapi-projects.yaml"
ONE = with_samples(yaml.safe_load(SOURCE.read_text("utf-8")))
OTHER: dict[str, Any] = yaml.safe_load(TARGET.read_text("utf-8"))


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

"""The workflows speak of the contract as it is: its operations, their parameters, and statuses that they have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.test_sandbox_answers import CONTRACT, resolve

WORKFLOWS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "contract" / "arazzo.yaml").read_text("utf-8")
)
STEPS = [
    pytest.param(workflow, step, id=f"{workflow['workflowId']}-{step['stepId']}")
    for workflow in WORKFLOWS["workflows"]
    for step in workflow["steps"]
]
OPERATIONS = {
    item[method]["operationId"]: (item[method], item["parameters"])
    for item in CONTRACT["paths"].values()
    for method in ("get", "post", "patch", "delete")
    if method in item
}


def test_there_are_two_with_all_of_their_steps() -> None:
    assert {workflow["workflowId"]: len(workflow["steps"]) for workflow in WORKFLOWS["workflows"]} == {
        "correct-and-delete-person": 6,
        "trend-and-breakdown": 2,
    }


@pytest.mark.parametrize(("workflow", "step"), STEPS)
def test_a_step_is_a_call_of_the_contract(workflow: dict[str, Any], step: dict[str, Any]) -> None:
    source, _, name = step["operationId"].partition(".")
    assert source == WORKFLOWS["sourceDescriptions"][0]["name"]
    operation, shared = OPERATIONS[name]
    known = {(each["in"], each["name"]) for each in map(resolve, [*shared, *operation["parameters"]])}
    given = {(each["in"], each["name"]) for each in [*workflow["parameters"], *step.get("parameters", [])]}
    assert given - {("header", "Authorization")} <= known
    assert {place for place in known if place[0] == "path"} <= given
    assert ("requestBody" in step) == ("requestBody" in operation)
    conditions = [criterion["condition"] for criterion in step["successCriteria"]]
    statuses = set(re.findall(r"\$statusCode == (\d+)", " ".join(conditions)))
    assert statuses
    assert statuses <= operation["responses"].keys()


@pytest.mark.parametrize(("workflow", "step"), STEPS)
def test_what_a_step_reads_is_there(workflow: dict[str, Any], step: dict[str, Any]) -> None:
    text = yaml.safe_dump(step)
    assert set(re.findall(r"\$inputs\.(\w+)", text)) <= workflow["inputs"]["properties"].keys()
    earlier = workflow["steps"][: workflow["steps"].index(step)]
    outputs = {(each["stepId"], name) for each in earlier for name in each.get("outputs", {})}
    assert set(re.findall(r"\$steps\.([\w-]+)\.outputs\.(\w+)", text)) <= outputs

"""The workflows of arazzo.yaml: clean by redocly, and run by it against sandboxes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from posthog_environments import Environment
from posthog_environments.sandbox import Sandbox
from prove.frame import CONTRACT, ROOT, Failed, Work, installed, load, node, run

WORKFLOWS: Final = ROOT / "contract" / "arazzo.yaml"
NODE: Final = ROOT / "tests" / "suites" / "prove" / "node" / "live"
_SERVERS: Final[tuple[tuple[Literal["2025", "2026"], bool], ...]] = (("2025", True), ("2026", False))
_OPPOSITES: Final = {" == ": " != ", " >= ": " < ", " > ": " <= ", " < ": " >= "}


version: Final = installed(NODE, "@redocly/cli")


def _write(document: Mapping[str, Any], work: Work, name: str) -> Path:
    """Write workflows beside a copy of the contract, as they lie in the repository."""
    shutil.copy(CONTRACT, work.folder / CONTRACT.name)
    path = work.folder / WORKFLOWS.parent.name / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(dict(document), sort_keys=False), "utf-8")
    return path


def _findings(path: Path, work: Work) -> int:
    command: list[str | Path] = [node(NODE) / "redocly", "lint", "--extends=recommended-strict", "--format=json", path]
    totals = json.loads(run(command, work, codes=(0, 1)))["totals"]
    return int(totals["errors"] + totals["warnings"])


def lint(work: Work) -> str:
    """Check the form of the workflows.

    Raises:
        Failed: Something is found; or nothing, where it should be.
    """
    found = _findings(WORKFLOWS, work)
    if found:
        raise Failed(f"{found} findings (see {work.log.name})")
    faults: Mapping[str, Callable[[dict[str, Any]], object]] = {
        "type of source": lambda document: document["sourceDescriptions"][0].update(type="swagger"),
        "two of one name": lambda document: document["workflows"][1].update(workflowId="correct-and-delete-person"),
        "no steps": lambda document: document["workflows"][0].pop("steps"),
    }
    for name, fault in faults.items():
        document = load(WORKFLOWS)
        fault(document)
        if not _findings(_write(document, work, name.replace(" ", "-")), work):
            raise Failed(f"nothing is found in a document with a fault ({name})")
    return "0 findings of recommended-strict; finds 3 seeded faults"


def _respect(path: Path, box: Sandbox, distinct_id: str, work: Work) -> tuple[bool, list[dict[str, Any]]]:
    """Run all workflows against a sandbox; tell whether they went well, and what each step found."""
    report = work.folder / f"{path.stem}.json"
    report.unlink(missing_ok=True)
    inputs = {"api_key": box.api_key, "project_id": box.project_id, "distinct_id": distinct_id}
    # It reads each schema as closed, where the contract says that servers add fields: `answers.py` looks at bodies.
    command: list[str | Path] = [node(NODE) / "redocly", "respect", path, "--server", f"posthog={box.host}"]
    command += ["--severity", "SCHEMA_CHECK=off", "--json-output", report]
    for name, value in inputs.items():
        command += ["--input", f"{name}={value}"]
    run(command, work, codes=(0, 1))
    found = json.loads(report.read_text("utf-8"))
    ((_, file),) = found["files"].items()
    steps = [step for workflow in file["executedWorkflows"] for step in workflow["executedSteps"]]
    return found["status"] == "success", steps


def _people(box: Sandbox) -> Iterator[str]:
    """Give somebody for each run, for each deletes one."""
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        yield from [person.distinct_ids[0] for person in env.persons.list()]


def _criteria(document: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        criterion
        for workflow in document["workflows"]
        for step in workflow["steps"]
        for criterion in step["successCriteria"]
    ]


def _opposite(condition: str) -> str:
    if " || " in condition:
        return condition.replace("20", "59")
    for sign, other in _OPPOSITES.items():
        if sign in condition:
            return condition.replace(sign, other)
    raise Failed(f"{condition} compares nothing")


def respect(work: Work) -> str:
    """Run the workflows, and see that each criterion of each step is looked at.

    Raises:
        Failed: One fails; or does not fail with a criterion that is not so.
    """
    document = load(WORKFLOWS)
    names = [step["stepId"] for workflow in document["workflows"] for step in workflow["steps"]]
    for era, oddities in _SERVERS:
        with Sandbox(50, era=era, oddities=oddities, rates=False, now="2026-03-01T12:00:00") as box:
            well, steps = _respect(_write(document, work, f"as-it-is-{era}"), box, next(_people(box)), work)
        if not well or list(dict.fromkeys(step["stepId"] for step in steps)) != names:
            failed = [step["stepId"] for step in steps if step.get("status") != "success"]
            raise Failed(f"era {era}: failed at {', '.join(failed) or 'nothing, but not all steps were made'}")
    criteria = len(_criteria(document))
    with Sandbox(50, oddities=False, rates=False, now="2026-03-01T12:00:00") as box:
        people = _people(box)
        for number in range(criteria):
            wrong = deepcopy(document)
            for workflow in wrong["workflows"]:
                for step in workflow["steps"]:
                    step.pop("onFailure", None)
            criterion = _criteria(wrong)[number]
            criterion["condition"] = _opposite(criterion["condition"])
            well, _ = _respect(_write(wrong, work, f"wrong-{number}"), box, next(people), work)
            if well:
                raise Failed(f"a criterion that is not so passes as well: {criterion['condition']}")
    return (
        f"{len(document['workflows'])} workflows, {len(names)} steps, {criteria} criteria hold in both eras; "
        f"each of the {criteria} turned round is noticed"
    )

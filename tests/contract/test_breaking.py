"""Changes that break users are seen: in the contract by direction, in Python by signature, each by its own name."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import surface
from breaking import ContractChange, contract_changes, lowest_version, released, surface_changes
from drift import Contract

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "openapi.yaml").read_text("utf-8")
OLD = Contract(TEXT)
SURFACE = surface.lines()

# What changes, how, the verdict, and what its line names.
CHANGES: list[tuple[str, str, str, str, str]] = [
    ("an operation is gone", r"(?s)  /api/environments/\{project_id\}/insights/timing/:.*?(?=  /api/)", "", "breaking", "insights/timing/: the operation is gone"),
    ("an operation moves", r"/insights/timing/:", "/insights/times/:", "additive", "insights/times/: a new operation"),
    ("an operation has another name", "operationId: getPerson\n", "operationId: readPerson\n", "breaking", "operationId"),
    ("a scope", r"\['activity_log:read'\]", "['activity_log:write']", "breaking", "the scope ['activity_log:read'] is now"),
    ("a parameter is gone", r"(?s)        - name: search\n.*?example: acme\n", "", "breaking", "query search: is gone"),
    ("a parameter is renamed", "- name: email\n", "- name: mail\n", "breaking", "query email: is gone"),
    ("a parameter moves", "- name: email\n          in: query", "- name: email\n          in: header", "breaking", "query email: is gone"),
    ("a new optional parameter", "(        - name: email\n)", r"        - {name: age, in: query, schema: {type: integer}}\n\1", "additive", "query age: is new"),
    ("a new required parameter", "(        - name: email\n)", r"        - {name: age, in: query, required: true, schema: {type: integer}}\n\1", "breaking", "query age: is new and required"),
    ("a parameter becomes required", "(          in: query\n          description: Only the person who has this distinct id.)", r"          required: true\n\1", "breaking", "query distinct_id: is now required"),
    ("a parameter changes its type", r"(name: search\n(?:.*\n){3,9}?          schema: \{type: )string", r"\1integer", "breaking", "query search: type string is now integer"),
    ("a limit gets narrower", "minimum: 1\n", "minimum: 2\n", "breaking", "query limit: minimum 1 is now 2"),
    ("a limit gets wider", "minimum: 1\n", "minimum: 0\n", "additive", "query limit: minimum 1 is now 0"),
    ("an enum of requests loses", r"enum: \[csv, json\]", "enum: [json]", "breaking", 'query format: enum "csv", "json" is now "json"'),
    ("an enum of requests gains", r"enum: \[csv, json\]", "enum: [csv, json, xml]", "additive", "query format: enum"),
    ("a default", "default: ActionsLineGraph", "default: ActionsTable", "breaking", "default 'ActionsLineGraph' is now 'ActionsTable'"),
    ("a field of a body is gone", r"        favorited: \{type: boolean\}\n", "", "breaking", "application/json.favorited: is gone"),
    ("a field of a body is new", r"(        favorited: \{type: boolean\}\n)", r"\1        pinned: {type: boolean}\n", "additive", "application/json.pinned: is new"),
    ("a field of a body is demanded", r"(description: Fields of an insight\.\n)", r"\1      required: [name]\n", "breaking", "application/json.name: is now required"),
    ("a field of a body takes less", r"order: \{type: integer\}", "order: {type: string}", "breaking", "application/json.order: type integer is now string"),
    ("a field of a body takes more", r"order: \{type: integer\}", "order: {type: [integer, 'null']}", "additive", "application/json.order: type integer is now integer, null"),
    ("a field is deprecated", r"order: \{type: integer\}", "order: {type: integer, deprecated: true}", "additive", "application/json.order: deprecated"),
    ("a field of an answer is gone", r"        is_cached:\n(?:          .*\n)+", "", "breaking", "application/json.is_cached: is gone"),
    ("a field of an answer is new", r"(        is_cached:\n)", r"        cost: {type: number}\n\1", "additive", "application/json.cost: is new"),
    ("a field of an answer may be null", r"(        uuid:\n          type: )string\n", r"\1[string, 'null']\n", "breaking", "uuid: type string is now null, string"),
    ("a field of an answer is never null", r"(timezone:\n          type: )\[string, 'null'\]", r"\1string", "additive", "timezone: type null, string is now string"),
    ("a field of an answer may be missing", r"(A page of persons\.\n)      required: \[results\]\n", r"\1", "breaking", "results: is now optional"),
    ("a field of an answer is promised", r"required: \[uuid\]", "required: [uuid, name]", "additive", "name: is now required"),
    ("a format", "format: uuid\n", "format: hostname\n", "breaking", "uuid: format 'uuid' is now 'hostname'"),
    ("the items of an answer", r"(distinct_ids:\n          type: array\n.*\n          items: \{type: )string", r"\1integer", "breaking", "distinct_ids[]: type string is now integer"),
    ("an open enum gains", r"x-extensible-enum: \[current, previous\]", "x-extensible-enum: [current, previous, next]", "additive", "the values known today changed"),
    ("an answer is gone", r"        '202': \{\$ref: '#/components/responses/Accepted'\}\n", "", "breaking", "202: the answer is gone"),
    ("a new success", r"(        '204': \{)", r"        '205': {$ref: '#/components/responses/NoContent'}\n\1", "breaking", "205: a new answer"),
    ("a new error", r"(        '504': \{)", r"        '512': {$ref: '#/components/responses/GatewayTimeout'}\n\1", "additive", "512: a new answer"),
    ("an operation is deprecated", "operationId: getPerson\n", "operationId: getPerson\n      deprecated: true\n", "additive", "persons/{id}/: deprecated"),
    ("an operation has an end", "operationId: getPerson\n", "operationId: getPerson\n      x-sunset: '2028-01-31'\n", "additive", "persons/{id}/: its end is 2028-01-31"),
    ("an end moves", "x-sunset: '2026-09-11'", "x-sunset: '2026-09-12'", "additive", "insights/trend/: its end is 2026-09-12"),
    ("a successor", "x-successor: /api/projects/{project_id}/query/$", "x-successor: /api/projects/{project_id}/queries/", "documentation", "descriptions, examples or evidence changed"),
    ("a header of an answer is new", r"(        Retry-After: \{\$ref)", r"        Server-Timing: {schema: {type: string}}\n\1", "additive", "429, header Server-Timing: is new"),
    ("a header of an answer is gone", r"        Retry-After: \{\$ref.*\n", "", "breaking", "429, header Retry-After: is gone"),
    ("a description", "description: Fields of an insight.", "description: Fields of some insight.", "documentation", "descriptions, examples or evidence changed"),
    ("an example", "example: acme", "example: initech", "documentation", "descriptions, examples or evidence changed"),
    ("a mark", "note: '0 counts as absent.'", "note: none", "documentation", "descriptions, examples or evidence changed"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "verdict", "named"), CHANGES, ids=[each[0] for each in CHANGES])
def test_a_change_of_the_contract(what: str, old: str, new: str, verdict: str, named: str) -> None:
    changed, count = re.subn(f"(?m){old}", new, TEXT)
    assert count, what
    found = list(contract_changes(OLD, Contract(changed)))
    assert any(each.verdict == verdict and named in f"{each.where}: {each.text}" for each in found), found
    if verdict != "breaking" and what != "an operation moves":
        assert [each for each in found if each.verdict == "breaking"] == []


def test_nothing_changed() -> None:
    assert list(contract_changes(OLD, Contract(TEXT))) == []
    assert list(surface_changes(SURFACE, SURFACE)) == []


@pytest.mark.parametrize(
    ("old", "new", "verdict", "named"),
    [
        (r"^Environment\.persons\.get: .*\n", "", "breaking", "Environment.persons.get: the name is gone"),
        (r"^(?=prop: )", "props: function () -> None\n", "additive", "props: a new name"),
        (r"^(Environment\.persons\.get: .*id: PersonKey)", r"\1, how: str", "breaking", "Environment.persons.get"),
        (
            r"^(Environment\.persons\.get: .*id: PersonKey, \*)",
            r"\1, how: str = fast",
            "additive",
            "Environment.persons.get",
        ),
        (r"^(Environment\.persons\.get: .*)id: PersonKey", r"\1key: PersonKey", "breaking", "Environment.persons.get"),
        (
            r"^(Environment\.persons\.get: .*), timeout: float \| None = None",
            r"\1",
            "breaking",
            "Environment.persons.get",
        ),
        (r"^(Environment\.persons\.get: .*) -> Person$", r"\1 -> Person | None", "breaking", "Environment.persons.get"),
        (
            r"^(Environment: class\(_Client\) \(.*max_body: int = 67108864)",
            r"\1, more: str | None = None",
            "additive",
            "Environment",
        ),
        (r"^Report\.rows: attribute int", "Report.rows: attribute str", "breaking", "Report.rows"),
        (r"^NotFoundError: class\(APIStatusError\)", "NotFoundError: class(PostHogError)", "breaking", "NotFoundError"),
    ],
)
def test_a_change_of_the_public_names(old: str, new: str, verdict: str, named: str) -> None:
    changed, count = re.subn(old, new, SURFACE, flags=re.MULTILINE)
    assert count == 1
    (found,) = surface_changes(SURFACE, changed)
    assert found.verdict == verdict
    assert named in f"{found.where}: {found.text}"


def test_the_order_of_what_is_reported_is_stable() -> None:
    changed = Contract(TEXT.replace("enum: [csv, json]", "enum: [json]"))
    one, other = (sorted(map(str, contract_changes(OLD, changed))) for _ in range(2))
    assert one == other
    assert len(one) == 11
    assert isinstance(next(contract_changes(OLD, changed)), ContractChange)


# ------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of what the command reads."""
    for folder in ("scripts", "contract/released", "changelog.d"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "openapi.yaml").write_text(TEXT)
    for path in (tmp_path / "contract" / "released").glob("openapi-*.yaml"):
        path.unlink()
    # Whatever changes is at a version that is high enough.
    last = re.sub(r"(?m)^  version: .*", "  version: 0.0.9", TEXT)
    (tmp_path / "contract" / "released" / "openapi-0.0.9.yaml").write_text(last)
    (tmp_path / "contract" / "released" / "surface.txt").write_text(SURFACE)
    return tmp_path


def run(house: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(house / "scripts" / "breaking.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_is_here_is_declared() -> None:
    done = run(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_undeclared_breaking_change_fails_until_it_is_declared(house: Path) -> None:
    assert (run(house).returncode, run(house).stdout) == (0, "")
    (house / "openapi.yaml").write_text(TEXT.replace("order: {type: integer}", "order: {type: string}"))
    done = run(house)
    assert done.returncode == 1
    line = done.stdout.splitlines()[0]
    assert line.startswith(
        "breaking: POST /api/environments/{project_id}/insights/timing/, body, application/json.order"
    )
    copied, _, said = done.stderr.partition("\n\n")
    assert "changelog.d/NAME.breaking.md" in said
    assert copied.splitlines() == [line]
    (house / "changelog.d" / "order.breaking.md").write_text(f"The order is a text now: send it as one.\n\n{copied}")
    done = run(house)
    assert done.returncode == 0
    assert "(declared)" in done.stdout
    assert "### Breaking" in run(house, "--changelog").stdout
    assert run(house, "--release").returncode == 0
    assert run(house).stdout == ""


def test_additions_need_no_word(house: Path) -> None:
    (house / "openapi.yaml").write_text(TEXT.replace("required: [uuid]", "required: [uuid, name]"))
    done = run(house)
    assert done.returncode == 0
    assert done.stdout.startswith("additive: ")


@pytest.mark.parametrize(
    ("old", "verdicts", "lowest"),
    [
        ((0, 1, 0), ["additive", "breaking"], (0, 2, 0)),
        ((0, 1, 3), ["additive", "documentation"], (0, 1, 4)),
        ((1, 2, 3), ["documentation", "breaking"], (2, 0, 0)),
        ((1, 2, 3), ["additive"], (1, 3, 0)),
        ((1, 2, 3), ["documentation"], (1, 2, 4)),
        ((1, 2, 3), [], (1, 2, 3)),
    ],
)
def test_a_change_asks_for_a_version(old: tuple[int, ...], verdicts: list[Any], lowest: tuple[int, ...]) -> None:
    assert lowest_version(old, verdicts) == lowest


def test_a_version_that_is_too_low_fails(house: Path) -> None:
    assert run(house, "--release").returncode == 0
    assert (run(house).returncode, run(house).stdout) == (0, "")
    changed = TEXT.replace("required: [uuid]", "required: [uuid, name]")
    (house / "openapi.yaml").write_text(changed)
    done = run(house)
    assert done.returncode == 1
    assert "info.version must be 0." in done.stderr
    (house / "openapi.yaml").write_text(re.sub(r"(?m)^  version: .*", "  version: 0.99.0", changed, count=1))
    assert run(house).returncode == 0
    assert run(house, "--release").returncode == 0
    names = {path.name for path in (house / "contract" / "released").iterdir()}
    assert {"openapi-0.0.9.yaml", "openapi-0.99.0.yaml"} < names, "the old ones stay"


def test_released_contracts_are_in_the_order_of_their_versions() -> None:
    assert next(path.name for path in released()) == "openapi-0.1.0.yaml"
    for path in released():
        assert f"\n  version: {path.stem.removeprefix('openapi-')}\n" in path.read_text("utf-8")

"""An argument has one name from the contract to the command, and a name that changes in the contract is noticed."""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import click
import httpx
import pytest
import yaml
from posthog_environments_api.models import Entity, PropertyFilter, TrendsQuery
from posthog_environments_api.records import plan_of

from posthog_environments import BadRequestError, Environment
from posthog_environments.cli import export, insights, persons
from posthog_environments.cli.sandbox import sandbox as sandbox_command
from posthog_environments.client.resources import Insights, Persons
from posthog_environments.operations.insights import PLACES, TREND_ARGUMENTS, TrendArguments
from posthog_environments.operations.persons import PERSON_FILTERS, PersonFilters
from posthog_environments.query.arguments import Argument
from posthog_environments.query.operators import FIELDS as FILTER_FIELDS
from posthog_environments.query.series import FIELDS as SERIES_FIELDS
from posthog_environments.query.trend_filter import QUESTION_ARGUMENTS, QuestionArguments
from posthog_environments.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
# What methods take besides, each for itself.
OWN = {"self", "id", "timeout", "extra_query", "extra_body", "extra_headers"}
OF_LIST = {"page_size", "offset", "include_total", "created_since", "created_before", "near"}


def types_of(declared: Any) -> dict[str, str]:
    """Return the keys of a TypedDict, with their types as they are written."""
    return {name: kind.__forward_arg__ for name, kind in declared.__annotations__.items()}


@pytest.mark.parametrize(
    ("method", "declared", "table", "own"),
    [
        (Persons.list, PersonFilters, PERSON_FILTERS, OWN | OF_LIST),
        (Persons.csv, PersonFilters, PERSON_FILTERS, OWN),
        (Persons.properties_timeline, QuestionArguments, QUESTION_ARGUMENTS, OWN),
        (Insights.trend, TrendArguments, TREND_ARGUMENTS, OWN),
        (Insights.get_trend, TrendArguments, TREND_ARGUMENTS, OWN),
        (Insights.trend_csv, TrendArguments, TREND_ARGUMENTS, OWN),
    ],
)
def test_what_a_method_spells_is_what_is_declared(method: Any, declared: Any, table: Any, own: set[str]) -> None:
    parameters = inspect.signature(method).parameters.values()
    assert {each.name: each.annotation for each in parameters if each.name not in own} == types_of(declared)
    assert sorted(table) == sorted(types_of(declared))


@pytest.mark.parametrize(
    ("command", "table"),
    [
        (persons.list_, PERSON_FILTERS),
        (persons.csv, PERSON_FILTERS),
        (export.export, PERSON_FILTERS),
        (persons.timeline, QUESTION_ARGUMENTS),
        (insights.trend, TREND_ARGUMENTS),
        (insights.get_trend, TREND_ARGUMENTS),
        (insights.csv, TREND_ARGUMENTS),
    ],
)
def test_the_command_has_an_option_for_each(command: click.Command, table: dict[str, Argument]) -> None:
    assert table.keys() <= {each.name for each in command.params}
    assert all(cast("click.Option", each).help for each in command.params if each.name in table)


# ---------------------------------------------------------------------------------------------- to the wire

SAMPLES: dict[str, Any] = {
    "search": "acme",
    "email": "a@b.example",
    "distinct_id": "x",
    "properties": {"plan": "pro"},
    "events": ["buy"],
    "actions": [3],
    "date_from": "-30d",
    "date_to": "-1d",
    "interval": "week",
    "breakdown": "plan",
    "breakdown_type": "person",
    "breakdown_limit": 3,
    "breakdown_group_type_index": 1,
    "display": "ActionsBar",
    "formula": "A*2",
    "compare": True,
    "compare_to": "-1m",
    "filter_test_accounts": True,
    "refresh": True,
}
METHODS = {
    "persons.list": (PERSON_FILTERS, {}),
    "persons.csv": (PERSON_FILTERS, {}),
    "persons.properties_timeline": (QUESTION_ARGUMENTS, {}),
    "insights.trend": (TREND_ARGUMENTS, {"events": ["a"], "breakdown": "os"}),
    "insights.get_trend": (TREND_ARGUMENTS, {"events": ["a"], "breakdown": "os"}),
    "insights.trend_csv": (TREND_ARGUMENTS, {"events": ["a"], "breakdown": "os"}),
}


BY_KIND: dict[str, Any] = {"text": "x", "flag": True, "number": 3}
"""For arguments that any value of their kind will do for."""


def sent(name: str, trend_api: Any, **arguments: Any) -> tuple[str, Any]:
    """Return the query and the body of the request of a call."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, json={"detail": "No."})

    group, _, method = name.partition(".")
    key = {"project_id": 1, "api_key": "phx_x", "host": "http://127.0.0.1:1", "trend_api": trend_api}
    with Environment(**key, transport=httpx.MockTransport(answer)) as env, contextlib.suppress(BadRequestError):
        result = getattr(getattr(env, group), method)(*["1"] * (method == "properties_timeline"), **arguments)
        next(iter(result))
    return seen[0].url.query.decode(), json.loads(seen[0].content or "null")


@pytest.mark.parametrize("trend_api", ["legacy", "query"])
@pytest.mark.parametrize(("name", "argument"), [(name, each) for name, (table, _) in METHODS.items() for each in table])
def test_each_argument_is_handed_over(name: str, argument: str, trend_api: str) -> None:
    table, least = METHODS[name]
    value = SAMPLES[argument] if argument in SAMPLES else BY_KIND[table[argument].kind]
    assert sent(name, trend_api, **{**least, argument: value}) != sent(name, trend_api, **least)


def test_fields_that_are_written_by_hand_are_the_contracts() -> None:
    """They are keys of dicts, which no type checker looks at."""
    assert {field.wire for field in plan_of(Entity)} <= set(SERIES_FIELDS)
    assert {field.wire for field in plan_of(PropertyFilter)} <= set(FILTER_FIELDS)
    for path in (place.path for place in PLACES.values()):
        record: Any = TrendsQuery
        for name in path:
            fields = {field.wire: field.kind.record for field in plan_of(record)}
            assert name in fields, path
            record = fields[name]


# ---------------------------------------------------------------------------------------------- a name that changes

# A parameter or field of each operation that the library names.
RENAMED = {
    "listPersons": "search",
    "deletePerson": "delete_events",
    "deletePersonProperty": "$unset",
    "listPersonActivity": "page",
    "listPersonDeletions": "person_uuid",
    "getPersonPropertiesTimeline": "events",
    "getTrend": "formula",
}
RENAMED_FIELDS = {
    "PersonUpdate": "properties",
    "PersonBulkDeletion": "keep_person",
    "TrendQuery": "compare_to",
    "InsightTiming": "derived_name",
    "QueryRequest": "refresh",
}


def rename(contract: dict[str, Any]) -> None:
    methods = [method for item in contract["paths"].values() for method in item.values()]
    operations = {method["operationId"]: method for method in methods if "operationId" in method}
    for operation, name in RENAMED.items():
        parameters = operations[operation]["parameters"]
        at = next(at for at, each in enumerate(parameters) if resolve(contract, each)["name"] == name)
        parameters[at] = {**resolve(contract, parameters[at]), "name": f"{name}_new"}
    for schema, name in RENAMED_FIELDS.items():
        found = contract["components"]["schemas"][schema]
        found["properties"][f"{name}_new"] = found["properties"].pop(name)
        found["required"] = [each if each != name else f"{name}_new" for each in found.get("required", [])]


def resolve(contract: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = contract
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def test_a_name_that_changes_in_the_contract_fails_the_type_check(tmp_path: Path) -> None:
    """One of each operation, all at once: each is in what mypy says."""
    for folder in ("src", "generated", "scripts", "tests/typing/stubs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements/dev.in", tmp_path / "requirements")
    contract: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    rename(contract)
    (tmp_path / "openapi.yaml").write_text(json.dumps(contract, default=str), encoding="utf-8")
    for command in (["scripts/generate.py"], ["-m", "mypy", "src/posthog_environments/operations"]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
    for name in (*RENAMED.values(), *RENAMED_FIELDS.values()):
        assert f'"{name.removeprefix("$")}"' in done.stdout, (name, done.stdout)
    assert len({line.partition(":")[0] for line in done.stdout.splitlines() if ": error: " in line}) >= 6


def test_the_command_of_the_sandbox_has_the_defaults_of_the_class() -> None:
    parameters = inspect.signature(Sandbox).parameters
    # A copy, because a command keeps the help option of its first context.
    context = copy.copy(sandbox_command).make_context("sandbox", [])
    shared = {name: value for name, value in context.params.items() if name in parameters}
    assert {"port", "persons", "seed", "era", "rates", "oddities", "unscoped"} <= shared.keys()
    for name, default in shared.items():
        assert (default or None) == (parameters[name].default or None), name

"""The contract tells how the API is today: what is deprecated, where each operation went, and what servers send."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from drift import Contract
from evidence import Fact, Walk
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.contract.test_openapi import CONTRACT, OPERATIONS, REGISTRY, TEXT, parameters, reachable, resolve

ROOT = Path(__file__).resolve().parents[2]
OF_THE_PAGE = {
    "recordInsightTiming": "POST insights/timing/",
    "getTrend": "GET insights/trend/",
    "queryTrend": "POST insights/trend/",
    "listPersons": "GET persons/",
    "getPerson": "GET persons/{id}/",
    "updatePerson": "PATCH persons/{id}/",
    "deletePerson": "DELETE persons/{id}/",
    "listPersonActivity": "GET persons/{id}/activity/",
    "deletePersonProperty": "POST persons/{id}/delete_property/",
    "getPersonPropertiesTimeline": "GET persons/{id}/properties_timeline/",
}
BEYOND = {
    "runQuery": ("POST query/", ["query:read"]),
    "getQuery": ("GET query/{id}/", ["query:read"]),
    "bulkDeletePersons": ("POST persons/bulk_delete/", ["person:write"]),
    "listPersonDeletions": ("GET persons/deletion_status/", ["person:read"]),
}
TRENDS = {"getTrend", "queryTrend"}
SCHEMAS: dict[str, Any] = CONTRACT["components"]["schemas"]
FACTS = Walk(Contract(TEXT)).facts


def place(name: str) -> str:
    return OPERATIONS[name][0].replace("/api/environments/{project_id}/", "")


def operation(name: str) -> dict[str, Any]:
    return OPERATIONS[name][1]


def marks(name: str, keyword: str) -> dict[str, Any]:
    """Return the mark of evidence on a keyword of an operation, or on the whole of it."""
    found: dict[str, Any] = operation(name).get("x-evidence", {})
    mark: dict[str, Any] = found.get(keyword) or found.get("this", {})
    return mark


# --------------------------------------------------------------------------------------- where the operations are


def test_the_operations_of_the_page_keep_their_places() -> None:
    assert {name: place(name) for name in OPERATIONS if name not in BEYOND} == OF_THE_PAGE


@pytest.mark.parametrize("name", sorted(BEYOND))
def test_an_operation_beyond_the_page(name: str) -> None:
    where, scopes = BEYOND[name]
    assert place(name) == where
    assert operation(name)["security"] == [{"PersonalApiKey": scopes}]
    mark = operation(name)["x-evidence"]["this"]
    assert mark["basis"] == "external"


def test_each_part_of_what_is_beyond_the_page_says_where_it_is_known_from() -> None:
    """Operations, their parameters and statuses, and each component that none of the page's operations reaches."""
    old = {each["$ref"] for name in OF_THE_PAGE for each in reachable(OPERATIONS[name][1]) if "$ref" in each}
    new = {each["$ref"] for name in BEYOND for each in reachable(OPERATIONS[name][1]) if "$ref" in each} - old
    names = {reference.rpartition("/")[2] for reference in new}
    assert {"QueryRequest", "TrendsQuery", "QueryResult", "PersonBulkDeletion", "PersonDeletionPage"} <= names

    def belongs(fact: Fact) -> bool:
        first = re.split(r"[,.\[ ]", fact.where.removeprefix("answer ").removeprefix("header "))[0]
        return first in BEYOND or first in names

    facts = [fact for fact in FACTS if belongs(fact)]
    assert len(facts) > 150
    assert [
        f"{fact.where}: {fact.keyword}" for fact in facts if not fact.mark or fact.mark["basis"] != "external"
    ] == []


def test_the_trends_alone_are_deprecated() -> None:
    assert {name for name in OPERATIONS if operation(name).get("deprecated")} == TRENDS
    assert {name for name in OPERATIONS if "x-sunset" in operation(name)} == TRENDS
    for name in TRENDS:
        assert operation(name)["x-sunset"] == "2026-09-11"
        assert "2026-09-11" in operation(name)["description"]
        assert "`runQuery`" in operation(name)["description"]
        assert marks(name, "deprecated")["basis"] == marks(name, "x-sunset")["basis"] == "external"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_operation_names_its_successor(name: str) -> None:
    path = OPERATIONS[name][0].partition(" ")[2]
    assert operation(name)["x-successor"] == path.replace("/api/environments/", "/api/projects/", 1) != path
    assert marks(name, "x-successor")["basis"] == "external"


def test_timing_is_internal() -> None:
    assert {name for name in OPERATIONS if operation(name).get("x-audience") == "internal"} == {"recordInsightTiming"}


# ------------------------------------------------------------------------------------------- what an answer carries


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_answer_may_announce_an_end(name: str) -> None:
    for status, reference in operation(name)["responses"].items():
        headers = resolve(reference).get("headers", {})
        assert headers.keys() >= {"Deprecation", "Sunset", "Link"}, f"{name} {status}"
        if status == "429":
            assert "Retry-After" in headers
        if status == "401":
            assert "WWW-Authenticate" in headers


def test_both_forms_of_a_deprecation_are_described() -> None:
    text = CONTRACT["components"]["headers"]["Deprecation"]["description"]
    assert "`true`" in text
    assert "`@`" in text
    assert 'rel="successor-version"' in CONTRACT["components"]["headers"]["Link"]["description"]


def test_what_the_current_project_is() -> None:
    text = CONTRACT["components"]["parameters"]["ProjectId"]["description"]
    assert "last opened in the app" in text.replace("\n", " ")
    assert "2027-04-30" in text
    documents = [
        ROOT / "README.md",
        ROOT / "openapi.yaml",
        ROOT / "contract" / "arazzo.yaml",
        *(ROOT / "docs").glob("*.md"),
    ]
    for path in documents:
        assert not re.search(r"@current`?[^.\n]{0,40}key's own", path.read_text("utf-8")), path.name


def test_statuses_and_kinds_of_errors() -> None:
    for status in ("402", "409", "503", "504", "512", "513"):
        responses = [
            resolve(each[1]["responses"][status]) for each in OPERATIONS.values() if status in each[1]["responses"]
        ]
        assert responses, status
        for response in responses:
            for example in response["content"]["application/json"]["examples"].values():
                assert example["value"]["type"] == "server_error"
    body = SCHEMAS["ApiErrorBody"]
    assert "extra" in body["properties"]
    assert "additionalProperties" not in body
    assert set(body["properties"]["type"]["x-extensible-enum"]) == {
        "validation_error", "invalid_request", "authentication_error", "throttled_error", "server_error",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Series.labels", "Never parse"),
        ("Trend.next", "Never follow"),
        ("QueryResult", "`error` is there too"),
        ("PersonBulkDeletion", 'the text "false" too'),
    ],
)
def test_what_would_mislead_is_said(name: str, words: str) -> None:
    schema, _, field = name.partition(".")
    found = SCHEMAS[schema]["properties"][field] if field else SCHEMAS[schema]
    assert words in found["description"].replace("\n", " ")


def test_rates_are_said() -> None:
    text = CONTRACT["components"]["responses"]["TooManyRequests"]["description"].replace("\n", " ")
    for figure in ("240 a minute", "480 and 4,800", "1,200 or 2,400", "three at a time"):
        assert figure in text


# ------------------------------------------------------------------------------------------------ what a request says


def test_flags_that_act_by_presence_say_so() -> None:
    for name, flag in (("listPersons", "include_total"), ("deletePerson", "delete_events")):
        found = parameters(name, "query")[flag]
        assert "only when it is true" in found["description"].replace("\n", " ")
        assert "default" not in found["schema"]


def test_the_largest_page() -> None:
    limit = parameters("listPersons", "query")["limit"]
    assert limit["schema"]["maximum"] == 50_000
    assert "50,000" in limit["description"]


OPEN = {
    ("PropertyFilter", "operator"): {"starts_with", "not_ends_with", "between", "semver_eq", "is_cleaned_path_exact"},
    ("PropertyFilter", "type"): {"event_metadata", "person_metadata", "data_warehouse", "flag"},
    ("Entity", "math"): {"p75", "first_time_for_user", "unique_group", "p99_count_per_actor"},
    ("TrendsQueryNode", "math"): {"p75", "first_time_for_user", "unique_group", "p99_count_per_actor"},
    ("Display", None): {"Metric", "BoxPlot", "CalendarHeatmap"},
    ("Interval", None): {"second", "minute", "quarter", "year"},
    ("BreakdownType", None): {"event_metadata", "data_warehouse"},
    ("ActivityEntry", "activity"): {"updated", "delete_property", "split_person", "people_merged_into", "deleted"},
}


@pytest.mark.parametrize(("schema", "field"), OPEN, ids=str)
def test_lists_of_words_are_open_and_of_today(schema: str, field: str | None) -> None:
    found = SCHEMAS[schema] if field is None else SCHEMAS[schema]["properties"][field]
    assert "enum" not in found
    assert set(found["x-extensible-enum"]) >= OPEN[schema, field]
    assert len(set(found["x-extensible-enum"])) == len(found["x-extensible-enum"])


# -------------------------------------------------------------------------------------------------- nothing is idle


def unused(contract: dict[str, Any]) -> set[str]:
    """Return the components that nothing refers to."""
    text = json.dumps(contract)
    names = {
        f"#/components/{kind}/{name}"
        for kind, some in contract["components"].items()
        if kind != "securitySchemes"
        for name in some
    }
    return {name for name in names if f'"$ref": "{name}"' not in text}


def test_every_component_is_used() -> None:
    assert unused(CONTRACT) == set()
    more = yaml.safe_load(TEXT)
    more["components"]["schemas"]["Idle"] = {"type": "object"}
    assert unused(more) == {"#/components/schemas/Idle"}


# ------------------------------------------------------------------------------------------------ filters are typed

FILTER = {"key": "plan", "value": ["pro", "team"], "operator": "exact", "type": "person"}
GROUP = {"type": "OR", "values": [FILTER, {"type": "AND", "values": [{"key": "age"}]}]}
GOOD: tuple[Any, ...] = ([], {}, [FILTER], [GROUP], GROUP, [FILTER, GROUP], {"type": "AND", "values": []})
BAD: tuple[Any, ...] = (
    5, "x", [5], [[FILTER]], [{"value": 1}], {"key": "plan"}, {"type": "AND"}, {"type": "AND", "values": [5]},
    {"type": 1, "values": []}, [{"key": 5}], [{"key": "x", "operator": 5}],
)  # fmt: skip


@pytest.mark.parametrize(
    "field", ["TrendQuery.properties", "Entity.properties", "TrendFilter.properties", "TrendsQuery.properties"]
)
def test_the_filters_of_a_trend_and_of_its_echo_are_typed(field: str) -> None:
    schema, _, name = field.partition(".")
    place = f"urn:api#/components/schemas/{schema}/properties/{name}"
    judge = Draft202012Validator({"$ref": place}, registry=REGISTRY)
    for good in GOOD:
        assert judge.is_valid(good), good
    for bad in BAD:
        assert not judge.is_valid(bad), bad


def test_nothing_is_said_of_shapes_in_a_keyword_of_its_own() -> None:
    assert "x-shape" not in TEXT
    judges = ROOT / "tests" / "suites" / "prove" / "node" / "judges"
    for name in ("redocly.yaml", "redocly-3.0.yaml"):
        rules = yaml.safe_load((judges / name).read_text("utf-8"))["rules"]
        assert "no-unused-components" not in rules

"""The contract is honest: each fact is on the vendor's page, or a mark says where it comes from; and no mark is idle."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs_page import read
from drift import Contract, Located, statements
from evidence import Fact, Walk, cases, observed, page

from tests.sandbox.recorded_replay import exchanges

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "openapi.yaml").read_text("utf-8")
PAGE = read(Path(__file__).with_name("pages").joinpath("environments.txt").read_text("utf-8"))
CONTRACT = Contract(TEXT)
WALK = Walk(CONTRACT)
COMPONENTS = CONTRACT.root["components"]
# Marks on a keyword that is not there say that it is left out on purpose. These are all.
LEFT_OUT = {
    "DateTo default",
    "PropertyFilter.value type",
    "Series.days[] format",
}


def unmarked(contract: Contract) -> list[Fact]:
    """Return the facts that are neither on the page nor marked."""
    stated = statements(contract, PAGE)
    return [fact for fact in Walk(contract).facts if fact.mark is None and (id(fact.node), fact.keyword) not in stated]


def marks() -> Iterator[tuple[str, Located, str, dict[str, Any]]]:
    for where, node in WALK.seen.values():
        for keyword, mark in node.get("x-evidence", {}).items():
            yield where, node, keyword, mark


def raw_marks(node: Any) -> int:
    if isinstance(node, dict):
        return len(node.get("x-evidence", {})) + sum(raw_marks(value) for value in node.values())
    return sum(map(raw_marks, node)) if isinstance(node, list) else 0


def test_every_fact_is_on_the_page_or_marked() -> None:
    assert len(WALK.facts) > 700
    assert [f"line {fact.line}: {fact.where}: {fact.keyword}" for fact in unmarked(CONTRACT)] == []


def test_every_mark_is_on_an_object_that_states_something() -> None:
    assert len(list(marks())) > 150
    assert len(list(marks())) == raw_marks(CONTRACT.root), "a mark where nobody looks"


def test_every_mark_says_where_its_fact_comes_from() -> None:
    sources = CONTRACT.root["x-evidence-sources"]
    for where, _, keyword, mark in marks():
        spot = f"{where}: {keyword}"
        assert mark.keys() <= {"basis", "source", "page", "note"}, spot
        assert mark["basis"] in ("stated", "inferred", "external"), spot
        assert ("source" in mark) is (mark["basis"] == "external"), f"{spot}: external needs a source, others have none"
        assert mark.get("source", "person-api") in sources, f"{spot}: unknown source {mark.get('source')}"
        assert mark.get("source") != "page", f"{spot}: what comes from the page is stated, not external"
    assert {mark["source"] for _, _, _, mark in marks() if "source" in mark} == sources.keys() - {"page"}


def test_every_mark_names_a_keyword_of_its_object() -> None:
    left_out = set()
    for where, node, keyword, mark in marks():
        if keyword != "this" and keyword not in node:
            assert "page" in mark, f"{where}: no {keyword} here, and no word of what the page has"
            left_out.add(f"{where} {keyword}")
    assert left_out == LEFT_OUT


# A fact or a mark that is lost or made up, and what the checks above say of it.
FAULTS = [
    ("a field that nobody knows of", r"(        favorited: \{type: boolean\}\n)", r"\1        pinned: {type: boolean}\n", "InsightTiming.pinned: this"),
    ("a limit that nobody knows of", r"order: \{type: integer\}", "order: {type: integer, minimum: 0}", "InsightTiming.order: minimum"),
    ("a mark that is lost", r"          x-evidence: \{this: \{basis: external, source: person-api\}\}\n      responses", "      responses", "include_total: this"),
    ("a required field", r"(description: Fields of an insight\.\n)", r"\1      required: [name]\n", "InsightTiming: required"),
    ("an answer that nobody knows of", r"(    NoContent:\n)", r"    Teapot:\n      description: Short.\n      content: {application/json: {schema: {type: object}}}\n\1", "answer Teapot, application/json: this"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "named"), FAULTS, ids=[each[0] for each in FAULTS])
def test_what_is_made_up_is_found(what: str, old: str, new: str, named: str) -> None:
    changed, count = re.subn(old, new, TEXT)
    assert count == 1, what
    found = [f"{fact.where}: {fact.keyword}" for fact in unmarked(Contract(changed))]
    assert any(named in each for each in found), found


def test_a_keyword_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="minProperties"):
        Walk(Contract(TEXT.replace("order: {type: integer}", "order: {type: integer, minProperties: 0}")))


def test_the_table_is_in_step(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "evidence.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    text = page(CONTRACT)
    assert len(text.splitlines()) > len(WALK.facts)
    for name in ("drift", "docs_page", "evidence", "generated_page"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        (tmp_path / "scripts" / f"{name}.py").write_text((ROOT / "scripts" / f"{name}.py").read_text())
    (tmp_path / "scripts" / "evidence_cases.toml").write_text((ROOT / "scripts" / "evidence_cases.toml").read_text())
    recorded = tmp_path / "tests" / "sandbox" / "recorded"
    recorded.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "sandbox" / "recorded" / "exchanges.jsonl.gz", recorded)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "evidence.md").write_text(text)
    (tmp_path / "openapi.yaml").write_text(TEXT.replace("basis: inferred", "basis: external, source: dates", 1))
    command = [sys.executable, str(tmp_path / "scripts" / "evidence.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make generate" in done.stderr


def test_every_statement_that_servers_contradict_has_its_case() -> None:
    contradicted = {
        f"{where} {keyword}"
        for where, _, keyword, mark in marks()
        if "page" in mark and mark["basis"] == "external" and not where.startswith("server ")  # there it has a blank
    }
    cased = [mark for case in cases() for mark in case["marks"]]
    assert len(cased) == len(set(cased))
    assert set(cased) == contradicted


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["marks"][0])
def test_a_case_shows_what_a_server_was_seen_to_answer(case: dict[str, Any]) -> None:
    assert case.keys() <= {"page", "servers", "marks", "recorded", "show", "keys", "unseen"}
    assert ("recorded" in case) is not ("unseen" in case)
    recorded = {line["id"]: line for lines in exchanges().values() for line in lines}
    said = observed(case, recorded)
    assert said in page(CONTRACT).replace("\\|", "|")
    if "recorded" in case:
        assert f"→ {recorded[case['recorded']]['answer']['status']}" in said


# What the page gets wrong and costs data or breaks clients: where the contract says so, and what the page has.
DEPARTURES: list[tuple[str, str, str, str]] = [
    ("a deletion is accepted with 202", "answer Accepted", "this", "204"),
    ("a second deletion is a 404", "deletePerson", "description", ""),
    ("delete_events acts on presence", "deletePerson, query delete_events", "description", ""),
    ("an update is carried out later", "updatePerson", "description", ""),
    ("$unset is read from the body", "PropertyDeletion.$unset", "this", "query"),
    ("the deletion of a property answers 201", "answer PropertyDeleted", "this", "200"),
    ("its outcome may be a failure", "PropertyDeletionOutcome", "this", "No response body"),
    ("lists show the uuid as id", "Person.id", "type", "integer"),
    ("paths take the uuid", "parameter PersonKey, path id", "type", "integer"),
    ("count may be absent", "PersonPage.count", "type", "integer"),
    ("count must be asked for", "listPersons, query include_total", "this", ""),
    ("date_to is now by default", "DateTo", "default", "-7d"),
    ("timing answers 201", "answer TimingRecorded", "this", "200"),
    ("timing refuses personal keys", "recordInsightTiming", "description", ""),
    ("the timeline refuses personal keys", "getPersonPropertiesTimeline", "description", ""),
    ("the question of a trend may be in the query", "getTrend", "description", ""),
    ("filters are one JSON text", "listPersons, query properties", "type", "array"),
]


@pytest.mark.parametrize(("what", "where", "keyword", "has"), DEPARTURES, ids=[each[0] for each in DEPARTURES])
def test_what_the_page_gets_wrong_is_marked(what: str, where: str, keyword: str, has: str) -> None:
    found = [mark for place, _, name, mark in marks() if place == where and name == keyword]
    assert found, f"{what}: no mark"
    assert has in str(found[0].get("page", "")), f"{what}: the mark does not say what the page has"


def test_the_departures_are_there() -> None:
    """What the marks describe, the contract does."""
    operations = {str(node["operationId"]): node for _, _, _, node in CONTRACT.operations()}
    for name, statuses in {
        "deletePerson": {"202", "204"},
        "updatePerson": {"200", "202"},
        "deletePersonProperty": {"200", "201"},
        "recordInsightTiming": {"200", "201"},
    }.items():
        assert {status for status in operations[name]["responses"] if status < "300"} == statuses
    schemas = COMPONENTS["schemas"]
    assert "count" not in schemas["PersonPage"]["required"]
    assert schemas["Person"]["required"] == ["uuid"]
    for name in ("recordInsightTiming", "getPersonPropertiesTimeline"):
        assert operations[name]["security"] == [{"PersonalApiKey": []}]
        assert "403" in operations[name]["description"]
    (delete_events,) = [
        each for each in operations["deletePerson"]["parameters"] if each.get("name") == "delete_events"
    ]
    assert "default" not in delete_events["schema"]
    assert "only when it is true" in delete_events["description"]
    question = {CONTRACT.resolve(each["$ref"])["name"] for each in operations["getTrend"]["parameters"]}
    assert question == {*schemas["TrendQuery"]["properties"], "format"}, "GET takes what POST takes"

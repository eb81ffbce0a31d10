"""The contract is held against the vendor's page: what differs is found and named, and half a page is no page.

`pages/` has pages of the vendor's structure, oddities and facts included, with other prose.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from docs_page import PageError, read
from drift import Contract, Difference, compare, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).with_name("pages")
PAGE = (PAGES / "environments.txt").read_text("utf-8")
NEWER = (PAGES / "newer.txt").read_text("utf-8")
TEXT = (ROOT / "openapi.yaml").read_text("utf-8")
CONTRACT = Contract(TEXT)
SETTLED = ("explained", "note")
METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE"}


def unexplained(page: str, contract: Contract = CONTRACT) -> list[Difference]:
    return [found for found in compare(contract, read(page)) if found.verdict not in SETTLED]


def test_the_page_as_it_is() -> None:
    found = list(compare(CONTRACT, read(PAGE)))
    assert [str(each) for each in found if each.verdict not in SETTLED] == []
    assert sum(each.verdict == "explained" for each in found) > 150
    (note,) = [each for each in found if each.verdict == "note"]
    assert "breaks off" in note.text
    page = read(PAGE)
    assert len({(each.method, each.path) for each in page.operations if each.whole}) == 10
    assert len(page.operations) == 18


def test_the_newer_layout() -> None:
    """It shows two of the ten operations; what it shows, it states as the older one does, but for the prose."""
    gone = [each for each in unexplained(NEWER) if each.verdict == "gone there"]
    assert [each for each in unexplained(NEWER) if each not in gone] == []
    assert len(gone) == 8
    older = {(each.method, each.path): each for each in read(PAGE).operations if each.whole}
    for each in read(NEWER).operations:
        assert each.facts() == older[each.method, each.path].facts()


def with_fences(page: str) -> str:
    """Dress the newer layout as Markdown: fences, headings, a table of the endpoints."""
    table = (
        "| Method | Endpoint |\n|---|---|\n| POST | `/api/environments/:project_id/insights/trend` |\n"
        "| DELETE | `/api/environments/:project_id/persons/:id` |\n"
    )
    page = page.replace("POST\nDELETE\nDELETE\n", table)
    page = re.sub(r"(?m)^(Path parameters|Query parameters|Example request)$", r"### \1", page)
    return re.sub(r"(?m)^(POST|DELETE) /api.*\n(?:.+\n)+", lambda match: f"```bash\n{match.group()}```\n", page)


def test_markdown_with_fences_and_a_table() -> None:
    dressed = with_fences(NEWER)
    assert dressed.count("```") == 6
    assert [str(each)[9:] for each in unexplained(dressed)] == [str(each)[9:] for each in unexplained(NEWER)]
    listed = dressed.replace("| DELETE |", "| GET | `/api/environments/:project_id/persons` |\n| DELETE |", 1)
    (found,) = [each for each in unexplained(listed) if each.page is not None]
    assert (found.verdict, found.where) == ("changed", "GET /api/environments/{project_id}/persons/")
    assert "does not describe it" in found.text


# --------------------------------------------------------------------------------- one fact of the page at a time

# What is replaced by what, in how many copies, the verdict, and what the line must name.
MUTATIONS: list[tuple[str, str, str, str, str]] = [
    ("an operation is gone", r"(?s)Create environments insights timing.*?(?=Retrieve environments insights trend)", "",
     "gone there", "recordInsightTiming"),
    ("an operation is new", r"(?s)(Create environments insights timing\n.*?)insights /timing(.*?)insights/timing/",
     r"\1insights /lapse\2insights/lapse/", "missing here", "POST /api/environments/{project_id}/insights/lapse/"),
    ("a method changes", r"(?s)PATCH\n(.*?)-X PATCH", r"PUT\n\1-X PUT", "missing here", "PUT /api/environments"),
    ("a path changes", r"/activity\b", "/log", "missing here", "/log/"),
    ("a scope changes", "activity_log:read", "audit_log:read", "changed", "listPersonActivity: security audit_log:read"),
    ("a scope is new", r"(?m)(properties timeline\n.*\n.*\n.*\n)(?=Path)", r"\1Required API key scopes\nperson:read\n",
     "missing here", "getPersonPropertiesTimeline: security person:read"),
    ("a scope is gone", r"Required API key scopes\nactivity_log:read\n", "", "gone there",
     "listPersonActivity: security nowhere"),
    ("a second scope", "activity_log:read", "activity_log:read\nperson:read", "changed", "activity_log:read|person:read"),
    ("a status changes", "Status 204", "Status 202", "changed", "deletePerson, status 202"),
    ("a status that nobody has", "Status 204", "Status 207", "missing here", "deletePerson, status 207"),
    ("an answer gets a body", r"Status 204 No response body", 'Status 204\n{"gone": true}', "missing here",
     "deletePerson, status 204: a body on the page"),
    ("an answer loses its body", r"Status 200\n\{\"is_cached.*", "Status 200 No response body", "changed",
     "queryTrend, status 200: no body on the page"),
    ("a query parameter is new", "- emailstring\n", "- emailstring\nProse.\n- cohortinteger\n", "missing here",
     "listPersons, query cohort"),
    ("a query parameter is gone", r"- searchstring\n.*\n", "", "gone there", "listPersons, query search"),
    ("a query parameter is renamed", "- searchstring", "- querystring", "missing here", "listPersons, query query"),
    ("the type of a query parameter", "- limitinteger", "- limitstring", "changed", "listPersons, query limit: type string"),
    ("the type is gone", "- limitinteger", "- limit", "gone there", "listPersons, query limit: type nowhere"),
    ("a type that a mark quotes", "- propertiesarray", "- propertiesobject", "changed",
     "listPersons, query properties: type object on the page, string here; the mark says that the page has array"),
    ("the page comes to our type", "- propertiesarray", "- propertiesstring", "changed",
     "listPersons, query properties: type string, as here, but the mark says"),
    ("the type of an id in the path", "- idinteger", "- idstring", "changed", "path id: type string, as here"),
    ("a path parameter is renamed", "- idinteger", "- keyinteger", "missing here", "path key"),
    ("a value of an enum is new", '"csv"\n"json"', '"csv"\n"json"\n"xml"', "changed", "query format: enum csv|json|xml"),
    ("a value of an enum is gone", '"csv"\n"json"', '"csv"', "changed", "query format: enum csv on the page"),
    ("an enum is gone", 'stringOne of:\n"csv"\n"json"', "string", "gone there", "query format: enum nowhere"),
    ("an enum is new", "- emailstring", '- emailstringOne of:\n"a"\n"b"', "missing here", "query email: enum a|b"),
    ("a value of a chain is new", "- hogql\n", "- hogqlteam\n- team\n", "changed", "breakdown_type: x-extensible-enum event|person|"),
    ("a value of a chain is gone", "- cohortgroup\n- groupsession", "- cohortsession", "changed", "breakdown_type: x-extensible-enum"),
    ("a value of a chain changes", "- ActionsPieActionsBar\n- ActionsBarActions",
     "- ActionsPieActionsColumn\n- ActionsColumnActions", "changed", "display: x-extensible-enum"),
    ("a default changes", r"- date_fromstringDefault:\n-7d", "- date_fromstringDefault:\n-14d", "changed",
     "body date_from: default -14d"),
    ("a default is gone", r"- date_fromstringDefault:\n-7d\n", "- date_fromstring\n", "gone there",
     "body date_from: default nowhere"),
    ("a default is new", "- formulastring", "- formulastringDefault:\nA", "missing here", "body formula: default A"),
    ("a default that a mark quotes", r"- date_tostringDefault:\n-7d", "- date_tostringDefault:\n-1d", "changed",
     "body date_to: default -1d on the page, none here; the mark says that the page has -7d"),
    ("the default of an enum", r"displayDefault:\nActionsLineGraph", "displayDefault:\nActionsTable", "changed",
     "body display: default ActionsTable"),
    ("a field of a body is new", "- favoritedboolean", "- favoritedboolean\n- pinnedboolean", "missing here",
     "recordInsightTiming, body pinned"),
    ("a field of a body is gone", "- favoritedboolean\n", "", "gone there", "recordInsightTiming, body favorited"),
    ("a field of a body moves to the query", r"(Request parameters\n)- namestring\n",
     r"- namestring\n\1", "missing here", "recordInsightTiming, query name"),
    ("the type of a field", "- orderinteger", "- ordernumber", "changed", "body order: type number"),
    ("a type where there was none", r"- filters\n", "- filtersobject\n", "missing here", "body filters: type object"),
    ("a field is deprecated", r"- descriptionstring\n", "- descriptionstring\nDEPRECATED. Prose.\n", "missing here",
     "body description: deprecated true"),
    ("a field is deprecated no more", "DEPRECATED. Prose", "Prose", "gone there", "body dashboards: deprecated nowhere"),
    ("what is marked as known from elsewhere comes", "- formulastring", "- formulastring\nProse.\n- intervalstring",
     "changed", "body interval: is on the page, and marked as external, insight-api"),
    ("a field of an answer is new", r'"name": "string",', r'"name": "string","nick": "string",', "missing here",
     "answer nick"),
    ("a nested field of an answer is new", r'"values": \[\{', r'"values": [{"negated": true,', "missing here",
     "properties.values[].negated"),
    ("a field of an answer is gone", r'"timezone": "UTC",', "", "gone there", "queryTrend, answer timezone"),
    ("a field of an answer is renamed", '"is_cached"', '"cached"', "missing here", "queryTrend, answer cached"),
    ("the type of a field of an answer", '"is_cached": true', '"is_cached": 1', "changed",
     "answer is_cached: type integer on the page"),
    ("the type of a field without a mark", r'"distinct_ids": \["string"\]', '"distinct_ids": [0]', "changed",
     "answer distinct_ids[]: type integer"),
    ("a format", r'"uuid": "095[^"]*"', '"uuid": "string"', "gone there", "answer uuid: format nowhere"),
    ("a format that was not", r'"timezone": "UTC"', '"timezone": "2019-08-24T14:15:22Z"', "missing here",
     "answer timezone: format date-time"),
    ("the nesting of an answer", r'"filter": \{', '"filter": {"extra": {"deep": [{"x": 1}]},', "missing here",
     "answer result[].filter.extra.deep[].x"),
    ("null becomes a value", r'"properties": null', '"properties": 5', "missing here", "answer properties: type integer"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "verdict", "named"), MUTATIONS, ids=[each[0] for each in MUTATIONS])
def test_one_fact_changes(what: str, old: str, new: str, verdict: str, named: str) -> None:
    changed, count = re.subn(old, new, PAGE)
    assert count, what
    found = unexplained(changed)
    assert any(each.verdict == verdict and named in f"{each.where}: {each.text}" for each in found), found
    # Nothing else of the page is blamed: whatever is reported stands in the operations that were touched.
    touched = {each.where.split(",")[0] for each in found}
    assert len(found) <= 3 * count, found
    assert touched
    for each in found:
        if each.page is not None:
            assert each.page <= len(changed.splitlines())
        if each.contract is not None:
            assert 0 < each.contract <= len(TEXT.splitlines())


def test_the_lines_are_right() -> None:
    changed = PAGE.replace("- orderinteger", "- ordernumber")
    (found,) = unexplained(changed)
    assert found.page is not None
    assert found.contract is not None
    assert changed.splitlines()[found.page - 1] == "- ordernumber"
    assert TEXT.splitlines()[found.contract - 1].strip() == "order: {type: integer}"


def test_copies_that_disagree() -> None:
    at = PAGE.index("- searchstring")
    for changed in (PAGE[:at] + "- searchinteger" + PAGE[at + 14 :], PAGE.replace("- delete_eventsboolean", "- x", 1)):
        assert any("two copies disagree" in each.text for each in unexplained(changed))


# ----------------------------------------------------------------------------- one fact of the contract at a time

HERE: list[tuple[str, str, str, str, str]] = [
    ("a parameter is dropped", r"(?s)        - name: search\n.*?example: acme\n", "", "missing here", "listPersons, query search"),
    ("a parameter is added", r"(        - name: email\n)", r"        - {name: age, in: query, schema: {type: integer}}\n\1",
     "gone there", "listPersons, query age"),
    ("a scope is widened", r"\['activity_log:read'\]", "['activity_log:write']", "changed", "listPersonActivity: security"),
    ("a type is wrong", r"order: \{type: integer\}", "order: {type: string}", "changed", "body order: type integer"),
    ("a default is invented", r"formula:\n          type: string\n", "formula:\n          type: string\n          default: A\n",
     "gone there", "body formula: default nowhere"),
    ("a value is misspelt beside a mark", "- ActionsPie\n", "- ActionsPies\n", "changed",
     "body display: x-extensible-enum has ActionsPie on the page, and not here"),
    ("an enum is closed further", r"enum: \[csv, json\]", "enum: [json]", "changed", "query format: enum csv|json"),
    ("a mark is lost", r"type: \{basis: external, source: person-api, page: integer, note: Lists.*\}",
     "description: {basis: inferred}", "changed", "path id: type integer"),
    ("the mark of a field is lost", r"(cached answer.\n)          x-evidence: .*\n", r"\1", "gone there", "body refresh"),
    ("a deprecation is lost", r"          deprecated: true\n          description: \|\n            Ids", "          description: |\n            Ids",
     "missing here", "body dashboards: deprecated true"),
    ("an answer is dropped", r"'204': \{\$ref: '#/components/responses/NoContent'\}\n", "'206': {$ref: '#/components/responses/NoContent'}\n",
     "missing here", "deletePerson, status 204"),
    ("a field of an answer is dropped", r"(?s)        is_cached:\n          type: \[boolean, 'null'\]\n.*?\n        last_refresh", "        last_refresh",
     "missing here", "answer is_cached"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new", "verdict", "named"), HERE, ids=[each[0] for each in HERE])
def test_one_fact_of_the_contract_changes(what: str, old: str, new: str, verdict: str, named: str) -> None:
    changed, count = re.subn(old, new, TEXT)
    assert count, what
    found = unexplained(PAGE, Contract(changed))
    assert any(each.verdict == verdict and named in f"{each.where}: {each.text}" for each in found), found


# ------------------------------------------------------------------------------------------------- half a page


def test_no_cut_is_taken_for_the_whole() -> None:
    """Wherever the page ends, it is in step only where everything has been said once before."""
    lines = PAGE.splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("Status 200 No response body"))
    outcomes = set()
    for length in range(len(lines)):
        text = "\n".join(lines[:length])
        try:
            step = not unexplained(text)
        except PageError:
            outcomes.add("unreadable")
            continue
        outcomes.add("in step" if step else "differs")
        assert not step or length > last, f"the first {length} lines pass for the whole page"
    assert outcomes == {"unreadable", "in step", "differs"}


def test_no_cut_within_the_last_copy_matters() -> None:
    start = PAGE.rindex("Retrieve environments persons properties timeline")
    for length in range(start + 1, len(PAGE)):
        assert unexplained(PAGE[:length]) == [], PAGE[start:length][-80:]


def test_no_line_can_go_unnoticed() -> None:
    """Without any one line that states something, the page differs, cannot be read, or a copy is said to break off."""
    lines = PAGE.splitlines()
    notes = sum(each.verdict == "note" for each in compare(CONTRACT, read(PAGE)))
    end = PAGE[: PAGE.rindex("Retrieve environments persons properties timeline")].count("\n")
    unnoticed = []
    for number in range(end):
        text = "\n".join([*lines[:number], *lines[number + 1 :]])
        try:
            found = list(compare(CONTRACT, read(text)))
            if [each for each in found if each.verdict not in SETTLED]:
                continue
            if sum(each.verdict == "note" for each in found) > notes:
                continue
        except PageError:
            continue
        unnoticed.append(lines[number])
    prose = [line for line in unnoticed if not is_structure(line)]
    assert [line for line in unnoticed if line not in prose] == []
    assert len(prose) > 100


def is_structure(line: str) -> bool:
    """Tell whether a line states something; prose, the command and headings without a meaning do not."""
    if line in ("Response", "Environments-8") or line.startswith(("export ", "-d ")):
        return False
    return bool(
        line in METHODS
        or re.match(r"(- [$\w]+$|/api|Status|\{|Request|Path|Query|Required|\w+:(read|write)$|\"(csv|json)\")", line)
    )


# ------------------------------------------------------------------------------ in any order, complete or cut


def copies(page: str = PAGE) -> list[str]:
    """Part the page at its operations: the head, and each copy."""
    lines = page.splitlines()
    starts = [each.line - 1 for each in read(page).operations]
    return ["\n".join(lines[a:b]) for a, b in pairwise([0, *starts, len(lines)])]


def test_the_order_does_not_matter() -> None:
    head, *rest = copies()
    assert len(rest) == 18
    whole, cut = rest[:-1], rest[-1:]
    orders = [rest[::-1], [*cut, *whole], [*whole[9:], *cut, *whole[:9]], sorted(rest)]
    orders += [random.Random(seed).sample(rest, len(rest)) for seed in range(20)]
    for order in orders:
        assert unexplained("\n".join([head, *order])) == []


@pytest.mark.parametrize("at", range(18))
def test_a_copy_breaks_off_in_the_middle_of_the_page(at: int) -> None:
    """Wherever it does: what there is of it is held against the whole copy, and if there is none, it is named."""
    head, *rest = copies()
    lines = rest[at].splitlines()
    place = read(PAGE).operations[at]
    twice = sum((each.method, each.path) == (place.method, place.path) and each.whole for each in read(PAGE).operations)
    for length in (1, 2, len(lines) // 3, len(lines) // 2, len(lines) - 1):
        page = "\n".join([head, *rest[:at], "\n".join(lines[:length]), *rest[at + 1 :]])
        found = unexplained(page)
        if twice > 1 or at == len(rest) - 1:
            assert found == [], (length, lines[:length][-1:])
        else:
            # Of no more than a title nothing is known but that the operation is gone.
            said = "breaks off" if length > 2 else "breaks off|the page has no such operation"
            assert any(re.search(said, each.text) for each in found), (length, lines[:length][-1:])
            named = f"{place.method} {place.path}"
            assert any(named in each.where for each in found), (length, found)


def test_a_copy_that_breaks_off_and_says_something_else() -> None:
    head, *rest = copies()
    changed = rest[-1].replace("- idinteger", "- keyinteger")
    found = unexplained("\n".join([head, changed, *rest]))
    assert any("is in a copy that breaks off, and not in the whole one" in each.text for each in found)


SCOPES = [
    ("person:delete", "person:delete"), ("person.read", "person.read"), ("persons", "persons"), ("*", "*"),
    ("PERSON:READ", "PERSON:READ"), ("person:read, cohort:read", "person:read|cohort:read"),
    ("person:read\ncohort:read", "person:read|cohort:read"), ("`person:read`", None), ("project:person:read", "project:"),
    ("no scope is wanted", "no scope is wanted"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "named"), SCOPES, ids=[each[0] for each in SCOPES])
def test_a_scope_that_nobody_knows_is_named(word: str, named: str | None) -> None:
    found = unexplained(re.sub(r"(?m)^person:read$", word, PAGE))
    assert {each.where for each in found} == ({"listPersons", "getPerson"} if named else set())
    for each in found:
        assert each.verdict == "changed"
        assert f"security {named}" in each.text


NEW = """List environments persons cohorts
Required API key scopes
cohort:read
Path parameters
- project_idstring
Request
GET
/api /environments /:project_id /persons /cohorts
export KEY=[your personal api key]curl \\<ph_app_host>/api/environments/:project_id/persons/cohorts/
Response
Status 200 No response body
"""


def test_a_new_operation_is_named_wherever_it_stands() -> None:
    head, *rest = copies()
    for at in (0, 5, len(rest) - 1):
        for copy in (NEW, NEW.partition("Response")[0]):
            found = unexplained("\n".join([head, *rest[:at], copy.rstrip("\n"), *rest[at:]]))
            (line,) = found
            assert line.where == "GET /api/environments/{project_id}/persons/cohorts/"
            assert line.verdict == ("missing here" if copy is NEW else "changed")


def test_each_operation_that_is_gone_is_named() -> None:
    head, *rest = copies()
    page = read(PAGE).operations
    for method, path in {(each.method, each.path) for each in page if each.whole}:
        title = next(each.title for each in page if (each.method, each.path) == (method, path))
        kept = [copy for copy, each in zip(rest, page, strict=True) if each.title != title]
        found = unexplained("\n".join([head, *kept]))
        assert [each.verdict for each in found if f"{method} {path}" in each.where] == ["gone there"]
        assert len(found) == 1


def test_operations_that_moved_to_their_successors() -> None:
    """A page that has them under projects tells the same; one that names another place does not."""
    moved = PAGE.replace("/api /environments ", "/api /projects ").replace("/api/environments/", "/api/projects/")
    assert unexplained(moved) == []
    found = [each for each in compare(CONTRACT, read(moved)) if "x-successor" in each.text]
    assert len(found) == 10
    assert unexplained(PAGE.replace("/api /environments ", "/api /teams ").replace("/api/environments/", "/api/teams/"))


def test_further_statuses() -> None:
    body = 'Status 204 No response body\nStatus 404\nRESPONSE\n{"type": "x",\n"code": "y"}\nStatus 418 No response body'
    found = unexplained(PAGE.replace("Status 204 No response body", body))
    assert [(each.verdict, each.where) for each in found] == [("missing here", "deletePerson, status 418")]
    assert unexplained(PAGE.replace("Status 204 No response body", body.rpartition("\n")[0])) == []


def test_an_operation_that_the_page_calls_deprecated() -> None:
    changed = PAGE.replace("List all environments persons\n", "List all environments persons\nDeprecated\n")
    (found,) = unexplained(changed)
    assert (found.verdict, found.where) == ("missing here", "listPersons")
    assert "deprecated true" in found.text
    changed = PAGE.replace(
        "Retrieve environments insights trend\n", "Retrieve environments insights trend\nDeprecated\n"
    )
    assert unexplained(changed) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Not found.",
        "<html><body>Sign in</body></html>",
        '{"openapi": "3.1.0"}',
        PAGE.replace("Endpoints\n", ""),
        PAGE.replace("Status 204 No response body", "Status 204 Some body"),
        PAGE.replace('"is_cached": true', '"is_cached": tru'),
        PAGE.replace("/persons/:id/ -X", "/people/:id/ -X").replace(":project_id/persons/\n", ":project_id/people/\n"),
        PAGE.replace("One of:\n", "One of:\nnothing\n", 1),
    ],
)
def test_what_is_no_page(text: str) -> None:
    with pytest.raises(PageError):
        unexplained(text)


@pytest.mark.parametrize(
    "text",
    [
        PAGE.replace("Query parameters", "Query arguments"),
        PAGE.replace("- orderinteger", "orderinteger of some kind\n- what is this"),
    ],
)
def test_what_reads_as_prose_leaves_a_gap(text: str) -> None:
    assert unexplained(text)


# ------------------------------------------------------------------------------------------------ the command


def run(*args: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "drift.py"), *args]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def test_exit_codes_and_output(tmp_path: Path) -> None:
    done = run(str(PAGES / "environments.txt"))
    assert done.returncode == 0
    assert "in step" in done.stderr
    assert len(done.stdout.splitlines()) > 150
    assert all(
        re.match(r"page (\d+|-), contract (\d+|-): (explained|note): ", line) for line in done.stdout.splitlines()
    )
    done = run("-q", "-", text=PAGE.replace("- orderinteger", "- ordernumber"))
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert re.fullmatch(
        r"page \d+, contract \d+: changed: recordInsightTiming, body order: type number on the page, integer here", line
    )
    for argument in (str(tmp_path / "nowhere.txt"), str(tmp_path)):
        done = run(argument)
        assert (done.returncode, done.stdout) == (2, "")
        assert "cannot be read" in done.stderr
    done = run("-", text="hello")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_skeleton_of_what_is_unknown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE)
    assert main(["--scaffold", str(page)]) == 0
    assert capsys.readouterr().out == ""
    page.write_text(PAGE.replace("/persons", "/groups"))
    assert main(["--scaffold", str(page)]) == 0
    paths = yaml.safe_load(capsys.readouterr().out)["paths"]
    assert len(paths) == 5
    listing = paths["/api/environments/{project_id}/groups/"]["get"]
    assert listing["security"] == [{"PersonalApiKey": ["person:read"]}]
    assert {"name": "limit", "in": "query", "schema": {"type": "integer"}} in listing["parameters"]
    answer = listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"]["results"]["items"]["properties"]["uuid"] == {"type": "string", "format": "uuid"}


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\n\n")])
def test_line_ends_and_empty_lines_do_not_matter(change: Callable[[str], str]) -> None:
    assert unexplained(change(PAGE)) == []

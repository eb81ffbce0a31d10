"""Each derived form is in step, valid, and works: samples and requests are answered by a sandbox."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import forms
import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV30SpecValidator, validate
from samples import PYTHON, Sample, calls, curl, python, with_samples

from posthog_environments.cli.spec import FORMS
from posthog_environments.sandbox import Sandbox
from tests.contract.test_sandbox_answers import check

ROOT = Path(__file__).resolve().parents[2]
CONTRACT: dict[str, Any] = yaml.safe_load(forms.SOURCE.read_text("utf-8"))
CALLS = {call.name: call for call in calls(CONTRACT)}
PERSON = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
OTHER = "0190d2a4-5b1f-7c3e-9d4a-2f6b8c0e1a35"
QUERY = "0190d2a45b1f7c3e9d4a2f6b8c0e1a35"


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forms")
    forms.write(folder)
    return folder


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.suffix == ".json" else yaml.safe_load(path.read_text("utf-8"))


# ------------------------------------------------------------------------------------------------------------ in step


def test_what_is_committed_is_in_step() -> None:
    assert forms.out_of_step() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        (
            "openapi.yaml",
            "type: integer",
            "type: number",
            {*forms.COMMITTED, "types.ts"} - {"llms.txt", "postman.json"},
        ),
        ("openapi.yaml", "summary: List persons", "summary: Persons", {*forms.COMMITTED, "types.ts"}),
        ("openapi.yaml", "basis: inferred", "basis: stated", {"openapi-3.0.yaml", "openapi-projects.yaml"}),
        ("contract/types.ts", "export interface paths", "export interface Paths", {"types.ts"}),
        ("contract/postman.json", "List persons", "List", {"postman.json"}),
        ("contract/llms.txt", "List persons", "List", {"llms.txt"}),
    ],
)
def test_what_is_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, named: set[str]
) -> None:
    shutil.copytree(ROOT / "contract", tmp_path / "contract")
    (tmp_path / "openapi.yaml").write_text(forms.SOURCE.read_text("utf-8"), "utf-8")
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(forms, "SOURCE", tmp_path / "openapi.yaml")
    monkeypatch.setattr(forms, "FOLDER", tmp_path / "contract")
    monkeypatch.setattr(forms, "TYPES", tmp_path / "contract" / "types.ts")
    assert {line.split()[0] for line in forms.out_of_step()} == named


def test_the_command_says_so(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "contract", tmp_path / "contract")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "openapi.yaml").write_text(forms.SOURCE.read_text("utf-8"), "utf-8")
    command = [sys.executable, str(tmp_path / "scripts" / "forms.py")]
    assert subprocess.run([*command, "--check"], check=False).returncode == 0
    (tmp_path / "contract" / "llms.txt").unlink()
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "llms.txt is out of step with openapi.yaml. Run: make generate\n")
    assert subprocess.run(command, check=False).returncode == 0
    assert subprocess.run([*command, "--check"], check=False).returncode == 0


def test_the_command_lists_them_all(every: Path) -> None:
    assert {path.name for path in every.iterdir()} == set(FORMS)


# -------------------------------------------------------------------------------------------------------------- valid


def test_json_and_yaml_say_the_same(every: Path) -> None:
    assert load(every / "openapi.json") == with_samples(CONTRACT)
    for name in ("openapi-3.0", "openapi-projects"):
        assert load(every / f"{name}.json") == load(every / f"{name}.yaml")
    assert (every / "openapi.yaml").read_bytes() == forms.SOURCE.read_bytes()
    assert (every / load(every / "arazzo.yaml")["sourceDescriptions"][0]["url"]).exists()


@pytest.mark.parametrize("name", ["openapi.json", "openapi-projects.json", "openapi-bundle.json"])
def test_it_is_valid(every: Path, name: str) -> None:
    validate(load(every / name))


def test_3_0_is_valid(every: Path) -> None:
    assert list(OpenAPIV30SpecValidator(load(every / "openapi-3.0.json")).iter_errors()) == []


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def test_the_bundle_refers_to_what_holds_itself_alone(every: Path) -> None:
    found = load(every / "openapi-bundle.json")
    assert found["x-recursive"] == ["PropertyFilterEntry", "PropertyFilterGroup"]
    assert set(references(found)) == {f"#/components/schemas/{name}" for name in found["x-recursive"]}
    assert found["components"]["schemas"].keys() == set(found["x-recursive"])
    assert [call.name for call in calls(found)] == list(CALLS)


def test_a_component_that_holds_itself_is_found() -> None:
    schemas = {"A": {"items": {"$ref": "#/components/schemas/B"}}, "B": {"items": {"$ref": "#/components/schemas/B"}}}
    contract = {"components": {"schemas": schemas, "securitySchemes": {}}, "paths": {"/": {"x": schemas["A"]}}}
    found = forms.bundle(contract)
    assert found["x-recursive"] == ["B"]
    assert found["paths"]["/"]["x"] == {"items": {"$ref": "#/components/schemas/B"}}


def examples(node: Any) -> Iterator[tuple[str, Any]]:
    """Find the examples of bodies, with the component that each is one of."""
    if isinstance(node, dict):
        reference = node.get("schema", {}).get("$ref", "") if isinstance(node.get("schema"), dict) else ""
        if reference:
            yield from ((reference.rpartition("/")[2], each["value"]) for each in node.get("examples", {}).values())
        for each in node.values():
            yield from examples(each)


def test_json_schema_takes_the_examples_of_the_contract(every: Path) -> None:
    schema = load(every / "json-schema.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$defs"].keys() == CONTRACT["components"]["schemas"].keys()
    found = list(examples(CONTRACT))
    assert len(found) > 30
    for name, value in found:
        # By itself and in a list: a component can be referred to, and refers to others.
        one = {**schema, "$ref": f"#/$defs/{name}"}
        assert list(Draft202012Validator(one).iter_errors(value)) == [], name
    wrong = Draft202012Validator({**schema, "$ref": "#/$defs/PersonPage"})
    assert list(wrong.iter_errors({"next": None, "previous": None, "results": [{"uuid": None}]}))


def test_pages_name_all_there_is(every: Path) -> None:
    page, llms = ((every / name).read_text("utf-8") for name in ("reference.md", "llms.txt"))
    for call in CALLS.values():
        assert f"`{call.method} {call.path}` · `{call.name}`" in page
        assert f"`{call.method} {call.path}` (`{call.name}`)" in llms
    for name in CONTRACT["components"]["schemas"]:
        assert f"\n### {name}\n" in page
    anchors = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.splitlines()}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors
    assert set(re.findall(r"\]\(([\w.-]+)\)", llms)) <= set(FORMS)
    assert page.count("```python") == page.count("```sh") == len(CALLS)


# --------------------------------------------------------------------------------------------------- samples, requests


@pytest.fixture(scope="module")
def boxes() -> Iterator[dict[str, tuple[Sandbox, Iterator[str]]]]:
    """Start a sandbox of each age that the samples need, with persons who are not used up."""
    with ExitStack() as stack:
        found = {}
        for era in ("2025", "2026-09"):
            box = stack.enter_context(Sandbox(persons=200, era=era, rates=False, oddities=False, lag=0))
            headers = {"Authorization": f"Bearer {box.api_key}"}
            url = f"{box.host}/api/projects/{box.project_id}"
            rows = httpx.get(f"{url}/persons/", params={"limit": 200}, headers=headers).json()["results"]
            found[era] = box, iter([row["uuid"] for row in rows])
            if era != "2025":
                query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}]}
                asked = {"query": query, "refresh": "force_async", "client_query_id": QUERY}
                httpx.post(f"{url}/query/", json=asked, headers=headers).raise_for_status()
        yield found


@pytest.fixture
def at(boxes: dict[str, tuple[Sandbox, Iterator[str]]]) -> Callable[[str], tuple[Sandbox, dict[str, str]]]:
    """Return the sandbox that has an operation, and persons of its own for those in the samples."""

    def find(name: str) -> tuple[Sandbox, dict[str, str]]:
        gone = name in ("getTrend", "queryTrend", "getPersonPropertiesTimeline")
        box, persons = boxes["2025" if gone else "2026-09"]
        return box, {PERSON: next(persons), OTHER: next(persons)}

    return find


At = Callable[[str], tuple[Sandbox, dict[str, str]]]


def put(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("prefix", ["environments", "projects"])
@pytest.mark.parametrize("name", CALLS)
def test_the_sample_in_curl_runs(every: Path, at: At, name: str, prefix: str) -> None:
    document = load(every / ("openapi.json" if prefix == "environments" else "openapi-projects.json"))
    (call,) = [each for each in calls(document) if each.name == name]
    source = call.operation["x-codeSamples"][0]["source"]
    assert f"/api/{prefix}/" in source
    box, known = at(name)
    script = put(source, known).replace("curl ", "curl --silent --write-out '\\n%{http_code}' ", 1)
    environ = {**os.environ, **box.environ, "NO_PROXY": "*"}
    done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    assert status in call.operation["responses"]
    assert status < "300", body


@pytest.mark.parametrize("name", CALLS)
def test_the_sample_in_python_runs(at: At, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    box, known = at(name)
    for key, value in box.environ.items():
        monkeypatch.setenv(key, value)
    seen = []
    send = httpx.HTTPTransport.handle_request

    def watched(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        return send(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", watched)
    exec(compile(put(python(CALLS[name]), known), name, "exec"), {})
    call = CALLS[name]
    path = call.path.replace("{project_id}", str(box.project_id)).replace("{id}", call.at.get("id", ""))
    assert f"{call.method} {put(path, known)}" in seen


def test_an_operation_without_a_sample_of_its_own_is_shown_as_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(PYTHON, "updatePerson")
    source = with_samples(CONTRACT)["paths"]["/api/environments/{project_id}/persons/{id}/"]["patch"]["x-codeSamples"]
    assert 'env.request("PATCH", "persons/' in source[1]["source"]
    assert "json={'properties': {" in source[1]["source"]
    compile(source[1]["source"], "sample", "exec")


def test_no_sample_is_for_an_operation_that_is_gone() -> None:
    fewer = copy.deepcopy(CONTRACT)
    del fewer["paths"]["/api/environments/{project_id}/persons/"]["get"]
    with pytest.raises(ValueError, match="listPersons"):
        with_samples(fewer)


def requests(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in node["item"]:
        yield from requests(each) if "item" in each else [each]


def test_the_requests_of_the_collection_are_answered(every: Path, at: At) -> None:
    found = load(every / "postman.json")
    assert found["info"]["schema"].endswith("/v2.1.0/collection.json")
    by_name = {CALLS[name].operation["summary"]: name for name in CALLS}
    seen = set()
    for each in requests(found):
        name = by_name[each["name"]]
        answer = sent(each["request"], *at(name))
        check(answer)
        assert answer.is_success, f"{name}: {answer.text}"
        seen.add(name)
    assert seen == CALLS.keys()


def sent(request: dict[str, Any], box: Sandbox, known: dict[str, str]) -> httpx.Response:
    """Send a request as Postman does: variables filled in, what is disabled left out."""
    url = request["url"]
    variables = {each["key"]: each["value"] for each in url["variable"]}
    parts = [variables[part[1:]] if part.startswith(":") else part for part in url["path"]]
    text = put("/".join([*url["host"], *parts]), known).replace("{{host}}", box.host)
    query = {each["key"]: each["value"] for each in url["query"] if not each["disabled"]}
    bare = url["raw"].partition("?")[0].replace("{{host}}/", "").split("/")
    assert bare == url["path"], "the raw address and its parts differ"
    body = put(request["body"]["raw"], known) if "body" in request else None
    headers = {each["key"]: each["value"] for each in request["header"]} | {"Authorization": f"Bearer {box.api_key}"}
    return httpx.request(
        request["method"], text.replace("{{project_id}}", str(box.project_id)), params=query, content=body,
        headers=headers, timeout=30,
    )  # fmt: skip


def test_a_call_is_written_for_a_shell() -> None:
    path = {"in": "path", "name": "id", "schema": {}, "example": "7"}
    query = {"in": "query", "name": "$unset", "schema": {}, "example": "it's"}
    call = Sample("deletePersonProperty", "POST", "/api/{id}/", {}, (path, query), {"a": "it's"})
    assert curl(call) == (
        'curl -X POST "$POSTHOG_HOST/api/7/?%24unset=it%27s" \\\n'
        '  -H "Authorization: Bearer $POSTHOG_PERSONAL_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        '  -d \'{"a": "it\'"\'"\'s"}\'\n'
    )

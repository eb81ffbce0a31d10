"""What the sandbox answers is what the contract says, in both eras, with oddities and without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from posthog_environments.sandbox import Sandbox

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi.yaml").read_text("utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource("urn:api", Resource.from_contents(CONTRACT, DRAFT202012))


# What the contract describes and the sandbox has in its latest era alone; test_declared.py holds that it has.
SINCE_2026_09 = {"bulkDeletePersons", "listPersonDeletions"}


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = CONTRACT
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operation_of(method: str, path: str) -> dict[str, Any]:
    for template, item in CONTRACT["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in item:
            found: dict[str, Any] = item[method.lower()]
            return found
    raise AssertionError(f"{method} {path} is not in the contract")


def check(answer: httpx.Response) -> None:
    """Hold one answer against the contract."""
    request = answer.request
    operation = operation_of(request.method, request.url.path)
    where = f"{operation['operationId']} {answer.status_code}"
    assert str(answer.status_code) in operation["responses"], where
    response = resolve(operation["responses"][str(answer.status_code)])
    content = response.get("content")
    if content is None:
        assert answer.content == b"", where
        return
    as_csv = request.url.params.get("format") == "csv"
    if as_csv and answer.status_code >= 400 and "content-type" not in answer.headers:
        # Real servers, and the sandbox with oddities, say nothing else of an error to those who ask for CSV.
        assert answer.content == b"", where
        return
    kind = answer.headers["content-type"].partition(";")[0]
    if "trend" in request.url.path and request.url.params.get("format") == "csv" and kind == "text/html":
        kind = "text/csv"  # real servers call the CSV of a trend HTML, and the sandbox does as they do
    assert kind in content, f"{where}: {kind}"
    if kind != "application/json":
        return
    schema = json.loads(json.dumps(content[kind]["schema"]).replace('"#/', '"urn:api#/'))
    # The schemas in the contract refer to each other by "#/…", which resolves within the resource that holds them.
    errors = sorted(Draft202012Validator(schema, registry=REGISTRY).iter_errors(answer.json()), key=str)
    assert not errors, f"{where}: {errors[0].json_path}: {errors[0].message}"


@pytest.mark.parametrize("era", ["2025", "2026", "2026-09"])
@pytest.mark.parametrize("oddities", [True, False])
def test_every_answer_is_in_the_contract(era: Any, oddities: bool) -> None:
    with (
        Sandbox(persons=150, era=era, oddities=oddities, rates=False, lag=0, now="2026-03-01") as box,
        httpx.Client(
            base_url=f"{box.host}/api/environments/{box.project_id}",
            headers={"Authorization": f"Bearer {box.api_key}"},
        ) as client,
    ):
        seen: set[tuple[str, int]] = set()

        def send(method: str, path: str, **arguments: Any) -> httpx.Response:
            answer = client.request(method, path, **arguments)
            check(answer)
            seen.add((operation_of(method, answer.request.url.path)["operationId"], answer.status_code))
            return answer

        rows = send("GET", "/persons/", params={"limit": 20, "include_total": "true"}).json()["results"]
        one, other, third = (row["uuid"] for row in rows[:3])
        send("GET", "/persons/", params={"limit": 50, "offset": 140})
        send("GET", "/persons/", params={"format": "csv"})
        send("GET", "/persons/", params={"properties": "{no json"})
        for key in (one, "1", "0", "nobody", "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"):
            send("GET", f"/persons/{key}/")
        send("PATCH", f"/persons/{one}/", json={"properties": {"plan": "x"}})
        send("PATCH", f"/persons/{one}/", json={})
        send("POST", f"/persons/{one}/delete_property/", json={"$unset": "plan"}, params={"$unset": "plan"})
        send("GET", f"/persons/{one}/activity/", params={"limit": 1})
        send("GET", f"/persons/{one}/properties_timeline/")
        events = [{"id": "$pageview"}]
        timeline = {"events": json.dumps(events), "properties": '[{"key":"plan","type":"person","operator":"is_set"}]'}
        send("GET", f"/persons/{other}/properties_timeline/", params={**timeline, "date_from": "all"})
        send("DELETE", f"/persons/{third}/")
        send("DELETE", "/persons/095be615-a8ad-4c33-8e9c-c7612fbf6c9f/")
        for more in (
            {},
            {"display": "BoldNumber"},
            {"display": "ActionsTable", "breakdown": "plan", "breakdown_type": "person"},
            {"compare": True},
            {"interval": "hour", "date_from": "-1d"},
            {"formula": "A * 2"},
            {"display": "ActionsLineGraphCumulative", "breakdown": "$browser"},
        ):
            send("POST", "/insights/trend/", json={"events": events, **more})
        send("POST", "/insights/trend/", json={"events": [{"id": "purchase", "math": "sum"}]})
        send("POST", "/insights/trend/", json={})
        send("GET", "/insights/trend/", params={"events": json.dumps(events)})
        send("POST", "/insights/trend/", json={"events": events}, params={"format": "csv"})
        series = [{"kind": "EventsNode", "event": "$pageview"}]
        for part in (
            {},
            {"trendsFilter": {"display": "BoldNumber"}},
            {"trendsFilter": {"formula": "A * 2", "display": "ActionsTable"}},
            {"breakdownFilter": {"breakdown": "$browser"}, "compareFilter": {"compare": True}},
            {"breakdownFilter": {"breakdowns": [{"property": "$browser"}, {"property": "plan", "type": "person"}]}},
            {"interval": "hour", "dateRange": {"date_from": "-1d"}},
        ):
            send("POST", "/query/", json={"query": {"kind": "TrendsQuery", "series": series, **part}})
        asked = {"kind": "TrendsQuery", "series": series}
        later = send("POST", "/query/", json={"query": asked, "refresh": "force_async", "client_query_id": "mine"})
        assert later.status_code == 202
        send("GET", "/query/mine/")
        send("GET", "/query/nobodys/")
        for number, (reason, status) in enumerate({"It is too much.": 400, "": 500}.items()):
            box.fail_later(reason)
            send("POST", "/query/", json={"query": asked, "refresh": "force_async", "client_query_id": str(number)})
            assert send("GET", f"/query/{number}/").status_code == status
        send("POST", "/query/", json={"query": {"kind": "HogQLQuery", "query": "SELECT 1"}})
        send("POST", "/query/", json={"query": {**asked, "sorted": True}})
        send("POST", "/insights/timing/", json={"name": "x"})
        send("POST", "/insights/timing/", content=b"x=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
        send("GET", "/persons/", headers={"Authorization": "Bearer wrong"})
        send("GET", "/persons/", headers={"Authorization": f"Bearer {box.add_key('insight:read')}"})
        if era == "2026-09":
            send("POST", "/persons/bulk_delete/", json={"ids": [other], "delete_events": True})
            send("POST", "/persons/bulk_delete/", json={})
            send("GET", "/persons/deletion_status/")
            send("GET", "/persons/deletion_status/", params={"status": "x"})
        not_yet = set[str]() if era == "2026-09" else SINCE_2026_09
        assert {name for name, _ in seen} == {
            operation["operationId"]
            for item in CONTRACT["paths"].values()
            for method, operation in item.items()
            if method in ("get", "post", "patch", "delete")
        } - not_yet
        assert {status for _, status in seen} >= {200, 202, 201 if oddities else 200, 400, 401, 403, 404, 415}


def test_the_rates_end_in_429_with_the_error_body() -> None:
    with (
        Sandbox(persons=5, rates={"persons": "2/min"}) as box,
        httpx.Client(base_url=box.host, headers={"Authorization": f"Bearer {box.api_key}"}) as client,
    ):
        answers = [client.get(f"/api/environments/{box.project_id}/persons/") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        check(answers[-1])
        assert int(answers[-1].headers["retry-after"]) > 0


def test_an_answer_that_is_not_in_the_contract_is_noticed() -> None:
    request = httpx.Request("GET", "http://x/api/environments/1/persons/2/")
    check(httpx.Response(200, json={"uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"}, request=request))
    for wrong in (
        httpx.Response(200, json={"uuid": None}, request=request),
        httpx.Response(200, json={"name": "no uuid"}, request=request),
        httpx.Response(200, json={"uuid": "x", "distinct_ids": "x"}, request=request),
        httpx.Response(207, json={}, request=request),
        httpx.Response(200, text="x", request=request),
    ):
        with pytest.raises(AssertionError):
            check(wrong)


def test_a_query_that_failed_says_so_in_its_status() -> None:
    request = httpx.Request("GET", "http://x/api/environments/1/query/2/")
    error = {"type": "server_error", "code": "error", "detail": "x", "attr": None}
    failed = {"id": "2", "complete": True, "error": True, "error_message": "x", "results": None}
    for status in (400, 500):
        for body in (error, {"query_status": failed}):
            check(httpx.Response(status, json=body, request=request))
        with pytest.raises(AssertionError):
            check(httpx.Response(status, json=[failed], request=request))
    described = CONTRACT["components"]["responses"]["QueryFailed"]["content"]["application/json"]["examples"]
    assert [example["value"].keys() >= {"query_status"} for example in described.values()] == [True, False]


IN_LISTS = {"type", "is_identified", "matched_recordings", "value_at_data_point"}


@pytest.mark.parametrize("era", ["2025", "2026", "2026-09"])
def test_persons_have_what_the_contract_names(era: Any) -> None:
    named = CONTRACT["components"]["schemas"]["Person"]["properties"].keys()
    whole = named - IN_LISTS - {"last_seen_at"} if era == "2025" else named - IN_LISTS
    with Sandbox(persons=5, era=era, rates=False) as box:
        address = f"{box.host}/api/environments/{box.project_id}/persons/"
        headers = {"Authorization": f"Bearer {box.api_key}"}
        rows = httpx.get(address, headers=headers).json()["results"]
        detail = httpx.get(f"{address}{rows[0]['uuid']}/", headers=headers).json()
    assert [row.keys() for row in rows] == [whole | IN_LISTS] * 5
    assert detail.keys() == whole

"""Every recorded answer of PostHog's own server is read by the client, and is what the contract says.

What the contract does not say is counted, and no more: names that are no text, and methods that it does not have.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from posthog_environments import APIStatusError, Environment, OutcomeUnknown
from tests.contract.test_sandbox_answers import CONTRACT, REGISTRY, operation_of, resolve
from tests.sandbox.recorded_replay import exchanges

Line = Mapping[str, Any]
LINES = [line for lines in exchanges().values() for line in lines]
NAMES_NO_TEXT = 401
NOT_IN_THE_CONTRACT = 40


def whole(answer: Line) -> Any:
    """Give the body with something in the place of the sentence that was taken away."""
    body = answer.get("body", answer.get("text"))
    if isinstance(body, dict) and {"type", "code", "attr"} <= body.keys():
        return {"detail": "(left out)", **body}
    if isinstance(body, dict) and isinstance(body.get("result"), list):
        # The echo of the question and what is made of it are those of an older engine.
        rows = [{name: row[name] for name in row if name not in {"filter", "persons_urls"}} for row in body["result"]]
        return {**body, "result": rows}
    return body


def in_contract(line: Line) -> dict[str, Any] | None:
    path = line["request"]["path"].replace("/api/projects/", "/api/environments/", 1)
    try:
        return operation_of(line["request"]["method"], path if path.endswith("/") else f"{path}/")
    except AssertionError:
        return None


@cache
def validator(schema: str) -> Any:
    return Draft202012Validator(json.loads(schema.replace('"#/', '"urn:api#/')), registry=REGISTRY)


def errors(schema: Any, body: Any) -> Iterator[str]:
    for error in validator(json.dumps(schema, sort_keys=True)).iter_errors(body):
        yield f"{error.json_path}: {error.message}"


def schema_of(operation: Mapping[str, Any], status: int) -> Any:
    """Find what the contract says of JSON with a status; of one that it does not name, that it is an error."""
    response = operation["responses"].get(str(status))
    if response is None:
        assert status >= 400, status
        response = CONTRACT["components"]["responses"]["BadRequest"]
    return resolve(response).get("content", {}).get("application/json", {}).get("schema")


def test_the_contract_says_what_came() -> None:
    odd: Counter[str] = Counter()
    wrong: list[str] = []
    for line in LINES:
        operation, answer = in_contract(line), line["answer"]
        if operation is None:
            odd["not in the contract"] += 1
            continue
        body = whole(answer)
        kind = answer["headers"].get("content-type", "").split(";")[0]
        if kind != "application/json":
            # Nothing, CSV, or a page of the framework where CSV was asked for.
            assert body == "" or "csv" in json.dumps(line["request"]), line["id"]
            continue
        for error in errors(schema_of(operation, answer["status"]), body):
            if error.partition(":")[0].endswith("name") and "is not of type 'string', 'null'" in error:
                odd["names"] += 1
            else:
                wrong.append(f"{line['id']} {error}"[:300])
    assert not wrong, wrong[:10]
    assert odd == {"names": NAMES_NO_TEXT, "not in the contract": NOT_IN_THE_CONTRACT}


class Shown:
    """A server that gives one answer to whatever comes."""

    def __init__(self) -> None:
        self.answer = (200, "", b"")
        shown = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, body = shown.answer  # which is another one as soon as the client has this one
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - names of the library

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"http://127.0.0.1:{self.server.server_address[1]}"

    def show(self, answer: Line) -> None:
        body = whole(answer)
        text = body if isinstance(body, str) else json.dumps(body)
        kind = answer["headers"].get("content-type", "")
        self.answer = (answer["status"], kind, text.replace("http://HOST", self.host).encode())


@contextmanager
def shown() -> Iterator[Shown]:
    server = Shown()
    thread = threading.Thread(target=server.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.server.shutdown()
        server.server.server_close()
        thread.join()


def call_of(env: Environment, line: Line) -> Callable[[], object] | None:
    """Find the client's method for a request; None for what it never sends."""
    request = line["request"]
    method, path, query = request["method"], request["path"].strip("/").split("/"), request["query"]
    if len({name for name, _ in query}) < len(query):
        return None  # a parameter twice: its link names two offsets
    if ["format", "csv"] in query or "text/csv" in json.dumps(request.get("headers")):
        return None
    persons, insights = env.persons, env.insights
    calls: dict[tuple[str, str], Callable[[], object]] = {
        ("GET", "persons"): lambda: next(persons.list().pages(), None),
        ("GET", "persons/*"): lambda: persons.get(1),
        ("PATCH", "persons/*"): lambda: persons.update(1, {"a": 1}),
        ("DELETE", "persons/*"): lambda: persons.delete(1),
        ("GET", "persons/*/activity"): lambda: next(persons.activity(1).pages(), None),
        ("POST", "persons/*/delete_property"): lambda: persons.delete_property(1, "a"),
        ("GET", "persons/*/properties_timeline"): lambda: persons.properties_timeline(1),
        ("GET", "insights/trend"): lambda: insights.get_trend(events=["$pageview"]),
        ("POST", "insights/trend"): lambda: insights.trend(events=["$pageview"]),
        ("POST", "insights/timing"): lambda: insights.timing(),
    }
    rest = path[3:]
    if rest[:1] == ["persons"] and len(rest) > 1:
        rest[1] = "*"
    return calls.get((method, "/".join(rest)))


def outcome(call: Callable[[], object]) -> int | type[Exception]:
    """Tell how a call ended: 0 where it gave something, the status of an error of the API, else what went wrong."""
    try:
        call()
    except APIStatusError as error:
        return error.status_code
    except Exception as error:
        return type(error)
    return 0


def test_the_client_reads_what_came() -> None:
    key, wrong, read = "phx_recorded_test", dict[str, object](), 0
    with (
        shown() as server,
        Environment(
            "1", api_key=key, host=server.host, prefix="projects", trend_api="legacy", retries=0, pacing=False
        ) as env,
    ):
        for line in LINES:
            call = call_of(env, line)
            if call is None:
                continue
            server.show(line["answer"])
            status, ended = line["answer"]["status"], outcome(call)
            # Of a change that fails inside the server nobody knows whether it was carried out.
            unknown = ended is OutcomeUnknown and status >= 500 and line["request"]["method"] != "GET"
            if not unknown and ended != (status if status >= 400 else 0):
                wrong[line["id"]] = ended
            read += 1
    assert not wrong
    assert read > 850

"""A server with persons and bulk deletion, which behaves like a certain version and fails on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from posthog_environments import Environment

NOT_FOUND = {"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": None}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def person(number: int, **fields: Any) -> dict[str, Any]:
    properties = {"email": f"p{number}@mail.example", **fields.pop("properties", {})}
    return {
        "uuid": uuid(number), "id": number, "name": f"Person {number}", "distinct_ids": [f"d{number}"],
        "properties": properties, "created_at": "2026-01-05T00:00:00Z", **fields,
    }  # fmt: skip


@dataclass
class Model:
    """Persons, and the requests for them.

    Attributes:
        bulk: What it says to many at once: "summary", "empty", "queued", or a status with which it says no.
        faults: What becomes of the next requests that delete many: "done" does it and gives no answer, "lost" gives
            none and does nothing, a status answers so after it was done.
        stubborn: Who cannot be deleted, and is named in `deletion_errors`.
    """

    people: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    bulk: str | int = "summary"
    faults: list[str | int] = field(default_factory=list[str | int])
    stubborn: set[str] = field(default_factory=set[str])
    lists_deletions: bool = True
    requests: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    deleted: list[str] = field(default_factory=list[str])
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    lock: threading.Lock = field(default_factory=threading.Lock)
    watch: Callable[[], object] = lambda: None
    host: str = ""

    def add(self, *numbers: int, **fields: Any) -> None:
        for number in numbers:
            self.people[uuid(number)] = person(number, **fields)

    def client(self, **options: Any) -> Environment:
        env = Environment(
            1, api_key="phx_test", host=self.host, timeout=20, **{"pacing": False, "retries": 0, **options}
        )
        env._context.client.random = lambda: 0.0
        return env

    def asked(self, method: str, what: str = "") -> list[tuple[str, str, Any]]:
        return [each for each in self.requests if each[0] == method and what in each[1]]

    def batches(self) -> list[list[str]]:
        """The persons of each bulk request."""
        return [body["ids"] for _, _, body in self.asked("POST", "bulk_delete")]

    # --------------------------------------------------------------------------------------------------------- answers

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any] | None:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.lock:
            self.requests.append((method, target, json.loads(body) if body else None))
            self.watch()
            key = parts.path.partition("/persons/")[2].strip("/")
            if not key:
                return 200, self._list(query)
            if key == "bulk_delete" and method == "POST":
                return self._bulk(json.loads(body))
            if key == "deletion_status":
                return self._status(query)
            return self._one(method, key, query)

    def _one(self, method: str, key: str, query: dict[str, str]) -> tuple[int, Any]:
        key = next((each["uuid"] for each in self.people.values() if str(each["id"]) == key), key)
        if key not in self.people:
            return 404, NOT_FOUND
        if method == "GET":
            return 200, self.people[key]
        assert method == "DELETE"
        self._delete(key, events="delete_events" in query)
        return 202, b""

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        found = [each for each in self.people.values() if _matches(each, query)]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return {"results": found[offset : offset + limit], "next": None}

    def _bulk(self, body: dict[str, Any]) -> tuple[int, Any] | None:
        if isinstance(self.bulk, int):
            return self.bulk, {"type": "t", "code": "c", "detail": "no", "attr": None}
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            return None
        found = [key for key in body["ids"] if key in self.people]
        gone = [key for key in found if key not in self.stubborn]
        if self.bulk != "queued":
            for key in gone:
                self._delete(key, events=body.get("delete_events") is True, keep=body.get("keep_person") is True)
        if fault == "done":
            return None
        if fault:
            return int(fault), b""
        if self.bulk == "empty":
            return 202, b""
        queued = self.bulk == "queued"
        return 202, {
            "persons_found": len(found),
            "persons_deleted": 0 if queued or body.get("keep_person") else len(gone),
            "persons_queued_for_deletion": len(gone) if queued else 0,
            "events_queued_for_deletion": body.get("delete_events") is True,
            "recordings_queued_for_deletion": body.get("delete_recordings") is True,
            "deletion_errors": [{"person_uuid": key, "step": "delete_person"} for key in found if key in self.stubborn],
        }

    def _delete(self, key: str, *, events: bool, keep: bool = False) -> None:
        if not keep:
            del self.people[key]
            self.deleted.append(key)
        if events:
            row = {"person_uuid": key, "created_at": "2030-01-01T00:00:00Z", "status": "pending"}
            self.rows.insert(0, {**row, "delete_verified_at": None})

    def _status(self, query: dict[str, str]) -> tuple[int, Any]:
        if not self.lists_deletions:
            return 404, NOT_FOUND
        rows = [row for row in self.rows if query.get("person_uuid") in (None, row["person_uuid"])]
        rows = [row for row in rows if query.get("status", "all") in ("all", row["status"])]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        more = len(rows) > offset + limit
        link = f"{self.host}/x/?limit={limit}&offset={offset + limit}" if more else None
        return 200, {"count": len(rows), "next": link, "previous": None, "results": rows[offset : offset + limit]}


def _matches(each: dict[str, Any], query: dict[str, str]) -> bool:
    """Match like servers since 2026."""
    properties = each["properties"]
    if "email" in query and properties.get("email") != query["email"]:
        return False
    if "distinct_id" in query and query["distinct_id"] not in each["distinct_ids"]:
        return False
    texts = [str(properties.get("email", "")), str(each["name"]), each["uuid"], *each["distinct_ids"]]
    if "search" in query and not any(query["search"].casefold() in text.casefold() for text in texts):
        return False
    return all(_holds(properties.get(one["key"]), one) for one in json.loads(query.get("properties", "[]")))


def _holds(value: Any, condition: dict[str, Any]) -> bool:
    wanted = condition["value"]
    if condition["operator"] == "icontains":
        return isinstance(value, str) and wanted.casefold() in value.casefold()
    assert condition["operator"] == "exact"
    return value in (wanted if isinstance(wanted, list) else [wanted])


@contextmanager
def serve(model: Model) -> Iterator[Model]:
    """Serve a model on a loopback socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # In one piece: otherwise each answer waits for the acknowledgement of its head.
        wbufsize = -1

        def go(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = model.answer(self.command, self.path, body)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = go  # noqa: N815 - the names that the library calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    model.host = f"http://127.0.0.1:{server.server_port}"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()

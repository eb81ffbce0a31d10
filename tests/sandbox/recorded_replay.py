"""Asks the sandbox what PostHog's own server was asked."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from posthog_environments.sandbox import Sandbox

from .recorded_parts import differences, parts

FOLDER: Final = Path(__file__).parent / "recorded"
NOW: Final = "2025-09-30T12:02:00"
KEY: Final = "phx_test"
# The recorded server's limit, which later became another: compared is when it strikes, and how it is said.
LIMITS: Final = {"persons": "240/min", "insights": "240/min"}
READING: Final = ("GET", "HEAD", "OPTIONS")
WORLD: Final = "events.jsonl"

Line = Mapping[str, Any]


def _lines(name: str) -> list[dict[str, Any]]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@cache
def exchanges() -> dict[str, list[dict[str, Any]]]:
    """Give the recorded lines by group, in their order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in _lines("exchanges"):
        groups.setdefault(line["group"], []).append(line)
    return groups


def quoted(request: Line) -> str:
    """Write the path and the query of a request."""
    url = quote(request["path"], safe="/%@+.-_~!$&'()*,;=:")
    pairs = [tuple(pair) for pair in request["query"]]
    return f"{url}?{urlencode(pairs, quote_via=quote)}" if pairs else url


class Server:
    """One sandbox with a recorded world, and the requests as they were sent."""

    def __init__(self, world: str, *, limits: bool) -> None:
        self.box = Sandbox(
            data=FOLDER / f"{world}.gz",
            now=NOW,
            project_id=1,
            api_key=KEY,
            rates=LIMITS if limits else False,
            era="2025",
            lag=0,
        ).start()
        self._http = httpx.Client(timeout=60, trust_env=False)

    def ask(self, request: Line) -> httpx.Response:
        """Send a request, and let a change take effect: the recorded server had nothing that waits."""
        headers = {"Authorization": f"Bearer {KEY}"}
        for name, value in (request.get("headers") or {}).items():
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
        content: bytes | None = None
        if "body" in request:
            content = json.dumps(request["body"], ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        if "text" in request:
            content = request["text"].encode()
        url = self.box.host + quoted(request)
        answer = self._http.send(self._http.build_request(request["method"], url, headers=headers, content=content))
        if request["method"] not in READING:
            self.box.settle()
        return answer

    def close(self) -> None:
        """Stop."""
        self._http.close()
        self.box.stop()


class Persons:
    """Translates ids where the sandbox numbers people otherwise than the recorded server."""

    def __init__(self, server: Server, world: str) -> None:
        self._back: dict[object, object] = {}
        self._forth: dict[str, str] = {}
        people = "/api/projects/1/persons/"
        for person in _lines("persons"):
            if person["data"] != world:
                continue
            query = [["distinct_id", person["distinct_ids"][-1]]]
            rows = server.ask({"method": "GET", "path": people, "query": query}).json()["results"]
            if not rows:
                continue
            uuid = rows[0]["uuid"]
            number = server.ask({"method": "GET", "path": f"{people}{uuid}/", "query": []}).json()["id"]
            if (uuid, number) != (person["uuid"], person["id"]):
                self._back.update({uuid: person["uuid"], number: person["id"]})
                self._forth.update({person["uuid"]: uuid, str(person["id"]): str(number)})

    def asked(self, request: Line) -> Line:
        """Put the sandbox's ids into a path."""
        path = re.sub(r"(?<=/persons/)[^/]+", lambda found: self._forth.get(found[0], found[0]), request["path"])
        return {**request, "path": path}

    def answered(self, text: str) -> Any:
        """Read an answer with the recorded server's ids."""
        for here, there in self._back.items():
            if isinstance(here, str):
                text = text.replace(here, str(there))
        try:
            body = json.loads(text)
        except ValueError:
            return text
        if isinstance(body, dict) and body.get("id") in self._back:
            body["id"] = self._back[body["id"]]
        return body


def _reads(line: Line) -> bool:
    request = line["request"]
    return request["method"] in READING or request["path"].rstrip("/").endswith(("/trend", "/timing"))


def _parts(line: Line, answer: httpx.Response, persons: Persons, host: str) -> dict[str, Any]:
    body = persons.answered(answer.text.replace(host, "http://HOST"))
    return parts(line, answer.status_code, dict(answer.headers), body)


def replay(group: str) -> Iterator[tuple[str, list[str]]]:
    """Ask all of a group, and give for each line its id and what differs.

    Lines of a scenario share a sandbox of their own, in order, and so does each line that changes something; those that
    only read share one for all.
    """
    shared: dict[tuple[str, bool], Server] = {}
    persons: dict[str, Persons] = {}
    scenario: object = None
    with ExitStack() as stack, ExitStack() as own:
        server: Server | None = None

        def begin(world: str, *, limits: bool, where: ExitStack) -> Server:
            started = Server(world, limits=limits)
            where.callback(started.close)
            return started

        for line in exchanges()[group]:
            world, limits = line.get("data", WORLD), bool(line.get("limits"))
            if (world, False) not in shared:
                shared[world, False] = begin(world, limits=False, where=stack)
            if world not in persons:
                persons[world] = Persons(shared[world, False], world)
            if line.get("scenario") or not _reads(line):
                if server is None or line.get("scenario") is None or line["scenario"] != scenario:
                    own.close()
                    server, scenario = begin(world, limits=limits, where=own), line.get("scenario")
                asked = server
            else:
                if (world, limits) not in shared:
                    shared[world, limits] = begin(world, limits=limits, where=stack)
                asked = shared[world, limits]
            real = line["answer"]
            for _ in range(line.get("repeat", 1) - 1):
                asked.ask(persons[world].asked(line["request"]))
            answer = asked.ask(persons[world].asked(line["request"]))
            expected = parts(line, real["status"], real["headers"], real.get("body", real.get("text")))
            got = _parts(line, answer, persons[world], asked.box.host)
            yield line["id"], list(differences(expected, got))

"""The sandbox lets nobody in: it listens to this machine alone, believes nobody, and outlives what it is sent."""

# ruff: noqa: E501 - tables of odd values read best as they are

from __future__ import annotations

import ast
import contextlib
import gc
import http.client
import inspect
import itertools
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import click
import h11

from operations import OPERATIONS
from posthog_environments.sandbox import Sandbox, SandboxError, access
from soak.frame import Campaign, Effort, Figure, none
from soak.places import SLOT, Place, in_filters, in_operations
from soak.surroundings import surroundings

__all__ = ["CAMPAIGNS", "PATIENCE"]

PATIENCE: Final = 5.0
"""So many seconds an answer to an honest request may take while others misbehave."""
NOW: Final = "2026-03-01T12:00:00"
HARMLESS: Final = "zzqqxx zzqq"
# What must be in no answer: words of Python and of the database; and of our SQL, unless the request had them itself.
INSIDE: Final = re.compile(
    rb"Traceback|File \\?\"|site-packages|posthog_environments|duckdb|\.py\b"
    rb"|(?:Binder|Catalog|Parser|Conversion|Internal|Constraint|IO) Error|Out of Range|LINE 1:|TRY_CAST"
)
QUERY: Final = re.compile(rb"(?:SELECT|INSERT|UPDATE|DELETE) .{0,300}?(?:FROM|INTO|SET)|json_extract", re.DOTALL)

# It says on standard error what went wrong, which the figures say here.
for _name in ("uvicorn.error", "posthog_environments.sandbox"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


# --------------------------------------------------------------------------------------------------- asking plainly


@dataclass
class Visitor:
    """Sends requests to a sandbox over one connection, and looks into every answer."""

    box: Sandbox
    inside: list[str] = field(default_factory=list[str])
    crashed: list[str] = field(default_factory=list[str])
    asked: int = 0
    sent: str = ""
    """The text that was put into a request, and may come back."""
    _connection: http.client.HTTPConnection | None = None

    @property
    def port(self) -> int:
        """Where the sandbox listens."""
        return int(self.box.host.rpartition(":")[2])

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Send one request with the key, and return status and body."""
        given = {"Authorization": f"Bearer {self.box.api_key}", "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        for again in (True, False):
            connection = self._connection = self._connection or http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=60
            )
            try:
                connection.request(method, target, body, given)
                answer = connection.getresponse()
                status, content = answer.status, answer.read()
                break
            except (OSError, http.client.HTTPException):
                self.close()
                if not again:
                    raise
        self.asked += 1
        self.look(f"{method} {target}", status, content)
        return status, content

    def look(self, what: str, status: int, content: bytes) -> None:
        """Look for the inside of the sandbox in an answer."""
        found = INSIDE.search(content)
        if found is None and not QUERY.search(self.sent.encode("utf-8", "replace")):
            found = QUERY.search(content)
        if found:
            self.inside.append(f"{what[:200]}: {content[max(0, found.start() - 40) : found.end() + 80]!r}")
        if b"The sandbox failed" in content:
            self.crashed.append(f"{what[:300]}: {status}")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def figures(self, *, what: str) -> Iterator[Figure]:
        """Give the figures that all answers have."""
        yield none(f"answers to {what} with a traceback, a file or SQL in them, of {self.asked:,}", self.inside)
        yield none(f"requests among {what} at which the sandbox itself failed", self.crashed)


# ------------------------------------------------------------------------------------------------- who can reach it


def listening(pid: int) -> list[tuple[str, int]]:
    """Give the addresses on which a process listens, as the kernel has them."""
    inodes: set[str] = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
            inodes |= {found[1]} if found else set()
    addresses: list[tuple[str, int]] = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        for line in map(str.split, lines):
            if line[3] == "0A" and line[9] in inodes:
                host, _, port = line[1].partition(":")
                words = [int(host[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(host), 8)]
                addresses.append((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return addresses


def own_addresses() -> list[str]:
    """Give the addresses of this machine that are not loopback, and the next best for one that has none."""
    found = {"127.0.0.2", "::1"}
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))  # nothing is sent: it only chooses a network card
            found.add(str(probe.getsockname()[0]))
    return sorted(found)


OPENING: Final = re.compile("host|bind|address|interface|listen|public|expose", re.IGNORECASE)
TEMPTING: Final = {
    "HOST": "0.0.0.0", "BIND": "0.0.0.0", "UVICORN_HOST": "0.0.0.0", "POSTHOG_HOST": "http://0.0.0.0:1",
    "WEB_CONCURRENCY": "4", "FORWARDED_ALLOW_IPS": "*", "SERVER_NAME": "0.0.0.0", "UVICORN_PORT": "1",
}  # fmt: skip
PORTS: Final[tuple[Any, ...]] = ("0.0.0.0:80", "80", -1, 65536, True, 1.5, None, ("0.0.0.0", 80), "::", b"80", [80])


def doors(effort: Effort) -> Iterable[Figure]:
    """Look at where it listens, whatever it is told."""
    from posthog_environments.cli.sandbox import sandbox as command

    named = [name for name in inspect.signature(Sandbox.__init__).parameters if OPENING.search(name)]
    named += [
        " ".join(each.opts)
        for each in command.params
        if isinstance(each, click.Option) and OPENING.search(" ".join(each.opts))
    ]
    yield none("options of Sandbox and `phenv sandbox` that name an address", named)
    wide: list[str] = []
    let_in: list[str] = []
    refused = 0
    with surroundings(**TEMPTING):
        before = set(listening(os.getpid()))
        for port in PORTS:
            try:
                with Sandbox(1, port=port, rates=False) as box:
                    wide += [
                        f"port={port!r}: {at}" for at in set(listening(os.getpid())) - before if at[0] != "127.0.0.1"
                    ]
                    let_in += [f"port={port!r} taken as {box.host}"]
            except (SandboxError, TypeError):
                refused += 1
        for _ in range(effort.count(4, 1)):
            with Sandbox(1, rates=False) as box:
                new = set(listening(os.getpid())) - before
                wide += [str(at) for at in new if at[0] != "127.0.0.1"] if new else ["it listens nowhere"]
                let_in += _reached(int(box.host.rpartition(":")[2]))
        shown = _of_command()
    wide += [f"the command: {at}" for at in shown if at[0] != "127.0.0.1"]
    yield none(f"addresses that it listens on but 127.0.0.1, with {len(TEMPTING)} variables that say otherwise", wide)
    yield Figure("sockets of `phenv sandbox` that listen", "1", str(len(shown)), len(shown) == 1)
    yield Figure(
        "ports that are none, refused",
        f"{len(PORTS)}",
        f"{refused}",
        refused == len(PORTS) and not let_in,
        "\n".join(let_in),
    )
    yield none(f"connections to it over {', '.join(own_addresses())}", let_in)


def _reached(port: int) -> list[str]:
    reached: list[str] = []
    for address in own_addresses():
        with contextlib.suppress(OSError), socket.create_connection((address, port), 2):
            reached.append(f"{address}:{port}")
    return reached


def _of_command() -> list[tuple[str, int]]:
    arguments = [sys.executable, "-m", "posthog_environments.cli", "sandbox", "--persons", "1"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        found = listening(process.pid)
        process.terminate()
        process.communicate(timeout=30)
    return found


# ------------------------------------------------------------------------------------------------------- its keys


def keys(effort: Effort) -> Iterable[Figure]:
    """Try keys that are almost right, and watch how they are compared."""
    random = effort.random("keys")
    source = inspect.getsource(access.Keys.scopes)
    compares = [node for node in ast.walk(ast.parse(source.lstrip())) if isinstance(node, ast.Compare)]
    by_digest = "compare_digest(" in source and not [
        node for node in compares if any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
    ]
    yield Figure(
        "keys compared by hmac.compare_digest alone, as the source says", "yes", "yes" if by_digest else "no", by_digest
    )
    let_in: list[str] = []
    uneven: list[str] = []
    with Sandbox(3, rates=False, now=NOW) as box:
        others = [box.add_key("person:read") for _ in range(4)]
        visitor = Visitor(box)
        target = f"/api/projects/{box.project_id}/persons/"
        # One that is right, at the beginning or the end, and one that is wrong cost as many comparisons.
        for each in (box.api_key, others[0], others[-1], "phx_wrong", box.api_key[:-1], "xy"):
            with _counted() as calls:
                visitor.ask("GET", target, Authorization=f"Bearer {each}")
            if len(calls) != 1 + len(others):
                uneven.append(f"{len(calls)} comparisons for a key of {len(each)} characters")
        tried = effort.count(4000, 40)
        for number in range(tried):
            header = _almost(random, box.api_key, number)
            try:
                status, content = visitor.ask("GET", target, Authorization=header)
            except (ValueError, OSError, http.client.HTTPException):
                continue  # it cannot be sent at all
            if status not in (400, 401):
                let_in.append(f"{header!r}: {status} {content[:80]!r}")
        without = [
            f"{method} {path}: {status}"
            for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD")
            for path in ("/api/projects/", "/api/users/@me/", *sorted({each.path.format(project_id=box.project_id, id=1) for each in OPERATIONS.values()}))
            if (status := visitor.ask(method, path, Authorization="")[0]) not in (400, 401)
        ]  # fmt: skip
        visitor.close()
    yield none("keys whose check took more or fewer comparisons than others", uneven)
    yield none(f"keys that are almost right and were let in, of {tried:,}", let_in)
    yield none("operations that answer without a key", without)
    yield from visitor.figures(what="these")


@contextlib.contextmanager
def _counted() -> Iterator[list[int]]:
    """Count the calls of `hmac.compare_digest` that the sandbox makes."""
    calls: list[int] = []
    module: Any = access
    real: Callable[[Any, Any], bool] = module.hmac.compare_digest

    class Spy:
        @staticmethod
        def compare_digest(one: Any, other: Any) -> bool:
            calls.append(1)
            return real(one, other)

    before, module.hmac = module.hmac, Spy
    try:
        yield calls
    finally:
        module.hmac = before


def _almost(random: Random, key: str, number: int) -> str:
    at = random.randrange(len(key))
    wrong = (
        key[:at], key[:at] + key[at + 1 :], key[:at] + random.choice("0123456789abcdefx") + "g" + key[at + 1 :], key + key[-1],
        key.upper(), key + "\x00", key[:at] + "\u00e9" + key[at + 1 :], key[::-1], key.replace("phx_", ""), "*", "%", "' OR 1=1 --",
        f'"{key}"', f"{key},{key}", f"{key};", f"{key} x", "null", "phx_" + "0" * 40, key[:at] + "_" + key[at + 1 :] + "?", key * 2,
    )[number % 20]  # fmt: skip
    scheme = ("Bearer ", "Bearer ", "Bearer ", "bearer ", "Basic ", "Token ", "", "Bearer\t")[number // 20 % 8]
    # Servers take any white space behind the scheme, so that a right key behind a tab is let in.
    if scheme in ("bearer ", "Token ", "", "Basic ") and number % 3 == 0:
        wrong = key  # right, but not as it must be sent
    return scheme + wrong


# ------------------------------------------------------------------------------------------------------------ SQL

SQL: Final = (
    "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "'; DROP TABLE persons; --", "1; DELETE FROM persons", "') OR TRUE --", "\\'; --",
    "' UNION SELECT api_key FROM meta --", "' UNION ALL SELECT NULL, NULL --", "'||(SELECT max(uuid) FROM persons)||'", "?; ? --",
    "$1 OR TRUE", ":name OR TRUE", "%s OR TRUE", "{0} {persons}", "%(x)s", "a' AND 1=(SELECT count(*) FROM persons) --", "/*' OR 1=1*/",
    "'; ATTACH 'soak.db' AS x; --", "'; COPY persons TO 'soak.csv'; --", "read_csv('/etc/passwd')", "'; PRAGMA database_list; --",
    "'; SET memory_limit='1KB'; --", "'; INSTALL httpfs; LOAD httpfs; --", "$$ OR TRUE $$", "E'\\' OR TRUE", "U&'\\0027 OR TRUE",
    "\u2019 OR \u20191\u2019=\u20191", "\uff07 OR 1=1 --", "\x00' OR 1=1", "a\x00b OR 1", "%' OR email LIKE '%", "_%_%_%", "*) OR (1=1",
    "properties->>'$.email'", "json_extract(properties, '$')", "/~0/~1/../..", "$.*", "a\"]['b", "NULL OR TRUE", "TRUE) OR (TRUE",
    "CASE WHEN 1=1 THEN 1 END", "(SELECT 1 FROM persons)", "x' AND sleep(5) --", "e.properties) IS NOT NULL OR (e.id", "persons.email",
    "1e309 OR 1", "-- \n OR 1=1", "#' OR 1=1", "';;';;", "'''''''", '"""""""', "`id`", "[id] OR [1]", "(((((((((", ")))))))))", "\\\\\\'",
    "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "__import__('os').system('id')", "\ufdfa' OR 1", "\U0001f600' OR 1=1",
)  # fmt: skip


def payloads(random: Random, count: int) -> list[str]:
    """Give what shall be taken for SQL: the known ones first, then mixtures."""
    found = list(SQL[: max(8, count)])
    while len(found) < count:
        one, other = random.choice(SQL), random.choice(SQL)
        at = random.randrange(len(one) + 1)
        found.append(one[:at] + random.choice(("", "'", '"', ")", "--", "\\", "\x00", ";", "/*", "\n")) + other)
    return random.sample(found, min(count, len(found)))


def _places() -> list[Place]:
    places = [*in_operations(), *in_filters()]
    assert len({place.name for place in places}) == len(places)
    return places


def _send(visitor: Visitor, place: Place, raw: str) -> tuple[int, bytes]:
    """Ask with a value, given as JSON, in a place."""
    target, body = place.request(raw)
    return visitor.ask(place.method, f"/api/projects/{visitor.box.project_id}/{target}", body)


def digest(status: int, content: bytes) -> object:
    """Say what an answer amounts to, without the texts that it repeats."""
    try:
        value = json.loads(content)
    except ValueError:
        return status, len(content.splitlines()) if status < 300 else None
    if status >= 400:
        return status, value.get("type"), value.get("attr")
    if not isinstance(value, dict):
        return status, type(value).__name__
    rows = value.get("results", value.get("result", value.get("points")))
    totals = (
        [sum(row.get("data") or [row.get("aggregated_value") or 0]) for row in rows if isinstance(row, dict)]
        if "result" in value and rows
        else None
    )
    return status, sorted(value), len(rows) if isinstance(rows, list) else None, totals, value.get("next") is None


def state(box: Sandbox) -> dict[str, object]:
    """Give what is in the database: its tables and a sum over each."""
    house: Any = box._app  # noqa: SLF001 - whoever asks over HTTP cannot see this
    with house.store.cursor() as cursor:
        found: dict[str, object] = {}
        for name, sql in cursor.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL").fetchall():
            rows = cursor.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{name}" t').fetchone()
            found[name] = (sql, rows)
        found["settings"] = cursor.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name <> 'duckdb_api' ORDER BY 1"
        ).fetchall()
        found["databases"] = cursor.execute(
            "SELECT database_name, path FROM duckdb_databases() ORDER BY ALL"
        ).fetchall()
        return found


def _is_wildcards(place: Place, text: str) -> bool:
    """Tell whether a text finds everybody who is long enough: % and _ are wildcards of a search, as on servers."""
    return place.name.endswith(" search") and set(text) <= {"%", "_"}


def injections(effort: Effort) -> Iterable[Figure]:
    """Put SQL into every place of every operation."""
    changed: list[str] = []
    differing: list[str] = []
    failed: list[str] = []
    total = 0
    visitors: list[Visitor] = []
    for oddities in (True, False):
        with Sandbox(60, rates=False, now=NOW, lag=0, oddities=oddities) as box:
            visitor = Visitor(box)
            visitors.append(visitor)
            before = state(box)
            for place in _places():
                random = effort.random(f"{place.name} {oddities}")
                plain = _send(visitor, place, json.dumps(HARMLESS))
                for text in payloads(random, effort.count(45, 4)):
                    total += 1
                    visitor.sent = text
                    free = place.free or _is_wildcards(place, text)
                    status, content = _send(visitor, place, json.dumps(text))
                    if status >= 500 and not (oddities and plain[0] >= 500):
                        failed.append(f"{place.name} {text!r}: {status} {content[:120]!r}")
                    elif not (free and status in (200, 400, 404)) and digest(status, content) != digest(*plain):
                        differing.append(
                            f"{place.name} {text!r}: {digest(status, content)} instead of {digest(*plain)}"
                        )
            after = state(box)
            changed += [
                f"{name}: {before.get(name)!r:.300} became {after.get(name)!r:.300}"
                for name in before.keys() | after
                if before.get(name) != after.get(name)
            ]
            visitor.close()
    least = effort.count(2 * 45 * 60, 100)
    yield Figure(f"texts put into {len(_places())} places", f"at least {least:,}", f"{total:,}", total >= least)
    yield none("tables, rows, settings or databases that changed", changed)
    yield none("answers unlike that to a harmless text", differing)
    yield none("answers with 500 where no oddity says so", failed)
    both = Visitor(visitors[0].box, [], [], sum(each.asked for each in visitors))
    for each in visitors:
        both.inside += each.inside
        both.crashed += each.crashed
    yield from both.figures(what="these")
    yield from _written(effort)


def _written(effort: Effort) -> Iterator[Figure]:
    """Write such texts as names and values, and read them back."""
    lost: list[str] = []
    with Sandbox(5, rates=False, now=NOW, lag=0) as box:
        visitor = Visitor(box)
        base = f"/api/projects/{box.project_id}/"
        others = [visitor.ask("GET", f"{base}persons/{number}/") for number in (2, 3, 4, 5)]
        found = payloads(effort.random("written"), effort.count(300, 10))
        for text in found:
            visitor.sent = text
            visitor.ask("PATCH", f"{base}persons/1/", json.dumps({"properties": {text: text}}).encode())
            held = json.loads(visitor.ask("GET", f"{base}persons/1/")[1])["properties"]
            if held.get(text) != text:
                lost.append(f"{text!r} reads {held.get(text)!r}")
            visitor.ask("POST", f"{base}persons/1/delete_property/", json.dumps({"$unset": text}).encode())
            if text in json.loads(visitor.ask("GET", f"{base}persons/1/")[1])["properties"]:
                lost.append(f"{text!r} was not deleted")
        if others != [visitor.ask("GET", f"{base}persons/{number}/") for number in (2, 3, 4, 5)]:
            lost.append("other persons changed")
        visitor.close()
    yield none(f"names and values of properties that did not come back as written, of {len(found):,}", lost)


RAW: Final = (
    "1e400", "-1e400", "9" * 400, "-" + "9" * 400, "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e-400", "-0.0",
    "0.1", "true", "null", "[]", "{}", "[[]]", "[{}]", '{"a": 1}', '""', '" "', '"\\u0000"', '"\\ud800"', "[null]", '[1, "a", true]', "NaN",
    "Infinity", "[" * 900 + "]" * 900, '{"values": 1}', '{"type": "OR", "values": [[]]}', '"1e400"', '"nan"', '"inf"', '"-7d"', '"99999-01-01"',
    '"0000-00-00"', '"9999-12-31T23:59:59Z"', '"0001-01-01"', '"-999999999d"', '"999999999999h"', '"99999y"', "[" + "1," * 200 + "1]",
)  # fmt: skip


def oddments(effort: Effort) -> Iterable[Figure]:
    """Put JSON that nobody expects into every field: numbers without end, the wrong kinds, dates beyond time."""
    failed: list[str] = []
    asked = 0
    # Somebody is changed, and then read in each way.
    someone = (
        Place("a change", "PATCH", "persons/4/", body={"properties": {"a": SLOT}}),
        *(Place(path, "GET", path) for path in ("persons/4/", "persons/?format=csv", "insights/trend/?events=%5B%5D")),
    )
    for oddities in (True, False):
        with Sandbox(20, rates=False, now=NOW, lag=0, oddities=oddities) as box:
            visitor = Visitor(box)
            every = list(itertools.product((*_places(), *someone), RAW))
            for place, raw in effort.random(f"oddments {oddities}").sample(every, effort.count(len(every), 60)):
                asked += 1
                status, content = _send(visitor, place, raw)
                # Real servers fall over at some, and so does a sandbox with their oddities, on purpose.
                if status >= 500 and not oddities:
                    failed.append(f"{place.name}: {raw[:200]}: {status} {content[:80]!r}")
            failed += visitor.inside + visitor.crashed
            visitor.close()
    yield none(f"failures of the sandbox at odd values, of {asked:,} requests", failed)


# --------------------------------------------------------------------------------------------------- sizes and time


def exchange(port: int, *pieces: bytes, wait: float = 10.0) -> bytes:
    """Send bytes as they are, and read until the other side has nothing more to say."""
    with socket.create_connection(("127.0.0.1", port), wait) as connection:
        heard = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.settimeout(wait)
            while chunk := connection.recv(65536):
                heard += chunk
                if b"\r\n\r\n" in heard and b"connection: close" not in heard.lower():
                    break
        except OSError:
            pass
        return heard


def _head(box: Sandbox, method: str = "GET", tail: str = "persons/?limit=3", *headers: str) -> bytes:
    lines = [
        f"{method} /api/projects/{box.project_id}/{tail} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {box.api_key}",
        *headers,
    ]
    return "\r\n".join(lines).encode()


def sizes(effort: Effort) -> Iterable[Figure]:
    """Send too much, and too slowly, and see whether others are served meanwhile."""
    mebibyte = b" " * 2**20
    with Sandbox(500, rates=False, now=NOW) as box:
        visitor = Visitor(box)
        port = visitor.port
        declared = (
            _head(box, "POST", "insights/trend/", "Content-Type: application/json", f"Content-Length: {21 * 2**20}")
            + b"\r\n\r\n"
        )
        chunked = (
            _head(box, "POST", "insights/trend/", "Content-Type: application/json", "Transfer-Encoding: chunked")
            + b"\r\n\r\n"
        )
        endless = b"%x\r\n" % len(mebibyte) + mebibyte + b"\r\n"
        tries: dict[str, tuple[list[bytes], tuple[bytes, ...]]] = {
            "a body of 21 MiB": ([declared, *[mebibyte] * 21], (b" 413 ",)),
            "a body without an end": ([chunked, *[endless] * 22], (b" 413 ",)),
            "a length of 10^30": ([_head(box, "POST", "insights/trend/", f"Content-Length: 1{'0' * 30}") + b"\r\n\r\n", mebibyte], (b" 4", b"")),
            "100,000 headers": ([_head(box) + b"\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"], (b" 4", b"")),
            "a header of 1 MiB": ([_head(box) + b"\r\nX: " + mebibyte + b"\r\n\r\n"], (b" 4", b"")),
            "an address of 1 MiB": ([b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"], (b" 4", b"")),
            "JSON nested 100,000 deep": ([_head(box, "POST", "insights/trend/", "Content-Length: 100000") + b"\r\n\r\n" + b"[" * 100_000], (b" 400 ",)),
            "a number of 100,000 digits": ([_head(box, "PATCH", "persons/1/", "Content-Length: 100020") + b'\r\n\r\n{"properties": {"a":' + b"9" * 99_998 + b"}}"], (b" 400 ", b" 202 ")),
        }  # fmt: skip
        wrong: list[str] = []
        for name, (pieces, wanted) in tries.items():
            answer = exchange(port, *pieces)
            visitor.look(name, 0, answer)
            if not any(answer[8:].startswith(each) if each else not answer for each in wanted):
                wrong.append(f"{name}: {answer[:100]!r}")
            visitor.ask("GET", f"/api/projects/{box.project_id}/persons/?limit=1")
        yield none(f"requests beyond the limits that were taken, of {len(tries)}", wrong)
        yield from _dripping(effort, box, visitor)
        visitor.close()
        yield from visitor.figures(what="these")


def _dripping(effort: Effort, box: Sandbox, visitor: Visitor) -> Iterator[Figure]:
    """Hold many connections open that say or hear little, and ask honestly meanwhile."""
    many = effort.count(200, 30)
    length = "Content-Length: 5000000"
    kinds = (
        _head(box)[:-5], b"G", b"", _head(box, "POST", "insights/trend/", length) + b"\r\n\r\n{",
        _head(box, "POST", "insights/trend/", "Transfer-Encoding: chunked") + b"\r\n\r\n5\r\n{",
        _head(box, "GET", "persons/?format=csv") + b"\r\n\r\n", _head(box, "GET", "persons/?limit=500") + b"\r\n\r\n",
    )  # fmt: skip
    connections = [socket.create_connection(("127.0.0.1", visitor.port), 10) for _ in range(many)]
    times: list[float] = []
    failed: list[str] = []
    try:
        for number, connection in enumerate(connections):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(kinds[number % len(kinds)])
        for turn in range(effort.count(100, 10)):
            for connection in connections[turn % 5 :: 5]:
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")
            start = time.monotonic()
            status, _ = visitor.ask("GET", f"/api/projects/{box.project_id}/persons/?limit=5&offset={turn}")
            times.append(time.monotonic() - start)
            failed += [str(status)] if status != 200 else []
    finally:
        for connection in connections:
            connection.close()
    slow = max(times)
    yield Figure(f"the slowest of {len(times)} answers while {many} connections drip", f"under {PATIENCE:g} s, all 200",
                 f"{slow:.2f} s, {len(failed)} not 200", slow < PATIENCE and not failed)  # fmt: skip


# ----------------------------------------------------------------------------------------- browsers of other people

EVIL: Final = (
    "https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://evil.example:80", "null", "file://",
    "http://localhost:80@evil.example", "http://evil.example#localhost", "http://localhost\\.evil.example", "http://xlocalhost",
    "http://127.0.0.1:80.evil.example", "https://[::1].evil.example", "http://localhost:123456", "http://localhost/", "http://LOCALHOST.evil",
    "http://128.0.0.1", "http://127.0.0.1evil", "ftp://localhost", "localhost", "http://localhost, https://evil.example", "http://0.0.0.0",
    "http://[::ffff:127.0.0.1]", "http://10.0.0.1", "chrome-extension://abc", "http://127.0.0", "http://localhost:",
    "http://localhost%00.evil.example", "http://\u2488.evil.example", "https://us.posthog.com", "", "*", "http://*", "http://127.1.evil",
)  # fmt: skip


FRIENDLY: Final = re.compile(r"https?://(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?")


def browsers(effort: Effort) -> Iterable[Figure]:
    """Come as a page of another site would, by its Origin or under its Host."""
    random = effort.random("origins")
    allowed: list[str] = []
    served: list[str] = []
    tried = 0
    with Sandbox(20, rates=False, now=NOW) as box:
        visitor = Visitor(box)
        origins = [*EVIL, *("http://" + _bent(random) for _ in range(effort.count(3000, 30)))]
        # White space around a header is no part of it.
        origins = [origin for origin in origins if not FRIENDLY.fullmatch(origin.strip())]
        target = f"/api/projects/{box.project_id}/persons/?limit=1"
        for origin in origins:
            line = f"Origin: {origin}".encode("latin-1", "replace").decode("latin-1")
            for method, more in (("GET", ""), ("OPTIONS", "Access-Control-Request-Method: DELETE")):
                tried += 1
                head = _raw(visitor.port, box, method, target, line, more)
                if (
                    b"access-control-allow-origin" in head.lower()
                    or b"access-control-allow-credentials" in head.lower()
                ):
                    allowed.append(f"{method} {origin!r}: {head[:300]!r}")
        friendly = _raw(visitor.port, box, "GET", target, "Origin: http://localhost:5173").lower()
        yield none(f"origins elsewhere that were allowed, of {tried:,} requests", allowed)
        yield Figure("a page on loopback is allowed", "yes", "yes" if b"access-control-allow-origin: http://localhost:5173" in friendly else "no",
                     b"access-control-allow-origin: http://localhost:5173" in friendly)  # fmt: skip
        hosts = [
            *(origin.partition("//")[2] or origin for origin in EVIL),
            *(_bent(random) for _ in range(effort.count(1000, 20))),
        ]
        good = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
        hosts = [host for host in hosts if not good.fullmatch(host.strip()) and host.isascii()]
        for host in hosts:
            for path in ("/", target):
                head = _raw(visitor.port, box, "GET", path, "", host=host)
                if not head.startswith(b"HTTP/1.1 4") and head:
                    served.append(f"Host {host!r} at {path}: {head[:80]!r}")
        yield none(f"pages served under the name of another site, of {2 * len(hosts):,} requests", served)
        visitor.close()


def _bent(random: Random) -> str:
    """Make a name that resembles this machine's."""
    text = random.choice(("localhost", "127.0.0.1", "[::1]", "localhost:8000", "127.0.0.1:80"))
    at = random.randrange(len(text) + 1)
    piece = random.choice(
        (
            ".evil",
            "evil.example",
            "@evil.example",
            "x",
            "#",
            "/",
            "\\",
            "%2e",
            ".",
            "..",
            "\t",
            ",evil",
            "-",
            ":",
            "a:80",
        )
    )
    return random.choice(
        (text[:at] + piece + text[at:], text + "." + piece, piece + text, text[:at] + piece, "evil.example")
    )


def _raw(port: int, box: Sandbox, method: str, target: str, *lines: str, host: str = "127.0.0.1") -> bytes:
    head = [
        f"{method} {target} HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
        f"Authorization: Bearer {box.api_key}",
        *filter(None, lines),
    ]
    return exchange(port, "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n").partition(b"\r\n\r\n")[0]


# ------------------------------------------------------------------------------------------------------------ noise


def noise(effort: Effort) -> Iterable[Figure]:
    """Send random bytes, broken HTTP and half requests, hang up in between, and look whether all is as before."""
    random = effort.random("noise")
    with Sandbox(50, rates=False, now=NOW) as box, _failures() as failures:
        visitor = Visitor(box)
        target = f"/api/projects/{box.project_id}/persons/"
        before, contents = visitor.ask("GET", target), state(box)
        server: Any = box._server._server  # type: ignore[union-attr]  # noqa: SLF001 - its own count of connections
        visitor.close()
        _until(lambda: not server.server_state.connections)
        threads, files = _threads(), len(list(Path("/proc/self/fd").iterdir()))
        tries = effort.count(4000, 60)
        answered: Counter[str] = Counter()
        for number in range(tries):
            answer = _noisy(random, visitor.port, _broken(random, box, number), hang_up=number % 3 == 0)
            visitor.look(f"noise {number}", 0, answer)
            answered[
                answer[9:12].decode("latin-1")
                if answer.startswith(b"HTTP/1.1 ")
                else "nothing"
                if not answer
                else "odd"
            ] += 1
        after = visitor.ask("GET", target)
        visitor.close()
        gone = _until(lambda: not server.server_state.connections)
        gc.collect()
        kept = len(list(Path("/proc/self/fd").iterdir())) - files
        same = after == before and state(box) == contents
        told = ", ".join(f"{each} {count:,}" for each, count in sorted(answered.items()))
        yield Figure(
            f"it answers as before, after {tries:,} broken connections ({told})", "yes", "yes" if same else "no", same
        )
        yield Figure("connections left open in the server", "0", str(len(server.server_state.connections)), gone)
        yield Figure("threads and files left over", "0", f"{len(_threads() - threads)} and {max(0, kept)}",
                     not _threads() - threads and kept <= 0)  # fmt: skip
        odd = [each for each in answered if each.startswith("5") or each == "odd"]
        yield none("answers to noise that are a failure, or not HTTP", odd)
        yield none("failures that the sandbox logged", failures)
        yield from visitor.figures(what="these")


def _until(done: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


def _threads() -> set[str]:
    # The four that work come with the first requests, and stay.
    return {thread.name for thread in threading.enumerate() if not re.fullmatch(r"posthog-sandbox_[0-3]", thread.name)}


@contextlib.contextmanager
def _failures() -> Iterator[list[str]]:
    """Collect what the sandbox and its server log as failures."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and isinstance(record.exc_info[1], h11.LocalProtocolError):
                return  # uvicorn has refused what came after the request, and then has its answer: nobody listens
            trace = logging.Formatter().format(record)
            found.append(f"{record.name}: {trace[-600:]}")

    handler = Handler(logging.ERROR)
    loggers = [logging.getLogger(name) for name in ("posthog_environments.sandbox", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield found
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "G\x00T", "PRI", "BREW", "")
_VERSIONS: Final = ("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/", "", "http/1.1", "HTTP/1.1 x")
_HEADERS: Final = (
    "Content-Length: -1", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 1e3", "Transfer-Encoding: chunked", "Expect: 100-continue",
    "Transfer-Encoding: gzip", "Transfer-Encoding: chunked\r\nContent-Length: 3", "Host: a\r\nHost: b", " folded: x", "X" * 9000, ": empty", "X:\x00",
    "Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c", "Connection: close", "Range: bytes=0-", "Content-Encoding: gzip", "X: \xff\xfe",
    "Cookie: a=b", "Accept: */*", "Accept: image/png", "X-Forwarded-For: 8.8.8.8", "X-HTTP-Method-Override: DELETE", "Content-Type: text/xml",
)  # fmt: skip


def _broken(random: Random, box: Sandbox, number: int) -> bytes:
    if number % 5 == 0:
        return random.randbytes(random.randrange(1, 2000))
    if number % 5 == 1:
        return _head(box, "GET", "persons/?limit=2", "Connection: close") + b"\r\n\r\n"
    path = random.choice(
        (
            f"/api/projects/{box.project_id}/persons/",
            "/",
            "*",
            "//",
            "/%00",
            "/../../etc/passwd",
            "/api/" + "a/" * 200,
            "/\xff",
            "x",
            "http://evil.example/",
        )
    )
    lines = [
        " ".join(
            (
                random.choice(_METHODS),
                path + random.choice(("", "?limit=2", "?" + "a=b&" * 500, "?%zz", "#x")),
                random.choice(_VERSIONS),
            )
        )
    ]
    lines += ["Host: 127.0.0.1"] * random.choice((1, 1, 1, 0, 2)) + [
        f"Authorization: Bearer {box.api_key}"
    ] * random.randrange(2)
    lines += random.choices(_HEADERS, k=random.randrange(4))
    raw = bytearray(
        "\r\n".join(lines).encode("latin-1")
        + b"\r\n\r\n"
        + random.choice((b"", b"{}", b"[" * 500, b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", random.randbytes(50)))
    )
    for _ in range(random.choice((0, 0, 1, 5))):
        raw[random.randrange(len(raw))] = random.randrange(256)
    return bytes(raw[: random.randrange(1, len(raw) + 1)] if number % 4 == 0 else raw)


def _noisy(random: Random, port: int, data: bytes, *, hang_up: bool) -> bytes:
    """Send bytes in one or two pieces; hang up without a word, or say that there is no more and listen."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        try:
            at = random.randrange(len(data) + 1)
            connection.sendall(data[:at])
            connection.sendall(data[at:])
            if hang_up:
                if random.random() < 0.5:
                    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # with a reset
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return b""
            if b"Connection: close" not in data:  # else the server ends it
                connection.shutdown(socket.SHUT_WR)
            connection.settimeout(2)
            heard = b""
            while chunk := connection.recv(65536):
                heard += chunk
        except OSError:
            return b""
        return heard


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("the sandbox listens to this machine alone", doors),
    Campaign("the sandbox knows its keys", keys),
    Campaign("the sandbox takes no SQL", injections),
    Campaign("the sandbox takes odd values", oddments),
    Campaign("the sandbox has limits", sizes),
    Campaign("the sandbox serves no other site", browsers),
    Campaign("the sandbox outlives noise", noise),
)

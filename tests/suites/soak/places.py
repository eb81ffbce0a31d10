"""Where in a request a value may stand: in each operation of the contract, and in filters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import samples

from operations import CONTRACT, OPERATIONS

__all__ = ["SLOT", "Place", "in_filters", "in_operations"]

SLOT: Final = "{slot}"
SOMEBODY, NOBODY = "3", "999999"
# Texts of which some mean something, so that other texts may rightly get other answers.
MEANING: Final = frozenset({"date_from", "date_to", "compare_to"})


@dataclass(frozen=True, slots=True)
class Place:
    """A request with a slot in it.

    Attributes:
        name: What is shown, unique.
        method: The method.
        path: The path within the project.
        query: The query. What is no text is sent as JSON.
        body: The body.
        free: Whether other texts may rightly get other answers.
    """

    name: str
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Any = None
    free: bool = False

    def request(self, raw: str) -> tuple[str, bytes | None]:
        """Return target and body with a value in the slot, which is given as JSON."""
        plain = json.loads(raw) if raw.startswith('"') else raw

        def write(value: Any) -> str:
            return value.replace(SLOT, plain) if isinstance(value, str) else in_json(value)

        def in_json(value: Any) -> str:
            return json.dumps(value).replace(f'"{SLOT}"', raw)

        query = urlencode({write(name): write(value) for name, value in self.query.items()}, errors="replace")
        target = self.path.replace(SLOT, quote(plain, safe="", errors="replace")) + (f"?{query}" if query else "")
        return target, None if self.body is None else in_json(self.body).encode()


def in_operations() -> Iterator[Place]:
    """Give each parameter and each field of each operation, beside what its examples have."""
    for operation in OPERATIONS.values():
        name, method = operation.name, operation.method
        _, _, path = operation.path.partition("{project_id}/")
        at = path.replace("{id}", SOMEBODY if method == "GET" else NOBODY)
        query, body = operation.query, operation.body
        if at != path:
            yield Place(f"{name} id", method, path.replace("{id}", SLOT), query, body, free=True)
        for parameter in operation.parameters:
            if parameter["in"] == "query":
                of_query = {**query, parameter["name"]: SLOT}
                free = parameter["name"] in MEANING
                yield Place(f"{name} {parameter['name']}", method, at, of_query, body, free)
        if body is not None:
            schema = operation.operation["requestBody"]["content"]["application/json"]["schema"]
            for where, filled in _filled(schema, body):
                yield Place(f"{name} body{where}", method, at, query, filled, where.rpartition(".")[2] in MEANING)


def _filled(schema: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Give a value with a slot in each of its places, those that the schema has beside the example with it."""
    yield "", SLOT
    if isinstance(value, dict):
        known = _parts(schema, "properties")
        for name in known | value:
            for where, filled in _filled(known.get(name, {}), value.get(name)):
                yield f".{name}{where}", {**value, name: filled}
    elif isinstance(value, list):
        for where, filled in _filled(_parts(schema, "items"), value[0]):
            yield f"[]{where}", [filled]


def _parts(schema: Any, what: str) -> dict[str, Any]:
    """Return what a schema or one of its alternatives has of something."""
    schema = samples.resolved(CONTRACT, schema)
    found: dict[str, Any] = dict(schema.get(what, {}))
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        found |= _parts(each, what)
    return found


OPERATORS: Final = (
    "exact",
    "is_not",
    "in",
    "not_in",
    "icontains",
    "not_icontains",
    "icontains_multi",
    "gt",
    "lte",
    "is_set",
    "semver_gt",
)
READING: Final = ("regex", "not_regex", "is_date_exact", "is_date_before", "is_date_after")
"""Operators whose values mean something."""


def in_filters() -> Iterator[Place]:
    """Give the places of filters, and names."""
    trend = {"events": [{"id": "$pageview"}], "date_from": "2026-02-20", "date_to": "2026-02-25"}

    def persons(name: str, filters: Any, *, free: bool = False) -> Place:
        return Place(name, "GET", "persons/", {"properties": filters}, free=free)

    def one(**fields: Any) -> list[dict[str, Any]]:
        return [{"type": "person"} | fields]

    for operator in (*OPERATORS, *READING):
        of_value = one(key="nobody_has", operator=operator, value=SLOT)
        yield persons(f"value of {operator}", of_value, free=operator in READING)
        yield persons(f"key of {operator}", one(key=SLOT, operator=operator, value="zzq"), free=operator in READING)
    yield persons("value, of a property that all have", one(key="email", operator="exact", value=SLOT))
    yield persons("values", one(key="email", operator="exact", value=[SLOT, SLOT]))
    yield persons("operator", one(key="email", operator=SLOT, value="a"))
    yield persons("type of a filter", [{"key": "a", "value": "b", "type": SLOT}])
    yield persons("type of a group", {"type": SLOT, "values": []})
    yield persons("old form", {SLOT: SLOT}, free=True)
    yield Place("CSV", "GET", "persons/", {"format": "csv", "email": SLOT})
    yield Place("a name in the query", "GET", "persons/", {SLOT: "1", "email": "zzq"})
    yield Place("a name in a body", "PATCH", f"persons/{NOBODY}/", body={"properties": {SLOT: SLOT}})
    yield Place("a name beside the fields", "POST", "insights/timing/", body={"name": "a", SLOT: SLOT})
    yield Place(
        "sum of a property",
        "POST",
        "insights/trend/",
        body=trend | {"events": [{"id": "$pageview", "math": "sum", "math_property": SLOT}]},
    )
    yield Place(
        "breakdown by person", "POST", "insights/trend/", body=trend | {"breakdown": SLOT, "breakdown_type": "person"}
    )
    yield Place(
        "breakdown of a timeline",
        "GET",
        f"persons/{SOMEBODY}/properties_timeline/",
        {"breakdown": SLOT, "breakdown_type": "person"},
    )
    yield Place("action", "POST", "insights/trend/", body=trend | {"events": [], "actions": [{"id": SLOT}]})
    yield Place(
        "event of a GET",
        "GET",
        "insights/trend/",
        {"events": [{"id": SLOT}], "breakdown": SLOT, "date_from": "2026-02-20"},
    )
    yield Place(
        "event of a timeline",
        "GET",
        f"persons/{SOMEBODY}/properties_timeline/",
        {"events": [{"id": SLOT}], "date_from": "2026-02-20"},
    )
    for kind in ("event", "person"):
        filters = [{"key": SLOT, "value": SLOT, "type": kind}]
        yield Place(f"filter on {kind}s of a trend", "POST", "insights/trend/", body=trend | {"properties": filters})

"""What of a recorded answer is compared with the sandbox's, and why the rest is not.

Two right answers may differ in what depends on the clock, on the cache, on the version of the server's words. Whatever
is left out here is left out of both.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

Json = Any
DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NAMED: Final = {"list", "name", "detail", "several ids"}
"""Groups in which a person's name, the writing of moments and the order of ties count: elsewhere one odd name would
fail every page that it is on."""
ABSENT: Final = {"", "none", "null", None, "$$_posthog_breakdown_null_$$", "nan"}
ACTION: Final = ("id", "type", "name", "math", "math_property", "custom_name", "order")
SERIES: Final = ("data", "days", "count", "aggregated_value", "breakdown_value", "compare", "compare_label")


def link(text: object) -> Json:
    """Give a link's path and parameters: their order and escapes mean nothing, nor does the host."""
    if not isinstance(text, str):
        return text
    split = urlsplit(text)
    return {"path": split.path, "query": sorted(map(list, parse_qsl(split.query, keep_blank_values=True)))}


def _headers(answer: Mapping[str, str], status: int) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    if kind := answer.get("content-type", "").split(";")[0]:  # the charset is spelled in several ways
        kept["content-type"] = kind
    if "content-disposition" in answer:  # the file's name is free
        kept["content-disposition"] = answer["content-disposition"].split(";")[0]
    if status == 429:  # the number depends on the clock
        kept["retry-after"] = re.sub(r"\d+", "N", answer.get("retry-after", ""))
    if status == 405:  # the server also names methods that the contract does not have
        kept["allow"] = bool(answer.get("allow"))
    return kept


# --- trends


def _older(request: Mapping[str, Json]) -> bool:
    """Tell whether the numbers of a trend hold for the older engine of the recorded server alone."""
    asked = json.dumps([request.get("body"), request["query"]])
    windows = re.search("weekly_active|monthly_active", asked)
    rest = asked.replace("weekly_active", "").replace("monthly_active", "")
    return (
        # Active people by hour, week and month were counted otherwise.
        bool(windows and re.search(r"hour|week\W|month\W", rest))
        # It is newer than the recorded server.
        or "compare_to" in asked
        # A property that is null was set, and is not to the newer engine.
        or '"coupon", "operator": "is_' in asked
        # A boolean was compared as Python's text True.
        or '"value": true' in asked
    )


def _rounded(value: Json) -> Json:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 2) if isinstance(value, float) else value


def _series(row: Mapping[str, Json], *, ordered: bool) -> dict[str, Json]:
    one: dict[str, Json] = {name: row[name] for name in SERIES if name in row}
    action = {name: row["action"].get(name) for name in ACTION} if row.get("action") else None
    if action:
        action["math"] = action["math"] or "total"  # the newer engine fills in what was not asked
        if not ordered:
            del action["order"]
    one["action"] = action
    one["labels"] = len(row.get("labels") or []) if "aggregated_value" not in row else 0
    if "aggregated_value" in row:  # the older engine repeats the days of a single value
        one.pop("days", None)
        one.pop("data", None)
    if "breakdown_value" in row:
        part = row["breakdown_value"]
        if part is None or (isinstance(part, str) and part in ABSENT):
            part = "(none)"  # the absent part has another name in each version
        number = isinstance(part, int | float) and not isinstance(part, bool)
        one["breakdown_value"] = str(part) if number else part
    if row.get("label", "").startswith("Formula"):  # one engine rounds to two decimals
        one.update({name: _rounded(one[name]) for name in ("data", "count", "aggregated_value") if name in one})
    return one


def _trend(body: Mapping[str, Json], *, ordered: bool) -> dict[str, Json]:
    # The cache and the clock decide on some, others came and went between versions.
    free = {"is_cached", "last_refresh", "timings", "query_method", "hasMore"}
    kept = {name: value for name, value in body.items() if name not in free}
    kept["next"] = link(body.get("next"))
    rows = [_series(row, ordered=ordered) for row in body.get("result") or []]
    if any("breakdown_value" in row for row in rows):  # parts of the same size come in any order
        rows = _merged(rows)
        rows.sort(
            key=lambda r: (
                str(r.get("compare_label")),
                str((r["action"] or {}).get("id")),
                str(r.get("breakdown_value")),
            )
        )
    kept["result"] = rows
    return kept


def _merged(rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Put together the two parts for null and for the absent property, which are one to the newer engine."""
    kept: dict[str, dict[str, Json]] = {}
    for row in rows:
        key = json.dumps([row.get("breakdown_value"), row.get("compare_label"), row["action"]], sort_keys=True)
        if key not in kept or row.get("breakdown_value") != "(none)":
            kept[key if key not in kept else f"{key}{len(kept)}"] = row
            continue
        first = kept[key]
        for name in ("count", "aggregated_value"):
            if name in row:
                first[name] += row[name]
        if "data" in row:
            first["data"] = [one + other for one, other in zip(first["data"], row["data"], strict=True)]
    return list(kept.values())


# --- persons, their log, their timeline


def _person(row: Json, group: str) -> Json:
    if not isinstance(row, dict) or "created_at" not in row or "properties" not in row:
        return row
    kept: dict[str, Json] = dict(row)
    if group not in NAMED:
        kept.pop("name", None)
        kept["created_at"] = re.sub(r"\.0+Z$", "Z", kept["created_at"])
        return kept
    properties: dict[str, Json] = kept["properties"] or {}
    if "$email" in properties and kept["name"] in (properties["$email"], *kept["distinct_ids"]):
        kept["name"] = "($email or the distinct id)"  # $email gives a name since 2024
    return kept


def _entry(row: Mapping[str, Json]) -> dict[str, Json]:
    detail: dict[str, Json] = dict(row.get("detail") or {})
    detail.pop("type", None)  # not in every version
    detail["name"] = UUID.sub("UUID", str(detail.get("name")))
    detail["changes"] = [{k: v for k, v in one.items() if v is not None} for one in detail.get("changes") or []]
    kept = {name: value for name, value in row.items() if name != "id"}  # newer entries have an id
    kept["created_at"] = bool(DATE.fullmatch(str(row.get("created_at"))))  # the clock's
    kept["user"] = sorted(set(row.get("user") or {}) & {"first_name", "email"})  # somebody else
    return {**kept, "detail": detail}


def _moment(text: Json) -> Json:
    return re.sub(r"(\.0+)?(Z|\+00:00)$", "Z", text) if isinstance(text, str) else text


def _timeline(body: Mapping[str, Json]) -> dict[str, Json]:
    """Give the same moments, however they are written."""
    kept = dict(body)
    kept.update({name: _moment(body[name]) for name in ("effective_date_from", "effective_date_to") if name in body})
    points = [{**point, "timestamp": _moment(point.get("timestamp"))} for point in body.get("points") or []]
    return {**kept, "points": points}


def _page(body: Mapping[str, Json], group: str) -> dict[str, Json]:
    rows: list[Json] = [_person(row, group) for row in body["results"]]
    if group not in NAMED:
        rows.sort(key=lambda row: (row.get("created_at", ""), row.get("uuid", "")), reverse=True)
    return {**body, "results": rows, "next": link(body.get("next")), "previous": link(body.get("previous"))}


def _error(body: Mapping[str, Json]) -> dict[str, Json]:
    """Give an error without its sentence; recorded errors have none, and null where there was none."""
    return {**{name: body.get(name) for name in ("type", "code", "attr")}, "detail": bool(body.get("detail", True))}


def _table(text: str) -> Json:
    """Read CSV as objects: the order of columns means nothing, nor does an empty cell beside an absent one."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        return []
    cells = [{k: v for k, v in zip(rows[0], row, strict=False) if v != ""} for row in rows[1:]]
    return {"columns": dict.fromkeys(rows[0], "there"), "rows": cells}


# --- the whole


def _object(line: Mapping[str, Json], path: str, body: Mapping[str, Json]) -> Json:
    request = line["request"]
    if path.endswith("/trend") and "result" in body:
        if _older(request):  # its series, not their numbers
            return [[name for name in ("days", "label", "action") if name in row] for row in body["result"]]
        return _trend(body, ordered='"order"' in json.dumps(request))
    if path.endswith("/activity") and "results" in body:
        entries = list(map(_entry, body["results"]))
        return {**body, "results": entries, "next": link(body.get("next")), "previous": link(body.get("previous"))}
    if isinstance(body.get("results"), list):
        return _page(body, line["group"])
    if path.endswith("/properties_timeline") and len(request["query"]) > 1:
        return _timeline(body)
    return _person(body, line["group"])


def parts(line: Mapping[str, Json], status: int, headers: Mapping[str, str], body: Json) -> dict[str, Json]:
    """Give what of an answer is compared."""
    request = line["request"]
    found: dict[str, Json] = {"status": status, "headers": _headers(headers, status)}
    if request["method"] == "HEAD":
        return found  # has no body
    if request["method"] == "OPTIONS" and status == 200:
        return {"status": status}  # the framework's description of itself
    if isinstance(body, dict) and {"type", "code", "attr"} <= set(body):
        found["body"] = _error(body)
    elif status >= 400 and not isinstance(body, dict | list):
        found["body"] = "a page"  # a proxy's or the framework's, not the API's
    elif isinstance(body, dict):
        found["body"] = _object(line, request["path"].rstrip("/"), body)
    elif isinstance(body, str) and (["format", "csv"] in request["query"] or "text/csv" in str(request.get("headers"))):
        found["body"] = _table(body)
    else:
        found["body"] = body
    return found


def differences(expected: Json, got: Json, path: str = "") -> Iterator[str]:
    """Name what differs, and where."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(set(expected) | set(got), key=str):
            if key not in got or key not in expected:
                yield f"{path}/{key}: {'absent' if key not in got else f'not expected: {got[key]!r}'}"
            else:
                yield from differences(expected[key], got[key], f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{path}: {len(expected)} expected, {len(got)} there"
        for number, (one, other) in enumerate(zip(expected, got, strict=False)):
            yield from differences(one, other, f"{path}/{number}")
    elif not _equal(expected, got):
        yield f"{path}: {expected!r} expected, {got!r} there"


def _equal(expected: Json, got: Json) -> bool:
    """Compare two values: 1 and 1.0 are one number in JSON, and the last bit of a sum depends on its order."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=1e-9, abs_tol=1e-9)
    return bool(expected == got) and type(expected) is type(got)

"""Declared requests: check parameters and bodies against the contract, for a sandbox without quirks.

Strings in the query, and fields that are not named here, are not checked. This is written by hand, because the package
does not read YAML; a test compares each line with the contract.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from posthog_environments.sandbox.messages import RequestContext
from posthog_environments.sandbox.problems import invalid, required

Test = Callable[[Any], bool]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _whole(value: object) -> bool:
    """Return whether a value is an integer; JSON does not distinguish 1 and 1.0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0


def _or_null(*tests: Test) -> Test:
    return lambda value: value is None or any(test(value) for test in tests)


def _state(value: object) -> bool:
    return value in {"pending", "completed", "all"}


def _flag_text(text: str) -> bool:
    return text in {"true", "false"}


def _whole_text(least: int, most: float = float("inf")) -> Test:
    return lambda text: re.fullmatch(r"-?[0-9]{1,4000}", text) is not None and least <= int(text) <= most


def _list_of(test: Test) -> Test:
    return lambda value: isinstance(value, list) and all(map(test, cast("list[object]", value)))


def good_filters(value: object) -> bool:
    """Return whether a value is a list of conditions, a group of them, or an empty object."""
    return value == {} or _list_of(_entry)(value) or _group(value)


def _entry(value: object) -> bool:
    return _group(value) or (_object(value, _FILTER) and "key" in cast("dict[str, Any]", value))


def _group(value: object) -> bool:
    return _object(value, _GROUP) and {"type", "values"} <= cast("dict[str, Any]", value).keys()


def _object(value: object, tests: Mapping[str, Test]) -> bool:
    return isinstance(value, dict) and _wrong(cast("dict[str, Any]", value), tests) is None


_FILTER: Final[Mapping[str, Test]] = {
    "key": _text,
    "operator": _or_null(_text),
    "type": _or_null(_text),
    "group_type_index": _or_null(_whole),
}
_GROUP: Final[Mapping[str, Test]] = {"type": _text, "values": _list_of(_entry)}


def _trends_query(value: object) -> bool:
    query = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return isinstance(query.get("kind"), str) and isinstance(query.get("series"), list)


_NEVER_NULL: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"query", "refresh", "client_query_id", "name"}),
    "query": frozenset(
        {"kind", "series", "dateRange", "interval", "properties", "filterTestAccounts", "breakdownFilter"}
        | {"compareFilter", "trendsFilter", "samplingFactor", "aggregation_group_type_index"}
    ),
    "series": frozenset(
        {"kind", "id", "name", "custom_name", "math", "math_property", "math_property_type", "math_hogql"}
        | {"math_group_type_index", "properties"}
    ),
    "dateRange": frozenset({"date_from", "date_to", "explicitDate"}),
    "breakdownFilter": frozenset(
        {"breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation"}
        | {"breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_group_type_index"}
    ),
    "breakdowns": frozenset({"type", "normalize_url", "group_type_index", "histogram_bin_count"}),
    "compareFilter": frozenset({"compare", "compare_to"}),
    "trendsFilter": frozenset(
        {"display", "formula", "formulas", "formulaNodes", "smoothingIntervals", "showLegend", "showValuesOnSeries"}
        | {"showPercentStackView", "aggregationAxisFormat", "aggregationAxisPrefix", "aggregationAxisPostfix"}
        | {"decimalPlaces", "yAxisScaleType", "showMultipleYAxes", "hiddenLegendIndexes"}
    ),
    "formulaNodes": frozenset({"formula", "custom_name"}),
}
"""Of a query, by the place in it: what the contract says is there or not. Servers take a null there for nothing."""


def _null_in(given: object, at: str = "") -> str | None:
    """Find a field of a query that is null and may not be."""
    if isinstance(given, list):
        return next((name for one in cast("list[object]", given) if (name := _null_in(one, at))), None)
    if not isinstance(given, dict):
        return None
    never = _NEVER_NULL.get(at, frozenset())
    for name, value in cast("dict[str, object]", given).items():
        if value is None and name in never:
            return name
        if name in _NEVER_NULL and (found := _null_in(value, name)):
            return found
    return None


_ENTITY: Final[Mapping[str, Test]] = {
    "id": _or_null(_text, _whole),
    "type": _or_null(_text),
    "name": _or_null(_text),
    "custom_name": _or_null(_text),
    "order": _or_null(_whole),
    "math": _or_null(_text),
    "math_property": _or_null(_text),
    "properties": good_filters,
}


def _entity(value: object) -> bool:
    return _object(value, _ENTITY)


_WORDS: Final[Mapping[str, Test]] = {
    "breakdown_type": _text,
    "display": _text,
    "interval": _text,
}
_FLAGS: Final = ("filter_test_accounts", "compare", "refresh")
_TEXTS: Final = ("date_from", "date_to", "breakdown", "compare_to", "formula")


@dataclass(frozen=True, slots=True)
class DeclaredRequest:
    """The declared request of one operation.

    Attributes:
        query: Tests of the query parameters.
        body: Tests of the fields of the body; None if there is no body.
        strict: Whether the operation itself checks the body, and more strictly, except for nulls.
    """

    query: Mapping[str, Test] = field(default_factory=dict[str, Test])
    body: Mapping[str, Test] | None = None
    strict: bool = False


LARGEST_PAGE: Final = 50_000
NOTHING: Final = DeclaredRequest()
LIST: Final = DeclaredRequest(
    {"limit": _whole_text(1, LARGEST_PAGE), "offset": _whole_text(0), "include_total": _flag_text}
)
DELETION: Final = DeclaredRequest({"delete_events": _flag_text})
BULK_DELETION: Final = DeclaredRequest(
    {},
    {
        **dict.fromkeys(("ids", "distinct_ids"), _list_of(_text)),
        **dict.fromkeys(("delete_events", "delete_recordings", "keep_person"), _flag),
    },
)
DELETIONS: Final = DeclaredRequest({"status": _state, "limit": _whole_text(1), "offset": _whole_text(0)})
ACTIVITY: Final = DeclaredRequest({"page": _whole_text(1), "limit": _whole_text(1)})
TIMELINE: Final = DeclaredRequest(_WORDS)
TREND_QUERY: Final = DeclaredRequest({**_WORDS, **dict.fromkeys(_FLAGS, _flag_text)})
TREND: Final = DeclaredRequest(
    {},
    {
        **_WORDS,
        **dict.fromkeys(_FLAGS, _flag),
        **dict.fromkeys(_TEXTS, _text),
        **dict.fromkeys(("events", "actions"), _list_of(_entity)),
        "properties": good_filters,
    },
)
QUERY: Final = DeclaredRequest(
    {},
    {
        "query": _trends_query,
        "name": lambda value: isinstance(value, str) and len(value) <= 128,
        **dict.fromkeys(("refresh", "client_query_id"), _text),
    },
    strict=True,
)
POLL: Final = DeclaredRequest({"show_progress": _flag_text})
UPDATE: Final = DeclaredRequest({}, {"properties": lambda value: isinstance(value, dict)})
PROPERTY: Final = DeclaredRequest({}, {"$unset": _text})
TIMING: Final = DeclaredRequest(
    {},
    {
        **dict.fromkeys(("name", "derived_name", "description"), _text),
        **dict.fromkeys(("deleted", "favorited", "saved"), _flag),
        "order": _whole,
        "dashboards": _list_of(_whole),
        "tags": _list_of(_text),
    },
)


def _wrong(given: Mapping[str, Any], tests: Mapping[str, Test]) -> str | None:
    return next((name for name, test in tests.items() if name in given and not test(given[name])), None)


def check(call: RequestContext, takes: DeclaredRequest) -> None:
    """Raise 400 for a request that does not follow the contract."""
    names = Counter(name for name, _ in parse_qsl(urlsplit(call.url).query, keep_blank_values=True))
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise invalid("This is in the query more than once.", twice)
    wrong = _wrong(call.query, takes.query)
    if wrong is None and takes.body is not None and not takes.strict:
        if not call.body.strip():
            raise required("body", "A body must be given, which may be an empty object.")
        wrong = _wrong(call.fields, takes.body)
    if wrong is None and takes.strict:
        wrong = _null_in(call.fields)
    if wrong is not None:
        raise invalid("This is not what the contract says.", wrong)

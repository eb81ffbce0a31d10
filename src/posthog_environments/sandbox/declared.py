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

from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.messages import Reply, RequestContext
from posthog_environments.sandbox.problems import invalid, required
from posthog_environments.sandbox.strict import Test, any_of, list_of, mapping, null, text, whole, word

Handler = Callable[[AppContext, RequestContext], Reply]

flag_text: Final = word("true", "false")
"""Tells a flag in a query."""
_TEXT_OR_NULL: Final = any_of(text, null)
_WHOLE_OR_NULL: Final = any_of(whole, null)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def whole_text(least: int, most: float = float("inf")) -> Test:
    """Return the test of a whole number in a query."""
    return lambda value: re.fullmatch(r"-?[0-9]{1,4000}", value) is not None and least <= int(value) <= most


def good_filters(value: object) -> bool:
    """Return whether a value is a list of conditions, a group of them, or an empty object."""
    return value == {} or list_of(_entry)(value) or _group(value)


def _entry(value: object) -> bool:
    return _group(value) or (_object(value, _FILTER) and "key" in cast("dict[str, Any]", value))


def _group(value: object) -> bool:
    return _object(value, _GROUP) and {"type", "values"} <= cast("dict[str, Any]", value).keys()


def _object(value: object, tests: Mapping[str, Test]) -> bool:
    return isinstance(value, dict) and _wrong(cast("dict[str, Any]", value), tests) is None


_FILTER: Final[Mapping[str, Test]] = {
    "key": text, "operator": _TEXT_OR_NULL, "type": _TEXT_OR_NULL, "group_type_index": _WHOLE_OR_NULL,
}  # fmt: skip
_GROUP: Final[Mapping[str, Test]] = {"type": text, "values": list_of(_entry)}


def _trends_query(value: object) -> bool:
    query = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return isinstance(query.get("kind"), str) and isinstance(query.get("series"), list)


_NEVER_NULL: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("query", "refresh", "client_query_id", "name"),
    "query": (
        "kind", "series", "dateRange", "interval", "properties", "filterTestAccounts", "breakdownFilter",
        "compareFilter", "trendsFilter", "samplingFactor", "aggregation_group_type_index",
    ),
    "series": (
        "kind", "id", "name", "custom_name", "math", "math_property", "math_property_type", "math_hogql",
        "math_group_type_index", "properties",
    ),
    "dateRange": ("date_from", "date_to", "explicitDate"),
    "breakdownFilter": (
        "breakdown_type", "breakdowns", "breakdown_limit", "breakdown_hide_other_aggregation",
        "breakdown_histogram_bin_count", "breakdown_normalize_url", "breakdown_group_type_index",
    ),
    "breakdowns": ("type", "normalize_url", "group_type_index", "histogram_bin_count"),
    "compareFilter": ("compare", "compare_to"),
    "trendsFilter": (
        "display", "formula", "formulas", "formulaNodes", "smoothingIntervals", "showLegend", "showValuesOnSeries",
        "showPercentStackView", "aggregationAxisFormat", "aggregationAxisPrefix", "aggregationAxisPostfix",
        "decimalPlaces", "yAxisScaleType", "showMultipleYAxes", "hiddenLegendIndexes",
    ),
    "formulaNodes": ("formula", "custom_name"),
}  # fmt: skip
"""Of a query, by the place in it: what the contract says is there or not. Servers take a null there for nothing."""


def _null_in(given: object, at: str = "") -> str | None:
    """Find a field of a query that is null and may not be."""
    if isinstance(given, list):
        return next((name for one in cast("list[object]", given) if (name := _null_in(one, at))), None)
    if not isinstance(given, dict):
        return None
    never = _NEVER_NULL.get(at, ())
    for name, value in cast("dict[str, object]", given).items():
        if value is None and name in never:
            return name
        if name in _NEVER_NULL and (found := _null_in(value, name)):
            return found
    return None


_ENTITY: Final[Mapping[str, Test]] = {
    "id": any_of(text, whole, null),
    **dict.fromkeys(("type", "name", "custom_name", "math", "math_property"), _TEXT_OR_NULL),
    "order": _WHOLE_OR_NULL,
    "properties": good_filters,
}


def _entity(value: object) -> bool:
    return _object(value, _ENTITY)


_WORDS: Final[Mapping[str, Test]] = dict.fromkeys(("breakdown_type", "display", "interval"), text)
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


NOTHING: Final = DeclaredRequest()


@dataclass(frozen=True, slots=True)
class Route:
    """What one method does at one path. The module of each handler has its own routes."""

    handler: Handler
    scope: str | None
    """None where the real servers name no scope and so refuse personal keys."""
    bucket: str
    takes: DeclaredRequest = NOTHING
    table: bool = False
    """Whether it has an answer of its own for those who ask for CSV."""
    undeclared: bool = False
    """Whether the real servers have it and the contract has not."""


Routes = Mapping[str, Mapping[str, Route]]
"""By path below the project, and by method. A star stands for an id."""

DELETION: Final = DeclaredRequest({"delete_events": flag_text})
BULK_DELETION: Final = DeclaredRequest(
    {},
    {
        **dict.fromkeys(("ids", "distinct_ids"), list_of(text)),
        **dict.fromkeys(("delete_events", "delete_recordings", "keep_person"), _flag),
    },
)
DELETIONS: Final = DeclaredRequest(
    {"status": word("pending", "completed", "all"), "limit": whole_text(1), "offset": whole_text(0)}
)
ACTIVITY: Final = DeclaredRequest({"page": whole_text(1), "limit": whole_text(1)})
TIMELINE: Final = DeclaredRequest(_WORDS)
TREND_QUERY: Final = DeclaredRequest({**_WORDS, **dict.fromkeys(_FLAGS, flag_text)})
TREND: Final = DeclaredRequest(
    {},
    {
        **_WORDS,
        **dict.fromkeys(_FLAGS, _flag),
        **dict.fromkeys(_TEXTS, text),
        **dict.fromkeys(("events", "actions"), list_of(_entity)),
        "properties": good_filters,
    },
)
QUERY: Final = DeclaredRequest(
    {},
    {
        "query": _trends_query,
        "name": lambda value: isinstance(value, str) and len(value) <= 128,
        **dict.fromkeys(("refresh", "client_query_id"), text),
    },
    strict=True,
)
POLL: Final = DeclaredRequest({"show_progress": flag_text})
UPDATE: Final = DeclaredRequest({}, {"properties": mapping})
PROPERTY: Final = DeclaredRequest({}, {"$unset": text})
TIMING: Final = DeclaredRequest(
    {},
    {
        **dict.fromkeys(("name", "derived_name", "description"), text),
        **dict.fromkeys(("deleted", "favorited", "saved"), _flag),
        "order": whole,
        "dashboards": list_of(whole),
        "tags": list_of(text),
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

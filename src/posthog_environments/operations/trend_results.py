"""What a trend call returns: the trend of either endpoint, or its CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from posthog_environments.calls.decode import decode
from posthog_environments.calls.messages import CallGenerator, ServerResponse
from posthog_environments.calls.notices import warn
from posthog_environments.operations.trends import TrendCall, TrendOutcome
from posthog_environments.results.models import Trend
from posthog_environments.results.trend_answers import (
    TrendWarning,
    csv_text,
    has_more,
    legacy_shape,
    loads,
    only_absent,
)

if TYPE_CHECKING:
    from posthog_environments_api.models import Trend as TrendRecord

__all__ = ["read_csv", "read_trend"]


def read_trend(trend_call: TrendCall, asking: CallGenerator[TrendOutcome]) -> CallGenerator[Trend]:
    """Return the trend of a call that is being asked."""
    found = yield from asking
    body = _body(found)
    record = _record(found, body)
    more = has_more(body["result"], via=found.via, limit=trend_call.asked.get("breakdown_limit"))
    trend = Trend(record, via=found.via, has_more=more)
    for notice in _notices(trend, trend_call.asked):
        warn(notice, TrendWarning)
    return trend


def read_csv(asking: CallGenerator[TrendOutcome]) -> CallGenerator[ServerResponse]:
    """Return a response with CSV to a call that is being asked."""
    found = yield from asking
    if found.result is None:
        return found.answer
    body = _body(found)
    _record(found, body)
    return replace(found.answer, content=csv_text(body["result"]).encode())


def _body(found: TrendOutcome) -> dict[str, Any]:
    """Decode a response, in the shape of `insights/trend/`."""
    if found.result is not None:
        return legacy_shape(found.result)
    return decode(found.call, found.answer, loads)


def _record(found: TrendOutcome, body: Any) -> TrendRecord:
    from posthog_environments_api.models import Trend as Record

    return decode(found.call, found.answer, lambda _: Record.from_dict(body))


def _notices(trend: Trend, asked: Mapping[str, Any]) -> Iterator[str]:
    """Yield warnings about arguments that were probably not meant."""
    named = asked.get("breakdown")
    if named and "breakdown_type" not in asked and only_absent(series.breakdown_value for series in trend):
        yield (
            f"No event has the property {named!r}, so that all are in one series. If it is a property of persons, say "
            'breakdown_type="person".'
        )
    if trend.result and not any(s.data or s.days or s.aggregated_value is not None for s in trend):
        yield (
            "The time asked for holds no point, so that the series are empty: look at date_from and date_to, and at "
            "which day it is for the server."
        )

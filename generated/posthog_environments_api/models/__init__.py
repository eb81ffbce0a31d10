# Written by scripts/generate.py from openapi.yaml: do not edit.
"""The records of the contract. Each is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .activity_change import ActivityChange as ActivityChange
    from .activity_detail import ActivityDetail as ActivityDetail
    from .activity_entry import ActivityEntry as ActivityEntry
    from .activity_page import ActivityPage as ActivityPage
    from .activity_user import ActivityUser as ActivityUser
    from .api_error_body import ApiErrorBody as ApiErrorBody
    from .breakdown_type import BreakdownType as BreakdownType
    from .display import Display as Display
    from .entity import Entity as Entity
    from .insight_timing import InsightTiming as InsightTiming
    from .interval import Interval as Interval
    from .person import Person as Person
    from .person_page import PersonPage as PersonPage
    from .person_update import PersonUpdate as PersonUpdate
    from .properties_timeline import PropertiesTimeline as PropertiesTimeline
    from .properties_timeline_point import (
        PropertiesTimelinePoint as PropertiesTimelinePoint,
    )
    from .property_deletion import PropertyDeletion as PropertyDeletion
    from .property_deletion_outcome import (
        PropertyDeletionOutcome as PropertyDeletionOutcome,
    )
    from .property_filter import PropertyFilter as PropertyFilter
    from .property_filter_group import PropertyFilterGroup as PropertyFilterGroup
    from .response_format import ResponseFormat as ResponseFormat
    from .series import Series as Series
    from .series_action import SeriesAction as SeriesAction
    from .trend import Trend as Trend
    from .trend_filter import TrendFilter as TrendFilter
    from .trend_query import TrendQuery as TrendQuery

_HOMES = {
    "ActivityChange": ".activity_change",
    "ActivityDetail": ".activity_detail",
    "ActivityEntry": ".activity_entry",
    "ActivityPage": ".activity_page",
    "ActivityUser": ".activity_user",
    "ApiErrorBody": ".api_error_body",
    "BreakdownType": ".breakdown_type",
    "Display": ".display",
    "Entity": ".entity",
    "InsightTiming": ".insight_timing",
    "Interval": ".interval",
    "Person": ".person",
    "PersonPage": ".person_page",
    "PersonUpdate": ".person_update",
    "PropertiesTimeline": ".properties_timeline",
    "PropertiesTimelinePoint": ".properties_timeline_point",
    "PropertyDeletion": ".property_deletion",
    "PropertyDeletionOutcome": ".property_deletion_outcome",
    "PropertyFilter": ".property_filter",
    "PropertyFilterGroup": ".property_filter_group",
    "ResponseFormat": ".response_format",
    "Series": ".series",
    "SeriesAction": ".series_action",
    "Trend": ".trend",
    "TrendFilter": ".trend_filter",
    "TrendQuery": ".trend_query",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value

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
    from .entity import Entity as Entity
    from .finished_query import FinishedQuery as FinishedQuery
    from .insight_timing import InsightTiming as InsightTiming
    from .no_property_filters import NoPropertyFilters as NoPropertyFilters
    from .person import Person as Person
    from .person_bulk_deletion import PersonBulkDeletion as PersonBulkDeletion
    from .person_bulk_deletion_outcome import (
        PersonBulkDeletionOutcome as PersonBulkDeletionOutcome,
    )
    from .person_deletion import PersonDeletion as PersonDeletion
    from .person_deletion_error import PersonDeletionError as PersonDeletionError
    from .person_deletion_page import PersonDeletionPage as PersonDeletionPage
    from .person_deletion_state import PersonDeletionState as PersonDeletionState
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
    from .query_progress import QueryProgress as QueryProgress
    from .query_request import QueryRequest as QueryRequest
    from .query_result import QueryResult as QueryResult
    from .query_status import QueryStatus as QueryStatus
    from .query_time_range import QueryTimeRange as QueryTimeRange
    from .response_format import ResponseFormat as ResponseFormat
    from .series import Series as Series
    from .series_action import SeriesAction as SeriesAction
    from .trend import Trend as Trend
    from .trend_filter import TrendFilter as TrendFilter
    from .trend_query import TrendQuery as TrendQuery
    from .trends_query import TrendsQuery as TrendsQuery
    from .trends_query_breakdown import TrendsQueryBreakdown as TrendsQueryBreakdown
    from .trends_query_breakdown_part import (
        TrendsQueryBreakdownPart as TrendsQueryBreakdownPart,
    )
    from .trends_query_compare import TrendsQueryCompare as TrendsQueryCompare
    from .trends_query_date_range import TrendsQueryDateRange as TrendsQueryDateRange
    from .trends_query_display import TrendsQueryDisplay as TrendsQueryDisplay
    from .trends_query_formula import TrendsQueryFormula as TrendsQueryFormula
    from .trends_query_node import TrendsQueryNode as TrendsQueryNode

_HOMES = {
    "ActivityChange": ".activity_change",
    "ActivityDetail": ".activity_detail",
    "ActivityEntry": ".activity_entry",
    "ActivityPage": ".activity_page",
    "ActivityUser": ".activity_user",
    "ApiErrorBody": ".api_error_body",
    "Entity": ".entity",
    "FinishedQuery": ".finished_query",
    "InsightTiming": ".insight_timing",
    "NoPropertyFilters": ".no_property_filters",
    "Person": ".person",
    "PersonBulkDeletion": ".person_bulk_deletion",
    "PersonBulkDeletionOutcome": ".person_bulk_deletion_outcome",
    "PersonDeletion": ".person_deletion",
    "PersonDeletionError": ".person_deletion_error",
    "PersonDeletionPage": ".person_deletion_page",
    "PersonDeletionState": ".person_deletion_state",
    "PersonPage": ".person_page",
    "PersonUpdate": ".person_update",
    "PropertiesTimeline": ".properties_timeline",
    "PropertiesTimelinePoint": ".properties_timeline_point",
    "PropertyDeletion": ".property_deletion",
    "PropertyDeletionOutcome": ".property_deletion_outcome",
    "PropertyFilter": ".property_filter",
    "PropertyFilterGroup": ".property_filter_group",
    "QueryProgress": ".query_progress",
    "QueryRequest": ".query_request",
    "QueryResult": ".query_result",
    "QueryStatus": ".query_status",
    "QueryTimeRange": ".query_time_range",
    "ResponseFormat": ".response_format",
    "Series": ".series",
    "SeriesAction": ".series_action",
    "Trend": ".trend",
    "TrendFilter": ".trend_filter",
    "TrendQuery": ".trend_query",
    "TrendsQuery": ".trends_query",
    "TrendsQueryBreakdown": ".trends_query_breakdown",
    "TrendsQueryBreakdownPart": ".trends_query_breakdown_part",
    "TrendsQueryCompare": ".trends_query_compare",
    "TrendsQueryDateRange": ".trends_query_date_range",
    "TrendsQueryDisplay": ".trends_query_display",
    "TrendsQueryFormula": ".trends_query_formula",
    "TrendsQueryNode": ".trends_query_node",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
    return value

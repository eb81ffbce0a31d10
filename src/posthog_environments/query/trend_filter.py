"""The arguments that trends and timelines share: what to count, over which time, shown how. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, TypedDict, cast

from posthog_environments.query.arguments import Argument
from posthog_environments.query.date_order import refuse_reversed
from posthog_environments.query.dates import DateArgument, date_to_wire, span_to_wire
from posthog_environments.query.filters import PropertiesArgument, filters_to_wire
from posthog_environments.query.series import ActionsArgument, EventsArgument, series_to_wire
from posthog_environments.query.trends_query import at, trend_properties, write_breakdown, write_breakdown_type
from posthog_environments.query.validation import flag, given, json_text, present, text, whole

__all__ = [
    "QUESTION_ARGUMENTS",
    "Breakdown",
    "QuestionArguments",
    "check_group",
    "comparison",
    "question",
    "refuse_without_breakdown",
]

Breakdown: TypeAlias = str | int | Sequence[int | str]


class QuestionArguments(TypedDict, total=False):
    """The arguments that trends and timelines share."""

    events: EventsArgument
    actions: ActionsArgument
    properties: PropertiesArgument
    date_from: DateArgument
    date_to: DateArgument
    interval: str | None
    breakdown: Breakdown | None
    breakdown_type: str | None
    display: str | None


QUESTION_ARGUMENTS: Final[Mapping[str, Argument]] = {
    "events": Argument("events"),
    "actions": Argument("actions"),
    "properties": Argument("filters", place=at("properties", trend_properties)),
    "date_from": Argument(
        "text",
        "Start: 2026-01-31, -30d, mStart, … (server's default -7d).",
        metavar="DATE",
        place=at("dateRange.date_from"),
    ),
    "date_to": Argument(
        "text",
        "End, in the same forms; the default is now.",
        metavar="DATE",
        place=at("dateRange.date_to"),
    ),
    "interval": Argument(
        "text",
        "One point for each of these; where trends are asked at query/ also minute, quarter, …",
        metavar="hour|day|week|month",
        place=at("interval"),
    ),
    "breakdown": Argument(
        "breakdown",
        "One series for each value of a property of the event; person:plan for one of the person, cohort:42,43 or "
        "cohort:all for cohorts.",
        metavar="[TYPE:]NAME",
        place=at("breakdownFilter.breakdown", write_breakdown),
    ),
    "breakdown_type": Argument(
        "text",
        "What the breakdown is a property of, if its NAME does not say.",
        metavar="event|person|…",
        place=at("breakdownFilter.breakdown_type", write_breakdown_type),
    ),
    "display": Argument(
        "text",
        "ActionsLineGraph, ActionsBar, ActionsPie, BoldNumber, …",
        metavar="NAME",
        place=at("trendsFilter.display"),
    ),
}
"""The same arguments as options of the command and of Spark."""


class QuestionTexts(TypedDict, total=False):
    """What a body and a query have alike; the keys are parameters of generated functions and fields of records."""

    date_from: str
    date_to: str
    interval: str
    breakdown: str
    breakdown_type: str
    display: str


class QuestionQuery(QuestionTexts, total=False):
    """A question as a query has it: series and filters are JSON text."""

    events: str
    actions: str
    properties: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was checked. What is None was not given."""

    events: list[dict[str, Any]] | None
    actions: list[dict[str, Any]] | None
    properties: list[dict[str, Any]] | dict[str, Any] | None
    texts: QuestionTexts

    def fields(self) -> dict[str, Any]:
        """Return the fields that were given, as a JSON body has them."""
        lists = {"events": self.events, "actions": self.actions, "properties": self.properties}
        return {name: value for name, value in lists.items() if value is not None} | {**self.texts}

    def query(self) -> QuestionQuery:
        """Return the parameters that were given, as a query has them."""
        found = QuestionQuery(
            events=given(json_text(self.events)),
            actions=given(json_text(self.actions)),
            properties=given(json_text(self.properties)),
            **self.texts,
        )
        return present(found)


def question(asked: QuestionArguments, *, default_type: str, now: Callable[[], datetime]) -> Question:
    """Check a question.

    Args:
        asked: The arguments. Keys of operations that take more are ignored.
        default_type: The type of filters that name none.
        now: The clock.

    Raises:
        TypeError, ValueError: A server would misread an argument.
    """
    events, actions = series_to_wire(asked.get("events"), asked.get("actions"))
    breakdown = asked.get("breakdown")
    kind = text("breakdown_type", asked.get("breakdown_type"))
    if kind is None and _are_cohorts(breakdown):
        kind = "cohort"
    first = date_to_wire(asked.get("date_from"), argument="date_from", now=now)
    last = date_to_wire(asked.get("date_to"), argument="date_to", now=now)
    refuse_reversed(first, last, now)
    texts = QuestionTexts(
        date_from=given(first),
        date_to=given(last),
        interval=given(text("interval", asked.get("interval"))),
        breakdown=given(_breakdown(breakdown, kind)),
        breakdown_type=given(kind),
        display=given(text("display", asked.get("display"))),
    )
    filters = filters_to_wire(asked.get("properties"), default_type=default_type)
    return Question(events, actions, filters, present(texts))


def _are_cohorts(breakdown: object) -> bool:
    """Tell whether a breakdown can be nothing but cohorts, for properties have names."""
    return isinstance(breakdown, int) or (isinstance(breakdown, Sequence) and not isinstance(breakdown, str))


def _breakdown(value: Breakdown | None, kind: str | None = None) -> str | None:
    """Write a breakdown as `insights/trend/` takes it: a name, or cohorts as the JSON text of a list."""
    if value is not None and (kind == "cohort" or (kind is None and _are_cohorts(value))):
        return json_text(_cohorts(value))
    if value is None or isinstance(value, str):
        return text("breakdown", value)
    if _are_cohorts(value) and not isinstance(value, bool):
        raise ValueError(
            f"breakdown: ids are of cohorts, so breakdown_type must be 'cohort' or left out, not {kind!r}."
        )
    raise TypeError(f"breakdown must be the name of a property, or of cohorts one id, a list or 'all', not {value!r}.")


def _cohorts(value: Breakdown) -> list[int | str]:
    if isinstance(value, str) and value.startswith("["):
        try:
            value = cast("list[int | str]", json.loads(value))
        except ValueError:
            raise ValueError(f"breakdown: {value[:40]!r} is no list of cohorts; write [42, 7].") from None
    if isinstance(value, str | int):
        return [_cohort("breakdown", value)]
    if not isinstance(cast("object", value), Sequence) or not value:
        raise TypeError(f"breakdown must be one cohort, a list of cohort ids, or 'all', not {value!r}.")
    return [_cohort(f"breakdown[{at}]", cohort) for at, cohort in enumerate(value)]


def _cohort(place: str, value: int | str) -> int | str:
    if value == "all":
        return "all"
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if not isinstance(value, str):
        return whole(place, value, 1)
    raise ValueError(f"{place}: {value[:40]!r} is no cohort; a cohort is its number, such as 42, or 'all'.")


def refuse_without_breakdown(arguments: Mapping[str, Any]) -> None:
    """Refuse details of a breakdown where there is none: servers ignore them without saying so."""
    for name in ("breakdown_type", "breakdown_limit", "breakdown_group_type_index"):
        if arguments.get(name) is not None:
            raise ValueError(
                f"{name} says more of a breakdown, and there is none. Give breakdown= too, or leave it out."
            )


def comparison(
    compare: bool | None, compare_to: str | None, now: Callable[[], datetime]
) -> tuple[bool | None, str | None]:
    """Check what to compare with: servers heed `compare_to` only beside `compare`."""
    wanted = flag("compare", compare)
    back = span_to_wire(compare_to, argument="compare_to", now=now)
    if back is not None and wanted is False:
        raise ValueError("compare=False and compare_to exclude each other: leave one of them out.")
    return wanted if back is None else True, back


def check_group(asked: Mapping[str, Any]) -> None:
    """Refuse a breakdown by group that does not say which kind of group."""
    if asked.get("breakdown_type") == "group" and asked.get("breakdown_group_type_index") is None:
        raise ValueError(
            "breakdown_group_type_index: missing, and a breakdown by group needs it: the number of the kind of group "
            "in the project, from 0 to 4."
        )

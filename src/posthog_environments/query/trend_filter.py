"""What trends and timelines ask alike: what to count, over which time, shown how. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast

from posthog_environments.query.date_order import refuse_reversed
from posthog_environments.query.dates import DateArgument, date_to_wire
from posthog_environments.query.filters import PropertiesArgument, filters_to_wire
from posthog_environments.query.series import ActionsArgument, EventsArgument, entities_to_wire
from posthog_environments.query.validation import json_text, text, whole

__all__ = ["QUESTION", "Breakdown", "question", "to_query"]

Breakdown: TypeAlias = str | int | Sequence[int | str]

# Wire names of what `question` gives.
QUESTION = frozenset(
    {
        "events",
        "actions",
        "properties",
        "date_from",
        "date_to",
        "breakdown",
        "breakdown_type",
        "display",
        "interval",
    }
)


def question(
    *,
    events: EventsArgument,
    actions: ActionsArgument,
    properties: PropertiesArgument,
    date_from: DateArgument,
    date_to: DateArgument,
    breakdown: Breakdown | None,
    breakdown_type: str | None,
    display: str | None,
    interval: str | None,
    default_type: str,
    now: Callable[[], datetime],
) -> dict[str, Any]:
    """Check a question, and return the fields of it that were given, as a JSON body has them.

    Raises:
        TypeError, ValueError: Something in it would be misread by a server.
    """
    wanted_events, wanted_actions = _entities(events, actions)
    kind = text("breakdown_type", breakdown_type)
    if kind is None and _are_cohorts(breakdown):
        kind = "cohort"
    first = date_to_wire(date_from, argument="date_from", now=now)
    last = date_to_wire(date_to, argument="date_to", now=now)
    refuse_reversed(first, last, now)
    found = {
        "events": wanted_events,
        "actions": wanted_actions,
        "properties": filters_to_wire(properties, default_type=default_type),
        "date_from": first,
        "date_to": last,
        "breakdown": _breakdown(breakdown, kind),
        "breakdown_type": kind,
        "display": text("display", display),
        "interval": text("interval", interval),
    }
    return {name: value for name, value in found.items() if value is not None}


def _entities(
    events: EventsArgument, actions: ActionsArgument
) -> tuple[list[dict[str, Any]] | None, list[dict[str, Any]] | None]:
    """Read both lists. With both, each entity gets its order: where it is missing servers put actions first."""
    first = entities_to_wire(events, kind="events", filters=filters_to_wire)
    second = entities_to_wire(actions, kind="actions", filters=filters_to_wire)
    if not first or not second:
        return first, second
    both = first + second
    given = [entity["order"] for entity in both if entity.get("order") is not None]
    if not given:
        both = [entity | {"order": order} for order, entity in enumerate(both)]
    elif len(set(given)) < len(both):
        raise ValueError(
            "events and actions: order is given for some but not all, or twice; give each its own, or none."
        )
    return both[: len(first)], both[len(first) :]


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


def to_query(body: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the fields of a body into those of a query: texts as they are, lists and objects as JSON text."""
    return {
        name: json_text(cast("list[Any] | dict[str, Any]", value)) if isinstance(value, (list, dict)) else value
        for name, value in body.items()
    }

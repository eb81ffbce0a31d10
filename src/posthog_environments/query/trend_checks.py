"""Checks of a trend that concern several arguments at once. Pure; each raises before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from posthog_environments.query.dates import span_to_wire
from posthog_environments.query.validation import flag

__all__ = ["check_group", "comparison", "refuse_without_breakdown"]


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

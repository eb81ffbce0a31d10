"""Answers as a server would give them, written short."""

from __future__ import annotations

from typing import Any

from posthog_environments_api.models import Trend as TrendRecord

from posthog_environments.results.models import Trend

DAYS = [f"2026-01-{day:02}" for day in range(1, 8)]


def trend(*series: dict[str, Any], **echo: Any) -> Trend:
    """Make a trend of series, each with the question as the server echoes it."""
    filter_ = {"display": "ActionsLineGraph", "interval": "day", **echo}
    rows = [{"filter": filter_, "days": DAYS if "data" in one else [], **one} for one in series]
    return Trend(TrendRecord.from_dict({"result": rows, "timezone": "Europe/Berlin"}))


def counted(label: str, data: list[Any], **more: Any) -> dict[str, Any]:
    """Make a series of counts over time."""
    return {"label": label, "data": data, "action": {"name": "$pageview", "math": "total"}, **more}


def valued(label: str, value: Any, **more: Any) -> dict[str, Any]:
    """Make a series of one number."""
    return {"label": label, "data": [], "days": [], "aggregated_value": value, **more}

"""Writes docs/_static/revenue.svg, the picture of the start page: the revenue of a CD shop, by the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

from posthog_environments import Environment, event
from posthog_environments.display import figure
from posthog_environments.sandbox import Sandbox

PICTURE = Path(__file__).parents[1] / "docs" / "_static" / "revenue.svg"


def write(path: Path) -> None:
    """Draw it."""
    with (
        Sandbox(data="cdnow", rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host) as env,
    ):
        trend = env.insights.trend(
            events=event("purchase", math="sum", math_property="dollars"),
            date_from="1997-01-01",
            date_to="1998-06-30",
            interval="month",
        )
    figure.save(trend, path, computed=trend.computed)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)

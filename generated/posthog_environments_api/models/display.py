# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Literal

Display = Literal[
    "ActionsBar",
    "ActionsBarValue",
    "ActionsLineGraph",
    "ActionsLineGraphCumulative",
    "ActionsPie",
    "ActionsTable",
    "BoldNumber",
    "WorldMap",
]

DISPLAY_VALUES: set[Display] = {
    "ActionsBar",
    "ActionsBarValue",
    "ActionsLineGraph",
    "ActionsLineGraphCumulative",
    "ActionsPie",
    "ActionsTable",
    "BoldNumber",
    "WorldMap",
}


def check_display(value: str) -> Display:
    if value in DISPLAY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {DISPLAY_VALUES!r}")

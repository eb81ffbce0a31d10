# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Literal

BreakdownType = Literal["cohort", "event", "group", "hogql", "person", "session"]

BREAKDOWN_TYPE_VALUES: set[BreakdownType] = {
    "cohort",
    "event",
    "group",
    "hogql",
    "person",
    "session",
}


def check_breakdown_type(value: str) -> BreakdownType:
    if value in BREAKDOWN_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BREAKDOWN_TYPE_VALUES!r}")

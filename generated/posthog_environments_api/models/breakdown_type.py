"""Values known today; servers may take others. Written by scripts/generate.py: do not edit."""

from typing import Literal, TypeAlias

BreakdownType: TypeAlias = (
    Literal[
        "cohort",
        "event",
        "group",
        "hogql",
        "person",
        "session",
    ]
    | str
)

"""Values known today; servers may take others. Written by scripts/generate.py: do not edit."""

from typing import Literal, TypeAlias

PersonDeletionState: TypeAlias = (
    Literal[
        "all",
        "completed",
        "pending",
    ]
    | str
)

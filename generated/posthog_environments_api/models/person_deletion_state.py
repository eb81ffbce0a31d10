# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Literal

PersonDeletionState = Literal["all", "completed", "pending"]

PERSON_DELETION_STATE_VALUES: set[PersonDeletionState] = {
    "all",
    "completed",
    "pending",
}


def check_person_deletion_state(value: str) -> PersonDeletionState:
    if value in PERSON_DELETION_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PERSON_DELETION_STATE_VALUES!r}")

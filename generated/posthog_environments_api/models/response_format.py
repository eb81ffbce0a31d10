# Written by scripts/generate.py from openapi.yaml: do not edit.
from typing import Literal

ResponseFormat = Literal["csv", "json"]

RESPONSE_FORMAT_VALUES: set[ResponseFormat] = {
    "csv",
    "json",
}


def check_response_format(value: str) -> ResponseFormat:
    if value in RESPONSE_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RESPONSE_FORMAT_VALUES!r}")

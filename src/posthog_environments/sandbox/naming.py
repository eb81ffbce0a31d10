"""What a person is called."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

_NAMES: Final = ("email", "Email", "$email", "name", "Name", "username", "Username", "UserName")


def display_name(properties: Mapping[str, Any], distinct_ids: Sequence[str], otherwise: str) -> str:
    """Choose a name: the first of a few properties, else a distinct id that a person may know, else the id."""
    for key in _NAMES:
        value = properties.get(key)
        if value is not None and value != "":
            return str(value)
    return next((one for one in distinct_ids if not _is_uuid(one)), otherwise)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True

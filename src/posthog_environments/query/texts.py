"""What checks of texts share: the form of a timestamp, whether a text is valid Unicode, the nearest known word."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["TIMESTAMP", "check_unicode", "closest"]

TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-5][0-9])?)?"
)
"""A date, or a date with a time, in the ISO forms that servers read."""


def check_unicode(value: str, place: str) -> str:
    """Return a text as a plain str, also where it is of a subclass.

    Raises:
        ValueError: It has a lone surrogate, which UTF-8 cannot express.
    """
    text = str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{place}: has a lone surrogate, which is not valid Unicode; remove it") from None
    return text


def closest(word: object, known: Iterable[str], likeness: float = 0.75) -> str | None:
    """Return the known word that is most like one; None if none is alike enough, 1 being equal."""
    from difflib import get_close_matches  # milliseconds to import, and only a mistake needs it

    found = get_close_matches(str(word)[:50].lower().replace(" ", "_"), list(known), 1, likeness)
    return found[0] if found else None

"""A key to be looked for, in all the forms in which it could show."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from random import Random
from string import ascii_letters, digits
from urllib.parse import quote, quote_plus

__all__ = ["Canary"]

# Some of these look different when they are quoted, escaped or encoded.
_SIGNS = ascii_letters + digits + "%\"'\\+/=<&"
# So many characters in a row of the secret part are found wherever they stand.
WINDOW = 8


class Canary:
    """A key, kept so that no frame or attribute of the campaign itself shows it.

    It is found in plain, in pieces of eight characters, in base64, percent-encoded, escaped and in hex.
    """

    __slots__ = ("_needles", "give")

    def __init__(self, random: Random | None = None, *, of: Callable[[], str] | None = None) -> None:
        if of is None:
            assert random is not None
            of = _holder("phx_" + "".join(random.choices(_SIGNS, k=40)))
        self.give = of
        """Gives the key."""
        self._needles = _needles(of())

    def carries(self, header: bytes) -> bool:
        """Tell whether a header Authorization is that of the key."""
        return header == b"Bearer " + self.give().encode()

    def occurrences(self, text: bytes) -> int:
        """Count the pieces of the key that are in a text."""
        return sum(needle in text for needle in self._needles) if text else 0


def _holder(text: str) -> Callable[[], str]:
    return lambda: text


def _needles(key: str) -> tuple[bytes, ...]:
    secret = key.removeprefix("phx_").encode()
    found = {secret[at : at + WINDOW] for at in range(len(secret) - WINDOW + 1)}
    # A piece of base64 that does not hang on what stands before or behind.
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + secret).rstrip(b"=")
        found |= _pieces(text[4:-2]) | _pieces(text[4:-2].replace(b"+", b"-").replace(b"/", b"_"))
    forms = (quote(key, safe=""), quote_plus(key), repr(key), json.dumps(key), html.escape(key), secret.hex())
    for form in forms:
        found |= _pieces(form.removeprefix("phx_").encode()[2:-2])
    return tuple(found)


def _pieces(text: bytes) -> set[bytes]:
    return {text[at : at + 12] for at in range(0, len(text) - 11, 4)}

"""A piece of SQL with the values that are bound to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL text of this package's own, and its values, which are always bound and never written into the text."""

    text: str
    values: tuple[object, ...] = ()

    def __add__(self, other: Sql) -> Sql:
        """Put two pieces one after the other."""
        return Sql(f"{self.text} {other.text}", self.values + other.values)

    def bracketed(self) -> Sql:
        """Put brackets around a condition."""
        return Sql(f"({self.text})", self.values)


def joined(word: str, pieces: Iterable[Sql]) -> Sql:
    """Join conditions by AND or OR, in brackets."""
    parts = tuple(pieces)
    text = f" {word} ".join(part.text for part in parts)
    return Sql(f"({text})", tuple(value for part in parts for value in part.values))


def all_of(pieces: Iterable[Sql]) -> Sql:
    """Join conditions that must all hold; none at all hold always."""
    parts = tuple(pieces)
    return joined("AND", parts) if parts else Sql("TRUE")


def pointer(key: str) -> str:
    """Write the name of a property as a JSON pointer, in which no character of it has a meaning."""
    return "/" + key.replace("~", "~0").replace("/", "~1")

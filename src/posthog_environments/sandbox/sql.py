"""SQL text with its bound values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sql:
    """SQL text from this package, and its values, which are always bound and never part of the text."""

    text: str
    values: tuple[object, ...] = ()

    def __add__(self, other: Sql) -> Sql:
        """Concatenate two pieces."""
        return Sql(f"{self.text} {other.text}", self.values + other.values)


def sql_of(template: str, *parts: object) -> Sql:
    """Fill the gaps `{}` of a template: with SQL as it stands, with any other value as a bound one."""
    pieces = [part if isinstance(part, Sql) else Sql("?", (part,)) for part in parts]
    text = template.format(*(piece.text for piece in pieces))
    return Sql(text, tuple(value for piece in pieces for value in piece.values))


def joined(word: str, pieces: Iterable[Sql]) -> Sql:
    """Join conditions by AND or OR, in brackets."""
    parts = tuple(pieces)
    text = f" {word} ".join(part.text for part in parts)
    return Sql(f"({text})", tuple(value for part in parts for value in part.values))


def all_of(pieces: Iterable[Sql]) -> Sql:
    """Join conditions by AND; without any return TRUE."""
    parts = tuple(pieces)
    return joined("AND", parts) if parts else Sql("TRUE")


def among(found: Sql, values: Sequence[object]) -> Sql:
    """Return the condition that something is one of some values."""
    return sql_of(f"({{}} IN ({', '.join(['{}'] * len(values))}))", found, *values)


def pointer(key: str) -> str:
    """Return the escaped JSON pointer of a property."""
    return "/" + key.replace("~", "~0").replace("/", "~1")

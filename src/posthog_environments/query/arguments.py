"""Arguments of operations as options of the command and of Spark, which have texts and no Python values. Pure.

A module of `operations` has a TypedDict and a table of `Argument` for what several of its functions take. Command, dlt
and Spark take the arguments from there, so that a new one is declared once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from posthog_environments.query.trends_query import FieldMapping

__all__ = ["Argument", "Kind"]

Kind: TypeAlias = Literal["text", "flag", "number", "filters", "events", "actions", "breakdown"]


@dataclass(frozen=True, slots=True)
class Argument:
    """How an argument is given as text.

    Attributes:
        kind: What it is: a text, true or false, a whole number, property filters, series, or a breakdown.
        help: What `phenv --help` says of it. Kinds that the command gives a help of its own have none here.
        metavar: What stands for the value in the help.
        least: The smallest number.
        most: The largest number.
        place: Where a TrendsQuery has it.
    """

    kind: Kind
    help: str = ""
    metavar: str | None = None
    least: int = 0
    most: int = 1_000_000
    place: FieldMapping | None = None

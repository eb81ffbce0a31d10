"""How arguments of operations become options of the command and of Spark. No I/O.

Modules of `operations` and `query` have a TypedDict and a table of `Argument` for arguments that several functions
share. Command, dlt and Spark read these tables, so that a new argument is declared once.
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
        help: The help of the option. Filters and series have a help of their own in the command.
        metavar: The placeholder of the value in the help.
        least: The smallest number.
        most: The largest number.
        place: The field of a TrendsQuery.
    """

    kind: Kind
    help: str = ""
    metavar: str | None = None
    least: int = 0
    most: int = 1_000_000
    place: FieldMapping | None = None

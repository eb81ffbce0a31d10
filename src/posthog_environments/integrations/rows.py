"""Persons and trends as rows of tables, for the engines that read them. Pure: no I/O.

A column of a table has a kind. A property whose value is not of the kind of its column reads None there, and is
counted: nothing is lost, for `properties` has all values as they came.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from posthog_environments.display.chart_data import listed, moment
from posthog_environments.errors import MalformedResponseError, PagingError
from posthog_environments.results.models import as_sent, distinct_ids_of
from posthog_environments.tables.columns import CellKind, Column
from posthog_environments.tables.records import points
from posthog_environments.tables.values import fit_text, to_json

if TYPE_CHECKING:
    from posthog_environments.paging.page import Report
    from posthog_environments.results.models import Person, Series, Trend

__all__ = [
    "PERSON_COLUMNS",
    "TREND_COLUMNS",
    "ColumnType",
    "PersonRows",
    "check_trend",
    "check_walk",
    "person_columns",
    "projects_of",
    "trend_rows",
]

ColumnType: TypeAlias = Literal["text", "bool", "int64", "float64", "date", "timestamp", "json"]
"""The kinds of columns that can be chosen."""

PERSON_COLUMNS: Final = (
    Column("project_id", "text", required=True),
    Column("uuid", "text", required=True),
    Column("name", "text"),
    Column("distinct_ids", "texts"),
    Column("created_at", "timestamp"),
    Column("properties", "json"),
    Column("additional_properties", "json"),
)
"""What each row of persons has, before the columns that were chosen."""
_EXACT: Final = frozenset({"uuid", "name", "distinct_ids", "created_at", "properties"})
TREND_COLUMNS: Final = (
    Column("project_id", "text", required=True),
    Column("series", "int64", required=True),
    Column("label", "text"),
    Column("breakdown_value", "text"),
    Column("compare_label", "text"),
    Column("starts_at", "local"),
    Column("timezone", "text"),
    Column("value", "float64"),
)
"""What each row of a trend has: one row for each point of each series."""

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
_LONGEST: Final = 2**63


def person_columns(chosen: Mapping[str, ColumnType]) -> tuple[Column, ...]:
    """Return the columns of persons with chosen properties."""
    return (*PERSON_COLUMNS, *(Column(name, kind, name) for name, kind in chosen.items()))


class PersonRows:
    """Turns persons of one project into rows.

    Args:
        project_id: What stands in the column of that name.
        columns: Columns of `person_columns`, in the order of the values.
        properties: Makes the value of the columns `properties` and `additional_properties` from the dict.

    Attributes:
        unreadable: How many values of each column were not of its kind, and read None.
    """

    def __init__(
        self, project_id: str, columns: Sequence[Column], properties: Callable[[dict[str, Any]], Any] = to_json
    ) -> None:
        self.columns = columns
        self.unreadable: Counter[str] = Counter()
        self._project_id = project_id
        self._properties = properties

    def row(self, person: Person) -> tuple[Any, ...]:
        """Return the values of the columns."""
        if person.created_at is None:
            self.unreadable["created_at"] += 1
        name = as_sent(person, "name")
        fields = {
            "project_id": self._project_id,
            "uuid": person.uuid,
            "name": None if name is None else _text(name),
            "distinct_ids": [_text(each) for each in distinct_ids_of(person)],
            "created_at": person.created_at,
            "properties": self._properties(person.properties),
            "additional_properties": self._properties(_others(person)),
        }
        return tuple(fields[each.name] if each.key is None else self._value(each, person) for each in self.columns)

    def _value(self, column: Column, person: Person) -> Any:
        value = person.properties.get(column.name)
        if value is None:
            return None
        found = _READERS[column.kind](value)
        if found is None:
            self.unreadable[column.name] += 1
        return found


def _others(person: Person) -> dict[str, Any]:
    """Give what the columns before do not hold exactly: other fields, nulls that were sent, what could not be read."""
    odd = person.additional_properties
    return {
        name: value for name, value in person.to_dict().items() if name not in _EXACT or value is None or name in odd
    }


def _text(value: Any) -> str:
    return fit_text(value)[0]


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _int(value: Any) -> int | None:
    # Only what is written as servers compare it: 42 and "42", but neither 42.0 nor "042".
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_LONGEST <= value < _LONGEST else None


def _float(value: Any) -> float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _datetime(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_READERS: Final[Mapping[CellKind, Callable[[Any], Any]]] = {
    "text": _text,
    "bool": _bool,
    "int64": _int,
    "float64": _float,
    "date": _date,
    "timestamp": _datetime,
    "json": lambda value: value,
}


def trend_rows(project_id: str, trend: Trend) -> Iterator[tuple[Any, ...]]:
    """Return the values of `TREND_COLUMNS` for each point; of an aggregated display one for each series.

    Raises:
        MalformedResponseError: A series does not have one number for each of its days, or one cannot be read.
    """
    for number, series in enumerate(trend):
        _check_points(number, series)
    for place, label, _, breakdown_value, compare_label, _, day, value in points(trend):
        yield project_id, place, label, breakdown_value, compare_label, day, trend.timezone, value


def _check_points(number: int, series: Series) -> None:
    data, days = listed(series, "data"), listed(series, "days")
    if len(data) != len(days):
        problem = f"{len(data)} numbers for {len(days)} days"
    elif any(moment(day) is None for day in days):
        problem = "a day that cannot be read as a date"
    elif any(isinstance(value, bool) or not isinstance(value, int | float | None) for value in data):
        problem = "a point that is no number"
    else:
        return
    raise MalformedResponseError(f"Series {number} of the trend has {problem}.", status_code=200, body=b"")


def check_walk(project_id: str, report: Report) -> None:
    """Raise unless a listing of persons is complete.

    Raises:
        PagingError: It has not; the message says why.
    """
    if not report.complete:
        raise PagingError(
            f"The listing of the persons of project {project_id} is not complete, after {report.rows} persons: "
            f"{report.reason}. Read them again; strict=False takes what there is, and records that it is not all."
        )


def check_trend(project_id: str, trend: Trend) -> None:
    """Raise if a trend has more values of its breakdown than it shows.

    Raises:
        PagingError: It has.
    """
    more = trend.next is not None or "next" in trend.additional_properties
    if trend.has_more or (trend.has_more is None and more):
        raise PagingError(
            f"The trend of project {project_id} has more values of its breakdown than the {len(trend)} series that "
            "the server shows. Give a larger breakdown_limit; strict=False takes what there is."
        )


def projects_of(value: object) -> list[str | None]:
    """Read one project or several: a number, text with commas between, a sequence; None is that of the environment.

    Raises:
        ValueError: A project is named twice, or none is.
    """
    given: list[object]
    if isinstance(value, str):
        given = [part.strip() for part in value.split(",")]
    elif isinstance(value, Sequence):
        given = list(cast("Sequence[object]", value))
    else:
        given = [value]
    found = [None if each is None else str(each) for each in given]
    if not found or "" in found:
        raise ValueError("project_id names no project. Give a number, or several with commas between them.")
    twice = [project for project, times in Counter(found).items() if times > 1]
    if twice:
        raise ValueError(f"project_id names {twice[0]} twice, so that its persons would come twice.")
    return found

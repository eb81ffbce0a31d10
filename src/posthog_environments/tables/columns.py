"""Which columns a table of persons has, and how a person is split into them. Pure: no I/O, nothing heavy.

One rule keeps every value: what a column cannot hold exactly stays, under its own name and as JSON, in the column for
the rest of its room. For the fields of a person that room is `additional_properties`, for properties it is
`properties`. Both are always JSON objects, at least `{}`. So a person is put together again by reading the columns and
letting the rest win over them; a null in a column is a property that the person lacks, unless the rest has it.

- A text column shows everything: a text as it is, any other value as JSON. Only a text is exact.
- The other kinds hold what fits them exactly, and are null where nothing does: `int64` whole numbers, `float64`
  numbers, `bool` true and false, `json` whatever it is, as JSON. 3 and 3.0 are one number; true is none.
- A null that was sent is kept in the rest, so that it can be told from a property that is absent.

No two columns have names that differ in case alone: Excel, Spark and DuckDB take such for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast, get_args

from posthog_environments.tables.values import (
    FITS,
    Cell,
    CellKind,
    PropertyKind,
    encodable,
    fit_text,
    from_json,
    kind_of,
    kind_of_all,
    to_json,
)

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["BASE", "Cell", "CellKind", "Column", "Layout", "PropertyKind", "Row", "utc"]

_OF_PROPERTIES: Final[frozenset[str]] = frozenset(get_args(PropertyKind))
_PREFIX: Final = "properties."
_MOST_COLUMNS: Final = 1000
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table of persons.

    Attributes:
        name: What it is called.
        kind: What it holds.
        key: The property that it holds; None for a field of the person, which is called as the column is.
        required: Whether it is never null.
    """

    name: str
    kind: CellKind
    key: str | None = None
    required: bool = False


BASE: Final = (
    Column("uuid", "text", required=True),
    Column("id", "text"),
    Column("name", "text"),
    Column("created_at", "timestamp"),
    Column("distinct_ids", "texts", required=True),
    Column("properties", "json", required=True),
    Column("additional_properties", "json", required=True),
)
"""What every table has. Columns of properties stand before `properties`, which holds the rest of them."""
_TAKEN: Final = frozenset(column.name for column in BASE)


@dataclass(frozen=True)
class Layout:
    """The columns of a table of persons: the base ones, and of properties those that have a column of their own.

    Attributes:
        properties: The columns of properties, in their order.
        only: The names of the columns that there are, in their order; None for all.
    """

    properties: tuple[Column, ...] = field(default=())
    only: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        keys: set[str] = set()
        for column in self.properties:
            key = column.key
            if key is None or column.kind not in _OF_PROPERTIES:
                raise ValueError(f"{column!r} is no column of a property.")
            if key in keys:
                raise ValueError(f"There are two columns for the property {key!r}; name each once.")
            if not encodable(key):
                raise ValueError(f"The property {key!r} cannot be a column, for its name cannot be written as UTF-8.")
            keys.add(key)
        for column, right in zip(self.properties, _columns({str(c.key): c.kind for c in self.properties}), strict=True):
            if column != right:
                raise ValueError(f"{column!r} is no column of a property; it would be {right!r}.")

    @classmethod
    def of(
        cls, columns: Iterable[str] | Mapping[str, PropertyKind] = (), *, sample: Iterable[Row] | None = None
    ) -> Self:
        """Give chosen properties a column of their own.

        Args:
            columns: Names of properties, or a mapping of names to kinds: "text", "json", "bool", "int64" or "float64".
            sample: Persons whose values tell the kinds of those that were named without one. None makes them text.

        Raises:
            TypeError, ValueError: A name is no text or comes twice, or there is no such kind for a property.
        """
        if isinstance(columns, (str, bytes)):
            raise TypeError(f"columns is a list of names of properties, not {columns!r}: write [{columns!r}].")
        names = list(columns)
        for name in cast("list[object]", names):
            if not isinstance(name, str):
                raise TypeError(f"The name of a property is a text, not {name!r}.")
        kinds: dict[str, PropertyKind] = (
            dict(cast("Mapping[str, PropertyKind]", columns)) if isinstance(columns, Mapping) else {}
        )
        for name, kind in kinds.items():
            if kind not in _OF_PROPERTIES:
                raise ValueError(
                    f"A column of a property is {' or '.join(sorted(_OF_PROPERTIES))}; {name!r} has {kind!r}."
                )
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"There are two columns for the property {twice!r}; name each once.")
        if sample is not None and not kinds:
            kinds = {key: seen.kind for key, seen in _seen(sample, frozenset(names)).items()}
        return cls(_columns({name: kinds.get(name, "text") for name in names}))

    @classmethod
    def of_only(cls, names: Sequence[str], *, sample: Iterable[Row] | None = None) -> Self:
        """Make a table of certain columns and no others, in their order.

        Args:
            names: Fields of a person by the names of their columns, and properties. A property that is called as a
                field is `properties.name`.
            sample: Every person of the table, whose values tell the kinds; a kind holds each of them exactly. None
                makes properties texts, which show everything.

        Raises:
            TypeError, ValueError: A name is no text, comes twice, or differs from that of a field in case alone.
        """
        keys: dict[str, str] = {}
        for name in names:
            if isinstance(cast("object", name), str) and name.lower() in _TAKEN and name not in _TAKEN:
                raise ValueError(
                    f"only: {name!r} is no column. Write {name.lower()!r} for the field of a person, "
                    f"{_PREFIX + name!r} for the property."
                )
            if name not in _TAKEN:
                keys[name] = name.removeprefix(_PREFIX) or name
        layout = cls.of(list(keys.values()), sample=sample)
        called = {column.key: column.name for column in layout.properties}
        only = tuple(called[keys[name]] if name in keys else name for name in names)
        if len(set(only)) < len(only):
            raise ValueError("only: a column is named twice.")
        return cls(layout.properties, only)

    def shown(self) -> Self:
        """Turn columns of JSON into texts, which show values as people read them."""
        shown = {str(each.key): "text" if each.kind == "json" else each.kind for each in self.properties}
        return type(self)(_columns(cast("dict[str, CellKind]", shown)), self.only)

    @classmethod
    def flattened(cls, sample: Iterable[Row], *, most: int = _MOST_COLUMNS) -> Self:
        """Give each property of a sample of persons a column of its own, sorted by name.

        The kinds follow from the values. Numbers are `int64` if all are whole and have 64 bits, else `float64`; values
        of several kinds, nested ones and larger numbers are `json`. Texts that look like times stay texts. What comes
        later and does not fit is kept in `properties`.

        Args:
            sample: The persons.
            most: How many columns there may be; if the sample has more properties, those that most persons have.
        """
        seen = _seen(sample, None)
        often = sorted(seen, key=lambda key: (-seen[key].persons, key))[:most]
        return cls(_columns({key: kind_of_all(seen[key].kinds) for key in sorted(often)}))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in their order."""
        return self._whole if self.only is None else tuple(self._whole[place] for place in self._places)

    @cached_property
    def _whole(self) -> tuple[Column, ...]:
        return (*BASE[:-2], *self.properties, *BASE[-2:])

    @cached_property
    def _places(self) -> tuple[int, ...]:
        names = [column.name for column in self._whole]
        return tuple(names.index(name) for name in self.only or ())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in their order."""
        return tuple(column.name for column in self.columns)

    def cells(self, person: Row, /) -> tuple[Cell, ...]:
        """Split a person into cells, one for each column, in their order.

        Args:
            person: A `Person`, or one as decoded from JSON.

        Raises:
            ValueError: It is no person, or holds what JSON has no word for: NaN or infinity.
        """
        cells = self._cells(_person(person))
        return cells if self.only is None else tuple(cells[place] for place in self._places)

    def _cells(self, person: Person) -> tuple[Cell, ...]:
        odd: dict[str, Any] = {}
        more = person.additional_properties
        created = person.created_at
        if created is not None:
            created = utc(created, odd)
        # What a person cannot hold is shown all the same.
        ids, name = _listed(more.get("distinct_ids", person.distinct_ids)), more.get("name", person.name)
        if not _are_texts(ids):
            odd["distinct_ids"] = ids
            # Where there is no column for the rest, each is shown all the same.
            all_ = self.only is not None
            ids = [fit_text(item)[0] for item in ids if all_ or (item.__class__ is str and encodable(item))]
        base = (
            _text(person.uuid, "uuid", odd),
            _id(more.get("id", person.id), odd),
            _text(name, "name", odd) if name is not None else None,
            created,
            ids,
        )
        chosen, rest = self._chosen(person.properties)
        return (*base, *chosen, to_json(rest), to_json({**_others(person), **more, **odd}))

    def _chosen(self, properties: dict[str, Any]) -> tuple[list[Cell], dict[str, Any]]:
        """Give the cells of the columns of properties, and what they leave."""
        if not self.properties:
            return [], properties
        rest = dict(properties)
        cells: list[Cell] = []
        for key, fit in self._fits:
            value = rest.get(key, _ABSENT)
            if value is _ABSENT or value is None:
                cells.append(None)
                continue
            cell, exact = fit(value)
            cells.append(cell)
            if exact:
                del rest[key]
        return cells, rest

    @cached_property
    def _fits(self) -> list[tuple[str, Callable[[Any], tuple[Cell, bool]]]]:
        return [(cast("str", column.key), FITS[column.kind]) for column in self.properties]

    def record(self, cells: Sequence[Any]) -> dict[str, Any]:
        """Put a person together again from its cells, as decoded from JSON; `Person.from_dict` reads it.

        Raises:
            ValueError: There are more or fewer cells than columns, or a rest is not JSON.
        """
        uuid, id_, name, created, ids, *chosen, rest, more = cells
        properties: dict[str, Any] = {}
        for column, cell in zip(self.properties, chosen, strict=True):
            if cell is not None:
                properties[cast("str", column.key)] = from_json(cell) if column.kind == "json" else cell
        found = {
            "uuid": uuid,
            "id": int(id_) if isinstance(id_, str) and _is_number(id_) else id_,
            "name": name,
            "distinct_ids": ids,
            "properties": properties | from_json(rest),
            "created_at": created.isoformat() if isinstance(created, datetime) else created,
        }
        kept: dict[str, Any] = from_json(more)
        return {key: value for key, value in found.items() if value is not None} | kept

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON knows it, to be read by `from_dict`."""
        properties = [{"key": each.key, "kind": each.kind} for each in self.properties]
        return {"version": 1, "properties": properties} | ({} if self.only is None else {"only": list(self.only)})

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read what `to_dict` gave.

        Raises:
            ValueError: It is something else.
        """
        try:
            read = cast("dict[str, Any]", value)
            if read["version"] != 1:
                raise ValueError(f"it has version {read['version']!r}, and 1 is known")
            only = read.get("only")
            kinds = {each["key"]: each["kind"] for each in read["properties"]}
            if len(kinds) < len(read["properties"]):
                raise ValueError("a property comes twice")
            return cls(_columns(kinds), None if only is None else tuple(only))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"This is no layout of columns: {error}") from None


Row: TypeAlias = "Person | Mapping[str, Any]"


def _person(row: Row) -> Person:
    from posthog_environments_api.models import Person

    return row if isinstance(row, Person) else Person.from_dict(row)


def _listed(value: object) -> list[Any]:
    found: list[Any] = cast("Any", value) if isinstance(value, list) else []
    return found


def _others(person: Person) -> dict[str, Any]:
    """Write the fields of a person that have no column of their own, and each null that was sent."""
    from posthog_environments_api.records import plan_of, write_fields

    fields = [each for each in plan_of(type(person)) if each.wire not in _TAKEN or not getattr(person, each.name)]
    written = write_fields(person, fields)
    return {name: value for name, value in written.items() if name not in _TAKEN or value is None}


def _are_texts(items: list[Any]) -> bool:
    try:
        return encodable("".join(items))
    except TypeError:
        return False


def _text(value: Any, name: str, odd: dict[str, Any]) -> str:
    if value.__class__ is str and value.isascii():
        return value
    cell, exact = fit_text(value)
    if not exact:
        odd[name] = value
    return cell


def _id(value: Any, odd: dict[str, Any]) -> str | None:
    """Write an id as text; digits are a number, as in the detail, and anything else is a text, as in lists."""
    if value is None:
        return None
    if value.__class__ is int:
        return str(value)
    text = _text(value, "id", odd)
    if _is_number(text):
        odd["id"] = value
    return text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 4300 and str(int(text)) == text


def utc(moment: datetime, odd: dict[str, Any]) -> datetime | None:
    """Turn a moment to UTC; one that has no place in its calendar is put among what is odd."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        # On the first or last day of the calendar, which has another year in UTC.
        odd["created_at"] = moment.isoformat()
        return None


def _name(key: str) -> str:
    """Name the column of a property: as the property, or `properties.name` where that would be taken or unclear.

    Some tools take names that differ in case alone for one.
    """
    return _PREFIX + key if not key or key.lower() in _TAKEN or key.lower().startswith(_PREFIX) else key


def _columns(kinds: Mapping[str, CellKind]) -> tuple[Column, ...]:
    """Make the columns of properties; of names that differ in case alone all but one have a number behind.

    The one that has none is in small letters, if there is such a one: it keeps its name whoever else comes.
    """
    taken: set[str] = set()
    names: dict[str, str] = {}
    for key in kinds:
        if not isinstance(cast("object", key), str):
            raise TypeError(f"the name of a property is a text, not {key!r}")
    for key in sorted(kinds, key=lambda key: (key != key.casefold(), key)):
        name, number = _name(key), 1
        while name.casefold() in taken:
            number += 1
            name = f"{_name(key)} ({number})"
        taken.add(name.casefold())
        names[key] = name
    return tuple(Column(names[key], kind, key) for key, kind in kinds.items())


@dataclass(slots=True)
class _PropertySample:
    """What a sample has of one property."""

    persons: int = 0
    kinds: set[PropertyKind] = field(default_factory=set)
    large: bool = False

    @property
    def kind(self) -> PropertyKind:
        """The kind that holds each of the values; numbers beyond those that floats tell apart are no floats."""
        found = kind_of_all(self.kinds)
        return "json" if found == "float64" and self.large else found


def _seen(sample: Iterable[Row], wanted: frozenset[str] | None) -> dict[str, _PropertySample]:
    found: dict[str, _PropertySample] = {}
    for row in sample:
        for key, value in _person(row).properties.items():
            if key in wanted if wanted is not None else encodable(key):
                seen = found.setdefault(key, _PropertySample())
                seen.persons += 1
                if value is not None:
                    seen.kinds.add(kind_of(value))
                    seen.large |= value.__class__ is int and not FITS["float64"](value)[1]
    return found

"""The columns of a table of persons, and how a person is split into cells. Pure: no I/O, no heavy import.

No value is lost: what a column cannot hold exactly stays, under its own name and as JSON, in a column for the rest. For
fields that is `additional_properties`, for properties `properties`. Both always have a JSON object, at least `{}`. To
get the person back, read the columns, and let the rest override them. A null in a column means that the property is
absent, unless the rest has it.

- A text column shows everything: texts as they are, other values as JSON. Only texts are exact.
- The other kinds hold values that they can hold exactly, and null otherwise: `int64` integers, `float64` numbers,
  `bool` true and false, `json` anything as JSON. 3 and 3.0 are one number; true is not a number.
- A null that was sent is kept in the rest, so that it differs from an absent property.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self, cast, get_args

from posthog_environments.tables.columns import (
    BASE,
    FIELDS,
    PREFIX,
    Column,
    property_columns,
    samples_of,
    text_cell,
    time_cell,
)
from posthog_environments.tables.values import FITS, Cell, PropertyKind, fit_text, kind_of_all, to_json

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["Layout"]

_PROPERTY_KINDS: Final[frozenset[str]] = frozenset(get_args(PropertyKind))
_MOST_COLUMNS: Final = 1000


@dataclass(frozen=True)
class Layout:
    """The columns of a table of persons: those of `BASE`, and the properties with a column of their own.

    Attributes:
        kinds: The properties with a column, and the kinds of the columns, in order.
        only: The names of the only columns, in order; None for all.
    """

    kinds: tuple[tuple[str, PropertyKind], ...] = ()
    only: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        keys = set[str]()
        for key, kind in cast("tuple[tuple[object, str], ...]", self.kinds):
            if not isinstance(key, str):
                raise TypeError(f"The name of a property is a text, not {key!r}.")
            if kind not in _PROPERTY_KINDS:
                raise ValueError(
                    f"A column of a property is {' or '.join(sorted(_PROPERTY_KINDS))}; {key!r} has {kind!r}."
                )
            if key in keys:
                raise ValueError(f"There are two columns for the property {key!r}; name each once.")
            try:
                key.encode()
            except UnicodeEncodeError:
                message = f"The property {key!r} cannot be a column: its name cannot be written as UTF-8."
                raise ValueError(message) from None
            keys.add(key)

    @classmethod
    def of(
        cls, columns: Iterable[str] | Mapping[str, PropertyKind] = (), *, sample: Iterable[Person] | None = None
    ) -> Self:
        """Return a layout in which chosen properties have a column of their own.

        Args:
            columns: Names of properties, or a mapping of names to kinds: "text", "json", "bool", "int64" or "float64".
            sample: Persons whose values decide the kinds, if `columns` has none. None makes them text.

        Raises:
            TypeError, ValueError: A name is not a text or comes twice, or a kind does not exist.
        """
        if isinstance(columns, (str, bytes)):
            raise TypeError(f"columns is a list of names of properties, not {columns!r}: write [{columns!r}].")
        names = list(columns)
        kinds: dict[str, PropertyKind] = {}
        if isinstance(columns, Mapping):
            kinds |= cast("Mapping[str, PropertyKind]", columns)
        if sample is not None and not kinds:
            kinds = {key: seen.kind for key, seen in samples_of(sample, frozenset(names)).items()}
        return cls(tuple((name, kinds.get(name, "text")) for name in names))

    @classmethod
    def of_only(cls, names: Sequence[str], *, sample: Iterable[Person] | None = None) -> Self:
        """Return a layout of certain columns and no others.

        Args:
            names: Fields and properties, in order. A property with the name of a field is `properties.NAME`.
            sample: All persons of the table; their values decide the kinds, which hold each of them exactly. None makes
                properties texts, which show everything.

        Raises:
            TypeError, ValueError: A name is not a text, comes twice, or differs from a field only in case.
        """
        keys: dict[str, str] = {}
        for name in names:
            if isinstance(cast("object", name), str) and name.lower() in FIELDS and name not in FIELDS:
                raise ValueError(
                    f"only: {name!r} is no column. Write {name.lower()!r} for the field of a person, "
                    f"{PREFIX + name!r} for the property."
                )
            if name not in FIELDS:
                keys[name] = name.removeprefix(PREFIX) or name
        layout = cls.of(list(keys.values()), sample=sample)
        called = {column.key: column.name for column in layout.properties}
        only = tuple(called[keys[name]] if name in keys else name for name in names)
        if len(set(only)) < len(only):
            raise ValueError("only: a column is named twice.")
        return cls(layout.kinds, only)

    def shown(self) -> Self:
        """Return the layout with texts instead of columns of JSON, as people read them."""
        shown: dict[PropertyKind, PropertyKind] = {"json": "text"}
        return type(self)(tuple((key, shown.get(kind, kind)) for key, kind in self.kinds), self.only)

    @classmethod
    def flattened(cls, sample: Iterable[Person], *, most: int = _MOST_COLUMNS) -> Self:
        """Return a layout in which each property of a sample has a column of its own, sorted by name.

        The values decide the kinds. Numbers are `int64` if all are integers of 64 bits, else `float64`. Values of
        several kinds, nested values and larger integers are `json`. Texts that look like times stay texts. What comes
        later and does not fit is kept in `properties`.

        Args:
            sample: The persons.
            most: The maximum of columns. If there are more properties, those that most persons have get one.
        """
        seen = samples_of(sample, None)
        often = sorted(seen, key=lambda key: (-seen[key].persons, key))[:most]
        return cls(tuple((key, kind_of_all(seen[key].kinds)) for key in sorted(often)))

    @cached_property
    def properties(self) -> tuple[Column, ...]:
        """The columns of properties, in order."""
        return property_columns(dict(self.kinds))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in order."""
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
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def cells(self, person: Person, /) -> tuple[Cell, ...]:
        """Split a person into cells, one for each column.

        Raises:
            ValueError: A value is nested too deeply to be written as JSON.
        """
        cells = self._cells(person)
        return cells if self.only is None else tuple(cells[place] for place in self._places)

    def _cells(self, person: Person) -> tuple[Cell, ...]:
        odd: dict[str, Any] = {}
        more = person.additional_properties
        # Values that the record cannot hold are shown, too.
        sent: object = more.get("distinct_ids", person.distinct_ids)
        ids: list[Any] = cast("Any", sent) if isinstance(sent, list) else []
        if any(each.__class__ is not str for each in ids):
            odd["distinct_ids"] = ids
            # Without a column for the rest, each is shown.
            ids = [fit_text(each)[0] for each in ids if self.only is not None or each.__class__ is str]
        base = (
            text_cell(person.uuid, "uuid", odd),
            _id(more.get("id", person.id), odd),
            text_cell(more.get("name", person.name), "name", odd),
            time_cell(person.created_at, "created_at", odd),
            ids,
        )
        rest = dict(person.properties)
        chosen: list[Cell] = []
        for key, kind in self.kinds:
            value = rest.get(key)
            cell, exact = (None, False) if value is None else FITS[kind](value)
            chosen.append(cell)
            if exact:
                del rest[key]
        return (*base, *chosen, to_json(rest), to_json({**_others(person), **more, **odd}))


def _others(person: Person) -> dict[str, Any]:
    """Return the fields of a person that have no column, and each null that was sent."""
    from posthog_environments_api.records import plan_of, write_fields

    fields = [each for each in plan_of(type(person)) if each.wire not in FIELDS or not getattr(person, each.name)]
    written = write_fields(person, fields)
    return {name: value for name, value in written.items() if name not in FIELDS or value is None}


def _id(value: Any, odd: dict[str, Any]) -> str | None:
    """Return an id as text. Servers send a number for one person, and a text in lists."""
    if value.__class__ is int:
        return str(value)
    text = text_cell(value, "id", odd)
    if text is not None and _is_number(text):
        odd["id"] = value
    return text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 4300 and str(int(text)) == text

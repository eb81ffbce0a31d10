"""The schemas of the sources: columns as Spark has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from posthog_environments.errors import ConfigurationError
from posthog_environments.integrations.rows import PERSON_COLUMNS, ColumnType
from posthog_environments.tables.columns import CellKind, Column

__all__ = ["columns_of", "schema_of"]

_TYPES: Final[Mapping[CellKind, DataType]] = {
    "text": StringType(),
    "bool": BooleanType(),
    "int64": LongType(),
    "float64": DoubleType(),
    "date": DateType(),
    "timestamp": TimestampType(),
    "local": TimestampNTZType(),
    "json": StringType(),
    "texts": ArrayType(StringType()),
}
_CHOSEN: Final[tuple[ColumnType, ...]] = ("text", "bool", "int64", "float64", "date", "timestamp")


def schema_of(columns: Iterable[Column]) -> StructType:
    """Return the schema of a table."""
    return StructType([StructField(each.name, _TYPES[each.kind], not each.required) for each in columns])


def columns_of(schema: StructType) -> tuple[Column, ...]:
    """Return the columns of a schema of persons, which may be one that somebody wrote for `spark.read.schema(…)`.

    Raises:
        ConfigurationError: A column has a type that it cannot have.
    """
    fixed: dict[str, CellKind] = {each.name: each.kind for each in PERSON_COLUMNS}
    kinds: dict[type[DataType], CellKind] = {type(_TYPES[kind]): kind for kind in _CHOSEN}
    found: list[Column] = []
    for field in schema.fields:
        kind, key = fixed.get(field.name), None
        if kind is None:
            kind, key = kinds.get(type(field.dataType)), field.name
        elif field.dataType != _TYPES[kind]:
            raise ConfigurationError(f"The column {field.name!r} is {_TYPES[kind].simpleString()} and nothing else.")
        if kind is None:
            allowed = ", ".join(_TYPES[each].simpleString() for each in _CHOSEN)
            raise ConfigurationError(
                f"The column {field.name!r} must be one of {allowed}, not {field.dataType.simpleString()}."
            )
        found.append(Column(field.name, kind, key, required=not field.nullable))
    return tuple(found)

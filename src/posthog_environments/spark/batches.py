"""Rows as Arrow batches of exactly the schema that Spark expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    from posthog_environments.integrations.rows import ColumnType

__all__ = ["PERSONS", "TREND", "ArrowBatches", "kinds_of", "schema_of"]

# It comes without types.
pa: Any = import_module("pyarrow")

TYPES: Final[Mapping[ColumnType, DataType]] = {
    "text": StringType(),
    "bool": BooleanType(),
    "int": LongType(),
    "float": DoubleType(),
    "date": DateType(),
    "datetime": TimestampType(),
}
PERSONS: Final = StructType(
    [
        StructField("project_id", StringType(), nullable=False),
        StructField("uuid", StringType(), nullable=False),
        StructField("name", StringType()),
        StructField("distinct_ids", ArrayType(StringType())),
        StructField("created_at", TimestampType()),
        StructField("properties", StringType()),
        StructField("additional_properties", StringType()),
    ]
)
TREND: Final = StructType(
    [
        StructField("project_id", StringType(), nullable=False),
        StructField("series", LongType(), nullable=False),
        StructField("label", StringType()),
        StructField("breakdown_value", StringType()),
        StructField("compare_label", StringType()),
        StructField("starts_at", TimestampNTZType()),
        StructField("timezone", StringType()),
        StructField("value", DoubleType()),
    ]
)
# Those of pyspark.sql.pandas.types.to_arrow_schema, whose arguments differ from version to version.
_ARROW: Final[Mapping[type[DataType], Any]] = {
    StringType: pa.string(),
    BooleanType: pa.bool_(),
    LongType: pa.int64(),
    DoubleType: pa.float64(),
    DateType: pa.date32(),
    TimestampType: pa.timestamp("us", tz="UTC"),
    TimestampNTZType: pa.timestamp("us"),
    ArrayType: pa.list_(pa.field("element", pa.string(), nullable=True)),
}


def schema_of(columns: Mapping[str, ColumnType]) -> StructType:
    """Return the schema of persons with chosen columns."""
    return StructType([*PERSONS.fields, *(StructField(name, TYPES[kind]) for name, kind in columns.items())])


def kinds_of(schema: StructType) -> dict[str, ColumnType]:
    """Return the chosen columns of a schema, which may be one that somebody wrote for `spark.read.schema(…)`.

    Raises:
        ConfigurationError: A column has a type that it cannot have.
    """
    fixed = {each.name: each.dataType for each in PERSONS.fields}
    kinds: dict[type[DataType], ColumnType] = {type(each): kind for kind, each in TYPES.items()}
    found: dict[str, ColumnType] = {}
    for each in schema.fields:
        if each.name in fixed:
            if each.dataType != fixed[each.name]:
                raise ConfigurationError(
                    f"The column {each.name!r} is {fixed[each.name].simpleString()} and nothing else."
                )
            continue
        kind = kinds.get(type(each.dataType))
        if kind is None:
            raise ConfigurationError(
                f"The column {each.name!r} must be one of {', '.join(t.simpleString() for t in TYPES.values())}, "
                f"not {each.dataType.simpleString()}."
            )
        found[each.name] = kind
    return found


class ArrowBatches:
    """Makes batches of a schema from rows that have their values in the order of `names`."""

    def __init__(self, schema: StructType, names: Sequence[str]) -> None:
        self._places = [names.index(each.name) for each in schema.fields]
        self._schema = pa.schema(
            [pa.field(each.name, _ARROW[type(each.dataType)], nullable=each.nullable) for each in schema.fields]
        )

    def of(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """Return one batch."""
        columns = list(zip(*rows, strict=True)) if rows else []
        arrays = [
            pa.array(columns[place] if columns else [], type=each.type)
            for place, each in zip(self._places, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

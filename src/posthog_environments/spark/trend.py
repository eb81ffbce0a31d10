"""The data source `posthog_trend`: a row for each point of each series, a partition for each project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from posthog_environments.errors import ConfigurationError
from posthog_environments.integrations.rows import TREND_COLUMNS, check_trend, trend_rows
from posthog_environments.operations.insights import TREND_ARGUMENTS
from posthog_environments.spark.options import CLIENT, SparkOptions
from posthog_environments.spark.schemas import schema_of
from posthog_environments.tables.arrow import TableSource, batches

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from pyspark.sql.types import StructType

__all__ = ["TrendDataSource"]

SCHEMA: Final = schema_of(TREND_COLUMNS)
OPTIONS: Final = CLIENT | TREND_ARGUMENTS.keys()


@dataclass
class TrendPartition(InputPartition):
    """One project."""

    project: str | None


class TrendDataSource(DataSource):
    """A trend of one environment or of several; see docs/spark.md for its options.

    Raises:
        ConfigurationError: An option makes no sense, or is a key, which has no place there. Nothing was sent.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        super().__init__({})
        self._options = SparkOptions.read(options, OPTIONS)
        self._question = self._options.arguments(TREND_ARGUMENTS)
        if not {"events", "actions"} & set(self._question):
            raise ConfigurationError('A trend counts something: option("events", "$pageview,purchase"), or actions.')

    @classmethod
    def name(cls) -> str:
        """Return what `spark.read.format` takes."""
        return "posthog_trend"

    def schema(self) -> StructType:
        """Return the schema."""
        return SCHEMA

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return the reader."""
        if schema != SCHEMA:
            raise ConfigurationError("posthog_trend has a schema of its own; leave out .schema(…) and select columns.")
        return TrendReader(self._options, self._question)


class TrendReader(DataSourceReader):
    """Asks for the trend of a project on a worker."""

    def __init__(self, options: SparkOptions, question: dict[str, Any]) -> None:
        self._options = options
        self._question = question

    def partitions(self) -> list[InputPartition]:
        """Return a partition for each project."""
        return [TrendPartition(project) for project in self._options.projects()]

    def read(self, partition: InputPartition) -> Iterator[Any]:
        """Read the trend of one project.

        Raises:
            PagingError: A breakdown has more values than servers show, and `strict` is true.
        """
        assert isinstance(partition, TrendPartition)
        with self._options.open(partition.project) as env:
            trend = env.insights.trend(**self._question)
            if self._options.flag("strict", default=True):
                check_trend(env.project_id, trend)
            yield from batches(trend_rows(env.project_id, trend), TableSource(TREND_COLUMNS, tuple))

"""The data source `posthog_persons`: the driver splits the persons by time of creation, workers read them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from posthog_environments.config.defaults import PAGE_SIZE
from posthog_environments.errors import ConfigurationError
from posthog_environments.integrations.rows import PersonRows, check_walk, person_columns
from posthog_environments.operations.persons import PERSON_FILTERS
from posthog_environments.paging.page import MOST_ROWS
from posthog_environments.spark import reports
from posthog_environments.spark.options import CLIENT, SparkOptions, read_columns
from posthog_environments.spark.schemas import columns_of, schema_of
from posthog_environments.tables.arrow import TableSource, batches

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from pyspark.sql.types import StructType

    from posthog_environments.client.environment import Environment

__all__ = ["PersonsDataSource", "PersonsPartition", "edges"]

OPTIONS: Final = (
    CLIENT | PERSON_FILTERS.keys() | {"columns", "partitions", "page_size", "report", "created_since", "created_before"}
)
MOST_PARTITIONS: Final = 1000
# The most persons that `_count` looks for.
_MOST: Final = 1 << 40


@dataclass
class PersonsPartition(InputPartition):
    """A range of time of one project; `near` is about how many persons are newer."""

    number: int
    project: str | None
    since: datetime | None
    before: datetime | None
    near: int
    folder: str | None


class PersonsDataSource(DataSource):
    """The persons of one environment or of several; see docs/spark.md for its options.

    Raises:
        ConfigurationError: An option makes no sense, or is a key, which has no place there. Nothing was sent.
    """

    def __init__(self, options: MutableMapping[str, str]) -> None:
        super().__init__({})
        self._options = SparkOptions.read(options, OPTIONS)
        self._chosen = read_columns(self._options.given.get("columns"))
        _check(self._options)

    @classmethod
    def name(cls) -> str:
        """Return what `spark.read.format` takes."""
        return "posthog_persons"

    def schema(self) -> StructType:
        """Return the schema: the columns that all persons have, then the chosen ones."""
        return schema_of(person_columns(self._chosen))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return the reader. It takes no filters of the query: Spark would apply them to the next query as well."""
        return PersonsReader(self._options, schema)


def _check(options: SparkOptions) -> None:
    options.whole("partitions", 1, MOST_PARTITIONS)
    _page_size(options)
    _range(options)
    options.arguments(PERSON_FILTERS)
    several = options.whole("partitions", 1, MOST_PARTITIONS) > 1 or len(options.projects()) > 1
    shared = (options.given.get("quota") or os.environ.get("POSTHOG_QUOTA") or "memory") != "memory"
    if several and options.flag("pacing", default=True) and not shared:
        raise ConfigurationError(
            "Several partitions or projects are read at once, and each would use the whole quota of the key. Name one "
            'that they share: option("quota", "file:///…/quota.db") on one machine, "redis://…" on several. For a '
            'server without limits give option("pacing", "false").'
        )
    if not options.flag("strict", default=True) and options.given.get("report") is None:
        raise ConfigurationError(
            'strict=false lets a job end well that may have missed somebody. Say where to note that: option("report", '
            '"/shared/folder"); read_report() of posthog_environments.spark reads it.'
        )


class PersonsReader(DataSourceReader):
    """Splits the persons on the driver, and reads a partition on a worker. It is sent to workers, and has no key."""

    def __init__(self, options: SparkOptions, schema: StructType) -> None:
        self._options = options
        self._columns = columns_of(schema)

    def partitions(self) -> list[InputPartition]:
        """Split each project into time ranges with about the same number of persons."""
        parts: list[PersonsPartition] = []
        for project in self._options.projects():
            with self._options.open(project) as env:
                parts += self._parts_of(env, project)
        for number, part in enumerate(parts):
            part.number = number
        path = self._options.given.get("report")
        if path is not None:
            folder = reports.begin(path, len(parts))
            for part in parts:
                part.folder = folder
        return [*parts]

    def _parts_of(self, env: Environment, project: str | None) -> Iterator[PersonsPartition]:
        since, before = _range(self._options)
        wanted = self._options.whole("partitions", 1, MOST_PARTITIONS)
        inner = edges(env, wanted, self._options.arguments(PERSON_FILTERS)) if wanted > 1 else {}
        ends = [
            (time, near)
            for time, near in inner.items()
            if (since is None or time > since) and (before is None or time < before)
        ]
        newer = [near for time, near in inner.items() if before is not None and time >= before]
        bounds = [(before, max(newer, default=0)), *ends, (since, 0)]
        for (end, near), (start, _) in pairwise(bounds):
            yield PersonsPartition(0, project, start, end, near if end is not None else 0, None)

    def read(self, partition: InputPartition) -> Iterator[Any]:
        """Read one partition, page by page.

        Raises:
            PagingError: The listing may have missed persons, and `strict` is true. Spark repeats the task.
        """
        assert isinstance(partition, PersonsPartition)
        with self._options.open(partition.project) as env:
            persons = PersonRows(env.project_id, self._columns)
            table = TableSource(self._columns, persons.row)
            pager = env.persons.list(
                **self._options.arguments(PERSON_FILTERS),
                page_size=_page_size(self._options),
                created_since=partition.since,
                created_before=partition.before,
                near=partition.near,
            )
            for page in pager.pages():
                yield from batches(page, table)
            if partition.folder is not None:
                reports.note(
                    partition.folder,
                    partition.number,
                    {"project_id": env.project_id, **asdict(pager.report), "unreadable": dict(persons.unreadable)},
                )
            if self._options.flag("strict", default=True):
                check_walk(env.project_id, pager.report)


def _page_size(options: SparkOptions) -> int:
    return options.whole("page_size", PAGE_SIZE, MOST_ROWS)


def _range(options: SparkOptions) -> tuple[datetime | None, datetime | None]:
    since, before = options.moment("created_since"), options.moment("created_before")
    if since is not None and before is not None and since >= before:
        raise ConfigurationError("created_since must lie before created_before: nobody was created in between.")
    return since, before


def edges(env: Environment, parts: int, filters: Mapping[str, Any]) -> dict[datetime, int]:
    """Look up times that split the persons into about equal parts, newest first, each with how many are newer."""
    first = next(env.persons.list(**filters, page_size=1, include_total=True).pages())
    total = _count(env, filters) if first.count is None else first.count
    found: dict[datetime, int] = {}
    for part in range(1, parts):
        place = total * part // parts
        person = env.persons.list(**filters, page_size=1, offset=place).first() if 0 < place < total else None
        if person is not None and person.created_at is not None:
            found.setdefault(person.created_at, place)
    # Persons added or deleted meanwhile can swap two of them.
    return dict(sorted(found.items(), reverse=True))


def _count(env: Environment, filters: Mapping[str, Any]) -> int:
    """Count by looking where the list ends, with some forty requests."""
    low, high = 0, 1
    while high < _MOST and env.persons.list(**filters, page_size=1, offset=high).first() is not None:
        low, high = high, 2 * high
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        if env.persons.list(**filters, page_size=1, offset=middle).first() is None:
            high = middle
        else:
            low = middle
    return high

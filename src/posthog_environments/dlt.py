"""Persons and trends as sources of dlt, which loads them into any of its destinations. Needs the extra `dlt`.

    import dlt
    from posthog_environments.dlt import posthog_persons

    pipeline = dlt.pipeline("people", destination="duckdb", dataset_name="posthog")
    pipeline.run(posthog_persons("12345"))

Settings that are not given come from dlt's configuration (`[sources.posthog]` in secrets.toml and config.toml,
`SOURCES__POSTHOG__API_KEY` and the like), else from POSTHOG_PROJECT_ID, POSTHOG_PERSONAL_API_KEY and POSTHOG_HOST.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Unpack, cast

from posthog_environments.client.environment import Environment
from posthog_environments.config.api_key import Secret
from posthog_environments.config.defaults import LONG_WAIT, PAGE_SIZE
from posthog_environments.config.settings import CONNECTION
from posthog_environments.errors import ConfigurationError
from posthog_environments.integrations.rows import (
    PERSON_COLUMNS,
    TREND_COLUMNS,
    ColumnType,
    PersonRows,
    check_trend,
    check_walk,
    projects_of,
    trend_rows,
)
from posthog_environments.operations.insights import TrendArguments
from posthog_environments.operations.persons import PersonFilters

try:
    import dlt
    from dlt.common.normalizers.naming.snake_case import NamingConvention
except ImportError as error:
    raise ImportError(
        "posthog_environments.dlt needs dlt: pip install 'posthog-environments[dlt]'", name=error.name
    ) from error

if TYPE_CHECKING:
    from dlt.extract import DltResource, DltSource

__all__ = ["PersonFilters", "TrendArguments", "posthog_persons", "posthog_trend"]

DataType: TypeAlias = Literal["text", "bool", "bigint", "double", "date", "timestamp", "json"]
Project: TypeAlias = "int | str | Sequence[int | str] | None"
Hints: TypeAlias = dict[str, Any]

SECTION: Final = "posthog"
DAY: Final = timedelta(days=1)

_KINDS: Final[Mapping[str, ColumnType]] = {
    "text": "text",
    "bool": "bool",
    "bigint": "int",
    "double": "float",
    "date": "date",
    "timestamp": "datetime",
    "json": "json",
}
_PERSONS: Final[dict[str, Hints]] = {
    "project_id": {"data_type": "text", "nullable": False},
    "uuid": {"data_type": "text", "nullable": False},
    "name": {"data_type": "text"},
    "distinct_ids": {"data_type": "json"},
    "created_at": {"data_type": "timestamp"},
    "properties": {"data_type": "json"},
    "additional_properties": {"data_type": "json"},
}
_TREND: Final[dict[str, Hints]] = {
    "project_id": {"data_type": "text", "nullable": False},
    "series": {"data_type": "bigint", "nullable": False},
    "label": {"data_type": "text"},
    "breakdown_value": {"data_type": "text"},
    "compare_label": {"data_type": "text"},
    "starts_at": {"data_type": "timestamp", "timezone": False},
    "timezone": {"data_type": "text"},
    "value": {"data_type": "double"},
}
log = logging.getLogger("posthog_environments")


def posthog_persons(
    project_id: Project = None,
    *,
    columns: Mapping[str, DataType] | None = None,
    incremental: bool = False,
    overlap: timedelta = DAY,
    page_size: int = PAGE_SIZE,
    strict: bool = True,
    table_name: str = "persons",
    api_key: str | Callable[[], str] | None = None,
    host: str | None = None,
    client: Mapping[str, Any] | None = None,
    **filters: Unpack[PersonFilters],
) -> DltSource:
    """Return a source of the persons of one environment or of several, in one table.

    A row has `project_id`, `uuid`, `name`, `distinct_ids`, `created_at`, `properties` and `additional_properties`,
    these as JSON, and the chosen columns. The state of each resource has the report of its last listing, as `report`.

    Args:
        project_id: One project, or several as a sequence or as text with commas between.
        columns: Properties that get a column of their own, and its data type in dlt. A value of another type reads
            NULL there, and is counted in the report.
        incremental: False reads all persons each time and replaces the table. True reads only persons created since
            the last load, and merges them by uuid: persons changed or deleted meanwhile are not seen.
        overlap: With `incremental`, how far before the newest known person each load begins: servers also add persons
            with earlier times.
        page_size: Persons a page.
        strict: Whether a listing that may have missed persons fails the load. False loads what there is, and says so
            in the report and in the log.
        table_name: The table; the resources are named after it and the project. State is kept by resource, so
            incremental loads with other conditions want a table of their own.
        api_key: A personal API key, or a function that returns one.
        host: "us", "eu" or the URL of a server.
        client: Further arguments of `Environment`, such as `pacing`, `timeout` or `proxy`.
        filters: Which persons: `search`, `email`, `distinct_id` and `properties`, as in `env.persons.list`.

    Raises:
        ConfigurationError: Something is missing or makes no sense. Nothing was sent.
        TypeError: There is no such argument. Nothing was sent.
        ValueError: A filter or column makes no sense. Nothing was sent.
        PagingError: While it runs, as dlt's PipelineStepFailed: a listing is not complete.
    """
    # First, so that no local variable of a traceback has the text of the key.
    make = _Clients(project_id, cast("Any", Secret.wrap(api_key)), host, client or {})
    api_key = None
    kinds = _kinds(columns or {})
    if overlap < timedelta(0):
        raise ValueError("overlap must not be negative.")

    def resource(project: str, open_: Callable[[], Environment]) -> DltResource:
        load = _Load(project, open_, {**filters, "page_size": page_size}, kinds, strict)
        load.check()
        hints = _PERSONS | {name: {"data_type": kind} for name, kind in (columns or {}).items()}
        cursor: Any = None
        if incremental:
            cursor = dlt.sources.incremental[datetime](
                "created_at", primary_key=(), lag=overlap.total_seconds(), on_cursor_value_missing="include"
            )

        def persons(created_at: dlt.sources.incremental[datetime] | None = cursor) -> Iterator[Any]:
            yield from load.run(None if created_at is None else created_at.start_value)

        return _resource(
            persons, f"{table_name}_{project}", table_name, hints, ("project_id", "uuid"), incremental=incremental
        )

    return _source([resource(project, open_) for project, open_ in make.each()])


def posthog_trend(
    project_id: Project = None,
    *,
    strict: bool = True,
    table_name: str = "trend",
    api_key: str | Callable[[], str] | None = None,
    host: str | None = None,
    client: Mapping[str, Any] | None = None,
    **question: Unpack[TrendArguments],
) -> DltSource:
    """Return a source of a trend of one environment or of several: a row for each point of each series.

    A row has `project_id`, `series` (its number), `label`, `breakdown_value`, `compare_label`, `starts_at` (in the
    project's time zone), `timezone` and `value`; where the display is an aggregated one, `starts_at` is NULL. Each
    load replaces the table.

    Args:
        project_id: One project, or several as a sequence or as text with commas between.
        strict: Whether a breakdown with more values than servers show fails the load. False loads what there is.
        table_name: The table; the resources are named after it and the project.
        api_key: A personal API key, or a function that returns one.
        host: "us", "eu" or the URL of a server.
        client: Further arguments of `Environment`, such as `pacing`, `timeout` or `proxy`.
        question: What to ask, with the arguments of `env.insights.trend`.

    Raises:
        ConfigurationError: Something is missing or makes no sense. Nothing was sent.
        ValueError: While it runs, as dlt's PipelineStepFailed: the question makes no sense.
        PagingError: While it runs, likewise: there are more values of the breakdown than servers show.
    """
    make = _Clients(project_id, cast("Any", Secret.wrap(api_key)), host, client or {})
    api_key = None

    def resource(project: str, open_: Callable[[], Environment]) -> DltResource:
        def trend() -> Iterator[Any]:
            with open_() as env:
                answer = env.insights.trend(**question)
            if strict:
                check_trend(project, answer)
            yield [dict(zip(TREND_COLUMNS, row, strict=True)) for row in trend_rows(project, answer)]

        return _resource(trend, f"{table_name}_{project}", table_name, _TREND, (), incremental=False)

    return _source([resource(project, open_) for project, open_ in make.each()])


class _Load:
    """One listing of the persons of one project, as dlt takes it."""

    def __init__(
        self,
        project: str,
        open_: Callable[[], Environment],
        asked: Mapping[str, Any],
        kinds: Mapping[str, ColumnType],
        strict: bool,
    ) -> None:
        self._project = project
        self._open = open_
        self._asked = asked
        self._kinds = kinds
        self._strict = strict

    def check(self) -> None:
        """Raise for a wrong filter now, before dlt wraps the error. Nothing is sent."""
        with self._open() as env:
            env.persons.list(**self._asked)

    def run(self, since: datetime | None) -> Iterator[Any]:
        """Yield the rows page by page, and note the report."""
        names = (*PERSON_COLUMNS, *self._kinds)
        persons = PersonRows(self._project, self._kinds, properties=dict)
        with self._open() as env:
            pager = env.persons.list(**self._asked, created_since=since)
            for page in pager.pages():
                yield [dict(zip(names, persons.row(person), strict=True)) for person in page]
        report = pager.report
        if self._strict:
            check_walk(self._project, report)
        elif not report.complete:
            log.warning("persons of project %s are not complete: %s", self._project, report.reason)
        # dlt keeps it with the load: in the pipeline's state, and in the destination's table of states.
        dlt.current.resource_state()["report"] = {
            **asdict(report),
            "read_at": datetime.now(UTC),
            "since": since,
            "unreadable": dict(persons.unreadable),
        }


class _Clients:
    """Makes a client for each project when it is needed; the key is hidden until then."""

    def __init__(self, project_id: Project, api_key: Any, host: str | None, client: Mapping[str, Any]) -> None:
        config = _configured({"project_id": project_id, "host": host})
        self._projects = projects_of(config["project_id"])
        self._settings: dict[str, Any] = {
            **{name: config[name] for name in CONNECTION if name != "project_id"},
            "api_key": api_key or config["api_key"],
            "max_wait": LONG_WAIT,
            **client,
        }

    def each(self) -> Iterator[tuple[str, Callable[[], Environment]]]:
        """Yield the name of each project, and what makes its client; each is tried once, without sending anything."""
        for project in self._projects:

            def open_(project: str | None = project) -> Environment:
                given = {name: value for name, value in self._settings.items() if value is not None}
                return Environment(project, **given)

            with open_() as env:
                yield env.project_id.removeprefix("@"), open_


def _configured(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read from dlt's configuration what was not given; the key comes back hidden."""
    # Their types ask for the type of each value.
    config, secrets = cast("Any", dlt.config), cast("Any", dlt.secrets)
    key = Secret.wrap(secrets.get(f"sources.{SECTION}.api_key"))
    missing = [name for name in CONNECTION if given.get(name) is None]
    found: dict[str, Any] = {name: config.get(f"sources.{SECTION}.{name}") for name in missing}
    return {**given, **found, "api_key": key}


@dlt.source(name=SECTION, section=SECTION, max_table_nesting=0)
def _source(resources: Any) -> Any:
    return resources


def _resource(
    rows: Callable[..., Iterator[Any]],
    name: str,
    table_name: str,
    columns: Mapping[str, Hints],
    primary_key: Sequence[str],
    *,
    incremental: bool,
) -> DltResource:
    # Its hints have narrower types than the ones that are built here.
    make = cast("Callable[..., DltResource]", dlt.resource)
    return make(
        rows,
        name=name,
        table_name=table_name,
        write_disposition="merge" if incremental else "replace",
        primary_key=list(primary_key) or None,
        columns=dict(columns),
    )


def _normalised(name: str) -> str:
    """Write the name of a column as dlt does by default: `UUID` is `uuid` there, and `a b` is `a_b`.

    Other ways to write names tell more of them apart, but few destinations do.

    Raises:
        ConfigurationError: It could be no name, or is one of dlt's own.
    """
    try:
        column = NamingConvention().normalize_identifier(name).casefold()
    except ValueError:
        raise ConfigurationError(f"columns: {name!r} can be no name of a column.") from None
    if column.startswith("_dlt"):
        raise ConfigurationError(f"columns: {name!r} is a name that dlt keeps for itself.")
    return column


def _kinds(columns: Mapping[str, DataType]) -> dict[str, ColumnType]:
    """Check the chosen columns.

    Raises:
        ConfigurationError: One has the name of a column that is there already, as destinations write names, or a type
            that no property can have.
    """
    called = {name: name for name in PERSON_COLUMNS}
    for name, kind in columns.items():
        column = _normalised(name)
        if column in called:
            raise ConfigurationError(
                f"columns: {name!r} is a column already: destinations call it {column!r}, as {called[column]!r}. Read "
                "the property of that name from the column properties."
            )
        called[column] = name
        if kind not in _KINDS:
            raise ConfigurationError(f"columns: {name!r} must be one of {', '.join(_KINDS)}, not {kind!r}.")
    return {name: _KINDS[kind] for name, kind in columns.items()}

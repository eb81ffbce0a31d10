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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
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
    person_columns,
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

    from posthog_environments.tables.columns import Column

__all__ = ["PersonFilters", "TrendArguments", "posthog_persons", "posthog_trend"]

DataType: TypeAlias = Literal["text", "bool", "bigint", "double", "date", "timestamp", "json"]
Project: TypeAlias = "int | str | Sequence[int | str] | None"

SECTION: Final = "posthog"
DAY: Final = timedelta(days=1)

_KINDS: Final[Mapping[str, ColumnType]] = {
    "text": "text",
    "bool": "bool",
    "bigint": "int64",
    "double": "float64",
    "date": "date",
    "timestamp": "timestamp",
    "json": "json",
}
_TYPES: Final = {kind: name for name, kind in _KINDS.items()} | {"texts": "json", "local": "timestamp"}
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
    clients = _clients(project_id, cast("Any", Secret.wrap(api_key)), host, client or {})
    api_key = None
    chosen = person_columns(_kinds(columns or {}))
    if overlap < timedelta(0):
        raise ValueError("overlap must not be negative.")

    asked: dict[str, Any] = {**filters, "page_size": page_size}

    def resource(project: str, open_: Callable[[], Environment]) -> DltResource:
        # A wrong filter is an error now, before dlt wraps it. Nothing is sent.
        with open_() as env:
            env.persons.list(**asked)
        cursor: Any = None
        if incremental:
            cursor = dlt.sources.incremental[datetime](
                "created_at", primary_key=(), lag=overlap.total_seconds(), on_cursor_value_missing="include"
            )

        def persons(created_at: dlt.sources.incremental[datetime] | None = cursor) -> Iterator[Any]:
            since = None if created_at is None else created_at.start_value
            rows = PersonRows(project, chosen, properties=dict)
            with open_() as env:
                pager = env.persons.list(**asked, created_since=since)
                for page in pager.pages():
                    yield [_named(chosen, rows.row(person)) for person in page]
            if strict:
                check_walk(project, pager.report)
            elif not pager.report.complete:
                log.warning("persons of project %s are not complete: %s", project, pager.report.reason)
            # dlt keeps it with the load: in the pipeline's state, and in the destination's table of states.
            noted = {"read_at": datetime.now(UTC), "since": since, "unreadable": dict(rows.unreadable)}
            dlt.current.resource_state()["report"] = {**asdict(pager.report), **noted}

        how = "merge" if incremental else "replace"
        return _resource(persons, table_name, project, chosen, how, primary_key=["project_id", "uuid"])

    return _source([resource(project, open_) for project, open_ in clients])


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
    clients = _clients(project_id, cast("Any", Secret.wrap(api_key)), host, client or {})
    api_key = None

    def resource(project: str, open_: Callable[[], Environment]) -> DltResource:
        def trend() -> Iterator[Any]:
            with open_() as env:
                answer = env.insights.trend(**question)
            if strict:
                check_trend(project, answer)
            yield [_named(TREND_COLUMNS, row) for row in trend_rows(project, answer)]

        return _resource(trend, table_name, project, TREND_COLUMNS, "replace")

    return _source([resource(project, open_) for project, open_ in clients])


def _clients(
    project_id: Project, api_key: Any, host: str | None, client: Mapping[str, Any]
) -> list[tuple[str, Callable[[], Environment]]]:
    """Return the name of each project, and what makes its client; each is tried once, without sending anything.

    What was not given is read from dlt's configuration. The key is hidden.
    """
    # Their types ask for the type of each value.
    config, secrets = cast("Any", dlt.config), cast("Any", dlt.secrets)
    settings: dict[str, Any] = {"project_id": project_id, "host": host}
    for name in CONNECTION:
        if settings.get(name) is None:
            settings[name] = config.get(f"sources.{SECTION}.{name}")
    projects = projects_of(settings.pop("project_id"))
    settings["api_key"] = api_key or Secret.wrap(secrets.get(f"sources.{SECTION}.api_key"))
    settings = {"max_wait": LONG_WAIT, **settings, **client}
    given = {name: value for name, value in settings.items() if value is not None}
    found: list[tuple[str, Callable[[], Environment]]] = []
    for project in projects:
        open_ = partial(Environment, project, **given)
        with open_() as env:
            found.append((env.project_id.removeprefix("@"), open_))
    return found


@dlt.source(name=SECTION, section=SECTION, max_table_nesting=0)
def _source(resources: Any) -> Any:
    return resources


def _resource(
    rows: Callable[..., Iterator[Any]],
    table_name: str,
    project: str,
    columns: Iterable[Column],
    how: str,
    primary_key: list[str] | None = None,
) -> DltResource:
    # Its hints have narrower types than the ones that are built here.
    make = cast("Callable[..., DltResource]", dlt.resource)
    return make(
        rows,
        name=f"{table_name}_{project}",
        table_name=table_name,
        write_disposition=how,
        primary_key=primary_key,
        columns={column.name: _hints(column) for column in columns},
    )


def _hints(column: Column) -> dict[str, Any]:
    hints: dict[str, Any] = {"data_type": _TYPES[column.kind]}
    if column.required:
        hints["nullable"] = False
    if column.kind == "local":
        hints["timezone"] = False
    return hints


def _named(columns: Sequence[Column], row: tuple[Any, ...]) -> dict[str, Any]:
    return {column.name: value for column, value in zip(columns, row, strict=True)}


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
    called = {column.name: column.name for column in PERSON_COLUMNS}
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

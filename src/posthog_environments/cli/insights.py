"""`phenv insights`: ask for trends."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from posthog_environments.cli.groups import Command, LazyGroup
from posthog_environments.cli.options import argument_options, connected, json_option, json_value, usage
from posthog_environments.cli.output import colored, note, on_terminal, print_csv, print_json, say_done
from posthog_environments.cli.tables import TextColumn, TextTable
from posthog_environments.display.chart_data import listed
from posthog_environments.operations.insights import TREND_ARGUMENTS
from posthog_environments.results.trend_answers import DEFAULT_LIMIT, OTHER

if TYPE_CHECKING:
    from posthog_environments_api.models import Series

    from posthog_environments.client.environment import Environment
    from posthog_environments.results.models import Trend


@click.group(
    cls=LazyGroup,
    lazy={
        "trend": ("insights:trend", "Count events over time."),
        "get-trend": ("insights:get_trend", "The same, with the arguments in the URL."),
        "timing": ("insights:timing", "Report the timing of an insight."),
        "csv": ("insights:csv", "Stream a trend as CSV."),
    },
)
def insights() -> None:
    """Ask for trends."""


trend_options = argument_options(
    TREND_ARGUMENTS,
    "question",
    click.option("--math", metavar="NAME", help="What to count: total (default), dau, weekly_active, sum, avg, …"),
    click.option("--math-property", metavar="PROPERTY", help="The number that sum, avg and the like are of."),
)
plot_option = click.option(
    "--plot", is_flag=False, flag_value="-", metavar="[FILE]",
    help="Draw it in the terminal, or into a FILE.png or FILE.svg.",
)  # fmt: skip


@click.command(
    cls=Command,
    examples="""
        phenv insights trend --event '$pageview' --date-from -30d
        phenv insights trend --event purchase --math sum --math-property amount --interval week --plot
        phenv insights trend --event signup --event purchase --formula 'B/A' --breakdown person:plan --json
    """,
)
@trend_options
@plot_option
@json_option
@connected
def trend(env: Environment, *, question: dict[str, Any], plot: str | None, as_json: bool) -> None:
    """Count events over time: a table, or with --plot a picture."""
    _trend(env.insights.trend, question, plot, as_json=as_json)


@click.command("get-trend", cls=Command, examples="phenv insights get-trend --event '$pageview' --interval month")
@trend_options
@plot_option
@json_option
@connected
def get_trend(env: Environment, *, question: dict[str, Any], plot: str | None, as_json: bool) -> None:
    """Count events over time, with the arguments in the URL instead of the body."""
    _trend(env.insights.get_trend, question, plot, as_json=as_json)


@click.command(cls=Command, examples="phenv insights csv --event '$pageview' --date-from -30d > trend.csv")
@trend_options
@connected
def csv(env: Environment, *, question: dict[str, Any]) -> None:
    """Stream a trend as CSV, with a line for each series and a column for each point."""
    with usage():
        chunks = env.insights.trend_csv(**question)
    print_csv(chunks)


@click.command(
    cls=Command,
    examples="""phenv insights timing --name 'Weekly signups' --query '{"kind": "TrendsQuery"}'""",
)
@click.option("--name", help="Name of the insight.")
@click.option("--derived-name", help="Name that was derived from its query.")
@click.option("--filters", metavar="JSON", help="Filters of the older kind.")
@click.option("--query", metavar="JSON", help="The query.")
@click.option("--order", type=int, help="Its place.")
@click.option("--deleted/--no-deleted", default=None, help="Whether it is deleted.")
@click.option("--dashboard", "dashboards", type=int, multiple=True, help="Id of a dashboard that shows it. Repeatable.")
@click.option("--description", help="What it is about.")
@click.option("--tag", "tags", multiple=True, help="A tag. Repeatable.")
@click.option("--favorited/--no-favorited", default=None, help="Whether it is a favourite.")
@click.option("--saved/--no-saved", default=None, help="Whether it is saved.")
@json_option
@connected
def timing(env: Environment, *, as_json: bool, **given: Any) -> None:
    """Report the timing of an insight. The vendor's servers refuse personal API keys here.

    With --json null is printed once it is reported.
    """
    for name in ("filters", "query"):
        if given[name] is not None:
            given[name] = json_value(given[name], f"--{name}")
    for name in ("dashboards", "tags"):
        given[name] = list(given[name]) or None
    with usage():
        env.insights.timing(**given)
    say_done("Reported.", as_json=as_json)


def _trend(ask: Callable[..., Trend], question: dict[str, Any], plot: str | None, *, as_json: bool) -> None:
    """Ask for a trend and show it; say if a breakdown has more values than are shown, or may have."""
    with usage():
        trend = ask(**question)
    limit = question["breakdown_limit"] or DEFAULT_LIMIT
    if trend.has_more:
        note(f"There are more values than {limit}; the others are together, as {OTHER}. --breakdown-limit shows more.")
    elif trend.has_more is None:
        note(f"There may be more values than {limit}, which this server leaves out. --breakdown-limit shows more.")
    if plot is not None:
        _plot(trend, plot, quiet=as_json)
    if as_json:
        print_json(trend.to_dict())
    elif plot is None:
        _print(trend)


def _plot(trend: Trend, plot: str, *, quiet: bool) -> None:
    from posthog_environments.display import figure as plotting

    try:
        if plot != "-":
            with usage():
                plotting.save(trend, Path(plot), computed=trend.computed)
            note(f"Drawn into {plot}.")
        elif not quiet:
            columns, lines = shutil.get_terminal_size()
            height, color = max(min(lines - 2, 30), 12), on_terminal() and colored()
            click.echo(plotting.text(trend, columns, height, color=color, computed=trend.computed))
    except ImportError as error:
        raise click.UsageError(str(error)) from None


def _print(trend: Trend) -> None:
    """Print the numbers: on a terminal as compact as they fit, elsewhere one number a line."""
    if not trend.result:
        note("The answer has no series.")
    elif not on_terminal():
        table = TextTable(TextColumn("series"), TextColumn("period"), TextColumn("day"), TextColumn("value"))
        table.show(_long(trend))
    elif any(listed(series, "data") for series in trend):
        _print_points(trend)
    else:
        widest = max(len(_name(series)) for series in trend)
        width = min(widest, shutil.get_terminal_size().columns - 24)
        table = TextTable(TextColumn("series", width=max(width, 6)), TextColumn("value", width=20, right=True))
        table.show((_name(series), series.aggregated_value) for series in trend)


def _print_points(trend: Trend) -> None:
    width = shutil.get_terminal_size().columns
    if len(trend) * MINIMUM + DAY <= width:
        each = (width - DAY) // len(trend) - 2
        names = [_name(series) for series in trend]
        widths = [min(max(len(name), MINIMUM - 2), each) for name in names]
        table = TextTable(
            TextColumn("", width=DAY - 2),
            *(TextColumn(name, width=cells, right=True) for name, cells in zip(names, widths, strict=True)),
        )
        longest = max(trend, key=lambda series: len(listed(series, "data")))
        points = [listed(series, "data") for series in trend]
        table.show(
            (day, *(data[at] if at < len(data) else None for data in points))
            for at, day in enumerate(listed(longest, "days") or longest.labels)
        )
        return
    table = TextTable(
        TextColumn("series"), *(TextColumn(name, width=14, right=True) for name in ("first", "last", "all"))
    )
    points = [(series, listed(series, "data")) for series in trend]
    table.show((_name(series), data[0], data[-1], series.count) for series, data in points if data)
    note(f"{len(trend)} series do not fit side by side; --json has every number.")


MINIMUM: Final = 14
DAY: Final = 21


def _name(series: Series) -> str:
    period = f" ({series.compare_label})" if series.compare_label else ""
    return f"{series.label or ''}{period}"


def _long(trend: Trend) -> Iterator[tuple[object, ...]]:
    for series in trend:
        data, days = listed(series, "data"), listed(series, "days") or series.labels
        if not data:
            yield series.label, series.compare_label, "", series.aggregated_value
        for at, value in enumerate(data):
            yield series.label, series.compare_label, days[at] if at < len(days) else "", value

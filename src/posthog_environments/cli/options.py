"""Options that many commands share, and what their texts mean."""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import click

from posthog_environments.cli.groups import ConnectionOption
from posthog_environments.cli.words import in_phenv
from posthog_environments.config.defaults import PAGE_SIZE
from posthog_environments.config.settings import CONNECTION
from posthog_environments.paging.page import MOST_ROWS

if TYPE_CHECKING:
    from posthog_environments.query.arguments import Argument
    from posthog_environments.query.filters import Filter
    from posthog_environments.query.series import Entity

__all__ = [
    "argument_options",
    "assignments",
    "configured",
    "connected",
    "connection_options",
    "json_option",
    "json_value",
    "page_size_option",
    "stacked",
    "usage",
]

Function: TypeAlias = Callable[..., Any]
Decorator: TypeAlias = Callable[[Function], Function]


def stacked(*options: Decorator) -> Decorator:
    """Return a decorator that adds several options, in their order."""
    return lambda function: functools.reduce(lambda made, option: option(made), reversed(options), function)


_connection = functools.partial(click.option, cls=ConnectionOption)
connection_options: Final = stacked(
    *(
        _connection(
            f"--{name.replace('_', '-')}",
            type=click.Choice(setting.choices) if setting.choices else str,
            metavar=setting.metavar,
            help=setting.help,
        )
        for name, setting in CONNECTION.items()
    ),
    _connection("--timeout", type=float, metavar="SECONDS", help="For one request, its retries included."),
    _connection("--profile", metavar="NAME", help="Which profile of `phenv init` to use."),
    _connection("--api-key-file", type=click.Path(exists=True, dir_okay=False), help="Read the key from a file."),
    _connection("--api-key-stdin", is_flag=True, default=None, help="Read the key from standard input."),
    _connection("--verbose", "-v", is_flag=True, default=None, help="Say each attempt and each wait."),
)
"""Adds the options that say which server, project and key."""
_CONNECTION_NAMES: Final = (*CONNECTION, "timeout", "profile", "api_key_file", "api_key_stdin", "verbose")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
page_size_option = click.option(
    "--page-size", type=click.IntRange(1, MOST_ROWS), default=PAGE_SIZE, show_default=True, help="Persons a request."
)


def configured(function: Function) -> Function:
    """Add the connection options, and hand over their values as `connection`; those before the command count, too.

    With `--verbose` the log is shown until the command ends.
    """

    @functools.wraps(function)
    def run(**given: Any) -> Any:
        context = click.get_current_context()
        above = context.find_root().params
        own = {name: given.pop(name) for name in _CONNECTION_NAMES}
        found = {name: above.get(name) if value is None else value for name, value in own.items()}
        if found.pop("verbose"):
            import logging

            from posthog_environments.calls.observe import log_to_stderr

            context.call_on_close(log_to_stderr(logging.DEBUG))
        return function(connection=found, **given)

    return connection_options(run)


def connected(function: Function) -> Function:
    """Add the connection options, and hand over an open `Environment` first."""

    @functools.wraps(function)
    def run(*, connection: dict[str, Any], **given: Any) -> Any:
        from posthog_environments.cli.connection import connect, read

        with connect(read(**connection)) as env:
            return function(env, **given)

    return configured(run)


@contextmanager
def usage() -> Generator[None]:
    """Turn errors about arguments into usage errors."""
    from posthog_environments.errors import PostHogError

    try:
        yield
    except PostHogError:
        raise
    except (TypeError, ValueError) as error:
        raise click.UsageError(in_phenv(str(error))) from None


# ------------------------------------------------------------------------------------------ values, filters, entities

_FILTER_HELP = """A condition on a property: NAME=VALUE; also != > >= < <=, ~ for "contains", or NAME alone for "is
set". Numbers and the like: NAME:=JSON. Or a filter of the API as JSON. Repeatable; all must hold."""

_CONDITION = re.compile(r"(?P<name>.+?)(?P<sign>:=|!=|>=|<=|=|>|<|~)(?P<value>.*)", re.DOTALL)

_COMPARE: Final = {
    "=": operator.eq, ":=": operator.eq, "!=": operator.ne,
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def argument_options(declared: Mapping[str, Argument], into: str, *others: Decorator) -> Decorator:
    """Return a decorator that adds an option for each argument of an operation, and hands the arguments over as a dict.

    Args:
        declared: The arguments.
        into: The name of the dict.
        others: Options besides. Of these, `math` and `math_property` go into every series.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def run(*args: Any, **options: Any) -> Any:
            math = options.pop("math", None), options.pop("math_property", None)
            found = {name: _value(argument, options.pop(name), *math) for name, argument in declared.items()}
            if "breakdown" in found:
                found["breakdown"], found["breakdown_type"] = _breakdown(found["breakdown"], found["breakdown_type"])
            return function(*args, **{into: found}, **options)

        return stacked(*(_option(name, argument) for name, argument in declared.items()), *others)(run)

    return decorate


def _option(name: str, argument: Argument) -> Decorator:
    option = f"--{name.replace('_', '-')}"
    if argument.kind in _REPEATED:
        option, metavar, help_ = _REPEATED[argument.kind]
        return click.option(option, name, multiple=True, metavar=metavar, help=help_)
    if argument.kind == "flag":
        return click.option(f"{option}/--no-{option[2:]}", name, default=None, help=argument.help)
    kind = int if argument.kind == "number" else str
    return click.option(option, name, type=kind, metavar=argument.metavar, help=argument.help)


_REPEATED: Final = {
    "filters": ("--property", "CONDITION", _FILTER_HELP),
    "events": ("--event", "NAME", "An event to count, or the API's own object as JSON. Repeatable: one series each."),
    "actions": ("--action", "NUMBER", "An action to count. Repeatable."),
}


def _value(argument: Argument, given: Any, math: str | None, math_property: str | None) -> Any:
    if argument.kind == "filters":
        return [_filter(text) for text in given] or None
    if argument.kind in ("events", "actions"):
        return _entities(given, argument.kind, math, math_property)
    return given


def _filter(text: str) -> Filter | dict[str, Any]:
    from posthog_environments.query.filters import prop

    if text.startswith("{"):
        return cast("dict[str, Any]", json_value(text, "--property"))
    match = _CONDITION.fullmatch(text)
    _check_name("--property", match["name"] if match else text, text)
    with usage():
        if match is None:
            return prop(text).is_set()
        name, sign, value = match["name"], match["sign"], match["value"]
        if sign == "~":
            return prop(name).icontains(value)
        wanted = json_value(value, "--property") if sign == ":=" else value if sign in ("=", "!=") else _number(value)
        return cast("Filter", _COMPARE[sign](prop(name), wanted))


def _check_name(option: str, name: str, text: str) -> None:
    """Refuse a condition without a name, and one with blanks that would be a part of the name."""
    if name.startswith(("=", "!", "<", ">", "~", ":")):
        raise click.BadParameter(f"{option}: {text[:60]!r} does not begin with the name of a property.")
    if name != name.strip():
        raise click.BadParameter(
            f"{option}: in {text[:60]!r} the blanks beside the sign would be a part of the name; leave them out."
        )


def _number(text: str) -> float | str:
    for read in (int, float):
        with suppress(ValueError):
            return read(text)
    return text


def json_value(text: str, option: str) -> Any:
    """Read a JSON value given to an option.

    Raises:
        click.BadParameter: It is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{option}: {text[:60]!r} is not JSON: {error}.") from None


def assignments(texts: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """Turn the texts of an option into values by their names: NAME=TEXT, or NAME:=JSON.

    Raises:
        click.BadParameter: A text that is neither, or a name that comes twice.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        as_json = name.endswith(":")
        name = name.removesuffix(":") if as_json else name
        if not sign or not name:
            raise click.BadParameter(f"{option}: expected NAME=TEXT or NAME:=JSON, not {text[:60]!r}.")
        _check_name(option, name, text)
        if name in found:
            raise click.BadParameter(f"{option}: {name[:60]!r} is given twice.")
        found[name] = json_value(value, option) if as_json else value
    return found


_BREAKDOWN_TYPES: Final = frozenset(
    {"event", "person", "cohort", "group", "session", "hogql", "event_metadata", "person_metadata", "data_warehouse"}
)


def _breakdown(text: str | None, kind: str | None) -> tuple[Any, str | None]:
    """Read `--breakdown`, which may begin with a type, and return what to break down on and the type.

    Where `--breakdown-type` is given too, the text is the whole name.
    """
    if text is None:
        return None, kind
    head, sign, rest = text.partition(":")
    if kind is None and sign and rest and head in _BREAKDOWN_TYPES:
        text, kind = rest, head
    if kind == "cohort" and not text.startswith("["):
        return [part.strip() for part in text.split(",")], kind
    return text, kind


def _entities(
    texts: Sequence[str], kind: str, math: str | None, math_property: str | None
) -> list[Entity | dict[str, Any]] | None:
    """Turn the texts of `--event` or `--action` into what to count, or None where there are none."""
    from posthog_environments.query.series import action, event

    make = cast("Callable[..., Entity]", event if kind == "events" else action)
    with usage():
        return [
            json_value(text, f"--{kind.removesuffix('s')}")
            if text.startswith("{")
            else make(text, math=math, math_property=math_property)
            for text in texts
        ] or None

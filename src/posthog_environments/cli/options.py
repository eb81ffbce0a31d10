"""Options that many commands share, and what their texts mean."""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import click

from posthog_environments.cli.groups import SectionedOption
from posthog_environments.cli.words import in_phenv
from posthog_environments.config.defaults import PAGE_SIZE
from posthog_environments.config.settings import CONNECTION, ConnectionSetting
from posthog_environments.paging.page import MOST_ROWS

if TYPE_CHECKING:
    from posthog_environments.query.arguments import Argument
    from posthog_environments.query.filters import Filter
    from posthog_environments.query.series import Entity

__all__ = [
    "argument_options",
    "arguments",
    "assignments",
    "connected",
    "connection_arguments",
    "connection_options",
    "filter_options",
    "json_option",
    "json_value",
    "page_size_option",
    "usage",
]

Function: TypeAlias = Callable[..., Any]

_CONNECTION: Final = functools.partial(click.option, cls=SectionedOption, section="Connection")


def _connection_option(name: str, setting: ConnectionSetting) -> Callable[[Function], Function]:
    kind = click.Choice(setting.choices) if setting.choices else str
    return _CONNECTION(f"--{name.replace('_', '-')}", type=kind, metavar=setting.metavar, help=setting.help)


_CONNECTION_OPTIONS: Final = {
    **{name: _connection_option(name, setting) for name, setting in CONNECTION.items()},
    "timeout": _CONNECTION("--timeout", type=float, metavar="SECONDS", help="For one request, its retries included."),
    "profile": _CONNECTION("--profile", metavar="NAME", help="Which profile of `phenv init` to use."),
    "api_key_file": _CONNECTION(
        "--api-key-file", type=click.Path(exists=True, dir_okay=False), help="Read the key from a file."
    ),
    "api_key_stdin": _CONNECTION(
        "--api-key-stdin", is_flag=True, default=None, help="Read the key from standard input."
    ),
    "verbose": _CONNECTION("--verbose", "-v", is_flag=True, default=None, help="Say each attempt and each wait."),
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")


def _with(options: Sequence[Callable[[Function], Function]], function: Function) -> Function:
    for option in reversed(options):
        function = option(function)
    return function


def connection_options(function: Function) -> Function:
    """Add the options that say which server, project and key."""
    return _with(list(_CONNECTION_OPTIONS.values()), function)


def connection_arguments(ctx: click.Context, given: dict[str, Any]) -> dict[str, Any]:
    """Take the connection options out of the arguments of a command; those before its name count where it has none.

    With `--verbose` the log is shown until the command ends.
    """
    above = ctx.find_root().params
    own = {name: given.pop(name) for name in _CONNECTION_OPTIONS}
    found = {name: above.get(name) if value is None else value for name, value in own.items()}
    if found.pop("verbose"):
        import logging

        from posthog_environments.calls.observe import log_to_stderr

        ctx.call_on_close(log_to_stderr(logging.DEBUG))
    return found


def connected(function: Function) -> Function:
    """Add the connection options, and hand over an open `Environment` first."""

    @functools.wraps(function)
    def run(*args: Any, **given: Any) -> Any:
        from posthog_environments.cli.connection import connect, read

        with connect(read(**connection_arguments(click.get_current_context(), given))) as env:
            return function(env, *args, **given)

    return connection_options(run)


@contextmanager
def usage() -> Generator[None]:
    """Turn errors about arguments into usage errors."""
    from posthog_environments.errors import PostHogError

    try:
        yield
    except PostHogError:
        raise
    except (TypeError, ValueError) as error:
        raise click.UsageError(in_phenv(str(error)), click.get_current_context()) from None


# ------------------------------------------------------------------------------------------ values, filters, entities

_FILTER_HELP = """A condition on a property: NAME=VALUE; also != > >= < <=, ~ for "contains", or NAME alone for "is
set". Numbers and the like: NAME:=JSON. Or a filter of the API as JSON. Repeatable; all must hold."""

_CONDITION = re.compile(r"(?P<name>.+?)(?P<sign>:=|!=|>=|<=|=|>|<|~)(?P<value>.*)", re.DOTALL)

_SIGNS: Final = frozenset("=!<>~:")

_COMPARE: Final = {
    "=": operator.eq, ":=": operator.eq, "!=": operator.ne,
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def argument_options(declared: Mapping[str, Argument], function: Function) -> Function:
    """Add an option for each argument of an operation."""
    return _with([_option(name, argument) for name, argument in declared.items()], function)


def _option(name: str, argument: Argument) -> Callable[[Function], Function]:
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
    "events": (
        "--event",
        "NAME",
        "An event to count, or the API's own object as JSON. Repeatable: one series each.",
    ),
    "actions": ("--action", "NUMBER", "An action to count. Repeatable."),
}


def arguments(declared: Mapping[str, Argument], options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the values of `argument_options` into arguments of the operation.

    Args:
        declared: The arguments.
        options: The options of the command; those of other names are ignored, but for `math` and `math_property`,
            which go into every series.

    Raises:
        click.BadParameter, click.UsageError: A text cannot be read.
    """
    math = options.get("math"), options.get("math_property")
    found = {name: _value(argument, options[name], *math) for name, argument in declared.items()}
    if "breakdown" in found:
        found["breakdown"], found["breakdown_type"] = _breakdown(found["breakdown"], found["breakdown_type"])
    return found


def _value(argument: Argument, given: Any, math: str | None, math_property: str | None) -> Any:
    if argument.kind == "filters":
        return [_filter(text) for text in given] or None
    if argument.kind in ("events", "actions"):
        return _entities(given, argument.kind, math, math_property)
    return given


def filter_options(function: Function) -> Function:
    """Add the options that choose persons, and hand them over as the arguments `filters`."""
    from posthog_environments.operations.persons import PERSON_FILTERS

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        filters = arguments(PERSON_FILTERS, options)
        others = {name: value for name, value in options.items() if name not in PERSON_FILTERS}
        return function(*args, filters=filters, **others)

    return argument_options(PERSON_FILTERS, run)


page_size_option = click.option(
    "--page-size",
    type=click.IntRange(1, MOST_ROWS),
    default=PAGE_SIZE,
    show_default=True,
    help="Persons a request.",
)


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
    if name[:1] in _SIGNS:
        raise click.BadParameter(f"{option}: {text[:60]!r} does not begin with the name of a property.")
    if name != name.strip():
        raise click.BadParameter(
            f"{option}: in {text[:60]!r} the blanks beside the sign would be a part of the name; leave them out."
        )


def _number(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
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

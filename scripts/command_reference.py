"""Write docs/commands.md from the commands themselves; `--check` only says whether it is in step."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import generated_page

from posthog_environments.cli.root import phenv

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
HEAD = """# The command line

<!-- Written by scripts/command_reference.py from the commands themselves; `make generate` writes it anew. -->
"""


def sections(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[str]:
    """Describe a command and all below it."""
    context = click.Context(command, info_name=path.rsplit(maxsplit=1)[-1], parent=parent)
    yield f"## `{path}`\n"
    yield paragraphs(command.help or "")
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    if examples := getattr(command, "examples", None):
        yield "```console\n" + "\n".join(f"$ {line}" for line in examples) + "\n```\n"
    yield from options(command, context, full=parent is None)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from sections(below, f"{path} {name}", context)


def paragraphs(text: str) -> str:
    """Set the paragraphs of a help text, with those that keep their line breaks as blocks."""
    parts = [
        f"```text\n{inspect.cleandoc(part[2:])}\n```" if part.startswith("\b") else " ".join(part.split())
        for part in inspect.cleandoc(text).split("\n\n")
    ]
    return "\n\n".join(parts) + "\n"


def options(command: click.Command, context: click.Context, *, full: bool) -> Iterator[str]:
    """Set the options as a table; those of the connection are the same everywhere and stand at the top."""
    rows: list[tuple[str, str]] = []
    connection: list[tuple[str, str]] = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or not isinstance(parameter, click.Option) or "--help" in parameter.opts:
            continue
        of_connection = getattr(parameter, "section", "") == "Connection"
        (connection if of_connection else rows).append(record)
    if rows:
        yield table(rows)
    if connection and full:
        yield "These say which server, project and key, and go with every command that asks a server:\n"
        yield table(connection)
    elif connection:
        yield "And the options of the connection, as for [`phenv`](#phenv).\n"


def table(rows: list[tuple[str, str]]) -> str:
    """Set a table of options and their meaning."""
    cells = [(f"`{escaped(name)}`", escaped(text)) for name, text in rows]
    return "\n".join(["| option | meaning |", "|---|---|", *(f"| {name} | {text} |" for name, text in cells)]) + "\n"


def escaped(text: str) -> str:
    """Keep a text within its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def page() -> str:
    """Return the whole page."""
    return HEAD + "\n" + "\n".join(sections(phenv, "phenv"))


if __name__ == "__main__":
    sys.exit(generated_page.main(__doc__, PAGE, page(), "the commands"))

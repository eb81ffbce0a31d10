"""`phenv spec`: the contract that this package was made from."""

from __future__ import annotations

from pathlib import Path

import click

from posthog_environments.cli.groups import Command

__all__ = ["spec"]


def _file(name: str, folder: str = ".") -> Path:
    """Return where a file is: in the installed package, or in the checkout that the package runs from."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / name
    return packaged if packaged.exists() else (package.parents[1] / folder / name).resolve()


@click.command(
    cls=Command,
    examples="""
        phenv spec > openapi.yaml
        phenv spec --path
        phenv spec --evidence
    """,
)
@click.option("--path", "only_path", is_flag=True, help="Print where the file is, not what is in it.")
@click.option("--evidence", is_flag=True, help="Print where each of its facts comes from, as a table in Markdown.")
def spec(*, only_path: bool, evidence: bool) -> None:
    """Print the contract: an OpenAPI 3.1 document of the ten operations, for any language."""
    file = _file("evidence.md", "docs") if evidence else _file("openapi.yaml")
    click.echo(str(file) if only_path else file.read_text("utf-8"), nl=only_path)

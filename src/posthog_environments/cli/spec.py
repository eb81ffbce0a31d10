"""`phenv spec`: the contract that this package was made from."""

from __future__ import annotations

from pathlib import Path

import click

from posthog_environments.cli.groups import Command

__all__ = ["contract", "spec"]


def contract() -> Path:
    """Return where the contract is: in the installed package, or in the checkout that the package runs from."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "openapi.yaml"
    return packaged if packaged.exists() else package.parents[1] / "openapi.yaml"


@click.command(
    cls=Command,
    examples="""
        phenv spec > openapi.yaml
        phenv spec --path
    """,
)
@click.option("--path", "only_path", is_flag=True, help="Print where the file is, not what is in it.")
def spec(*, only_path: bool) -> None:
    """Print the contract: an OpenAPI 3.1 document of the ten operations, for any language."""
    file = contract()
    click.echo(str(file) if only_path else file.read_text("utf-8"), nl=only_path)

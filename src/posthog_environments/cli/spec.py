"""`phenv spec`: print the OpenAPI contract of this package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from posthog_environments.cli.groups import Command

__all__ = ["FORMS", "spec"]

FORMS: Final = {
    "openapi.yaml": "OpenAPI 3.1, the original, with the source of each fact",
    "openapi.json": "the same as JSON, with code samples",
    "openapi-3.0.yaml": "for tools of OpenAPI 3.0",
    "openapi-3.0.json": "for tools of OpenAPI 3.0",
    "openapi-projects.yaml": "under /api/projects/",
    "openapi-projects.json": "under /api/projects/",
    "openapi-bundle.json": "without references, except recursive ones",
    "json-schema.json": "JSON Schema (2020-12) of each component",
    "types.ts": "TypeScript types",
    "postman.json": "a Postman collection (v2.1)",
    "arazzo.yaml": "workflows of several calls (Arazzo 1.0)",
    "reference.md": "a reference for people",
    "llms.txt": "a summary for language models",
}


class Spec(Command):
    """The command, whose help lists the forms."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of forms."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Forms"):
            formatter.write_dl(list(FORMS.items()))


def _file(name: str, folder: str = ".") -> Path:
    """Return the path of a file in the installed package, or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / name
    return packaged if packaged.exists() else (package.parents[1] / folder / name).resolve()


def _form(name: str) -> Path:
    """Return the path of a form; in a checkout, generate it first."""
    packaged = _file(f"forms/{name}", "contract")
    if packaged.is_relative_to(Path(__file__).resolve().parents[1]):
        return packaged
    script = _file("forms.py", "scripts")
    subprocess.run([sys.executable, script, "--into", packaged.parent], check=True)  # noqa: S603 - our own script
    return packaged


@click.command(
    cls=Spec,
    examples="""
        phenv spec > openapi.yaml
        phenv spec --form postman.json > postman.json
        phenv spec --evidence
    """,
)
@click.option(
    "--form", type=click.Choice(list(FORMS)), metavar="NAME", help="Print another form; the forms are listed below."
)
@click.option("--path", "only_path", is_flag=True, help="Print the path of the file instead of its content.")
@click.option("--evidence", is_flag=True, help="Print the source of each fact, as a table in Markdown.")
def spec(*, form: str | None, only_path: bool, evidence: bool) -> None:
    """Print the contract: an OpenAPI 3.1 document, for any language."""
    if form and evidence:
        raise click.UsageError("--form and --evidence ask for different files; give one of them.")
    file = _form(form) if form else _file("evidence.md", "docs") if evidence else _file("openapi.yaml")
    click.echo(str(file) if only_path else file.read_text("utf-8"), nl=only_path)

"""`phenv completion`: print a shell completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from posthog_environments.cli.groups import Command

__all__ = ["completion"]


@click.command(
    cls=Command,
    examples="""
        echo 'eval "$(phenv completion bash)"' >> ~/.bashrc
        echo 'eval "$(phenv completion zsh)"' >> ~/.zshrc
        phenv completion fish > ~/.config/fish/completions/phenv.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print a completion script for your shell."""
    from posthog_environments.cli.root import phenv

    make = get_completion_class(shell)
    assert make is not None
    click.echo(make(phenv, {}, "phenv", "_PHENV_COMPLETE").source())

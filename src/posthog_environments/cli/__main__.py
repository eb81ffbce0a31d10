"""`python -m posthog_environments.cli` is `phenv`."""

from posthog_environments.cli import main

main(prog_name="phenv")

"""Sandbox: a local server that answers like PostHog, for experiments and tests.

    from posthog_environments import Environment
    from posthog_environments.sandbox import Sandbox

    with Sandbox(persons=1000) as box, Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        print(env.persons.list().first())

It needs the extra: pip install 'posthog-environments[sandbox]'. The database and the server are imported when a sandbox
starts.
"""

from __future__ import annotations

from posthog_environments.sandbox.box import Sandbox
from posthog_environments.sandbox.errors import (
    SandboxArgumentError,
    SandboxDataError,
    SandboxError,
    SandboxMissingExtraError,
    SandboxStartError,
)

__all__ = [
    "Sandbox",
    "SandboxArgumentError",
    "SandboxDataError",
    "SandboxError",
    "SandboxMissingExtraError",
    "SandboxStartError",
]

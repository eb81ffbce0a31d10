"""A local server that answers like PostHog: for trying things out, and for tests.

    from posthog_environments import Environment
    from posthog_environments.sandbox import Sandbox

    with Sandbox(persons=1000) as box, Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        print(env.persons.list().first())

It needs the extra: pip install 'posthog-environments[sandbox]'. Importing this package loads neither the database nor
the server; starting a sandbox does.
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

"""The public names: what `__all__` says is there, is light to import, and is documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

import posthog_environments

HEAVY = ["httpx", "httpcore", "attrs", "msgspec", "dateutil", "anyio", "click", "rich", "duckdb", "starlette", "ssl"]


def test_all_is_what_is_there() -> None:
    assert sorted(posthog_environments.__all__) == sorted(set(posthog_environments.__all__))
    assert dir(posthog_environments) == sorted(posthog_environments.__all__)
    for name in posthog_environments.__all__:
        assert getattr(posthog_environments, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Enviroment'"):
        posthog_environments.Enviroment  # noqa: B018


@pytest.mark.parametrize("name", sorted(set(posthog_environments.__all__) - {"__version__"}))
def test_everything_public_is_documented(name: str) -> None:
    found: Any = getattr(posthog_environments, name)
    assert inspect.getdoc(found)
    if inspect.isclass(found):
        for member, value in vars(found).items():
            if inspect.isfunction(value) and not member.startswith("_"):
                assert inspect.getdoc(value), f"{name}.{member}"


def test_the_tree_of_errors_is_the_documented_one() -> None:
    e = posthog_environments
    assert issubclass(e.ConfigurationError, ValueError)
    assert issubclass(e.DeadlineExceeded, TimeoutError)
    for child, parent in {
        e.ConfigurationError: e.PostHogError,
        e.APIStatusError: e.PostHogError,
        e.BadRequestError: e.APIStatusError,
        e.AuthenticationError: e.APIStatusError,
        e.PermissionDeniedError: e.APIStatusError,
        e.NotFoundError: e.APIStatusError,
        e.ConflictError: e.APIStatusError,
        e.RateLimitError: e.APIStatusError,
        e.RedirectError: e.APIStatusError,
        e.ServerError: e.APIStatusError,
        e.TransportError: e.PostHogError,
        e.DeadlineExceeded: e.TransportError,
        e.OutcomeUnknown: e.TransportError,
        e.MalformedResponseError: e.PostHogError,
        e.PagingError: e.PostHogError,
    }.items():
        assert parent in child.__bases__


@pytest.mark.parametrize(
    "line", ["import posthog_environments", "from posthog_environments import Environment, prop, NotFoundError"]
)
def test_importing_is_light(line: str) -> None:
    """Nothing heavy is loaded before it is used."""
    script = f"import sys\n{line}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

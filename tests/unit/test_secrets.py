"""The key: what is refused, in which words, and that a secret shows nothing."""

from __future__ import annotations

import copy
import pickle

import pytest

from posthog_environments.config.api_key import Secret, api_key_secret
from posthog_environments.errors import ConfigurationError

HELP = "Make a personal API key in PostHog under Settings, Personal API keys."


@pytest.mark.parametrize("key", ["phx_SECRET", "!", "~", "!~", "phc"])
def test_keys_that_can_be_sent(key: str) -> None:
    assert api_key_secret(key, "api_key").reveal() == key
    assert api_key_secret(Secret(key), "api_key").reveal() == key


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", f"is empty. {HELP}"),
        (" SECRET", "has white space or a line break around it; remove it (reading a file? use .strip())."),
        ("SECRET\n", "has white space or a line break around it; remove it (reading a file? use .strip())."),
        ("Bearer SECRET", 'begins with "Bearer"; give the key alone.'),
        ("bEARER SECRET", 'begins with "Bearer"; give the key alone.'),
        *(
            (
                f"SECRET{odd}x",
                "has a character that no key has (only printable ASCII without spaces may be sent); copy it again.",
            )
            for odd in (" ", "\x7f", "\x1f", "\r\n", "ü", "\ud800")
        ),
        ("phc_SECRET", f"is a project API key (phc_…), which can only send events. {HELP}"),
        (None, f"must be a str or a function that returns one, not NoneType. {HELP}"),
        (b"SECRET", f"must be a str or a function that returns one, not bytes. {HELP}"),
        (print, f"must be a str or a function that returns one, not builtin_function_or_method. {HELP}"),
        (["SECRET"], f"must be a str or a function that returns one, not list. {HELP}"),
    ],
)
def test_keys_that_cannot(key: object, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        api_key_secret(key, "POSTHOG_KEY")
    assert str(caught.value) == f"POSTHOG_KEY {said}"


def test_a_secret_is_three_stars() -> None:
    secret = Secret("SECRET")
    assert (repr(secret), str(secret), f"{secret:>40}", f"{secret!r}") == ("Secret(***)", "***", "***", "Secret(***)")


def test_a_secret_stays_where_it_is() -> None:
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError) as caught:
            attempt(Secret("SECRET"))
        assert str(caught.value) == "A secret cannot be copied or pickled; make a new client where you need one."


def test_only_what_may_be_a_key_is_wrapped() -> None:
    secret, function = Secret("SECRET"), lambda: "SECRET"
    assert Secret.wrap(secret) is secret
    assert Secret.wrap(function) is function
    assert Secret.wrap(None) is None
    wrapped = Secret.wrap("SECRET")
    assert isinstance(wrapped, Secret)
    assert wrapped.reveal() == "SECRET"
    # Bytes and lists hold a key most likely, too.
    assert "SECRET" not in repr(Secret.wrap(b"SECRET")) + repr(Secret.wrap(["SECRET"]))

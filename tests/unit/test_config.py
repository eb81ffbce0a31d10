"""Settings: all that is wrong is said on construction, nothing is sent, and no key is in a message."""

from __future__ import annotations

import copy
import pickle
import ssl
import traceback
from typing import Any

import pytest

from posthog_environments import AsyncEnvironment, ConfigurationError, Environment
from posthog_environments.config.api_key import Secret
from posthog_environments.config.settings import CallOptions

KEY = "phx_0123456789abcdefSECRET"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROJECT_ID", "PERSONAL_API_KEY", "HOST", "PREFIX"):
        monkeypatch.delenv(f"POSTHOG_{name}", raising=False)


def make(**settings: Any) -> Environment:
    return Environment(**{"project_id": 1, "api_key": KEY, "host": "http://127.0.0.1:9", **settings})


def locals_of_package(error: BaseException) -> str:
    """Return all local variables that a traceback would show, but for those of the test itself."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    inside = [frame for frame in frames if "posthog_environments" in frame.filename and "tests" not in frame.filename]
    assert inside
    return str([frame.locals for frame in inside])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"api_key": None}, "POSTHOG_PERSONAL_API_KEY"),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": KEY + "\n"}, "line break"),
        ({"api_key": " " + KEY}, "white space"),
        ({"api_key": KEY[:8] + "\x00"}, "character"),
        ({"api_key": KEY[:8] + "é"}, "character"),
        ({"api_key": "Bearer " + KEY}, "Bearer"),
        ({"api_key": "phc_project"}, "project API key"),
        ({"api_key": 5}, "not int"),
        ({"project_id": None}, "POSTHOG_PROJECT_ID"),
        ({"project_id": 0}, "project_id"),
        ({"project_id": -1}, "project_id"),
        ({"project_id": True}, "project_id"),
        ({"project_id": "1/../2"}, "project_id"),
        ({"project_id": "\u0661"}, "project_id"),
        ({"project_id": "abc"}, "project_id"),
        ({"host": "posthog.example.com"}, "https://"),
        ({"host": "ftp://x.example"}, "https://"),
        ({"host": "https://"}, "no valid host name"),
        ({"host": "https://user:pw@x.example"}, "user name"),
        ({"host": "https://x.example:0"}, "port"),
        ({"host": "https://x.example:99999"}, "URL"),
        ({"host": "https://x.example?a=1"}, "query"),
        ({"host": "https://x.example/#a"}, "query"),
        ({"host": "https://x.example/../y"}, "path"),
        ({"host": "https://x.example/a%2e"}, "path"),
        ({"host": "https://x.example\\@evil.example"}, "character"),
        ({"host": "https://x.exa\nmple"}, "character"),
        ({"host": "https://exämple.example"}, "character"),
        ({"host": "https://[::1"}, "URL"),
        ({"host": "http://x.example"}, "allow_http"),
        ({"host": 5}, "not int"),
        ({"prefix": "env"}, "prefix"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"max_wait": -1}, "max_wait"),
        ({"retries": -1}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"pacing": 1}, "pacing"),
        ({"verify": False}, "ssl.SSLContext"),
        ({"proxy": "proxy.example:3128"}, "proxy"),
        ({"max_body": 0}, "max_body"),
        ({"transport": object()}, "transport"),
    ],
)
@pytest.mark.parametrize("client", [Environment, AsyncEnvironment])
def test_bad_settings_are_refused(client: Any, settings: dict[str, Any], said: str) -> None:
    arguments = {"project_id": 1, "api_key": KEY, "host": "http://127.0.0.1:9", **settings}
    with pytest.raises(ConfigurationError) as caught:
        client(**arguments)
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)
    key = settings.get("api_key")
    if isinstance(key, str) and len(key) > 5:
        assert "SECRET" not in str(caught.value)
        assert "SECRET" not in locals_of_package(caught.value)


MISLED = {
    "https://us.i.posthog.com": '"us", which is https://us.posthog.com',
    "https://EU.I.posthog.com:443/": '"eu", which is https://eu.posthog.com',
    "https://us-assets.i.posthog.com/static": '"us"',
    "https://app.i.posthog.com": '"us" or "eu"',
    "https://i.posthog.com.": '"us" or "eu"',
    "https://us.posthog.com/api": "Give https://us.posthog.com.",
    "https://us.posthog.com/api/": "Give https://us.posthog.com.",
    "https://x.example:8443/behind/API": "Give https://x.example:8443/behind.",
    "https://x.example/api/projects/12": "Give https://x.example.",
    "https://x.example/behind/api/environments/": "Give https://x.example/behind.",
    "https://us.posthog.com/project/12345": "Give https://us.posthog.com as the host, and the number",
    "https://us.posthog.com/project/12345/persons": "project_id",
}


@pytest.mark.parametrize("host", MISLED)
@pytest.mark.parametrize("client", [Environment, AsyncEnvironment])
def test_hosts_where_something_else_is(client: Any, host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^host ") as caught:
        client(1, api_key=KEY, host=host)
    assert MISLED[host] in str(caught.value)


def test_hosts_that_only_look_so() -> None:
    for host in ("https://i.posthog.com.example", "https://x.example/apis", "https://x.example/api/v1/behind"):
        with Environment(1, api_key=KEY, host=host) as env:
            assert env.host == host


def test_the_prefix_is_found_out_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTHOG_PREFIX", raising=False)
    for chosen, begins in ((None, "environments"), ("auto", "environments"), ("projects", "projects")):
        with Environment(1, api_key=KEY, prefix=chosen) as env:  # type: ignore[arg-type]
            assert f"prefix='{begins}'" in repr(env)
    monkeypatch.setenv("POSTHOG_PREFIX", "project")
    with pytest.raises(ConfigurationError, match='POSTHOG_PREFIX must be "auto", "environments" or "projects"'):
        Environment(1, api_key=KEY)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("us", "https://us.posthog.com"),
        ("eu", "https://eu.posthog.com"),
        ("https://posthog.example.com/", "https://posthog.example.com"),
        ("https://example.com:8443/behind/prefix/", "https://example.com:8443/behind/prefix"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_hosts_that_can_be_used(host: str, url: str) -> None:
    with make(host=host) as env:
        assert env.host == url


def test_plain_http_needs_leave() -> None:
    with make(host="http://posthog.internal", allow_http=True) as env:
        assert env.host == "http://posthog.internal"


@pytest.mark.parametrize("project", [7, "7", "@current"])
def test_projects_that_can_be_used(project: Any) -> None:
    with make(project_id=project) as env:
        assert env.project_id == str(project)


def test_the_environment_fills_the_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_PROJECT_ID", "77")
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", KEY)
    monkeypatch.setenv("POSTHOG_HOST", "eu")
    monkeypatch.setenv("POSTHOG_PREFIX", "projects")
    with Environment() as env:
        assert repr(env) == "Environment('77', host='https://eu.posthog.com', prefix='projects')"
    with Environment(5, host="us", prefix="environments") as env:
        assert repr(env) == "Environment('5', host='https://us.posthog.com', prefix='environments')"


def test_a_bad_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_PERSONAL_API_KEY", KEY + "\n")
    with pytest.raises(ConfigurationError, match="POSTHOG_PERSONAL_API_KEY has white space"):
        Environment(1)


def test_a_key_in_the_wrong_place_is_not_repeated() -> None:
    for settings in ({"project_id": KEY}, {"host": KEY}, {"prefix": KEY}):
        with pytest.raises(ConfigurationError) as caught:
            make(**settings)
        assert "SECRET" not in str(caught.value)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(KEY)
    assert secret.reveal() == KEY
    shown = (repr(secret), str(secret), f"{secret}", f"{secret:>40}", repr([secret]))
    assert all("SECRET" not in text for text in shown)
    assert not hasattr(secret, "__dict__")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            attempt(secret)


@pytest.mark.parametrize("client", [Environment, AsyncEnvironment])
def test_a_client_is_neither_copied_nor_pickled(client: Any) -> None:
    env = client(1, api_key=KEY, host="us")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="with_options"):
            attempt(env)
    assert "SECRET" not in repr(env) + repr(vars(env))


def test_a_context_of_your_own_is_taken() -> None:
    with make(host="https://x.example", verify=ssl.create_default_context()) as env:
        assert env.host == "https://x.example"


def test_views_change_options_and_nothing_else() -> None:
    with make() as env:
        view = env.with_options(timeout=5, pacing=False, max_wait=3)
        assert (view._context.options.timeout, view._context.options.pacing, view._context.options.max_wait) == (
            5,
            False,
            3,
        )
        assert env._context.options.timeout == 60
        assert view.with_options(max_wait=None)._context.options.max_wait is None
        assert view._context.client is env._context.client
        with pytest.raises(ConfigurationError, match="timeout"):
            env.with_options(timeout=-1)


@pytest.mark.parametrize(
    "host",
    [
        "https://[::1]evil.example",
        "https://[v1.a]",
        "https://[127.0.0.1]",
        "https://[fe80::1%eth&]",
        "https://127.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://256.1.1.1",
        "https://a..example",
        "https://-a.example",
        f"https://{'a' * 64}.example",
        "https://xn--a",
        "http://x.localhost",
    ],
)
def test_hosts_that_two_readers_read_differently(host: str) -> None:
    with pytest.raises(ConfigurationError, match="host"):
        Environment(1, api_key="phx_secret", host=host)


def test_a_secret_shows_itself_in_no_attribute() -> None:
    secret = Secret("phx_abcdefgh")
    assert not any("abcdefgh" in repr(getattr(secret, name)) for name in dir(secret))


@pytest.mark.parametrize("key", [b"phx_abcdefgh", ["phx_abcdefgh"], {"key": "phx_abcdefgh"}], ids=type)
def test_a_key_that_is_no_text_is_dropped_at_once(key: Any) -> None:
    with pytest.raises(ConfigurationError, match=type(key).__name__) as caught:
        Environment(1, api_key=key)
    frames = list(traceback.walk_tb(caught.tb))[1:]
    assert not any("abcdefgh" in repr(value) for frame, _ in frames for value in frame.f_locals.values())


def test_an_option_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(
        TypeError, match=r"no option 'colour'; the options are timeout, max_wait, retries, pacing, extra_headers\."
    ):
        CallOptions().but(colour="red")

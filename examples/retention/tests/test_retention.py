"""Tests of the app against a server, not against mocks. The fixture `posthog_sandbox` comes with the package."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import retention

from posthog_environments import (
    AsyncEnvironment,
    Environment,
    NotFoundError,
    OutcomeUnknown,
    PermissionDeniedError,
    RateLimitError,
)
from posthog_environments.sandbox import Sandbox


@pytest.fixture
def env(posthog_sandbox: Sandbox) -> Iterator[Environment]:
    """A client for the sandbox: 1,000 people, the same in each test, and changes that nobody else sees."""
    box = posthog_sandbox
    with Environment(box.project_id, api_key=box.api_key, host=box.host) as env:
        yield env


def test_quiet_people_are_marked_once(posthog_sandbox: Sandbox, env: Environment) -> None:
    marked = retention.mark(env, list(retention.quiet_people(env, "enterprise")))
    assert marked
    posthog_sandbox.settle()  # like the real servers, it takes changes and carries them out a little later
    people = list(env.persons.list(properties={"at_risk": True}))
    assert {person.uuid for person in people} == set(marked)
    assert {person.properties["plan"] for person in people} == {"enterprise"}
    assert list(retention.quiet_people(env, "enterprise")) == []


def test_whoever_asks_is_forgotten(posthog_sandbox: Sandbox, env: Environment) -> None:
    someone = next(person for person in env.persons.list() if "email" in person.properties)
    email = str(someone.properties["email"])
    assert retention.forget(env, [email, "nobody@example.com"]) == {email: "deleted", "nobody@example.com": "unknown"}
    posthog_sandbox.settle()
    with pytest.raises(NotFoundError):
        env.persons.get(someone)
    assert retention.forget(env, [email]) == {email: "unknown"}


def test_two_people_with_one_email_are_left_alone(posthog_sandbox: Sandbox, env: Environment) -> None:
    one, other = env.persons.list().take(2)
    for person in (one, other):
        env.persons.update(person, {"email": "shared@example.com"})
    posthog_sandbox.settle()
    assert retention.forget(env, ["shared@example.com"]) == {"shared@example.com": "ambiguous: nobody was deleted"}
    assert env.persons.get(one).uuid == one.uuid


def test_a_key_that_may_only_read_changes_nothing(posthog_sandbox: Sandbox) -> None:
    box = posthog_sandbox
    with Environment(box.project_id, api_key=box.add_key("person:read"), host=box.host) as env:
        people = list(retention.quiet_people(env, "pro"))
        with pytest.raises(PermissionDeniedError) as denied:
            retention.mark(env, people)
        assert denied.value.required_scope == "person:write"
        assert list(env.persons.list(properties={"at_risk": True})) == []


def test_a_bad_moment_of_the_server_goes_unnoticed(posthog_sandbox: Sandbox, env: Environment) -> None:
    quiet = [person.uuid for person in retention.quiet_people(env, "pro")]
    posthog_sandbox.fail_next(503, times=2)
    assert [person.uuid for person in retention.quiet_people(env, "pro")] == quiet != []


def test_a_change_whose_answer_is_lost_is_not_repeated(posthog_sandbox: Sandbox, env: Environment) -> None:
    someone, other = env.persons.list().take(2)
    posthog_sandbox.fail_next(504, after=True)
    with pytest.raises(OutcomeUnknown):
        retention.mark(env, [someone, other])
    posthog_sandbox.settle()
    assert {person.uuid for person in env.persons.list(properties={"at_risk": True})} == {someone.uuid}


def test_the_settings_of_a_deployment(posthog_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in posthog_sandbox.environ.items():
        monkeypatch.setenv(name, value)
    with Environment() as env:
        assert env.persons.list(page_size=1).first() is not None


def test_visits_of_a_quiet_year() -> None:
    """A sandbox of one's own: real purchases, at a time of their own."""
    with Sandbox(data="cdnow", rates=False, now="1998-01-15") as box:

        async def ask() -> dict[str, int]:
            async with AsyncEnvironment(box.project_id, api_key=box.api_key, host=box.host) as env:
                return await retention.weekly_visits(env)

        visits = asyncio.run(ask())
    assert len(visits) == 5
    assert set(visits.values()) == {0}  # these customers bought, and nobody wrote down what they looked at


def test_what_happens_when_the_quota_is_used_up() -> None:
    with Sandbox(persons=5, rates={"persons": "2/min"}) as box:
        options = {"api_key": box.api_key, "host": box.host}
        with Environment(box.project_id, **options, pacing=False, timeout=2) as env:
            person = env.persons.list().take(1)[0]
            env.persons.get(person)
            with pytest.raises(RateLimitError) as limited:
                env.persons.get(person)
            assert limited.value.retry_after is not None

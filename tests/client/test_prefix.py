"""Which of the twin paths is asked, and what is warned of, on a real socket."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments import AsyncEnvironment, Environment, NotFoundError, RedirectError
from posthog_environments.sandbox import Sandbox
from tests.client.wire import Wire, http

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
PERSON = json.dumps({"uuid": UUID}).encode()
NOT_FOUND = b'{"type": "invalid_request", "code": "not_found", "detail": "Not found.", "attr": null}'


def get(wire: Wire, times: int = 1, **settings: Any) -> None:
    with Environment(1, api_key="phx_x", host=wire.host, **settings) as env:
        for _ in range(times):
            env.persons.get(UUID)


def aget(wire: Wire, times: int = 1, **settings: Any) -> None:
    async def run() -> None:
        async with AsyncEnvironment(1, api_key="phx_x", host=wire.host, **settings) as env:
            for _ in range(times):
                await env.persons.get(UUID)

    asyncio.run(run())


CLIENTS = pytest.mark.parametrize("client", [get, aget])
Client = Callable[..., None]


def prefixes(wire: Wire) -> list[str]:
    return [line.split("/")[2] for line in wire.lines()]


@CLIENTS
def test_a_server_that_knows_projects_alone(client: Client) -> None:
    with Wire(http(404, NOT_FOUND), http(200, PERSON)) as wire:
        client(wire, 3)
        assert prefixes(wire) == ["environments", "projects", "projects", "projects"]


@CLIENTS
def test_a_server_that_names_the_successor(client: Client) -> None:
    link = f'Link: </api/projects/1/persons/{UUID}/>; rel="successor-version"'
    with Wire(http(200, PERSON, "Deprecation: true", link)) as wire, warnings.catch_warnings():
        warnings.simplefilter("error")
        client(wire, 2)
        assert prefixes(wire) == ["environments", "projects"]


@CLIENTS
def test_the_chosen_old_prefix_stays_and_is_warned_of_at_the_users_line(client: Client) -> None:
    link = f'Link: </api/projects/1/persons/{UUID}/>; rel="successor-version"'
    with Wire(http(200, PERSON, "Deprecation: true", link)) as wire:
        with pytest.warns(DeprecationWarning, match="on its way out") as caught:
            client(wire, 2, prefix="environments")
        assert prefixes(wire) == ["environments", "environments"]
        assert [warning.filename for warning in caught] == [__file__]


def test_a_warning_in_a_task_of_its_own_points_out_of_the_package() -> None:
    async def run(wire: Wire) -> None:
        async with AsyncEnvironment(1, api_key="phx_x", host=wire.host, prefix="environments") as env:
            await asyncio.gather(env.persons.get(UUID), env.persons.get(UUID))

    with (
        Wire(http(200, PERSON, "Deprecation: true")) as wire,
        pytest.warns(DeprecationWarning, match="on its way out") as caught,
    ):
        asyncio.run(run(wire))
    assert [warning.filename for warning in caught] == [__file__]


@CLIENTS
def test_a_404_of_a_known_server_is_one_request(client: Client) -> None:
    with Wire(http(200, PERSON), http(404, NOT_FOUND)) as wire:
        with pytest.raises(NotFoundError):
            client(wire, 2)
        assert prefixes(wire) == ["environments"] * 2


@CLIENTS
def test_the_redirect_of_the_alias_of_the_cloud_names_its_target(client: Client) -> None:
    with (
        Wire(http(308, b"", "Location: https://us.posthog.com/api/environments/1/persons/2/")) as wire,
        pytest.raises(RedirectError, match=r"It leads to https://us\.posthog\.com/api/environments/1/persons/2/\."),
    ):
        client(wire)


def test_the_twin_that_redirects_back_ends() -> None:
    with Wire(http(307, b"", f"Location: /api/projects/1/persons/{UUID}/")) as wire:
        with pytest.raises(RedirectError):
            get(wire)
        assert prefixes(wire) == ["environments", "projects"]


def test_current_and_the_number_behind_it() -> None:
    link = (
        f'Link: </api/projects/77/persons/{UUID}/>; rel="successor-version",'
        ' <https://posthog.com/docs/api/current-alias-deprecation>; rel="deprecation"'
    )
    answer = http(200, PERSON, "Deprecation: @1795564800", "Sunset: Fri, 30 Apr 2027 23:59:59 GMT", link)
    with Wire(answer) as wire, Environment("@current", api_key="phx_x", host=wire.host) as env:
        with pytest.warns(DeprecationWarning, match="project_id=77") as caught:
            assert [person.uuid for person in map(env.persons.get, [UUID, UUID])] == [UUID, UUID]
        assert len(caught) == 1
        assert "30 Apr 2027" in str(caught[0].message)
        assert [line.split()[1].split("/persons")[0] for line in wire.lines()] == [
            "/api/environments/@current",
            "/api/projects/@current",
        ]


def test_nobody_is_already_gone_where_nothing_is_known(tmp_path: Any) -> None:
    with Wire(http(404, NOT_FOUND)) as wire, Environment(1, api_key="phx_x", host=wire.host) as env:
        with pytest.raises(NotFoundError):
            env.persons.delete_many([UUID], journal=tmp_path / "journal")
        assert '"already_gone"' not in (tmp_path / "journal").read_text()


@pytest.mark.parametrize("known", [["environments"], ["projects"], ["environments", "projects"]])
@pytest.mark.parametrize("prefix", ["auto", "environments", "projects"])
@pytest.mark.filterwarnings("ignore:.*on its way out:DeprecationWarning")
def test_each_kind_of_client_before_each_server(known: list[str], prefix: Any) -> None:
    with (
        Sandbox(persons=12, prefixes=known, rates=False) as box,
        Environment(box.project_id, api_key=box.api_key, host=box.host, prefix=prefix) as env,
    ):
        if prefix == "auto" or prefix in known:
            people = env.persons.list(page_size=5).take(12)
            assert len(people) == 12
            env.persons.delete(people[0])
            with pytest.raises(NotFoundError):
                env.persons.get(people[0])
        else:
            with pytest.raises(NotFoundError, match='prefix="auto"'):
                env.persons.list().first()

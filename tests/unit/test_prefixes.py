"""Which prefix requests go to, decided with no server; and the headers that tell of it, read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from posthog_environments import errors
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import (
    Call,
    Operation,
    OperationKind,
    Send,
    ServerResponse,
    Sleep,
    TransportFailure,
)
from posthog_environments.calls.prefixes import is_twin, links, parse_project_url, twin_of
from tests.unit.play import DELETE, READ, RESET, Play, answer

HOST = "https://us.posthog.com"
PATH = "/api/environments/1/persons/2/"
TWIN = "/api/projects/1/persons/2/"
FREE = Operation("request", OperationKind.READ, "general", mute=frozenset({404}), free=True)
SUCCESSOR = f'<{TWIN}>; rel="successor-version"'


class Server:
    """Answers by the path that a request goes to, as the transport would write it."""

    def __init__(
        self, environments: list[ServerResponse | TransportFailure], projects: list[ServerResponse | TransportFailure]
    ) -> None:
        self.scripts = {"environments": environments, "projects": projects}
        self.paths: list[str] = []

    def run(self, play: Play, operation: Operation = READ, path: str = PATH) -> ServerResponse:
        generator = execute_call(play.context, Call(operation, {"method": "get", "url": path}))
        outcome: ServerResponse | TransportFailure | None = None
        while True:
            try:
                command = generator.send(outcome)
            except StopIteration as stop:
                value: ServerResponse = stop.value
                return value
            outcome = None
            if isinstance(command, Sleep):
                play.now += command.seconds
                continue
            assert isinstance(command, Send)
            url = command.call.request["url"]
            if play.client.prefix == "projects":
                url = twin_of(url) or url
            self.paths.append(url)
            script = self.scripts[url.split("/")[2]]
            outcome = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(outcome, ServerResponse):
                outcome = ServerResponse(outcome.status_code, outcome.headers, outcome.content, HOST + url)


def test_auto_begins_with_environments_and_stays_where_it_is_known() -> None:
    play, server = Play("auto"), Server([answer(200), answer(404)], [answer(200)])
    server.run(play)
    with pytest.raises(errors.NotFoundError) as caught:
        server.run(play)
    assert server.paths == [PATH, PATH]
    assert caught.value.hint == ""
    assert play.client.prefix == "environments"


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 405, 429, 500, 503])
def test_any_other_answer_under_environments_ends_the_search(status: int) -> None:
    play, server = Play("auto", retries=0, pacing=False), Server([answer(status), answer(404)], [answer(200)])
    if status < 300:
        server.run(play)
    else:
        with pytest.raises(errors.PostHogError):
            server.run(play)
    with pytest.raises(errors.NotFoundError):
        server.run(play)
    assert server.paths == [PATH, PATH]


@pytest.mark.parametrize("status", [200, 400, 403, 409])
def test_a_404_is_tried_at_its_twin_whose_answer_decides(status: int) -> None:
    play, server = Play("auto", retries=0), Server([answer(404)], [answer(status), answer(200)])
    if status == 200:
        assert server.run(play).status_code == 200
    else:
        with pytest.raises(errors.APIStatusError) as caught:
            server.run(play)
        assert caught.value.status_code == status
    server.run(play)
    assert server.paths == [PATH, TWIN, TWIN]
    assert play.client.prefix == "projects"


def test_where_neither_is_known_each_404_is_tried_and_nothing_is_said_of_the_person() -> None:
    play, server = Play("auto"), Server([answer(404)], [answer(404), answer(404), answer(200)])
    for _ in range(2):
        with pytest.raises(errors.NotFoundError, match="both tried") as caught:
            server.run(play)
        assert "prefix=" not in str(caught.value)
    assert not play.client.settled
    server.run(play)
    assert server.paths == [PATH, TWIN] * 3
    assert play.client.settled


def test_a_chosen_prefix_is_not_left() -> None:
    play, server = Play("environments"), Server([answer(404)], [answer(200)])
    with pytest.raises(errors.NotFoundError, match='prefix="auto"'):
        server.run(play)
    linked = Server([answer(200, link=SUCCESSOR)], [answer(500)])
    for _ in range(2):
        linked.run(play)
    assert linked.paths == [PATH, PATH]


def test_a_deletion_counts_as_done_by_a_404_only_where_the_prefix_is_known() -> None:
    play, server = Play("auto"), Server([RESET, answer(404)], [answer(404)])
    with pytest.raises(errors.OutcomeUnknown, match="nothing so far has shown"):
        server.run(play, DELETE)
    assert server.paths == [PATH, PATH, TWIN]
    known, server = Play("auto"), Server([answer(200), RESET, answer(404)], [answer(404)])
    server.run(known)
    assert server.run(known, DELETE).status_code == 404


def test_a_fault_at_the_twin_is_tried_again_there() -> None:
    play, server = Play("auto"), Server([answer(404)], [RESET, answer(503), answer(200)])
    assert server.run(play).status_code == 200
    assert server.paths == [PATH, TWIN, TWIN, TWIN]


def test_an_endpoint_that_is_gone_says_nothing() -> None:
    gone = Operation("insights.trend", OperationKind.READ, "persons", mute=frozenset({403, 404, 405}))
    for status in (403, 404, 405):
        play, server = Play("auto"), Server([answer(status), answer(404)], [answer(200)])
        with pytest.raises(errors.APIStatusError):
            server.run(play, gone)
        assert not play.client.settled
        assert server.run(play).status_code == 200
        assert server.paths == [PATH, PATH, TWIN]


@pytest.mark.parametrize("status", [200, 400, 404, 429])
def test_a_successor_that_is_the_twin_moves_all_later_requests(status: int) -> None:
    play, server = Play("auto", retries=0, pacing=False), Server([answer(status, link=SUCCESSOR)], [answer(200)])
    if status in (200, 404):
        server.run(play)
    else:
        with pytest.raises(errors.APIStatusError):
            server.run(play)
    server.run(play)
    assert server.paths[-1] == TWIN
    assert play.client.prefix == "projects"


@pytest.mark.parametrize("status", [200, 404])
def test_a_successor_moves_requests_also_where_the_prefix_is_known(status: int) -> None:
    play, server = Play("auto"), Server([answer(200), answer(status, link=SUCCESSOR)], [answer(200)])
    server.run(play)
    if status == 200:
        server.run(play)
    else:
        with pytest.raises(errors.NotFoundError):
            server.run(play)
    server.run(play)
    assert server.paths == [PATH, PATH, TWIN]


def test_a_link_to_elsewhere_does_not_begin_the_search_again() -> None:
    link = '<https://docs.example/>; rel="deprecation"'
    play, server = Play("auto"), Server([answer(200), answer(404, link=link)], [answer(200)])
    server.run(play)
    with pytest.raises(errors.NotFoundError):
        server.run(play)
    assert server.paths == [PATH, PATH]


def test_a_404_by_a_path_of_the_users_is_not_searched_for() -> None:
    for operation in (FREE, replace(FREE, mute=frozenset())):
        play, server = Play("auto"), Server([answer(404), answer(200)], [answer(200)])
        with pytest.raises(errors.NotFoundError):
            server.run(play, operation)
        assert server.paths == [PATH]
        assert not play.client.settled


@pytest.mark.parametrize("status", [200, 405])
def test_any_other_answer_to_a_path_of_the_users_ends_the_search(status: int) -> None:
    play, server = Play("auto"), Server([answer(status), answer(404)], [answer(200)])
    if status == 200:
        server.run(play, FREE)
    else:
        with pytest.raises(errors.APIStatusError):
            server.run(play, FREE)
    with pytest.raises(errors.NotFoundError):
        server.run(play)
    assert server.paths == [PATH, PATH]


@pytest.mark.parametrize("path", ["/api/users/@me/", TWIN])
def test_a_path_that_is_of_no_environment_is_asked_once(path: str) -> None:
    play = Play("auto")
    found = replace(answer(200), url=HOST + path)
    assert play.run(FREE, found, answer(500)) is found
    assert (play.sent, play.client.known) == (1, False)


SAME = [
    f'<{HOST}/api/projects/1/persons/2/>; rel="successor-version"',
    f"<{TWIN}>;rel=successor-version",
    f'<{TWIN}>; rel="other SUCCESSOR-VERSION"',
    f'<{TWIN}>; title="a, <b>; rel=x"; rel="successor-version"',
    f'<https://docs.example/x,y>; rel="deprecation", <{TWIN}>; rel="successor-version"; type="x"',
    f'<{HOST.upper().replace("HTTPS", "https")}:443{TWIN}>; rel="successor-version"',
]
OTHER = [
    "",
    "garbage",
    f"<{TWIN}>",
    f'<{TWIN}>; rel="next"',
    f'<{PATH}>; rel="successor-version"',
    '</api/projects/1/persons/3/>; rel="successor-version"',
    '</api/projects/7/persons/2/>; rel="successor-version"',
    '</api/projects/1/persons/2/?x=1>; rel="successor-version"',
    f'<https://evil.example{TWIN}>; rel="successor-version"',
    f'<http://us.posthog.com{TWIN}>; rel="successor-version"',
    '</v2/projects/1/persons/2/>; rel="successor-version"',
    '<https://[>; rel="successor-version"',
]


@pytest.mark.parametrize("link", SAME)
def test_links_that_name_the_twin(link: str) -> None:
    play, server = Play("auto"), Server([answer(200, link=link)], [answer(200)])
    server.run(play)
    assert play.client.prefix == "projects"


@pytest.mark.parametrize("link", OTHER)
def test_links_that_do_not(link: str) -> None:
    play, server = Play("auto"), Server([answer(200, link=link)], [answer(200)])
    server.run(play)
    assert play.client.prefix == "environments"


def test_the_number_behind_current_is_the_same_place() -> None:
    place = parse_project_url(HOST + "/api/environments/@current/persons/?limit=1&q=a%20b")
    assert place is not None
    assert is_twin(place, parse_project_url(HOST + "/api/projects/12/persons/?limit=1&q=a+b"))
    assert is_twin(place, parse_project_url(HOST + "/api/projects/@current/persons/?limit=1&q=a%20b"))
    assert not is_twin(place, parse_project_url(HOST + "/api/projects/me/persons/?limit=1&q=a%20b"))
    assert not is_twin(place, parse_project_url(HOST + "/api/environments/12/persons/?limit=1&q=a%20b"))


def test_a_server_behind_a_proxy_need_not_know_its_own_path() -> None:
    place = parse_project_url("https://x.example/posthog/api/environments/1/persons/")
    assert place is not None
    assert is_twin(place, parse_project_url("https://x.example/api/projects/1/persons/"))
    assert is_twin(place, parse_project_url("https://x.example/posthog/api/projects/1/persons/"))
    assert not is_twin(place, parse_project_url("https://x.example/other/api/projects/1/persons/"))


def test_places_and_links_that_are_none() -> None:
    assert parse_project_url("https://[/api/projects/1/x") is None
    assert parse_project_url(HOST + "/api/users/@me/") is None
    assert twin_of("/api/projects/1/persons/") is None
    assert links(None) == []
    assert [len(links("<" + "a" * 50_000)), len(links("<a>" + " " * 50_000 + "x"))] == [0, 1]
    assert [link.target for link in links("<a>; rel=x, <b>, c; rel=y")] == ["a", "b"]


def test_a_redirect_to_the_twin_decides_for_auto_as_well() -> None:
    play, server = Play("auto"), Server([answer(308, location=TWIN)], [answer(200)])
    server.run(play)
    server.run(play)
    assert server.paths == [PATH, TWIN, TWIN]


def test_a_redirect_says_where_it_leads() -> None:
    for place, shown in (
        ("https://us.example.com/x", "It leads to https://us.example.com/x. Redirects are not followed, because they"),
        ("https://[", "It leads to https://[. Redirects are not followed; check"),
        ("/login?next=/", "It leads to /login?next=/. Redirects are not followed; check"),
    ):
        with pytest.raises(errors.RedirectError) as caught:
            Server([answer(302, location=place)], [answer(200)]).run(Play("auto"))
        assert shown in str(caught.value)
        assert caught.value.location == place

"""A server with several projects: a sandbox for each, behind one address."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

from posthog_environments.sandbox import Sandbox
from soak.canned import Canned, Heard
from soak.canned import http as written

__all__ = ["KEY", "fleet"]

KEY: Final = "phx_fleet_0123456789abcdef"


@contextmanager
def fleet(projects: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """Serve projects with so many persons each; give the variables of the environment that point there."""
    with ExitStack() as stack:
        ports: dict[str, int] = {}
        for project, persons in projects.items():
            box = Sandbox(persons=persons, rates=False, project_id=int(project), api_key=KEY, seed=int(project))
            ports[project] = int(stack.enter_context(box).host.rpartition(":")[2])

        def answer(heard: Heard) -> bytes:
            found = re.match(rb"/api/[a-z]+/([0-9]+)/", heard.target)
            port = ports.get(found[1].decode()) if found else None
            return written(404, b'{"detail": "Project not found."}') if port is None else _forwarded(port, heard)

        server = stack.enter_context(Canned(answer))
        yield {
            "POSTHOG_HOST": server.host,
            "POSTHOG_PERSONAL_API_KEY": KEY,
            "POSTHOG_PROJECT_ID": next(iter(projects)),
            "POSTHOG_PROJECTS": ",".join(projects),
        }


def _forwarded(port: int, heard: Heard) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        wanted = {b"authorization", b"content-type", b"accept"}
        headers = {name.decode(): value.decode() for name, value in heard.headers.items() if name in wanted}
        connection.request(heard.method, heard.target.decode(), heard.body or None, headers)
        answer = connection.getresponse()
        return written(answer.status, answer.read(), kind=answer.headers.get("content-type", ""))
    finally:
        connection.close()

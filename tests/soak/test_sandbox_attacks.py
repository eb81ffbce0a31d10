"""The campaigns against the sandbox, bounded; and the sandbox broken on purpose, so that they miss their figures."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from posthog_environments.sandbox import access, app, changes, persons, server
from posthog_environments.sandbox.messages import Reply
from posthog_environments.sandbox.sql import Sql
from soak import sandbox_attacks
from soak.frame import Campaign, Effort, missed

# What these modules have imported, as they see it.
ACCESS: Any = access
APP: Any = app
CHANGES: Any = changes

EFFORT = Effort(share=0.02, seed=2)
LITTLE = Effort(share=0.01, seed=3)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that others use too may be slow."""
    monkeypatch.setattr(sandbox_attacks, "PATIENCE", 30.0)


@pytest.mark.parametrize("campaign", sandbox_attacks.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_the_campaigns(campaign: Campaign) -> None:
    assert missed(campaign.make(EFFORT)) == []


def _missed(make: Callable[[Effort], Any], effort: Effort = LITTLE) -> str:
    return "\n".join(missed(make(effort)))


# ------------------------------------------------------------------------------------------------------------ doors


def test_a_server_that_listens_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ADDRESS", "0.0.0.0")
    found = _missed(sandbox_attacks.doors)
    assert "addresses that it listens on" in found
    assert "connections to it over" in found


def test_a_server_that_takes_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    import click

    from posthog_environments.cli.sandbox import sandbox
    from posthog_environments.sandbox import settings

    whole = settings.whole
    monkeypatch.setattr(sandbox, "params", [*sandbox.params, click.Option(["--bind"])])
    monkeypatch.setattr(
        settings, "whole", lambda name, value, least, most: 0 if name == "port" else whole(name, value, least, most)
    )
    found = _missed(sandbox_attacks.doors)
    assert "that name an address" in found
    assert "ports that are none, refused" in found


def test_a_command_that_listens_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_attacks, "_of_command", list)
    assert "sockets of `phenv sandbox`" in _missed(sandbox_attacks.doors)


# ------------------------------------------------------------------------------------------------------------- keys


def test_keys_that_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def scopes(self: access.Keys, key: str) -> frozenset[str] | None:
        found = {known.decode(): held for known, held in self._scopes.items()}
        return found[key] if key in found else None  # noqa: SIM401 - the naive way

    monkeypatch.setattr(access.Keys, "scopes", scopes)
    found = _missed(sandbox_attacks.keys)
    assert "hmac.compare_digest alone" in found
    assert "took more or fewer comparisons" in found


def test_keys_whose_check_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    def scopes(self: access.Keys, key: str) -> frozenset[str] | None:
        for known, held in self._scopes.items():
            if ACCESS.hmac.compare_digest(known, key.encode(errors="replace")):
                return held
        return None

    monkeypatch.setattr(access.Keys, "scopes", scopes)
    assert "took more or fewer comparisons" in _missed(sandbox_attacks.keys)
    assert hmac is ACCESS.hmac


def test_keys_that_are_half_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def scopes(self: access.Keys, key: str) -> frozenset[str] | None:
        found = None
        for known, held in self._scopes.items():
            if ACCESS.hmac.compare_digest(known[:8].lower(), key.encode(errors="replace")[:8].lower()):
                found = held
        return found

    monkeypatch.setattr(access.Keys, "scopes", scopes)
    assert "almost right and were let in" in _missed(sandbox_attacks.keys)


def test_operations_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = ("key", frozenset({"*"}))
    monkeypatch.setattr(APP.access, "authenticate", lambda keys, authorization, elsewhere: everything)
    assert "answer without a key" in _missed(sandbox_attacks.keys)


# -------------------------------------------------------------------------------------------------------------- SQL


def _only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Keep to the places that a defect concerns."""
    kept = [place for place in sandbox_attacks._places() if place.name in names]
    monkeypatch.setattr(sandbox_attacks, "_places", lambda: kept)


def _written_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the email into the SQL, as nobody should."""
    plain = persons._condition

    def condition(app_context: Any, call: Any) -> Sql | None:
        if call.query.get("email"):
            return Sql(f"email = '{call.query['email']}'")
        return plain(app_context, call)

    monkeypatch.setattr(persons, "_condition", condition)


def test_texts_that_are_written_into_the_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    _written_into(monkeypatch)
    _only(monkeypatch, "listPersons email")
    found = _missed(sandbox_attacks.injections, Effort(0.3, 3))
    assert "answers unlike that to a harmless text" in found
    assert "answers with 500" in found
    assert "at which the sandbox itself failed" in found


def test_texts_that_change_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    plain: Any = persons._condition

    def condition(app_context: Any, call: Any) -> Sql | None:
        if "DROP TABLE" in call.query.get("search", ""):
            app_context.store.rows(Sql("DELETE FROM activity; DELETE FROM events WHERE id = 1 RETURNING id"))
        found: Sql | None = plain(app_context, call)
        return found

    monkeypatch.setattr(persons, "_condition", condition)
    _only(monkeypatch, "listPersons search")
    monkeypatch.setattr(sandbox_attacks, "SQL", ("'; DROP TABLE persons; --",) * 8)
    assert "rows, settings or databases that changed" in _missed(sandbox_attacks.injections)


def test_answers_that_show_the_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    import traceback

    _written_into(monkeypatch)
    _only(monkeypatch, "listPersons email")

    def telling(detail: str) -> Any:
        return APP.Problem(500, "server_error", "error", traceback.format_exc())

    monkeypatch.setattr(app, "crash", telling)
    assert "a traceback, a file or SQL in them" in _missed(sandbox_attacks.injections, Effort(0.3, 3))


def test_names_that_are_changed_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    write = CHANGES.bodies.write
    monkeypatch.setattr(CHANGES.bodies, "write", lambda value: write(value).replace("''", "'"))
    _only(monkeypatch, "listPersons search")
    monkeypatch.setattr(sandbox_attacks, "SQL", ("a''b",) * 8)
    assert "did not come back as written" in _missed(sandbox_attacks.injections)


def test_too_few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_attacks, "payloads", lambda random, count: ["'"])
    _only(monkeypatch, "listPersons search")
    assert "texts put into" in _missed(sandbox_attacks.injections, Effort(0.05, 3))


def test_numbers_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from posthog_environments.sandbox import bodies

    monkeypatch.setattr(bodies, "_finite", float)
    assert "failures of the sandbox at odd values" in _missed(sandbox_attacks.oddments, Effort(0.1, 3))


# ------------------------------------------------------------------------------------------------- sizes and others


def test_bodies_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MOST_BODY", 2**40)
    monkeypatch.setattr(sandbox_attacks, "exchange", partial(sandbox_attacks.exchange, wait=1.0))
    assert "beyond the limits that were taken" in _missed(sandbox_attacks.sizes)


def test_a_server_that_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain: Any = app.App._answer

    async def answer(self: Any, request: Any) -> Any:
        time.sleep(0.1)  # in the loop, so that all others wait
        return await plain(self, request)

    monkeypatch.setattr(app.App, "_answer", answer)
    monkeypatch.setattr(sandbox_attacks, "PATIENCE", 0.05)
    assert "the slowest of" in _missed(sandbox_attacks.sizes)


def test_a_server_for_every_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LOOPBACK_ORIGIN", r".*")
    monkeypatch.setattr(server, "_HostCheck", lambda application: application)
    found = _missed(sandbox_attacks.browsers)
    assert "origins elsewhere that were allowed" in found
    assert "under the name of another site" in found


def test_a_server_for_no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LOOPBACK_ORIGIN", r"none")
    assert "a page on loopback is allowed" in _missed(sandbox_attacks.browsers)


def test_a_server_that_forgets_and_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging
    import threading

    plain: Any = app.App._operate
    held: list[Any] = []
    stop = threading.Event()

    def leaky(self: Any, call: Any, path: str) -> Reply:
        app_context = self._app
        if len(held) < 5:
            thread = threading.Thread(target=stop.wait, name=f"leak-{len(held)}", daemon=True)
            thread.start()
            held.append(thread)
            with app_context.store.writing() as cursor:
                cursor.execute("UPDATE persons SET name = '\"changed\"' WHERE id = ?", [len(held)])
            logging.getLogger("posthog_environments.sandbox").error("lost")
        found: Reply = plain(self, call, path)
        return found

    monkeypatch.setattr(app.App, "_operate", leaky)
    try:
        found = _missed(sandbox_attacks.noise, Effort(0.05, 3))
    finally:
        stop.set()
    assert "it answers as before" in found
    assert "threads and files left over" in found
    assert "failures that the sandbox logged" in found


def test_answers_to_noise_that_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Any, call: Any, path: str) -> Reply:
        raise RuntimeError("no")

    monkeypatch.setattr(app.App, "_operate", failing)
    found = _missed(sandbox_attacks.noise, Effort(0.05, 3))
    assert "answers to noise that are a failure" in found
    assert "at which the sandbox itself failed" in found


def test_connections_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_attacks, "_until", lambda done: False)
    assert "connections left open" in _missed(sandbox_attacks.noise)

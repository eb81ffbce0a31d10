"""Clients that share a quota in a file, on real files and before a real server."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from posthog_environments import AsyncEnvironment, ConfigurationError, Environment, RateLimitError
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, RunBlocking
from posthog_environments.config.api_key import Secret
from posthog_environments.config.forks import restart_all
from posthog_environments.config.settings import read_quota_location
from posthog_environments.ratelimit.limiter import BUCKETS, Bucket, Rate
from posthog_environments.ratelimit.shared import SharedRateLimiter, name_of
from posthog_environments.ratelimit.shared_state import Snapshot, StoreTime
from posthog_environments.ratelimit.stores import FileStore, RedisStore, Store, StoreAway, open_store
from tests.client.wire import Wire, http
from tests.unit.play import READ

KEY = "phx_shared_0123456789abcdef"
PERSON = b'{"id":1,"uuid":"00000000-0000-4000-8000-000000000001","distinct_ids":["a"],"properties":{}}'
TWO: dict[Bucket, tuple[Rate, ...]] = dict.fromkeys(BUCKETS, ((2, 3600.0),))


@pytest.fixture
def server() -> Iterator[Wire]:
    with Wire(http(200, PERSON)) as wire:
        yield wire


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quota.db"


def scarce(env: Any) -> Any:
    """Limit a client to two requests an hour."""
    client = env._context.client
    client.quota = SharedRateLimiter(client.quota._store, client.quota._name, TWO)
    return env


def test_two_clients_have_one_quota_and_another_key_its_own(server: Wire, file: Path) -> None:
    with (
        scarce(Environment(1, api_key=KEY, host=server.host, quota=file.as_uri(), max_wait=0)) as one,
        scarce(Environment(1, api_key=KEY, host=server.host, quota=file, max_wait=0)) as two,
        scarce(Environment(1, api_key=KEY + "x", host=server.host, quota=file, max_wait=0)) as other,
    ):
        one.persons.get(1)
        two.persons.get(1)
        for env in (one, two):
            with pytest.raises(RateLimitError) as caught:
                env.persons.get(1)
            assert caught.value.retry_after is not None
            assert 3590 < caught.value.retry_after <= 3600
        other.persons.get(1)
    assert len(server.requests) == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_clients_share_it_too(server: Wire, file: Path, backend: str) -> None:
    async def main() -> None:
        async with scarce(AsyncEnvironment(1, api_key=KEY, host=server.host, quota=file, max_wait=0)) as env:
            await env.persons.get(1)
            await env.persons.get(1)
            with pytest.raises(RateLimitError):
                await env.persons.get(1)

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["closed", "asyncio", "trio"])
def test_pending_changes_are_written_when_a_client_is_closed(server: Wire, file: Path, backend: str) -> None:
    async def main() -> None:
        async with AsyncEnvironment(1, api_key=KEY, host=server.host, quota=file) as env:
            await env.persons.get(1)
            refuse(env)

    def refuse(env: Any) -> None:
        shared = env._context.client.quota
        shared.refuse("persons", 3000.0)
        assert shared.pending

    if backend == "closed":
        with Environment(1, api_key=KEY, host=server.host, quota=file) as env:
            env.persons.get(1)
            refuse(env)
    else:
        anyio.run(main, backend=backend)
    # Clients of one process share a store object; another process has only the file.
    script = "from posthog_environments import Environment; Environment(1, max_wait=0).persons.get(1)"
    environ = {"POSTHOG_PERSONAL_API_KEY": KEY, "POSTHOG_HOST": server.host, "POSTHOG_QUOTA": file.as_uri()}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "RateLimitError" in done.stderr
    assert len(server.requests) == 1


def test_a_slow_store_does_not_block_the_event_loop(server: Wire, file: Path) -> None:
    async def main() -> None:
        async with AsyncEnvironment(1, api_key=KEY, host=server.host, quota=file) as env:
            locked = sqlite3.connect(file, isolation_level=None)
            locked.execute("BEGIN EXCLUSIVE")
            ticks = 0
            call = asyncio.create_task(env.persons.get(1))
            while not call.done() and ticks < 10:
                await asyncio.sleep(0.01)
                ticks += 1
            locked.close()
            await call
            # The loop went on while the store could not be asked, and the call was not through before.
            assert ticks == 10

    asyncio.run(main())


def test_a_call_that_is_not_sent_returns_its_lease(server: Wire, file: Path) -> None:
    with scarce(Environment(1, api_key=KEY, host=server.host, quota=file, max_wait=0)) as env:
        for _ in range(3):
            generator = execute_call(env._context, Call(READ, {"method": "get", "url": "/"}))
            command = next(generator)
            assert isinstance(command, RunBlocking)
            assert command.work() == 0.0
            generator.close()
        env.persons.get(1)
        env.persons.get(1)


def test_only_the_owner_can_read_the_file_and_it_does_not_contain_the_key(server: Wire, file: Path) -> None:
    with Environment(1, api_key=KEY, host=server.host, quota=file) as env:
        env.persons.get(1)
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    assert KEY.encode() not in content
    assert b"127.0.0.1" not in content


def test_a_file_that_is_away_is_logged_once_and_the_call_succeeds(
    server: Wire, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Environment(1, api_key=KEY, host=server.host, quota=file) as env, caplog.at_level(logging.WARNING):
        file.unlink()
        file.mkdir()
        env.persons.get(1)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert f"The quota at {file} cannot be used" in caplog.text
        caplog.clear()
        file.rmdir()
        env._context.client.quota._store._away_until = 0.0  # type: ignore[attr-defined]
        env.persons.get(1)
        assert caplog.messages == [f"The quota at {file} can be used again."]


def test_the_error_says_that_the_store_is_away(server: Wire, file: Path) -> None:
    with scarce(Environment(1, api_key=KEY, host=server.host, quota=file, max_wait=0)) as env:
        file.unlink()
        file.mkdir()
        env.persons.get(1)
        with pytest.raises(RateLimitError, match="cannot be used, so this worker keeps to a small part of it"):
            env.persons.get(1)


def test_a_file_that_is_removed_holds_all_workers_and_each_log_says_so_once(
    server: Wire, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Environment(1, api_key=KEY, host=server.host, quota=file, max_wait=0) as one,
        Environment(1, api_key=KEY, host=server.host, quota=file, max_wait=0) as two,
    ):
        one.persons.get(1)
        two.persons.get(1)
        file.unlink()
        with caplog.at_level(logging.WARNING):
            for env in (one, two) * 2:
                with pytest.raises(RateLimitError, match="may be incomplete, so all workers wait") as caught:
                    env.persons.get(1)
                assert caught.value.retry_after is not None
                assert 50 < caught.value.retry_after <= 60
        held = f"The quota at {file} may be incomplete: its store lost data, was restarted or could not be reached."
        assert [message.startswith(held) for message in caplog.messages] == [True, True]
    assert len(server.requests) == 2


def test_a_corrupt_file_is_renamed(server: Wire, file: Path) -> None:
    with Environment(1, api_key=KEY, host=server.host, quota=file) as env:
        env.persons.get(1)
        file.write_bytes(b"\0" * 5000)
        env._context.client.quota.flush(1.0)
        budget: Any = env._context.client.quota
        with pytest.raises(StoreAway):
            budget._store.change("x", lambda data, _: (b"", 0.0), 1.0)
        assert file.with_name("quota.db.broken").read_bytes() == b"\0" * 5000
        budget._store._away_until = 0.0
        with pytest.raises(RateLimitError, match="may be incomplete"):
            env.with_options(max_wait=0).persons.get(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_read_only_file_is_a_store_that_is_away(server: Wire, file: Path) -> None:
    store = FileStore(file)
    file.parent.chmod(0o555)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:  # who may write everywhere
                os.setuid(65534)
            try:
                store.change("x", lambda data, _: (b"", 0.0), 1.0)
            except StoreAway:
                code = 2
            try:
                FileStore(file)
            except ConfigurationError as error:
                code = 0 if code == 2 and "where all workers can write" in str(error) else 3
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    file.parent.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_is_a_worker_of_its_own(file: Path) -> None:
    store = FileStore(file)
    budget = SharedRateLimiter(store, lambda: "k", TWO)
    ticket = budget.ticket()
    assert budget.acquire("persons", ticket, 60.0, 1.0) == 0
    budget.settle("persons", ticket)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            budget.after_fork()
            child = budget.ticket()
            fresh = child.partition(".")[0] != ticket.partition(".")[0] and not budget.pending
            code = 0 if fresh and budget.acquire("persons", child, 60.0, 1.0) == 0 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert budget.pending
    assert budget.acquire("persons", budget.ticket(), 60.0, 1.0) > 0


def test_a_key_that_changes_has_another_quota(server: Wire, file: Path) -> None:
    keys = [KEY]
    with scarce(Environment(1, api_key=lambda: keys[0], host=server.host, quota=file, max_wait=0)) as env:
        env.persons.get(1)
        env.persons.get(1)
        keys[0] = KEY + "new"
        env.persons.get(1)


def test_a_slow_store_dates_no_change_too_early() -> None:
    clock = [100.0]

    class Slow(Store):
        data: bytes | None = None

        def _change(self, name: str, decide: Any, patience: float) -> Any:
            moment = StoreTime(clock[0], clock[0])
            clock[0] += 0.2
            self.data, result = decide(self.data, moment)
            return result

    store = Slow("slow", lambda: clock[0])
    budget = SharedRateLimiter(store, lambda: "k", TWO, lambda: clock[0])
    ticket = budget.ticket()
    assert budget.acquire("persons", ticket, 10.0, 1.0) == 0
    answered = clock[0]
    budget.settle("persons", ticket)
    budget.flush(1.0)
    assert store.data is not None
    assert Snapshot.decode(store.data).stamps[0] >= answered


# -------------------------------------------------------------------------------------------------- what may be given


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_quota_location(None) is read_quota_location("memory") is None
    monkeypatch.chdir(tmp_path)
    for given in (
        "file:quota.db",
        f"file://{tmp_path}/quota.db",
        f"file://localhost{tmp_path}/quota.db",
        Path("quota.db"),
        Secret("file:quota.db"),
    ):
        place = read_quota_location(given)
        assert place is not None
        assert (place.kind, place.address.reveal(), place.shown) == ("file", *[f"{tmp_path}/quota.db"] * 2)
    place = read_quota_location("rediss://me:secret@cache.example.com:6380/2?ssl_cert_reqs=none")
    assert place is not None
    assert (place.kind, place.shown) == ("redis", "rediss://cache.example.com:6380/2")
    assert "secret" not in repr(place)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (3, "not int"),
        ("", '"memory", "file:///path/quota.db"'),
        ("quota.db", '"memory", "file:///path/quota.db"'),
        ("file://quota.db", "three slashes"),
        ("file:", "three slashes"),
        ("redis:localhost", '"redis://host:6379/0"'),
        ("memcached://localhost", '"redis://host:6379/0"'),
        ("redis://localhost:port", "is not the URL of a Redis"),
    ],
)
def test_an_invalid_place_is_refused(given: Any, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Environment(1, api_key=KEY, quota=given)
    assert told in str(caught.value)
    assert str(caught.value).startswith("quota")


def test_the_environment_names_a_place(server: Wire, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTHOG_QUOTA", file.as_uri())
    with Environment(1, api_key=KEY, host=server.host) as env:
        env.persons.get(1)
    assert file.exists()
    monkeypatch.setenv("POSTHOG_QUOTA", "somewhere")
    with pytest.raises(ConfigurationError, match=r"^POSTHOG_QUOTA must be"):
        Environment(1, api_key=KEY)


def test_files_that_cannot_serve(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("Dear diary, " * 100)
    database = tmp_path / "other.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    before = text.read_bytes(), database.read_bytes()
    for path, told in (
        (text, "of another kind, and is not changed"),
        (database, "of another kind, and is not changed"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "quota.db", "there is no folder"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            Environment(1, api_key=KEY, quota=path)
    assert (text.read_bytes(), database.read_bytes()) == before


def test_clients_of_one_process_use_one_store(file: Path) -> None:
    place = read_quota_location(file)
    assert place is not None
    assert open_store(place) is open_store(place)


def test_without_pacing_the_store_is_not_accessed(server: Wire, file: Path) -> None:
    with scarce(Environment(1, api_key=KEY, host=server.host, quota=file, pacing=False)) as env:
        for _ in range(4):
            env.persons.get(1)
        assert not env._context.client.quota.pending


def test_the_name_is_that_of_host_and_key(server: Wire) -> None:
    def name(**given: Any) -> str:
        with Environment(**{"project_id": 1, "api_key": KEY, "host": "us", **given}) as env:
            return name_of(env._context.client.settings)

    assert name() == name(project_id=2) == name(api_key=lambda: KEY) == name(host="https://us.posthog.com")
    assert len({name(), name(host="eu"), name(api_key=KEY + "x")}) == 3
    assert KEY not in name()


def test_a_missing_redis_is_logged_once_without_its_password(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    place = read_quota_location(f"unix://:geheim@{tmp_path}/none.sock")
    assert place is not None
    store = RedisStore(place.address.reveal(), place.shown)
    budget = SharedRateLimiter(store, lambda: "k", TWO)
    for _ in range(2):
        budget.acquire("persons", budget.ticket(), 10.0, 0.1)
    assert len(caplog.records) == 1
    assert "none.sock cannot be used (ConnectionError)" in caplog.text
    assert "geheim" not in caplog.text + repr(place)


def test_a_store_that_could_not_be_made_begins_nothing_anew() -> None:
    with pytest.raises(ConfigurationError, match="is not the URL of a Redis") as caught:
        RedisStore("redis://localhost:port", "redis://localhost:port")
    restart_all()
    # The store is held up to here by the frames of the error, as a debugger holds it.
    assert caught.traceback

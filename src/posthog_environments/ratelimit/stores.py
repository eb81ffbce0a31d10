"""Where the state of a shared quota is kept: a file on this machine, or Redis.

A store has one operation: an atomic read-modify-write on one key. In the file that is an SQLite transaction. In Redis
it is a compare-and-swap: the new state is written if the old one is still there, else the decision is made again. So
all decisions are in Python, and none in Lua. Rate limiting libraries (limits, pyrate-limiter) have stores of their own,
but count a request once, when it starts. They have no requests in flight, no times of responses, and learn nothing from
a 429.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from random import random
from secrets import token_hex
from typing import Any, TypeVar, cast
from urllib.parse import quote
from weakref import WeakValueDictionary

from posthog_environments.config.forks import restart_after_fork
from posthog_environments.config.settings import QuotaLocation
from posthog_environments.errors import ConfigurationError, printable
from posthog_environments.ratelimit.shared_state import StoreTime

__all__ = ["FileStore", "RedisStore", "Store", "StoreAway", "StoreBusy", "open_store"]

log = logging.getLogger("posthog_environments")

T = TypeVar("T")
Decide = Callable[[bytes | None, StoreTime], tuple[bytes, T]]

# The most seconds that one access may take.
PATIENCE = 1.0
# Seconds until a store that is away is tried again: at first, and at most.
SOON, LATER = 0.25, 5.0
# Seconds after which a stored state is of no use: more than the longest window.
FORGET = 3 * 3600


class StoreAway(Exception):  # noqa: N818 - a state that is handled, never an error for the user
    """The store cannot be used now. Try again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class StoreBusy(Exception):  # noqa: N818 - as above
    """Other workers changed the state during each try."""


class Store:
    """Keeps the states of quotas. Thread-safe."""

    # Exceptions that mean that the store is away. Any other is a bug.
    troubles: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, shown: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.shown = shown
        self._clock = clock
        self._away_until = float("-inf")
        self._pause = 0.0

    @property
    def away(self) -> float:
        """Seconds until the store may be tried again; 0.0 if it may be tried now."""
        return max(0.0, self._away_until - self._clock())

    def change(self, name: str, decide: Decide[T], patience: float) -> T:
        """Replace the state under a name by what `decide` makes of it. `decide` may be called more than once.

        Raises:
            StoreAway: The store cannot be used now.
            StoreBusy: Other workers changed the state during each try, until `patience` ran out.
        """
        if self.away:
            raise StoreAway(self.away)
        try:
            result = self._change(name, decide, min(max(patience, PATIENCE / 4), PATIENCE))
        except self.troubles as trouble:
            self._note_away(trouble)
            raise StoreAway(self.away) from None
        self._note_back()
        return result

    def _change(self, name: str, decide: Decide[T], patience: float) -> T:
        raise NotImplementedError

    def _note_away(self, trouble: Exception) -> None:
        first = self._pause == 0
        self._pause = min(LATER, max(SOON, 2 * self._pause))
        self._away_until = self._clock() + self._pause * (1 + random()) / 2  # noqa: S311 - workers must not return all at once
        if first:
            log.warning(
                "The quota at %s cannot be used (%s). Until then, each worker keeps to a small part of it.",
                self.shown,
                self._describe(trouble),
            )

    def _note_back(self) -> None:
        if self._pause:
            self._pause = 0.0
            log.warning("The quota at %s can be used again.", self.shown)

    def _describe(self, trouble: Exception) -> str:
        return f"{type(trouble).__name__}: {printable(str(trouble), 120)}"


class _Opened:
    """The open stores of this process, by address."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stores: WeakValueDictionary[str, Store] = WeakValueDictionary()
        restart_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent may have held."""
        self.lock = threading.Lock()


_opened = _Opened()


def open_store(place: QuotaLocation) -> Store:
    """Open a store, or return the one that is already open in this process.

    Raises:
        ConfigurationError: The location cannot be used. The message says what to do.
    """
    address = place.address.reveal()
    with _opened.lock:
        store = _opened.stores.get(address)
        if store is None:
            store = FileStore(Path(address)) if place.kind == "file" else RedisStore(address, place.shown)
            _opened.stores[address] = store
        return store


# ------------------------------------------------------------------------------------------------------------ a file

# "PHEQ", which marks our files, https://www.sqlite.org/pragma.html#pragma_application_id.
APPLICATION = 0x50484551
RUINED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


def _code(error: sqlite3.Error) -> int:
    # Errors of the Python module have no code.
    return getattr(error, "sqlite_errorcode", 0)


class FileStore(Store):
    """Keeps states in an SQLite file, for the processes of one machine. They share its monotonic clock.

    The file is opened for each change, so it may be removed or replaced at any time, and a forked child inherits
    nothing. It need not survive a power cut, so nothing is synced to the disk.
    """

    troubles = (OSError, sqlite3.Error)

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(str(path), clock)
        self._path = path
        self._boot = _boot()
        self._inode: int | None = None
        self._check()

    def _check(self) -> None:
        """Raise if the path can never be used."""
        folder, problem = self._path.parent, None
        try:
            if not folder.is_dir():
                problem = f"there is no folder {folder}. Make it, or name a file in one that exists."
            elif self._path.is_dir():
                problem = f"{self._path} is a folder. Name a file in it, such as quota.db."
            elif not os.access(folder, os.W_OK) or (self._path.exists() and not os.access(self._path, os.W_OK)):
                problem = f"{self._path} or its folder cannot be written. Name a file where all workers can write."
        except OSError as error:
            problem = f"{self._path} cannot be reached: {error.strerror}. Name a file where all workers can write."
        if problem:
            raise ConfigurationError(f"quota: {problem}")
        self._check_kind()

    def _check_kind(self) -> None:
        try:
            with self._connected(PATIENCE) as connection:
                connection.execute("BEGIN IMMEDIATE")
                strange = self._is_strange(connection)
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _code(error) != sqlite3.SQLITE_NOTADB:
                return  # it may be locked now, and usable later
            strange = True
        if strange:
            raise ConfigurationError(
                f"quota: {self._path} is a file of another kind, and is not changed. Name a file that does not exist."
            )

    def _change(self, name: str, decide: Decide[T], patience: float) -> T:
        try:
            with self._connected(patience) as connection:
                connection.execute("BEGIN IMMEDIATE")
                if self._is_strange(connection):
                    raise OSError(errno.EINVAL, "it is a database of another kind")
                row = connection.execute("SELECT state FROM quotas WHERE name = ?", (name,)).fetchone()
                state, result = decide(row and row[0], StoreTime(self._clock(), time.time(), self._boot))
                connection.execute("INSERT OR REPLACE INTO quotas VALUES (?, ?)", (name, state))
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if _code(error) in RUINED:
                self._set_aside()
            raise
        return result

    @contextlib.contextmanager
    def _connected(self, patience: float) -> Generator[sqlite3.Connection]:
        with contextlib.suppress(FileExistsError):
            # SQLite would create it readable by everyone. Only a new file is opened here: closing an existing one would
            # drop the locks that other threads of this process hold on it.
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rw", uri=True, isolation_level=None, timeout=patience
        )
        with contextlib.closing(connection):
            connection.execute("PRAGMA synchronous = OFF")
            yield connection

    def _is_strange(self, connection: sqlite3.Connection) -> bool:
        """Create the table if the file is new. Return whether the database is not ours."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return True
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("CREATE TABLE quotas (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID")
        self._inode = self._path.stat().st_ino
        return False

    def _set_aside(self) -> None:
        """Rename our corrupt file, so that a new one can be created."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
                self._path.replace(self._path.with_name(self._path.name + ".broken"))


# ------------------------------------------------------------------------------------------------------------- Redis

# Reads the time of the server, a state, and the id of the server's run if INFO is allowed.
READ = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
return {redis.call('TIME'), redis.call('HMGET', KEYS[1], 'version', 'state'), run}
"""

# Writes a state if the version that was read is still there.
SWAP = """
local version = redis.call('HGET', KEYS[1], 'version')
if (version or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class RedisStore(Store):
    """Keeps states in Redis, for workers on several machines. The clock is the server's."""

    def __init__(self, url: str, shown: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shown, clock)
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigurationError(
                'quota: Redis needs an extra: pip install "posthog-environments[redis]".'
            ) from None
        self.troubles = (OSError, redis.RedisError)
        problem = None
        try:
            # This package decides when to retry, and for how long.
            connect: Any = cast("Any", redis.Redis).from_url
            self._redis: Any = connect(
                url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0), protocol=2
            )
        except ValueError as error:
            problem = str(error)
        if problem is not None:
            raise ConfigurationError(f"quota: {shown} is not the URL of a Redis: {printable(problem, 120)}.")
        self._read: Any = self._redis.register_script(READ)
        self._swap: Any = self._redis.register_script(SWAP)
        restart_after_fork(self)

    def _change(self, name: str, decide: Decide[T], patience: float) -> T:
        key, end = f"posthog-environments:quota:{name}", time.monotonic() + patience
        while True:
            (seconds, micros), (version, state), run = self._read(keys=[key])
            now = int(seconds) + int(micros) / 1e6
            state, result = decide(state, StoreTime(now, now, run=run.decode()))
            if self._swap(keys=[key], args=[version or b"", token_hex(8), state, FORGET]):
                return result
            if time.monotonic() > end:
                raise StoreBusy
            time.sleep(random() * 0.002)  # noqa: S311 - workers must not retry all at once

    def _describe(self, trouble: Exception) -> str:
        return type(trouble).__name__  # a message of Redis may contain the URL, and so a password

    def after_fork(self) -> None:
        """Leave the connections to the parent process."""
        self._redis.connection_pool.reset()

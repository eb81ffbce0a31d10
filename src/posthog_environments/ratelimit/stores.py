"""Where a quota is kept that several workers share: a file on this machine, or Redis.

Either offers one thing: to read what stands under a name, to have somebody decide, and to write what he says, with
nobody in between. In the file that is a transaction of SQLite. In Redis it is a comparison: what was decided is written
if what it was decided on still stands there, else it is decided anew. So there is one set of decisions, in Python, and
no second one in Lua. Libraries for rates (limits, pyrate-limiter) have stores of their own, but count a request once,
when it begins: they know neither what is in flight, nor a stamp by the answer, nor what a 429 teaches.
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
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import quote
from weakref import WeakSet, WeakValueDictionary

from posthog_environments.config.settings import QuotaLocation
from posthog_environments.errors import ConfigurationError, printable
from posthog_environments.ratelimit.shared_state import StoreTime

__all__ = ["FileStore", "RedisStore", "Store", "StoreAway", "StoreBusy", "open_store"]

log = logging.getLogger("posthog_environments")

T = TypeVar("T")
Decide = Callable[[bytes | None, StoreTime], tuple[bytes, T]]

# Seconds for which a store may take its time.
PATIENCE = 1.0
# Seconds after which a store that was away is asked again: at first, and at most.
SOON, LATER = 0.25, 5.0
# Seconds after which nobody can need what stands in a store.
FORGET = 3 * 3600


class StoreAway(Exception):  # noqa: N818 - not an error of the user's, but a state that is dealt with
    """The store cannot be used now; `seconds` says when to ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class StoreBusy(Exception):  # noqa: N818 - as above
    """Others were quicker each time."""


class Store:
    """A place for quotas; safe for threads."""

    # What the trouble of a place looks like; anything else is a mistake of ours.
    troubles: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, shown: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.shown = shown
        self._clock = clock
        self._away_until = float("-inf")
        self._pause = 0.0
        _STORES.add(self)

    @property
    def away(self) -> float:
        """Seconds for which it is not worth to ask; 0.0 if it may be asked."""
        return max(0.0, self._away_until - self._clock())

    def change(self, name: str, decide: Decide[T], patience: float) -> T:
        """Replace what stands under a name by what somebody makes of it; he may be asked more than once.

        Raises:
            StoreAway: It cannot be used now.
            StoreBusy: Others were quicker, for as long as it was tried.
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
        self._away_until = self._clock() + self._pause * (1 + random()) / 2  # noqa: S311 - so that not all come at once
        if first:
            log.warning(
                "The quota at %s cannot be used (%s). Until it can, each worker keeps to a small part of the quota.",
                self.shown,
                self._describe(trouble),
            )

    def _note_back(self) -> None:
        if self._pause:
            self._pause = 0.0
            log.warning("The quota at %s can be used again.", self.shown)

    def _describe(self, trouble: Exception) -> str:
        return f"{type(trouble).__name__}: {printable(str(trouble), 120)}"

    def after_fork(self) -> None:
        """Begin anew in a child."""


class _Opened:
    """The stores of this process, by address."""

    lock = threading.Lock()
    stores: ClassVar[WeakValueDictionary[str, Store]] = WeakValueDictionary()


_STORES: WeakSet[Store] = WeakSet()


def open_store(place: QuotaLocation) -> Store:
    """Open a store, or return the one that another client of this process has there.

    Raises:
        ConfigurationError: There cannot be one; the message says what to do.
    """
    address = place.address.reveal()
    with _Opened.lock:
        store = _Opened.stores.get(address)
        if store is None:
            store = FileStore(Path(address)) if place.kind == "file" else RedisStore(address, place.shown)
            _Opened.stores[address] = store
        return store


# ------------------------------------------------------------------------------------------------------------ a file

# "PHEQ": tells a file of ours from another's, https://www.sqlite.org/pragma.html#pragma_application_id.
APPLICATION = 0x50484551
RUINED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


def _code(error: sqlite3.Error) -> int:
    # What the module itself objects to has none.
    return getattr(error, "sqlite_errorcode", 0)


class FileStore(Store):
    """Quotas in an SQLite file, for the processes of one machine, whose monotonic clock they share.

    It is opened for each change: then it may be removed or replaced at any time, and nothing passes to a child. It
    need not survive a power cut, so nothing is flushed to the disk.
    """

    troubles = (OSError, sqlite3.Error)

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(str(path), clock)
        self._path = path
        self._boot = _boot()
        self._inode: int | None = None
        self._check()

    def _check(self) -> None:
        """Refuse what can never be a store."""
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
                return  # it may be locked or worse now, and better later
            strange = True
        if strange:
            raise ConfigurationError(
                f"quota: {self._path} is a file of another kind, and is left alone. Name one that does not exist yet."
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
            # Not by SQLite, which would leave it open to all. And only a new one: to close a file that is there would
            # take away the locks that other threads of this process have on it.
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rw", uri=True, isolation_level=None, timeout=patience
        )
        with contextlib.closing(connection):
            connection.execute("PRAGMA synchronous = OFF")
            yield connection

    def _is_strange(self, connection: sqlite3.Connection) -> bool:
        """Make the table if the file is new; tell whether it is somebody else's."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return True
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("CREATE TABLE quotas (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID")
        self._inode = self._path.stat().st_ino
        return False

    def _set_aside(self) -> None:
        """Make room for a new file where there is a ruin of ours."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
                self._path.replace(self._path.with_name(self._path.name + ".broken"))


# ------------------------------------------------------------------------------------------------------------- Redis

# Reads the time of the server, a state, and which run of the server it is, where that may be asked.
READ = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
return {redis.call('TIME'), redis.call('HMGET', KEYS[1], 'version', 'state'), run}
"""

# Writes a state if the one that it was decided on still stands there.
SWAP = """
local version = redis.call('HGET', KEYS[1], 'version')
if (version or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class RedisStore(Store):
    """Quotas in Redis, for workers on several machines, by the server's clock."""

    def __init__(self, url: str, shown: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shown, clock)
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigurationError(
                'quota: Redis wants an extra: pip install "posthog-environments[redis]".'
            ) from None
        self.troubles = (OSError, redis.RedisError)
        problem = None
        try:
            # It is this package that decides when to try again, and for how long.
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
            time.sleep(random() * 0.002)  # noqa: S311 - so that not all come at once

    def _describe(self, trouble: Exception) -> str:
        return type(trouble).__name__  # what Redis says may repeat the URL, and that a password

    def after_fork(self) -> None:
        """Leave the connections to the parent."""
        self._redis.connection_pool.reset()


def _after_fork() -> None:
    _Opened.lock = threading.Lock()
    for store in list(_STORES):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

"""The key stays: whatever a server answers or somebody configures, it goes to one origin and shows itself nowhere."""

# ruff: noqa: E501 - tables of odd values read best as they are

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import unquote

from operations import CALLS, OPERATIONS, PERSON, aoutcome, outcome, success
from posthog_environments import (
    AsyncEnvironment,
    ConfigurationError,
    Environment,
    PostHogError,
)
from soak.canary import Canary
from soak.canned import Canned, Heard, Watch, own_origin, page
from soak.canned import http as written
from soak.frame import Campaign, Effort, Figure, none
from soak.leak_search import COMMAND, SHOWN
from soak.surroundings import PROXIES, run, surroundings
from soak.wild import wild_hosts, wild_urls

__all__ = ["CAMPAIGNS"]

VALUES: Final = 12_000
HOSTS: Final = 12_000
COMMANDS: Final = 240
# So many values go over one client, whose walks and prefixes start afresh with the next one.
SITTING: Final = 250


# ------------------------------------------------------------------------------------------------- what servers say


class Tempter:
    """Answers every call so that it leads to the value of the moment: by next, by Location, by Link."""

    def __init__(self) -> None:
        self.value = ""
        self.status = 0
        self._asked = 0

    def tempt(self, value: str, status: int = 0) -> None:
        """Choose the value, and whether it comes in a page (0) or as a redirect."""
        self.value, self.status, self._asked = value, status, 0

    def __call__(self, heard: Heard) -> bytes:  # noqa: ARG002 - all are answered alike
        """Answer; only the first request of a call is tempted."""
        self._asked += 1
        raw = self.value.encode("utf-8", "surrogatepass")
        # A line break in a header would end it; folded it is the worst that a header can hold.
        line = raw.replace(b"\r\n", b"\r\n ").replace(b"\x00", b"%00")
        link = b"Link: <" + line + b'>; rel="next successor-version"'
        if self._asked > 1:
            return written(200, page({"uuid": PERSON, "id": "1"}))
        if self.status:
            return written(self.status, b"", b"Location: " + line, link)
        return written(200, page({"uuid": PERSON, "id": "1"}, following=self.value), link)


class Tally:
    """What came of the values."""

    def __init__(self, canary: Canary) -> None:
        self.canary = canary
        self.tried = 0
        self.elsewhere: list[str] = []
        self.told = 0
        self.astray: list[str] = []
        self.foreign: list[str] = []
        self.with_key = 0

    def count(self, value: str, way: str, found: object, canned: Canned, watch: Watch, wanted: bytes) -> None:
        """Look at how a call ended, and at what it did on the network."""
        self.tried += 1
        if isinstance(found, Exception) and not isinstance(found, PostHogError):
            self.foreign.append(f"{way} {value!r}: {found!r}")
        strangers, sent = watch.take()
        if strangers:
            self.elsewhere.append(f"{way} {value!r} led to {strangers[:3]}")
        self.told += self.canary.occurrences(sent)
        for heard in canned.take():
            self.with_key += self.canary.carries(heard.headers.get(b"authorization", b""))
            twin = heard.path.replace(b"/api/projects/", b"/api/environments/", 1)
            own_host = heard.headers.get(b"host") == f"127.0.0.1:{canned.port}".encode()
            if twin != wanted or not own_host or self.canary.occurrences(heard.target + heard.body):
                self.astray.append(f"{way} {value!r} made {heard.target[:200]!r}")

    def figures(self, least: int, what: str) -> Iterator[Figure]:
        """Give the figures that sending has."""
        yield Figure(f"{what} tried", f"at least {least:,}", f"{self.tried:,}", self.tried >= least)
        yield none(f"connections to another place, of {self.tried:,} {what}", self.elsewhere)
        yield Figure("occurrences of the key in what was sent there", "0", str(self.told), self.told == 0)


REDIRECTS: Final = (301, 302, 307, 308)
LISTINGS: Final = [name for name in CALLS if "next" in (success(OPERATIONS[name])[1] or ())]


def _plan(values: list[str]) -> Iterator[tuple[str, str, int, bytes]]:
    """Give each value a way: half of them next links, half of them redirects."""
    random = Random(len(values))
    for number, value in enumerate(values):
        if number % 2:
            status, name = random.choice(REDIRECTS), random.choice(list(CALLS))
        else:
            status, name = 0, random.choice(LISTINGS)
        yield value, name, status, OPERATIONS[name].path.format(project_id=1, id=PERSON).encode()


def links(effort: Effort) -> Iterable[Figure]:
    """Answer thousands of calls with addresses that lead elsewhere, or seem to."""
    canary = Canary(effort.random("key"))
    tally = Tally(canary)
    tempter = Tempter()
    with Canned(tempter) as canned, Watch(own_origin(canned.port)) as watch:
        own = f"127.0.0.1:{canned.port}"
        values = wild_urls(effort.random("links"), effort.count(VALUES, 60), own)
        cut = len(values) * 3 // 4
        for start in range(0, cut, SITTING):
            _follow(canary, tempter, canned, watch, tally, values[start : min(start + SITTING, cut)])
        asyncio.run(_afollow(canary, tempter, canned, watch, tally, values[cut:]))
        least, sync = effort.count(10_000, 50), tally.tried
        yield from tally.figures(least, "next, Location and Link values, sync and async,")
        yield none("requests on the own origin off the path that was asked for", tally.astray)
        yield none("calls that ended in anything but a value or an error of the tree", tally.foreign)
        # Otherwise the campaign would have looked for a key that nobody sent.
        yield Figure("calls whose requests carried the key to the own origin", str(sync), str(min(tally.with_key, sync)),
                     tally.with_key >= sync)  # fmt: skip
        yield from _asked_of_the_generated_client(canary, tempter, canned, watch, values)
        yield from _given_as_paths(canary, tempter, canned, watch, values)


def _follow(canary: Canary, tempter: Tempter, canned: Canned, watch: Watch, tally: Tally, values: list[str]) -> None:
    with Environment(1, api_key=canary.give(), host=canned.host, retries=0, pacing=False, timeout=5) as env:
        for value, name, status, wanted in _plan(values):
            tempter.tempt(value, status)
            found = outcome(partial(CALLS[name], env, PERSON, "a"))
            tally.count(value, f"{name} {status}", found, canned, watch, wanted)


async def _afollow(
    canary: Canary, tempter: Tempter, canned: Canned, watch: Watch, tally: Tally, values: list[str]
) -> None:
    async with AsyncEnvironment(1, api_key=canary.give(), host=canned.host, retries=0, pacing=False, timeout=5) as env:
        for value, name, status, wanted in _plan(values):
            tempter.tempt(value, status)
            found = await aoutcome(partial(CALLS[name], env, PERSON, "a"))
            tally.count(value, f"async {name} {status}", found, canned, watch, wanted)


def _asked_of_the_generated_client(
    canary: Canary, tempter: Tempter, canned: Canned, watch: Watch, values: list[str]
) -> Iterator[Figure]:
    """Ask the generated client for the values themselves, as a careless follower of links would."""
    elsewhere: list[str] = []
    told = 0
    tempter.tempt("")
    with Environment(1, api_key=canary.give(), host=canned.host) as env:
        client = env.api.get_httpx_client()
        for value in values[:: max(1, len(values) // 3000)]:
            with contextlib.suppress(Exception):
                client.get(value)
            strangers, sent = watch.take()
            told += canary.occurrences(sent)
            elsewhere += [f"{value!r} led to {strangers[:3]}"] if strangers else []
    canned.take()
    what = "connections to another place, values asked of the generated client"
    yield Figure(what, "0", str(len(elsewhere)), not elsewhere and not told, "\n".join(elsewhere[:10]))


# Paths that lead elsewhere, whatever comes before or behind; the values themselves are mostly whole addresses.
ASTRAY: Final = ("/api/{}/login/", "{}/2/persons/", "persons/{}/{}/x/", "persons/{}", "/api/x/{}/{}/{}/")
DOTS: Final = ("..", ".", "%2e%2e", ".%2E", "%2e", "%252e%252e", "..;", "..%2f..", "..%5c", "\\..")


def _given_as_paths(
    canary: Canary, tempter: Tempter, canned: Canned, watch: Watch, values: list[str]
) -> Iterator[Figure]:
    """Give the values to `env.request`, as they are and as parts of paths."""
    elsewhere: list[str] = []
    foreign: list[str] = []
    astray: list[str] = []
    told = asked = 0
    tempter.tempt("")
    paths = [path for value in values[:: max(1, len(values) // 2000)] for path in (value, "/api/" + value, value + "/")]
    paths += [form.replace("{}", dots) for form in ASTRAY for dots in DOTS]
    with Environment(1, api_key=canary.give(), host=canned.host, retries=0, pacing=False, timeout=5) as env:
        for path in paths:
            try:
                env.request("GET", path)
            except (PostHogError, ValueError):
                pass
            except Exception as error:  # noqa: BLE001 - counted
                foreign.append(f"{path!r}: {error!r}")
            strangers, sent = watch.take()
            told += canary.occurrences(sent)
            elsewhere += [f"{path!r} led to {strangers[:3]}"] if strangers else []
            for heard in canned.take():
                asked += 1
                segments = unquote(unquote(heard.path.decode("latin-1"))).replace("\\", "/").split("/")
                if not heard.path.startswith(b"/api/") or {"..", "."} & {each.partition(";")[0] for each in segments}:
                    astray.append(f"{path!r} made {heard.target[:200]!r}")
    yield Figure(
        "paths given to env.request, of which some are sent", "both", f"{len(paths):,} and {asked:,}", asked > 0
    )
    what = "connections to another place, paths given to env.request"
    yield Figure(what, "0", str(len(elsewhere)), not elsewhere and not told, "\n".join(elsewhere[:10]))
    yield none("requests by env.request that leave /api/ or step over dots", astray)
    yield none("calls of env.request that ended in a foreign exception", foreign)


# ------------------------------------------------------------------------------------------------------------ hosts

# An origin as RFC 3986 and RFC 6874 write it, read by nothing that the client uses.
_STRICT: Final = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?:\[(?P<six>[0-9A-Fa-f:.]+)(?:%[A-Za-z0-9%._~-]+)?\]|(?P<name>[A-Za-z0-9._-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[!$&-.0-~]*)*"
)


def says(text: str) -> tuple[str, str, int] | None:
    """Read an origin strictly: scheme, host and port, or None for what is no plain address of a server."""
    if text in ("us", "eu"):
        return "https", f"{text}.posthog.com", 443
    match = _STRICT.fullmatch(text)
    if match is None:
        return None
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else 443 if scheme == "https" else 80
    host = (match["six"] or match["name"]).lower()
    if not 0 < port < 65536 or not (_address(host) if match["six"] else True):
        return None
    return scheme, host, port


def _plain(host: str) -> str:
    """Write a host so that two can be compared: an address has many spellings, and a zone is only the network card."""
    host = host.partition("%")[0].lower()
    return str(_address(host) or host)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def hosts(effort: Effort) -> Iterable[Figure]:
    """Configure thousands of hosts, and see where a call goes."""
    canary = Canary(effort.random("key"))
    context = ssl.create_default_context()
    values = wild_hosts(effort.random("hosts"), effort.count(HOSTS, 60))
    refused = served = 0
    foreign: list[str] = []
    shown: list[str] = []
    elsewhere: list[str] = []
    early: list[str] = []
    in_the_clear: list[str] = []
    with Watch() as watch:
        for number, value in enumerate(values):
            wanted = says(value)
            error: BaseException | None = None
            env: Environment | None = None
            try:
                env = Environment(1, api_key=canary.give(), host=value, verify=context, retries=0, timeout=5)
            except ConfigurationError as raised:
                error, refused = raised, refused + 1
            except Exception as raised:  # noqa: BLE001 - counted
                foreign.append(f"{value!r}: {raised!r}")
                continue
            finally:
                strangers, sent = watch.take()
                if strangers or sent:
                    early.append(f"{value!r}: {strangers[:3]}")
            if error is not None or env is None:
                if canary.occurrences(f"{error!r} {error}".encode()):
                    shown.append(f"{value!r}: {error}")
                continue
            served += 1
            where = _visited(env, watch, foreign, value) if number % 4 else asyncio.run(
                _avisited(canary, context, watch, foreign, value)
            )  # fmt: skip
            names = {(_plain(host), port) for host, port in where[0]}
            if wanted is None or not names <= {(_plain(wanted[1]), wanted[2])}:
                elsewhere.append(f"{value!r} says {wanted}, but the call went to {sorted(names)}")
            if canary.occurrences(where[1]) and wanted is not None and not _near(wanted[1]):
                in_the_clear.append(f"{value!r}")
    least = effort.count(10_000, 50)
    yield Figure("hosts tried", f"at least {least:,}", f"{len(values):,}", len(values) >= least)
    yield Figure("of these accepted and called, and refused", "both", f"{served:,} and {refused:,}",
                 served > 0 and refused > 0)  # fmt: skip
    yield none("calls that went to another origin than the host says", elsewhere)
    yield none("hosts that cost a connection when they were configured", early)
    yield none("messages about a host with a part of the key in them", shown)
    yield none("hosts off loopback that were sent the key in the clear", in_the_clear)
    yield none("hosts or calls that ended in a foreign exception", foreign)


def _near(host: str) -> bool:
    found = _address(host)
    return host == "localhost" if found is None else found.is_loopback


def _visited(env: Environment, watch: Watch, foreign: list[str], value: str) -> tuple[list[tuple[str, int]], bytes]:
    with env:
        try:
            env.persons.get(1)
        except PostHogError:
            pass
        except Exception as error:  # noqa: BLE001 - counted
            foreign.append(f"{value!r}: {error!r}")
    return watch.take()


async def _avisited(
    canary: Canary, context: ssl.SSLContext, watch: Watch, foreign: list[str], value: str
) -> tuple[list[tuple[str, int]], bytes]:
    async with AsyncEnvironment(1, api_key=canary.give(), host=value, verify=context, retries=0, timeout=5) as env:
        try:
            await env.persons.get(1)
        except PostHogError:
            pass
        except Exception as error:  # noqa: BLE001 - counted
            foreign.append(f"async {value!r}: {error!r}")
    return watch.take()


# -------------------------------------------------------------------------------------- the command, and proxies


def diverted(effort: Effort) -> Iterable[Figure]:
    """Give `phenv` a key of one server and the address of another; name proxies in the environment."""
    canary = Canary(effort.random("key"))
    tempter = Tempter()
    with (
        tempfile.TemporaryDirectory() as home,
        Canned(tempter) as canned,
        Watch(own_origin(canned.port)) as watch,
    ):
        with surroundings(HOME=home, XDG_CONFIG_HOME=home):
            code, printed = run(
                "init", "--host", canned.host, "--project-id", "1", "--api-key-stdin", "--force", text=canary.give()
            )
            kept = any(canary.occurrences(file.read_bytes()) for file in Path(home).rglob("profiles.ini"))
            yield Figure("the profile to be tried was written", "exit code 0", str(code), code == 0 and kept, printed)
            canned.take()
            values = wild_hosts(effort.random("command"), effort.count(COMMANDS, 12))
            told, elsewhere = 0, list[str]()
            for number, value in enumerate(value for value in values if "\x00" not in value):
                options = ["--profile", "default"] if number % 2 else []
                with contextlib.suppress(UnicodeError):
                    _, printed = run("persons", "list", "--host", value, "--timeout", "3", "--limit", "1", *options)
                    told += canary.occurrences(printed.encode("utf-8", "replace"))
                strangers, sent = watch.take()
                told += canary.occurrences(sent)
                if strangers:
                    elsewhere.append(f"--host {value!r}: {strangers[:3]}")
            yield none(
                f"`phenv --host` with a profile's key for another server ({len(values)}): connections", elsewhere
            )
            yield Figure("occurrences of the key there", "0", str(told), told == 0)
            heard = len(canned.take())
            run("persons", "list", "--limit", "1")
            carried = [one for one in canned.take() if canary.carries(one.headers.get(b"authorization", b""))]
            yield Figure("the key of the profile goes to its own server alone", "1 request, 0 before",
                         f"{len(carried)} request, {heard} before", len(carried) == 1 and not heard)  # fmt: skip
        proxy = f"http://127.0.0.1:{watch.port}"
        with surroundings(**dict.fromkeys(PROXIES, proxy)):
            _through_proxies(canary, canned)
            strangers, sent = watch.take()
            direct = sum(canary.carries(one.headers.get(b"authorization", b"")) for one in canned.take())
            yield Figure("connections to proxies of the environment, in 5 direct calls", "0, 5 direct",
                         f"{len(strangers)}, {direct} direct",
                         not strangers and direct == 5 and not canary.occurrences(sent))  # fmt: skip


def _through_proxies(canary: Canary, canned: Canned) -> None:
    with Environment(1, api_key=canary.give(), host=canned.host) as env:
        env.persons.list(page_size=1).first()
        env.api.get_httpx_client().get("/api/environments/1/persons/")
    with surroundings_of_command(canary, canned):
        run("persons", "list", "--limit", "1")

    async def ask() -> None:
        async with AsyncEnvironment(1, api_key=canary.give(), host=canned.host) as env:
            await env.persons.list(page_size=1).first()
            await env.api.get_async_httpx_client().get("/api/environments/1/persons/")

    asyncio.run(ask())


@contextlib.contextmanager
def surroundings_of_command(canary: Canary, canned: Canned) -> Iterator[None]:
    """Point `phenv` to a canned server, on top of what the environment has."""
    os.environ.update(POSTHOG_HOST=canned.host, POSTHOG_PROJECT_ID="1", POSTHOG_PERSONAL_API_KEY=canary.give())
    yield


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("the key follows no link", links),
    Campaign("the key goes where the host says", hosts),
    Campaign("the key of the command, and proxies", diverted),
    SHOWN,
    COMMAND,
)

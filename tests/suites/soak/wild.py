"""Addresses that nobody should write: made by a grammar, then mutated."""

# ruff: noqa: E501, RUF001 - tables of odd values read best as they are

from __future__ import annotations

from random import Random
from urllib.parse import quote

__all__ = ["wild_hosts", "wild_urls"]

_SCHEMES = (
    "http://", "https://", "HTTP://", "hTTps://", "", "//", "///", "\\\\", "http:/", "http:", "https:\\\\", "http:\\/",
    "ftp://", "file://", "ws://", "javascript:", "data:text/plain,", "http+unix://", "//\\", "\thttp://", " https://",
    "http ://", "http\x00://", "ｈｔｔｐ://", "http:////", "://", ":",
)  # fmt: skip
_USERS = (
    "user@", "user:pw@", "@", "@@", "%40", "a%00b@", "evil.example:80\\@", "127.0.0.1@", "us.posthog.com@",
    "us.posthog.com:443@", "evil.example#@", "evil.example?@", "evil.example/@", "\t@", "é@", ":@", "a:b:c@",
)  # fmt: skip
_HOSTS = (
    "evil.example", "EVIL.example.", "evil\u3002example", "\uff45\uff56\uff49\uff4c.example", "evil\uff0eexample",
    "\uff11\uff12\uff17.0.0.1", "0x7f000001", "0x7f.1", "2130706433", "017700000001", "127.1", "0", "0.0.0.0",
    "127.0.0.1", "localhost", "localhost.", "LOCALHOST", "x.localhost", "localhost.evil.example",
    "127.0.0.1.evil.example", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1%]",
    "[v1.a]", "[::1", "::1", "[127.0.0.1]", "[evil.example]", "xn--evil", "xn--a", "xn--80ak6aa92e.com", "é.example",
    "ß.example", "faß.example", "İ.example", "evil.example\x00.us.posthog.com", "evil%2eexample", "evil%00", "%6cocalhost",
    "evil\texample", "evil\nexample", "evil.example\\.us.posthog.com", "a" * 64 + ".example", "a." * 130, "", " ", ".",
    "..", "-", "-a.example", "a-.example", "_a.example", "a_b.example", "us.posthog.com", "us.posthog.com.",
    "us.posthog.com.evil.example", "169.254.169.254", "255.255.255.255", "1.2.3.4.5", "1.2.3", "256.1.1.1", "١٢٧.0.0.1",
    "\u202eelpmaxe.live", "a\u200d.example", "*.example", "evil.example,us.posthog.com", "evil.example us.posthog.com",
    "999999999999", "0b1", "1e3", "[::1]evil.example", "[::1].evil.example", "[::1]@evil.example", "evil..example",
)  # fmt: skip
_PORTS = (
    "", "", "", ":80", ":443", ":0", ":65535", ":65536", ":-1", ":+80", ":99999999999", ":8a", ":", "::80", ":80:80",
    ":\uff18\uff10", ":%38%30", ": 80", ":080", ":22", ":8_0", ":1e2", ":\t80", ":80@evil.example", ":80\\@evil.example",
)  # fmt: skip
_PATHS = (
    "", "/", "/", "/api/environments/1/persons/", "/api/projects/1/persons/", "/api/projects/1/persons/2/", "/../..",
    "/./", "//evil.example/", "/\\evil.example", "/%2e%2e/", "/;/..", "/..;/", "/%2F%2Fevil.example", "/a/../../b",
    "/api/projects/1/persons/%32/", "/API/projects/1/persons/", "/a b", "/\x00", "/\r\n", "/é", "/a%", "/a%zz", "/" * 9,
    "/posthog", "/posthog/", "/p/q", "/@evil.example/", "/:80", "/.", "/..", "/...", "/~u/", "/a;b=c", "/a=b",
)  # fmt: skip
_QUERIES = (
    "?offset=1&limit=1", "?limit=1&offset=2", "?offset=1", "?offset=7&page=7", "?page=2", "?page=2&limit=1", "?offset=0",
    "?offset=-1", "?offset=2%00", "?offset=2&offset=3", "?offset=\uff12", "?offset=0x2", "?cursor=abc", "?", "",
    "?offset=2&personal_api_key=x", "?offset=999999999999999999999999999999", "?offset=2;page=2", "?offset=+2",
    "?offset=1&limit=1#?offset=2", "?OFFSET=2", "?offset[]=2", "?offset=2&next=http://evil.example/", "?offset=%32",
)  # fmt: skip
_FRAGMENTS = ("", "", "", "#", "#x", "#@evil.example/", "#/../")
_NASTY = "\x00\t\r\n \"'<>\\^`{|}%@:/?#[]&=+;,.-_~0aZé\u3002\uff0f\uff1a\uff20\u2024\u200b\u202e\ud800\U0001f600"


def wild_urls(random: Random, count: int, own: str) -> list[str]:
    """Make addresses for `next`, `Location` and `Link`; a part of them lead to `own`, host and port, or seem to."""
    hosts = (
        *_HOSTS,
        *[own] * 12,
        f"{own}@evil.example",
        f"{own}.evil.example",
        f"{own}\\@evil.example",
        f"evil.example@{own}",
    )
    made: list[str] = []
    for _ in range(count):
        user = random.choice(_USERS) if random.random() < 0.2 else ""
        port = random.choice(_PORTS) if random.random() < 0.5 else ""
        query = random.choice(_QUERIES[:6] if random.random() < 0.5 else _QUERIES)
        scheme = "http://" if random.random() < 0.3 else random.choice(_SCHEMES)
        url = scheme + user + random.choice(hosts) + port + random.choice(_PATHS) + query + random.choice(_FRAGMENTS)
        made.append(_mutated(random, url, made))
    return made


_GOOD = (
    "https://us.posthog.com", "https://posthog.example.com:8443", "http://127.0.0.1:8000", "http://[::1]:8000",
    "https://a_b.example/posthog", "https://[fe80::1%eth0]:8443", "https://xn--80ak6aa92e.com", "http://localhost:80",
    "https://10.0.0.1/p/q/", "https://posthog.example.com./", "HTTPS://Posthog.Example", "https://[::ffff:127.0.0.1]",
)  # fmt: skip


def wild_hosts(random: Random, count: int) -> list[str]:
    """Make what somebody may give as `host`."""
    made: list[str] = []
    for _ in range(count):
        user = random.choice(_USERS) if random.random() < 0.15 else ""
        port = random.choice(_PORTS) if random.random() < 0.4 else ""
        path = random.choice(_PATHS) if random.random() < 0.4 else ""
        query = random.choice(_QUERIES) if random.random() < 0.05 else ""
        scheme = (
            random.choice(("http://", "https://", "https://")) if random.random() < 0.7 else random.choice(_SCHEMES)
        )
        url = scheme + user + random.choice(_HOSTS) + port + path + query
        url = random.choice(_GOOD) if random.random() < 0.3 else url
        made.append(_mutated(random, url, made) if random.random() < 0.7 else url)
    return [*("us", "eu", "US", "us ", "uſ", "us/", "", "/", "us.posthog.com"), *made][:count]


def _mutated(random: Random, text: str, others: list[str]) -> str:
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        at = random.randrange(len(text) + 1)
        match random.randrange(8):
            case 0:
                text = text[:at] + random.choice(_NASTY) + text[at:]
            case 1:
                text = text[:at] + text[at + 1 :]
            case 2:
                text = text[:at] + random.choice(_NASTY) + text[at + 1 :]
            case 3:
                text = text[:at] + quote(text[at : at + 1].encode("utf-8", "surrogatepass"), safe="") + text[at + 1 :]
            case 4:
                text = text[:at].swapcase() + text[at:]
            case 5:
                text = text[:at]
            case 6:
                text = (
                    text[:at]
                    + random.choice(("\r\nHost: evil.example\r\n", "\nLocation: //evil.example", "\r", "\t"))
                    + text[at:]
                )
            case _:
                other = random.choice(others) if others else ""
                text = text[:at] + other[random.randrange(len(other) + 1) :]
    return text

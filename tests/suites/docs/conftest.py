"""What the tests of the site stand on: the site and a sandbox on loopback, and a Chromium that is watched."""

from __future__ import annotations

import json
import os
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[3]
SITE = Path(os.environ.get("DOCS_SITE", ROOT / "site"))
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Chromium calls these for itself, on an empty page too, whatever its flags. What a *page* wants is seen as a request.
OWN_CALLS = re.compile(
    r"CONNECT (accounts\.google|android\.clients\.google|(content-autofill|update|\S*-pa)\.googleapis)\.com:443 "
    r"|POST http://update\.googleapis\.com/service/update2/"
)
# Sphinx's search asks for a heading by a selector that its own names of Python objects break; the summary it then shows
# begins at the top of the page.
KNOWN = re.compile(r"Anchored content block not found\. Sphinx search")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the site, as any static server would."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, str]]:
    """Run a sandbox as a reader does, and give what it prints."""
    command = [str(ROOT / ".venv" / "bin" / "phenv"), "sandbox", "--persons", "50", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            text = ""
            while not text.rstrip().endswith("}"):
                line = process.stdout.readline()
                assert line, "the sandbox did not start"
                text += line
            yield json.loads(text)
        finally:
            process.terminate()


class Outside(socketserver.ThreadingTCPServer):
    """The way off the machine: a proxy that notes who wants to go where, and lets nobody through."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        self.wanted: list[str] = []
        super().__init__(("127.0.0.1", 0), Gate)


class Gate(socketserver.StreamRequestHandler):
    """One who wants to go."""

    def handle(self) -> None:
        """Note it, and close."""
        assert isinstance(self.server, Outside)
        line = self.rfile.readline(300).decode("latin-1").strip()
        if not OWN_CALLS.match(line):
            self.server.wanted.append(line)


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    """Stand where requests that leave the machine would pass."""
    with Outside() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def browser(outside: Outside) -> Iterator[Browser]:
    """Run the machine's Chromium, with an empty profile."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "There is no Chromium. Install one (Debian: apt-get install chromium), or name it: CHROMIUM=…"
    proxy = f"--proxy-server=http://127.0.0.1:{outside.server_address[1]}"
    with sync_playwright() as playwright:
        # Playwright makes a new, empty user-data-dir for each launch.
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, proxy])
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything about it that a reader should never meet."""

    page: Page
    outside: Outside
    own: set[str]
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to what the page does."""
        self.before = len(self.outside.wanted)
        self.page.on("console", lambda said: self.hear(said.type, said.text))
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))
        self.page.on("requestfailed", lambda request: self.note(f"failed: {request.url} {request.failure}"))
        self.page.on("response", lambda answer: answer.status >= 400 and self.note(f"{answer.status}: {answer.url}"))
        self.page.context.on("request", lambda request: self.look(request.url))

    def hear(self, kind: str, text: str) -> None:
        """Remember what the console says of errors."""
        if kind in {"error", "warning"} and not KNOWN.match(text):
            self.note(f"console: {text}")

    def note(self, trouble: str) -> None:
        """Remember a trouble."""
        self.troubles.append(trouble)

    def look(self, url: str) -> None:
        """Remember a request to anywhere but the own servers."""
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"} and f"{parts.scheme}://{parts.netloc}" not in self.own:
            self.note(f"off the machine: {url}")

    def open(self, url: str) -> Page:
        """Open an address, and wait until nothing moves any more."""
        self.page.goto(url)  # until all is loaded and run: on a busy machine a long script leaves the network idle
        self.page.wait_for_load_state("networkidle")
        return self.page

    def check(self) -> None:
        """Fail for every trouble so far."""
        wanted = [f"off the machine: {line}" for line in self.outside.wanted[self.before :]]
        assert not [*self.troubles, *wanted], "\n".join([*self.troubles, *wanted])


PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP, "color_scheme": "light"},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}


@pytest.fixture(params=list(DEVICES))
def device(request: pytest.FixtureRequest) -> str:
    """Name one kind of screen after the other."""
    return str(request.param)


@pytest.fixture
def watched(browser: Browser, outside: Outside, site: str, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Give a new page on the device of the test, a desktop unless it says otherwise; at the end it must be clean."""
    name = request.getfixturevalue("device") if "device" in request.fixturenames else "desktop"
    context = browser.new_context(**DEVICES[name])
    seen = Watched(context.new_page(), outside, {site})
    yield seen
    context.close()
    seen.check()

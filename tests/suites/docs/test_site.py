"""The site in a browser: every page on every screen, the search, and the operations against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from conftest import DEVICES, PHONE, ROOT, SITE, Watched

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
assert len(PAGES) > 20, f"{SITE} is not the whole site; `make docs` builds it"
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")

SETTLED = """
    const changes = document.getAnimations().filter((each) => each instanceof CSSTransition);
    Promise.all(changes.map((each) => each.finished.catch(() => null))).then(() => null);
"""
TOO_WIDE = (Path(__file__).parent / "too_wide.js").read_text("utf-8")
TOO_FAINT = (Path(__file__).parent / "too_faint.js").read_text("utf-8")


def legible(page: Page) -> None:
    """Check that nothing on a page is cut off or too faint."""
    # Colours take a moment to pass from light to dark.
    page.evaluate(SETTLED)
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(TOO_FAINT) == []


def shoot(page: Page, name: str) -> None:
    """Take a picture for people to look at, where the variable DOCS_SHOTS names a folder for it."""
    if folder := os.environ.get("DOCS_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def ground(page: Page) -> int:
    """Return how light the ground of a page is, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return min(int(number) for number in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_clean_and_readable_on_every_screen(watched: Watched, site: str, name: str) -> None:
    page = watched.open(f"{site}/{name}")
    if name == "contract.html":
        expect(page.locator("#swagger .opblock")).to_have_count(10)
    if name != "search.html":  # which has a heading when there is something to search
        expect(page.locator("h1").first).to_be_visible()
    assert page.title()
    shoot(page, f"{name.replace('/', '-')}-desktop")
    assert ground(page) > 200
    legible(page)
    page.emulate_media(color_scheme="dark")
    shoot(page, f"{name.replace('/', '-')}-dark")
    assert ground(page) < 60
    legible(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    shoot(page, f"{name.replace('/', '-')}-phone")
    legible(page)
    watched.check()


@pytest.mark.parametrize("name", ["index.html", "evidence.html", "reference/clients.html"])
def test_a_page_opens_as_on_the_device_itself(watched: Watched, site: str, device: str, name: str) -> None:
    page = watched.open(f"{site}/{name}")
    assert page.evaluate("innerWidth") == DEVICES[device]["viewport"]["width"]
    legible(page)


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("OutcomeUnknown", "Errors"),
        ("delete_events", "Delete people on request"),
        ("recordInsightTiming", "The contract"),
    ],
)
def test_the_search_finds_a_word_and_opens_its_page(watched: Watched, site: str, word: str, title: str) -> None:
    page = watched.open(f"{site}/index.html")
    page.get_by_placeholder("Search").fill(word)
    page.get_by_placeholder("Search").press("Enter")
    result = page.locator("#search-results li a", has_text=re.compile(f"^{title}$")).first
    expect(result).to_be_visible()
    page.wait_for_load_state("networkidle")  # it fetches the pages that it shows summaries of
    result.click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("h1").first).to_contain_text(title)
    assert word in page.locator("article").inner_text()


def test_the_search_says_so_when_there_is_nothing(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/search.html?q=zyzzyva")
    expect(page.locator("#search-results")).to_contain_text("did not match any documents")


def use(watched: Watched, site: str, sandbox: dict[str, str], operation: str) -> None:
    """Open the contract, point it at a sandbox, and unfold an operation."""
    watched.own.add(sandbox["POSTHOG_HOST"])
    page = watched.open(f"{site}/contract.html")
    expect(page.locator("#swagger .opblock")).to_have_count(10)
    page.fill("#sandbox [name=host]", sandbox["POSTHOG_HOST"])
    page.fill("#sandbox [name=project]", sandbox["POSTHOG_PROJECT_ID"])
    page.fill("#sandbox [name=key]", sandbox["POSTHOG_PERSONAL_API_KEY"])
    page.click("#sandbox button")
    expect(page.locator("#sandbox output")).to_contain_text(sandbox["POSTHOG_HOST"])
    page.click(f"#operations-{operation} .opblock-summary-control")
    page.click(f"#operations-{operation} .try-out__btn")


def test_listing_persons_can_be_tried(watched: Watched, site: str, sandbox: dict[str, str], device: str) -> None:
    use(watched, site, sandbox, "persons-listPersons")
    page = watched.page
    page.click("#operations-persons-listPersons .execute")
    answer = page.locator("#operations-persons-listPersons .live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    assert UUID.search(answer.inner_text())
    shoot(page, f"try-{device}")
    legible(page)


def test_a_trend_can_be_tried(watched: Watched, site: str, sandbox: dict[str, str]) -> None:
    use(watched, site, sandbox, "insights-queryTrend")
    watched.page.click("#operations-insights-queryTrend .execute")
    answer = watched.page.locator("#operations-insights-queryTrend .live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text("$pageview")


def test_a_person_can_be_read_by_the_number_that_stands_there(
    watched: Watched, site: str, sandbox: dict[str, str]
) -> None:
    use(watched, site, sandbox, "persons-getPerson")
    watched.page.click("#operations-persons-getPerson .execute")
    answer = watched.page.locator("#operations-persons-getPerson .live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")


def test_only_a_sandbox_on_this_machine_can_be_tried(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/contract.html")
    page.fill("#sandbox [name=host]", "https://us.posthog.com")
    page.click("#sandbox button")
    expect(page.locator("#sandbox output")).to_contain_text("Only a sandbox on this machine")
    assert "us.posthog.com" not in (page.locator("#swagger .scheme-container").text_content() or "")
    watched.check()
    refused = "fetch('https://us.posthog.com/').then(() => 'went', () => 'refused')"
    assert page.evaluate(refused) == "refused"
    # The page's own policy stops it, before it becomes a request.
    assert all("Content Security Policy" in trouble for trouble in watched.troubles), watched.troubles
    watched.troubles.clear()


def test_the_theme_can_be_switched_by_hand(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/contract.html")
    for _ in range(3):
        page.locator(".theme-toggle:visible").first.click()
        if page.evaluate("document.body.dataset.theme") == "dark":
            break
    assert page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert ground(page) < 60
    legible(page)


class Links(HTMLParser):
    """Collects where a page leads, what it loads, and what it can be linked at."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.leads: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what one tag says."""
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.leads.append(given["href"])
        elif tag == "link":
            self.loads.append(given.get("href", ""))
        elif "src" in given:
            self.loads.append(given["src"])


def links(path: Path) -> Links:
    """Read a page."""
    found = Links()
    found.feed(path.read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(name: str) -> None:
    found = links(SITE / name)
    assert [each for each in found.loads if urlsplit(each).netloc] == []
    for each in found.leads + found.loads:
        parts = urlsplit(each)
        if parts.scheme or parts.netloc or parts.fragment.startswith("/") or each.startswith("data:"):
            continue
        target = (SITE / name).parent / unquote(parts.path) if parts.path else SITE / name
        assert target.exists(), each
        if parts.fragment and target.suffix == ".html":
            assert unquote(parts.fragment) in links(target).ids, each


def test_nothing_public_is_missing_from_the_reference() -> None:
    ids = set().union(*(links(path).ids for path in (SITE / "reference").glob("*.html")))
    script = (
        "import posthog_environments as p, posthog_environments.sandbox as s\n"
        "print(*(f'{m.__name__}.{n}' for m in (p, s) for n in m.__all__))\n"
        "for group in (p.Environment.persons, p.Environment.insights):\n"
        "    print(*(f'{group.__module__}.{group.__qualname__}.{n}' for n in vars(group) if n[0] != '_'))\n"
    )
    python = str(ROOT / ".venv" / "bin" / "python")
    said = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert len(said) > 50
    assert set(said) - ids == {"posthog_environments.__version__"}

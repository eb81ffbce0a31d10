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
        expect(page.locator("#swagger .opblock")).to_have_count(14)
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
    page.emulate_media(color_scheme="dark")
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


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("quickstart", "Quickstart"),
        ("trends", "Trends"),
        ("typescript", "TypeScript"),
        ("errors", "Errors"),
        ("limits", "Limits and pacing"),
        ("delete_many", "posthog_environments.client.resources.Persons.delete_many"),
        ("OutcomeUnknown", "posthog_environments.OutcomeUnknown"),
    ],
)
def test_the_search_ranks_exact_names_and_titles_first(watched: Watched, site: str, words: str, first: str) -> None:
    page = watched.open(f"{site}/search.html?q={words}")
    expect(page.locator("#search-results li").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.locator("#search-results li a").first.inner_text() == first


def test_the_start_page_has_two_ways_in_an_install_line_and_a_picture(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/index.html")
    cards = page.locator("article .sd-card")
    assert cards.locator(".sd-card-title").all_inner_texts() == ["In Python", "The contract alone"]
    expect(cards.first.locator("pre")).to_have_text(re.compile("^pip install "))
    assert cards.nth(1).locator("a").first.get_attribute("href") == "downloads/openapi.yaml"
    expect(page.locator("article .printed pre").first).to_be_visible()
    assert page.locator("article img.picture").evaluate("image => image.complete && image.naturalWidth") > 100
    assert page.locator("article table").count() == 0


@pytest.mark.parametrize(
    ("name", "begins"), [("typescript.html", "python3 -m venv "), ("quickstart.html", "pip install ")]
)
def test_a_block_is_copied_by_its_button_and_without_its_prompts(
    watched: Watched, site: str, name: str, begins: str
) -> None:
    page = watched.open(f"{site}/{name}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = page.locator("article div.highlight:has(pre)").first
    shown = block.locator("pre").inner_text()
    block.hover()
    block.locator("button.copybtn").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(begins)
    assert copied.split() == re.sub(r"(?m)^\$ ", "", shown).split()


def test_code_stands_in_a_box(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/quickstart.html")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(SETTLED)
        box = "getComputedStyle(document.querySelector('article div.highlight'))"
        assert page.evaluate(f"{box}.borderTopWidth") == "1px"
        assert page.evaluate(f"{box}.backgroundColor") != page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )


def test_the_form_names_the_port_of_the_command_beside_it(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/contract.html")
    command = page.locator("#try-it div.highlight pre").inner_text()
    port = re.search(r"phenv sandbox --port (\d+)", command)
    assert port, command
    assert page.input_value("#sandbox [name=host]") == f"http://127.0.0.1:{port[1]}"


def test_the_word_over_what_is_printed_covers_none_of_it(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/typescript.html")
    page.set_viewport_size(PHONE)
    floats = "[...document.querySelectorAll('.printed pre')].map((each) => getComputedStyle(each, '::before').float)"
    assert set(page.evaluate(floats)) == {"none"}


LANGUAGES = {"typescript": "people.mts", "go": "people.go", "java": "People.java", "rust": "people.rs"}


@pytest.mark.parametrize(("language", "program"), LANGUAGES.items())
def test_the_page_on_a_language_shows_the_program_that_is_run(
    watched: Watched, site: str, language: str, program: str
) -> None:
    page = watched.open(f"{site}/{language}.html")
    source = (ROOT / "docs" / "programs" / program).read_text("utf-8")
    printed = (ROOT / "docs" / "programs" / f"{program}.txt").read_text("utf-8")
    blocks = page.locator("article pre").all_inner_texts()
    assert source.split() in [block.split() for block in blocks]
    assert printed.split() in [block.split() for block in blocks]
    for link in page.locator("article a[download]").all():
        assert page.request.get(f"{site}/{link.get_attribute('href')}").ok


def test_what_can_be_downloaded_is_what_lies_in_the_repository(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/downloads.html")
    names = page.locator("article table a").all_inner_texts()
    assert all(page.locator("article table td:last-child").all_inner_texts()), "a file that nothing is said of"
    assert {"openapi.yaml", "openapi-3.0.yaml", "openapi-projects.yaml", "arazzo.yaml", *LANGUAGES.values()} <= {*names}
    place = SITE / "downloads"
    given = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert given == {*names}
    for name in names:
        found = page.request.get(f"{site}/downloads/{name}").body()
        places = (ROOT, ROOT / "contract", ROOT / "contract" / "forms", ROOT / "docs" / "programs")
        kept = [place / name for place in places if (place / name).exists()]
        if name == "openapi-without-unions.json":
            assert b'"anyOf"' not in found
            assert b'"operationId": "runQuery"' in found
        elif name != "events.jsonl":
            # The workflows name the contract, which lies beside them on the site.
            text = kept[0].read_text("utf-8").replace("url: ../openapi.yaml", "url: openapi.yaml")
            assert found.decode() == text, name
    # No page leads to another copy, whose address changes with what is in it.
    assert {path.name for path in (SITE / "_downloads").rglob("*")}.isdisjoint(names)


def test_facts_are_found_by_their_words(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/evidence.html")
    place = page.locator(".filtered").last
    rows = place.locator("tbody tr:visible")
    all_of_them = rows.count()
    assert all_of_them > 1000
    place.get_by_role("searchbox").fill("listPersons limit MAXIMUM")
    expect(place.locator(".filter output")).to_have_text(f"1 of {all_of_them}")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("What lies beyond is cut off in silence.")
    place.get_by_role("searchbox").fill("zyzzyva")
    expect(rows).to_have_count(0)
    place.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(all_of_them)


def test_the_search_says_so_when_there_is_nothing(watched: Watched, site: str) -> None:
    page = watched.open(f"{site}/search.html?q=zyzzyva")
    expect(page.locator("#search-results")).to_contain_text("did not match any documents")


def use(watched: Watched, site: str, sandbox: dict[str, str], operation: str) -> None:
    """Open the contract, point it at a sandbox, and unfold an operation."""
    watched.own.add(sandbox["POSTHOG_HOST"])
    page = watched.open(f"{site}/contract.html")
    expect(page.locator("#swagger .opblock")).to_have_count(14)
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
        assert parts.scheme in {"", "http", "https", "data"}, each
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


def test_no_words_on_a_property_are_taken_for_its_type() -> None:
    assert [path.name for path in (SITE / "reference").glob("*.html") if ">Type<" in path.read_text("utf-8")] == []

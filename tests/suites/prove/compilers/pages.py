"""The pages on each language: their commands run as they stand there, and the programs print what the pages show.

Commands that fetch are left out: what they name is installed already, and must be of the version that they say.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import samples
import simpler

from prove.compilers import go, openapi_generator, rust
from prove.compilers.ground import PROGRAMS, STEPS, Step, judge, meet
from prove.compilers.maker import KEPT, on_path
from prove.compilers.typescript import NODE
from prove.frame import CONTRACT, ROOT, TOOLS, Failed, Work, load, node, run

__all__ = ["PAGES", "carry_out", "commands", "stated_versions"]

PAGES: Final = {
    "typescript": "people.mts",
    "go": "people.go",
    "java": "People.java",
    "rust": "people.rs",
}
"""The program of each page."""
_FILTERED: Final = '[{"key":"email","operator":"icontains","value":"@example.com","type":"person"}]'
_QUERY: Final = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "$pageview"}],
    "dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-08"},
    "interval": "day",
}
SECTION: Final = re.compile(r"^## Make the client, and call it\n(.*?)^## ", re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    """Return the commands that make the client of a page and call it."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    section = SECTION.search(text)
    blocks = re.findall(r"```console\n(.*?)```", section[1] if section else "", re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ") for line in lines]


def stated_versions(page: str) -> Iterator[tuple[str, str]]:
    """Return the packages that a page has installed, with the versions that it names."""
    for line in commands(page):
        words = shlex.split(line)
        if words[:2] in (["pip", "install"], ["npm", "install"]):
            for word in words[2:]:
                name, _, version = word.replace("==", "@").rpartition("@")
                yield name, version


def steps(contract: Mapping[str, Any]) -> Iterator[Step]:
    """Return what the programs of the pages send: the operations of the vendor's page, and a query."""
    beyond = {each.name for each in samples.calls(contract) if "this" in each.operation.get("x-evidence", {})}
    for step in STEPS:
        if step.operation == "listPersons":
            yield Step(step.operation, {**step.query, "properties": _FILTERED})
        elif step.operation not in beyond:
            if step.operation == "queryTrend":
                yield Step("runQuery", body={"query": _QUERY})
            yield step


def carry_out(page: str, contract: Mapping[str, Any], work: Work) -> str:
    """Go through a page, in a folder with the files that it names.

    Raises:
        Failed: A command failed, an operation was called otherwise than it should be, or the program printed otherwise.
    """
    folder, program = work.folder, PAGES[page]
    _lay_out(folder, program)
    settings = _settings(page, folder)
    lines = [line for line in commands(page) if not line.startswith(("pip install", "npm init", "npm install"))]
    if page == "java":
        lines = _without_maven(lines)
    if len(lines) < 2:
        raise Failed(f"{page}.md has no commands")
    for line in lines[:-1]:
        run(["bash", "-ec", line], work, env=settings)
        if page == "rust" and "generate" in line:
            rust.with_crates_of_debian(folder)
    _build_before(page, work, settings)
    seen, printed = meet(["bash", "-ec", lines[-1]], work, cwd=folder, env=settings)
    called = judge(seen, contract, list(steps(contract)))
    shown = (ROOT / "docs" / "programs" / f"{program}.txt").read_text(encoding="utf-8")
    if printed != shown:
        raise Failed(f"{program} printed {printed!r}, not what {page}.md shows")
    return f"{len(lines)} commands, {len(shown.splitlines())} lines printed as shown; {called}"


def _lay_out(folder: Path, program: str) -> None:
    shutil.copy(CONTRACT, folder)
    shutil.copy(ROOT / "docs" / "programs" / program, folder)
    plain = simpler.without_unions(load())
    (folder / "openapi-without-unions.json").write_text(json.dumps(plain), encoding="utf-8")


def _settings(page: str, folder: Path) -> dict[str, str]:
    """Return the environment in which what a page has installed is found."""
    settings = {"PATH": os.pathsep.join([str(TOOLS), os.environ["PATH"]])}
    if page == "typescript":
        node(NODE)
        (folder / "node_modules").symlink_to(NODE / "node_modules", target_is_directory=True)
    elif page == "go":
        settings |= go.SETTINGS
    elif page == "rust":
        on_path("cargo", "Rust 1.80 or newer")
        settings["CARGO_TARGET_DIR"] = str(KEPT / "rust")
        if rust.DEBIAN.is_dir():
            settings["CARGO_NET_OFFLINE"] = "true"
    return settings


def _without_maven(lines: list[str]) -> list[str]:
    """Have the compiler do what Maven would, with Jackson from the generator's jar: Maven fetches when it runs."""
    if not lines[-1].startswith("mvn "):
        raise Failed("java.md does not end with a command of Maven")
    jar, stand_in = openapi_generator.jar(), shlex.quote(str(PROGRAMS / "stand_ins" / "Generated.java"))
    sources = "$(find client/src/main -name '*.java')"
    compile_all = f"javac -nowarn -proc:none -d built -cp {jar} {sources} {stand_in}"
    return [*lines[:-1], compile_all, f"java -cp built{os.pathsep}{jar} People"]


def _build_before(page: str, work: Work, settings: Mapping[str, str]) -> None:
    """Compile what the last command would compile first: that may take longer than a program is given."""
    before = {"go": "go build .", "rust": "cargo build --quiet"}
    if page in before:
        run(["bash", "-ec", before[page]], work, env=settings)

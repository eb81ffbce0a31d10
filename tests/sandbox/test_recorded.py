"""The sandbox answers as PostHog's own server does, but for what `recorded/differences.toml` lists with its reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

import pytest

from .recorded_replay import FOLDER, exchanges, replay

LISTED: dict[str, str] = {
    line: entry["reason"]
    for entry in tomllib.loads((FOLDER / "differences.toml").read_text("utf-8"))["difference"]
    for line in entry["lines"]
}
ALL = {line["id"] for lines in exchanges().values() for line in lines}


@pytest.mark.parametrize("group", sorted(exchanges()))
def test_the_same_answers(group: str, record_property: Callable[[str, object], None]) -> None:
    found = dict(replay(group))
    differing = {line: what for line, what in found.items() if what}
    record_property("recorded", f"{group}|{len(found) - len(differing)}|{len(found)}")
    unlisted = {line: what[:5] for line, what in differing.items() if line not in LISTED}
    assert not unlisted, f"{len(unlisted)} answers differ: {unlisted}"
    same = sorted(line for line in found if line in LISTED and line not in differing)
    assert not same, f"these no longer differ, so take them out of differences.toml: {same}"


def test_the_list_names_recorded_lines_with_a_reason_and_is_short() -> None:
    assert not set(LISTED) - ALL
    assert all(len(reason) > 20 for reason in LISTED.values())
    assert 100 * len(LISTED) <= 5 * len(ALL)


def test_the_docs_page_says_what_the_replay_finds() -> None:
    page = (FOLDER.parents[2] / "docs" / "how-true.md").read_text("utf-8")
    said = dict(re.findall(r"^\| ([a-z_ ]+?) +\| (\d+ of \d+) +\|", page, re.MULTILINE))
    found = {
        group: f"{sum(line['id'] not in LISTED for line in lines)} of {len(lines)}"
        for group, lines in exchanges().items()
    }
    assert said == found

"""The campaigns about ids and paths, bounded; and the client broken on purpose, so that they miss their figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from posthog_environments.config import settings as config
from posthog_environments.errors import ConfigurationError
from posthog_environments.operations import person_changes, person_history, persons
from posthog_environments.query import validation as arguments
from soak import paths
from soak.frame import Campaign, Effort, missed

EFFORT = Effort(share=0.1, seed=2)
LITTLE = Effort(share=0.02, seed=3)


@pytest.mark.parametrize("campaign", paths.CAMPAIGNS, ids=lambda campaign: campaign.name)
def test_the_campaigns(campaign: Campaign) -> None:
    assert missed(campaign.make(EFFORT)) == []


def _missed(make: Callable[[Effort], Any]) -> str:
    return "\n".join(missed(make(LITTLE)))


def _as_it_comes(value: object) -> str:
    return str(getattr(value, "uuid", value))


def test_ids_that_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (persons, person_changes, person_history):
        monkeypatch.setattr(module, "person_key", _as_it_comes)
    found = _missed(paths.ids)
    assert "off the route" in found
    assert "against the rules" in found
    assert "clear TypeError or ValueError" in found


def test_ids_that_are_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    def trimmed(value: object) -> str:
        return arguments.person_key(value.strip("/ \n?#") if isinstance(value, str) else value)

    for module in (persons, person_changes, person_history):
        monkeypatch.setattr(module, "person_key", trimmed)
    assert "against the rules" in _missed(paths.ids)


def test_ids_that_are_all_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(value: object) -> str:
        raise ValueError("no")

    for module in (persons, person_changes, person_history):
        monkeypatch.setattr(module, "person_key", refuse)
    found = _missed(paths.ids)
    assert "that went out" in found
    assert "not sent" in found


def test_projects_that_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_project", lambda value, place: str(value) or "1")
    found = _missed(paths.projects)
    assert "off the route" in found
    assert "against the rules" in found


def test_projects_that_are_all_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(value: object, place: str) -> str:
        raise ConfigurationError("no")

    monkeypatch.setattr(config, "_project", refuse)
    assert "that went out" in _missed(paths.projects)


def test_halves_of_pairs_that_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "check_unicode", lambda value, place: value)
    assert "halves of surrogate pairs" in _missed(paths.texts)


def test_names_that_are_trimmed_or_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    text = arguments.text

    def trimmed(name: str, value: str | None) -> str | None:
        return text(name, value) and str(value).strip()

    monkeypatch.setattr(person_changes, "text", trimmed)
    assert "byte for byte" in _missed(paths.texts)


def test_a_query_that_is_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    def plain(self: httpx.QueryParams) -> str:
        return "&".join(f"{name}={value}" for name, value in self.multi_items())

    monkeypatch.setattr(httpx.QueryParams, "__str__", plain)
    found = _missed(paths.texts)
    assert "off the route" in found
    assert "byte for byte" in found


def test_too_little_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "wild_ids", lambda random, count: iter([1, ".."]))
    monkeypatch.setattr(paths, "wild_texts", lambda random, count: iter(["a"]))
    assert "ids tried: 2" in _missed(paths.ids)
    assert "project ids tried: 2" in _missed(paths.projects)
    assert {"names and values tried", "of these sent, and refused"} <= {
        part for part in ("names and values tried", "of these sent, and refused") if part in _missed(paths.texts)
    }

"""The operators and types of filters stand once in the contract and once in the client, and are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from posthog_environments.query.operators import MEANT, OPERATORS, TYPES
from posthog_environments.sandbox import filters as sandbox_filters

ROOT = Path(__file__).parent.parent.parent


def words(field: str) -> list[str]:
    contract: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    found: list[str] = contract["components"]["schemas"]["PropertyFilter"]["properties"][field]["x-extensible-enum"]
    return found


def test_the_operators_are_those_of_the_contract() -> None:
    assert sorted(words("operator")) == sorted(OPERATORS)
    assert sorted(words("operator")) == sorted(sandbox_filters.OPERATORS | sandbox_filters.NOT_DONE)
    assert len(set(words("operator"))) == len(words("operator"))


def test_the_types_of_the_contract_are_known() -> None:
    # The client knows some more, which stand in saved filters of the application alone.
    assert set(words("type")) <= set(TYPES)
    assert "person_metadata" in words("type")


def test_what_people_write_means_an_operator() -> None:
    assert set(MEANT.values()) <= set(OPERATORS)
    assert not MEANT.keys() & OPERATORS.keys()

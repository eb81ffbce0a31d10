"""Prints the contract as JSON without unions, for generators that cannot read them.

What may be this or that may then be anything. `python scripts/simpler.py > openapi-without-unions.json`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

__all__ = ["without_alternatives", "without_unions"]


def without_alternatives(part: Any) -> Any:
    """Leave `anyOf` out of a contract."""
    if isinstance(part, list):
        return [without_alternatives(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {name: without_alternatives(value) for name, value in part.items() if name != "anyOf"}


def without_unions(part: Any) -> Any:
    """Leave out `anyOf`, and types where several are given."""
    return without_alternatives(_untyped(part))


def _untyped(part: Any) -> Any:
    if isinstance(part, list):
        return [_untyped(one) for one in part]
    if not isinstance(part, dict):
        return part
    kinds = part.get("type")
    several = isinstance(kinds, list) and len(set(kinds) - {"null"}) > 1
    return {name: _untyped(value) for name, value in part.items() if not (several and name == "type")}


if __name__ == "__main__":
    text = Path(__file__).parents[1].joinpath("openapi.yaml").read_text(encoding="utf-8")
    json.dump(without_unions(yaml.safe_load(text)), sys.stdout, indent=1)

"""tests/slow.txt names tests that are there."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOW = (ROOT / "tests" / "slow.txt").read_text("utf-8").split()


def test_every_line_names_a_test() -> None:
    for line in SLOW:
        name, _, test = line.partition("::")
        tree = ast.parse((ROOT / name).read_text("utf-8"))
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not test or test.rpartition("::")[2] in tests, line
    assert sorted(set(SLOW)) == SLOW

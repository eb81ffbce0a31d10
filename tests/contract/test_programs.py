"""Each program of another language has a row for each operation that programs call; `make prove` runs them."""

from __future__ import annotations

import re

import pytest
import samples

from prove.compilers.ground import COMPILED, PROGRAMS, STEPS
from prove.frame import load

TABLES = (
    *("Main.java", "hey_api.ts", "main.go", "main.rs", "openapi_fetch.ts", "orval.ts", "stock_client.py"),
    "typescript_fetch.ts",
)


@pytest.mark.parametrize("program", TABLES)
def test_a_program_has_a_row_for_each_operation(program: str) -> None:
    text = (PROGRAMS / program).read_text("utf-8")
    known = {call.name for call in samples.calls(load())}
    assert [name for name in re.findall(r'[({]"(\w+)", ', text) if name in known] == [step.operation for step in STEPS]


def test_each_operation_of_the_contract_is_called_or_compiled_alone() -> None:
    assert {call.name for call in samples.calls(load())} == {step.operation for step in STEPS} | COMPILED

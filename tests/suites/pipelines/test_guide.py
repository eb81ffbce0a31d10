"""Runs the blocks of the guide to Spark, where Spark is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

GUIDE = Path(__file__).parents[3] / "docs" / "spark.md"
BLOCKS = list(Document.parse(str(GUIDE), PythonCodeBlockParser()))


def test_the_guide_has_blocks() -> None:
    assert len(BLOCKS) == GUIDE.read_text("utf-8").count("```python\n") > 0


@pytest.mark.usefixtures("reader_environment")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_a_block(block: Example) -> None:
    # Each stands alone, as in the other documents.
    block.document.namespace.clear()
    block.evaluate()

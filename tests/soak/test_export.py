"""Exports broken off at any step: bounded, and shown to notice what could be wrong."""

from __future__ import annotations

import pytest

from soak.export import broken, mounted, try_full
from soak.frame import Effort, missed


def test_an_export_broken_off_anywhere_is_resumed_to_the_same_file() -> None:
    assert missed(broken(Effort(1), twice=False, tries=170)) == []


def test_an_export_broken_off_twice_is_resumed_to_the_same_file() -> None:
    assert missed(broken(Effort(1), twice=True, tries=40)) == []


def test_a_file_that_may_not_grow() -> None:
    assert try_full("limit") == "0"


def test_a_full_disk() -> None:
    try:
        with mounted(100):
            pass
    except PermissionError as error:
        pytest.skip(f"the real full disk was NOT tried, for {error}; run the tests as root to try it")
    assert try_full("tmpfs") == "0"


@pytest.mark.parametrize(
    ("defect", "ends", "shape"),
    [
        ("no_sync", ("power",), "a.jsonl"),
        ("checkpoint_first", ("kill after", "kill before"), "a.jsonl"),
        ("no_truncation", ("kill in a write", "kill after"), "a.csv"),
        ("in_place", ("kill in a write",), "a.jsonl"),
        ("no_memory", ("kill after",), "a.jsonl"),
        ("other_chunks", ("kill after",), "a.jsonl.gz"),
        ("target_at_once", ("kill after",), "a.jsonl"),
        ("readable", ("kill after",), "a.csv"),
    ],
)
def test_what_could_be_wrong_is_noticed(defect: str, ends: tuple[str, ...], shape: str) -> None:
    figures = broken(
        Effort(1), twice=False, tries=20, defect=f"tests.soak.export_defects:{defect}", ends=ends, shapes=(shape,)
    )
    assert "resumed exports that are not as without the break" in {each.what for each in figures if not each.met}

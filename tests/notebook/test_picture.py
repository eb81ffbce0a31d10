"""The picture of the start page is what the client draws."""

from __future__ import annotations

import re
from pathlib import Path

from picture import PICTURE, write


def test_the_picture_is_what_is_drawn_today(tmp_path: Path) -> None:
    write(tmp_path / "revenue.svg")
    kept, drawn = PICTURE.read_text("utf-8"), (tmp_path / "revenue.svg").read_text("utf-8")
    words = re.findall("<!-- (.*?) -->", kept)
    assert {"sum of dollars per month", "purchase", "400,000", "1998-01"} <= set(words)
    assert re.findall("<!-- (.*?) -->", drawn) == words, "write it anew: python scripts/picture.py"
    if _drawn_by(kept) == _drawn_by(drawn):
        assert drawn == kept, "write it anew: python scripts/picture.py"


def _drawn_by(picture: str) -> list[str]:
    return re.findall("Matplotlib v[0-9.]+", picture)

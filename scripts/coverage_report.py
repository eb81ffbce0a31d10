"""Runs both suites under coverage, and says which share of lines and branches of the hand-kept layer they reach.

Arguments go to pytest. The tests of Spark run in .venv-pipelines. The report comes also where a test failed. Exit
codes: 0 the suites passed and both shares are reached, 1 not so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
SPARK: Final = str(ROOT / ".venv-pipelines" / "bin" / "python")
SHARE: Final = 0.98


def main() -> int:
    codes = [coverage("run", "-m", "pytest", *sys.argv[1:])]
    codes.append(
        coverage(
            "run", "-m", "pytest", "-c", "tests/suites/pipelines/pytest.ini", "tests/suites/pipelines", python=SPARK
        )
    )
    codes.append(coverage("combine", "--quiet"))
    codes.append(coverage("report"))
    share = branches()
    return 1 if any(codes) or share < SHARE else 0


def branches() -> float:
    """Print how many branches were taken, and return their share: the report counts them together with the lines."""
    with tempfile.TemporaryDirectory() as room:
        file = Path(room) / "coverage.json"
        if coverage("json", "--quiet", "--fail-under=0", f"-o{file}"):
            return 0.0
        totals: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["totals"]
    taken, known = totals["covered_branches"], totals["num_branches"]
    share = taken / known if known else 0.0
    print(f"branches: {taken:,} of {known:,} taken = {share:.1%} (wanted {SHARE:.0%})")
    return float(share)


def coverage(*words: str, python: str = sys.executable) -> int:
    return subprocess.run([python, "-m", "coverage", *words], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

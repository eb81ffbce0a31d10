"""Asks a database of known vulnerabilities about everything that is locked in requirements/.

A package that the database did not answer for counts as not audited: pip-audit alone passes over such a one with a note
and exits 0, also where it could reach no database at all. Exit codes: 0 all were audited and none is known to be
vulnerable, 1 some are, 2 the audit could not be made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]


def main() -> int:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    worst = 0
    for lock in locks:
        code, lines = audit(lock)
        print("\n".join(f"{lock.name}: {line}" for line in lines), file=sys.stderr if code else sys.stdout)
        worst = max(worst, code)
    if worst == 2:
        print("THE AUDIT COULD NOT BE MADE HERE. Nothing is known of what was not audited.", file=sys.stderr)
    return worst


def audit(lock: Path) -> tuple[int, list[str]]:
    """Audit one file of locked requirements, and return exit code and lines that say what came out."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    command += ["--format", "json", "--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    except subprocess.TimeoutExpired:
        return 2, ["not audited: no answer within ten minutes"]
    try:
        report = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return 2, [f"not audited: {last[:200]}"]
    return judge(report)


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Read a report of pip-audit: all of it must have been audited."""
    packages: list[dict[str, Any]] = report.get("dependencies") or []
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    known = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        for package in packages
        for vulnerability in package.get("vulns") or []
    ]
    lines = [f"vulnerable: {line}" for line in known]
    if skipped or not packages:
        lines.append(f"NOT AUDITED: {len(skipped)} of {len(packages)} packages: {', '.join(skipped[:5])} …")
        return 2, lines
    lines.append(f"{len(packages)} packages audited, {len(known)} known vulnerabilities")
    return (1 if known else 0), lines


if __name__ == "__main__":
    sys.exit(main())

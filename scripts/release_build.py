"""Builds what is released: the sdist, the wheel from it, and the wheel's bill of materials.

The same commit gives the same bytes, in any folder, at any time and by any user: the time of the build is that of the
commit. Exit codes: 0 built, 1 not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import sbom

ROOT: Final = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--outdir", type=Path, default=ROOT / "dist")
    outdir: Path = parser.parse_args().outdir
    when = commit_time()
    # A release is what one build made: nothing of an earlier one may lie beside it.
    stale = sorted(outdir.glob("posthog_environments-*")) if outdir.exists() else []
    for path in stale:
        path.unlink()
    try:
        build(ROOT, outdir, when)
        (wheel,) = outdir.glob("*.whl")
        text = sbom.bill(wheel, when)
        sbom.validate(text)
    except (subprocess.CalledProcessError, LookupError, ValueError) as error:
        print(f"Not built: {error}", file=sys.stderr)
        return 1
    # PEP 770 would put the bill inside the wheel, but it states what was locked, which the wheel does not.
    wheel.with_name("-".join(wheel.name.split("-")[:2]) + ".cdx.json").write_text(text, encoding="utf-8")
    for path in sorted(outdir.glob("posthog_environments-*")):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    return 0


def commit_time() -> int:
    """Return the time that the build is said to be made at: SOURCE_DATE_EPOCH, else that of the commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit("No commit to take the time from; set SOURCE_DATE_EPOCH to seconds since 1970.")
    return int(done.stdout)


def build(root: Path, outdir: Path, when: int) -> None:
    """Build the sdist of a source tree, and the wheel from that sdist."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(outdir), str(root)]
    environ = os.environ | {"SOURCE_DATE_EPOCH": str(when), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)


if __name__ == "__main__":
    sys.exit(main())

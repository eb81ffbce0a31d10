"""Builds what is released: the sdist, the wheel from it, the wheel's bill of materials, and the forms of the contract.

The same commit gives the same bytes, in any folder, at any time and by any user: the time of the build is that of the
commit. Exit codes: 0 built, 1 not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

import forms
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
    name = "-".join(wheel.name.split("-")[:2])
    (outdir / f"{name}.cdx.json").write_text(text, encoding="utf-8")
    contract(outdir / f"{name}-contract.zip", when)
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


def contract(target: Path, when: int) -> None:
    """Write all forms of the contract into an archive, for those who take no wheel."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        forms.write(Path(folder))
        for path in sorted(Path(folder).iterdir()):
            entry = zipfile.ZipInfo(path.name, time.gmtime(when)[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())

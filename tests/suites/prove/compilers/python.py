"""Python: openapi-python-client with its own templates; scripts/generate.py has templates of ours."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

from prove.compilers.maker import KEPT, Maker, figures, put
from prove.frame import Failed, Work, run

__all__ = ["PYTHON"]


def _generate(contract: Path, folder: Path, work: Work) -> None:
    (folder / "settings.json").write_text('{"package_name_override": "stock"}')
    # An empty file keeps ruff from looking further up: what is written depends on nobody's settings.
    (folder / "ruff.toml").write_text("")
    paths = [f"--path={contract}", f"--output-path={folder / 'stock'}", f"--config={folder / 'settings.json'}"]
    run(
        [sys.executable, "-m", "openapi_python_client", "generate", *paths, "--meta=none", "--fail-on-warning"],
        work,
        cwd=folder,
        env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    put(folder, "stock_client.py")


def _compile(folder: Path, work: Work) -> str:
    run([sys.executable, "-m", "compileall", "-q", "stock"], work, cwd=folder)
    options = ["--strict", "--config-file=", "--no-warn-unused-ignores", f"--cache-dir={KEPT / 'mypy'}"]
    said = run([sys.executable, "-m", "mypy", *options, "stock", "stock_client.py"], work, cwd=folder, codes=(0, 1))
    bad = [line for line in said.splitlines() if ": error: " in line]
    # Four calls of __exit__ in the generator's own template are not typed strictly, whatever the contract says.
    theirs = [line for line in bad if re.match(r"stock/client\.py:.*__a?exit__", line)]
    if len(bad) > len(theirs):
        raise Failed(f"mypy --strict: {next(line for line in bad if line not in theirs)}")
    return f"{figures(folder / 'stock', '.py')}; mypy --strict, {len(theirs)} errors of the template in client.py aside"


PYTHON: Final = Maker(
    "Python, openapi-python-client",
    lambda: f"openapi-python-client {version('openapi-python-client')}, its own templates",
    _generate,
    _compile,
    lambda folder: [sys.executable, folder / "stock_client.py"],
)

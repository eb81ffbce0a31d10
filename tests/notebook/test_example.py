"""The example notebook runs from top to bottom, and shows what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "persons_and_trends.ipynb"

# In a process of its own: the kernel's sockets and threads are none of this one's warnings.
RUN = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(book)
NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": sys.argv[3]}}).execute()
nbformat.write(book, sys.argv[2])
"""


def run(notebook: Path, folder: Path) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Execute a notebook with this Python as its kernel; gives the process, and the code cells as they came out."""
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    place = {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
    }
    done = folder / "done.ipynb"
    process = subprocess.run(
        [sys.executable, "-c", RUN, str(notebook), str(done), str(folder)],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    cells = json.loads(done.read_text("utf-8"))["cells"] if done.exists() else []
    return process, [cell for cell in cells if cell["cell_type"] == "code"]


def outputs(cell: dict[str, Any]) -> set[str]:
    return {kind for output in cell["outputs"] for kind in output.get("data", {})}


def test_it_is_stored_without_outputs() -> None:
    cells = [cell for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_it_runs(tmp_path: Path) -> None:
    process, cells = run(NOTEBOOK, tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    streams = [output for cell in cells for output in cell["outputs"] if output["output_type"] in ("error", "stream")]
    assert streams == []
    shown = {"".join(cell["source"]): outputs(cell) for cell in cells}
    for source, kinds in shown.items():
        last = source.splitlines()[-1]
        if last in ("page", "person", "trend"):
            assert "text/html" in kinds, source
        assert ("image/png" in kinds) == (".plot(" in source), source
    assert sum("image/png" in kinds for kinds in shown.values()) == 4
    assert shown["people = env.persons.list(page_size=100)\npeople"] == {"text/plain"}


@pytest.mark.parametrize("broken", ["1 / 0", "import warnings; warnings.warn('odd')"])
def test_the_check_would_notice(broken: str, tmp_path: Path) -> None:
    book = json.loads(NOTEBOOK.read_text("utf-8"))
    first = next(cell for cell in book["cells"] if cell["cell_type"] == "code")
    first["source"] = [broken]
    book["cells"] = [first]
    file = tmp_path / "broken.ipynb"
    file.write_text(json.dumps(book), "utf-8")
    process, cells = run(file, tmp_path)
    if broken == "1 / 0":
        assert process.returncode != 0
        assert "ZeroDivisionError" in process.stderr
    else:
        assert [output["output_type"] for output in cells[0]["outputs"]] == ["stream"]

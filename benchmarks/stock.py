"""The client that the generator writes from our contract if nobody mends its templates."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.server import ROOT

PACKAGE = "untouched_client"


class Stock:
    """The parts of it that are measured. Its types are not known to a checker, for it is written while we run."""

    def __init__(self) -> None:
        self._operation: Any = import_module(f"{PACKAGE}.api.persons.list_persons")
        self._client: Any = import_module(f"{PACKAGE}.client").AuthenticatedClient
        self.page: Any = import_module(f"{PACKAGE}.models.person_page").PersonPage

    def connect(self, host: str) -> Any:
        """Return a client of its own kind."""
        return self._client(base_url=host, token="phx_benchmark")

    def list(self, client: Any, limit: int, offset: int) -> Any:
        """Fetch a page, as its own documentation shows."""
        response = self._operation.sync_detailed("1", client=client, limit=limit, offset=offset)
        assert response.status_code == 200
        return response.parsed


@contextmanager
def generated() -> Iterator[Stock]:
    """Write the client into a temporary folder, with the generator's own templates and settings, and import it."""
    with tempfile.TemporaryDirectory() as folder:
        # The settings only spare the formatting of files that nobody will read.
        settings = Path(folder, "settings.yaml")
        settings.write_text("post_hooks: []\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            f"--path={ROOT / 'openapi.yaml'}",
            f"--config={settings}",
            f"--output-path={Path(folder, PACKAGE)}",
            "--meta=none",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"The untouched generator failed:\n{done.stdout}{done.stderr}")
        sys.path.insert(0, folder)
        try:
            yield Stock()
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
                del sys.modules[name]

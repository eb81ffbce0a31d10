"""Go: the client needs no module but its own, so nothing is fetched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from prove.compilers import openapi_generator
from prove.compilers.maker import KEPT, Maker, figures, put
from prove.frame import Work, run, tool

__all__ = ["GO", "SETTINGS"]

SETTINGS: Final = {
    "CGO_ENABLED": "0",
    "GOCACHE": str(KEPT / "go-cache"),
    "GOENV": "off",
    "GOFLAGS": "-mod=mod",
    "GOPATH": str(KEPT / "go"),
    "GOPROXY": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
}
_UNION: Final = "package client\n\ntype PropertyFilters any\n"
_CLIENT: Final = "module example.com/client\n\ngo 1.23\n"
_PROGRAM: Final = """module example.com/program

go 1.23

require example.com/client v0.0.0

replace example.com/client => ./client
"""


def _generate(contract: Path, folder: Path, work: Work) -> None:
    made = folder / "client"
    # With the default of this option the client refuses answers with fields that the contract does not name.
    options = {"packageName": "client", "disallowAdditionalPropertiesIfNotPresent": "false"}
    # Integers are 32 bits wide unless told otherwise, which is too small for ids; in a union no format is heard.
    # Its unions read no empty object, which servers send: this one is not generated, and any value.
    mappings = {"mappings": "integer=int64", "schemas": "PropertyFilters=PropertyFilters"}
    run(openapi_generator.command("go", contract, made, **mappings, **options), work, cwd=folder)
    (made / "model_property_filters.go").write_text(_UNION)
    # Its tests are empty, and they and go.sum name modules that the client does not need.
    shutil.rmtree(made / "test")
    (made / "go.sum").unlink()
    (made / "go.mod").write_text(_CLIENT)
    (folder / "go.mod").write_text(_PROGRAM)
    put(folder, "main.go")


def _compile(folder: Path, work: Work) -> str:
    for where in (folder / "client", folder):
        run([tool("go"), "vet", "./..."], work, cwd=where, env=SETTINGS)
    run([tool("go"), "build", "-o", "program", "."], work, cwd=folder, env=SETTINGS)
    return f"{figures(folder / 'client', '.go')}; go vet, go build, no module but its own"


GO: Final = Maker(
    "Go, openapi-generator",
    lambda: openapi_generator.named("go"),
    _generate,
    _compile,
    lambda folder: [folder / "program"],
)

"""Java: what the client needs is in the jar of the generator itself, but for one annotation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prove.compilers import openapi_generator
from prove.compilers.maker import Maker, figures, on_path, put
from prove.frame import Work, run

__all__ = ["JAVA"]

# The generator's own templates are not clean of two kinds of warnings.
_LINT: Final = "-Xlint:all,-serial,-deprecation"


def _generate(contract: Path, folder: Path, work: Work) -> None:
    # openApiNullable would need one more library.
    options = {"library": "native", "openApiNullable": "false"}
    # Integers are 32 bits wide unless told otherwise, which is too small for ids; in a union no format is heard.
    # Of a union that has a list in it the generator writes a class that is no Java.
    mappings = {"mappings": "integer=Long", "schemas": "PropertyFilters=Object"}
    run(openapi_generator.command("java", contract, folder / "client", **mappings, **options), work, cwd=folder)
    put(folder, "Main.java", "stand_ins/Generated.java")


def _compile(folder: Path, work: Work) -> str:
    made = folder / "client" / "src" / "main"
    # Other annotations of the jar would bring processors that have no business here: -proc:none.
    words: list[str | Path] = [
        on_path("javac", openapi_generator.JDK),
        _LINT,
        "-Werror",
        "-proc:none",
        "-d",
        folder / "built",
    ]
    words += ["-cp", openapi_generator.jar(), *sorted(made.rglob("*.java")), "Main.java", "Generated.java"]
    run(words, work, cwd=folder)
    return f"{figures(made, '.java')}; javac {_LINT} -Werror, Jackson from the generator's jar"


JAVA: Final = Maker(
    "Java, openapi-generator",
    lambda: openapi_generator.named("java native"),
    _generate,
    _compile,
    lambda folder: ["java", "-cp", f"{folder / 'built'}{os.pathsep}{openapi_generator.jar()}", "Main"],
)

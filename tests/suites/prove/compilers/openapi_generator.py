"""OpenAPI Generator, which is a jar in a Python package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prove.compilers.maker import on_path
from prove.frame import Failed, tool

__all__ = ["JDK", "command", "jar", "named"]

JDK = "Java 17 or newer (Debian: apt-get install openjdk-17-jdk-headless)"


def command(
    language: str, contract: Path, folder: Path, *, mappings: str = "", schemas: str = "", **options: str
) -> Sequence[str | Path]:
    """Return the command that writes a client; mappings of types, of schemas and options are the generator's own."""
    on_path("java", JDK)
    given = ",".join(f"{name}={value}" for name, value in {"hideGenerationTimestamp": "true", **options}.items())
    words: list[str | Path] = ["-i", contract, "-g", language, "-o", folder, f"--additional-properties={given}"]
    words += [f"--type-mappings={mappings}"] if mappings else []
    words += [f"--schema-mappings={schemas}"] if schemas else []
    return [tool("openapi-generator-cli"), "generate", *words]


def jar() -> Path:
    """Find the jar."""
    found = list(_packages().glob("openapi_generator_cli/*.jar"))
    if len(found) != 1:
        raise Failed(f"openapi-generator-cli has {len(found)} jars, not one")
    return found[0]


def named(what: str) -> str:
    """Return its name and version, and what it is used for."""
    (info,) = _packages().glob("openapi_generator_cli-*.dist-info")
    return f"openapi-generator {info.name.removesuffix('.dist-info').partition('-')[2]}, {what}"


def _packages() -> Path:
    (found,) = tool("openapi-generator-cli").parent.parent.glob("lib/python*/site-packages")
    return found

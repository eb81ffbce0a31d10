"""Writes a CycloneDX bill of materials for a built wheel: what it needs, as asked for and as locked.

The same wheel, the same lock, the same Python and the same time give the same bytes.
"""

from __future__ import annotations

import email
import hashlib
import importlib
import importlib.metadata
import json
import platform
import re
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SPEC: Final = "1.6"
OWN: Final = "posthog-environments"
PIPELINES: Final = Path(__file__).resolve().parents[1] / "requirements" / "pipelines.txt"
THERE_ALONE: Final = {"pyspark": ("Apache-2.0", "py4j"), "py4j": ("BSD-3-Clause",)}
"""What is locked and not installed here: its licence, and what it needs."""


@dataclass
class Component:
    """A distribution that the wheel needs, by itself or through another."""

    metadata: Message
    optional: bool
    extras_done: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)

    @property
    def ref(self) -> str:
        """Its package URL, which also names it inside the bill."""
        return f"pkg:pypi/{canonicalize_name(self.metadata['Name'])}@{self.metadata['Version']}"


def bill(wheel: Path, when: int) -> str:
    """Return the bill for a wheel as JSON; `when` is the time of the build in seconds since 1970.

    Raises:
        LookupError: A package that the wheel needs is not installed here, or older than the wheel allows.
    """
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    extras = ["", *sorted(metadata.get_all("Provides-Extra") or [])]
    parts: dict[str, Component] = {}
    own: set[str] = set()
    for extra in extras:
        own |= _walk(asked, extra, bool(extra), parts)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = f"pkg:pypi/{OWN}@{metadata['Version']}"
    graph = [(root, own)] + [(part.ref, part.needs) for part in parts.values()]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, root + '#' + digest)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(when, UTC).isoformat().replace("+00:00", "Z"),
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "library",
                "bom-ref": root,
                "name": OWN,
                "version": metadata["Version"],
                "description": metadata["Summary"],
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "licenses": [{"expression": metadata["License-Expression"]}],
                "purl": root,
            },
            "properties": [
                {"name": f"{OWN}:wheel", "value": wheel.name},
                {"name": f"{OWN}:resolved-for", "value": _machine()},
            ],
        },
        "components": [_component(part, asked) for _, part in sorted(parts.items())],
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs)} for ref, needs in sorted(graph)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def validate(text: str) -> None:
    """Hold a bill against the schema of CycloneDX.

    Raises:
        ValueError: It does not fit.
    """
    # By name: the library is among the tools of a release alone, and type checkers do not see it.
    schema = importlib.import_module("cyclonedx.schema").SchemaVersion.from_version(SPEC)
    error = importlib.import_module("cyclonedx.validation.json").JsonStrictValidator(schema).validate_str(text)
    if error is not None:
        raise ValueError(f"The bill does not fit the schema: {str(error).splitlines()[0]}")


def _walk(asked: Iterable[Requirement], extra: str, optional: bool, parts: dict[str, Component]) -> set[str]:
    """Add what requirements lead to, and return the references of the direct ones."""
    found: set[str] = set()
    for requirement in _that_apply(asked, extra):
        name = canonicalize_name(requirement.name)
        metadata = _installed(requirement)
        part = parts.setdefault(name, Component(metadata, optional))
        part.optional = part.optional and optional
        found.add(part.ref)
        # Once for each extra: requirements may go in circles. What a required part needs is required, too; the
        # required parts come first.
        for named in {"", *requirement.extras} - part.extras_done:
            part.extras_done.add(named)
            further = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
            part.needs |= _walk(further, named, optional, parts)
    return found


def _that_apply(asked: Iterable[Requirement], extra: str) -> Iterator[Requirement]:
    """Yield what applies here: without an extra what is always needed, with one what it adds."""
    for requirement in asked:
        always = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if wanted and (not extra or not always):
            yield requirement


def _installed(requirement: Requirement) -> Message:
    try:
        metadata: Any = importlib.metadata.metadata(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        metadata = _locked(requirement.name)
        if metadata is None:
            raise LookupError(f"{requirement.name} is not installed beside this script") from None
    if not requirement.specifier.contains(metadata["Version"], prereleases=True):
        raise LookupError(f"{requirement} is asked for, but {metadata['Version']} is installed")
    assert isinstance(metadata, Message)
    return metadata


def _locked(name: str) -> Message | None:
    """Return what the lock of the pipelines says of a package: PySpark, half a gigabyte, is installed there alone."""
    match = re.search(rf"^{re.escape(name)}==(\S+)", PIPELINES.read_text(encoding="utf-8"), re.MULTILINE)
    if name not in THERE_ALONE or match is None:
        return None
    metadata = Message()
    metadata["Name"], metadata["Version"] = name, match[1]
    metadata["License-Expression"], *needs = THERE_ALONE[name]
    for need in needs:
        metadata["Requires-Dist"] = need
    return metadata


def _component(part: Component, asked: Iterable[Requirement]) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": part.ref,
        "name": part.metadata["Name"],
        "version": part.metadata["Version"],
        "scope": "optional" if part.optional else "required",
        "purl": part.ref,
    }
    # By `get`: for what is not there, the brackets warn since Python 3.12.
    if expression := part.metadata.get("License-Expression"):
        component["licenses"] = [{"expression": expression}]
    elif names := _licences(part.metadata):
        component["licenses"] = [{"license": {"name": name}} for name in names]
    direct = [r for r in asked if canonicalize_name(r.name) == canonicalize_name(part.metadata["Name"])]
    if direct:
        component["properties"] = [{"name": f"{OWN}:requires", "value": str(requirement)} for requirement in direct]
    return component


def _licences(metadata: Message) -> list[str]:
    """Return the names of licences that older metadata gives, in classifiers or in a line."""
    classified = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    line = (metadata.get("License") or "").strip()
    return classified or ([line] if line and "\n" not in line else [])


def _machine() -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"

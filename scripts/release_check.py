"""Goes through all that a release needs, on a copy of what is committed, and says what a person has still to do.

The copy is prepared as `--prepare` prepares the tree itself: fragments into CHANGELOG.md, contract and names of today
as the released ones. Then it is built twice, and the wheel installed in an environment of its own. `--tag vX.Y.Z` says
that this is the commit to be released: then nothing may be left but the upload. Exit codes: 0 ready, 1 not; each thing
that is not ready is named.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import changelog
import forms
from packaging.specifiers import SpecifierSet

ROOT: Final = Path(__file__).resolve().parents[1]
STEPS: Final = (("changelog.py", "--release"), ("breaking.py", "--release"), ("contract_changelog.py",))
"""What makes a tree the one to be released."""
IN_STEP: Final = (("breaking.py",), ("contract_changelog.py", "--check"), ("forms.py", "--check"),
                  ("evidence.py", "--check"))  # fmt: skip
FORBIDDEN: Final[Mapping[str, str]] = {
    "a path of a machine": r"/(home|root|Users|work|workspace|tmp/[a-z]+-[a-z]+)/[A-Za-z0-9_.-]+",
    "an address of a registry": r'"resolve[d]": "|(index-url|find-links)[ =]+(http|/)|registry[.]npmjs|artifactory[.]',
    "a key": r"ph[cxs]_[A-Za-z0-9]{32,}|gh[ps]_[A-Za-z0-9]{20,}|AKI[A][0-9A-Z]{16}|pypi-Ag[E]|npm_[A-Za-z0-9]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY",
}
"""What must be in no file."""


class NotReady(Exception):  # noqa: N818 - an outcome
    """Something that a release needs and that is not so; the message says what."""


def run(command: Sequence[str | Path], cwd: Path, **environ: str) -> str:
    """Run a command and return what it printed.

    Raises:
        NotReady: It ended with an error, whose last line the message is.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=os.environ | environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise NotReady(f"{Path(words[0]).name} {' '.join(words[1:2])}: {said}")
    return done.stdout


def script(root: Path, name: str, *options: str | Path, **environ: str) -> str:
    """Run a script of a tree with the package of that tree."""
    packages = os.pathsep.join(str(root / folder) for folder in ("src", "generated"))
    return run([sys.executable, root / "scripts" / name, *options], root, PYTHONPATH=packages, **environ)


def prepare(root: Path) -> None:
    """Make a tree the one to be released."""
    for name, *options in STEPS:
        script(root, name, *options)


@dataclass
class Release:
    """What is checked: the commit, and copies of it in a folder."""

    root: Path
    folder: Path
    tag: str = ""

    @cached_property
    def version(self) -> str:
        return changelog.package_version(self.root)

    @cached_property
    def is_prepared(self) -> bool:
        """Whether the changelog has the version, and the fragments are gone."""
        has = f"\n## {self.version} - " in (self.root / "CHANGELOG.md").read_text("utf-8")
        return has and not changelog.fragments(self.root / "changelog.d")

    @cached_property
    def copy(self) -> Path:
        """A copy of what is committed, as it will be released."""
        found = self.another("copy")
        if not self.is_prepared:
            prepare(found)
        return found

    def another(self, name: str) -> Path:
        content = subprocess.run(["git", "archive", "HEAD"], cwd=self.root, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(self.folder / name, filter="data")
        return self.folder / name

    @cached_property
    def built(self) -> Path:
        """A folder with what is built from the copy."""
        return self.build(self.copy, "dist")

    def build(self, root: Path, name: str) -> Path:
        when = run(["git", "log", "-1", "--format=%ct"], self.root).strip()
        script(root, "release_build.py", "--outdir", self.folder / name, SOURCE_DATE_EPOCH=when)
        return self.folder / name


def committed(release: Release) -> str:
    lines = run(["git", "status", "--porcelain"], release.root).splitlines()
    if lines:
        raise NotReady(f"{len(lines)} files are not committed, the first: {lines[0][3:]}")
    return run(["git", "rev-parse", "--short", "HEAD"], release.root).strip()


def version(release: Release) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", release.version):
        raise NotReady(f"{release.version} is no version to release")
    if release.tag and release.tag != f"v{release.version}":
        raise NotReady(f"the tag {release.tag} is not that of version {release.version}")
    if not release.tag and run(["git", "tag", "--list", f"v{release.version}"], release.root):
        raise NotReady(f"v{release.version} is released; raise VERSION in config/settings.py")
    return release.version


def changes(release: Release) -> str:
    """Hold the fragments and CHANGELOG.md together: either the one has the version, or the others make it up."""
    try:
        left = changelog.fragments(release.root / "changelog.d")
    except ValueError as error:
        raise NotReady(str(error)) from error
    if release.tag and not release.is_prepared:
        raise NotReady(f"{len(left)} fragments are not in CHANGELOG.md; run make release before the tag")
    if f"## {release.version} - " in (release.root / "CHANGELOG.md").read_text("utf-8") and left:
        raise NotReady(f"CHANGELOG.md has {release.version}, and there are {len(left)} fragments besides")
    text = (release.copy / "CHANGELOG.md").read_text("utf-8")
    if f"\n## {release.version} - " not in text or (not release.is_prepared and not left):
        raise NotReady("there is nothing new to release")
    return f"{text.count(chr(10) + '- ')} entries"


def contract(release: Release) -> str:
    """Hold the contract of the copy, which is released, against all that is derived from it."""
    script(release.root, "breaking.py")
    for name, *options in IN_STEP:
        script(release.copy, name, *options)
    number = re.findall(r"(?m)^  version: (.*)$", (release.copy / "openapi.yaml").read_text("utf-8"))[0]
    baseline = release.copy / "contract" / "released" / f"openapi-{number}.yaml"
    if not baseline.exists() or baseline.read_bytes() != (release.copy / "openapi.yaml").read_bytes():
        raise NotReady(f"contract/released/ has no {baseline.name} that is openapi.yaml")
    if f"\n## {number}\n" not in (release.copy / "docs" / "contract-changelog.md").read_text("utf-8"):
        raise NotReady(f"docs/contract-changelog.md does not have {number}")
    return f"contract {number} is the baseline, {len(forms.DERIVED)} forms"


def documentation(release: Release) -> str:
    """Hold the versions that the pages name against that of the package."""
    pages = [release.root / "README.md", *sorted((release.root / "docs").glob("**/*.md"))]
    pinned = [
        (path, specifier)
        for path in pages
        for specifier in re.findall(r"posthog-environments(?:\[\w+\])? ?([~=]= ?[\d.]+\d)", path.read_text("utf-8"))
    ]
    for path, specifier in pinned:
        if release.version not in SpecifierSet(specifier):
            raise NotReady(f"{path.name} tells to install {specifier}, which is not {release.version}")
    if "release = version = VERSION" not in (release.root / "docs" / "conf.py").read_text("utf-8"):
        raise NotReady("docs/conf.py does not take its version from the package")
    return f"{len(pinned)} pinned"


def bytes_(release: Release) -> str:
    """Build a second time, from a folder with another name."""
    other = release.another("a second copy with a longer name")
    if not release.is_prepared:
        prepare(other)
    one, two = (sums(each) for each in (release.built, release.build(other, "dist again")))
    if one != two:
        raise NotReady(f"a second build differs in {', '.join(sorted(dict(one.items() ^ two.items())))}")
    return f"{len(one)} files, twice the same"


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def bill(release: Release) -> str:
    (path,) = release.built.glob("*.cdx.json")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    about = found["metadata"]["component"]
    (wheel,) = release.built.glob("*.whl")
    if about["version"] != release.version or about["hashes"][0]["content"] != sums(release.built)[wheel.name]:
        raise NotReady(f"{path.name} is not of this wheel")
    return f"{len(found['components'])} components"


def wheel(release: Release) -> str:
    """Install the wheel by itself, and have it print its version and its forms."""
    (path,) = release.built.glob("*.whl")
    place = release.folder / "fresh"
    venv.create(place, with_pip=True)
    run([place / "bin" / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", path], release.folder)
    phenv = place / "bin" / "phenv"
    said = run([phenv, "--version"], release.folder).split()[-1]
    if said != release.version:
        raise NotReady(f"{path.name} says that it is {said}")
    for name, text in forms.derived(*forms.DERIVED).items():
        if run([phenv, "spec", "--form", name], release.folder) != text:
            raise NotReady(f"the form {name} in the wheel is another")
    return f"{path.name} in an environment of its own"


def words(release: Release) -> str:
    """Look for what must be in no file."""
    for what, pattern in FORBIDDEN.items():
        command = ["git", "grep", "-nIE", "-e", pattern, "HEAD", "--", "."]
        done = subprocess.run(command, cwd=release.root, capture_output=True, text=True, check=False)
        if done.returncode > 1:
            raise NotReady(done.stderr.strip())
        if done.stdout:
            place = ":".join(done.stdout.splitlines()[0].split(":")[1:3])
            raise NotReady(f"{what} in {place} and {len(done.stdout.splitlines()) - 1} other lines")
    return f"none of {', '.join(FORBIDDEN)}"


CHECKS: Final[Mapping[str, Callable[[Release], str]]] = {
    "commit": committed, "version": version, "changelog": changes, "contract": contract, "documentation": documentation,
    "reproducible build": bytes_, "bill of materials": bill, "wheel": wheel, "no paths, registries, keys": words,
}  # fmt: skip


def left_to_do(release: Release) -> Iterator[str]:
    """Yield what a person has still to do."""
    if not release.is_prepared:
        yield "make release, then read and commit what it changed: CHANGELOG.md, contract/released/, changelog.d/"
    if not release.tag:
        yield f"git tag -s v{release.version}, and push the tag: .github/workflows/release.yml builds from it"
    yield "approve the upload to PyPI, where that workflow asks for it (environment pypi)"
    yield f"attach posthog_environments-{release.version}-contract.zip and the bill of materials to the release"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--prepare", action="store_true", help="make this tree the one to be released, and check nothing"
    )
    parser.add_argument("--tag", default="", help="the tag that is to be released from this commit")
    parser.add_argument("--only", action="append", choices=list(CHECKS), help="make this check alone; may be repeated")
    given = parser.parse_args(arguments)
    if given.prepare:
        prepare(root)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        release = Release(root, Path(folder), given.tag)
        ready = [check(release, name) for name in given.only or CHECKS]
        if not all(ready):
            return 1
        print("\nReady. What a person has still to do:")
        for number, text in enumerate(left_to_do(release), 1):
            print(f"{number}. {text}")
    return 0


def check(release: Release, name: str) -> bool:
    """Make one check and print how it went."""
    try:
        print(f"ready      {name}: {CHECKS[name](release)}", flush=True)
    except (NotReady, ValueError, subprocess.CalledProcessError) as error:
        print(f"NOT READY  {name}: {error}", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

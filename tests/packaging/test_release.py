"""What a release needs is checked, and each check can fail; fragments become a section of the changelog."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import changelog
import pytest
import release_check
from release_check import FORBIDDEN, NotReady, Release

ROOT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------------------------------------------------- changelog


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\nWords.\n\n## 0.0.9 - 2026-01-01\n\n- Old.\n")
    return tmp_path


def put(house: Path, name: str, text: str) -> None:
    (house / "changelog.d" / name).write_text(text)


def test_fragments_become_a_section(house: Path) -> None:
    put(house, "README.md", "How to.")
    put(house, "one.added.md", "One,\nin two lines.\n")
    put(house, "two.added.md", "- Two.\n- Three.\n")
    declared = [f"- `breaking: GET x, {place}: type a is now b`" for place in ("query b", "query c", "query c")]
    put(house, "gone.breaking.md", "Gone.\n\n" + "\n".join(declared) + "\n")
    assert changelog.section(house / "changelog.d", "0.1.0", "2026-12-01") == (
        "## 0.1.0 - 2026-12-01\n\n### Breaking\n\n- Gone.\n\n  - `GET x, query b`\n  - `GET x, query c`\n\n"
        "### Added\n\n- One,\n  in two lines.\n- Two.\n- Three.\n"
    )


def test_a_release_moves_them(house: Path) -> None:
    put(house, "README.md", "How to.")
    put(house, "one.fixed.md", "One.")
    changelog.release(house, "0.1.0", "2026-12-01")
    text = (house / "CHANGELOG.md").read_text()
    assert text.startswith(
        "# Changelog\n\nWords.\n\n## 0.1.0 - 2026-12-01\n\n### Fixed\n\n- One.\n\n## 0.0.9 - 2026-01-01"
    )
    assert text.endswith("- Old.\n")
    assert [path.name for path in (house / "changelog.d").iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("name", "text"), [("one.md", "x"), ("one.news.md", "x"), ("one.added.txt", "x"), ("a.fixed.md", " ")]
)
def test_what_is_no_fragment_is_named(house: Path, name: str, text: str) -> None:
    put(house, name, text)
    with pytest.raises(ValueError, match=name):
        changelog.fragments(house / "changelog.d")


def test_those_that_are_here_make_a_section() -> None:
    version = changelog.package_version()
    assert changelog.section(ROOT / "changelog.d", version, "2026-12-01").startswith(f"## {version} - 2026-12-01\n")


# ------------------------------------------------------------------------------------------------------ release-check


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed."""
    subprocess.run(["git", "clone", "-q", "--no-tags", str(ROOT), str(tmp_path / "clone")], check=True)
    return tmp_path / "clone"


def commit(clone: Path) -> None:
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
    for command in (["add", "-A"], ["commit", "-qm", "A fault"]):
        subprocess.run(["git", *who, *command], cwd=clone, check=True)


def change(clone: Path, file: str, old: str, new: str) -> None:
    text = (clone / file).read_text("utf-8")
    assert old in text
    (clone / file).write_text(text.replace(old, new, 1), "utf-8")


SETTINGS = "src/posthog_environments/config/settings.py"
VERSION = f'VERSION = "{changelog.package_version()}"'
KEY = "phx_" + "a1B2" * 10
Fault = Callable[[Path], None]


def edit(file: str, old: str, new: str) -> Fault:
    return lambda clone: change(clone, file, old, new)


def lay(file: str, text: str) -> Fault:
    def make(clone: Path) -> None:
        (clone / file).write_text(text, "utf-8")

    return make


WORDS = "no paths, registries, keys"
FAULTS: dict[str, tuple[str, Fault, str]] = {
    "no commit": ("commit", lay("NOTICE", "x"), "1 files are not committed"),
    "no version": ("version", edit(SETTINGS, VERSION, 'VERSION = "0.1.dev1"'), "no version to release"),
    "no fragment": ("changelog", lay("changelog.d/x.news.md", "x"), "x.news.md"),
    "a fragment is left": (
        "changelog",
        lay("CHANGELOG.md", f"# x\n\n## {changelog.package_version()} - 2026-12-01\n"),
        "fragments besides",
    ),
    "undeclared": ("contract", edit("openapi.yaml", "name: search\n", "name: find\n"), "not declared"),
    "a form": ("contract", edit("contract/llms.txt", "List persons", "List"), "llms.txt is out of step"),
    "a baseline": ("contract", edit("scripts/breaking.py", 'f"openapi-{new', 'f"openapi-9{new'), "has no openapi-"),
    "a pin": (
        "documentation",
        edit("docs/versioning.md", "ments ~= ", "ments ~= 7."),
        "versioning.md tells to install",
    ),
    "a key": (WORDS, lay("NOTICE", KEY), "a key in NOTICE:1"),
    "a path": (WORDS, lay("NOTICE", "/ho" + "me/somebody/x"), "a path of a machine in NOTICE:1"),
    "a registry": (WORDS, lay("NOTICE", '"res' + 'olved": "https://x"'), "an address of a registry in NOTICE:1"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(clone: Path, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, make, said = FAULTS[fault]
    make(clone)
    if name != "commit":
        commit(clone)
    assert release_check.main(["--only", name], clone) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"NOT READY  {name}: ")
    assert said in out


QUICK = ("commit", "version", "changelog", "contract", "documentation", "no paths, registries, keys")


def test_what_is_here_is_ready_and_what_is_left_is_told(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = changelog.package_version()
    only = [word for name in QUICK for word in ("--only", name)]
    assert release_check.main(only, clone) == 0, capsys.readouterr().out
    told = capsys.readouterr().out.partition("still to do:")[2]
    assert "1. make release" in told
    assert f"v{version}" in told
    # Before the tag the changelog must be made; after it there is nothing left but the upload.
    assert release_check.main([*only, "--tag", f"v{version}"], clone) == 1
    assert "run make release before the tag" in capsys.readouterr().out
    assert release_check.main(["--prepare"], clone) == 0
    commit(clone)
    assert release_check.main([*only, "--tag", f"v{version}"], clone) == 0, capsys.readouterr().out
    assert "1. approve the upload" in capsys.readouterr().out
    assert release_check.main(["--only", "version", "--tag", "v9.9.9"], clone) == 1


def test_a_build_that_differs_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("one", "1"), ("two", "2"), ("three", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.whl").write_text(text)
    monkeypatch.setattr(release_check, "prepare", lambda root: None)
    monkeypatch.setattr(Release, "another", lambda self, name: self.folder)
    release = Release(ROOT, tmp_path)
    release.__dict__["built"] = tmp_path / "one"
    for other, same in (("two", False), ("three", True)):
        monkeypatch.setattr(Release, "build", lambda self, root, name, other=other: tmp_path / other)
        if same:
            assert release_check.bytes_(release) == "1 files, twice the same"
        else:
            with pytest.raises(NotReady, match=r"differs in x\.whl"):
                release_check.bytes_(release)


def test_a_bill_of_another_wheel_is_seen(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_text("wheel")
    release = Release(ROOT, tmp_path)
    release.__dict__["built"] = tmp_path
    digest = release_check.sums(tmp_path)["x.whl"]
    for content, good in ((digest, True), ("0" * 64, False)):
        component = {"version": release.version, "hashes": [{"content": content}]}
        (tmp_path / "x.cdx.json").write_text(json.dumps({"metadata": {"component": component}, "components": [1, 2]}))
        if good:
            assert release_check.bill(release) == "2 components"
        else:
            with pytest.raises(NotReady, match="not of this wheel"):
                release_check.bill(release)


def test_what_is_forbidden_does_not_name_itself() -> None:
    assert len(FORBIDDEN) == 3
    assert release_check.words(Release(ROOT, ROOT)).startswith("none of ")


def test_a_wheel_of_another_version_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.whl").write_text("wheel")
    release = Release(ROOT, tmp_path)
    release.__dict__["built"] = tmp_path
    monkeypatch.setattr("venv.create", lambda *_, **__: None)
    monkeypatch.setattr(release_check, "run", lambda command, cwd: "phenv, version 9.9.9\n")
    with pytest.raises(NotReady, match=r"says that it is 9\.9\.9"):
        release_check.wheel(release)
    monkeypatch.setattr(release_check, "run", lambda command, cwd: f"phenv, version {release.version}\n")
    with pytest.raises(NotReady, match=r"the form .* in the wheel is another"):
        release_check.wheel(release)

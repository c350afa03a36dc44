"""A user's own Go program: its module's files as they are, the package that is run, and what it says of its needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab.errors import UsageError
from lab.golang import toolchain
from lab.golang.render import GoProgram
from lab.model.units import rounded_bytes

LEFT_OUT: Final = frozenset({".git", ".hg", ".svn", ".bzr", "node_modules", "golab-results"})
"""Folders of which no build has any use: histories, other languages' packages, records of the lab's own."""
MOST_BYTES: Final = 256 << 20
MOST_FILES: Final = 50_000
"""Of a module: all of it is held in memory, and travels to the engine."""
OLDEST: Final = (1, 22)
"""The first release that go_templates/overlays/program.toml fits."""
MODULES: Final = "modules"
"""The name by which a job is shown the module cache."""

_SHOWN: Final = 3
_COMMENTS: Final = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_PACKAGE: Final = re.compile(rb"^\s*package\s+(\w+)", re.MULTILINE)
_MODULE: Final = re.compile(r'^module\s+"?([^\s"]+)"?', re.MULTILINE)
_GO: Final = re.compile(r"^go\s+(\d+(?:\.\d+)*)", re.MULTILINE)
_REQUIRES: Final = re.compile(r"^require\b", re.MULTILINE)
_REPLACED: Final = re.compile(r"=>\s*\"?(\.{1,2}(?:/[^\s\"]*)?|/[^\s\"]*)")
_VERSION: Final = re.compile(r"^v\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A user's module and the package of it that is run (``.``, or ``./cmd/web`` below ``root``).

    ``modules`` is the module cache of this machine that the build may read; None where the module needs no other, brings
    them in ``vendor/``, or there is no such folder.
    """

    root: Path
    package: str
    path: str
    go: str
    vendored: bool
    modules: Path | None
    program: GoProgram = field(repr=False)

    @property
    def name(self) -> str:
        """The package's own name, as a scenario may be called."""
        return self.program.name

    @property
    def environment(self) -> Mapping[str, str]:
        """What its build is told of modules: nothing is looked up, nothing is written."""
        found = {"GOFLAGS": "-mod=vendor" if self.vendored else "-mod=readonly", "GOWORK": "off"}
        return found | ({"GOMODCACHE": f"{{{MODULES}}}"} if self.modules else {})

    @property
    def shown(self) -> Mapping[str, Path]:
        """Folders of this machine that its build may read."""
        return {MODULES: self.modules} if self.modules else {}

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases that golab can fetch, the overlay fits and go.mod accepts, the newest first.

        UsageError where there is none.
        """
        known = sorted(toolchain.WHEELS, key=toolchain.ordered, reverse=True)
        least = max(toolchain.ordered(self.go), OLDEST)
        if found := tuple(release for release in known if toolchain.ordered(release) >= least):
            return found
        raise UsageError(
            f"{self.root / 'go.mod'} asks for Go {self.go}, and the newest that golab can fetch is {known[0]}",
            hint="lower its go line, if the program compiles with an older release",
        )


def read(folder: Path, *, modules: Path | None = None, results: Path | None = None) -> Module:
    """The program whose package is in *folder*, with all files of its module but those below *results*.

    *modules* is the module cache. UsageError says what *folder* lacks to be a program.
    """
    if not folder.is_dir():
        is_source = folder.suffix == ".go" and folder.is_file()
        hint = f"give its folder: {folder.parent}" if is_source else "give the folder of a Go package"
        raise UsageError(f"{folder} is no folder", hint=hint)
    folder = folder.resolve()
    root = _root(folder)
    _refuse_no_program(folder)
    text = (root / "go.mod").read_text(errors="replace")
    bare = re.sub(r"//[^\n]*", "", text)
    module, go = _MODULE.search(bare), _GO.search(bare)
    if module is None:
        raise UsageError(
            f"{root / 'go.mod'} names no module", hint="it begins with a line such as: module example.com/web"
        )
    replaced = tuple(_replaced(root, bare))
    vendored = (root / "vendor" / "modules.txt").is_file()
    package = folder.relative_to(root).as_posix()
    is_lacking = _REQUIRES.search(bare) is not None and not vendored
    return Module(
        root=root,
        package=package if package == "." else f"./{package}",
        path=module[1],
        go=go[1] if go else "1.16",
        vendored=vendored,
        modules=modules.resolve() if modules is not None and is_lacking and modules.is_dir() else None,
        program=GoProgram(_name(module[1], package), _files(root, replaced, results)),
    )


def module_cache(environ: Mapping[str, str], home: Path) -> Path:
    """Where Go keeps modules on this machine, by the same variables as ``go env GOMODCACHE``."""
    if named := environ.get("GOMODCACHE"):
        return Path(named)
    first, _, _ = environ.get("GOPATH", "").partition(os.pathsep)
    return (Path(first) if first else home / "go") / "pkg" / "mod"


def _root(folder: Path) -> Path:
    for above in (folder, *folder.parents):
        if (above / "go.mod").is_file():
            return above
    raise UsageError(
        f"there is no go.mod in {folder}, nor above it", hint="go mod init NAME, in that folder, makes one"
    )


def _refuse_no_program(folder: Path) -> None:
    sources = [path for path in sorted(folder.glob("*.go")) if not path.name.endswith("_test.go")]
    if not sources:
        below = sorted({path.parent for path in folder.glob("cmd/*/*.go")})
        hint = (
            f"its programs may be {', '.join(map(str, below[:_SHOWN]))}"
            if below
            else "give the folder of a Go package"
        )
        raise UsageError(f"{folder} holds no Go files", hint=hint)
    found = [_PACKAGE.search(_COMMENTS.sub(b"", path.read_bytes())) for path in sources]
    names = sorted({each[1].decode(errors="replace") for each in found if each})
    if names and "main" not in names:
        raise UsageError(
            f"{folder} is package {names[0]}, not main: there is nothing to run",
            hint="give the folder of a package main",
        )


def _replaced(root: Path, text: str) -> Iterator[Path]:
    """The folders that stand in for modules. UsageError where one is not below the module: it would not be there in a build."""
    for found in _REPLACED.finditer(text):
        place = (root / found[1]).resolve()
        if not place.is_relative_to(root):
            raise UsageError(
                f"{root / 'go.mod'} replaces a module by {found[1]}, which is not below {root}",
                hint="go mod vendor brings it into the module",
            )
        yield place


def _name(module: str, package: str) -> str:
    """``program-`` and the last word of the package's path that is no version."""
    words = [*module.split("/"), *(package.split("/") if package != "." else ())]
    last = next((word for word in reversed(words) if not _VERSION.match(word)), "go")
    return f"program-{re.sub(r'[^a-z0-9]+', '-', last.lower()).strip('-') or 'go'}"


def _files(root: Path, replaced: tuple[Path, ...], results: Path | None) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    total = 0
    for path in _walked(root, replaced, results):
        name = path.relative_to(root).as_posix()
        total += path.stat().st_size
        top = name.partition("/")[0]
        sizes[top] = sizes.get(top, 0) + path.stat().st_size
        if total <= MOST_BYTES and len(files) <= MOST_FILES:
            files[name] = path.read_bytes()
    if total > MOST_BYTES or len(files) > MOST_FILES:
        largest = sorted(sizes, key=lambda each: -sizes[each])[:_SHOWN]
        raise UsageError(
            f"the module {root} has more than {MOST_FILES} files or {rounded_bytes(MOST_BYTES)}"
            f" (largest: {', '.join(f'{each} {rounded_bytes(sizes[each])}' for each in largest)})",
            hint="move what is no source out of the module",
        )
    return files


def _walked(root: Path, replaced: tuple[Path, ...], results: Path | None) -> Iterator[Path]:
    left_out = results.resolve() if results else None
    for place, folders, names in os.walk(root):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if name not in LEFT_OUT and here / name != left_out and not _is_foreign(here / name, replaced)
        )
        yield from (here / name for name in sorted(names) if (here / name).is_file())


def _is_foreign(folder: Path, replaced: tuple[Path, ...]) -> bool:
    """Whether *folder* is a module of its own, which is no part of the one around it unless that says so."""
    is_wanted = any(folder == each or each.is_relative_to(folder) for each in replaced)
    return not is_wanted and (folder / "go.mod").is_file()

"""What a build lacks, told from Go's own words: modules that are not there, versions that do not fit, C that is not asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_DISABLED: Final = "module lookup disabled by GOPROXY=off"
_WANTED: Final = re.compile(r"^go: downloading (?P<module>\S+) (?P<version>\S+)$", re.MULTILINE)
_NAMED: Final = re.compile(rf"([^\s:@]+@v[^\s:,;]+): {_DISABLED}")
_IMPORTED: Final = re.compile(
    r"(?:no required module provides package|cannot find module providing package) (?P<package>[^\s:;]+)"
)
_VENDOR: Final = re.compile(
    r"inconsistent vendoring|cannot find package \"?[^\s\"]+\"? in:?\s|import lookup disabled by -mod=vendor|is explicitly required in go\.mod, but not marked"
)
_SUM: Final = re.compile(r"(?P<what>\S+): missing go\.sum entry|missing go\.sum entry")
_NEWER: Final = re.compile(r"(?P<who>\S+) requires go >= (?P<least>[\d.]+)\S* \(running go (?P<now>[\d.]+)")
_C: Final = re.compile(
    r"build constraints exclude all Go files in|C source files not allowed when not using cgo|could not determine what C\."
)


def missing(said: str) -> str | None:
    """What the user has to do so that the build finds all that it needs; None where Go's words name nothing that is missing."""
    return next(_remedies(said), None)


def _remedies(said: str) -> Iterator[str]:
    if found := _NEWER.search(said):
        yield f"{found['who']} wants Go {found['least']} or newer: leave Go {found['now']} out with --go"
    if _VENDOR.search(said):
        yield "vendor/ and go.mod do not say the same: go mod vendor brings vendor/ up to date"
    wanted = {f"{found['module']}@{found['version']}" for found in _WANTED.finditer(said)}
    if _DISABLED in said and (lacking := sorted(wanted | {found[1] for found in _NAMED.finditer(said)})):
        is_one = len(lacking) == 1
        yield (
            f"module{'' if is_one else 's'} {', '.join(lacking)} {'is' if is_one else 'are'} neither in vendor/"
            " nor in the module cache: go mod vendor, or go mod download"
        )
    if found := _IMPORTED.search(said):
        yield f"go.mod names no module for package {found['package']}: go get {found['package']}, or go mod tidy"
    if _SUM.search(said):
        yield "go.sum lacks an entry, and a build of the lab writes none: go mod tidy"
    if _C.search(said):
        yield "a part of it may be C: --cgo builds it with a C compiler"

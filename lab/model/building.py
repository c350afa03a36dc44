"""How the programs of a scenario are built: what of it a manifest decides, by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["go", "c++"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """How one cell's program is built.

    ``cgo`` is whether it has C in it; ``ldflags`` goes to Go's linker as it is; ``overlay`` names a file of
    ``go_templates/overlays/`` by which the build sees other sources of the Go release, empty for none; ``attached`` is that of an instrument.
    """

    language: Language = "go"
    cgo: bool = False
    ldflags: str = ""
    overlay: str = ""
    attached: str = ""

    @property
    def needs_compiler(self) -> bool:
        """Whether it needs a C or C++ compiler, which no Go release has."""
        return self.cgo or self.language == "c++"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPart:
    """What is said of the builds of those cells whose levels lie within ``where``: fields of :class:`Building`."""

    said: Mapping[str, Any]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one source file of a Go release, below its ``src``.

    ``anchor`` is text that stands in the file once, in whole lines; ``text`` comes before it, after it, or instead of it. The
    edit is made in releases from ``since`` on and before ``until``; empty: all of the overlay's.
    """

    file: str
    anchor: str
    place: Literal["before", "after", "instead"]
    text: str
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Other sources for a build: edits of a release's files, and files that it has not. No file of the release is touched."""

    name: str
    title: str
    releases: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)

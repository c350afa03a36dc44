"""The tables of a manifest that say how programs are built, and the file of an overlay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from lab.manifest.tables import Name, Table, checked, checked_list, nearest, parsed, refusal
from lab.model.building import BuildPart, Edit, Overlay

FORMAT: Final = 1
"""An overlay file's own format. History. 1: first."""


class BuildTable(Table):
    """``[build]``: what is said of all cells; a key that is not there says nothing."""

    language: Literal["go", "c++"] | None = None
    cgo: bool | None = None
    ldflags: str | None = None
    overlay: Name | None = None


class BuildsTable(BuildTable):
    """``[[builds]]``: what is said of the cells with these levels; the last word counts."""

    where: dict[str, list[str]]


def build_parts(tables: Iterable[BuildTable]) -> tuple[BuildPart, ...]:
    """What both kinds of table say, in their order."""
    return tuple(
        BuildPart(
            said=table.model_dump(exclude={"where"}, exclude_none=True),
            where={name: tuple(texts) for name, texts in table.where.items()}
            if isinstance(table, BuildsTable)
            else {},
        )
        for table in tables
    )


class _EditTable(Table):
    file: str
    anchor: str = Field(min_length=1)
    before: str | None = None
    after: str | None = None
    instead: str | None = None
    since: str = ""
    until: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> _EditTable:
        if len(self.places) != 1:
            raise ValueError("an edit has one of before, after and instead")
        return self

    @property
    def places(self) -> Mapping[Literal["before", "after", "instead"], str]:
        given = {"before": self.before, "after": self.after, "instead": self.instead}
        return {place: text for place, text in given.items() if text is not None}  # type: ignore[misc]


class _FileTable(Table):
    file: str
    text: str


class _TopTable(Table):
    format: Literal[1]
    title: str
    releases: list[str] = Field(min_length=1)


def load_overlay(folders: Iterable[Path], name: str) -> Overlay:
    """The overlay called *name*, from the first of *folders* that has it. ManifestError lists every mistake with file and key."""
    known = {path.stem: path for folder in reversed(list(folders)) for path in folder.glob("*.toml")}
    if name not in known:
        raise refusal(Path(f"{name}.toml"), [f"there is no overlay {name!r}{nearest(name, sorted(known))}"])
    path = known[name]
    raw = parsed(path.read_bytes(), path)
    mistakes: list[str] = []
    top = checked(
        _TopTable,
        {k: v for k, v in raw.items() if k not in ("edits", "files")},
        "",
        mistakes,
        also=("edits", "files"),
    )
    edits = checked_list(_EditTable, raw, "edits", mistakes) if "edits" in raw else []
    files = checked_list(_FileTable, raw, "files", mistakes) if "files" in raw else []
    if not edits and not files:
        mistakes.append("edits: an overlay has [[edits]] or [[files]]")
    if mistakes or top is None:
        raise refusal(path, mistakes)
    return Overlay(
        name=name,
        title=top.title,
        releases=tuple(top.releases),
        edits=tuple(_edits(table for _, table in edits)),
        files={table.file: table.text for _, table in files},
    )


def _edits(tables: Iterable[_EditTable]) -> Iterator[Edit]:
    for table in tables:
        ((place, text),) = table.places.items()
        yield Edit(
            file=table.file, anchor=table.anchor, place=place, text=text, since=table.since, until=table.until
        )

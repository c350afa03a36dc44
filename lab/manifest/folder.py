"""The tables of a manifest that say what working folders hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from lab.manifest.factor import Where, read_where
from lab.manifest.tables import ByteCount, Table
from lab.model.folder import FolderPart, Laid, Side


def _within(text: str) -> str:
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in text:
        raise ValueError(f"{text!r} is no path within a folder")
    return text


class FilesTable(Table):
    """``[[files]]``: files that the folder of the cells with these levels holds, in its lowest layer, its top one or every one.

    Of ``count`` files each has its number where ``{}`` stands in ``path``; ``linked`` ones are names of one file.
    """

    path: Annotated[str, AfterValidator(_within)]
    size: ByteCount
    layer: Side = "lowest"
    count: int = Field(default=1, ge=1, le=100_000)
    linked: bool = False
    where: Where = Field(default_factory=dict)

    @model_validator(mode="after")
    def _named(self) -> FilesTable:
        if (self.count > 1) != ("{}" in self.path):
            raise ValueError("{} in its path and a count of more than 1 go together")
        return self


def folder_parts(tables: Iterable[FilesTable]) -> Iterator[FolderPart]:
    """What all tables say."""
    for table in tables:
        laid = Laid(
            path=table.path, size=table.size, layer=table.layer, count=table.count, is_linked=table.linked
        )
        yield FolderPart(laid=laid, where=read_where(table.where))

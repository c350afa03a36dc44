"""The tables of a manifest that say what containers hold beside the programs."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from lab.manifest.tables import Table
from lab.model.scenario import ImageNeed, Provision


class ImageTable(Table):
    """``[image]``: what every cell's container holds."""

    holds: list[Provision] = Field(default_factory=list)


class ImagesTable(Table):
    """``[[images]]``: what the containers of the cells with these levels hold, too."""

    where: dict[str, list[str]]
    holds: list[Provision] = Field(min_length=1)


def image_needs(everywhere: ImageTable, tables: Iterable[ImagesTable]) -> tuple[ImageNeed, ...]:
    """What both kinds of table say."""
    somewhere = (
        ImageNeed(holds=tuple(table.holds), where={name: tuple(texts) for name, texts in table.where.items()})
        for table in tables
    )
    return tuple(need for need in (ImageNeed(holds=tuple(everywhere.holds)), *somewhere) if need.holds)

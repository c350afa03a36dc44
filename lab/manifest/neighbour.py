"""The tables of a manifest that say who works beside a replicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from lab.manifest.factor import Where, read_where
from lab.manifest.tables import Table
from lab.model.scenario import Neighbour


class NeighbourTable(Table):
    """``[[neighbours]]``: a program of ``go_templates/neighbours/`` beside the replicates of the cells with these levels."""

    program: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    arguments: list[str] = Field(default=[])
    where: Where


def neighbours(tables: Iterable[NeighbourTable]) -> Iterator[Neighbour]:
    """What all tables say."""
    for table in tables:
        yield Neighbour(
            program=table.program, arguments=tuple(table.arguments), where=read_where(table.where)
        )

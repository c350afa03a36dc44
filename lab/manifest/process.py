"""The tables of a manifest that say what a replicate's process is given, and whether it speaks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from lab.manifest.tables import Duration, Table
from lab.model.process import ProcessPart, Variables
from lab.model.units import Nanos


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("no process can be given a NUL")
    return text


_Given = Annotated[str, AfterValidator(_without_nul)]
_Variable = Annotated[str, Field(pattern=r"^[^=\x00]+$")]


class ProcessTable(Table):
    """``[process]``: arguments after those of the factors; ``stop_after`` ends what serves; ``speaks = false`` for programs without internal/lab."""

    arguments: list[_Given] = Field(default=[])
    stop_after: Duration | None = None
    speaks: bool = True


class EnvironmentTable(Table):
    """``[[environment]]``: variables of the cells with these levels; the last word counts."""

    variables: dict[_Variable, _Given]
    where: dict[str, list[str]] = Field(default={})


def process_part(process: ProcessTable, environments: Iterable[EnvironmentTable]) -> ProcessPart:
    """What both kinds of table say."""
    return ProcessPart(
        arguments=tuple(process.arguments),
        stop_after=None if process.stop_after is None else Nanos(process.stop_after),
        variables=tuple(
            Variables(
                values=table.variables, where={name: tuple(texts) for name, texts in table.where.items()}
            )
            for table in environments
        ),
        speaks=process.speaks,
    )

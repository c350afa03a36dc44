"""The tables of a manifest that say what of the whole machine a cell needs changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from pydantic import Field

from lab.manifest.factor import Where, no_bytes, read_where, unknown_levels
from lab.manifest.tables import Name, Table
from lab.model.scenario import Caches, Factor, HostDrop, HostMode, HostNeed

_GOES_BY: Final = {"transparent_hugepage": "mode", "drop_caches": "caches"}
"""The key that says what is wanted of a setting; of the others it is ``factor``."""


class HostTable(Table):
    """Huge pages, as many as ``times`` a ``factor`` says; the ``mode`` of transparent ones; or ``caches`` that are dropped before each replicate."""

    setting: Literal["nr_hugepages", "nr_overcommit_hugepages", "transparent_hugepage", "drop_caches"]
    where: Where
    factor: Name | None = None
    times: int | None = Field(default=None, ge=1)
    mode: Literal["always", "madvise", "never"] | None = None
    caches: Caches | None = None


def host_needs(tables: Iterable[HostTable]) -> tuple[HostNeed, ...]:
    """Huge pages, by cell."""
    return tuple(
        HostNeed(
            setting=table.setting, factor=table.factor, where=read_where(table.where), times=table.times or 1
        )
        for table in tables
        if table.setting in ("nr_hugepages", "nr_overcommit_hugepages") and table.factor is not None
    )


def host_modes(tables: Iterable[HostTable]) -> tuple[HostMode, ...]:
    """How transparent huge pages are to be, by cell."""
    return tuple(
        HostMode(mode=table.mode, where=read_where(table.where)) for table in tables if table.mode is not None
    )


def host_drops(tables: Iterable[HostTable]) -> tuple[HostDrop, ...]:
    """Which caches are dropped, by cell."""
    return tuple(
        HostDrop(caches=table.caches, where=read_where(table.where))
        for table in tables
        if table.caches is not None
    )


def host_contradictions(
    tables: list[tuple[str, HostTable]], factors: tuple[Factor, ...], malformed: set[str]
) -> Iterator[str]:
    """What the tables say that cannot be: levels that there are not, keys that do not go with a setting."""
    by_name = {factor.name: factor for factor in factors}
    for at, table in tables:
        yield from unknown_levels(f"{at}.where", table.where, by_name, malformed)
        needed = _GOES_BY.get(table.setting, "factor")
        if getattr(table, needed) is None:
            yield f"{at}.{needed}: is missing"
        for odd in sorted({"factor", "mode", "caches"} - {needed}):
            if getattr(table, odd) is not None:
                yield f"{at}.{odd}: does not go with {table.setting}, which goes by its {needed}"
        if needed == "factor" and table.factor is not None:
            yield from no_bytes(at, table.factor, by_name, malformed)

"""A scenario's TOML as a :class:`~lab.model.scenario.Scenario`; every mistake is reported at once.

The file is read in two steps. Its shape is checked table by table, so that one bad table does not hide
the others; then what the tables say of each other is checked over those that were well formed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from lab.manifest.building import BuildsTable, BuildTable, build_parts
from lab.manifest.builtin import built_in
from lab.manifest.factor import FactorTable, Where, no_bytes, read_factors, read_where, unknown_levels
from lab.manifest.folder import FilesTable, folder_parts
from lab.manifest.holding import ImagesTable, ImageTable, image_needs
from lab.manifest.hosting import HostTable, host_contradictions, host_drops, host_modes, host_needs
from lab.manifest.look import Known
from lab.manifest.neighbour import NeighbourTable, neighbours
from lab.manifest.process import EnvironmentTable, ProcessTable, process_part
from lab.manifest.rules import ClaimTable, claims_from
from lab.manifest.tables import (
    ByteCount,
    Duration,
    Name,
    Table,
    checked,
    checked_list,
    parsed,
    refusal,
)
from lab.model.instrument import ATTACHMENTS
from lab.model.matrix import default_cells
from lab.model.metric import Metric, Statistic
from lab.model.run import Ending
from lab.model.scenario import (
    BUILT_IN_FACTORS,
    OUTCOME_MARGIN,
    CellGroup,
    Exclusion,
    Factor,
    Limits,
    Scenario,
    Touched,
)
from lab.model.units import duration_from_text

FORMAT: Final = 1
"""The manifest's own format. History. 1: first."""


class _LimitsTable(Table):
    time: Duration
    memory: ByteCount
    pids: int = Field(ge=2)


class _TouchedTable(Table):
    factor: Name
    where: Where = Field(default_factory=dict)
    times: int = Field(default=1, ge=1)


_Share = Annotated[float, Field(gt=0, le=1)]


class _ExcludeTable(Table):
    steal_share: _Share | None = None
    psi_cpu_share: _Share | None = None
    psi_memory_share: _Share | None = None
    psi_io_share: _Share | None = None
    swap: bool = False
    throttled: bool = False
    foreign_container: bool = False


class _CellsTable(Table):
    name: str
    levels: Where
    quick: bool = False


class _MetricTable(Table):
    name: Name
    title: str
    observation: Name
    unit: Literal["ns", "bytes", "count", "errno"]
    statistic: Statistic = "p50"
    margin: float = Field(default=0.15, gt=0, lt=1)
    discard: int = Field(default=0, ge=0)
    where: Where = Field(default_factory=dict)
    not_predicted: str = ""
    described: str = ""


class _TopTable(Table):
    format: Literal[1]
    title: str
    blocks: str
    look_for: str
    releases: list[str] = Field(min_length=1)
    replicates: int = Field(default=10, ge=1)
    most_replicates: int | None = Field(default=None, ge=1)
    quick_replicates: int = Field(default=5, ge=1)
    reads: list[Literal["inittrace", "schedtrace"]] = Field(default=[])
    expected: list[Literal[tuple(ending.value for ending in Ending)]] = Field(default=["exit"])  # type: ignore[valid-type]
    outcome_margin: float = Field(default=OUTCOME_MARGIN, gt=0, lt=1)
    limits: _LimitsTable
    touched: _TouchedTable | None = None
    build: BuildTable = BuildTable()
    image: ImageTable = ImageTable()
    exclude: _ExcludeTable = _ExcludeTable()
    process: ProcessTable = ProcessTable()


_OF_INSTRUMENTS: Final = frozenset(
    metric.name for attachment in ATTACHMENTS.values() for metric in attachment.metrics
)
_LISTS: Final = (
    *("factors", "cells", "metrics", "claims", "host_settings", "builds", "images", "environment"),
    *("files", "neighbours"),
)


def load(path: Path) -> Scenario:
    """The scenario that the file at *path* states. ManifestError lists every mistake with file and key."""
    return read(path.read_bytes(), name=path.stem, path=path)


def read(content: bytes, *, name: str, path: Path) -> Scenario:
    """The scenario called *name* that *content* states; *path* is where a mistake is said to be."""
    raw = parsed(content, path)
    mistakes: list[str] = []
    top = checked(_TopTable, {k: v for k, v in raw.items() if k not in _LISTS}, "", mistakes, also=_LISTS)
    factor_tables = checked_list(FactorTable, raw, "factors", mistakes)
    cell_tables = checked_list(_CellsTable, raw, "cells", mistakes)
    metric_tables = checked_list(_MetricTable, raw, "metrics", mistakes)
    host_tables = checked_list(HostTable, raw, "host_settings", mistakes) if "host_settings" in raw else []
    build_tables = checked_list(BuildsTable, raw, "builds", mistakes) if "builds" in raw else []
    image_tables = checked_list(ImagesTable, raw, "images", mistakes) if "images" in raw else []
    given_tables = (
        checked_list(EnvironmentTable, raw, "environment", mistakes) if "environment" in raw else []
    )
    files_tables = checked_list(FilesTable, raw, "files", mistakes) if "files" in raw else []
    neighbour_tables = (
        checked_list(NeighbourTable, raw, "neighbours", mistakes) if "neighbours" in raw else []
    )
    releases = top.releases if top is not None else [str(x) for x in raw.get("releases", ())] or ["0"]
    factors = (*read_factors(factor_tables, mistakes), *built_in(releases))
    malformed = _names(raw, "factors") - {factor.name for factor in factors}
    mistakes.extend(_contradictions(factors, malformed, cell_tables, metric_tables, top))
    mistakes.extend(host_contradictions(host_tables, factors, malformed))
    mistakes.extend(_build_contradictions(build_tables, factors, malformed))
    mistakes.extend(_around_contradictions([*host_tables, *neighbour_tables], factors))
    by_name = {factor.name: factor for factor in factors}
    placed = [(at, table.where) for at, table in given_tables]
    placed += [(at, table.where) for at, table in image_tables]
    placed += [(at, table.where) for at, table in files_tables]
    placed += [(at, table.where) for at, table in neighbour_tables]
    for at, where in placed:
        mistakes.extend(unknown_levels(f"{at}.where", where, by_name, malformed))
    metrics = tuple(
        Metric(**(table.model_dump() | {"where": read_where(table.where)})) for _, table in metric_tables
    )
    groups = tuple(
        CellGroup(name=table.name, levels=read_where(table.levels), quick=table.quick)
        for _, table in cell_tables
    )
    digest = hashlib.sha256(content).hexdigest()
    stated = None if mistakes or top is None else _scenario(name, top, (factors, groups, metrics), digest)
    if stated is not None and top is not None:
        stated = replace(
            stated,
            process=process_part(top.process, (table for _, table in given_tables)),
            host_needs=host_needs(table for _, table in host_tables),
            host_modes=host_modes(table for _, table in host_tables),
            host_drops=host_drops(table for _, table in host_tables),
            neighbours=tuple(neighbours(table for _, table in neighbour_tables)),
            folder=tuple(folder_parts(table for _, table in files_tables)),
            builds=(*stated.builds, *build_parts(table for _, table in build_tables)),
            image_needs=image_needs(top.image, (table for _, table in image_tables)),
        )
    known = Known(
        metrics={metric.name: metric for metric in metrics},
        malformed=frozenset(_names(raw, "metrics")),
        factors={factor.name: factor for factor in factors},
        cells=None
        if stated is None
        else {cell.id: cell.levels for cell in default_cells(stated, tuned=True)},
        replicates=(top.most_replicates or top.replicates) if top is not None else 1,
    )
    tables = checked_list(ClaimTable, raw, "claims", mistakes) if "claims" in raw else []
    claims = tuple(claims_from(tables, known, mistakes))
    if mistakes or stated is None:
        raise refusal(path, mistakes)
    return replace(stated, claims=claims)


def _scenario(
    name: str,
    top: _TopTable,
    varied: tuple[tuple[Factor, ...], tuple[CellGroup, ...], tuple[Metric, ...]],
    digest: str,
) -> Scenario:
    """What the tables say, without claims."""
    factors, groups, metrics = varied
    return Scenario(
        name=name,
        title=top.title,
        blocks=top.blocks,
        look_for=top.look_for,
        factors=factors,
        groups=groups,
        metrics=metrics,
        limits=Limits(
            time=duration_from_text(f"{top.limits.time}ns"),
            memory_bytes=top.limits.memory,
            pids=top.limits.pids,
        ),
        touched=None
        if top.touched is None
        else Touched(factor=top.touched.factor, where=read_where(top.touched.where), times=top.touched.times),
        replicates=top.replicates,
        most_replicates=top.most_replicates or top.replicates,
        quick_replicates=top.quick_replicates,
        releases=tuple(top.releases),
        expected=tuple(Ending(value) for value in top.expected),
        claims=(),
        builds=build_parts([top.build]),
        reads=tuple(top.reads),
        outcome_margin=top.outcome_margin,
        exclusion=Exclusion(**top.exclude.model_dump()),
        manifest_sha256=digest,
    )


def _names(raw: Mapping[str, Any], key: str) -> set[str]:
    items = raw.get(key)
    return (
        {str(item.get("name")) for item in items if isinstance(item, dict)}
        if isinstance(items, list)
        else set()
    )


def _contradictions(
    factors: tuple[Factor, ...],
    malformed: set[str],
    cells: list[tuple[str, _CellsTable]],
    metrics: list[tuple[str, _MetricTable]],
    top: _TopTable | None,
) -> Iterator[str]:
    by_name = {factor.name: factor for factor in factors}
    for factor in factors:
        if [other.name for other in factors].count(factor.name) > 1:
            kind = "a factor that every scenario has" if factor.name in BUILT_IN_FACTORS else "another factor"
            yield f"factors: {factor.name!r} is the name of {kind} too"
    for at, group in cells:
        yield from unknown_levels(f"{at}.levels", group.levels, by_name, malformed)
    for at, metric in metrics:
        yield from unknown_levels(f"{at}.where", metric.where, by_name, malformed)
        if metric.unit not in ("count", "errno") and not metric.name.endswith(f"_{metric.unit}"):
            yield f"{at}.name: {metric.name!r} does not end in its unit, _{metric.unit}"
        if [other.name for _, other in metrics].count(metric.name) > 1:
            yield f"{at}.name: {metric.name!r} is there twice"
        if metric.name in _OF_INSTRUMENTS:
            yield f"{at}.name: {metric.name!r} is the name of a metric that cells of every scenario can have"
    if top is not None:
        yield from _top_contradictions(top, by_name, malformed)


def _top_contradictions(top: _TopTable, by_name: Mapping[str, Factor], malformed: set[str]) -> Iterator[str]:
    if (top.most_replicates or top.replicates) < top.replicates:
        yield f"most_replicates: {top.most_replicates} are fewer than the {top.replicates} replicates that come first"
    if top.touched is not None:
        yield from unknown_levels("touched.where", top.touched.where, by_name, malformed)
        yield from no_bytes("touched", top.touched.factor, by_name, malformed)


def _build_contradictions(
    tables: list[tuple[str, BuildsTable]], factors: tuple[Factor, ...], malformed: set[str]
) -> Iterator[str]:
    by_name = {factor.name: factor for factor in factors}
    for at, table in tables:
        yield from unknown_levels(f"{at}.where", table.where, by_name, malformed)
    named = {name for _, table in tables for name in table.where}
    for factor in factors:
        if factor.reaches == "build" and factor.name not in named:
            yield f"factors: {factor.name!r} reaches the build, and no [[builds]] says how"


def _around_contradictions(
    tables: list[tuple[str, HostTable | NeighbourTable]], factors: tuple[Factor, ...]
) -> Iterator[str]:
    named = {name for _, table in tables for name in table.where}
    for factor in factors:
        if factor.reaches == "surroundings" and factor.name not in named:
            yield f"factors: {factor.name!r} reaches the surroundings, and no [[neighbours]] or [[host_settings]] says how"

"""The tables of a manifest that say what is varied, and whether another table's levels are among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pydantic import Field

from lab.manifest.tables import Name, Table, nearest
from lab.model.instrument import WITH
from lab.model.level import FactorKind, Level, read_level
from lab.model.scenario import Factor

Where = dict[str, list[str]]


class FactorTable(Table):
    """``[[factors]]``: one factor."""

    name: Name
    title: str
    kind: Literal["bytes", "duration", "integer", "text"]
    levels: list[str] = Field(min_length=1)
    default: str
    reaches: Literal["flag", "environment", "source", "build", "surroundings"]
    variable: str = ""
    form: str = "{}"
    open: bool = False
    smallest: str = ""
    largest: str = ""
    prefix: str = ""


def read_where(table: Where) -> Mapping[str, tuple[str, ...]]:
    """What a table says of factors and levels, frozen."""
    return {name: tuple(texts) for name, texts in table.items()}


def read_factors(tables: Iterable[tuple[str, FactorTable]], mistakes: list[str]) -> Iterator[Factor]:
    """The factors of *tables*; what is wrong with one is added to *mistakes*."""
    for at, table in tables:
        kind = FactorKind(table.kind)
        levels = []
        for text in table.levels:
            try:
                levels.append(read_level(kind, text))
            except ValueError as error:
                mistakes.append(f"{at}.levels: {error}")
        default = next((level for level in levels if level.text == table.default), None)
        if default is None:
            mistakes.append(
                f"{at}.default: {table.default!r} is not one of its levels{nearest(table.default, table.levels)}"
            )
        if (table.reaches == "environment") != bool(table.variable):
            mistakes.append(f"{at}.variable: goes with reaches = 'environment', and only with it")
        bounds = _bounds(at, table, kind, levels, mistakes)
        yield Factor(
            name=table.name,
            title=table.title,
            kind=kind,
            levels=tuple(levels),
            default=default or Level(table.default, table.default),
            reaches=table.reaches,
            variable=table.variable,
            form=table.form,
            open=table.open,
            prefix=table.prefix,
            **bounds,
        )


def _bounds(
    at: str, table: FactorTable, kind: FactorKind, levels: list[Level], mistakes: list[str]
) -> dict[str, int]:
    """The ends between which an open factor takes values of its kind."""
    found: dict[str, int] = {}
    for name, text in (("smallest", table.smallest), ("largest", table.largest)):
        if text and (not table.open or kind is FactorKind.TEXT):
            mistakes.append(f"{at}.{name}: goes with open = true and a kind that has numbers")
        elif text:
            try:
                found[name] = int(read_level(kind, text).value)
            except ValueError as error:
                mistakes.append(f"{at}.{name}: {error}")
    mistakes.extend(
        f"{at}.levels: {level.text} lies beyond its smallest or largest"
        for level in (levels if found else ())
        if not found.get("smallest", 0) <= int(level.value) <= found.get("largest", math.inf)
    )
    return found


def unknown_levels(
    at: str, where: Where, by_name: Mapping[str, Factor], malformed: set[str]
) -> Iterator[str]:
    """The factors and levels of *where* that there are not, and instruments; of a *malformed* factor nothing is known."""
    for name, texts in where.items():
        if name == WITH:
            yield f"{at}.{name}: a manifest asks for no instrument, so that its claims are judged by plain cells; it is asked for with --with"
            continue
        factor = by_name.get(name)
        if factor is None:
            if name not in malformed:
                yield f"{at}.{name}: no factor is called {name!r}{nearest(name, by_name)}"
            continue
        for text in texts:
            try:
                factor.level(text)
            except ValueError as error:
                yield f"{at}.{name}: {error}"


def no_bytes(at: str, name: str, by_name: Mapping[str, Factor], malformed: set[str]) -> Iterator[str]:
    """What is wrong with a table that says how many bytes a cell needs by the factor *name*."""
    named = by_name.get(name)
    if named is None and name not in malformed:
        yield f"{at}.factor: no factor is called {name!r}{nearest(name, by_name)}"
    elif named is not None and named.kind is not FactorKind.BYTES:
        yield f"{at}.factor: {named.name} is a factor of kind {named.kind.value}, not bytes"

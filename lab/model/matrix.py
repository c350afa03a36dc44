"""Cells: combinations of levels, with an id that a person can type."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.errors import UsageError
from lab.model.instrument import WITH, is_plain
from lab.model.level import Level, Levels
from lab.model.scenario import CellGroup, Factor, Scenario

_LONGEST_PATTERN: Final = 1000
"""Characters of a pattern; reading one costs the square of its brackets."""
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of levels of one scenario; equal levels give an equal id, in any run."""

    scenario: str
    id: str
    levels: Levels

    def text(self, factor: str) -> str:
        """The level of *factor* as a person writes it."""
        return self.levels[factor].text


@dataclass(frozen=True, slots=True)
class Selector:
    """``touch-*-p2``: shell patterns over cell ids; a skip wins."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def __call__(self, cell: Cell, plain: Cell | None = None) -> bool:
        """Whether *cell* is wanted. One that an instrument looks at goes with the *plain* one, too: by a pattern for either."""
        ids = {cell.id, (plain or cell).id}
        wanted = not self.only or any(matches_any(each, self.only) for each in ids)
        return wanted and not any(matches_any(each, self.skip) for each in ids)


def joint_id(scenario: str, cell: str) -> str:
    """A cell's id in a run of several scenarios."""
    return f"{scenario}:{cell}"


def own_id(scenario: str, cell: str) -> str:
    """A cell's id within its scenario, as its claims name it."""
    return cell.removeprefix(f"{scenario}:")


def default_cells(scenario: Scenario, *, quick: bool = False, tuned: bool = False) -> tuple[Cell, ...]:
    """The cells of the manifest's groups, in its order, each once; those that need the machine to be *tuned* only then."""
    groups = [group for group in scenario.groups if group.quick or not quick]
    cells = _distinct(cell for group in groups for cell in _group_cells(scenario, group))
    return tuple(cell for cell in cells if tuned or not scenario.needs_host(cell.levels))


def product_cells(scenario: Scenario, given: Mapping[str, Sequence[Level]]) -> tuple[Cell, ...]:
    """The product of the given lists; a factor that has none stays at its default."""
    lists = [tuple(given.get(factor.name, (factor.default,))) for factor in scenario.factors]
    return _distinct(_cell(scenario, levels) for levels in itertools.product(*lists))


def plain_cell(scenario: Scenario, cell: Cell) -> Cell:
    """The cell with the same levels that no instrument looks at; itself where it is that."""
    return cell if is_plain(cell.levels) else looked_at(scenario, cell, scenario.factor(WITH).default)


def looked_at(scenario: Scenario, cell: Cell, instrument: Level) -> Cell:
    """The cell with the same levels that *instrument* looks at."""
    levels = {**cell.levels, WITH: instrument}
    return Cell(cell.scenario, cell_id(scenario.factors, levels), levels)


def partners(cells: Iterable[Cell]) -> Mapping[str, str]:
    """By the id of a cell that an instrument looks at the id of the one with the same levels that none looks at, where that is there."""
    found = list(cells)
    plain = {_without(cell): cell.id for cell in found if is_plain(cell.levels)}
    return {
        cell.id: plain[_without(cell)]
        for cell in found
        if not is_plain(cell.levels) and _without(cell) in plain
    }


def _without(cell: Cell) -> tuple[str, frozenset[tuple[str, str]]]:
    return cell.scenario, frozenset((name, level.text) for name, level in cell.levels.items() if name != WITH)


def unattached(scenario: Scenario, cells: Sequence[Cell]) -> Iterator[str]:
    """A sentence for each reason for which an instrument that looks at some of *cells* does not look at others."""
    instruments = dict.fromkeys(cell.text(WITH) for cell in cells if not is_plain(cell.levels))
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        for instrument in instruments if is_plain(cell.levels) else ():
            if why := scenario.unattachable(cell.levels, instrument):
                reasons.setdefault((instrument, why), []).append(cell.id)
    for (instrument, why), ids in reasons.items():
        yield f"not with {instrument}: {', '.join(ids)}: {why}"


def cell_id(factors: Sequence[Factor], levels: Levels) -> str:
    """The first factor's level, then every level that is not its factor's default."""
    parts = [
        f"{factor.prefix}{levels[factor.name].text}"
        for position, factor in enumerate(factors)
        if position == 0 or levels[factor.name] != factor.default
    ]
    return "-".join(parts)


def _group_cells(scenario: Scenario, group: CellGroup) -> Iterator[Cell]:
    given = {
        name: tuple(scenario.factor(name).level(text) for text in texts)
        for name, texts in group.levels.items()
    }
    return iter(product_cells(scenario, given))


def _cell(scenario: Scenario, levels: Sequence[Level]) -> Cell:
    by_name = {factor.name: level for factor, level in zip(scenario.factors, levels, strict=True)}
    return Cell(scenario.name, cell_id(scenario.factors, by_name), by_name)


def _distinct(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple({cell.id: cell for cell in cells}.values())


def matches_any(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the shell *patterns* fits. UsageError for one that is longer than any that somebody means."""
    for pattern in patterns:
        if len(pattern) > _LONGEST_PATTERN:
            raise UsageError(
                f"the pattern {pattern[:_SHOWN]!r}… has {len(pattern)} characters",
                hint=f"a pattern has at most {_LONGEST_PATTERN}",
            )
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)

"""How good a run's predictions are, over all its cells: what a reader asks before believing any of them."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lab.model.outcome import CellSummary, Inconclusive
from lab.model.quality import Order, Quality, Shape
from lab.stats.bias import bland_altman, slope
from lab.stats.effect import Pair, effects, order
from lab.stats.family import benjamini_hochberg
from lab.stats.forecast import Forecast, by_cell, coverage, forecasts, skill, transform
from lab.stats.process import PerProcess, Repetitions
from lab.stats.shape import shape

_DEALT: Final = 4_000_000
"""Values that are dealt anew in all of a run's metrics together: some tenths of a second."""
_LEAST, _MOST = 99, 999
_ENOUGH: Final = 250
"""Processes of a side that are dealt: more of them find what nobody would mind."""
_FALSE_SHARE: Final = 0.05
"""Of the shapes that are told to differ, at most so many do not."""


def quality(cells: Sequence[CellSummary], *, seed: int) -> Quality | None:
    """None where nothing is predicted and measured; what cannot be told is inconclusive and says why."""
    found, _ = forecasts(cells)
    if not found:
        return None
    shapes = dict(_shapes(found, seed))
    return Quality(
        metrics=len(found),
        cells=len(by_cell(found)),
        held={level: coverage(found, level) for level in (0.5, 0.9)},
        transform=transform(found, seed=seed),
        bias=bland_altman(found),
        slope=slope(found),
        folk=skill(found, _folk(cells)),
        effects=effects(list(_pairs(cells, {each.cell: each for each in found}))),
        orders=dict(_orders(cells, {each.cell: each for each in found})),
        shapes=shapes,
        odd=_odd(shapes),
    )


def _shapes(found: Sequence[Forecast], seed: int) -> Iterator[tuple[str, Shape]]:
    """Of the metrics of which there are enough processes; the more values there are, the fewer permutations for each."""
    values = sum(each.measured.n + each.predicted.n for each in found)
    permutations = min(max(_DEALT // values, _LEAST), _MOST)
    for each in found:
        sides = (_around_one(sample) for sample in (each.measured, each.predicted))
        apart = shape(*sides, seed=seed, permutations=permutations)
        if not isinstance(apart, Inconclusive):
            yield each.cell, apart


def _around_one(sample: PerProcess) -> Repetitions:
    """Whether the centre is right is asked by the ratio; here it is the rest that counts. Of many, every so many."""
    centre = statistics.geometric_mean(sample.values)
    return Repetitions([(value / centre,) for value in sample.values[:: -(-sample.n // _ENOUGH)]])


def _odd(shapes: Mapping[str, Shape]) -> tuple[str, ...]:
    """Those that differ by more than chance, the widest apart first."""
    shares = benjamini_hochberg([each.energy_p for each in shapes.values()])
    odd = [name for name, share in zip(shapes, shares, strict=True) if share <= _FALSE_SHARE]
    return tuple(sorted(odd, key=lambda name: -shapes[name].wasserstein))


def _folk(cells: Sequence[CellSummary]) -> Mapping[str, PerProcess]:
    return {
        f"{cell.id}/{metric.name}": Repetitions([(value,) for value in metric.prediction.folk]).only()
        for cell in cells
        for metric in cell.metrics
        if metric.prediction and metric.prediction.folk and min(metric.prediction.folk) > 0
    }


def _pairs(cells: Sequence[CellSummary], known: Mapping[str, Forecast]) -> Iterator[Pair]:
    """Cells that differ in one factor and, of those with more levels of it, follow each other."""
    for factor in dict.fromkeys(name for cell in cells for name in cell.levels):
        groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[CellSummary]] = {}
        for cell in cells:
            others = tuple((name, level) for name, level in cell.levels.items() if name != factor)
            groups.setdefault((cell.scenario, others), []).append(cell)
        for below, above in itertools.chain.from_iterable(map(itertools.pairwise, groups.values())):
            for metric in below.metrics:
                names = [f"{each.id}/{metric.name}" for each in (above, below)]
                if all(name in known for name in names):
                    change = f"{factor} {below.levels[factor]} → {above.levels[factor]}"
                    yield Pair(
                        f"{metric.name}, {change}, from {below.id}",
                        known[names[0]],
                        known[names[1]],
                        of=f"{below.id} → {above.id}",
                    )


def _orders(cells: Sequence[CellSummary], known: Mapping[str, Forecast]) -> Iterator[tuple[str, Order]]:
    several = len({cell.scenario for cell in cells}) > 1
    for scenario, metric in dict.fromkeys(
        (cell.scenario, each.name) for cell in cells for each in cell.metrics
    ):
        names = [f"{cell.id}/{metric}" for cell in cells if cell.scenario == scenario]
        found = order([known[name] for name in names if name in known])
        if not isinstance(found, Inconclusive):
            yield f"{scenario}: {metric}" if several else metric, found

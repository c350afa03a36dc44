"""How often what is told over cells is wrong: rows of the table in docs/statistics.md."""

import math
import statistics
from collections.abc import Iterator
from functools import partial

import numpy as np

from lab.stats.bias import bland_altman, slope
from lab.stats.forecast import Forecast, by_cell, coverage, skill, transform
from tests.stats.rate import Rate, Source, between, rate
from tests.stats.samples import held, known, one_each


def _forecasts(source: Source, cells: int, spread_by: float = 1.0) -> list[Forecast]:
    """Cells of which the simulator knows its own error, if *spread_by* is 1."""
    made = []
    for cell in range(cells):
        centre, error = source.normal(5, 3), source.normal(0, 0.1)
        simulated = centre + source.normal(0, 0.1, 32) + source.normal(0, 0.1, 32)
        seen = centre + error * spread_by + source.normal(0, 0.1 * spread_by, 10)
        simulated_side, seen_side = (one_each(np.exp(each).tolist()) for each in (simulated, seen))
        made.append(Forecast(str(cell), simulated_side, seen_side))
    return made


def _coverage_holds(source: Source, level: float) -> bool:
    return held(known(coverage(_forecasts(source, 20), level)), level)


def _not_uniform(source: Source, spread_by: float) -> bool:
    found = known(transform(_forecasts(source, 20, spread_by), seed=int(source.integers(2**31))))
    return found.p <= 0.05


def _correlated(
    source: Source, *, cells: int = 12, metrics: int = 4, alike: float = 0.7, apart: bool = False
) -> list[Forecast]:
    """Metrics by cell, predicted without a bias, their errors alike within a cell; *apart* takes each for a cell."""
    made = []
    for cell in range(cells):
        level, shared = source.normal(10, 3), source.normal(0, 0.2 * math.sqrt(alike))
        for metric in range(metrics):
            own = source.normal(0, 0.2 * math.sqrt(1 - alike))
            centre = level + source.normal(0, 1)
            made.append(
                Forecast(
                    f"{cell}/{metric}",
                    one_each([math.exp(centre)]),
                    one_each(np.exp(centre + shared + own + source.normal(0, 0.05, 5)).tolist()),
                    of="" if apart else str(cell),
                )
            )
    return made


def _bias_holds(source: Source, *, apart: bool) -> bool:
    return held(known(bland_altman(_correlated(source, apart=apart))).ratio, 1.0)


def _slope_holds(source: Source) -> bool:
    return held(known(slope(_correlated(source))), 0.0)


def _skilful(source: Source, better: float, cells: int) -> bool:
    """Against a baseline whose error is *better* times as large, and as much alike within a cell."""
    found = _correlated(source, cells=cells)
    baseline = {}
    for of in by_cell(found):
        shared = source.normal(0, 0.2 * math.sqrt(0.7))
        for each in of:
            error = better * (shared + source.normal(0, 0.2 * math.sqrt(0.3)))
            truth = statistics.fmean(map(math.log, each.measured.values))
            baseline[each.cell] = one_each([math.exp(truth + error)])
    low = known(skill(found, baseline)).low
    return low is not None and low > 0


def rates_over_cells() -> Iterator[Rate]:
    """In the table's order."""
    of_cells = "12 cells of 4 metrics, errors alike at 0.7"
    yield between(
        "the bias' 95 % interval holds it, metrics as cells (golab cannot)",
        of_cells,
        (0.6, 0.85),
        partial(_bias_holds, apart=True),
        nominal="95%",
        n=1000,
    )
    yield rate("the bias' 95 % interval holds it", of_cells, 0.95, partial(_bias_holds, apart=False), n=1000)
    yield between(
        "the slope's 95 % interval holds it", of_cells, (0.9, 1.0), _slope_holds, nominal="95%", n=400
    )
    for cells in (5, 12, 30):
        yield between(
            "skill above 0, falsely",
            f"a baseline as good, {cells} cells of 4 metrics",
            (0.01, 0.05),
            partial(_skilful, better=1.0, cells=cells),
            nominal="2.5%",
            n=1000,
        )
    yield between(
        "skill above 0, rightly",
        "a baseline three times as far off, 12 cells of 4 metrics",
        (0.9, 1.0),
        partial(_skilful, better=3.0, cells=12),
        n=300,
    )
    for level in (0.5, 0.9):
        yield between(
            f"coverage of {level:.0%} intervals holds {level:.0%}",
            "a simulator that knows its error, 20 cells",
            (0.95, 1.0),
            partial(_coverage_holds, level=level),
            nominal="at least 95%",
            n=300,
        )
    yield rate(
        "the transform is not uniform, falsely",
        "the same, 20 cells",
        0.05,
        partial(_not_uniform, spread_by=1.0),
        n=600,
    )
    yield between(
        "the transform is not uniform, rightly",
        "three times as far off, 20 cells",
        (0.5, 1.0),
        partial(_not_uniform, spread_by=3.0),
        n=300,
    )

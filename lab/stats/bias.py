"""Are predictions off in one direction, and does that depend on how long things take? Over cells, on the log scale.

Metrics of one cell come from the same processes and the same costs, so their errors hang together: a cell is one
trial. Of 12 cells with 4 metrics each whose errors are alike at 0.7, intervals that take the metrics for 48 trials hold
the bias in 74 % instead of 95.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from statistics import NormalDist

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.model.quality import Bias
from lab.stats.forecast import Forecast, by_cell, too_few
from lab.stats.welch import as_ratio, spread, t_quantile


def bland_altman(forecasts: Sequence[Forecast]) -> Bias | Inconclusive:
    """Measured over predicted, as a ratio over cells, and the limits of agreement of metrics (Bland and Altman 1986, 1999).

    The ratio is one logarithm a cell: the mean over its metrics, of the geometric means. The limits are for a single
    metric: how far each is from that, cells counting alike. Inconclusive for fewer than five cells.
    """
    if problem := too_few(forecasts):
        return problem
    errors = [[above - below for above, below in map(_centres, cell)] for cell in by_cell(forecasts)]
    around = spread([statistics.fmean(cell) for cell in errors])
    z = NormalDist().inv_cdf(0.975)
    of_metrics = statistics.fmean(
        statistics.fmean((each - around.mean) ** 2 for each in cell) for cell in errors
    )
    variance = of_metrics * around.n / (around.n - 1)
    wide, error = z * math.sqrt(variance), math.sqrt(around.squared_error)
    limit_error = math.sqrt(variance * (1 / around.n + z * z / (2 * (around.n - 1))))
    return Bias(
        ratio=_ratio(around.mean, error, around.n, "mean over cells, t interval on logs"),
        lower=_ratio(around.mean - wide, limit_error, around.n, "2.5 % limit of agreement, on logs"),
        upper=_ratio(around.mean + wide, limit_error, around.n, "97.5 % limit of agreement, on logs"),
    )


def slope(forecasts: Sequence[Forecast]) -> Estimate | Inconclusive:
    """How the error grows with the level: Theil and Sen's slope of log(measured / predicted) on the mean logarithm.

    0.1 is 26 % more for each tenfold duration. Its 95 % interval is Student's t around it with the jackknife's error,
    leaving out one cell at a time with all its metrics. Inconclusive for fewer than five cells, or where all have the
    same level.
    """
    if problem := too_few(forecasts):
        return problem
    import numpy as np  # noqa: PLC0415 - not every command needs it

    cells = by_cell(forecasts)
    above, below = np.array([_centres(each) for cell in cells for each in cell]).T
    owners = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
    one, other = np.triu_indices(len(above), 1)
    levels, errors = (above + below) / 2, above - below
    apart = levels[one] != levels[other]
    one, other = one[apart], other[apart]
    slopes = (errors[other] - errors[one]) / (levels[other] - levels[one])
    rests = [slopes[(owners[one] != out) & (owners[other] != out)] for out in range(len(cells))]
    if any(rest.size == 0 for rest in rests):
        return Inconclusive(reason=Reason.CONSTANT, why="all cells have the same level: there is no slope")
    value = float(np.median(slopes))
    without = spread([float(np.median(rest)) for rest in rests])
    n = len(cells)
    half = t_quantile(0.975, n - 1) * (n - 1) * math.sqrt(without.squared_error)
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        confidence=0.95,
        n=n,
        method="Theil-Sen slope on logs, jackknife over cells",
    )


def _centres(forecast: Forecast) -> tuple[float, float]:
    """Mean logarithms, measured and predicted."""
    above, below = (
        statistics.fmean(map(math.log, sample.values)) for sample in (forecast.measured, forecast.predicted)
    )
    return above, below


def _ratio(log: float, error: float, n: int, method: str) -> Estimate:
    half = t_quantile(0.975, n - 1) * error
    return Estimate(
        value=as_ratio(log),
        low=as_ratio(log - half),
        high=as_ratio(log + half),
        confidence=0.95,
        n=n,
        method=method,
    )

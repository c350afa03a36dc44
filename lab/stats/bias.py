"""Are predictions off in one direction, and does that depend on how long things take? Over cells, on the log scale."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from statistics import NormalDist

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.model.quality import Bias
from lab.stats.forecast import Forecast, too_few
from lab.stats.welch import as_ratio, spread, t_quantile


def bland_altman(forecasts: Sequence[Forecast]) -> Bias | Inconclusive:
    """Measured over predicted, as a ratio over cells, and its limits of agreement (Bland and Altman 1986, 1999).

    One logarithm a cell: of the geometric means. Inconclusive for fewer than five cells.
    """
    if problem := too_few(forecasts):
        return problem
    around = spread([above - below for above, below in map(_centres, forecasts)])
    z = NormalDist().inv_cdf(0.975)
    wide, error = z * math.sqrt(around.variance), math.sqrt(around.squared_error)
    limit_error = math.sqrt(around.variance * (1 / around.n + z * z / (2 * (around.n - 1))))
    return Bias(
        ratio=_ratio(around.mean, error, around.n, "mean over cells, t interval on logs"),
        lower=_ratio(around.mean - wide, limit_error, around.n, "2.5 % limit of agreement, on logs"),
        upper=_ratio(around.mean + wide, limit_error, around.n, "97.5 % limit of agreement, on logs"),
    )


def slope(forecasts: Sequence[Forecast]) -> Estimate | Inconclusive:
    """How the error grows with the level: Theil and Sen's slope of log(measured / predicted) on the mean logarithm.

    0.1 is 26 % more for each tenfold duration. With its 95 % interval; inconclusive for fewer than five cells, or
    where all have the same level.
    """
    if problem := too_few(forecasts):
        return problem
    centres = [_centres(each) for each in forecasts]
    levels = [(above + below) / 2 for above, below in centres]
    if min(levels) == max(levels):
        return Inconclusive(reason=Reason.CONSTANT, why="all cells have the same level: there is no slope")
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    found = stats.theilslopes([above - below for above, below in centres], levels, 0.95)
    return Estimate(
        value=float(found.slope),
        low=float(found.low_slope),
        high=float(found.high_slope),
        confidence=0.95,
        n=len(forecasts),
        method="Theil-Sen slope on logs",
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

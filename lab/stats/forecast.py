"""Predictions over cells: whether their intervals hold what they promise, and whether a simple guess is as good.

The unit is the cell. All processes of a cell share one prediction and its error, so they never count as so many
trials; nor do its metrics, which come from the same processes and the same costs: they are averaged within it. Everything is on the log scale: cells are nanoseconds to seconds, and each must count alike.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.outcome import CellSummary, Estimate, Inconclusive, Reason
from lab.model.quality import Transform
from lab.stats.estimate import logs_of
from lab.stats.process import PerProcess, measured, quantile_of_next, simulated
from lab.stats.share import wilson
from lab.stats.welch import as_ratio, spread, t_quantile

LEAST_CELLS: Final = 5
"""For a statement over cells."""
_WORST: Final = -1e9
"""The smallest skill that is told, where the baseline is nearly perfect and the prediction is not."""
_PERFECT: Final = 1e-12
"""A score below which nothing is told apart: a part in 10^12."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One metric's simulated processes and its measured ones, under a name that no other has.

    ``of`` is the cell that it is of: all forecasts of one cell are one trial. Without it the forecast is a cell by
    itself. ValueError where a side has no value, or one not positive.
    """

    cell: str
    predicted: PerProcess
    measured: PerProcess
    of: str = ""

    def __post_init__(self) -> None:
        for sample, kind in ((self.predicted, "predicted"), (self.measured, "measured")):
            problem = logs_of(sample)
            if isinstance(problem, Inconclusive):
                raise ValueError(f"{self.cell}, {kind}: {problem.why}")  # noqa: TRY004 - it is the value that is wrong


def by_cell(forecasts: Iterable[Forecast]) -> list[list[Forecast]]:
    """The trials: forecasts of one cell together, in their order."""
    groups: dict[str, list[Forecast]] = {}
    for each in forecasts:
        groups.setdefault(each.of or each.cell, []).append(each)
    return list(groups.values())


def forecasts(
    cells: Iterable[CellSummary],
) -> tuple[tuple[Forecast, ...], Mapping[str, Inconclusive]]:
    """Every predicted metric of every cell, named ``cell/metric``; and why there is none of the others.

    Metrics that are not meant to be predicted are in neither.
    """
    found, left_out = [], {}
    for cell in cells:
        for metric in cell.metrics:
            if metric.prediction is None:
                continue
            name = f"{cell.id}/{metric.name}"
            samples = (simulated(metric.prediction), measured(metric))
            problems = [each for each in map(logs_of, samples) if isinstance(each, Inconclusive)]
            if problem := metric.no_ratio or next(iter(problems), None):
                left_out[name] = problem
            else:
                found.append(Forecast(name, *samples, of=cell.id))
    return tuple(found), left_out


def coverage(forecasts: Sequence[Forecast], level: float) -> Estimate | Inconclusive:
    """How often the simulator's *level* (0.5, 0.9) interval holds a measured process: to compare with *level*.

    The mean over cells of the share of processes held, a mean over its metrics, with Wilson's 95 % interval for as many
    trials as cells, which is too wide rather than too narrow. Inconclusive for fewer than five cells, or a prediction of too few simulated
    processes for the interval (3 for 50 %, 19 for 90 %). ValueError where *level* is none.
    """
    if not 0 < level < 1:
        raise ValueError(f"{level} is no level of an interval: it lies between 0 and 1")
    wanted = math.ceil(round((1 + level) / (1 - level), 9))
    if problem := too_few(forecasts):
        return problem
    if (fewest := min(each.predicted.n for each in forecasts)) < wanted:
        return Inconclusive(
            reason=Reason.TOO_FEW,
            why=f"a {level:.0%} interval needs {wanted} simulated processes; a cell has {fewest}",
            wanted=wanted,
        )
    shares = [statistics.fmean(_held(each, level) for each in cell) for cell in by_cell(forecasts)]
    low, high = wilson(math.fsum(shares), len(shares))
    return Estimate(
        value=statistics.fmean(shares),
        low=low,
        high=high,
        confidence=0.95,
        n=len(shares),
        method="mean share over cells, Wilson interval",
    )


def _held(forecast: Forecast, level: float) -> float:
    low, high = (quantile_of_next(forecast.predicted.values, 0.5 + side * level / 2) for side in (-1, 1))
    return statistics.fmean(low <= value <= high for value in forecast.measured.values)


def transform(forecasts: Sequence[Forecast], *, seed: int) -> Transform | Inconclusive:
    """Where in its prediction a process of each cell lies, and whether that is uniform (``cramervonmises``).

    Metric and process are drawn by *seed*, one a cell; so is its place among simulated ones that equal it, and between
    two of them. Inconclusive for fewer than five cells.
    """
    if problem := too_few(forecasts):
        return problem
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    source = random.Random(f"{seed}/golab transform")  # noqa: S311 - a sample, not a secret
    drawn = [source.choice(cell) for cell in by_cell(forecasts)]
    values = {each.cell: _place(each, source) for each in drawn}
    found = stats.cramervonmises(list(values.values()), "uniform")
    return Transform(
        values=values, statistic=float(found.statistic), p=min(max(float(found.pvalue), 0.0), 1.0)
    )


def _place(forecast: Forecast, source: random.Random) -> float:
    value = source.choice(forecast.measured.values)
    below = sum(each < value for each in forecast.predicted.values)
    equal = sum(each == value for each in forecast.predicted.values)
    return (below + source.random() * (equal + 1)) / (forecast.predicted.n + 1)


def crps(predicted: PerProcess, value: float) -> float:
    """The continuous ranked probability score of one measured *value*, on the log scale: 0 is perfect, 0.1 about 10 %.

    Ensemble form (Gneiting and Raftery 2007): the mean distance to the members less half that between them; of one
    member it is the absolute error. ValueError where something is not positive.
    """
    if not 0 < value < math.inf:
        raise ValueError(f"{value} has no logarithm that could be scored")
    return _mean_score(predicted, (math.log(value),))


def _mean_score(predicted: PerProcess, logs: Sequence[float]) -> float:
    """The mean of :func:`crps` over values, given as logarithms: their distances are sums over what lies on either side."""
    import numpy as np  # noqa: PLC0415 - not every command needs it

    members = logs_of(predicted)
    if isinstance(members, Inconclusive):
        raise ValueError(members.why)  # noqa: TRY004 - it is the value that is wrong
    n, ordered, own = len(members), np.sort(members), np.asarray(logs)
    upto = np.concatenate([[0.0], np.cumsum(ordered)])
    below = np.searchsorted(ordered, own, side="right")
    distances = own * (2 * below - n) + upto[-1] - 2 * upto[below]
    between = float((2 * np.arange(n) + 1 - n) @ ordered) / (n * n)
    scores = distances / n - between
    return float(np.where(scores > _PERFECT, scores, 0.0).mean())


def skill(forecasts: Sequence[Forecast], baseline: Mapping[str, PerProcess]) -> Estimate | Inconclusive:
    """1 - CRPS / CRPS of the *baseline* (by the forecasts' names), over cells: above 0 it is better than the baseline.

    Baselines are the folk model (durations add up, no scheduler) and what the last release measured. A claim of accuracy
    needs the lower end of the 95 % interval above 0. That is Student's t around the logarithm of the scores' ratio, with
    the jackknife's error, leaving out one cell at a time: of baselines that are as good it finds 3 % of 5 cells worse,
    where resampling cells finds 9 % instead of 2.5. Inconclusive for fewer than five cells with a baseline, or where
    the baseline is perfect. ValueError for a baseline that is not positive.
    """
    known = [each for each in forecasts if each.cell in baseline]
    if problem := too_few(known):
        return problem
    scores = [_cell_score(cell, baseline) for cell in by_cell(known)]
    if not math.fsum(theirs for _, theirs in scores) > 0:
        return Inconclusive(reason=Reason.CONSTANT, why="the baseline is perfect: nothing can be better")
    n, log = len(scores), _log_ratio(scores)
    without = spread([_log_ratio([*scores[:out], *scores[out + 1 :]]) for out in range(n)])
    half = t_quantile(0.975, n - 1) * (n - 1) * math.sqrt(without.squared_error)
    value, low, high = (max(1 - as_ratio(each), _WORST) for each in (log, log + half, log - half))
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=0.95,
        n=n,
        method="skill of CRPS on logs, jackknife over cells",
    )


def _log_ratio(scores: Sequence[tuple[float, float]]) -> float:
    """Of our score over the baseline's, over all cells; what is perfect is as good as can be told."""
    ours, theirs = (max(math.fsum(column), _PERFECT) for column in zip(*scores, strict=True))
    return math.log(ours / theirs)


def _cell_score(cell: Sequence[Forecast], baseline: Mapping[str, PerProcess]) -> tuple[float, float]:
    """Ours and the baseline's, each a mean over the cell's metrics."""
    return (
        statistics.fmean(_score(each.predicted, each) for each in cell),
        statistics.fmean(_score(baseline[each.cell], each) for each in cell),
    )


def _score(predicted: PerProcess, forecast: Forecast) -> float:
    return _mean_score(predicted, [math.log(value) for value in forecast.measured.values])


def too_few(forecasts: Sequence[Forecast], least: int = LEAST_CELLS) -> Inconclusive | None:
    """Why nothing is said over so few cells, or None. ValueError where two have one name."""
    if len({each.cell for each in forecasts}) < len(forecasts):
        raise ValueError("two forecasts have the same name: a cell counts once")
    if (cells := len(by_cell(forecasts))) >= least:
        return None
    return Inconclusive(
        reason=Reason.TOO_FEW if forecasts else Reason.NOTHING_MEASURED,
        why=f"a statement over cells needs {least} of them; there are {cells}",
        wanted=least,
    )

"""Predictions over cells: whether their intervals hold what they promise, and whether a simple guess is as good.

The unit is the cell. All processes of a cell share one prediction and its error, so they never count as so many
trials. Everything is on the log scale: cells are nanoseconds to seconds, and each must count alike.
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
from lab.stats.process import PerProcess, measured, quantile, quantile_of_next, simulated
from lab.stats.share import wilson

LEAST_CELLS: Final = 5
"""For a statement over cells."""
_WORST: Final = -1e9
"""A skill, where the baseline is perfect and the prediction is not."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A cell's simulated processes and its measured ones. ValueError where one has none, or one not positive."""

    cell: str
    predicted: PerProcess
    measured: PerProcess

    def __post_init__(self) -> None:
        for sample, kind in ((self.predicted, "predicted"), (self.measured, "measured")):
            problem = logs_of(sample)
            if isinstance(problem, Inconclusive):
                raise ValueError(f"{self.cell}, {kind}: {problem.why}")  # noqa: TRY004 - it is the value that is wrong


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
                found.append(Forecast(name, *samples))
    return tuple(found), left_out


def coverage(forecasts: Sequence[Forecast], level: float) -> Estimate | Inconclusive:
    """How often the simulator's *level* (0.5, 0.9) interval holds a measured process: to compare with *level*.

    The mean over cells of the share of processes held, with Wilson's 95 % interval for as many trials as cells, which
    is too wide rather than too narrow. Inconclusive for fewer than five cells, or a prediction of too few simulated
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
    shares = [_held(each, level) for each in forecasts]
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

    The process is drawn by *seed*, one a cell; so is its place among simulated ones that equal it, and between two of
    them. Inconclusive for fewer than five cells.
    """
    if problem := too_few(forecasts):
        return problem
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    source = random.Random(f"{seed}/golab transform")  # noqa: S311 - a sample, not a secret
    values = {each.cell: _place(each, source) for each in forecasts}
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
    logs = logs_of(predicted)
    if isinstance(logs, Inconclusive):
        raise ValueError(logs.why)  # noqa: TRY004 - it is the value that is wrong
    if not 0 < value < math.inf:
        raise ValueError(f"{value} has no logarithm that could be scored")
    n, ordered, own = len(logs), sorted(logs), math.log(value)
    between = math.fsum((2 * rank + 1 - n) * each for rank, each in enumerate(ordered)) / (n * n)
    return max(math.fsum(abs(each - own) for each in logs) / n - between, 0.0)


def skill(
    forecasts: Sequence[Forecast], baseline: Mapping[str, PerProcess], *, seed: int, resamples: int = 2000
) -> Estimate | Inconclusive:
    """1 - CRPS / CRPS of the *baseline* (by the forecasts' names), over cells: above 0 it is better than the baseline.

    Baselines are the folk model (durations add up, no scheduler) and what the last release measured. The 95 % interval
    is from resampling cells by *seed*; a claim of accuracy needs its lower end above 0. Inconclusive for fewer than
    five cells with a baseline, or where the baseline is perfect. ValueError for a baseline that is not positive.
    """
    if resamples < 100:  # noqa: PLR2004 - an interval has ends
        raise ValueError("a bootstrap wants 100 resamples or more")
    known = [each for each in forecasts if each.cell in baseline]
    if problem := too_few(known):
        return problem
    scores = [(_score(each.predicted, each), _score(baseline[each.cell], each)) for each in known]
    if not math.fsum(theirs for _, theirs in scores) > 0:
        return Inconclusive(reason=Reason.CONSTANT, why="the baseline is perfect: nothing can be better")
    source = random.Random(f"{seed}/golab skill")  # noqa: S311 - a sample, not a secret
    found = [_skill(source.choices(scores, k=len(scores))) for _ in range(resamples)]
    return Estimate(
        value=_skill(scores),
        low=quantile(found, 0.025),
        high=quantile(found, 0.975),
        confidence=0.95,
        n=len(scores),
        method="skill of CRPS on logs, bootstrap over cells",
    )


def _score(predicted: PerProcess, forecast: Forecast) -> float:
    return statistics.fmean(crps(predicted, value) for value in forecast.measured.values)


def _skill(scores: Iterable[tuple[float, float]]) -> float:
    ours, theirs = (math.fsum(column) for column in zip(*scores, strict=True))
    if ours == theirs:
        return 0.0
    return max(1 - ours / theirs, _WORST) if theirs > 0 else _WORST


def too_few(forecasts: Sequence[Forecast], least: int = LEAST_CELLS) -> Inconclusive | None:
    """Why nothing is said over so few cells, or None. ValueError where two have one name."""
    if len({each.cell for each in forecasts}) < len(forecasts):
        raise ValueError("two forecasts have the same name: a cell counts once")
    if len(forecasts) >= least:
        return None
    return Inconclusive(
        reason=Reason.TOO_FEW if forecasts else Reason.NOTHING_MEASURED,
        why=f"a statement over cells needs {least} of them; there are {len(forecasts)}",
        wanted=least,
    )

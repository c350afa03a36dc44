"""What a factor does, predicted and measured: its sign, its size, and the order of all cells."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.model.quality import Effect, Effects, Order, Sign
from lab.stats.estimate import log_difference
from lab.stats.forecast import Forecast, too_few
from lab.stats.share import share
from lab.stats.welch import Difference, as_ratio


@dataclass(frozen=True, slots=True)
class Pair:
    """Two cells that differ in one factor: what is asked is *above* over *below*."""

    name: str
    above: Forecast
    below: Forecast


def effects(pairs: Sequence[Pair]) -> Effects:
    """Each pair's effect, measured and predicted, and how many signs agree (Wilson, 95 %).

    A sign counts where the measured ratio's 95 % interval excludes 1; a prediction of exactly 1 has the wrong one.
    """
    found, left_out = [], {}
    for pair in pairs:
        measured = log_difference(pair.above.measured, pair.below.measured)
        if isinstance(measured, Inconclusive):
            left_out[pair.name] = measured
        else:
            found.append(_effect(pair, measured))
    decided = [each.sign is Sign.AGREES for each in found if each.sign is not Sign.UNDECIDED]
    signs = share(sum(decided), len(decided))
    if isinstance(signs, Inconclusive):
        signs = Inconclusive(
            reason=Reason.TOO_FEW, why="no factor has an effect that was measured with a sign", wanted=1
        )
    return Effects(each=tuple(found), signs=signs, left_out=left_out)


def _effect(pair: Pair, measured: Difference) -> Effect:
    predicted = _centre(pair.above.predicted.values) - _centre(pair.below.predicted.values)
    half = measured.half_width(0.95)
    if abs(measured.value) <= half:
        sign = Sign.UNDECIDED
    else:
        sign = Sign.AGREES if predicted * measured.value > 0 else Sign.DISAGREES
    n = min(pair.above.measured.n, pair.below.measured.n)

    def ratio(log: float, method: str) -> Estimate:
        return Estimate(
            value=as_ratio(log),
            low=as_ratio(log - half),
            high=as_ratio(log + half),
            confidence=0.95,
            n=n,
            method=method,
        )

    return Effect(
        name=pair.name,
        measured=ratio(measured.value, "ratio of geometric means, Welch on logs"),
        predicted=as_ratio(predicted),
        size=ratio(measured.value - predicted, "measured over predicted effect, Welch on logs"),
        sign=sign,
    )


def order(forecasts: Sequence[Forecast]) -> Order | Inconclusive:
    """Whether cells come in the predicted order: Kendall's tau-b (1 is the same order) of their geometric means.

    Inconclusive for fewer than five cells, or where all are alike.
    """
    if problem := too_few(forecasts):
        return problem
    sides = [
        [_centre(each.measured.values) for each in forecasts],
        [_centre(each.predicted.values) for each in forecasts],
    ]
    if any(min(side) == max(side) for side in sides):
        return Inconclusive(reason=Reason.CONSTANT, why="all cells are alike: they have no order")
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    found = stats.kendalltau(*sides)
    return Order(tau=float(found.statistic), p=float(found.pvalue), cells=len(forecasts))


def _centre(values: Sequence[float]) -> float:
    return statistics.fmean(map(math.log, values))

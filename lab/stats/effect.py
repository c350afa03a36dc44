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
from lab.stats.share import wilson
from lab.stats.welch import Difference, as_ratio


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric of two cells that differ in one factor: what is asked is *above* over *below*.

    ``of`` names the two cells; all their metrics are one trial. Without it the pair is one by itself.
    """

    name: str
    above: Forecast
    below: Forecast
    of: str = ""


def effects(pairs: Sequence[Pair]) -> Effects:
    """Each pair's effect, measured and predicted, and which share of signs agrees (Wilson, 95 %; two cells are one trial).

    A sign counts where the measured ratio's 95 % interval excludes 1; a prediction of exactly 1 has the wrong one.
    """
    found, left_out = [], {}
    decided: dict[str, list[bool]] = {}
    for pair in pairs:
        measured = log_difference(pair.above.measured, pair.below.measured)
        if isinstance(measured, Inconclusive):
            left_out[pair.name] = measured
            continue
        effect = _effect(pair, measured)
        found.append(effect)
        if effect.sign is not Sign.UNDECIDED:
            decided.setdefault(pair.of or pair.name, []).append(effect.sign is Sign.AGREES)
    return Effects(each=tuple(found), signs=_signs(list(decided.values())), left_out=left_out)


def _signs(decided: Sequence[Sequence[bool]]) -> Estimate | Inconclusive:
    if not decided:
        return Inconclusive(
            reason=Reason.TOO_FEW, why="no factor has an effect that was measured with a sign", wanted=1
        )
    shares = [statistics.fmean(each) for each in decided]
    low, high = wilson(math.fsum(shares), len(shares))
    return Estimate(
        value=statistics.fmean(shares),
        low=low,
        high=high,
        confidence=0.95,
        n=len(shares),
        method="mean share over pairs of cells, Wilson interval",
    )


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

"""Does a prediction hold, and are two measured runs alike? Ratios of centres on the log scale, in three verdicts.

See :mod:`lab.stats.equivalence` for the verdicts and :mod:`lab.stats.estimate` for what has no ratio.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

from lab.model.outcome import Comparison, Estimate, Inconclusive, Prediction, Reason, RunComparison
from lab.stats.equivalence import CONFIDENCE, judged, undecided
from lab.stats.estimate import logs_of, ratio_of
from lab.stats.process import PerProcess, quantile_of_next
from lab.stats.rank import rank_test
from lab.stats.welch import Spread, difference, spread, t_quantile


def predicted(simulations: Sequence[PerProcess]) -> Prediction | None:
    """What simulated processes foretell: a :class:`PerProcess` for each resampled calibration.

    The 90 % interval is for one measured process. The centre's standard error is the spread between calibrations,
    freed from that within them (one-way analysis of variance): more simulation does not make it smaller, only more
    calibration does. None where a value is not positive, or there is none.
    """
    found = [logs_of(each) for each in simulations]
    logs = [each for each in found if not isinstance(each, Inconclusive)]
    if len(logs) < len(simulations) or not logs:
        return None
    values = tuple(value for each in simulations for value in each.values)
    centres = [statistics.fmean(each) for each in logs]
    return Prediction(
        value=math.exp(statistics.fmean(centres)),
        low=quantile_of_next(values, 0.05),
        high=quantile_of_next(values, 0.95),
        log_se=_standard_error(logs, centres),
        calibrations=len(centres),
        n=len(values),
        values=values,
    )


def _standard_error(logs: Sequence[Sequence[float]], centres: Sequence[float]) -> float:
    """Of the centre: a calibration's error, that of a mean of so few resamples, and the simulation's own noise."""
    if len(centres) == 1:
        return 0.0
    within = statistics.fmean(spread(each).variance if len(each) > 1 else 0.0 for each in logs)
    each_n = statistics.fmean(len(each) for each in logs)
    between = max(spread(centres).variance - within / each_n, 0.0)
    return math.sqrt(between * (1 + 1 / len(centres)) + within / (each_n * len(centres)))


def compare(
    measured: PerProcess, prediction: Prediction, margin: float, *, resolution: float = 0.0
) -> Comparison | Inconclusive:
    """The ratio of measured to predicted with its 90 % interval, and the verdict under *margin* (0.15 is ± 15 %).

    Welch on logs of per-process values. Inconclusive where no ratio can be formed: nothing measured, or a value that
    is not positive or below twice the clock's *resolution* (in the values' unit). ValueError for a margin or a
    prediction that is not positive.
    """
    logs = logs_of(measured, resolution=resolution)
    if isinstance(logs, Inconclusive):
        return logs
    if not 0 < prediction.value < math.inf:
        raise ValueError(
            f"a prediction of {prediction.value} has no ratio: only positive values are predicted"
        )
    foretold = Spread(
        math.log(prediction.value), prediction.log_se**2, 1, max(prediction.calibrations - 1, 1)
    )
    if len(logs) == 1:
        return undecided(logs[0] - foretold.mean, margin)
    own = spread(logs)
    return judged(
        difference(own, foretold),
        margin,
        lambda n: difference(replace(own, n=n, freedom=n - 1), foretold).half_width(CONFIDENCE),
        own.n,
    )


def compare_tail(
    above: Estimate, below: Estimate, margin: float, *, log_se: float = 0.0
) -> Comparison | Inconclusive:
    """The ratio of two quantiles of processes, for what happens once in a process's life; errors as their intervals tell.

    *log_se* is what more is not known of *below*: a prediction's own error. Inconclusive where an interval reaches 0.
    """
    sides = _spreads_of(above, below)
    if isinstance(sides, Inconclusive):
        return sides
    own, other = sides
    other = replace(other, variance=other.variance + log_se**2 * other.n)
    return judged(
        difference(own, other),
        margin,
        lambda n: difference(replace(own, n=n, freedom=n - 1), other).half_width(CONFIDENCE),
        own.n,
    )


def tail_ratio(above: Estimate, below: Estimate, *, confidence: float) -> Estimate | Inconclusive:
    """The same ratio with its interval alone, where there is no margin to judge it by."""
    sides = _spreads_of(above, below)
    if isinstance(sides, Inconclusive):
        return sides
    return ratio_of(
        difference(*sides),
        confidence,
        n=min(above.n, below.n),
        method="ratio of pooled quantiles, Welch on logs",
    )


def _spreads_of(above: Estimate, below: Estimate) -> tuple[Spread, Spread] | Inconclusive:
    own, other = _spread_of(above), _spread_of(below)
    if isinstance(own, Inconclusive):
        return own
    return other if isinstance(other, Inconclusive) else (own, other)


def _spread_of(tail: Estimate) -> Spread | Inconclusive:
    low, high = (tail.value if end is None else end for end in (tail.low, tail.high))
    if not low > 0:
        return Inconclusive(
            reason=Reason.NOT_POSITIVE, why="a quantile's interval reaches down to 0: there is no ratio"
        )
    error = math.log(high / low) / 2 / t_quantile(0.5 + tail.confidence / 2, tail.n - 1)
    return Spread(math.log(tail.value), error**2 * tail.n, tail.n, tail.n - 1)


def compare_runs(
    new: PerProcess, old: PerProcess, margin: float, *, resolution: float = 0.0
) -> RunComparison | Inconclusive:
    """The ratio of *new* to *old* with its 90 % interval, and the verdict under *margin* (0.15 is ± 15 %).

    ``more`` is for each of the runs. Beside it stands the exact Mann-Whitney test on process values (over all
    permutations of midranks where there are ties; normal approximation from 50 against 50 on). Inconclusive as
    :func:`compare` is.
    """
    logs = []
    for sample in (new, old):
        found = logs_of(sample, resolution=resolution)
        if isinstance(found, Inconclusive):
            return found
        logs.append(found)
    p, method = rank_test(new, old)
    return RunComparison(
        comparison=_ratio(logs[0], logs[1], margin),
        rank_p=p,
        rank_method=method,
        n_new=new.n,
        n_old=old.n,
    )


def _ratio(new: Sequence[float], old: Sequence[float], margin: float) -> Comparison:
    if min(len(new), len(old)) == 1:
        return undecided(statistics.fmean(new) - statistics.fmean(old), margin)
    above, below = spread(new), spread(old)

    def half_width_at(n: int) -> float:
        extra = n - min(above.n, below.n)
        wider = [replace(each, n=each.n + extra, freedom=each.n + extra - 1) for each in (above, below)]
        return difference(*wider).half_width(CONFIDENCE)

    return judged(difference(above, below), margin, half_width_at, min(above.n, below.n))

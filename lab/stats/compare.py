"""Does a prediction hold? Equivalence on the log scale, in three verdicts.

A test for difference answers the wrong question: with enough replicates it rejects a model that is 2 % off, and
with few it misses one that is 50 % off. So the ratio of measured to predicted has to lie within a margin that
was fixed beforehand, with its whole 90 % interval (TOST at 5 %).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from lab.model.outcome import Comparison, Prediction, Verdict
from lab.stats.estimate import quantile

_INTERVAL = 0.90
_MOST_REPLICATES = 100_000


def predicted(simulations: Sequence[Sequence[float]]) -> Prediction | None:
    """What simulated processes foretell: one sequence of per-process values for each resampled calibration.

    The 90 % interval is for one measured process. The centre's standard error is the spread between calibrations,
    freed from that within them (one-way analysis of variance): more simulation does not make it smaller, only more
    calibration does. None where a value is not positive.
    """
    logs = [[math.log(value) for value in each] for each in simulations if min(each) > 0]
    values = [value for each in simulations for value in each]
    if len(logs) < len(simulations) or not logs:
        return None
    centres = [statistics.fmean(each) for each in logs]
    return Prediction(
        value=math.exp(statistics.fmean(centres)),
        low=quantile(values, 0.05),
        high=quantile(values, 0.95),
        log_se=_standard_error(logs, centres),
        calibrations=len(centres),
        n=len(values),
    )


def _standard_error(logs: Sequence[Sequence[float]], centres: Sequence[float]) -> float:
    """Of the centre: between calibrations, and what is left of the simulation's own noise."""
    if len(centres) == 1:
        return 0.0
    within = statistics.fmean(statistics.variance(each) if len(each) > 1 else 0.0 for each in logs)
    each_n = statistics.fmean(len(each) for each in logs)
    between = max(statistics.variance(centres) - within / each_n, 0.0)
    return math.sqrt(between + within / (each_n * len(centres)))


def compare(measured: Sequence[float], prediction: Prediction, margin: float) -> Comparison | None:
    """The ratio of measured to predicted with its 90 % interval, and the verdict under *margin* (0.15 is ± 15 %).

    Welch on logs of per-process values; None where nothing was measured, or nothing positive.
    """
    if not measured or min(measured) <= 0:
        return None
    logs = [math.log(value) for value in measured]
    difference = statistics.fmean(logs) - math.log(prediction.value)
    n = len(logs)
    if n == 1:
        return Comparison(
            ratio=math.exp(difference), low=None, high=None, margin=margin, verdict=Verdict.INCONCLUSIVE
        )
    spread = statistics.variance(logs)
    half = _half_width(spread, n, prediction)
    verdict = _verdict(difference - half, difference + half, math.log1p(margin))
    return Comparison(
        ratio=math.exp(difference),
        low=math.exp(difference - half),
        high=math.exp(difference + half),
        margin=margin,
        verdict=verdict,
        more=_more(difference, spread, prediction, margin, n) if verdict is Verdict.INCONCLUSIVE else None,
    )


def _half_width(spread: float, n: int, prediction: Prediction) -> float:
    """Of the interval of the difference: Welch, with Satterthwaite's degrees of freedom."""
    from scipy import stats  # noqa: PLC0415 - takes a second to import; not every command needs it

    own, other = spread / n, prediction.log_se**2
    if own + other == 0:
        return 0.0
    freedom = (own + other) ** 2 / (own**2 / (n - 1) + other**2 / max(prediction.calibrations - 1, 1))
    return float(stats.t.ppf(0.5 + _INTERVAL / 2, freedom)) * math.sqrt(own + other)


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if -margin <= low and high <= margin:
        return Verdict.AGREES
    if high < -margin or low > margin:
        return Verdict.DISAGREES
    return Verdict.INCONCLUSIVE


def _more(difference: float, spread: float, prediction: Prediction, margin: float, n: int) -> int | None:
    """How many more replicates would decide if the difference stays; None if the calibration is what is too vague."""
    room = abs(math.log1p(margin) - abs(difference))
    total = n
    while total < _MOST_REPLICATES:
        if _half_width(spread, total, prediction) <= room:
            return max(total - n, 1)
        total = math.ceil(total * 1.2)
    return None

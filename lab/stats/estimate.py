"""From one value a process to an estimate with its interval.

The unit is one fresh process: repetitions inside a process are correlated (pooled, a cell compared with
itself at a nominal 5 % gives 53 % false alarms). So repetitions become one value a process first,
:func:`process_value`, and :func:`centre` takes nothing else.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from lab.model.outcome import Estimate


def quantile(values: Sequence[float], q: float) -> float:
    """The *q*-quantile (0 … 1), linear between order statistics (Hyndman and Fan's type 7). At least one value."""
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def process_value(repetitions: Sequence[float], statistic: str) -> float:
    """What one process says: ``p50``, ``p90`` or ``max`` of its repetitions. At least one is needed."""
    match statistic:
        case "max":
            return float(max(repetitions))
        case "p50":
            return quantile(repetitions, 0.5)
        case "p90":
            return quantile(repetitions, 0.9)
        case _:
            raise ValueError(f"no statistic is called {statistic!r}")


def centre(values: Sequence[float], *, confidence: float = 0.95) -> Estimate | None:
    """The centre of per-process *values*, with a t interval; None where there is no value.

    On the log scale where all values are positive (the geometric mean: durations multiply), else on the plain
    scale (the mean). One value has no interval.
    """
    n = len(values)
    if n == 0:
        return None
    if min(values) > 0:
        mean, low, high = _t_interval([math.log(value) for value in values], confidence)
        return Estimate(
            value=math.exp(mean),
            low=None if low is None else math.exp(low),
            high=None if high is None else math.exp(high),
            confidence=confidence,
            n=n,
            method="geometric mean, t interval on logs",
        )
    mean, low, high = _t_interval(values, confidence)
    return Estimate(value=mean, low=low, high=high, confidence=confidence, n=n, method="mean, t interval")


def centre_ratio(
    above: Sequence[float], below: Sequence[float], *, confidence: float = 0.95
) -> Estimate | None:
    """The ratio of two centres on the log scale, with Welch's interval; None where a value is not positive or n < 2."""
    n = min(len(above), len(below))
    if n < 2 or min(*above, *below) <= 0:  # noqa: PLR2004 - a spread needs two
        return None
    from scipy import stats  # noqa: PLC0415 - takes a second to import; not every command needs it

    logs = [[math.log(value) for value in values] for values in (above, below)]
    difference = statistics.fmean(logs[0]) - statistics.fmean(logs[1])
    parts = [statistics.variance(each) / len(each) for each in logs]
    half = 0.0
    if sum(parts) > 0:
        freedom = sum(parts) ** 2 / sum(
            part**2 / (len(each) - 1) for part, each in zip(parts, logs, strict=True)
        )
        half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * math.sqrt(sum(parts))
    return Estimate(
        value=math.exp(difference),
        low=math.exp(difference - half),
        high=math.exp(difference + half),
        confidence=confidence,
        n=n,
        method="ratio of geometric means, Welch on logs",
    )


def _t_interval(values: Sequence[float], confidence: float) -> tuple[float, float | None, float | None]:
    mean = statistics.fmean(values)
    n = len(values)
    if n == 1:
        return mean, None, None
    from scipy import stats  # noqa: PLC0415 - takes a second to import; not every command needs it

    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * statistics.stdev(values) / math.sqrt(n)
    return mean, mean - half, mean + half

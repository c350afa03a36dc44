"""From one value a process to an estimate with its interval.

The unit is one fresh process: see :mod:`lab.stats.process`. Durations multiply, so positive values are averaged on
the log scale (the geometric mean) and compared as ratios.
"""

from __future__ import annotations

import math
from typing import Final

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats.process import PerProcess, quantile, values_of
from lab.stats.welch import Difference, as_ratio, difference, spread, t_quantile

__all__ = ["centre", "centre_ratio", "log_difference", "logs_of", "quantile", "ratio_of"]

_LEAST: Final = 2
"""Values that a spread needs."""


def centre(sample: PerProcess, *, confidence: float = 0.95) -> Estimate | None:
    """The centre of per-process values, with a t interval; None where there is no value.

    On the log scale where all values are positive, else on the plain scale (the mean). One value has no interval.
    """
    values = values_of(sample)
    if not values:
        return None
    on_logs = min(values) > 0
    scaled = [math.log(value) for value in values] if on_logs else values
    method = "geometric mean, t interval on logs" if on_logs else "mean, t interval"
    if min(values) == max(values):
        end = values[0] if len(values) > 1 else None
        return Estimate(
            value=values[0], low=end, high=end, confidence=confidence, n=len(values), method=method
        )
    around = spread(scaled)
    half = t_quantile(0.5 + confidence / 2, around.freedom) * math.sqrt(around.squared_error)
    found = [around.mean, around.mean - half, around.mean + half]
    value, low, high = [as_ratio(each) for each in found] if on_logs else found
    return Estimate(value=value, low=low, high=high, confidence=confidence, n=len(values), method=method)


def centre_ratio(
    above: PerProcess, below: PerProcess, *, confidence: float = 0.95, resolution: float = 0.0
) -> Estimate | Inconclusive:
    """The ratio of two centres on the log scale, with Welch's interval.

    Inconclusive where one has fewer than two values, or one that is not positive or below twice *resolution* (in the
    values' own unit).
    """
    found = log_difference(above, below, resolution=resolution)
    if isinstance(found, Inconclusive):
        return found
    return ratio_of(
        found, confidence, n=min(above.n, below.n), method="ratio of geometric means, Welch on logs"
    )


def ratio_of(logs: Difference, confidence: float, *, n: int, method: str) -> Estimate:
    """A difference of logarithms as a ratio with its interval; *n* is what it rests on, *method* how it came about."""
    half = logs.half_width(confidence)
    return Estimate(
        value=as_ratio(logs.value),
        low=as_ratio(logs.value - half),
        high=as_ratio(logs.value + half),
        confidence=confidence,
        n=n,
        method=method,
    )


def log_difference(
    above: PerProcess, below: PerProcess, *, resolution: float = 0.0
) -> Difference | Inconclusive:
    """Of the centres' logarithms; inconclusive as :func:`centre_ratio` is."""
    logs = []
    for sample in (above, below):
        found = logs_of(sample, resolution=resolution)
        if isinstance(found, Inconclusive):
            return found
        if len(found) < _LEAST:
            return Inconclusive(
                reason=Reason.TOO_FEW,
                why="one process says nothing of how far processes are apart: two of each are needed",
                wanted=_LEAST,
            )
        logs.append(found)
    return difference(spread(logs[0]), spread(logs[1]))


def logs_of(sample: PerProcess, *, resolution: float = 0.0) -> tuple[float, ...] | Inconclusive:
    """Logarithms of per-process values, or why no ratio can be formed of them.

    A value below twice the clock's *resolution* (in the values' own unit) is mostly the clock's step: one such value
    makes the sample "below resolution", since nothing is dropped for its value.
    """
    values = values_of(sample)
    if not values:
        return Inconclusive(
            reason=Reason.NOTHING_MEASURED, why="no process gave a value, so there is no ratio", wanted=_LEAST
        )
    under = sum(value < 2 * resolution for value in values) if resolution else 0
    if under:
        return Inconclusive(
            reason=Reason.BELOW_RESOLUTION,
            why=f"{under} of {len(values)} values are below twice the clock's resolution ({2 * resolution:g}):"
            " no number to divide by",
        )
    if min(values) <= 0:
        return Inconclusive(
            reason=Reason.NOT_POSITIVE,
            why=f"{sum(value <= 0 for value in values)} of {len(values)} values are not positive: there is no ratio",
        )
    return tuple(math.log(value) for value in values)

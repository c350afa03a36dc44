"""Differences of means with Welch's standard error, and Student's t: plain numbers for the modules that infer.

Nothing here knows what a process is; :mod:`lab.stats.estimate` and :mod:`lab.stats.compare` do.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_LARGEST_LOG: Final = math.log(sys.float_info.max)


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean of *n* values and what is known of its error: ``variance`` of one value, ``freedom`` to know it by."""

    mean: float
    variance: float
    n: int
    freedom: float

    @property
    def squared_error(self) -> float:
        """Of the mean."""
        return self.variance / self.n


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two means, its standard error and Satterthwaite's degrees of freedom."""

    value: float
    error: float
    freedom: float

    def half_width(self, confidence: float) -> float:
        """Of the interval around the value; 0 without an error."""
        return t_quantile(0.5 + confidence / 2, self.freedom) * self.error if self.error > 0 else 0.0


def spread(values: Sequence[float]) -> Spread:
    """Mean and variance (n - 1), exactly 0 for equal values. At least two values."""
    n = len(values)
    if min(values) == max(values):
        return Spread(values[0], 0.0, n, n - 1)
    mean = statistics.fmean(values)
    return Spread(mean, math.fsum((value - mean) ** 2 for value in values) / (n - 1), n, n - 1)


def difference(above: Spread, below: Spread) -> Difference:
    """Welch 1947; the degrees of freedom are Satterthwaite's."""
    own, other = above.squared_error, below.squared_error
    together = own + other
    if not together > 0:
        return Difference(above.mean - below.mean, 0.0, math.inf)
    share = own / together
    freedom = 1 / (share**2 / above.freedom + (1 - share) ** 2 / below.freedom)
    return Difference(above.mean - below.mean, math.sqrt(together), freedom)


def t_quantile(probability: float, freedom: float) -> float:
    """Of Student's t: what ``scipy.stats.t.ppf`` calls, without the 0.3 s and the 50 µs around it.

    ValueError for what is no probability: a confidence beyond 0 … 1 ends here.
    """
    if not 0 < probability < 1:
        raise ValueError(f"{2 * probability - 1:g} is no confidence: it lies between 0 and 1")
    from scipy import special  # noqa: PLC0415 - takes 0.15 s to import; not every command needs it

    return float(special.stdtrit(freedom, probability))


def t_below(value: float, freedom: float) -> float:
    """The probability that Student's t is below *value*."""
    from scipy import special  # noqa: PLC0415 - takes 0.15 s to import; not every command needs it

    return float(special.stdtr(freedom, value))


def as_ratio(log: float) -> float:
    """``exp``, of which the largest and the smallest ratio are a double's."""
    return math.exp(min(max(log, -_LARGEST_LOG), _LARGEST_LOG))

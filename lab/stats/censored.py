"""Durations of which some are only known to be longer than a limit: timeouts are outcomes, not gaps.

The median is Kaplan and Meier's (1958), two cells are compared by the log-rank test. Where more than half of the
replicates timed out, the answer is a bound.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lab.model.outcome import Bound, Estimate, Inconclusive, Reason
from lab.stats.process import PerProcess, values_of

if TYPE_CHECKING:
    from scipy import stats

_HALF: Final = 0.5 + 1e-9
"""A product of fractions that is a half is so to rounding."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long processes took, one value each: of those that ended, and, for those that timed out, their limits."""

    ended: PerProcess
    timed_out: PerProcess

    def __post_init__(self) -> None:
        for value in (*values_of(self.ended), *values_of(self.timed_out)):
            if value < 0:
                raise ValueError(f"a duration of {value} cannot be")

    @property
    def n(self) -> int:
        """How many processes."""
        return self.ended.n + self.timed_out.n


def median(durations: Durations, *, confidence: float = 0.95) -> Estimate | Bound | Inconclusive:
    """The median duration with its interval (log-log, Greenwood), its upper end None where nobody knows it.

    A bound where not half of the processes ended: the smallest limit if none did, else the longest time that is known.
    """
    ended, limits = values_of(durations.ended), values_of(durations.timed_out)
    if not durations.n:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="there is no process", wanted=1)
    if not ended:
        return Bound(at_least=min(limits), ended=0, n=len(limits))
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    curve = stats.ecdf(_data(durations)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the ends of the curve have no band
        band = curve.confidence_interval(confidence_level=confidence, method="log-log")
    times = curve.quantiles.tolist()
    low, high = (_filled(each, curve.probabilities.tolist()) for each in (band.low, band.high))
    middle = _first_at_half(times, curve.probabilities.tolist())
    if middle is None:
        return Bound(at_least=max((*ended, *limits)), ended=len(ended), n=durations.n)
    return Estimate(
        value=middle,
        low=_first_at_half(times, low),
        high=_first_at_half(times, high),
        confidence=confidence,
        n=durations.n,
        method="median of Kaplan and Meier, log-log interval",
    )


def logrank(one: Durations, other: Durations) -> float | Inconclusive:
    """The log-rank test's p-value of "both take equally long". Inconclusive where nothing ended, or there is nothing."""
    if not one.n or not other.n:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="one side has no process", wanted=1)
    if not one.ended.n and not other.ended.n:
        return Inconclusive(
            reason=Reason.NEVER_ENDED, why="no process ended within its limit: give them a longer one"
        )
    if not _comparable(one, other):
        return Inconclusive(
            reason=Reason.TOO_FEW, why="no process ended while one of each side was still running", wanted=2
        )
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    return float(stats.logrank(_data(one), _data(other)).pvalue)


def _comparable(one: Durations, other: Durations) -> bool:
    """Whether some process ended while both sides had one that had not, and not all of them did: else 0 is divided by 0."""
    ends = (*one.ended.values, *other.ended.values)
    for end in set(ends):
        left = [
            sum(value >= end for value in (*each.ended.values, *each.timed_out.values))
            for each in (one, other)
        ]
        if min(left) > 0 and sum(left) > ends.count(end):
            return True
    return False


def _data(durations: Durations) -> stats.CensoredData:
    from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

    return stats.CensoredData(uncensored=durations.ended.values, right=durations.timed_out.values)


def _first_at_half(times: list[float], probabilities: list[float]) -> float | None:
    return next((time for time, p in zip(times, probabilities, strict=True) if p < _HALF), None)


def _filled(band: object, curve: list[float]) -> list[float]:
    """The band, which is not defined where the curve is 0 or 1, with the curve itself there."""
    ends: list[float] = band.probabilities.tolist()  # type: ignore[attr-defined] # the stubs take it for a number
    return [p if math.isnan(q) else q for q, p in zip(ends, curve, strict=True)]

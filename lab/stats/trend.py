"""Does a metric still move while a process repeats it? Then too little was discarded at the start.

Each process says by how much the median of its second half differs from that of its first; whether these differ from
none is asked of one value a process. Repetitions may be correlated as they like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats.process import PerProcess, Repetitions, quantile, values_of
from lab.stats.welch import as_ratio, spread, t_quantile

CONFIDENCE: Final = 0.99
"""A run has many metrics: each of them may cry wolf once in a hundred times."""
LEAST_REPETITIONS: Final = 8
"""In a process, for halves that have a middle."""
LEAST_PROCESSES: Final = 3
LEAST_CHANGE: Final = 0.02
"""A smaller change from half to half is not worth a warning."""


def half_ratio(repetitions: Sequence[float]) -> float | None:
    """The logarithm of the second half's median over the first's; None for too few repetitions or a median of 0."""
    if len(repetitions) < LEAST_REPETITIONS:
        return None
    middle = len(repetitions) // 2
    first, second = quantile(repetitions[:middle], 0.5), quantile(repetitions[-middle:], 0.5)
    return math.log(second) - math.log(first) if first > 0 and second > 0 else None


def trend(repetitions: Repetitions) -> Estimate | Inconclusive:
    """The second half over the first, as a ratio with its 99 % interval; see :func:`trend_of`."""
    if not isinstance(repetitions, Repetitions):
        raise TypeError(
            f"repetitions by process are wanted (Repetitions), not a {type(repetitions).__name__}"
        )
    return trend_of(repetitions.by(half_ratio))


def trend_of(changes: PerProcess) -> Estimate | Inconclusive:
    """The same from each process's :func:`half_ratio`. Inconclusive for fewer than three processes."""
    values = values_of(changes)
    if len(values) < LEAST_PROCESSES:
        return Inconclusive(
            reason=Reason.TOO_FEW,
            why=f"a trend is looked for in {LEAST_PROCESSES} processes with {LEAST_REPETITIONS} repetitions each;"
            f" {len(values)} gave as many",
            wanted=LEAST_PROCESSES,
        )
    around = spread(values)
    half = t_quantile(0.5 + CONFIDENCE / 2, around.freedom) * math.sqrt(around.squared_error)
    return Estimate(
        value=as_ratio(around.mean),
        low=as_ratio(around.mean - half),
        high=as_ratio(around.mean + half),
        confidence=CONFIDENCE,
        n=len(values),
        method="second half over first, t interval on logs of medians",
    )


def moves(found: Estimate | Inconclusive) -> bool:
    """Whether the trend is worth a warning: surely there, and not too small to matter."""
    if isinstance(found, Inconclusive) or found.low is None or found.high is None:
        return False
    return not found.low <= 1 <= found.high and abs(math.log(found.value)) >= math.log1p(LEAST_CHANGE)

"""Two one-sided tests (TOST, Schuirmann 1987) and the three verdicts, on the log scale.

A test for difference answers the wrong question: with enough replicates it rejects a model that is 2 % off, and
with few it misses one that is 50 % off. So the ratio has to lie within a margin that was fixed beforehand, with its
whole 90 % interval, which is the two one-sided tests at 5 %. The interval decides; the p-value stands beside it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from lab.model.outcome import Comparison, Verdict
from lab.stats.welch import Difference, as_ratio, t_below

CONFIDENCE: Final = 0.90
"""Of the interval that decides: each of the two one-sided tests is at 5 %."""
MOST_REPLICATES: Final = 100_000


def log_margin(margin: float) -> float:
    """A margin as a share (0.15 is ± 15 %) on the log scale: ratios from 1/1.15 to 1.15. ValueError if not positive."""
    if not 0 < margin < math.inf:
        raise ValueError(f"a margin of {margin} cannot be: it is a share above 0, such as 0.15")
    return math.log1p(margin)


def tost(found: Difference, margin: float) -> float:
    """The p-value of "the logarithms differ by *margin* or more"; at most 0.05 where the 90 % interval is within."""
    if found.error == 0:
        return 0.0 if abs(found.value) <= margin else 1.0
    return max(
        1 - t_below((found.value + margin) / found.error, found.freedom),
        t_below((found.value - margin) / found.error, found.freedom),
    )


def outside(found: Difference, margin: float) -> float:
    """The p-value of "the logarithms differ by *margin* or less"; below 0.05 where the 90 % interval is wholly outside."""
    if found.error == 0:
        return 0.0 if abs(found.value) > margin else 1.0
    return 1 - t_below((abs(found.value) - margin) / found.error, found.freedom)


def verdict_of(low: float, high: float, margin: float) -> Verdict:
    """From the interval of a difference and the margin around 0: within, wholly outside, or neither."""
    if -margin <= low and high <= margin:
        return Verdict.AGREES
    if high < -margin or low > margin:
        return Verdict.DISAGREES
    return Verdict.INCONCLUSIVE


def judged(found: Difference, margin: float, half_width_at: Callable[[int], float], n: int) -> Comparison:
    """The comparison that a difference of logarithms makes under *margin* (a share).

    *half_width_at* gives the interval's half-width for another number of replicates, if spreads stay as they are.
    """
    room = log_margin(margin)
    half = found.half_width(CONFIDENCE)
    verdict = verdict_of(found.value - half, found.value + half, room)
    return Comparison(
        ratio=as_ratio(found.value),
        low=as_ratio(found.value - half),
        high=as_ratio(found.value + half),
        margin=margin,
        verdict=verdict,
        p=tost(found, room),
        p_disagrees=outside(found, room),
        more=more_replicates(abs(room - abs(found.value)), half_width_at, n)
        if verdict is Verdict.INCONCLUSIVE
        else None,
    )


def undecided(value: float, margin: float) -> Comparison:
    """What a single replicate allows: a ratio, and no interval to judge it by."""
    log_margin(margin)
    return Comparison(ratio=as_ratio(value), low=None, high=None, margin=margin, verdict=Verdict.INCONCLUSIVE)


def more_replicates(room: float, half_width_at: Callable[[int], float], n: int) -> int | None:
    """How many more make the interval as narrow as *room*; None if 100 000 do not (what is vague is something else)."""
    if half_width_at(MOST_REPLICATES) > room:
        return None
    first = bisect_left(range(MOST_REPLICATES), -room, lo=n, key=lambda total: -half_width_at(total))
    return max(first - n, 1)

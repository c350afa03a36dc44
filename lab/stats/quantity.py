"""Quantities that rules decide by: numbers of several samples, each with an interval that holds 95 % in all.

They rest on centres and their intervals. Where samples come from different processes, their errors add up as squares (MOVER: Zou
and Donner 2008); where they come from the same ones, nobody knows how their errors hang together, and they are added as they are,
which holds whatever the dependence. Where one number is made of several comparisons at once, each has its part of
the 5 % (Bonferroni).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final, Literal

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats.estimate import centre, logs_of
from lab.stats.process import PerProcess
from lab.stats.share import wilson

CONFIDENCE: Final = 0.95
_LEAST: Final = 2
"""Points that a slope or an order needs."""


def value(sample: PerProcess, *, confidence: float = CONFIDENCE) -> Estimate | Inconclusive:
    """The centre of one sample; inconclusive without two values, which an interval needs."""
    found = centre(sample, confidence=confidence)
    if found is None:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="no process gave a value")
    if found.low is None:
        return Inconclusive(
            reason=Reason.TOO_FEW, why="one process says nothing of how far processes are apart", wanted=2
        )
    return found


def difference(
    of: PerProcess, less: PerProcess, *, same: bool, confidence: float = CONFIDENCE
) -> Estimate | Inconclusive:
    """One centre minus another; *same* where both come from the same processes."""
    return _combined([(1.0, of), (-1.0, less)], same=same, confidence=confidence, method="difference")


def ratio(
    of: PerProcess, over: PerProcess, *, same: bool, confidence: float = CONFIDENCE
) -> Estimate | Inconclusive:
    """One centre over another; inconclusive where a value is not positive."""
    found = _combined(
        [(1.0, of), (-1.0, over)], same=same, confidence=confidence, method="ratio", on_logs=True
    )
    return found if isinstance(found, Inconclusive) else _exponentiated(found)


def slope(
    points: Sequence[tuple[float, PerProcess]], scale: Literal["log", "linear"], *, same: bool
) -> Estimate | Inconclusive:
    """The least-squares slope of the centres over the points; on logs of both it is the exponent of a power law."""
    on_logs = scale == "log"
    places = [math.log(at) if on_logs else at for at, _ in points]
    middle = math.fsum(places) / len(places)
    spread = math.fsum((place - middle) ** 2 for place in places)
    if len(points) < _LEAST or not spread > 0:
        return Inconclusive(reason=Reason.TOO_FEW, why="a slope needs two different points", wanted=_LEAST)
    weighted = [
        ((place - middle) / spread, sample) for place, (_, sample) in zip(places, points, strict=True)
    ]
    return _combined(weighted, same=same, confidence=CONFIDENCE, method=f"{scale} slope", on_logs=on_logs)


def share(certain: int, possible: int, n: int) -> Estimate | Inconclusive:
    """The share of *n* replicates of which *certain* did something, and *possible* at most, with Wilson's interval."""
    if n == 0:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="there is no replicate", wanted=1)
    return Estimate(
        value=certain / n,
        low=wilson(certain, n)[0],
        high=wilson(possible, n)[1],
        confidence=CONFIDENCE,
        n=n,
        method="share, Wilson interval",
    )


def part(
    parts: Sequence[tuple[PerProcess, PerProcess | None]],
    rest: Sequence[tuple[PerProcess, PerProcess | None]],
) -> Estimate | Inconclusive:
    """What *parts* are of themselves and *rest* together; each is a sample, less another where there is one.

    What is less than nothing counts as nothing.
    """
    confidence = 1 - (1 - CONFIDENCE) / (len(parts) + len(rest))
    sums: list[tuple[float, float, float]] = []
    n = 0
    for group in (parts, rest):
        found = [_piece(of, less, confidence) for of, less in group]
        for each in found:
            if isinstance(each, Inconclusive):
                return each
        known = [each for each in found if isinstance(each, Estimate)]
        n = min([each.n for each in known] + ([n] if n else []))
        sums.append(
            (
                math.fsum(max(each.value, 0.0) for each in known),
                math.fsum(max(_low(each), 0.0) for each in known),
                math.fsum(max(_high(each), 0.0) for each in known),
            )
        )
    (inner, inner_low, inner_high), (outer, outer_low, outer_high) = sums
    return Estimate(
        value=_of_both(inner, outer, unknown=0.5),
        low=_of_both(inner_low, outer_high, unknown=0.0),
        high=_of_both(inner_high, outer_low, unknown=1.0),
        confidence=CONFIDENCE,
        n=n,
        method="share of a whole, Bonferroni",
    )


def smallest_step(samples: Sequence[tuple[PerProcess, bool]]) -> Estimate | Inconclusive:
    """The smallest ratio of one sample to the one before it; with each, whether it is of that one's processes."""
    steps = list(itertools.pairwise(samples))
    if not steps:
        return Inconclusive(reason=Reason.TOO_FEW, why="an order needs two", wanted=_LEAST)
    confidence = 1 - (1 - CONFIDENCE) / len(steps)
    found = []
    for (before, _), (after, same) in steps:
        each = ratio(after, before, same=same, confidence=confidence)
        if isinstance(each, Inconclusive):
            return each
        found.append(each)
    return Estimate(
        value=min(each.value for each in found),
        low=min(_low(each) for each in found),
        high=min(_high(each) for each in found),
        confidence=CONFIDENCE,
        n=min(each.n for each in found),
        method="smallest ratio of neighbours, Bonferroni",
    )


def crossing(points: Sequence[tuple[float, PerProcess]], below: float) -> Estimate | Inconclusive:
    """From which point on a sample's ratio to the first one's lies below *below*.

    It lies beyond the last point up to which each ratio's interval is above, and not beyond the first one from which on each
    is below; infinity stands for "not among these points".
    """
    (start, first), *others = points
    if not others:
        return Inconclusive(reason=Reason.TOO_FEW, why="a crossing needs two points", wanted=_LEAST)
    confidence = 1 - (1 - CONFIDENCE) / len(others)
    ratios = []
    for at, sample in others:
        found = ratio(sample, first, same=False, confidence=confidence)
        if isinstance(found, Inconclusive):
            return found
        ratios.append((at, found))
    low = start
    for at, found in ratios:
        if not _low(found) > below:
            break
        low = at
    high = value = math.inf
    for at, found in reversed(ratios):
        high = at if high == _next(ratios, at) and _high(found) < below else high
        value = at if value == _next(ratios, at) and found.value < below else value
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=CONFIDENCE,
        n=min(found.n for _, found in ratios),
        method=f"first point below {below:g} of the first, Bonferroni",
    )


def _next(ratios: Sequence[tuple[float, Estimate]], at: float) -> float:
    """The point after *at*; infinity after the last."""
    return min((other for other, _ in ratios if other > at), default=math.inf)


def _piece(of: PerProcess, less: PerProcess | None, confidence: float) -> Estimate | Inconclusive:
    return (
        value(of, confidence=confidence)
        if less is None
        else difference(of, less, same=False, confidence=confidence)
    )


def _of_both(inner: float, outer: float, *, unknown: float) -> float:
    return inner / (inner + outer) if inner + outer > 0 else unknown


def _combined(
    weighted: Sequence[tuple[float, PerProcess]],
    *,
    same: bool,
    confidence: float,
    method: str,
    on_logs: bool = False,
) -> Estimate | Inconclusive:
    """A weighted sum of centres (or of their logarithms), with the interval that the centres' own intervals give."""
    total, below, above, n = 0.0, [], [], []
    for weight, sample in weighted:
        problem = logs_of(sample) if on_logs and sample.n else None
        found = problem if isinstance(problem, Inconclusive) else value(sample, confidence=confidence)
        if isinstance(found, Inconclusive):
            return found
        middle, low, high = (math.log(x) if on_logs else x for x in (found.value, _low(found), _high(found)))
        total += weight * middle
        down, up = (middle - low, high - middle) if weight > 0 else (high - middle, middle - low)
        below.append(abs(weight) * down)
        above.append(abs(weight) * up)
        n.append(found.n)
    together = math.fsum if same else _root_of_squares
    return Estimate(
        value=total,
        low=total - together(below),
        high=total + together(above),
        confidence=confidence,
        n=min(n),
        method=f"{method}, {'same processes' if same else 'MOVER'}",
    )


def _root_of_squares(errors: Sequence[float]) -> float:
    return math.hypot(*errors)


def _exponentiated(found: Estimate) -> Estimate:
    value, low, high = (math.exp(min(each, 700.0)) for each in (found.value, _low(found), _high(found)))
    return Estimate(
        value=value, low=low, high=high, confidence=found.confidence, n=found.n, method=found.method
    )


def _low(found: Estimate) -> float:
    return found.value if found.low is None else found.low


def _high(found: Estimate) -> float:
    return found.value if found.high is None else found.high

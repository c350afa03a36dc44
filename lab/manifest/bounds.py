"""Whether a rule's bounds can decide anything, and nothing both ways."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from lab.model.rule import Bounds, Crossing, Largest, Order, Quantity, Ratio, ShareEnding, ShareWithin, Value

_Z_SQUARED: Final = 3.841458820694124
"""The square of the normal distribution's 97.5 % quantile: n replicates that all did something show a share of
n / (n + this) at least (Wilson 1927)."""


def mistakes_of(bounds: Bounds, quantity: Quantity, replicates: int) -> Iterator[str]:
    """What is wrong with *bounds* for a quantity that *replicates* processes a cell are to decide."""
    if not (bounds.supported or bounds.refuted):
        yield "has no bounds, so it can never decide (supported_from, supported_to, refuted_from, refuted_to)"
        return
    low, high = _domain(quantity)
    for word, ranges in (("supported", bounds.supported), ("refuted", bounds.refuted)):
        reached = [(start, end) for start, end in ranges if _is_reached(start, end, quantity)]
        if ranges and not reached:
            yield f"its {word} bounds lie outside {low:g} to {high:g}, where such a quantity is: they never decide"
        elif reached and not any(_can_be_shown(*each, quantity, replicates) for each in reached):
            most = replicates / (replicates + _Z_SQUARED)
            yield (
                f"{replicates} replicates show a share to be above {most:.2f} or below {1 - most:.2f} at best:"
                f" its {word} bounds never decide"
            )
    for start, end in bounds.supported:
        for other_start, other_end in bounds.refuted:
            shared = max(start, other_start), min(end, other_end)
            if shared[0] < shared[1]:
                yield f"what lies from {shared[0]:g} to {shared[1]:g} would support and refute"


def _domain(quantity: Quantity) -> tuple[float, float]:
    match quantity:
        case Value() | Ratio() | Order() | Crossing():
            return (0.0, math.inf)
        case ShareEnding() | ShareWithin() | Largest():
            return (0.0, 1.0)
        case _:
            return (-math.inf, math.inf)


def _is_reached(start: float, end: float, quantity: Quantity) -> bool:
    low, high = _domain(quantity)
    if isinstance(quantity, Ratio | Order):
        return end > low  # no ratio is 0
    return end >= low and start <= high


def _can_be_shown(start: float, end: float, quantity: Quantity, replicates: int) -> bool:
    """Whether all, none or some of the replicates could show that a share lies there; no other quantity has such limits."""
    if not isinstance(quantity, ShareEnding | ShareWithin):
        return True
    most = replicates / (replicates + _Z_SQUARED)
    if end >= 1:
        return start <= most
    return end >= 1 - most if start <= 0 else True

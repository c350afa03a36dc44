"""Samples with two modes, such as a hand-over that is sometimes quick and sometimes not: such have no one centre to compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from lab.stats.process import PerProcess, quantile, values_of

_LEAST: Final = 10
"""Values below which two modes cannot be told from chance."""
_SHARE: Final = 0.2
"""Of the values that the smaller mode has at least."""
_APART: Final = math.log(1.1)
"""How far two modes are apart at least: what differs by less needs no mixture to be described."""
_CLEAR: Final = 3.0
"""How many times wider than what lies within a mode the gap between two is."""


def is_bimodal(sample: PerProcess) -> bool:
    """Whether logarithms fall into two groups with a clear gap between them, each of a fifth of the values or more.

    Of 20 normal values that happens in fewer than one of a hundred samples (tests/stats/test_mixture.py).
    """
    values = values_of(sample)
    if len(values) < _LEAST or min(values) <= 0:
        return False
    logs = sorted(map(math.log, values))
    fewest = math.ceil(_SHARE * len(logs))
    gaps = {
        place: after - before
        for place, (before, after) in enumerate(pairwise(logs), 1)
        if fewest <= place <= len(logs) - fewest
    }
    place = max(gaps, key=gaps.__getitem__)
    within = max(_width(logs[:place]), _width(logs[place:]))
    return gaps[place] > max(_APART, _CLEAR * within)


def distance(one: PerProcess, other: PerProcess) -> float:
    """How far logarithms have to be moved on average to make *one* distribution of the *other* (Wasserstein's distance)."""
    ours, theirs = (sorted(map(math.log, values_of(each))) for each in (one, other))
    places = sorted({i / len(ours) for i in range(len(ours))} | {i / len(theirs) for i in range(len(theirs))})
    return math.fsum(
        (after - before) * abs(_step(ours, before) - _step(theirs, before))
        for before, after in pairwise([*places, 1.0])
    )


def _step(ordered: Sequence[float], place: float) -> float:
    """The quantile function: constant between its steps."""
    return ordered[min(int(place * len(ordered) + 1e-9), len(ordered) - 1)]


def _width(ordered: Sequence[float]) -> float:
    return quantile(ordered, 0.75) - quantile(ordered, 0.25)

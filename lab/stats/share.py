"""How often replicates end in one way: shares with Wilson's interval, and the difference of two shares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Final

from lab.model.outcome import CellSummary, Estimate, Inconclusive, Reason, ShareComparison

_EXACT: Final = 400
"""Replicates in both cells up to which Boschloo's test is calculated, in some tenths of a second."""


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share; *successes* may be a sum of shares. ValueError if it cannot be one."""
    if not (0 <= successes <= n and 0 < n < math.inf):
        raise ValueError(f"{successes} of {n} is no share")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, spread = successes / n, z * z / n
    middle = (p + spread / 2) / (1 + spread)
    half = math.sqrt(p * (1 - p) * spread + spread * spread / 4) / (1 + spread)
    return (
        0.0 if successes == 0 else max(middle - half, 0.0),
        1.0 if successes == n else min(middle + half, 1.0),
    )


def share(successes: int, n: int, *, confidence: float = 0.95) -> Estimate | Inconclusive:
    """*successes* of *n* replicates as a share with its interval; inconclusive without a replicate."""
    if n == 0 and successes == 0:
        return Inconclusive(reason=Reason.NOTHING_MEASURED, why="there is no replicate", wanted=1)
    low, high = wilson(successes, n, confidence)
    return Estimate(
        value=successes / n, low=low, high=high, confidence=confidence, n=n, method="share, Wilson interval"
    )


def outcome_shares(cell: CellSummary) -> Mapping[str, Estimate]:
    """Each ending that a cell's replicates had, as a share of all; none without a replicate."""
    n = sum(cell.outcomes.values())
    shares = {ending: share(count, n) for ending, count in cell.outcomes.items()}
    return {ending: each for ending, each in shares.items() if isinstance(each, Estimate)}


def difference(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float, float]:
    """The difference of two shares, each given as (successes, n), with Newcombe's 95 % interval (1998, from Wilson's).

    ValueError where one has no replicate.
    """
    (k, n), (j, m) = one, other
    (low, high), (other_low, other_high) = wilson(k, n), wilson(j, m)
    p, q = k / n, j / m
    return (
        p - q,
        max(p - q - math.hypot(p - low, other_high - q), -1.0),
        min(p - q + math.hypot(high - p, q - other_low), 1.0),
    )


def compare_shares(one: tuple[int, int], other: tuple[int, int]) -> ShareComparison | Inconclusive:
    """The :func:`difference` of two shares, with the p-value of "there is none".

    The test is Boschloo's exact one; from 400 replicates on it is the score test. Inconclusive where one has no replicate.
    """
    shares = [share(*each) for each in (one, other)]
    for each in shares:
        if isinstance(each, Inconclusive):
            return each
    found, method = _test(*one, *other)
    apart, low, high = difference(one, other)
    return ShareComparison(difference=apart, low=low, high=high, p=found, method=method)


def _test(k: int, n: int, j: int, m: int) -> tuple[float, str]:
    if k + j in (0, n + m):
        return 1.0, "always the same"
    if n + m <= _EXACT:
        from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

        found = stats.boschloo_exact([[k, j], [n - k, m - j]])
        return min(float(found.pvalue), 1.0), "Boschloo, exact"
    both = (k + j) / (n + m)
    z = abs(k / n - j / m) / math.sqrt(both * (1 - both) * (1 / n + 1 / m))
    return 2 * NormalDist().cdf(-z), "score test"

"""The Mann-Whitney test on process values, exact with and without ties."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from lab.stats.process import PerProcess, values_of

_EXACT_PAIRS: Final = 2_500
"""Up to this product of the two sample sizes the test is exact; 50 processes against 50 take some tens of ms."""


def rank_test(one: PerProcess, other: PerProcess) -> tuple[float, str]:
    """The two-sided p-value of "both are alike", and by which method. ValueError where a sample is empty.

    Exact: the share of all ways to deal the midranks whose rank sum is as far from its mean (by the shift algorithm
    of Streitberg and Röhmel 1986), which scipy's exact method is only without ties. Larger samples have the normal
    approximation with its correction for ties.
    """
    ours, theirs = values_of(one), values_of(other)
    if not ours or not theirs:
        raise ValueError("a rank test needs at least one process on each side")
    if len(set(ours) | set(theirs)) == 1:
        return 1.0, "Mann-Whitney, all alike"
    if len(ours) * len(theirs) > _EXACT_PAIRS:
        from scipy import stats  # noqa: PLC0415 - takes 0.3 s to import; not every command needs it

        return float(stats.mannwhitneyu(ours, theirs, method="asymptotic").pvalue), "Mann-Whitney, normal"
    few, many = sorted((ours, theirs), key=len)
    return _exact(few, many), "Mann-Whitney, exact"


def _exact(few: Sequence[float], many: Sequence[float]) -> float:
    import numpy as np  # noqa: PLC0415 - not every command needs it

    doubled = _doubled_midranks((*few, *many))
    ways = np.zeros((len(few) + 1, sum(doubled) + 1))
    ways[0, 0] = 1
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    dealt = ways[-1]
    mean = len(few) * sum(doubled) / len(doubled)
    seen = abs(sum(doubled[: len(few)]) - mean)
    distance = np.abs(np.arange(dealt.size) - mean)
    return float(dealt[distance >= seen - 1e-9].sum() / dealt.sum())


def _doubled_midranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value from 1, equal values sharing theirs: whole numbers."""
    ranks: dict[float, int] = {}
    before = 0
    for value, group in itertools.groupby(sorted(values)):
        count = sum(1 for _ in group)
        ranks[value] = 2 * before + count + 1
        before += count
    return [ranks[value] for value in values]

"""How alike repetitions of one process are: the intra-class correlation, and what the repetitions are worth.

One-way analysis of variance with processes as groups, unbalanced (Donner 1986); on the log scale where all values are
positive. With the correlation rho, N repetitions say as much of a mean as ``N / (1 + (m - 1) rho)`` independent
values, m being the processes' mean size weighted by size (Kish's design effect).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.model.outcome import Correlation
from lab.stats.process import Repetitions, processes_of


@dataclass(frozen=True, slots=True)
class Moments:
    """Of each process: how many repetitions, their mean, and the sum of their squared distances from it."""

    counts: Sequence[int]
    means: Sequence[float]
    squares: Sequence[float]
    scale: Literal["log", "plain"]


def correlation(repetitions: Repetitions, *, confidence: float = 0.95) -> Correlation | None:
    """The intra-class correlation with its interval, and the effective n; None where there is no process."""
    processes = processes_of(repetitions)
    if not processes:
        return None
    on_logs = min(min(each) for each in processes) > 0
    scaled = [[math.log(value) for value in each] for each in processes] if on_logs else processes
    means = [statistics.fmean(each) for each in scaled]
    return correlation_of(
        Moments(
            counts=[len(each) for each in scaled],
            means=means,
            squares=[
                math.fsum((value - mean) ** 2 for value in each) if max(each) > min(each) else 0.0
                for each, mean in zip(scaled, means, strict=True)
            ],
            scale="log" if on_logs else "plain",
        ),
        confidence=confidence,
    )


def correlation_of(moments: Moments, *, confidence: float = 0.95) -> Correlation:
    """:func:`correlation` from what was kept of each process. At least one process.

    The interval is from the F distribution, for unequal sizes with their effective size (Thomas and Hultquist 1978).
    Where nothing can be told (one process, one value each, all alike) the effective n is the number of processes.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"{confidence:g} is no confidence: it lies between 0 and 1")
    k, total = len(moments.counts), sum(moments.counts)
    weighted = math.fsum(count * count for count in moments.counts) / total
    ratio = _ratio(moments, k, total)
    if ratio is None:
        return Correlation(
            icc=None,
            low=None,
            high=None,
            effective_n=float(k),
            processes=k,
            repetitions=total,
            scale=moments.scale,
        )
    size = (total - weighted) / (k - 1)
    icc = _icc(ratio, size)
    low, high = icc, icc
    if math.isfinite(ratio):
        from scipy import special  # noqa: PLC0415 - takes 0.15 s to import; not every command needs it

        ends = special.fdtri(k - 1, total - k, [0.5 + confidence / 2, 0.5 - confidence / 2])
        low, high = (_icc(ratio / float(end), size) for end in ends)
    return Correlation(
        icc=icc,
        low=low,
        high=high,
        effective_n=total / (1 + (weighted - 1) * icc),
        processes=k,
        repetitions=total,
        scale=moments.scale,
    )


def _icc(ratio: float, size: float) -> float:
    """From the ratio of mean squares; a negative one is none."""
    return max((ratio - 1) / (ratio - 1 + size), 0.0) if math.isfinite(ratio) else 1.0


def _ratio(moments: Moments, k: int, total: int) -> float | None:
    """The mean square between processes over that within them; None where there is none, inf without any within."""
    if k in {1, total}:
        return None
    grand = math.fsum(count * mean for count, mean in zip(moments.counts, moments.means, strict=True)) / total
    between = math.fsum(
        count * (mean - grand) ** 2 for count, mean in zip(moments.counts, moments.means, strict=True)
    ) / (k - 1)
    within = math.fsum(moments.squares) / (total - k)
    if within > 0:
        return between / within
    return math.inf if max(moments.means) > min(moments.means) else None

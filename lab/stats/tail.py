"""Quantiles of all repetitions together: the one thing that is pooled, and so the processes are what is resampled.

The cluster bootstrap (Davison and Hinkley 1997, 3.8) draws whole processes with replacement. Its interval is Student's
t around the logarithm, with the resamples' standard error and one degree of freedom less than processes: of a
nominal 95 %, it holds p90 of 10 processes in 91 % and p99 of 30 in 86 %, where the percentile interval holds 85 % and
84 % (log-normal, intra-class correlation 0.35). BCa wants an acceleration and a bias that ties make NaN, and
durations in whole nanoseconds have ties. The percentile interval is left for samples that have no logarithm.
"""

from __future__ import annotations

import math
from typing import Final

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats.process import Repetitions, processes_of, quantile
from lab.stats.welch import as_ratio, spread, t_quantile

LEAST_POOLED: Final = {0.90: 30, 0.95: 72, 0.99: 368}
"""Repetitions below which a tail has no upper end: of 368, the largest is beyond p99 with 97.5 %."""
LEAST_PROCESSES: Final = {0.90: 10, 0.95: 20, 0.99: 30}
"""Below which the interval holds the truth in fewer than 85 % instead of 95 %."""
_AT_ONCE: Final = 2_000_000
"""Numbers in memory at a time."""


def tail(
    repetitions: Repetitions, q: float, *, seed: int, confidence: float = 0.95, resamples: int = 2000
) -> Estimate | Inconclusive:
    """The pooled *q*-quantile (0.90, 0.95 or 0.99) with the cluster bootstrap's interval. The same seed gives the same.

    For one-shot metrics (one value a process) it is the ordinary bootstrap. Inconclusive below 30, 72 and 368 pooled
    values, or below 10, 20 and 30 processes. ValueError for another *q*, fewer than 100 *resamples* or a *confidence*
    outside 0 … 1.
    """
    processes = processes_of(repetitions)
    if q not in LEAST_POOLED:
        raise ValueError(f"{q} is no tail that is known: there are {', '.join(map(str, LEAST_POOLED))}")
    if resamples < 100 or not 0 < confidence < 1:  # noqa: PLR2004 - an interval has ends
        raise ValueError("a bootstrap wants 100 resamples or more, and a confidence between 0 and 1")
    if missing := _missing(repetitions, q):
        return missing
    pooled = [value for each in processes for value in each]
    value = quantile(pooled, q)
    found = _resampled(processes, q, seed, resamples)
    on_logs = value > 0 and min(found) > 0
    if on_logs:
        error = math.sqrt(spread([math.log(each) for each in found]).variance)
        half = t_quantile(0.5 + confidence / 2, len(processes) - 1) * error
        low, high = (as_ratio(math.log(value) + side * half) for side in (-1, 1))
    else:
        low, high = (quantile(found, 0.5 + side * confidence / 2) for side in (-1, 1))
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        n=len(processes),
        method=f"pooled quantile, cluster bootstrap ({'t on logs' if on_logs else 'percentile'})",
    )


def _missing(repetitions: Repetitions, q: float) -> Inconclusive | None:
    pooled, processes = LEAST_POOLED[q], LEAST_PROCESSES[q]
    if repetitions.count >= pooled and repetitions.n >= processes:
        return None
    return Inconclusive(
        reason=Reason.TOO_FEW if repetitions.n else Reason.NOTHING_MEASURED,
        why=f"p{q * 100:.0f} needs {pooled} values from {processes} processes or more;"
        f" there are {repetitions.count} from {repetitions.n}",
        wanted=max(processes, math.ceil(pooled * repetitions.n / repetitions.count))
        if repetitions.n
        else processes,
    )


def _resampled(processes: tuple[tuple[float, ...], ...], q: float, seed: int, resamples: int) -> list[float]:
    """The pooled quantile of each resample: processes drawn with replacement, as weights of the ordered values."""
    import numpy as np  # noqa: PLC0415 - not every command needs it

    values = np.concatenate([np.asarray(each) for each in processes])
    owners = np.repeat(np.arange(len(processes)), [len(each) for each in processes])
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    source = np.random.default_rng(seed)
    found = []
    left = resamples
    while left:
        rows = min(left, max(_AT_ONCE // len(values), 1))
        drawn = source.multinomial(len(processes), np.full(len(processes), 1 / len(processes)), size=rows)
        upto = np.cumsum(drawn[:, owners], axis=1)
        position = q * (upto[:, -1] - 1)
        below = np.floor(position)
        above = np.minimum(below + 1, upto[:, -1] - 1)
        at_below, at_above = (
            values[np.argmax(upto > rank[:, np.newaxis], axis=1)] for rank in (below, above)
        )
        found.append(at_below + (at_above - at_below) * (position - below))
        left -= rows
    return [float(value) for each in found for value in each]

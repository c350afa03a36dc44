"""Quantiles of all repetitions together: the one thing that is pooled, and so the processes are what is resampled.

Up to 500 repetitions two intervals are made, and the outer ends of both are told; above, only the second. The cluster bootstrap (Davison and Hinkley 1997, 3.8)
draws whole processes with replacement: Student's t around the logarithm, with the resamples' standard error and one
degree of freedom less than processes; where there are no logarithms, the percentile interval. Alone it holds p95 and
p99 in 84 to 92 % instead of 95 (log-normal, intra-class correlation 0.35): of a steep tail it sees too little. BCa wants
an acceleration and a bias that ties make NaN, and durations in whole nanoseconds have ties. Woodruff's (1952) asks how
sure the share below the quantile is, by the processes' own shares, and looks its ends up among the repetitions: it
holds in 92 to 95 %, and never reaches beyond the largest of them, as the bootstrap does. Of p99.9 it holds 86 to 90 %, and
where repetitions of a process are much more alike than that, 50 to 77 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from lab.model.outcome import Estimate, Inconclusive, Reason
from lab.stats.process import PerProcess, Repetitions, processes_of, quantile, values_of
from lab.stats.welch import as_ratio, spread, t_quantile

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    Whole = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

LEAST_POOLED: Final = {0.90: 30, 0.95: 72, 0.99: 368, 0.999: 3688}
"""Repetitions below which a tail has no upper end: of 368, the largest is beyond p99 with 97.5 %."""
LEAST_PROCESSES: Final = {0.90: 10, 0.95: 20, 0.99: 30, 0.999: 50}
"""Below which the interval holds the truth in fewer than 85 % instead of 95 %."""
JUDGED_FROM: Final = {"p99": LEAST_PROCESSES[0.99], "p99.9": LEAST_PROCESSES[0.999]}
"""Processes from which on such a quantile of each process is judged: of fewer, the worst one decides."""
MOST_ALIKE: Final = 0.5
"""The intra-class correlation beyond which p99.9's interval is not to be trusted: halfway between 0.35, where it holds 86 to 90 %, and 0.7, where it
holds 50 to 77 %."""
MOST_RESAMPLED: Final = 500
"""Repetitions from which on only Woodruff's is made: it holds then, and resampling costs more than a summary may take."""
_AT_ONCE: Final = 2_000_000
"""Numbers in memory at a time."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """All repetitions, process after process, and how many each process gave."""

    values: Array
    counts: Whole

    @property
    def n(self) -> int:
        """How many processes."""
        return len(self.counts)

    @property
    def count(self) -> int:
        """How many repetitions."""
        return len(self.values)


def name_of(q: float) -> str:
    """``p99.9`` for 0.999."""
    return f"p{q * 100:g}"


def too_few_to_judge(statistic: str, *samples: PerProcess) -> Inconclusive | None:
    """Why *samples*, each process's *statistic* of its own repetitions, give no verdict; None where they may."""
    wanted, there = JUDGED_FROM.get(statistic, 0), min(each.n for each in samples)
    if there >= wanted:
        return None
    return Inconclusive(
        reason=Reason.TOO_FEW,
        why=f"a {statistic} is judged from {wanted} processes on; there are {there}",
        wanted=wanted,
    )


def pooled_of(sample: PerProcess) -> Pooled:
    """Of what happens once in a process's life: its one value is all that it gave."""
    import numpy as np  # noqa: PLC0415 - not every command needs it

    values = values_of(sample)
    return Pooled(np.array(values, dtype=float), np.ones(len(values), dtype=np.int64))


def tails(
    pooled: Pooled, *, seed: int, confidence: float = 0.95, resamples: int = 400
) -> Mapping[float, Estimate | Inconclusive]:
    """p90, p95, p99 and p99.9 of all repetitions, each as :func:`tail` tells it; the same seed gives the same."""
    return _told(pooled, LEAST_POOLED, seed=seed, confidence=confidence, resamples=resamples)


def tail(
    repetitions: Repetitions, q: float, *, seed: int, confidence: float = 0.95, resamples: int = 2000
) -> Estimate | Inconclusive:
    """The pooled *q*-quantile (0.90, 0.95, 0.99 or 0.999) with its interval. The same seed gives the same.

    For one-shot metrics (one value a process) it is the ordinary bootstrap. Inconclusive below 30, 72, 368 and 3688 pooled values, or below 10, 20, 30 and 50 processes. ValueError for another
    *q*, fewer than 100 *resamples* or a *confidence* outside 0 … 1.
    """
    processes = processes_of(repetitions)
    if q not in LEAST_POOLED:
        raise ValueError(f"{q} is no tail that is known: there are {', '.join(map(str, LEAST_POOLED))}")
    import numpy as np  # noqa: PLC0415 - not every command needs it

    pooled = Pooled(
        np.array([value for each in processes for value in each]),
        np.array([len(each) for each in processes], dtype=np.int64),
    )
    return _told(pooled, (q,), seed=seed, confidence=confidence, resamples=resamples)[q]


def _told(
    pooled: Pooled, wanted: Iterable[float], *, seed: int, confidence: float, resamples: int
) -> dict[float, Estimate | Inconclusive]:
    if resamples < 100 or not 0 < confidence < 1:  # noqa: PLR2004 - an interval has ends
        raise ValueError("a bootstrap wants 100 resamples or more, and a confidence between 0 and 1")
    found: dict[float, Estimate | Inconclusive] = {}
    known = []
    for q in wanted:
        if missing := _missing(pooled, q):
            found[q] = missing
        else:
            known.append(q)
    if not known:
        return found
    ordered = _Ordered.of(pooled)
    by_share = {q: _woodruff(ordered, q, confidence) for q in known}
    if pooled.count > MOST_RESAMPLED:
        return found | by_share
    resampled = _resampled(ordered, known, seed, resamples)
    return found | {
        q: _wider(by_share[q], _bootstrapped(ordered, q, each, confidence))
        for q, each in zip(known, resampled, strict=True)
    }


def _wider(one: Estimate, other: Estimate) -> Estimate:
    """The outer ends of both."""
    lows, highs = (
        [end for end in ends if end is not None]
        for ends in zip(*((each.low, each.high) for each in (one, other)), strict=True)
    )
    return replace(other, low=min(lows), high=max(highs), method=f"{other.method} or Woodruff's, the wider")


def _missing(pooled: Pooled, q: float) -> Inconclusive | None:
    values, processes = LEAST_POOLED[q], LEAST_PROCESSES[q]
    if pooled.count >= values and pooled.n >= processes:
        return None
    return Inconclusive(
        reason=Reason.TOO_FEW if pooled.n else Reason.NOTHING_MEASURED,
        why=f"{name_of(q)} needs {values} values from {processes} processes or more;"
        f" there are {pooled.count} from {pooled.n}",
        wanted=max(processes, math.ceil(values * pooled.n / pooled.count)) if pooled.n else processes,
    )


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Values from the smallest on, with the number of the process that gave each."""

    values: Array
    owners: Whole
    counts: Whole

    @classmethod
    def of(cls, pooled: Pooled) -> _Ordered:
        import numpy as np  # noqa: PLC0415 - not every command needs it

        owners = np.repeat(np.arange(pooled.n), pooled.counts)
        order = np.argsort(pooled.values, kind="stable")
        return cls(pooled.values[order], owners[order], pooled.counts)

    def at(self, q: float) -> float:
        """The same as :func:`lab.stats.process.quantile`."""
        position = min(max(q, 0.0), 1.0) * (len(self.values) - 1)
        below = math.floor(position)
        above = min(below + 1, len(self.values) - 1)
        return float(self.values[below] + (self.values[above] - self.values[below]) * (position - below))


def _bootstrapped(ordered: _Ordered, q: float, resampled: Sequence[float], confidence: float) -> Estimate:
    value, n = ordered.at(q), len(ordered.counts)
    on_logs = value > 0 and min(resampled) > 0
    if on_logs:
        error = math.sqrt(spread([math.log(each) for each in resampled]).variance)
        half = t_quantile(0.5 + confidence / 2, n - 1) * error
        low, high = (as_ratio(math.log(value) + side * half) for side in (-1, 1))
    else:
        low, high = (quantile(resampled, 0.5 + side * confidence / 2) for side in (-1, 1))
    return Estimate(
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        n=n,
        method=f"pooled quantile, cluster bootstrap ({'t on logs' if on_logs else 'percentile'})",
    )


def _woodruff(ordered: _Ordered, q: float, confidence: float) -> Estimate:
    import numpy as np  # noqa: PLC0415 - not every command needs it

    value, n = ordered.at(q), len(ordered.counts)
    within = np.bincount(ordered.owners, weights=ordered.values <= value, minlength=n)
    beyond = within - within.sum() / ordered.counts.sum() * ordered.counts
    error = math.sqrt(float((beyond**2).sum()) * n / (n - 1)) / float(ordered.counts.sum())
    half = t_quantile(0.5 + confidence / 2, n - 1) * error
    return Estimate(
        value=value,
        low=ordered.at(q - half),
        high=ordered.at(q + half),
        confidence=confidence,
        n=n,
        method="pooled quantile, Woodruff's interval, error by process",
    )


def _resampled(ordered: _Ordered, wanted: Sequence[float], seed: int, resamples: int) -> list[list[float]]:
    """The pooled quantiles of each resample: processes drawn with replacement, as weights of the ordered values."""
    import numpy as np  # noqa: PLC0415 - not every command needs it

    values, n = ordered.values, len(ordered.counts)
    source = np.random.default_rng(seed)
    found: list[list[float]] = [[] for _ in wanted]
    left = resamples
    while left:
        rows = min(left, max(_AT_ONCE // len(values), 1))
        drawn = source.multinomial(n, np.full(n, 1 / n), size=rows)
        upto = np.cumsum(drawn[:, ordered.owners], axis=1)
        for q, each in zip(wanted, found, strict=True):
            position = q * (upto[:, -1] - 1)
            below = np.floor(position)
            above = np.minimum(below + 1, upto[:, -1] - 1)
            at_below, at_above = (
                values[np.argmax(upto > rank[:, np.newaxis], axis=1)] for rank in (below, above)
            )
            each.extend((at_below + (at_above - at_below) * (position - below)).tolist())
        left -= rows
    return found

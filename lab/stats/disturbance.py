"""What an instrument costs: a metric with it over the same metric without it, of replicates that took turns in the same blocks."""

from __future__ import annotations

from typing import Final

from lab.model.looked import Disturbance, Ratio
from lab.model.outcome import Estimate, Inconclusive
from lab.stats.compare import tail_ratio
from lab.stats.estimate import centre_ratio
from lab.stats.process import PerProcess
from lab.stats.summary import one_shot_tail

CONFIDENCE: Final = 0.90


def disturbance(
    metric: str, statistic: str, looked_at: PerProcess, plain: PerProcess, *, resolution: float = 0.0
) -> Disturbance:
    """The ratio of the centres with its 90 % interval (Welch on logs), or why there is none; *resolution* is the clock's, in the values' unit."""
    found = centre_ratio(looked_at, plain, confidence=CONFIDENCE, resolution=resolution)
    return _told(metric, statistic, (looked_at, plain), found)


def tail_disturbance(metric: str, statistic: str, looked_at: PerProcess, plain: PerProcess) -> Disturbance:
    """The same of a tail of processes that gave one value each: a process's own only value has no tail, and the centre is none."""
    with_it, without_it = (one_shot_tail(each, statistic) for each in (looked_at, plain))
    if isinstance(with_it, Inconclusive) or isinstance(without_it, Inconclusive):
        missing = with_it if isinstance(with_it, Inconclusive) else without_it
        return _told(metric, statistic, (looked_at, plain), missing)
    found = tail_ratio(with_it, without_it, confidence=CONFIDENCE)
    return _told(metric, statistic, (looked_at, plain), found)


def _told(
    metric: str, statistic: str, samples: tuple[PerProcess, PerProcess], found: Estimate | Inconclusive
) -> Disturbance:
    looked_at, plain = samples
    ratio = None if isinstance(found, Inconclusive) else Ratio(found.value, found.low, found.high)
    return Disturbance(
        metric=metric,
        statistic=statistic,
        n_with=looked_at.n,
        n_plain=plain.n,
        ratio=ratio,
        why=found.why if isinstance(found, Inconclusive) else "",
    )

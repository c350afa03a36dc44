"""What an instrument costs: a metric with it over the same metric without it, of replicates that took turns in the same blocks."""

from __future__ import annotations

from typing import Final

from lab.model.looked import Disturbance, Ratio
from lab.model.outcome import Inconclusive
from lab.stats.estimate import centre_ratio
from lab.stats.process import PerProcess

CONFIDENCE: Final = 0.90


def disturbance(
    metric: str, statistic: str, looked_at: PerProcess, plain: PerProcess, *, resolution: float = 0.0
) -> Disturbance:
    """The ratio of the centres with its 90 % interval (Welch on logs), or why there is none; *resolution* is the clock's, in the values' unit."""
    found = centre_ratio(looked_at, plain, confidence=CONFIDENCE, resolution=resolution)
    ratio = None if isinstance(found, Inconclusive) else Ratio(found.value, found.low, found.high)
    return Disturbance(
        metric=metric,
        statistic=statistic,
        n_with=looked_at.n,
        n_plain=plain.n,
        ratio=ratio,
        why=found.why if isinstance(found, Inconclusive) else "",
    )

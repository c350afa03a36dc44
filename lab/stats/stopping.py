"""When to stop measuring: decided by how sure the centre is, never by what it is.

Stopping as soon as p < 0.05 gives 21 % false alarms. So a metric has enough replicates when its 90 % interval's
half-width is at most half its margin, which looks at the spread only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal

from lab.model.outcome import Inconclusive, Reason
from lab.stats.equivalence import CONFIDENCE, log_margin
from lab.stats.estimate import logs_of
from lab.stats.process import PerProcess
from lab.stats.welch import spread, t_quantile

LEAST_REPLICATES: Final = 8
"""Before which a spread that is small by chance would stop a run: from 2 on, 90 % intervals would hold in 79 %, from 8
on they hold in 88 %."""

Stop = Literal["precise", "replicates", "max-time"]
"""What ended a run: the record says which."""


def is_precise(sample: PerProcess, margin: float, *, resolution: float = 0.0) -> bool:
    """Whether the 90 % interval's half-width is at most half of *margin* (a share; both on the log scale).

    Never before eight replicates. A sample of which no ratio can be formed (zeros, below twice the clock's *resolution*)
    holds nothing up: more of it decides nothing. ValueError for a margin that is not positive.
    """
    room = log_margin(margin) / 2
    logs = logs_of(sample, resolution=resolution)
    if sample.n < LEAST_REPLICATES:
        return False
    if isinstance(logs, Inconclusive):
        return logs.reason is not Reason.NOTHING_MEASURED
    around = spread(logs)
    return t_quantile(0.5 + CONFIDENCE / 2, around.freedom) * math.sqrt(around.squared_error) <= room


def stop(
    samples: Iterable[tuple[PerProcess, float]],
    *,
    replicates: int,
    most_replicates: int,
    elapsed_ns: int,
    max_time_ns: int,
) -> Stop | None:
    """Whether to stop after a complete block, and why; None to go on.

    *samples* are the metrics that are judged, each with its margin; none of them is never precise.
    """
    if replicates >= most_replicates:
        return "replicates"
    if elapsed_ns >= max_time_ns:
        return "max-time"
    wanted = list(samples)
    return "precise" if wanted and all(is_precise(sample, margin) for sample, margin in wanted) else None

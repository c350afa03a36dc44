"""Did the machine drift while a run lasted? Then what it measured first and last are two things.

Blocks keep a drift out of the comparison of cells, but not out of that with a prediction or with another run. So of each metric the
last third of the processes is held against the first, and of many metrics a run must not cry wolf for one by chance:
the intervals are as wide as the number of metrics asks (Bonferroni), so that of all runs without a drift one in twenty warns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from lab.model.outcome import Estimate, Inconclusive
from lab.stats.estimate import logs_of, ratio_of
from lab.stats.process import PerProcess
from lab.stats.welch import difference, spread

FALSE_ALARMS: Final = 0.05
"""In how many runs without a drift a warning may be."""
LEAST_PROCESSES: Final = 12
"""For thirds of four."""
LEAST_CHANGE: Final = 0.05
"""A smaller drift is not worth a warning."""

_Key = TypeVar("_Key")


def drifts(samples: Mapping[_Key, PerProcess]) -> Mapping[_Key, Estimate]:
    """The metrics that drifted, each with its last third over its first; *samples* are in the order of the run."""
    logs = {
        key: found
        for key, sample in samples.items()
        if not isinstance(found := logs_of(sample), Inconclusive)
    }
    long = {key: values for key, values in logs.items() if len(values) >= LEAST_PROCESSES}
    confidence = 1 - FALSE_ALARMS / len(long) if long else 0.0
    ratios = {key: _last_over_first(values, confidence) for key, values in long.items()}
    return {key: ratio for key, ratio in ratios.items() if _is_worth_telling(ratio)}


def _last_over_first(logs: Sequence[float], confidence: float) -> Estimate:
    third = len(logs) // 3
    return ratio_of(
        difference(spread(logs[-third:]), spread(logs[:third])),
        confidence,
        n=len(logs),
        method="last third over first, Welch on logs, Bonferroni over a run's metrics",
    )


def _is_worth_telling(ratio: Estimate) -> bool:
    if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
        return False
    return abs(math.log(ratio.value)) >= math.log1p(LEAST_CHANGE)

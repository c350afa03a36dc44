"""A metric's distribution in a dozen characters: where the measured processes lie, and where they were predicted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lab.model.outcome import MeasuredMetric

WIDTH: Final = 14
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_PREDICTED: Final = "─"
_NOTHING: Final = " "
_LEAST_SPAN: Final = math.log(1.02)
"""What differs by less than 2 % is drawn as one bar, not spread over the whole axis."""


def legend(*, predicted: bool) -> str:
    """How the strips are read; *predicted* where some of them have a prediction."""
    foreseen = f", {_PREDICTED} is where 9 of 10 are predicted" if predicted else ""
    return f"distribution: the bars are measured processes{foreseen}; each row has its own axis (log)"


def bar(metric: MeasuredMetric, width: int = WIDTH) -> str:
    """The strip of one metric; empty where there is nothing positive to draw, or nothing to compare."""
    foreseen = (metric.prediction.low, metric.prediction.high) if metric.prediction else ()
    values = [math.log(value) for value in metric.values if value > 0]
    ends = [math.log(value) for value in foreseen if value > 0]
    if not values or len(values) < len(metric.values) or (not ends and min(values) == max(values)):
        return ""
    low, high = _span([*values, *ends])
    counts = [0] * width
    for value in values:
        counts[_place(value, low, high, width)] += 1
    strip = [_block(count, max(counts)) for count in counts]
    if len(ends) == len(foreseen) > 0:
        first, last = (_place(end, low, high, width) for end in ends)
        strip = [
            _PREDICTED if mark == _NOTHING and first <= at <= last else mark for at, mark in enumerate(strip)
        ]
    return "".join(strip)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    spare = max(_LEAST_SPAN - (high - low), 0.0) / 2
    return low - spare, high + spare


def _place(value: float, low: float, high: float, width: int) -> int:
    return min(int((value - low) / (high - low) * width), width - 1)


def _block(count: int, most: int) -> str:
    return _BLOCKS[math.ceil(count / most * len(_BLOCKS)) - 1] if count else _NOTHING

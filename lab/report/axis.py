"""Axes: where a value lies on a line of a given length, and which marks a reader needs on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lab.model.units import value_to_text

_LEAST_SPAN: Final = math.log(1.02)
"""What differs by less than 2 % is not spread over the whole axis."""
_POWERS_FROM: Final = 12.0
"""A span from which on marks are powers."""
_MARKS: Final = 4
_MOST_POWERS: Final = 6
"""Beyond these every third is marked: micro, milli, one."""
_BINARY: Final = 1024.0
_NICE: Final = (1.0, 2.0, 5.0, 10.0)
_RATIOS: Final = (
    1,
    0.5,
    2,
    0.8,
    1.25,
    0.1,
    10,
    1.5,
    0.67,
    0.9,
    1.1,
    5,
    0.2,
    0.95,
    1.05,
    0.01,
    100,
    1000,
    0.001,
)
"""Marks of a ratio, the ones that are wanted most first."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From *low* to *high* in whole steps of a picture, *start* to *end*; *end* may be the smaller one."""

    low: float
    high: float
    start: int
    end: int
    is_log: bool

    def at(self, value: float) -> int:
        """Where *value* lies; what is beyond an end lies at that end."""
        share = (self._scaled(value) - self._scaled(self.low)) / (
            self._scaled(self.high) - self._scaled(self.low)
        )
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start))

    def holds(self, value: float) -> bool:
        """Whether *value* lies between the ends."""
        return self.low <= value <= self.high

    def _scaled(self, value: float) -> float:
        if not self.is_log:
            return value
        return math.log(value) if value > 0 else -math.inf


def axis_for(values: Sequence[float], start: int, end: int) -> Axis:
    """An axis that holds all *values* with a little air: logarithmic where all are positive. At least one value is needed."""
    low, high = min(values), max(values)
    if low > 0:
        spare = max(_LEAST_SPAN - math.log(high / low), 0.0) / 2 + 0.04 * math.log(high / low)
        return Axis(low * math.exp(-spare), high * math.exp(spare), start, end, is_log=True)
    spare = 0.04 * (high - low) or 1.0
    return Axis(low - spare, high + spare, start, end, is_log=False)


def marks(axis: Axis, unit: str) -> tuple[tuple[int, str], ...]:
    """A few round values on the axis: where, and in words."""
    placed = ((axis.at(value), value_to_text(value, unit)) for value in _round_values(axis, unit))
    return tuple({text: (place, text) for place, text in placed}.values())


def ratio_marks(axis: Axis, apart: int) -> tuple[tuple[int, str], ...]:
    """As many familiar ratios as fit *apart* from each other, 1 before all others."""
    taken: list[tuple[int, str]] = []
    for ratio in _RATIOS:
        place = axis.at(ratio)
        if axis.holds(ratio) and all(abs(place - other) >= apart for other, _ in taken):
            taken.append((place, f"{ratio:g}"))
    return tuple(sorted(taken))


def around_one(ratios: Iterable[float], start: int, end: int, *, least: float, most: float) -> Axis:
    """A logarithmic axis with 1 in its middle that holds *ratios*, from *least* either way to *most* either way."""
    reach = max((max(ratio, 1 / ratio) for ratio in ratios if ratio > 0), default=1.0)
    reach = min(max(min(reach, most) ** 1.08, least), most)
    return Axis(1 / reach, reach, start, end, is_log=True)


def _round_values(axis: Axis, unit: str) -> Iterator[float]:
    if axis.is_log and axis.high / axis.low > _POWERS_FROM:
        yield from _powers(axis, unit)
        return
    scale = _binary_unit(axis.high) if unit == "bytes" else 1.0
    step = _step((axis.high - axis.low) / scale / _MARKS) * scale
    for number in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1):
        yield number * step


def _powers(axis: Axis, unit: str) -> Iterator[float]:
    """Powers of ten, or of 1024 for bytes, and what lies half-way between two where they are few."""
    base, between = (_BINARY, 32.0) if unit == "bytes" else (10.0, 3.0)
    first, last = math.floor(math.log(axis.low, base)), math.ceil(math.log(axis.high, base))
    every = 1 if last - first <= _MOST_POWERS else 3 * math.ceil((last - first) / 15)
    for power in range(first, last + 1):
        for share in (1.0, between) if last - first < _MARKS else (1.0,):
            if power % every == 0 and axis.holds(value := share * base**power):
                yield value


def _step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return power * next(nice for nice in _NICE if nice * power >= raw * (1 - 1e-9))


def _binary_unit(largest: float) -> float:
    return _BINARY ** max(0, math.floor(math.log(max(abs(largest), 1.0), _BINARY)))

"""Whether costs are still what they were: between a calibration and a later look, and between its own two halves.

A cost has drifted when its whole interval lies more than 10 % away. The interval allows for the number of costs that
are looked at (Bonferroni), so that one look at a machine that did not change finds a drift in it once in twenty times
at most; and what is noisy has a wide one, so it has to drift by more to be found out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from lab.calibrate.groups import SHARES
from lab.model.outcome import Estimate, Inconclusive
from lab.sim.costs import Costs, Point
from lab.stats.estimate import centre_ratio
from lab.stats.process import PerProcess, Repetitions

DRIFT: Final = 0.10
"""By how much a cost may have moved since it was measured."""
_FALSE_ALARMS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A cost that is no more what it was: what it is now over what it was, with its interval."""

    cost: str
    levels: Mapping[str, int | str]
    ratio: Estimate

    @property
    def name(self) -> str:
        """The cost and its levels, in words."""
        levels = ", ".join(f"{name} {level}" for name, level in self.levels.items())
        return f"{self.cost} ({levels})" if levels else self.cost


def drifts(kept: Costs, fresh: Costs) -> tuple[Drift, ...]:
    """Every cost whose whole interval lies more than :data:`DRIFT` away from what was kept, the largest drift first."""
    both = [
        (name, point, old)
        for name, cost in fresh.costs.items()
        if name in kept.costs and name not in SHARES
        for point in cost.points
        for old in kept.costs[name].points
        if old.levels == point.levels
    ]
    confidence = 1 - _FALSE_ALARMS / max(len(both), 1)
    found = (
        Drift(cost=name, levels=point.levels, ratio=ratio)
        for name, point, old in both
        if isinstance(ratio := centre_ratio(medians(point), medians(old), confidence=confidence), Estimate)
        and _is_beyond(ratio)
    )
    return tuple(sorted(found, key=lambda drift: -abs(math.log(drift.ratio.value))))


def halves(costs: Costs) -> tuple[Costs, Costs]:
    """The first rounds of a calibration, and as many later ones."""
    return _part(costs, first=True), _part(costs, first=False)


def half_ratio(point: Point) -> Estimate | Inconclusive:
    """A against A: the later half of a point's processes over the earlier."""
    before, after = _half(point, first=True), _half(point, first=False)
    return centre_ratio(medians(after), medians(before))


def medians(point: Point) -> PerProcess:
    """Each process's median."""
    return Repetitions(point.processes).reduced("p50")


def _part(costs: Costs, *, first: bool) -> Costs:
    return replace(
        costs,
        costs={
            name: replace(cost, points=tuple(_half(point, first=first) for point in cost.points))
            for name, cost in costs.costs.items()
        },
    )


def _half(point: Point, *, first: bool) -> Point:
    middle = len(point.processes) // 2
    return replace(point, processes=point.processes[:middle] if first else point.processes[middle:])


def _is_beyond(ratio: Estimate) -> bool:
    assert ratio.low is not None  # noqa: S101 - a ratio of two spreads has its interval
    assert ratio.high is not None  # noqa: S101
    return ratio.low > 1 + DRIFT or ratio.high < 1 / (1 + DRIFT)

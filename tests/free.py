"""Costs of nothing, or of what a test says: what remains is the scheduler's own order and the kernel's periods."""

from collections.abc import Mapping
from dataclasses import replace

from lab.sim import Costs
from lab.sim.costs import Point
from lab.sim.packaged import packaged

FAULT_NS = 1000
"""What one page fault costs all the same: touching has to take time to be seen."""
_PERIODS = ("tick", "slice", "bandwidth_slice", "stall_gap")
"""What the kernel does by, not what it costs."""


def free() -> Costs:
    """The packaged costs with every value at zero, but for page faults."""
    costs = packaged()
    nothing = {
        name: replace(
            cost, points=tuple(Point(levels=point.levels, processes=((0.0,),)) for point in cost.points)
        )
        for name, cost in costs.costs.items()
        if name not in _PERIODS
    }
    fault = replace(
        costs.cost("fault"), points=(Point(levels={"page": 4096}, processes=((float(FAULT_NS),),)),)
    )
    return replace(costs, costs={**costs.costs, **nothing, "fault": fault})


def costing(ns: Mapping[str, int]) -> Costs:
    """Costs of nothing but what is named: each at any of its levels always that many nanoseconds."""
    costs = free()
    pinned = {
        name: replace(
            cost,
            points=tuple(Point(levels=each.levels, processes=((float(value),),)) for each in cost.points),
        )
        for name, value in ns.items()
        for cost in (costs.cost(name),)
    }
    return replace(costs, costs={**costs.costs, **pinned})

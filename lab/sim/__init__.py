"""The simulator: a virtual-time model of the Go scheduler. This is its public surface."""

from lab.sim.costs import Costs
from lab.sim.events import Event
from lab.sim.operation import Body
from lab.sim.program import CLOSED, G, ms, s, us
from lab.sim.simulate import Result, load, simulate
from lab.sim.statistics import Statistics

__all__ = [
    "CLOSED",
    "Body",
    "Costs",
    "Event",
    "G",
    "Result",
    "Statistics",
    "load",
    "ms",
    "s",
    "simulate",
    "us",
]

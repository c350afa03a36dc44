"""A nap, simulated."""

from lab.sim.operation import Body
from lab.sim.program import G


def main(g: G, *, length: int) -> Body:
    """Sleep once."""
    start = g.now()
    yield g.sleep(length)
    g.observe("nap_ns", g.now() - start)

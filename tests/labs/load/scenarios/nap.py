"""A nap, simulated."""

from lab.sim import Body, G, ms


def main(g: G, *, number: int) -> Body:
    """Sleep once."""
    start = g.now()
    yield g.sleep(ms(1))
    g.observe("nap_ns", g.now() - start)
    g.observe("number", number)

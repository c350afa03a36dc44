"""A time slice is 10 ms: why does a goroutine that never stops run for 20 ms?

golab sim examples/time_slice.py --gomaxprocs 1
"""

from lab.sim import Body, G, ms, us


def main(g: G) -> Body:
    """Let two goroutines have the P in turn for a second.

    sysmon, which asks them to stop, wakes every 10 ms by then. At one waking it sees that a goroutine is new on its
    P; at the next, 10 ms later, that it is still there. So a slice begins just after a waking and lasts for two.
    """
    yield g.go(hog)
    yield g.go(hog)
    yield g.sleep(ms(1000))


def hog(g: G) -> Body:
    """Use the CPU; where it was somebody else's for a while, observe how long the turn before was."""
    began = last = g.now()
    while True:
        yield g.work(us(20))
        now = g.now()
        if now - last > ms(1):
            g.observe("turn_ns", last - began)
            began = now
        last = now

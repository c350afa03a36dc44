"""The simulated twin of the runtime's start: what threads and the scheduler decide of it.

How long the runtime and the packages compute is nothing that a scheduler decides, and no calibration has it: it is not predicted. What
is: the thread that runs sysmon, and gcenable, where main waits for two goroutines while it is locked to its thread, and no other
thread is there yet to run them.
"""

from typing import Any

from lab.sim import Body, G

BARE = True
"""It begins with the runtime's own inits, not with main.main."""


def enable(g: G) -> Body:
    """runtime.main, from sysmon's start to gcenable's end. proc.go: main; mgc.go: gcenable."""
    call = g.cost("thread_new_call")
    g.observe("sysmon_ns", call)
    g.observe("sysmon_runs_ns", call + g.cost("thread_start"))
    yield g.go(park)  # proc.go: init: go forcegchelper()
    start = g.now()
    ready = g.chan(2)
    yield g.go(begin, ready)  # bgsweep
    yield g.go(begin, ready)  # bgscavenge
    yield ready.recv()
    yield ready.recv()
    g.observe("gcenable_ns", g.now() - start)


def park(g: G) -> Body:
    """A goroutine of the runtime that has nothing to do yet."""
    yield g.block()


def begin(g: G, ready: Any) -> Body:
    """One that says first that it runs."""
    yield ready.send(None)
    yield g.block()


INITS = (enable,)


def main(g: G) -> Body:
    """Nothing but to have started."""
    yield g.work(0)

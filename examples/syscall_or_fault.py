"""What do the others notice of a goroutine that is 100 ms in the kernel: in a system call, or in page faults?

golab sim examples/syscall_or_fault.py --gomaxprocs 1 --set how=syscall
golab sim examples/syscall_or_fault.py --gomaxprocs 1 --set how=fault
"""

from typing import Final

from lab.sim import Body, G, ms, us

MIB: Final = 1 << 20


def main(g: G, *, how: str = "syscall") -> Body:
    """Be in the kernel beside a goroutine that wants to run each millisecond."""
    yield g.go(listen)
    yield g.syscall(us(1))  # any program has made one before: the very first on a P is taken from it sooner
    yield g.sleep(ms(50))
    start = g.now()
    if how == "syscall":
        yield g.syscall(ms(100))  # sysmon gives the P away, once, after a while
    if how == "fault":
        yield g.touch(256 * MIB)  # to the runtime it is work: it keeps its P, slice by slice
    g.observe("in_the_kernel_ns", g.now() - start)


def listen(g: G) -> Body:
    """Observe how long each turn was in coming."""
    ticker = g.ticker(ms(1))
    while True:
        last = g.now()
        yield ticker.recv()
        gap = g.now() - last
        g.observe("late_turn_ns" if gap > ms(5) else "turn_ns", gap)

"""The simulated twin of go_templates/once-deadlock: the same program, in the simulator's vocabulary.

C in the program is a matter of its build, which the lab sees in the manifest. C++ has no Go scheduler and no twin.
"""

from typing import Any

from lab.sim import Body, G, ms, s

ROUNDS = 10
LONG = ms(10)
SHORT = ms(100)
MEETING = ms(3)
HOUR = s(3600)


def main(g: G, *, variant: str = "nested", beside: str = "nothing") -> Body:
    """One replicate of a cell."""
    yield from company(g, beside)
    yield from VARIANTS[variant](g)


def nothing(_g: G) -> Body:
    """What an initialiser does that does nothing."""
    yield from ()


def nested(g: G) -> Body:
    """The article's call as written: nobody else holds the inner one."""
    yield g.once().do(calls, g.once())


def reentrant(g: G) -> Body:
    """A Once that its own function enters again. sync.OnceFunc holds one Once, so it is the same."""
    once = g.once()
    yield once.do(calls, once)


def crossed(g: G) -> Body:
    """Each holds one and wants the other; both hold theirs before either asks."""
    inside, done = g.waitgroup(), g.waitgroup()
    yield inside.add(2)
    yield done.add(2)
    a, b = g.once(), g.once()
    yield g.go(crosses, a, b, inside, done)
    yield g.go(crosses, b, a, inside, done)
    yield done.wait()


def crosses(g: G, own: Any, other: Any, inside: Any, done: Any) -> Body:
    """Hold the one, wait until the other is held, too, and ask for it."""
    yield own.do(meets, other, inside)
    yield done.done()


def meets(g: G, other: Any, inside: Any) -> Body:
    """An initialiser that waits until the other is inside."""
    yield inside.done()
    yield inside.wait()
    yield other.do(nothing)


def crossed_by_chance(g: G) -> Body:
    """The same without the meeting: on one P the second has ended before the first begins."""
    done = g.waitgroup()
    yield done.add(2)
    a, b = g.once(), g.once()
    yield g.go(tries, a, b, done)
    yield g.go(tries, b, a, done)
    yield done.wait()


def tries(g: G, own: Any, other: Any, done: Any) -> Body:
    """Hold the one for three milliseconds, and ask for the other."""
    yield own.do(spins, other)
    yield done.done()


def spins(g: G, other: Any) -> Body:
    """An initialiser that takes three milliseconds of the CPU."""
    yield g.spin(MEETING)
    yield other.do(nothing)


def calls(g: G, other: Any) -> Body:
    """An initialiser that calls another."""
    yield other.do(nothing)


def once_panic(g: G) -> Body:
    """A panicking function counts as done. Nobody recovers in the simulator: it returns, which is the same to the Once."""
    once = g.once()
    yield once.do(nothing)
    yield once.do(nothing)


def oncefunc_panic(g: G) -> Body:
    """The second call of a sync.OnceFunc panics again; the first one's panic is recovered, here: not raised."""
    once = g.once()
    yield once.do(nothing)
    yield once.do(nothing)
    yield g.panic("initialiser")


def slow(g: G) -> Body:
    """Who comes second waits for the first one's function."""
    for _ in range(ROUNDS):
        once, begun, done = g.once(), g.chan(), g.chan()
        yield g.go(first, once, begun, done)
        yield begun.recv()
        start = g.now()
        yield once.do(nothing)
        g.observe("once_wait_ns", g.now() - start)
        yield done.recv()


def first(g: G, once: Any, begun: Any, done: Any) -> Body:
    """The first caller."""
    yield once.do(sleeps, begun)
    yield done.close()


def sleeps(g: G, begun: Any) -> Body:
    """An initialiser that tells that it has begun, and takes its time."""
    yield begun.close()
    yield g.sleep(LONG)


VARIANTS = {
    "nested": nested,
    "reentrant": reentrant,
    "crossed": crossed,
    "crossed_by_chance": crossed_by_chance,
    "oncefunc": reentrant,
    "oncefunc_panic": oncefunc_panic,
    "once_panic": once_panic,
    "slow": slow,
}


def company(g: G, what: str) -> Body:
    """What else is in the program."""
    match what:
        case "short_sleeper" | "sleeper":
            yield g.go(naps, SHORT if what == "short_sleeper" else HOUR)
        case "timer":
            yield g.after_func(HOUR, nothing)
        case "timer_channel":
            g.timer(HOUR)
        case "netpoll":
            yield g.go(awaits_network)
        case (
            "syscall" | "signals"
        ):  # os/signal's own goroutine waits in the runtime's note, which is a system call
            yield g.go(calls_for_ever)
        case "locked":
            yield g.go(locks)
        case _:  # nothing; and what its build alone makes
            pass


def naps(g: G, ns: int) -> Body:
    """time.Sleep."""
    yield g.sleep(ns)


def awaits_network(g: G) -> Body:
    """A read that the poller watches, and nobody writes."""
    yield g.netwait(None)


def calls_for_ever(g: G) -> Body:
    """A system call that never returns."""
    yield g.syscall(None)


def locks(g: G) -> Body:
    """A goroutine that keeps its thread and waits for ever."""
    yield g.lock_os_thread()
    yield g.block()

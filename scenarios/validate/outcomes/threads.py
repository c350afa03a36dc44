"""System calls, the network, signals and locked threads. Their twins: programs/outcomes/threads.go, programs/masked."""

from typing import Any

from lab.sim import CLOSED, Body, G, ms
from lab.validate.outcome import deadlock, ends, hangs, no_goroutines, returns


def _call(g: G, ns: int | None) -> Body:
    yield g.syscall(ns)


def _network(g: G) -> Body:
    yield g.netwait(None)


def _sleep(g: G, ns: int) -> Body:
    yield g.sleep(ns)


def _locked_sleep(g: G, ns: int) -> Body:
    yield g.lock_os_thread()
    yield g.sleep(ns)


@ends(hangs())
def call_for_ever(g: G) -> Body:
    """A thread in a system call counts as running."""
    yield g.syscall(None)


@ends(hangs())
def call_for_ever_beside_main(g: G) -> Body:
    """Main's own wait is not looked at."""
    yield g.go(_call, None)
    yield g.block()


@ends(deadlock(300))
def call_returns_then_deadlock(g: G) -> Body:
    """Found when the call is over."""
    yield g.go(_call, ms(300))
    yield g.block()


@ends(hangs())
def network_for_ever(g: G) -> Body:
    """A poller counts as running."""
    yield g.netwait(None)


@ends(hangs())
def network_for_ever_beside_main(g: G) -> Body:
    """Main's own wait is not looked at."""
    yield g.go(_network)
    yield g.block()


@ends(hangs())
def network_and_a_sleeper(g: G) -> Body:
    """Not when the last sleeper ends, either."""
    yield g.go(_network)
    yield g.go(_sleep, ms(100))
    yield g.block()


@ends(hangs(), command="masked")
def accept_for_ever(g: G) -> Body:
    """A server that nobody calls."""
    yield g.netwait(None)


@ends(hangs(), command="masked", masks_deadlock=True)
def signals_are_awaited(g: G) -> Body:
    """signal.Notify: a thread waits for signals, whoever reads them."""
    yield g.block()


@ends(deadlock(0))
def locked_main_blocks(g: G) -> Body:
    """Its thread waits with it."""
    yield g.lock_os_thread()
    yield g.block()


@ends(no_goroutines(0))
def locked_main_goexits(g: G) -> Body:
    """The first thread cannot end: it waits for ever, and is not counted."""
    yield g.lock_os_thread()
    yield g.goexit()


@ends(deadlock(55))
def locked_main_goexits_beside(g: G) -> Body:
    """The P that main's thread had goes to another."""
    yield g.go(_works_and_waits)
    yield g.lock_os_thread()
    yield g.goexit()


def _works_and_waits(g: G) -> Body:
    yield g.sleep(ms(50))
    yield g.spin(ms(5))
    yield g.chan().recv()


@ends(deadlock(0))
def locked_goroutine_blocks(g: G) -> Body:
    """Likewise."""
    yield g.go(_locks_and_blocks)
    yield g.block()


def _locks_and_blocks(g: G) -> Body:
    yield g.lock_os_thread()
    yield g.block()


@ends(returns(70))
def locked_goroutine_exits(g: G) -> Body:
    """Its thread ends with it, and the program goes on."""
    done = g.chan()
    yield g.go(_locks_sleeps_and_closes, done)
    yield done.recv()
    yield g.sleep(ms(50))


def _locks_sleeps_and_closes(g: G, done: Any) -> Body:
    yield g.lock_os_thread()
    yield g.sleep(ms(20))
    yield done.close()


@ends(deadlock(100))
def locked_goroutine_exits_then_dead(g: G) -> Body:
    """A thread that ended is not counted as running."""
    yield g.go(_locked_sleep, ms(100))
    yield g.block()


@ends(returns(71))
def locked_goroutines_exit(g: G) -> Body:
    """Twenty threads at once, all of which end; cloning them takes a millisecond or two (tried: 72.0 to 73.3 ms, with two Ps 72)."""
    wg = g.waitgroup()
    for _ in range(20):
        yield wg.add(1)
        yield g.go(_locks_sleeps_and_is_done, wg)
    yield wg.wait()
    yield g.sleep(ms(50))


def _locks_sleeps_and_is_done(g: G, wg: Any) -> Body:
    yield g.lock_os_thread()
    yield g.sleep(ms(20))
    yield wg.done()


@ends(returns(0))
def locked_goroutines_hand_over(g: G) -> Body:
    """Each hand-over is one from thread to thread."""
    yield g.lock_os_thread()
    chan = g.chan()
    yield g.go(_locks_and_sends, chan)
    while (yield chan.recv()) is not CLOSED:
        pass


def _locks_and_sends(g: G, chan: Any) -> Body:
    yield g.lock_os_thread()
    for value in range(20):
        yield chan.send(value)
    yield chan.close()

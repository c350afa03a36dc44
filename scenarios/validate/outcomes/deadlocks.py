"""Programs that can never go on. Their twins: programs/outcomes/deadlocks.go."""

from typing import Any

from lab.sim import CLOSED, Body, G, ms
from lab.validate.outcome import deadlock, ends, ends_in_init, no_goroutines, returns


def _block(g: G) -> Body:
    yield g.block()


def _sleep(g: G, ns: int) -> Body:
    yield g.sleep(ns)


def _spin(g: G, ns: int) -> Body:
    yield g.spin(ns)


def _recv(_g: G, chan: Any) -> Body:
    yield chan.recv()


@ends(deadlock(0))
def select_of_nothing(g: G) -> Body:
    """The shortest."""
    yield g.block()


@ends(deadlock(0))
def receive_and_nobody_sends(g: G) -> Body:
    """Nobody else has the channel."""
    yield g.chan().recv()


@ends(deadlock(0))
def send_and_nobody_receives(g: G) -> Body:
    """Likewise."""
    yield g.chan().send(1)


@ends(deadlock(0))
def full_buffer(g: G) -> Body:
    """One value too many."""
    chan = g.chan(1)
    yield chan.send(1)
    yield chan.send(2)


@ends(deadlock(0))
def receive_from_nil(g: G) -> Body:
    """A channel that was never made."""
    yield g.chan(None).recv()


@ends(deadlock(0))
def send_to_nil(g: G) -> Body:
    """Likewise."""
    yield g.chan(None).send(1)


@ends(deadlock(0))
def select_of_nil_channels(g: G) -> Body:
    """No case can ever be ready."""
    yield g.select(None, g.chan(None).send(1))


@ends(deadlock(0))
def never_closed(g: G) -> Body:
    """The classic: range over a channel that its sender forgot to close."""
    chan = g.chan()
    yield g.go(_three, chan)
    while (yield chan.recv()) is not CLOSED:
        pass


def _three(_g: G, chan: Any) -> Body:
    for value in range(3):
        yield chan.send(value)


def _lock_twice(g: G) -> Body:
    mu = g.mutex()
    yield mu.lock()
    yield mu.lock()


@ends(deadlock(0))
def recursive_lock(g: G) -> Body:
    """A Mutex does not know its owner."""
    yield from _lock_twice(g)


@ends(deadlock(0))
def recursive_lock_of_a_goroutine(g: G) -> Body:
    """And main waits for that goroutine."""
    done = g.chan()
    yield g.go(_locks_twice_and_closes, done)
    yield done.recv()


def _locks_twice_and_closes(g: G, done: Any) -> Body:
    yield from _lock_twice(g)
    yield done.close()


@ends(deadlock(0))
def write_lock_under_a_read_lock(g: G) -> Body:
    """A read lock is not upgraded."""
    mu = g.rwmutex()
    yield mu.rlock()
    yield mu.lock()


@ends(deadlock(0))
def read_lock_under_a_write_lock(g: G) -> Body:
    """Nor is a write lock shared with its owner."""
    mu = g.rwmutex()
    yield mu.lock()
    yield mu.rlock()


@ends(deadlock(20))
def second_read_lock_behind_writer(g: G) -> Body:
    """A writer that waits keeps new readers out, also one that reads already."""
    mu = g.rwmutex()
    yield mu.rlock()
    yield g.go(_writer, mu)
    yield g.sleep(ms(20))
    yield mu.rlock()


def _writer(_g: G, mu: Any) -> Body:
    yield mu.lock()
    yield mu.unlock()


@ends(deadlock(20))
def two_locks_in_two_orders(g: G) -> Body:
    """Each has what the other wants."""
    a, b = g.mutex(), g.mutex()
    yield b.lock()
    yield g.go(_locks, a, b)
    yield g.sleep(ms(20))
    yield a.lock()


def _locks(_g: G, a: Any, b: Any) -> Body:
    yield a.lock()
    yield b.lock()


@ends(deadlock(0))
def once_in_its_own_once(g: G) -> Body:
    """Do holds a lock while its function runs."""
    once = g.once()
    yield once.do(_does, once)


def _does(_g: G, once: Any) -> Body:
    yield once.do(_block)


@ends(deadlock(0))
def waitgroup_never_done(g: G) -> Body:
    """One Done for two."""
    wg = g.waitgroup()
    yield wg.add(2)
    yield g.go(_done, wg)
    yield wg.wait()


def _done(_g: G, wg: Any) -> Body:
    yield wg.done()


@ends(deadlock(0))
def cond_never_signalled(g: G) -> Body:
    """Nobody else knows it."""
    mu = g.mutex()
    yield mu.lock()
    yield g.cond(mu).wait()


@ends(deadlock(200))
def sleeper_ends_then_deadlock(g: G) -> Body:
    """Found when the last one that could go on has ended."""
    yield g.go(_sleep, ms(200))
    yield g.block()


@ends(deadlock())
def workers_end_then_deadlock(g: G) -> Body:
    """Likewise, with all Ps busy until then."""
    for _ in range(8):
        yield g.go(_spin, ms(20))
    yield g.block()


@ends(deadlock(0))
def many_blocked(g: G) -> Body:
    """A hundred that wait for one another."""
    chan = g.chan()
    for _ in range(100):
        yield g.go(_recv, chan)
    yield g.block()


@ends(no_goroutines(0))
def mains_goexit_alone(g: G) -> Body:
    """Not even main is left, and it did not return."""
    yield g.goexit()


@ends(deadlock(0))
def mains_goexit_with_blocked(g: G) -> Body:
    """There are goroutines, all asleep: the usual words."""
    yield g.go(_block)
    yield g.goexit()


@ends(deadlock(50))
def mains_goexit_and_then_blocked(g: G) -> Body:
    """The other works first."""
    yield g.go(_spins_and_blocks, ms(50))
    yield g.goexit()


def _spins_and_blocks(g: G, ns: int) -> Body:
    yield g.spin(ns)
    yield g.block()


@ends(no_goroutines(100))
def mains_goexit_with_a_worker(g: G) -> Body:
    """The process ends, badly, when the last one does."""
    yield g.go(_sleep, ms(100))
    yield g.goexit()


@ends(no_goroutines(100))
def mains_goexit_runs_deferred(g: G) -> Body:
    """Goexit is no return, but deferred calls run."""
    try:
        yield g.goexit()
    finally:
        yield g.sleep(ms(100))


@ends_in_init(deadlock(0))
def deadlock_in_an_init(g: G) -> Body:
    """Main is never reached."""
    yield g.block()


@ends_in_init(no_goroutines(0))
def goexit_in_an_init(g: G) -> Body:
    """An init runs on main's goroutine."""
    yield g.goexit()


@ends_in_init(returns(20))
def init_waits_for_its_goroutine(g: G) -> Body:
    """Goroutines run while inits do."""
    done = g.chan()
    yield g.go(_sleeps_and_closes, done)
    yield done.recv()


def _sleeps_and_closes(g: G, done: Any) -> Body:
    yield g.sleep(ms(20))
    yield done.close()


@ends_in_init(deadlock(0))
def init_waits_and_nobody_comes(g: G) -> Body:
    """One value is taken, the second wait is in vain."""
    done = g.chan()
    yield g.go(_recv, done)
    yield done.send(1)
    yield done.recv()

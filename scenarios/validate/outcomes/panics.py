"""Programs that panic, and fatal errors of package sync. Their twins: programs/outcomes/panics.go."""

from typing import Any

from lab.sim import Body, G, ms, s
from lab.validate.outcome import deadlock, dies, ends, ends_in_init, returns

_SEND = "panic: send on closed channel"
_UNLOCK = "fatal error: sync: unlock of unlocked mutex"
_RW_UNLOCK = "fatal error: sync: Unlock of unlocked RWMutex"
_RW_RUNLOCK = "fatal error: sync: RUnlock of unlocked RWMutex"
_NEGATIVE = "panic: sync: negative WaitGroup counter"


def _panic(g: G, text: str) -> Body:
    yield g.panic(text)


def _late_panic(g: G, text: str) -> Body:
    yield g.sleep(ms(50))
    yield g.panic(text)


def _send(_g: G, chan: Any) -> Body:
    yield chan.send(1)


@ends(dies(_SEND, 0))
def send_on_closed(g: G) -> Body:
    """The plain case."""
    chan = g.chan()
    yield chan.close()
    yield chan.send(1)


@ends(dies(_SEND, 0))
def send_on_closed_buffered(g: G) -> Body:
    """Room in the buffer makes no difference."""
    chan = g.chan(2)
    yield chan.send(1)
    yield chan.close()
    yield chan.send(2)


@ends(dies(_SEND, 20))
def sender_waits_and_it_is_closed(g: G) -> Body:
    """The sender panics, not the one that closes."""
    chan = g.chan()
    yield g.go(_send, chan)
    yield g.sleep(ms(20))
    yield chan.close()
    yield g.block()


@ends(dies(_SEND, 0))
def select_sends_on_closed(g: G) -> Body:
    """A send to a closed channel is a ready case."""
    chan, other = g.chan(), g.chan()
    yield chan.close()
    yield g.select(chan.send(1), other.recv())


@ends(dies("panic: close of closed channel", 0))
def double_close(g: G) -> Body:
    """The second close."""
    chan = g.chan()
    yield chan.close()
    yield chan.close()


@ends(dies("panic: close of nil channel", 0))
def close_of_nil(g: G) -> Body:
    """A channel that was never made."""
    yield g.chan(None).close()


@ends(dies(_UNLOCK, 0))
def unlock_of_unlocked(g: G) -> Body:
    """Never locked."""
    yield g.mutex().unlock()


@ends(dies(_UNLOCK, 0))
def second_unlock(g: G) -> Body:
    """Locked once, unlocked twice."""
    mu = g.mutex()
    yield mu.lock()
    yield mu.unlock()
    yield mu.unlock()


@ends(dies(_RW_UNLOCK, 0))
def unlock_of_unlocked_rwmutex(g: G) -> Body:
    """Never locked."""
    yield g.rwmutex().unlock()


@ends(dies(_RW_RUNLOCK, 0))
def runlock_of_unlocked_rwmutex(g: G) -> Body:
    """Never locked."""
    yield g.rwmutex().runlock()


@ends(dies(_RW_UNLOCK, 0))
def unlock_of_a_read_lock(g: G) -> Body:
    """Unlock where RUnlock was meant."""
    mu = g.rwmutex()
    yield mu.rlock()
    yield mu.unlock()


@ends(dies(_RW_RUNLOCK, 0))
def runlock_of_a_write_lock(g: G) -> Body:
    """RUnlock where Unlock was meant."""
    mu = g.rwmutex()
    yield mu.lock()
    yield mu.runlock()


@ends(dies(_UNLOCK, 0))
def cond_waits_without_its_lock(g: G) -> Body:
    """Wait unlocks first."""
    yield g.cond(g.mutex()).wait()


@ends(dies(_NEGATIVE, 0))
def negative_waitgroup(g: G) -> Body:
    """Below zero at once."""
    yield g.waitgroup().add(-1)


@ends(dies(_NEGATIVE, 0))
def one_done_too_many(g: G) -> Body:
    """Below zero at the second Done."""
    wg = g.waitgroup()
    yield wg.add(1)
    yield wg.done()
    yield wg.done()


@ends(dies("panic: of main", 0))
def panic_of_main(g: G) -> Body:
    """The plain case."""
    yield g.panic("of main")


@ends(dies("panic: beside main", 0))
def panic_beside_main(g: G) -> Body:
    """Any goroutine's panic ends the process."""
    yield g.go(_panic, "beside main")
    yield g.block()


@ends(dies("panic: after a sleep", 50))
def panic_after_a_sleep(g: G) -> Body:
    """Main is blocked, and that is no deadlock yet."""
    yield g.go(_late_panic, "after a sleep")
    yield g.block()


@ends(dies("panic: in a once", 0))
def panic_in_a_once(g: G) -> Body:
    """On the caller's own goroutine."""
    yield g.once().do(_panic, "in a once")


@ends(dies("panic: in an AfterFunc", 50))
def panic_in_an_after_func(g: G) -> Body:
    """In a goroutine that a timer made."""
    yield g.after_func(ms(50), _panic, "in an AfterFunc")
    yield g.block()


@ends(dies("panic: after main's Goexit", 50))
def panic_after_mains_goexit(g: G) -> Body:
    """The process goes on without main."""
    yield g.go(_late_panic, "after main's Goexit")
    yield g.goexit()


@ends(dies("panic: while main returns", 0))
def panic_while_main_returns(g: G) -> Body:
    """A deferred call lets main return; main waits for the panic's end."""
    done = g.chan()
    yield g.go(_closes_and_panics, done)
    yield done.recv()


def _closes_and_panics(g: G, done: Any) -> Body:
    try:
        yield g.panic("while main returns")
    finally:
        yield done.close()


@ends(returns(0))
def slow_defer_while_main_returns(g: G) -> Body:
    """Main waits for deferred calls no longer than a thousand Gosched take."""
    done = g.chan()
    yield g.go(_panics_slowly, done)
    yield done.recv()


def _panics_slowly(g: G, done: Any) -> Body:
    try:
        yield g.panic("nobody sees it")
    finally:
        yield done.close()
        yield g.sleep(ms(300))


@ends(dies("panic: after what was deferred", 100))
def panic_runs_what_was_deferred(g: G) -> Body:
    """Deferred calls run before the panic is printed."""
    try:
        yield g.panic("after what was deferred")
    finally:
        yield g.sleep(ms(100))


@ends(dies("panic: the first", 0))
def panic_of_a_deferred_call(g: G) -> Body:
    """Of two panics the first is printed first."""
    try:
        yield g.panic("the first")
    finally:
        yield g.panic("the second")


@ends(deadlock(0))
def deferred_deadlock_under_a_panic(g: G) -> Body:
    """A deferred call that never ends: the panic is never printed."""
    try:
        yield g.panic("never said")
    finally:
        yield g.block()


@ends(dies("panic: non-positive interval for NewTicker", 0))
def ticker_of_nothing(g: G) -> Body:
    """A panic of Go, not a mistake of the simulation's user."""
    g.ticker(0)
    yield g.block()


@ends(dies("panic: non-positive interval for Ticker.Reset", 0))
def ticker_reset_to_nothing(g: G) -> Body:
    """Likewise."""
    yield g.ticker(s(1)).reset(0)


@ends_in_init(dies("panic: in an init", 0))
def panic_in_an_init(g: G) -> Body:
    """Main is never reached."""
    yield g.panic("in an init")


@ends_in_init(dies("panic: beside an init", 0))
def panic_beside_an_init(g: G) -> Body:
    """Goroutines run while inits do."""
    yield g.go(_panic, "beside an init")
    yield g.block()

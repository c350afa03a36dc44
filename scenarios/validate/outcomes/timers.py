"""Timers that are pending, stopped, unread or abandoned. Their twins: programs/outcomes/timers.go.

With two or more Ps a poller that waits for a timer's time is not woken when that timer is stopped, and as long as it
waits the runtime does not look for a deadlock (SIM.md R7, checkdead).
"""

from typing import Any

from lab.sim import Body, G, ms, s
from lab.validate.outcome import deadlock, ends, ends_in_init, goes_on, not_told_for_an_hour, returns

_HOUR = s(3600)
_SPUN_MS = 20
"""Long enough for another P's thread to become the poller, on a busy machine too."""


def _nothing(_g: G) -> Body:
    yield from ()


def _block(g: G) -> Body:
    yield g.block()


def _close(_g: G, done: Any) -> Body:
    yield done.close()


@ends(deadlock(0), with_more=deadlock(0, 500))
def after_func_stopped_at_once(g: G) -> Body:
    """With more Ps a poller may just have come."""
    timer = yield g.after_func(ms(500), _nothing)
    yield timer.stop()
    yield g.block()


@ends(deadlock(300))
def after_func_fires_then_deadlock(g: G) -> Body:
    """A timer can still make something run."""
    yield g.after_func(ms(300), _nothing)
    yield g.block()


@ends(returns(100))
def after_func_wakes_main(g: G) -> Body:
    """As here."""
    done = g.chan()
    yield g.after_func(ms(100), _close, done)
    yield done.recv()


@ends(deadlock(100))
def after_func_blocks(g: G) -> Body:
    """Its goroutine is one more that waits."""
    yield g.after_func(ms(100), _block)
    yield g.block()


@ends(goes_on())
def after_func_of_an_hour(g: G) -> Body:
    """Pending."""
    yield g.after_func(_HOUR, _nothing)
    yield g.block()


@ends(deadlock(0))
def ticker_unread(g: G) -> Body:
    """A channel's timer is in no heap while nobody waits for it."""
    g.ticker(ms(10))
    yield g.block()


@ends(deadlock(100), with_more=deadlock(100, 200))
def ticker_read_once(g: G) -> Body:
    """Nobody waits any more; with more Ps that may be noticed one tick later."""
    yield g.ticker(ms(100)).recv()
    yield g.block()


@ends(deadlock(0))
def ticker_stopped_and_read(g: G) -> Body:
    """It never ticks again."""
    ticker = g.ticker(ms(10))
    yield ticker.stop()
    yield ticker.recv()


@ends(goes_on())
def ticker_read_for_ever(g: G) -> Body:
    """Each tick runs main."""
    ticker = g.ticker(ms(10))
    while True:
        yield ticker.recv()


@ends(deadlock(0))
def timer_unread(g: G) -> Body:
    """As an unread ticker."""
    g.timer(_HOUR)
    yield g.block()


@ends(deadlock(0))
def timer_stopped_and_read(g: G) -> Body:
    """It never fires."""
    timer = g.timer(ms(10))
    yield timer.stop()
    assert timer.c is not None
    yield timer.c.recv()


@ends(deadlock(100))
def timer_read_twice(g: G) -> Body:
    """It fires once."""
    due = g.after(ms(100))
    yield due.recv()
    yield due.recv()


@ends(returns(100))
def after_read(g: G) -> Body:
    """time.After as it is meant."""
    yield g.after(ms(100)).recv()


def _abandon_after_func(g: G, ns: int) -> Body:
    timer = yield g.after_func(ns, _nothing)
    yield g.spin(ms(_SPUN_MS))
    yield timer.stop()
    yield g.block()


@ends(deadlock(_SPUN_MS), with_more=not_told_for_an_hour())
def after_func_abandoned_1h(g: G) -> Body:
    """A poller waits for the stopped timer's time, and for so long nobody is told."""
    yield from _abandon_after_func(g, _HOUR)


@ends(deadlock(_SPUN_MS), with_more=deadlock(500))
def after_func_abandoned_500ms(g: G) -> Body:
    """The same with an end in sight."""
    yield from _abandon_after_func(g, ms(500))


@ends(deadlock(50), with_more=deadlock(50, 500))
def after_func_abandoned_by_another(g: G) -> Body:
    """With more Ps at once or at the timer's time, as who comes first to the poller."""
    timer = yield g.after_func(ms(500), _nothing)
    yield g.go(_stops_late, timer)
    yield g.block()


def _stops_late(g: G, timer: Any) -> Body:
    yield g.sleep(ms(50))
    yield timer.stop()


def _leave_select(g: G, due: Any) -> Body:
    other = g.chan()
    yield g.go(_spins_and_sends, other)
    yield g.select(other.recv(), due.recv())
    yield g.block()


def _spins_and_sends(g: G, chan: Any) -> Body:
    yield g.spin(ms(_SPUN_MS))
    yield chan.send(1)


@ends(deadlock(_SPUN_MS), with_more=not_told_for_an_hour())
def timer_in_select_abandoned_1h(g: G) -> Body:
    """A time-out that was not needed, and not stopped: nobody waits for it any more."""
    yield from _leave_select(g, g.timer(_HOUR).c)


@ends(deadlock(_SPUN_MS), with_more=deadlock(500))
def timer_in_select_abandoned_500ms(g: G) -> Body:
    """The same with an end in sight."""
    yield from _leave_select(g, g.timer(ms(500)).c)


@ends(deadlock(_SPUN_MS), with_more=not_told_for_an_hour())
def after_in_select_abandoned_1h(g: G) -> Body:
    """The same with time.After."""
    yield from _leave_select(g, g.after(_HOUR))


@ends(deadlock(_SPUN_MS), with_more=deadlock(500))
def after_in_select_abandoned_500ms(g: G) -> Body:
    """The same with an end in sight."""
    yield from _leave_select(g, g.after(ms(500)))


def _reset_after_func(g: G, first: int, second: int) -> Body:
    timer = yield g.after_func(first, _nothing)
    yield g.spin(ms(_SPUN_MS))
    yield timer.reset(second)
    yield g.block()


@ends(deadlock(300 + _SPUN_MS))
def after_func_brought_forward(g: G) -> Body:
    """The poller is told of an earlier time."""
    yield from _reset_after_func(g, _HOUR, ms(300))


@ends(goes_on())
def after_func_put_off(g: G) -> Body:
    """The poller comes back too early and waits again."""
    yield from _reset_after_func(g, ms(300), _HOUR)


@ends(deadlock(600 + _SPUN_MS))
def after_func_put_off_to_600ms(g: G) -> Body:
    """The same with an end in sight."""
    yield from _reset_after_func(g, ms(300), ms(600))


@ends(deadlock(200 + _SPUN_MS), with_more=deadlock(200 + _SPUN_MS, 500))
def sleepers_beside_an_abandoned_timer(g: G) -> Body:
    """The poller comes back for an earlier sleeper; with the right P it sees that the other timer is gone."""
    timer = yield g.after_func(ms(500), _nothing)
    yield g.spin(ms(_SPUN_MS))
    yield timer.stop()
    yield g.go(_sleep, ms(200))
    yield g.block()


def _sleep(g: G, ns: int) -> Body:
    yield g.sleep(ns)


@ends_in_init(deadlock(100))
def timer_of_an_init(g: G) -> Body:
    """As in main."""
    yield g.after_func(ms(100), _nothing)
    yield g.block()

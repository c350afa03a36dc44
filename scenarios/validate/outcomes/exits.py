"""Programs that end well, and those that have something left to do. Their twins: programs/outcomes/exits.go."""

from collections.abc import Callable
from typing import Any

from lab.sim import Body, G, ms, s
from lab.validate.outcome import ends, goes_on, returns

_HOUR = s(3600)


def _sleep(g: G) -> Body:
    yield g.sleep(_HOUR)


def _spin(g: G) -> Body:
    yield g.spin(_HOUR)


def _block(g: G) -> Body:
    yield g.block()


def _call(g: G) -> Body:
    yield g.syscall(None)


def _leave(g: G, other: Callable[..., Body]) -> Body:
    yield g.go(other)
    yield g.sleep(ms(20))


@ends(returns(0))
def nothing(_g: G) -> Body:
    """An empty main."""
    yield from ()


@ends(returns(20))
def main_returns_beside_a_sleeper(g: G) -> Body:
    """Main's return ends the process."""
    yield from _leave(g, _sleep)


@ends(returns())
def main_returns_beside_a_spinner(g: G) -> Body:
    """With one P main first has to get it back."""
    yield from _leave(g, _spin)


@ends(returns(20))
def main_returns_beside_a_blocked(g: G) -> Body:
    """A goroutine that leaks is no deadlock."""
    yield from _leave(g, _block)


@ends(returns(20))
def main_returns_beside_a_call(g: G) -> Body:
    """Nor is one in a system call in the way."""
    yield from _leave(g, _call)


@ends(returns(0), procs=(1,))
def main_returns_before_a_panic(g: G) -> Body:
    """With one P the other never runs."""
    yield g.go(_panic)


def _panic(g: G) -> Body:
    yield g.panic("too late")


@ends(returns(100))
def deferred_calls_of_main_run(g: G) -> Body:
    """Before the process ends."""
    try:
        yield g.work(0)
    finally:
        yield g.sleep(ms(100))


@ends(returns(0))
def goexit_of_a_goroutine(g: G) -> Body:
    """It ends, with its deferred calls; main goes on."""
    done = g.chan()
    yield g.go(_goexits, done)
    yield done.recv()


def _goexits(g: G, done: Any) -> Body:
    try:
        yield g.goexit()
    finally:
        yield done.close()


@ends(returns(0))
def goexit_in_a_once(g: G) -> Body:
    """It counts as done."""
    once, done = g.once(), g.chan()
    yield g.go(_goexits_in_once, once, done)
    yield done.recv()
    yield once.do(_panic)


def _goexits_in_once(_g: G, once: Any, done: Any) -> Body:
    try:
        yield once.do(_goexit)
    finally:
        yield done.close()


def _goexit(g: G) -> Body:
    yield g.goexit()


@ends(goes_on())
def spinner_never_ends(g: G) -> Body:
    """A busy loop is no deadlock."""
    yield g.go(_spin)
    yield g.block()


@ends(goes_on())
def sleeper_of_an_hour(g: G) -> Body:
    """Nor is a sleep, however long."""
    yield g.go(_sleep)
    yield g.block()


@ends(goes_on())
def two_pass_a_value_for_ever(g: G) -> Body:
    """Nor two that wait for one another in turn."""
    chan = g.chan()
    yield g.go(_sends_for_ever, chan)
    while True:
        yield chan.recv()


def _sends_for_ever(g: G, chan: Any) -> Body:
    while True:
        yield g.sleep(ms(10))
        yield chan.send(1)

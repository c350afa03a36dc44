"""Contexts, lost signals and leaked goroutines. Their twins: go_templates/validate/outcomes/contexts.go.

The heart of a context is a channel that is closed under a lock; a child's is closed by whoever closes its parent's.
"""

from typing import Any

from lab.sim import Body, G, ms
from lab.validate.outcome import deadlock, ends, returns


def _cancels(_g: G, mu: Any, *done: Any) -> Body:
    yield mu.lock()
    for each in done:
        yield each.close()
    yield mu.unlock()


@ends(returns(0))
def context_cancelled(g: G) -> Body:
    """Whoever waits for a context goes on when it is cancelled."""
    done = g.chan()
    yield g.go(_cancels, g.mutex(), done)
    yield done.recv()


@ends(deadlock(0))
def context_never_cancelled(g: G) -> Body:
    """A deferred cancel does not come while main waits."""
    yield g.chan().recv()


@ends(returns(0))
def context_of_a_parent(g: G) -> Body:
    """A parent's end is its children's."""
    parent, child = g.chan(), g.chan()
    yield g.go(_cancels, g.mutex(), parent, child)
    yield child.recv()


@ends(deadlock(0))
def context_of_a_child(g: G) -> Body:
    """A child's end is not its parent's."""
    parent, child = g.chan(), g.chan()
    yield g.go(_cancels, g.mutex(), child)
    yield parent.recv()


@ends(returns(50))
def context_with_timeout(g: G) -> Body:
    """A timer cancels it."""
    done = g.chan()
    yield g.after_func(ms(50), _cancels, g.mutex(), done)
    yield done.recv()


@ends(deadlock(0))
def context_without_an_end(g: G) -> Body:
    """The channel of the background is nil."""
    yield g.chan(None).recv()


@ends(deadlock(0))
def signal_before_wait(g: G) -> Body:
    """A signal that nobody waits for is lost."""
    mu = g.mutex()
    cond = g.cond(mu)
    yield cond.signal()
    yield mu.lock()
    yield cond.wait()


@ends(returns(0))
def waiter_before_signal(g: G) -> Body:
    """Whoever holds the lock until it waits misses no signal that is given under the lock."""
    mu = g.mutex()
    cond = g.cond(mu)

    def signals(_g: G) -> Body:
        yield mu.lock()
        yield cond.signal()
        yield mu.unlock()

    yield mu.lock()
    yield g.go(signals)
    yield cond.wait()
    yield mu.unlock()


def _sends(_g: G, answers: Any, number: int, wg: Any = None) -> Body:
    yield answers.send(number)
    if wg is not None:
        yield wg.done()


@ends(returns(0))
def leaked_senders(g: G) -> Body:
    """Goroutines that nobody receives from wait for ever, and nobody notices."""
    answers = g.chan()
    for number in range(3):
        yield g.go(_sends, answers, number)
    yield answers.recv()


@ends(deadlock(0))
def leaked_senders_are_waited_for(g: G) -> Body:
    """Somebody notices who waits for them."""
    answers, wg = g.chan(), g.waitgroup()
    for number in range(3):
        yield wg.add(1)
        yield g.go(_sends, answers, number, wg)
    yield answers.recv()
    yield wg.wait()

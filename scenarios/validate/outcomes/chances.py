"""Programs that end in one way or another: by chance, or by a race. Their twins: go_templates/validate/outcomes/chances.go."""

from typing import Any

from lab.sim import Body, G, ms, us
from lab.validate.outcome import chance


@chance(exact=True)
def select_of_two_ready(g: G) -> Body:
    """Each case of a select that is ready is as likely as the other."""
    one, other = g.chan(1), g.chan(1)
    yield one.send(1)
    yield other.send(1)
    index, _ = yield g.select(one.recv(), other.recv())
    if index == 1:
        yield g.block()


@chance(exact=True)
def select_of_three_ready(g: G) -> Body:
    """So with three."""
    each = [g.chan(1) for _ in range(3)]
    for number, chan in enumerate(each):
        yield chan.send(number)
    index, _ = yield g.select(*(chan.recv() for chan in each))
    if index == 2:
        yield g.panic("the third")


@chance()
def signal_too_early(g: G) -> Body:
    """Main signals when the other may not wait yet."""
    mu, wg = g.mutex(), g.waitgroup()
    cond = g.cond(mu)

    def waits(_g: G) -> Body:
        yield mu.lock()
        yield cond.wait()
        yield mu.unlock()
        yield wg.done()

    yield wg.add(1)
    yield g.go(waits)
    yield g.spin(us(80))
    yield mu.lock()
    yield cond.signal()
    yield mu.unlock()
    yield wg.wait()


@chance()
def crossed_locks_at_once(g: G) -> Body:
    """Two take two locks in two orders, if they do it at the same time."""
    a, b, wg = g.mutex(), g.mutex(), g.waitgroup()

    def both(g: G, first: Any, second: Any) -> Body:
        yield first.lock()
        yield g.spin(us(80))
        yield second.lock()
        yield second.unlock()
        yield first.unlock()

    def other(g: G) -> Body:
        yield from both(g, a, b)
        yield wg.done()

    yield wg.add(1)
    yield g.go(other)
    yield from both(g, b, a)
    yield wg.wait()


@chance()
def closed_while_sending(g: G) -> Body:
    """Main closes a channel that the other may not have sent to yet."""
    values, done = g.chan(1), g.chan()

    def sends(g: G) -> Body:
        yield g.spin(us(20))
        yield values.send(1)
        yield done.close()

    yield g.go(sends)
    yield g.spin(us(100))
    yield values.close()
    yield done.recv()


@chance()
def returns_before_a_panic(g: G) -> Body:
    """Main returns when the other may not have begun."""

    def panics(g: G) -> Body:
        yield g.panic("not in time")

    yield g.go(panics)
    yield g.spin(us(80))


@chance()
def waitgroup_added_too_late(g: G) -> Body:
    """Main waits for nobody if the other has not counted itself yet."""
    wg = g.waitgroup()

    def counts_itself(g: G) -> Body:
        yield wg.add(1)
        yield g.spin(us(500))
        yield g.panic("somebody waited")

    yield g.go(counts_itself)
    yield g.spin(us(80))
    yield wg.wait()


@chance()
def done_or_too_late(g: G) -> Body:
    """A sleep and a timeout of the same length."""
    done = g.chan(1)

    def sleeps(g: G) -> Body:
        yield g.sleep(ms(2))
        yield done.send(None)

    yield g.go(sleeps)
    index, _ = yield g.select(done.recv(), g.after(ms(2)).recv())
    if index == 1:
        yield g.panic("too late")

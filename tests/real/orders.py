"""The simulated twins of ``programs/orders``: who runs when with one P. Each ``@says`` what real Go 1.27.3 printed.

Tried twenty times each: real Go printed the same each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lab.sim import CLOSED, Body, G, ms, us

ORDERS: Final[dict[str, "Order"]] = {}


@dataclass(frozen=True, slots=True)
class Order:
    """A twin, and what it and its real program print."""

    main: Callable[..., Body]
    says: str


def _says(words: str) -> Callable[[Callable[..., Body]], Callable[..., Body]]:
    def keep(main: Callable[..., Body]) -> Callable[..., Body]:
        ORDERS[main.__name__] = Order(main, words)
        return main

    return keep


def _see(g: G, what: object) -> None:
    g.observe("seen", str(what).lower() if isinstance(what, bool) else str(what))


def _seen(g: G, what: object) -> Body:
    _see(g, what)
    yield g.work(0)


def _numbers(*ranges: range) -> str:
    return " ".join(str(number) for each in ranges for number in each)


@_says(
    _numbers(
        range(299, 300), range(127, 244), range(1), range(244, 255), range(256, 299), range(1, 127), range(255, 256)
    )
)  # fmt: skip
def runq_overflow(g: G) -> Body:
    """A full queue spills its 128 oldest and the newcomer; each 61st round looks at the global queue first."""
    wg = g.waitgroup()

    def starts(g: G, number: int) -> Body:
        _see(g, number)
        yield wg.done()

    for number in range(300):
        yield wg.add(1)
        yield g.go(starts, number)
    yield wg.wait()


@_says("20 00 10 21 01 11 22 02 12")
def gosched_order(g: G) -> Body:
    """Whoever calls Gosched goes behind all others."""
    wg = g.waitgroup()
    yield wg.add(3)

    def yields(g: G, number: int) -> Body:
        for turn in range(3):
            _see(g, f"{number}{turn}")
            yield g.gosched()
        yield wg.done()

    for number in range(3):
        yield g.go(yields, number)
    yield wg.wait()


@_says("came back")
def gosched_61(g: G) -> Body:
    """A chain of hand-overs in runnext does not keep the global queue waiting for ever."""
    numbers = g.chan()
    done: list[bool] = []

    def sends(_g: G) -> Body:
        while not done:
            yield numbers.send(1)
        yield numbers.close()

    def receives(_g: G) -> Body:
        while (yield numbers.recv()) is not CLOSED:
            pass

    yield g.go(sends)
    yield g.go(receives)
    yield g.sleep(ms(1))
    yield g.gosched()
    _see(g, "came back")
    done.append(True)


@_says("3 0 1 2")
def timers_same_check(g: G) -> Body:
    """Several timers are due at once: the last that fires is the next to run."""
    for number in range(4):
        yield g.after_func(ms(1) + us(10) * number, _seen, number)
    yield g.spin(ms(3))
    yield g.sleep(ms(5))


@_says("3 0 1 2")
def sleepers_same_check(g: G) -> Body:
    """So with sleepers."""

    def sleeps(g: G, number: int) -> Body:
        yield g.sleep(ms(1) + us(100) * number)
        _see(g, number)

    for number in range(4):
        yield g.go(sleeps, number)
    yield g.gosched()
    yield g.spin(ms(5))
    yield g.sleep(ms(5))


@_says("9 10 12")
def ticker_drops(g: G) -> Body:
    """A late receiver gets one tick at once and the next at its own time; those between are lost."""
    ticker, start = g.ticker(ms(2)), g.now()
    yield g.spin(ms(9))
    for _ in range(3):
        yield ticker.recv()
        _see(g, (g.now() - start) // ms(1))


@_says("true false false true false false true 0 f false false f")
def timer_states(g: G) -> Body:
    """What Stop and Reset give: a value that nobody has received counts as not fired (Go 1.23+)."""
    timer = g.timer(ms(3_600_000))
    _see(g, (yield timer.stop()))
    _see(g, (yield timer.stop()))
    _see(g, (yield timer.reset(ms(1))))
    yield g.sleep(ms(3))
    _see(g, (yield timer.reset(ms(1))))
    yield timer.c.recv()
    _see(g, (yield timer.stop()))
    _see(g, (yield timer.reset(ms(1))))
    yield g.sleep(ms(3))
    _see(g, (yield timer.stop()))
    index, _ = yield g.select(timer.c.recv(), default=True)
    _see(g, index + 1)
    func = yield g.after_func(ms(1), _seen, "f")
    yield g.sleep(ms(3))
    _see(g, (yield func.stop()))
    _see(g, (yield func.reset(ms(1))))
    yield g.sleep(ms(3))


@_says("main other")
def sleep0(g: G) -> Body:
    """Sleeping for no time yields to nobody."""
    yield g.go(_seen, "other")
    yield g.sleep(0)
    _see(g, "main")
    yield g.gosched()


def _sends_five(g: G, capacity: int) -> Body:
    numbers = g.chan(capacity)

    def sends(g: G, number: int) -> Body:
        yield numbers.send(number)
        _see(g, f"s{number}")

    for number in range(5):
        yield g.go(sends, number)
    yield g.gosched()
    for _ in range(5):
        _see(g, (yield numbers.recv()))
    yield g.gosched()


@_says("4 0 1 2 3 s3 s4 s0 s1 s2")
def unbuf_senders(g: G) -> Body:
    """Senders wait in a line; the last that was served runs first."""
    yield from _sends_five(g, 0)


@_says("s4 s0 4 0 1 2 3 s3 s1 s2")
def buf_senders(g: G) -> Body:
    """With a buffer of two, two need not wait."""
    yield from _sends_five(g, 2)


@_says("0 3 1 2")
def cond(g: G) -> Body:
    """Signal calls the first, Broadcast the others: the last of them runs first."""
    mu = g.mutex()
    condition = g.cond(mu)

    def waits(g: G, number: int) -> Body:
        yield mu.lock()
        yield condition.wait()
        _see(g, number)
        yield mu.unlock()

    for number in range(4):
        yield g.go(waits, number)
        yield g.gosched()
    yield condition.signal()
    yield g.gosched()
    yield condition.broadcast()
    yield g.sleep(ms(1))


@_says("unlock w 2 0 1")
def rw(g: G) -> Body:
    """A writer that waits keeps new readers out; after it they come together, the last first."""
    lock = g.rwmutex()
    yield lock.rlock()

    def writes(g: G) -> Body:
        yield lock.lock()
        _see(g, "w")
        yield lock.unlock()

    def reads(g: G, number: int) -> Body:
        yield lock.rlock()
        _see(g, number)
        yield lock.runlock()

    yield g.go(writes)
    yield g.gosched()
    for number in range(3):
        yield g.go(reads, number)
        yield g.gosched()
    _see(g, "unlock")
    yield lock.runlock()
    yield g.sleep(ms(1))


@_says("02 00 01 done 12 10 11 done")
def wg_reuse(g: G) -> Body:
    """A WaitGroup can be used again."""
    wg = g.waitgroup()

    def works(g: G, turn: int, number: int) -> Body:
        _see(g, f"{turn}{number}")
        yield wg.done()

    for turn in range(2):
        for number in range(3):
            yield wg.add(1)
            yield g.go(works, turn, number)
        yield wg.wait()
        _see(g, "done")


@_says("f3 3 0 1 2")
def once_waiters(g: G) -> Body:
    """One runs the function, the others wait for its end in a line."""
    once = g.once()

    def inits(g: G, number: int) -> Body:
        _see(g, f"f{number}")
        yield g.sleep(ms(1))

    def calls(g: G, number: int) -> Body:
        yield once.do(inits, number)
        _see(g, number)

    for number in range(4):
        yield g.go(calls, number)
    yield g.sleep(ms(5))


@_says("2 0 1 main")
def locked_gosched(g: G) -> Body:
    """A goroutine that is locked to its thread yields like any other."""
    yield g.lock_os_thread()
    for number in range(3):
        yield g.go(_seen, number)
    yield g.gosched()
    _see(g, "main")


@_says("a0 b1 b2")
def select_close(g: G) -> Body:
    """Those who wait in a select stand in the line of each of its channels."""
    a, b = g.chan(), g.chan()

    def selects(g: G, number: int) -> Body:
        index, _ = yield g.select(a.recv(), b.recv())
        _see(g, f"{'ab'[index]}{number}")

    for number in range(3):
        yield g.go(selects, number)
        yield g.gosched()
    yield a.send(1)
    yield g.gosched()
    yield b.close()
    yield g.gosched()


@_says("true true")
def chain_inherits(g: G) -> Body:
    """Two that hand over to each other share one time slice: a third runs, but seldom."""
    numbers, turns = g.chan(), []

    def receives(_g: G) -> Body:
        while True:
            yield numbers.recv()

    def yields(g: G) -> Body:
        while g.now() < ms(100):
            turns.append(g.now())
            yield g.gosched()

    yield g.go(receives)
    yield g.go(yields)
    while g.now() < ms(100):
        yield numbers.send(1)
    _see(g, len(turns) > 0)
    _see(g, len(turns) < 20)


@_says("u1 main again 2 0 1")
def yield_handoff(g: G) -> Body:
    """Whoever unlocks and locks again at once gets the mutex, before those who wait."""
    mu = g.mutex()
    yield mu.lock()

    def locks(g: G, number: int) -> Body:
        yield mu.lock()
        _see(g, number)
        yield mu.unlock()

    for number in range(3):
        yield g.go(locks, number)
    yield g.gosched()
    yield g.spin(ms(3))
    yield mu.unlock()
    _see(g, "u1")
    yield mu.lock()
    _see(g, "main again")
    yield mu.unlock()
    yield g.gosched()


@_says("af g m")
def afterfunc_order(g: G) -> Body:
    """A timer that is due runs before the queue, and its goroutine is the next."""
    yield g.go(_seen, "g")
    yield g.after_func(0, _seen, "af")
    yield g.gosched()
    _see(g, "m")
    yield g.gosched()
    yield g.gosched()


@_says("m g")
def after0(g: G) -> Body:
    """An overdue channel timer is run by its receiver, who does not wait."""
    yield g.go(_seen, "g")
    yield g.after(0).recv()
    _see(g, "m")
    yield g.gosched()

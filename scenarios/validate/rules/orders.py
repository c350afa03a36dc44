"""The simulated twins of go_templates/validate/rules/orders.go: who runs when with one P.

Each ``@says`` what real Go 1.27.3 printed, and what one would think.

Tried twenty times each: real Go printed the same each time.
"""

from typing import Any

from lab.sim import CLOSED, Body, G, ms, us
from lab.validate.rule import says


def _see(g: G, what: object) -> None:
    g.observe("seen", str(what).lower() if isinstance(what, bool) else str(what))


def _seen(g: G, what: object) -> Body:
    _see(g, what)
    yield g.work(0)


def _numbers(*ranges: range) -> str:
    return " ".join(str(number) for each in ranges for number in each)


@says(
    _numbers(
        range(299, 300), range(127, 244), range(1), range(244, 255), range(256, 299), range(1, 127), range(255, 256)
    ),
    folk=_numbers(range(300)),
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


@says("20 00 10 21 01 11 22 02 12", folk="00 10 20 01 11 21 02 12 22")
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


@says("came back", folk="(main never comes back)")
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


@says("3 0 1 2", folk="0 1 2 3")
def timers_same_check(g: G) -> Body:
    """Several timers are due at once: the last that fires is the next to run."""
    for number in range(4):
        yield g.after_func(ms(1) + us(10) * number, _seen, number)
    yield g.spin(ms(3))
    yield g.sleep(ms(5))


@says("3 0 1 2", folk="0 1 2 3")
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


@says("0 1 2", folk="0 0 0")
def ticker_drops(g: G) -> Body:
    """A late receiver gets one tick at once and the next at its own time; those between are lost. Seen are periods since then."""
    start = g.now()
    ticker = g.ticker(ms(2))
    yield g.spin(ms(9))
    late = (g.now() - start) // ms(2)
    for _ in range(3):
        yield ticker.recv()
        _see(g, (g.now() - start) // ms(2) - late)


@says(
    "true false false true false false true 0 f false false f",
    folk="true false false false false false false 1 f false false f",
)
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


@says("main other", folk="other main")
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


@says("4 0 1 2 3 s3 s4 s0 s1 s2", folk="0 1 2 3 4 s0 s1 s2 s3 s4")
def unbuf_senders(g: G) -> Body:
    """Senders wait in a line; the last that was served runs first."""
    yield from _sends_five(g, 0)


@says("s4 s0 4 0 1 2 3 s3 s1 s2", folk="s0 s1 0 1 2 3 4 s2 s3 s4")
def buf_senders(g: G) -> Body:
    """With a buffer of two, two need not wait."""
    yield from _sends_five(g, 2)


@says("0 3 1 2", folk="0 1 2 3")
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


@says("unlock w 2 0 1", folk="unlock w 0 1 2")
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


@says("02 00 01 done 12 10 11 done", folk="00 01 02 done 10 11 12 done")
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


@says("f3 3 0 1 2", folk="f0 0 1 2 3")
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


@says("2 0 1 main", folk="0 1 2 main")
def locked_gosched(g: G) -> Body:
    """A goroutine that is locked to its thread yields like any other."""
    yield g.lock_os_thread()
    for number in range(3):
        yield g.go(_seen, number)
    yield g.gosched()
    _see(g, "main")


@says("a0 b1 b2", folk="a0 b2 b1")
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


@says("true true", folk="true false")
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


@says("u1 main again 2 0 1", folk="u1 0 main again 1 2")
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


@says("af g m", folk="g af m")
def afterfunc_order(g: G) -> Body:
    """A timer that is due runs before the queue, and its goroutine is the next."""
    yield g.go(_seen, "g")
    yield g.after_func(0, _seen, "af")
    yield g.gosched()
    _see(g, "m")
    yield g.gosched()
    yield g.gosched()


@says("m g", folk="g m")
def after0(g: G) -> Body:
    """An overdue channel timer is run by its receiver, who does not wait."""
    yield g.go(_seen, "g")
    yield g.after(0).recv()
    _see(g, "m")
    yield g.gosched()


def _waiters(g: G, wait: Any) -> Body:
    """Six that wait one after the other, each seen when it has waited."""
    for number in range(6):
        yield g.go(_waits, wait, number)
        yield g.gosched()


def _waits(g: G, wait: Any, number: int) -> Body:
    yield from wait()
    _see(g, number)


@says("5 0 1 2 3 4", folk="0 1 2 3 4 5")
def go_order(g: G) -> Body:
    """The last that is started runs first."""
    for number in range(6):
        yield g.go(_seen, number)
    yield g.gosched()


@says("0 5 4 3 2 1", folk="0 1 2 3 4 5")
def close_order(g: G) -> Body:
    """Who waits for a channel is called by its closing in order, and each one pushes the one before to the end: the first runs first, the others reversed."""
    chan = g.chan()

    def waits() -> Body:
        yield chan.recv()

    yield from _waiters(g, waits)
    yield chan.close()
    yield g.gosched()


@says("5 0 1 2 3 4", folk="0 1 2 3 4 5")
def wg_waiters(g: G) -> Body:
    """Of those who wait for a WaitGroup the last runs first, then the others in line."""
    wg = g.waitgroup()

    def waits() -> Body:
        yield wg.wait()

    yield wg.add(1)
    yield from _waiters(g, waits)
    yield wg.done()
    yield g.gosched()


@says("5 0 1 2 3 4", folk="0 1 2 3 4 5")
def rw_readers(g: G) -> Body:
    """A writer that unlocks lets all readers in: the last runs first."""
    lock = g.rwmutex()

    def waits() -> Body:
        yield lock.rlock()

    yield lock.lock()
    yield from _waiters(g, waits)
    yield lock.unlock()
    yield g.gosched()


@says("true", folk="false")
def tick_61(g: G) -> Body:
    """Each 61st round looks at the global queue first: whoever yields comes back before all others have run."""
    ran = 0

    def runs(g: G) -> Body:
        nonlocal ran
        ran += 1
        yield g.work(0)

    for _ in range(200):
        yield g.go(runs)
    yield g.gosched()
    _see(g, ran <= ROUNDS)


@says("true", folk="false")
def select_is_random(g: G) -> Body:
    """Of several cases that are ready any may be taken, not the first."""
    one, other = g.chan(1), g.chan(1)
    first = 0
    for _ in range(1000):
        yield g.select(one.send(1), default=True)
        yield g.select(other.send(1), default=True)
        index, _ = yield g.select(one.recv(), other.recv())
        first += index == 0
    _see(g, 400 < first < 600)


ROUNDS = 61

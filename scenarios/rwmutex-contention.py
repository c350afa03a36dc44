"""The simulated twin of go_templates/rwmutex-contention: the same program, in the simulator's vocabulary."""

from collections.abc import Sequence
from typing import NamedTuple

from lab.errors import SimulatedProgramError
from lab.sim import Body, G, ms, s, us

SHORTEST, MOST_GOROUTINES = us(10), 20_000
MOST_WAITS, KEPT = 1 << 16, 600
LEAST_WAIT = us(1)


class Given(NamedTuple):
    """What contends; durations are nanoseconds."""

    lock: str
    goroutines: int
    writes: int
    section: str
    held: int
    window: int


def main(  # noqa: PLR0913 - the scenario's factors
    g: G,
    *,
    mode: str = "contend",
    lock: str = "rwmutex",
    goroutines: int = 50,
    writes: int = 1,
    section: str = "work",
    held: int = us(100),
    window: int = ms(50),
) -> Body:
    """One replicate of a cell."""
    if mode == "contend" and section == "work" and held < SHORTEST:
        raise SimulatedProgramError("sections shorter than 10 µs are too many for the simulator")
    if goroutines > MOST_GOROUTINES:
        raise SimulatedProgramError("more than 20,000 goroutines are too many for the simulator")
    if mode == "arrive":
        yield from arrive(g, goroutines, held)
    else:
        yield from contend(g, Given(lock, goroutines, writes, section, held, window))


def contend(g: G, given: Given) -> Body:
    """Readers and writers take the lock again and again."""
    rw, mu, wg = g.rwmutex(), g.mutex(), g.waitgroup()
    is_shared, sleeps = given.lock == "rwmutex", given.section == "sleep"
    begin = 0
    waits: dict[str, list[int]] = {"read_wait_ns": [], "write_wait_ns": []}
    in_window: list[int] = []

    def compete(g: G, turn: int) -> Body:
        is_over = False
        while not is_over:
            is_write = turn < given.writes
            turn = (turn + 61) % 100
            asked = g.now()
            yield (rw.lock() if is_write else rw.rlock()) if is_shared else mu.lock()
            had = g.now()
            is_over = begin > 0 and had >= begin + given.window
            if not is_over:
                kept = waits["write_wait_ns" if is_write else "read_wait_ns"]
                if len(kept) < MOST_WAITS:
                    kept.append(had - asked)
                if 0 < begin <= had:
                    in_window.append(had - asked)
                yield g.sleep(given.held) if sleeps else g.work(given.held)
            yield (rw.unlock() if is_write else rw.runlock()) if is_shared else mu.unlock()
        yield wg.done()

    yield wg.add(given.goroutines)
    for i in range(given.goroutines):
        yield g.go(compete, i * 37 % 100)
    begin = g.now() + given.window // 5
    yield wg.wait()
    g.observe("ops_per_s", len(in_window) * s(1) // given.window)
    if in_window:
        g.observe("wait_mean_ns", max(sum(in_window) // len(in_window), LEAST_WAIT))
    for name, all_waits in waits.items():
        observe_thinned(g, name, all_waits)


def observe_thinned(g: G, name: str, waits: Sequence[int]) -> None:
    """At most KEPT of them, evenly."""
    for wait in waits[:: len(waits) // KEPT + 1]:
        g.observe(name, max(wait, LEAST_WAIT))


def arrive(g: G, readers: int, held: int) -> Body:
    """Readers arrive beside a reader, and beside a reader for whom a writer waits."""
    rw, wg = g.rwmutex(), g.waitgroup()
    behind = list[int]()

    def read(g: G, name: str, waits: list[int]) -> Body:
        asked = g.now()
        yield rw.rlock()
        waits.append(max(g.now() - asked, LEAST_WAIT))
        g.observe(name, waits[-1])
        yield rw.runlock()
        yield wg.done()

    def write(g: G) -> Body:
        asked = g.now()
        yield rw.lock()
        g.observe("writer_wait_ns", g.now() - asked)
        yield g.sleep(held)
        yield rw.unlock()
        yield wg.done()

    yield rw.rlock()
    yield wg.add(readers)
    for _ in range(readers):
        yield g.go(read, "beside_reader_wait_ns", list[int]())
    yield wg.wait()
    yield wg.add(readers + 1)
    yield g.go(write)
    yield g.sleep(held)
    for _ in range(readers):
        yield g.go(read, "behind_writer_wait_ns", behind)
    yield g.sleep(held)
    yield rw.runlock()
    yield wg.wait()
    g.observe("least_behind_writer_wait_ns", min(behind))

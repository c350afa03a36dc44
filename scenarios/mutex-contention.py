"""The simulated twin of go_templates/mutex-contention: the same program, in the simulator's vocabulary."""

from lab.errors import SimulatedProgramError
from lab.sim import Body, G, ms, s, us

SHORTEST, MOST_GOROUTINES = us(10), 20_000
MOST_WAITS, KEPT = 1 << 16, 600
LEAST_WAIT = us(1)


def main(
    g: G,
    *,
    mode: str = "contend",
    goroutines: int = 50,
    section: str = "work",
    held: int = us(100),
    window: int = ms(50),
) -> Body:
    """One replicate of a cell. A dump's words have no twin."""
    if mode == "contend":
        if section == "work" and held < SHORTEST:
            raise SimulatedProgramError("sections shorter than 10 µs are too many for the simulator")
        if goroutines > MOST_GOROUTINES:
            raise SimulatedProgramError("more than 20,000 goroutines are too many for the simulator")
        yield from contend(g, goroutines, held, window, sleeps=section == "sleep")


def contend(g: G, goroutines: int, held: int, window: int, *, sleeps: bool) -> Body:
    """Goroutines take the mutex again and again."""
    mu, wg = g.mutex(), g.waitgroup()
    operations = start = begun = ended = waited = starving = 0
    waits: list[int] = []

    def compete(g: G) -> Body:
        nonlocal operations, begun, ended, waited, starving
        while True:
            asked = g.now()
            yield mu.lock()
            had = g.now()
            if start and not begun and had >= start + window // 5:
                begun, operations, waited, starving = had, 0, 0, 0
            if not ended and begun and had >= begun + window:
                ended = had
            if ended:
                break
            if len(waits) < MOST_WAITS:
                waits.append(had - asked)
            waited += had - asked
            starving += mu.starving
            yield g.sleep(held) if sleeps else g.work(held)
            operations += 1
            yield mu.unlock()
        yield mu.unlock()
        yield wg.done()

    yield wg.add(goroutines)
    for _ in range(goroutines):
        yield g.go(compete)
    start = g.now()
    yield wg.wait()
    g.observe("ops_per_s", operations * s(1) // (ended - begun))
    g.observe("wait_mean_ns", max(waited // operations, LEAST_WAIT))
    g.observe("starving_permille", 1000 * starving // operations)
    for wait in waits[:: len(waits) // KEPT + 1]:
        g.observe("wait_ns", max(wait, LEAST_WAIT))

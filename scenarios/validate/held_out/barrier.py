"""All wait for the slowest, which calls them by a broadcast, phase after phase."""

from lab.sim import Body, G, us


def main(g: G, *, parties: int = 5, phases: int = 150, step: int = us(30)) -> Body:
    """Observe how long a phase takes."""
    mu, wg = g.mutex(), g.waitgroup()
    everybody = g.cond(mu)
    arrived, phase, began = 0, 0, g.now()

    def takes_part(g: G, number: int) -> Body:
        nonlocal arrived, phase, began
        for own in range(phases):
            yield g.work((number + 1) * step)
            yield mu.lock()
            arrived += 1
            if arrived == parties:
                arrived = 0
                phase += 1
                g.observe("round_ns", g.now() - began)
                began = g.now()
                yield everybody.broadcast()
            else:
                while phase == own:
                    yield everybody.wait()
            yield mu.unlock()
        yield wg.done()

    yield wg.add(parties)
    for number in range(parties):
        yield g.go(takes_part, number)
    yield wg.wait()

"""Each prime has a goroutine that lets through what it does not divide. What is found is counted on; the filters stay."""

from typing import Any

from lab.sim import Body, G, us


def main(g: G, *, rounds: int = 12, primes: int = 40, work: int = us(2)) -> Body:
    """Observe how long a round takes."""

    def counts(g: G, numbers: Any, over: Any) -> Body:
        number = 2
        while (yield g.select(numbers.send(number), over.recv()))[0] == 0:
            number += 1

    def filters(g: G, prime: int, before: Any, after: Any, over: Any) -> Body:
        while True:
            number = yield before.recv()
            yield g.work(work)
            if number % prime != 0:
                index, _ = yield g.select(after.send(number), over.recv())
                if index == 1:
                    return

    for _ in range(rounds):
        start = g.now()
        last, over = g.chan(), g.chan()
        yield g.go(counts, last, over)
        for _ in range(primes):
            prime = yield last.recv()
            after = g.chan()
            yield g.go(filters, prime, last, after, over)
            last = after
        g.observe("round_ns", g.now() - start)
        yield over.close()

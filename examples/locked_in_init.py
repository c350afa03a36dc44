"""Why is a round trip over a channel a hundred times dearer in an init function than in main?

golab sim examples/locked_in_init.py --gomaxprocs 1
"""

from typing import Any, Final

from lab.sim import Body, G

ROUNDS: Final = 1000


def init(g: G) -> Body:
    """Until main.main begins, the main goroutine is locked to its thread: each switch is one between threads."""
    yield from round_trips(g, "in_init_ns")


def main(g: G) -> Body:
    """The same again, no longer locked."""
    yield from round_trips(g, "in_main_ns")


def round_trips(g: G, name: str) -> Body:
    """Ask another goroutine a thousand times; observe how long one question takes."""
    ask, reply = g.chan(), g.chan()
    yield g.go(answer, ask, reply)
    start = g.now()
    for _ in range(ROUNDS):
        yield ask.send(None)
        yield reply.recv()
    g.observe(name, (g.now() - start) // ROUNDS)


def answer(g: G, ask: Any, reply: Any) -> Body:  # noqa: ANN401 - a channel carries anything
    """Answer whatever is asked."""
    while True:
        yield ask.recv()
        yield reply.send(None)


INITS = (init,)

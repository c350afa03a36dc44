"""The simulated twin of go_templates/init-chain: the same inits on the same locked goroutine, in the simulator's vocabulary.

Which package comes before which decides nothing here: those that have an init all do the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lab.sim import CLOSED, Body, G, ms

ROUNDS = 50


class Process:
    """What the inits of one process leave to its main."""

    def __init__(self) -> None:
        """Nothing is started yet, and who is says so in ``running``, a channel of the first init's."""
        self.launched = 0
        self.started: list[tuple[int, int]] = []
        self.running: Any = None


CURRENT = [Process()]
"""The process that is simulated: ``inits`` puts a new one here before each."""


def inits(params: Mapping[str, Any]) -> Sequence[Callable[[G], Body]]:
    """One for each package that has an init."""
    shape, size, who = params["shape"], params["size"], params["who"]
    what, starts, length = params["what"], params["starts"], params["length"]
    packages = size + 2 if shape == "diamond" else size
    process = CURRENT[0] = Process()

    def init(g: G) -> Body:
        if process.running is None:
            process.running = g.chan(256)
        if starts != "none":
            yield from launch(g, process, starts, length)
        if what == "network":
            yield from launch(g, process, "sleeping", length)  # it accepts, and answers when it has slept
            yield g.netwait(length)
        elif what == "handover":
            yield from hand_over(g, "handover_init_ns")
        else:
            yield from deed(g, what, length)

    return [init] * (packages if who == "every" else 1)


def main(
    g: G,
    *,
    shape: str = "chain",
    size: int = 2,
    who: str = "deepest",
    what: str = "sleep",
    starts: str = "none",
    length: int = ms(20),
) -> Body:
    """What main.main observes. Time 0 is the first init's first instruction."""
    process, began = CURRENT[0], g.now()
    g.observe("main_delay_ns", began)
    for _ in range(process.launched):
        yield process.running.recv()
    for asked, ran in process.started:
        g.observe("goroutine_start_ns", ran - asked)
    if process.launched:
        g.observe("goroutines_before_main", sum(ran < began for _, ran in process.started))
    if what == "handover":
        yield from hand_over(g, "handover_main_ns")


def launch(g: G, process: Process, kind: str, length: int) -> Body:
    """Start a goroutine that says when it runs before it does anything else."""
    process.launched += 1
    asked = g.now()

    def goroutine(g: G) -> Body:
        process.started.append((asked, g.now()))
        yield process.running.send(None)
        yield from deed(g, kind, length)

    yield g.go(goroutine)


def deed(g: G, kind: str, length: int) -> Body:
    """What an init or a goroutine does."""
    if kind in ("sleep", "sleeping"):
        yield g.sleep(length)
    elif kind in ("work", "working"):
        yield g.work(length)
    elif kind == "blocked":
        yield g.block()
    elif kind == "panicking":
        yield g.panic("a goroutine that an init started")


def hand_over(g: G, name: str) -> Body:
    """Exchange messages with a goroutine, and observe how long each round takes."""
    there, back = g.chan(), g.chan()

    def answers(_g: G) -> Body:
        while (yield there.recv()) is not CLOSED:
            yield back.send(None)

    yield g.go(answers)
    for _ in range(ROUNDS):
        start = g.now()
        yield there.send(None)
        yield back.recv()
        g.observe(name, g.now() - start)
    yield there.close()

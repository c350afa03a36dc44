"""Random simulated programs, for properties that hold whatever a program does."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from lab.sim import Body, G

_STEPS = (
    "work",
    "touch",
    "sleep",
    "gosched",
    "send",
    "recv",
    "lock",
    "syscall",
    "netwait",
    "select",
    "go",
    "spin",
    "echo",
    "fan",
)
steps = st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 5000)), max_size=12)
programs = st.lists(steps, min_size=1, max_size=5)


def program(  # noqa: C901, PLR0915 - a case an operation
    goroutines: list[list[tuple[str, int]]], lasts: int = 20_000_000
) -> Callable[..., Body]:
    """A goroutine for each list of steps, for *lasts*; after each step it observes its own time under its number."""

    def main(g: G) -> Body:
        shared = (g.chan(1), g.mutex(), g.waitgroup())
        yield shared[2].add(len(goroutines))
        for steps in goroutines:
            yield g.go(walk, steps, shared, 0)
        yield g.select(g.after(lasts).recv())

    def walk(g: G, steps: list[tuple[str, int]], shared: Any, depth: int) -> Body:  # noqa: C901, PLR0912 - likewise
        chan, mu, wg = shared
        for what, n in steps:
            g.observe(f"goroutine {g.gid}", g.now())
            match what:
                case "work":
                    yield g.work(n * 1000)
                case "touch":
                    yield g.touch(n * 4096)
                case "sleep":
                    yield g.sleep(n)
                case "gosched":
                    yield g.gosched()
                case "send":
                    yield g.select(chan.send(n), default=n % 2 == 0)
                case "recv":
                    yield g.select(chan.recv(), g.after(n).recv())
                case "lock":
                    yield mu.lock()
                    yield g.work(n)
                    yield mu.unlock()
                case "syscall":
                    yield g.syscall(n * 100, cpu=n)
                case "netwait":
                    yield g.netwait(n)
                case "select":
                    yield g.select(chan.recv(), None, default=True)
                case "spin":
                    yield g.spin(n)
                case "echo":
                    there, back = g.chan(n % 3), g.chan()
                    yield g.go(echo, there, back, n % 7)
                    for _ in range(n % 7):
                        yield there.send(n)
                        g.observe(f"goroutine {g.gid}", (g.now(), (yield back.recv())))
                case "fan":
                    out = g.chan()
                    for _ in range(n % 4):
                        yield g.go(hears, out)
                    yield g.gosched()
                    for _ in range(n % 4):
                        yield out.send(n)
                case "go" if depth == 0:
                    yield g.go(walk, steps[:3], shared, 1)
        if depth == 0:
            yield wg.done()

    def hears(g: G, out: Any) -> Body:
        g.observe(f"goroutine {g.gid}", (yield out.recv()))
        g.observe(f"goroutine {g.gid}", g.now())

    def echo(g: G, there: Any, back: Any, times: int) -> Body:
        for _ in range(times):
            yield back.send((yield there.recv()))
            g.observe(f"goroutine {g.gid}", g.now())

    return main

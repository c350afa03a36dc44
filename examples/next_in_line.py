"""In which order do five goroutines run that became runnable together?

golab sim examples/next_in_line.py --gomaxprocs 1 --set woken_by=go
golab sim examples/next_in_line.py --gomaxprocs 1 --set woken_by=close
golab sim examples/next_in_line.py --gomaxprocs 1 --set woken_by=waitgroup
"""

from typing import Any

from lab.sim import Body, G


def main(g: G, *, woken_by: str = "go") -> Body:
    """Make goroutines 0 … 4 runnable in one of three ways, and observe in which places they run."""
    gate, wg, ran = g.chan(), g.waitgroup(), g.chan(5)
    yield wg.add(1)
    for number in range(5):
        yield g.go(runner, number, {"close": gate.recv, "waitgroup": wg.wait}.get(woken_by), ran)
        if woken_by != "go":
            yield g.gosched()  # so that they begin to wait in the order of their numbers
    yield gate.close()
    yield wg.done()
    for place in ("first", "second", "third", "fourth", "fifth"):
        g.observe(place, (yield ran.recv()))


def runner(g: G, number: int, wait: Any, ran: Any) -> Body:  # noqa: ANN401 - a channel carries anything
    """Wait if told to, then say that it runs."""
    if wait is not None:
        yield wait()
    yield ran.send(number)

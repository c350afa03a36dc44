"""What a small simulated program saw, at no cost: the sequences that the tests of rules write out."""

from collections.abc import Callable
from typing import Any

from lab.sim import Body, G, Result, simulate
from tests.free import free


def observed(main: Callable[..., Body], gomaxprocs: int = 1, **settings: Any) -> list[Any]:
    """What the program observed under ``at``, in order; it has to end well."""
    result = ended(main, gomaxprocs, **settings)
    assert (result.outcome, result.message) == ("exit", "")
    return list(result.observations.get("at", ()))


def ended(main: Callable[..., Body], gomaxprocs: int = 1, **settings: Any) -> Result:
    """The whole result, for a program that need not end well."""
    return simulate(main, gomaxprocs=gomaxprocs, **({"costs": free()} | settings))


def says(g: G, *what: Any) -> Body:
    """Observe each of *what*, with a Gosched between them."""
    for number, value in enumerate(what):
        if number:
            yield g.gosched()
        g.observe("at", value)
    yield g.work(0)


def runs(seen: list[Any]) -> list[Any]:
    """Numbers that follow each other drawn together: ``[3, 0, 1, 2]`` is ``[3, (0, 2)]``."""
    found: list[Any] = []
    for value in seen:
        last = found[-1] if found else None
        end = last[1] if isinstance(last, tuple) else last
        if isinstance(value, int) and isinstance(end, int) and value == end + 1:
            found[-1] = (last[0] if isinstance(last, tuple) else last, value)
        else:
            found.append(value)
    return found

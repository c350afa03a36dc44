"""What a program's Python can do wrong: each is a sentence with the goroutine, the simulated time and the line."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from lab.errors import ProgramRaisedError, SimulatedProgramError
from lab.sim import Body, G, ms, simulate, us
from lab.sim.watchdog import patience
from tests.free import free


def _line_of(fn: Callable[..., Any], offset: int) -> str:
    return f"{__file__}:{fn.__code__.co_firstlineno + offset}: "


def _said(main: Callable[..., Any], **settings: Any) -> str:
    with pytest.raises(ProgramRaisedError) as caught:
        simulate(main, costs=free(), **settings)
    return str(caught.value)


def _rubbish(_g: G) -> Body:
    yield 3  # type: ignore[misc]


def _negative(g: G) -> Body:
    yield g.work(-1)


def _fraction(g: G) -> Body:
    yield g.sleep(1.5)  # type: ignore[arg-type]


def _raises(g: G) -> Body:
    yield g.work(us(7))
    raise RuntimeError("no reason")


def _twice(g: G) -> Body:
    operation = g.work(1)
    yield operation
    yield operation


def _forgets(g: G) -> Body:
    wg = g.waitgroup()
    yield wg.add(1)
    wg.done()
    yield g.work(us(3))


def _reuses_a_case(g: G) -> Body:
    case = g.chan(1).send(1)
    yield g.select(case)
    yield g.select(case, default=True)


def _bad_function(g: G) -> Body:
    yield g.go(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("main", "line", "said"),
    [
        (_rubbish, 1, "goroutine 1 (_rubbish) at 0 ns: yielded 3, which is no operation"),
        (_negative, 1, "goroutine 1 (_negative) at 0 ns: ValueError: -1: a duration is never negative"),
        (_fraction, 1, "goroutine 1 (_fraction) at 0 ns: TypeError: 1.5 is not a whole number; us(), ms()"),
        (_raises, 2, "goroutine 1 (_raises) at 7,000 ns: RuntimeError: no reason"),
        (_twice, 3, "goroutine 1 (_twice) at 1 ns: yielded the same work twice; make a new one each time"),
        (_forgets, 3, "goroutine 1 (_forgets) at 0 ns: made an operation (call) and never yielded it"),
        (_reuses_a_case, 3, "goroutine 1 (_reuses_a_case) at 0 ns: gave a select an operation that was used"),
        (_bad_function, 1, "goroutine 1 (_bad_function) at 0 ns: TypeError: 'int' object is not callable"),
    ],
)
def test_a_mistake_names_goroutine_time_and_line(main: Callable[..., Body], line: int, said: str) -> None:
    """The user's own line, and no word of the simulator's inside."""
    assert _said(main).startswith(_line_of(main, line) + said)


def test_another_goroutines_handle_is_refused() -> None:
    """A goroutine acts for itself only."""

    def main(g: G) -> Body:
        yield g.go(other, g)
        yield g.sleep(ms(1))

    def other(_g: G, handle: G) -> Body:
        yield handle.work(1)

    assert _said(main, gomaxprocs=1).endswith("goroutine 2 (other) at 0 ns: uses the handle of goroutine 1")


def test_an_object_of_another_run_is_refused() -> None:
    """A module's global that survived a run, say."""
    kept: list[Any] = []

    def main(g: G) -> Body:
        kept.append(g.mutex())
        yield kept[0].lock()

    simulate(main, costs=free())

    assert _said(main).endswith("yielded the lock of an object of another run")


def test_a_function_without_a_yield_is_no_body() -> None:
    """Neither as main nor as another goroutine's."""

    def plain(_g: G) -> None:
        return None

    def main(g: G) -> Body:
        yield g.go(plain)  # type: ignore[arg-type]

    assert _said(plain).endswith("plain() has no yield; a goroutine's function is a generator function")
    assert _line_of(main, 1) in _said(main)


def test_python_that_does_not_come_back_is_found_out() -> None:
    """Where somebody has patience for so and so long, the line at which the program stands is named."""

    def main(g: G) -> Body:
        yield g.work(1)
        while True:
            time.sleep(0.01)

    with patience(1):
        said = _said(main)

    assert said.startswith(_line_of(main, 3))
    assert said.endswith("goroutine 1 (main) at 1 ns: has not come back to a yield for 1 s")


def test_what_takes_no_time_ends_all_the_same() -> None:
    """Nothing would ever happen in simulated time."""

    def main(g: G) -> Body:
        while True:
            yield g.work(0)

    assert _said(main, max_events=1000).endswith("has done nothing 1,001 times")


def test_settings_that_cannot_be_are_refused() -> None:
    """No P, too many, no CPU, a release without a profile, an unknown parameter, a quota."""
    for settings, said in (
        ({"gomaxprocs": 0}, "GOMAXPROCS goes from 1 to 1024, not 0"),
        ({"gomaxprocs": 10**9}, "GOMAXPROCS goes from 1 to 1024, not 1000000000"),
        ({"cpus": 0}, "CPUs go from 1 to 1024, not 0"),
        ({"cpus": 0, "gomaxprocs": 1}, "CPUs go from 1 to 1024, not 0"),
        ({"go": "1.22.10"}, "no profile for go1.22"),
        ({"params": {"n": 1}}, "the program has no parameter 'n'"),
        ({"quota": 0}, "quota 0: a quota is in CPUs' worth of time"),
        ({"quota": -0.5}, "quota -0.5"),
        ({"quota": float("nan")}, "quota nan"),
        ({"max_time": 0}, "max_time 0"),
    ):
        with pytest.raises(SimulatedProgramError, match=said):
            simulate(_negative, **settings)


def test_a_number_of_goroutines_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory would end before the simulation does."""
    monkeypatch.setattr("lab.sim.loop._MOST_GS", 1000)

    def main(g: G) -> Body:
        for _ in range(10**9):
            yield g.go(waits)

    def waits(g: G) -> Body:
        yield g.block()

    assert _said(main).endswith("has 1,000 goroutines at once; no more are simulated")

"""Rules of how goroutines and programs end. Each sequence and text was taken from go1.27.3."""

from collections.abc import Callable
from typing import Any

import pytest

from lab.sim import Body, G, ms, s
from tests.observed import ended, observed


def test_goexit_runs_what_is_deferred_from_the_inside_out() -> None:
    """Through the helpers that it was called in, and main goes on (P=1, 2, 4; tried: 20 of 20 each)."""

    def main(g: G) -> Body:
        yield g.go(outer)
        yield g.sleep(ms(1))
        g.observe("at", "main")

    def outer(g: G) -> Body:
        try:
            yield from inner(g)
            g.observe("at", "never")
        finally:
            g.observe("at", "outer")

    def inner(g: G) -> Body:
        try:
            yield g.goexit()
        finally:
            g.observe("at", "inner")

    assert [observed(main, procs) for procs in (1, 2, 4)] == [["inner", "outer", "main"]] * 3


def test_once_is_done_when_its_function_left_by_goexit() -> None:
    """Nobody runs it again, nobody waits (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        once = g.once()
        yield g.go(leaves, once)
        yield g.sleep(ms(1))
        yield once.do(again)
        g.observe("at", "main")

    def leaves(_g: G, once: Any) -> Body:
        yield once.do(first)

    def first(g: G) -> Body:
        g.observe("at", "first")
        yield g.goexit()

    def again(g: G) -> Body:
        g.observe("at", "again")
        yield g.work(0)

    assert [observed(main, procs) for procs in (1, 2, 4)] == [["first", "main"]] * 3


def test_once_is_done_when_its_function_panicked() -> None:
    """What is deferred may ask it again and goes on at once (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        once = g.once()
        try:
            yield once.do(first)
        finally:
            yield once.do(again)
            g.observe("at", "deferred")

    def first(g: G) -> Body:
        g.observe("at", "first")
        yield g.panic("boom")

    def again(g: G) -> Body:
        g.observe("at", "again")
        yield g.work(0)

    for procs in (1, 2, 4):
        result = ended(main, procs)
        assert result.observations["at"] == ("first", "deferred")
        assert (result.outcome, result.exit_code, result.message) == ("panic", 2, "panic: boom")


def test_a_deferred_call_may_wait_and_others_run_meanwhile() -> None:
    """A panic is the end only when all of them are done (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.go(panics)
        yield g.go(other)
        yield g.sleep(ms(50))
        g.observe("at", "never")

    def panics(g: G) -> Body:
        try:
            yield g.panic("boom")
        finally:
            yield g.sleep(ms(3))
            g.observe("at", "deferred")

    def other(g: G) -> Body:
        yield g.sleep(ms(2))
        g.observe("at", "other")

    result = ended(main)

    assert (result.outcome, result.message) == ("panic", "panic: boom")
    assert result.observations["at"] == ("other", "deferred")


def test_main_that_returns_lets_deferred_calls_of_a_panic_yield() -> None:
    """Ten Gosched are less than the thousand that main gives: exit code 2 (P=1, 2, 4; tried: 20 of 20 each)."""

    def main(g: G) -> Body:
        yield g.go(panics)
        yield g.gosched()

    def panics(g: G) -> Body:
        try:
            yield g.panic("boom")
        finally:
            for _ in range(10):
                yield g.gosched()

    result = ended(main)

    assert (result.outcome, result.exit_code, result.message) == ("panic", 2, "panic: boom")


def test_main_that_returns_does_not_wait_for_deferred_calls_that_sleep() -> None:
    """A thousand Gosched are over long before: exit code 0 (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        yield g.go(panics)
        yield g.gosched()

    def panics(g: G) -> Body:
        try:
            yield g.panic("boom")
        finally:
            yield g.sleep(ms(50))

    assert ended(main).exit_code == 0


def test_a_panic_within_a_once_runs_what_its_caller_has_deferred() -> None:
    """Also where a constructor panics (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        try:
            yield g.once().do(makes_a_ticker)
        finally:
            g.observe("at", "outer")

    def makes_a_ticker(g: G) -> Body:
        try:
            g.ticker(0)
            yield g.work(0)
        finally:
            g.observe("at", "inner")

    for procs in (1, 2, 4):
        result = ended(main, procs)
        assert (result.outcome, result.message) == ("panic", "panic: non-positive interval for NewTicker")
        assert result.observations["at"] == ("inner", "outer")


def _no_ticker(g: G) -> Body:
    g.ticker(0)
    yield g.work(0)


def _no_reset(g: G) -> Body:
    yield g.ticker(ms(1)).reset(0)


def _no_lock(g: G) -> Body:
    yield g.cond(g.mutex()).wait()


def _no_writer(g: G) -> Body:
    yield g.rwmutex().unlock()


@pytest.mark.parametrize(
    ("main", "message"),
    [
        (_no_ticker, "panic: non-positive interval for NewTicker"),
        (_no_reset, "panic: non-positive interval for Ticker.Reset"),
        (_no_lock, "fatal error: sync: unlock of unlocked mutex"),
        (_no_writer, "fatal error: sync: Unlock of unlocked RWMutex"),
    ],
)
def test_the_process_dies_in_gos_words(main: Callable[..., Body], message: str) -> None:
    """Exit code 2 (tried with go1.27.3: 20 of 20)."""
    result = ended(main)

    assert (result.outcome, result.exit_code, result.message) == ("panic", 2, message)


def test_goexit_of_main_leaves_the_others_running() -> None:
    """And when they are gone, nobody is left (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.go(worker)
        yield g.goexit()

    def worker(g: G) -> Body:
        yield g.sleep(ms(2))
        g.observe("at", "worker")
        yield g.timer(s(1)).stop()

    result = ended(main)

    assert result.observations["at"] == ("worker",)
    assert result.message == "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"

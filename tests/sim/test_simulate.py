"""Small programs and what becomes of them: orders and times written out."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.errors import ProgramRaisedError, SimulatedProgramError
from lab.sim import CLOSED, Body, Event, G, load, ms, simulate, us
from lab.sim.program import Chan
from lab.sim.simulate import default_gomaxprocs, end_of
from tests.free import costing, free


def _seen(main: Callable[..., Body], **settings: Any) -> list[Any]:
    """What the program observed under ``at``, in order, at no cost."""
    result = simulate(main, costs=free(), **settings)
    assert result.outcome == "exit"
    return list(result.observations.get("at", ()))


def test_go_statements_run_last_first_and_then_in_order() -> None:
    """Each new G goes to runnext and kicks the one before to the tail (R12; tried with go1.27.3)."""

    def main(g: G) -> Body:
        for number in range(5):
            yield g.go(worker, number)
        yield g.sleep(ms(5))

    def worker(g: G, number: int) -> Body:
        g.observe("at", number)
        yield g.work(0)

    assert _seen(main, gomaxprocs=1) == [4, 0, 1, 2, 3]


def test_a_channel_hands_over_in_order() -> None:
    """A buffer is a queue; closing is seen after the last value."""

    def main(g: G) -> Body:
        jobs = g.chan(2)
        yield g.go(producer, jobs)
        while (value := (yield jobs.recv())) is not CLOSED:
            g.observe("at", value)

    def producer(_g: G, jobs: Any) -> Body:
        for value in range(6):
            yield jobs.send(value)
        yield jobs.close()

    assert _seen(main, gomaxprocs=1) == list(range(6))
    assert _seen(main, gomaxprocs=4) == list(range(6))


def test_closing_wakes_the_first_waiter_first_and_the_rest_reversed() -> None:
    """Close makes them ready from the last to the first, each kicking runnext: 0 5 4 3 2 1 (R12, tried)."""

    def main(g: G) -> Body:
        gate = g.chan()
        for number in range(6):
            yield g.go(waiter, gate, number)
            yield g.sleep(ms(2))
        yield gate.close()
        yield g.sleep(ms(5))

    def waiter(g: G, gate: Any, number: int) -> Body:
        yield gate.recv()
        g.observe("at", number)

    assert _seen(main, gomaxprocs=1) == [0, 5, 4, 3, 2, 1]


def test_a_short_sleep_takes_a_whole_millisecond() -> None:
    """An idle P's M waits in epoll, which knows only milliseconds (R8)."""

    def main(g: G) -> Body:
        for ns in (us(10), us(900), us(1500), ms(2)):
            start = g.now()
            yield g.sleep(ns)
            g.observe("at", g.now() - start)

    assert _seen(main) == [ms(1), ms(1), ms(2), ms(2)]


def test_waiting_in_epoll_takes_cpu_time_and_ends_when_it_would() -> None:
    """The timer is set and the thread goes to sleep within the wait: it is paid for, and nobody wakes up later for it."""

    def main(g: G) -> Body:
        for _ in range(3):
            start, used = g.now(), g.cpu_time()
            yield g.sleep(ms(1))
            g.observe("at", g.now() - start)
            g.observe("cpu", g.cpu_time() - used)

    found = simulate(main, costs=costing({"epoll_cpu": 20_000}), gomaxprocs=1).observations

    assert found["at"] == (ms(1),) * 3
    assert found["cpu"] == (us(20),) * 3


def test_a_hog_is_stopped_after_twice_ten_milliseconds_once_sysmon_has_backed_off() -> None:
    """Sysmon sees a G, sees it again 10 ms later, and only then is the slice over (R6, its corollary)."""

    def main(g: G) -> Body:
        yield g.work(ms(100))
        yield g.go(hog)
        yield g.go(hog)
        yield g.sleep(ms(300))

    def hog(g: G) -> Body:
        last = g.now()
        for _ in range(1003):  # not to end at the same instant as a slice
            yield g.work(us(100))
            if g.now() - last > ms(1):
                g.observe("at", round((g.now() - last) / 1e6))
            last = g.now()

    waits = _seen(main, gomaxprocs=1)

    assert waits == [20] * 9 + [9]  # the last: the other hog had done its work


def test_a_page_fault_is_never_cut_in_two() -> None:
    """A signal that comes during a fault waits for its end; another G then runs at a multiple of a fault's length."""

    def main(g: G) -> Body:
        yield g.go(ticker)
        yield g.sleep(ms(2))
        start = g.now()
        yield g.touch(60_000 * 4096)
        g.observe("touched", g.now() - start)

    def ticker(g: G) -> Body:
        yield g.sleep(ms(3))
        g.observe("at", g.now())

    result = simulate(main, costs=free(), gomaxprocs=1)

    assert (result.observations["at"][0] - ms(2)) % us(1) == 0
    assert result.observations["touched"] == (60_000 * us(1),)


def test_a_system_call_gives_its_p_away_and_a_page_fault_does_not() -> None:
    """Sysmon takes the P from a call that lasts; touching keeps it until the slice is over."""

    def main(g: G, *, how: str = "call") -> Body:
        yield g.go(other)
        yield g.syscall(ms(15)) if how == "call" else g.touch(15_000 * 4096)
        yield g.sleep(ms(50))

    def other(g: G) -> Body:
        g.observe("at", g.now())
        yield g.work(0)

    in_call, in_faults = (_seen(main, gomaxprocs=1, params={"how": how})[0] for how in ("call", "touch"))

    assert in_call < ms(1)
    assert in_faults >= ms(10)


def test_more_ps_run_more_at_once() -> None:
    """Four independent workers need a quarter of the time on four Ps."""

    def main(g: G) -> Body:
        done = g.chan()
        for _ in range(4):
            yield g.go(worker, done)
        for _ in range(4):
            yield done.recv()
        g.observe("at", round(g.now() / 1e6))

    def worker(g: G, done: Any) -> Body:
        yield g.work(ms(8))
        yield done.send(None)

    assert [_seen(main, gomaxprocs=procs, cpus=4)[0] for procs in (1, 2, 4)] == [32, 16, 8]


def test_a_deadlock_is_reported_in_gos_words() -> None:
    """Nothing can ever run again, and no timer is there."""

    def main(g: G) -> Body:
        yield g.chan().recv()

    result = simulate(main)

    assert (result.outcome, result.exit_code) == ("deadlock", 2)
    assert result.message == "fatal error: all goroutines are asleep - deadlock!"


def test_panics_have_gos_words() -> None:
    """Sending on a closed channel ends the process with code 2."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield chan.close()
        yield chan.send(1)

    result = simulate(main)

    assert (result.outcome, result.exit_code, result.message) == ("panic", 2, "panic: send on closed channel")


def test_the_same_seed_gives_the_same_run() -> None:
    """And another repetition another."""

    def main(g: G) -> Body:
        for _ in range(20):
            yield g.sleep(us(g.random("x").randrange(1, 3000)))
        g.observe("at", g.now())

    runs = [simulate(main, gomaxprocs=4, repetition=repetition) for repetition in (0, 0, 1)]

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_events_are_frozen_and_in_order() -> None:
    """The same tuple whenever they are asked for, also by who gets the result from another process."""

    def main(g: G) -> Body:
        chan = g.chan()
        yield g.go(sends, chan)
        yield chan.recv()

    def sends(_g: G, chan: Chan) -> Body:
        yield chan.send(1)

    result = simulate(main, gomaxprocs=2, events=True)

    assert isinstance(result.events, tuple)
    assert result.events is result.events
    assert {type(event) for event in result.events} == {Event}
    assert [event.at for event in result.events] == sorted(event.at for event in result.events)
    assert result.events[-1].at <= end_of(result)
    with pytest.raises(AttributeError):
        result.events[0].at = 1  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):  # Python 3.11 trips over its own words
        result.events = ()  # type: ignore[misc]
    assert result == simulate(main, gomaxprocs=2, events=True) == pickle.loads(pickle.dumps(result))  # noqa: S301
    assert result != simulate(main, gomaxprocs=2, events=True, seed=2)
    assert simulate(main, gomaxprocs=2).events is None


def test_a_limit_says_what_was_running() -> None:
    """A simulation that does not end is a timeout, not a hang of golab."""

    def main(g: G) -> Body:
        while True:
            yield g.work(ms(1))

    result = simulate(main, max_time=ms(50))

    assert (result.outcome, result.message) == ("timeout", "at the limit: goroutine 1 [running]")


def test_a_program_file_needs_a_main(tmp_path: Path) -> None:
    """What the file lacks, or what its Python raised."""
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")

    with pytest.raises(SimulatedProgramError, match="has no function main"):
        load(tmp_path / "empty.py")
    with pytest.raises(ProgramRaisedError, match="ZeroDivisionError"):
        load(tmp_path / "broken.py")


@pytest.mark.parametrize(
    ("cpus", "quota", "procs"),
    [
        (1, None, 1),
        (8, None, 8),
        (8, 0.05, 2),  # never less than 2 for a quota
        (8, 1.0, 2),
        (8, 2.0, 2),
        (8, 2.01, 3),  # rounded up
        (8, 7.5, 8),
        (8, 20.0, 8),  # never more than the CPUs
        (1, 0.5, 1),
    ],
)
def test_gomaxprocs_follows_the_cpus_and_the_quota(cpus: int, quota: float | None, procs: int) -> None:
    """min(CPUs, max(2, quota rounded up)), as since Go 1.25 (R11, cgroup_linux.go)."""

    def main(g: G) -> Body:
        yield g.work(1)

    assert default_gomaxprocs(cpus, quota) == procs
    assert simulate(main, cpus=cpus, quota=quota).statistics.gomaxprocs == procs
    assert simulate(main, cpus=cpus, quota=quota, gomaxprocs=5).statistics.gomaxprocs == 5


@pytest.mark.parametrize("quota", [0, -1, -0.5, 0.009, math.nan, -math.inf, math.inf])
def test_a_quota_is_at_least_a_hundredth_of_a_cpu(quota: float) -> None:
    """That is 1 ms a period, the kernel's own least; None is no quota, and nothing else is."""
    with pytest.raises(SimulatedProgramError, match="a quota is in CPUs' worth of time") as caught:
        simulate(_works, quota=quota)

    assert caught.value.hint == "None is no quota"


@pytest.mark.parametrize("cpus", [0, -1, 1025])
def test_a_process_has_a_cpu(cpus: int) -> None:
    """A cpuset of none is refused, as the kernel refuses it."""
    with pytest.raises(SimulatedProgramError, match=f"CPUs go from 1 to 1024, not {cpus}"):
        simulate(_works, cpus=cpus)


def test_the_smallest_quota_and_one_far_above_the_cpus_are_allowed() -> None:
    """20 ms of work at a hundredth of a CPU take some two seconds: 1 ms each 100."""
    least, most = (simulate(_works, quota=quota, costs=free()).wall_ns for quota in (0.01, 1000))

    assert most == ms(20)
    assert least is not None
    assert ms(1500) < least < ms(2000)


def _works(g: G) -> Body:
    yield g.work(ms(20))

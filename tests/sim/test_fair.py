"""The fair scheduler's decisions, each with numbers written out."""

import pytest

from lab.sim import fair
from lab.sim.thread import RUNNING, Cpu, Thread

_MS = 1_000_000


def _running(vruntime: int, since: int = 0) -> Thread:
    return Thread(id=9, vruntime=vruntime, on_since=since, state=RUNNING)


def test_a_thread_that_runs_ages_as_it_runs() -> None:
    """And not before it has begun: a switch may still be under way."""
    assert fair.ran(_running(10, since=100), 130) == 40
    assert fair.ran(_running(10, since=100), 90) == 10


def test_the_floor_is_what_the_last_has_reached() -> None:
    """Of those that wait and the one that runs; when the CPU is empty it stays where it was."""
    cpu = Cpu(id=0, current=_running(50), queue=[Thread(id=1, vruntime=70)])

    assert fair.floor(cpu, 5) == 55
    assert fair.floor(cpu, 40) == 70
    cpu.current, cpu.queue = None, []
    assert fair.floor(cpu, 1000) == 70


def test_who_comes_has_no_credit_and_keeps_its_debt() -> None:
    """A sleeper of long standing comes in at the floor; one that has run 30 more than its CPU's floor does here, too."""
    old, new = Cpu(id=0, floor=100), Cpu(id=1, floor=1000)
    sleeper, debtor, first = (
        Thread(id=1, vruntime=20, cpu=old),
        Thread(id=2, vruntime=130, cpu=old),
        Thread(id=3),
    )
    for each in (sleeper, debtor, first):
        fair.arrive(each, new, 0)

    assert [each.vruntime for each in (sleeper, debtor, first)] == [1000, 1030, 1000]
    assert {each.cpu for each in (sleeper, debtor, first)} == {new}


@pytest.mark.parametrize(("vruntime", "does"), [(59, True), (60, True), (61, False)])
def test_who_wakes_runs_at_once_unless_it_has_run_more(vruntime: int, does: bool) -> None:  # noqa: FBT001 - a case
    """The one that runs has had 50 and 10 since."""
    assert fair.preempts(Thread(id=1, vruntime=vruntime), _running(50), 10) is does


def test_the_one_that_has_run_least_is_next() -> None:
    """Of two alike the one that has waited longer."""
    queue = [Thread(id=number, vruntime=vruntime) for number, vruntime in enumerate((7, 3, 3, 9))]

    assert fair.pick(queue).id == 1


def test_a_slice_ends_at_a_tick_for_somebody_who_has_had_less() -> None:
    """Not before the shortest slice, not for one that has had more, and not for nobody."""
    cpu = Cpu(id=0, current=_running(0), queue=[Thread(id=1, vruntime=3 * _MS)])

    assert [fair.ends_slice(cpu, at * _MS, 2 * _MS) for at in (1, 2, 3, 4)] == [False, False, True, True]
    cpu.queue = []
    assert not fair.ends_slice(cpu, 4 * _MS, 2 * _MS)
    assert not fair.ends_slice(Cpu(id=0, queue=[Thread(id=1)]), 4 * _MS, 2 * _MS)


def test_ticks_have_a_phase() -> None:
    """The first after a time, never that time itself."""
    cpu = Cpu(id=0, tick_phase=3)

    assert [fair.next_tick(cpu, now, 10) for now in (0, 2, 3, 12, 13)] == [3, 3, 13, 13, 23]


def test_use_of_a_cpu_halves_in_32_ms() -> None:
    """Busy for a half-life: a half; for another: three quarters; then idle for one: three eighths (pelt.c)."""
    cpu = Cpu(id=0)
    fair.note_use(cpu, 0)
    cpu.current = _running(0)

    assert fair.utilization(cpu, 32 * _MS) == pytest.approx(0.5)
    fair.note_use(cpu, 64 * _MS)
    cpu.current = None
    assert fair.utilization(cpu, 96 * _MS) == pytest.approx(0.375)


def test_what_a_thread_used_goes_with_it() -> None:
    """It ran for a half-life, slept for one, and comes to another CPU with a quarter."""
    old, new = Cpu(id=0, utilization=0.5, changed_at=64 * _MS), Cpu(id=1, changed_at=64 * _MS)
    thread = Thread(id=1, cpu=old)
    fair.note_run(thread, 32 * _MS)
    fair.attach(thread, new, 64 * _MS)

    assert thread.utilization == pytest.approx(0.5)
    assert [old.utilization, new.utilization] == pytest.approx([0.25, 0.25])

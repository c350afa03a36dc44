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


def test_the_average_is_over_all_on_a_cpu() -> None:
    """Those that wait and the one that runs; when the CPU is empty it stays where it was (avg_vruntime)."""
    cpu = Cpu(id=0, current=_running(50), queue=[Thread(id=1, vruntime=70)])

    assert [fair.average(cpu, 10), fair.average(cpu, 40)] == [65, 80]
    cpu.current, cpu.queue = None, []
    assert fair.average(cpu, 1000) == 80


def test_who_comes_brings_what_it_had_not_had() -> None:
    """Beside one other its coming halves its lag, so it is placed back by twice of it; alone by nothing (place_entity)."""
    shared, empty = Cpu(id=0, current=_running(1000)), Cpu(id=1, average=500)
    unserved, fresh, alone = Thread(id=1, lag=30), Thread(id=2), Thread(id=3, lag=30)
    for thread, cpu in ((unserved, shared), (fresh, shared), (alone, empty)):
        thread.sleeps = 1
        fair.arrive(thread, cpu, 0, 100)

    assert [each.vruntime for each in (unserved, fresh, alone)] == [940, 1000, 500]
    assert [each.deadline for each in (unserved, fresh, alone)] == [1040, 1100, 600]


def test_a_new_thread_has_half_a_slice_to_wait() -> None:
    """So that it is soon seen to run (PLACE_DEADLINE_INITIAL)."""
    thread = Thread(id=1)
    fair.arrive(thread, Cpu(id=0, average=500), 0, 100)

    assert thread.deadline == 550


@pytest.mark.parametrize(("since", "vruntime"), [(0, 1040), (30, 1040), (40, 1040), (70, 1070)])
def test_what_a_sleeper_had_too_much_is_forgotten_as_others_have_it_too(since: int, vruntime: int) -> None:
    """It had had 40 more than the one that has run since (DELAY_DEQUEUE)."""
    cpu = Cpu(id=0, current=_running(1000))
    thread = Thread(id=1, cpu=cpu, lag=-20, vruntime=1040, sleeps=1)
    fair.arrive(thread, cpu, since, 100)

    assert thread.vruntime == vruntime


def test_a_lag_is_kept_over_a_sleep_within_bounds() -> None:
    """Half of what the other had more; no more than the bound (update_entity_lag)."""
    cpu = Cpu(id=0, queue=[Thread(id=1, vruntime=160)])
    cpu.current = thread = _running(100)
    fair.sleeps(thread, cpu, 0, 1000)
    within = thread.lag
    fair.sleeps(thread, cpu, 0, 20)

    assert (within, thread.lag) == (30, 20)


@pytest.mark.parametrize(("lag", "does"), [(10, True), (0, True), (-1, False)])
def test_who_wakes_runs_at_once_unless_it_has_had_more(lag: int, does: bool) -> None:  # noqa: FBT001 - a case
    """Than the one that runs, which alone on its CPU is the average."""
    cpu = Cpu(id=0, current=_running(1000))
    assert cpu.current is not None
    thread = Thread(id=1, lag=lag, sleeps=1)
    fair.arrive(thread, cpu, 0, 100)

    assert fair.preempts(thread, cpu.current, 0) is does


def test_the_eligible_with_the_earliest_deadline_is_next() -> None:
    """Whoever has run more than the average waits, whatever its deadline; where nobody is eligible deadlines decide."""
    queue = [
        Thread(id=number, vruntime=vruntime, deadline=deadline)
        for number, (vruntime, deadline) in enumerate(((7, 20), (3, 40), (3, 30), (9, 10)))
    ]

    assert [fair.pick(queue, at).id for at in (5, 7, 2)] == [2, 0, 3]


def test_a_slice_ends_at_a_tick_for_somebody_who_has_had_less() -> None:
    """Not before its deadline, which is put off by a slice at 2 ms, not for one that has had more, and not for nobody."""
    cpu = Cpu(id=0, current=_running(0), queue=[Thread(id=1, vruntime=3 * _MS)])
    assert cpu.current is not None
    cpu.current.deadline = 2 * _MS

    assert [fair.ends_slice(cpu, at * _MS, 2 * _MS) for at in (1, 2, 3, 4)] == [False, False, False, True]
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

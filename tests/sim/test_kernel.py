"""Where the kernel puts threads, and when each has a CPU: small machines, at no cost, ticks at multiples of 4 ms."""

import random
from typing import Final

from lab.sim.bandwidth import PERIOD
from lab.sim.clock import Steps
from lab.sim.thread import Thread
from tests.machine import Machine, Phases

_MS: Final = 1_000_000


def _story(machine: Machine) -> list[tuple[float, int, int, str]]:
    """Who got a CPU, or lost it: when in ms, which thread, on which CPU, what."""
    return [(each.at / _MS, each.thread, each.cpu, each.new or "ended") for each in machine.changes]


def _on_cpu(machine: Machine) -> list[tuple[float, int, int]]:
    return [(at, thread, cpu) for at, thread, cpu, what in _story(machine) if what == "running"]


def test_two_threads_take_turns_of_a_tick() -> None:
    """Who comes runs at once, as it has had no more; then each until a tick finds that its slice is over."""
    machine = Machine(1)
    machine.hog(6 * _MS)
    machine.hog(6 * _MS)
    machine.run(20 * _MS)

    assert _on_cpu(machine) == [(0, 0, 0), (0, 1, 0), (4, 0, 0), (8, 1, 0), (10, 0, 0)]
    assert machine.ended == {1: 10 * _MS, 0: 12 * _MS}


def test_who_wakes_runs_at_once_where_it_has_had_no_more() -> None:
    """It comes in at what the hog has had, and the hog goes on when it sleeps again."""
    machine = Machine(1)
    machine.hog(10 * _MS)
    machine.hog(1 * _MS, at=5 * _MS)
    machine.run(20 * _MS)

    assert _on_cpu(machine) == [(0, 0, 0), (5, 1, 0), (6, 0, 0)]
    assert machine.ended == {1: 6 * _MS, 0: 11 * _MS}


def test_who_has_had_more_than_the_other_waits_when_it_wakes_for_as_long() -> None:
    """It ran for 3 ms while the hog waited, and sleeps for a tenth of one: a tick has to find that the hog has had as much."""
    machine = Machine(1)
    machine.hog(30 * _MS)

    def body(thread: Thread) -> Steps:
        for _ in range(2):
            yield from machine.work(thread, 3 * _MS)
            yield from machine.kernel.sleep(thread, thread.clock + _MS // 10)

    machine.start(body, at=4 * _MS)
    machine.run(40 * _MS)

    assert [at for at, thread, _ in _on_cpu(machine) if thread == 1] == [4, 12, 20]


def test_a_thread_goes_to_an_idle_cpu_and_first_to_its_own() -> None:
    """Threads 0 and 2 last ran on CPU 0, 1 on CPU 1: 2 finds its own taken and the other idle."""
    machine = Machine(2)
    machine.hog(9 * _MS)
    machine.hog(1 * _MS, at=1 * _MS)
    machine.hog(1 * _MS, at=3 * _MS)
    machine.run(20 * _MS)

    assert _on_cpu(machine) == [(0, 0, 0), (1, 1, 1), (3, 2, 1)]


def test_a_cpu_that_has_nothing_to_do_takes_over_who_waits_elsewhere() -> None:
    """At once when it becomes idle, if that one has not run for half a millisecond (sched_balance_newidle, task_hot)."""
    machine = Machine(2)
    machine.hog(20 * _MS)
    machine.hog(5 * _MS)
    machine.hog(20 * _MS)
    machine.run(50 * _MS)

    assert [each for each in _on_cpu(machine) if each[0] >= 5] == [(5, 0, 1)]


def test_a_sleeper_has_its_cpu_back_where_nobody_took_it() -> None:
    """Twice 2 ms of work with 3 ms of sleep between."""
    machine = Machine(1)

    def body(thread: Thread) -> Steps:
        yield from machine.work(thread, 2 * _MS)
        yield from machine.kernel.sleep(thread, thread.clock + 3 * _MS)
        yield from machine.work(thread, 2 * _MS)

    machine.start(body)
    machine.run(20 * _MS)

    assert _story(machine) == [
        (0, 0, 0, "running"),
        (2, 0, 0, "asleep"),
        (5, 0, 0, "running"),
        (7, 0, 0, "ended"),
    ]


def test_a_wake_up_that_comes_first_is_not_lost() -> None:
    """Who was woken before it slept does not sleep; once."""
    machine = Machine(2)
    sleeper = machine.start(lambda thread: _sleeps_twice(machine, thread))
    machine.start(lambda thread: _wakes(machine, thread, sleeper))
    machine.run(30 * _MS)

    assert machine.ended == {1: 1 * _MS, 0: 14 * _MS}


def _sleeps_twice(machine: Machine, thread: Thread) -> Steps:
    yield from machine.work(thread, 4 * _MS)
    yield from machine.kernel.sleep(thread, thread.clock + 10 * _MS)
    yield from machine.kernel.sleep(thread, thread.clock + 10 * _MS)


def _wakes(machine: Machine, thread: Thread, sleeper: Thread) -> Steps:
    yield from machine.work(thread, 1 * _MS)
    machine.kernel.wake(sleeper, thread)


def test_an_interrupt_stops_what_a_thread_does_when_it_has_its_cpu() -> None:
    """Of 10 ms it has done 4 when another takes the CPU; interrupted at 5 ms, it is told so at 6, with 6 left."""
    machine = Machine(1, source=Phases(0))
    left = []

    def body(thread: Thread) -> Steps:
        yield from machine.work(thread, 10 * _MS)
        left.append((machine.kernel.now // _MS, thread.cut // _MS))

    thread = machine.start(body)
    machine.hog(2 * _MS, at=4 * _MS)
    machine.run(5 * _MS)
    machine.kernel.interrupt(thread)
    machine.run(30 * _MS)

    assert left == [(6, 6)]


def test_who_is_woken_on_a_throttled_cpu_is_throttled_with_it() -> None:
    """And both go on with the next period, in the order in which they came: who slept has no credit."""
    machine = Machine(1, 0.2)
    machine.hog(60 * _MS)
    machine.hog(1 * _MS, at=50 * _MS)
    machine.run(PERIOD + 2 * _MS)

    assert _story(machine) == [
        (0, 0, 0, "running"),
        (20, 0, 0, "waiting"),
        (20, 0, 0, "throttled"),
        (50, 1, 0, "waiting"),
        (50, 1, 0, "throttled"),
        (100, 0, 0, "waiting"),
        (100, 1, 0, "waiting"),
        (100, 0, 0, "running"),
    ]
    assert machine.kernel.cpus.throttled_ns == 80 * _MS


def test_a_seed_gives_its_ticks_and_periods() -> None:
    """The phases are the machine's own and differ from run to run."""

    def story(seed: int) -> object:
        machine = Machine(2, 0.5, source=random.Random(seed))  # noqa: S311 - a simulation
        for _ in range(3):
            machine.hog(100 * _MS)
        machine.run(5 * PERIOD)
        return machine.changes

    assert story(1) == story(1)
    assert story(1) != story(2)

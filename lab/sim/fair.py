"""Who runs on a CPU, and on which: decisions of the kernel's fair scheduler, as functions of its threads and CPUs.

The rules are EEVDF's, as of Linux 6.12 and later (kernel/sched/fair.c), for threads of equal weight: a thread is eligible
if it has run no more than the average of those on its CPU, and of the eligible the one with the earliest deadline
runs. What a thread has not had when it goes to sleep, its lag, it is given when it wakes; so one that uses little runs
at once when it wakes, in another's place, and is not passed over by a third.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lab.sim.thread import Cpu, Thread

_HALF_LIFE: Final = 32_000_000
"""Of what counts as recent use of a CPU, in ns. pelt.c: y^32 = 0.5, in units of 1.024 ms."""
_BIAS: Final = 1.08
"""fair.c: wake_affine_weight, half of ``imbalance_pct`` 117 in whole numbers."""
NEW: Final = 0.5
"""What a new thread counts as, of what is left of its CPU. fair.c: post_init_entity_util_avg."""


def ran(thread: Thread, now: int) -> int:
    """The vruntime of a thread that runs."""
    return thread.vruntime + max(now - thread.on_since, 0)


def average(cpu: Cpu, now: int) -> int:
    """The average vruntime of the threads on *cpu*; where there are none, the last (avg_vruntime)."""
    current, queue = cpu.current, cpu.queue
    if current is not None:
        cpu.average = ran(current, now) if not queue else _mean(queue, ran(current, now))
    elif queue:
        cpu.average = _mean(queue)
    return cpu.average


def arrive(thread: Thread, cpu: Cpu, now: int, slice_: int) -> None:
    """Place a thread that wakes or is new: back by its lag (place_entity).

    One that had had too much is as far ahead as it was, until others have had as much: it stays in its queue, asleep, so
    long (DELAY_DEQUEUE).
    """
    lag = thread.lag
    if lag < 0 and thread.cpu is not None:
        ahead = max(thread.vruntime - average(thread.cpu, now), 0)
        thread.vruntime = average(cpu, now) + ahead
        thread.cpu = cpu
    else:
        _place(thread, cpu, now, lag)
    thread.deadline = thread.vruntime + (slice_ if thread.sleeps else slice_ // 2)


def lag(thread: Thread, cpu: Cpu, now: int, most: int) -> int:
    """What a thread that waits on *cpu* has not had of its share, *most* at most (update_entity_lag)."""
    return max(min(average(cpu, now) - thread.vruntime, most), -most)


def move(thread: Thread, cpu: Cpu, now: int, lag: int) -> None:
    """Place a thread that waited elsewhere with a *lag*; what was left until its deadline goes with it, too."""
    left = thread.deadline - thread.vruntime
    _place(thread, cpu, now, lag)
    thread.deadline = thread.vruntime + left


def sleeps(thread: Thread, cpu: Cpu, now: int, most: int) -> None:
    """Keep a thread's lag as it goes to sleep, *most* at most (update_entity_lag). Call while it still runs."""
    thread.lag = max(min(average(cpu, now) - ran(thread, now), most), -most)


def preempts(thread: Thread, current: Thread, now: int) -> bool:
    """Whether a woken thread runs at once in place of *current*: if that has had as much, its slice over or not.

    Seen on Linux 6.18, where RUN_TO_PARITY would have it wait: among threads that wake each other 91 to 98 % (wake_preempts).
    """
    return thread.vruntime <= ran(current, now)


def ends_slice(cpu: Cpu, now: int, slice_: int) -> bool:
    """Whether a tick stops the thread that runs: its slice is over, and another is more entitled (entity_tick)."""
    current = cpu.current
    if current is None or not cpu.queue:
        return False
    at, reached = average(cpu, now), ran(current, now)
    if reached < current.deadline:
        return False
    current.deadline = reached + slice_
    best = pick(cpu.queue, at)
    return best.vruntime <= at and (reached > at or best.deadline <= current.deadline)


def pick(queue: Iterable[Thread], at: int) -> Thread:
    """Of the eligible, those that have run no more than *at*, the one with the earliest deadline (pick_eevdf)."""
    return min(queue, key=lambda thread: (thread.vruntime > at, thread.deadline))


def next_tick(cpu: Cpu, now: int, period: int) -> int:
    """The first tick after *now*."""
    return now + period - (now - cpu.tick_phase) % period


def _place(thread: Thread, cpu: Cpu, now: int, lag: int) -> None:
    there = len(cpu.queue) + (cpu.current is not None)  # its own coming would make its lag smaller
    thread.vruntime = average(cpu, now) - (lag * (there + 1) // there if there else 0)
    thread.cpu = cpu


def _mean(queue: list[Thread], *more: int) -> int:
    return (sum(thread.vruntime for thread in queue) + sum(more)) // (len(queue) + len(more))


def utilization(cpu: Cpu, now: int) -> float:
    """Share of the last moments that a CPU was busy; it comes and goes with the threads that used it (``util_avg``)."""
    return _decayed(cpu.utilization, now - cpu.changed_at, busy=cpu.current is not None)


def load(cpu: Cpu, now: int) -> float:
    """How much a CPU has to do: how much it was used of late, and who waits there now (in place of ``load_avg``)."""
    return utilization(cpu, now) + len(cpu.queue)


def pulls(thread: Thread, here: Cpu, last: Cpu, now: int) -> bool:
    """Whether a woken thread comes to its waker's CPU, because there is less to do than where it was (wake_affine_weight)."""
    own = _decayed(thread.utilization, now - thread.stopped_running, busy=False)
    return load(here, now) + own < _BIAS * (load(last, now) - own)


def attach(thread: Thread, cpu: Cpu, now: int) -> None:
    """What a thread has used of late counts where it is now. Call before it is there."""
    used = _decayed(thread.utilization, now - thread.stopped_running, busy=False)
    old = thread.cpu
    if old is not None:
        note_use(old, now)
        old.utilization = max(old.utilization - used, 0.0)
    note_use(cpu, now)
    cpu.utilization = min(cpu.utilization + used, 1.0)


def note_use(cpu: Cpu, now: int) -> None:
    """Call before a CPU becomes busy or idle."""
    cpu.utilization = utilization(cpu, now)
    cpu.changed_at = now


def note_run(thread: Thread, now: int) -> None:
    """Call as a thread stops running: how much of the last moments it ran, counting what it did before as it decays."""
    slept = max(thread.on_since - thread.stopped_running, 0)
    before = _decayed(thread.utilization, slept, busy=False)
    thread.utilization = _decayed(before, max(now - thread.on_since, 0), busy=True)
    thread.stopped_running = now


def _decayed(value: float, ns: int, *, busy: bool) -> float:
    kept: float = 0.5 ** (max(ns, 0) / _HALF_LIFE)
    return value * kept + (1 - kept if busy else 0)

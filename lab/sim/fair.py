"""Who runs on a CPU, and on which: decisions of the fair scheduler, as functions of its threads and CPUs.

The rules are the kernel's in short, held to what its threads were seen to do (Linux 6.18): who has run least runs
next; a woken thread runs at once, unless it has run more than its share; a thread that others wait for is stopped
at a tick; a CPU without work takes over a thread that waits elsewhere, when it becomes idle or at the other's tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lab.sim.thread import Cpu, Thread

_HALF_LIFE: Final = 32_000_000
"""Of what counts as recent use of a CPU, in ns. kernel/sched/pelt.c: y^32 = 0.5, in units of 1.024 ms."""
NEW: Final = 0.5
"""What a new thread counts as, of what is left of its CPU. fair.c: post_init_entity_util_avg."""


def ran(thread: Thread, now: int) -> int:
    """The vruntime of a thread that runs."""
    return thread.vruntime + max(now - thread.on_since, 0)


def floor(cpu: Cpu, now: int) -> int:
    """What all threads on *cpu* have reached; it never goes back (``min_vruntime``)."""
    reached = [thread.vruntime for thread in cpu.queue]
    if cpu.current is not None:
        reached.append(ran(cpu.current, now))
    if reached:
        cpu.floor = max(cpu.floor, min(reached))
    return cpu.floor


def arrive(thread: Thread, cpu: Cpu, now: int) -> None:
    """Give a thread that comes to *cpu* its place there: no credit for having slept, and no debt that others have overtaken."""
    debt = 0 if thread.cpu is None else max(thread.vruntime - floor(thread.cpu, now), 0)
    thread.vruntime = floor(cpu, now) + debt
    thread.cpu = cpu


def preempts(thread: Thread, current: Thread, now: int) -> bool:
    """Whether a woken thread runs at once in place of *current*."""
    return thread.vruntime <= ran(current, now)


def pick(queue: Iterable[Thread]) -> Thread:
    """The one that has run least."""
    return min(queue, key=lambda thread: thread.vruntime)


def ends_slice(cpu: Cpu, now: int, shortest: int) -> bool:
    """Whether a tick stops the thread that runs: it has had its slice, and another has had less."""
    current = cpu.current
    if current is None or not cpu.queue or now - current.on_since < shortest:
        return False
    return pick(cpu.queue).vruntime <= ran(current, now)


def next_tick(cpu: Cpu, now: int, period: int) -> int:
    """The first tick after *now*."""
    return now + period - (now - cpu.tick_phase) % period


def utilization(cpu: Cpu, now: int) -> float:
    """Share of the last moments that a CPU was busy; it comes and goes with the threads that used it (``util_avg``)."""
    return _decayed(cpu.utilization, now - cpu.changed_at, busy=cpu.current is not None)


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

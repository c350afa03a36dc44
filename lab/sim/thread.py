"""What the kernel knows: threads and CPUs. Data only, and nothing of Go; decisions are in ``fair`` and ``bandwidth``."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Final

NEVER: Final = -1


class ThreadState(enum.Enum):
    """Where a thread is, as the kernel sees it."""

    ASLEEP = "asleep"
    WAITING = "waiting"
    """It would run, and another has its CPU, or its CPU is throttled."""
    RUNNING = "running"


# bound once: looking up a member of an Enum takes longer than asking whether a thread runs
ASLEEP: Final = ThreadState.ASLEEP
WAITING: Final = ThreadState.WAITING
RUNNING: Final = ThreadState.RUNNING


@dataclass(slots=True, eq=False)
class Thread:
    """A thread. ``clock`` is its own simulated time: until then it has used its CPU, or will have, if nobody interferes."""

    id: int
    clock: int = 0
    state: ThreadState = ASLEEP
    cpu: Cpu | None = None
    """On which it runs, waits, or ran last; None for a thread that has not run yet."""
    steps: Any = None
    """What it does, as a generator that the loop resumes."""
    alarm: Any = None
    """The loop's event that resumes it, armed again and again."""
    due: int = NEVER
    """When the loop resumes it; an alarm for another time counts for nothing."""
    stopped_at: int = NEVER
    """Since when it waits for a CPU in the middle of what it does."""
    until: int = NEVER
    """What it does lasts until this time of the wall clock, not for so much time on a CPU."""
    cut: int = 0
    """How much of what it was doing was left when it was interrupted."""
    token: bool = False
    """It was woken before it slept, and will not sleep."""
    slept_at: int = 0
    sleeps: int = 0
    """How often it was woken; a timer of an earlier sleep counts for nothing."""
    on_since: int = 0
    """Since when it has had the CPU."""
    vruntime: int = 0
    """How much it has run, on the scale of its CPU's queue."""
    deadline: int = 0
    """The vruntime by which it should have had its slice."""
    lag: int = 0
    """What it had not had of its share when it went to sleep; below 0 what it had too much."""
    utilization: float = 0.0
    """Share of the last moments that it ran, as of when it stopped (``util_avg``)."""
    stopped_running: int = 0


@dataclass(slots=True, eq=False)
class Cpu:
    """A CPU with the queue of the threads that wait for it."""

    id: int
    tick_phase: int = 0
    """When its ticks come, within their period."""
    current: Thread | None = None
    queue: list[Thread] = field(default_factory=list)
    average: int = 0
    """The average vruntime of those here, or of the last that were (``avg_vruntime``)."""
    ticking: bool = False
    """Whether its next tick is in the loop's queue."""
    balances_at: int = 0
    """When it looks for a busier one, at the earliest."""
    idle_since: int = 0
    chance: float = 0.0
    """Drawn each time that it becomes idle: whether it is then overlooked."""
    stalling: bool = False
    """Whether its next stall is in the loop's queue."""
    throttled: bool = False
    runtime: int = 0
    """CPU time that its group may still use here before it has to ask for more."""
    charged_at: int = 0
    utilization: float = 0.0
    changed_at: int = 0
    """When it became busy or idle, the time that ``utilization`` is of."""

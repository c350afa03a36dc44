"""What the scheduler knows: Gs, Ms, Ps and the queues between them. Data only; decisions are in ``sched``."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from lab.sim.operation import Body, Operation
from lab.sim.program import G
from lab.sim.release import GoRelease
from lab.sim.status import RUNNABLE, GStatus
from lab.sim.thread import Thread


@dataclass(slots=True, eq=False)
class Goroutine:
    """A G as the scheduler sees it. ``result`` goes into its body when it runs next."""

    handle: G
    name: str
    body: Body
    status: GStatus = RUNNABLE
    since: int = 0
    """When it became what it is."""
    result: Any = None
    sends: Any = None
    """The value that it offers on the channel on which it waits."""
    preempt: bool = False
    left: Operation | None = None
    """What is left of an operation that was preempted."""
    unblocks: tuple[Timer, ...] = ()
    """The channel timers that this G blocks on: they leave their heaps when it runs again and nobody else blocks."""
    callers: list[Body] | None = None
    """The bodies that called the one that runs, outermost first."""
    panic: str = ""
    """The first panic's text, while it runs its deferred calls."""
    exited: bool = False
    """It ends by Goexit, and not because its body came to its end."""
    locked_m: M | None = None
    """The M that it is locked to."""
    lock_depth: int = 0
    """How often the program has locked it (lockedExt)."""
    is_locked_inside: bool = False
    """The runtime has, around package inits (lockedInt)."""
    why: str = ""
    """What it waits for, in the runtime's words."""

    @property
    def gid(self) -> int:
        """Its number: main is 1."""
        return self.handle.gid

    def __str__(self) -> str:
        return f"goroutine {self.handle.gid} ({self.name})"


@dataclass(slots=True, eq=False)
class Timer:
    """A runtime timer. ``when`` None means that it is not running (0 in the runtime, whose clock has no 0). time.go: timer."""

    when: int | None
    period: int = 0
    wakes: Goroutine | None = None
    """The sleeper that it makes ready, or None for a channel's timer."""
    chan: Any = None
    spawns: Any = None
    """What makes the goroutine of time.AfterFunc."""
    blocked: int = 0
    """How many goroutines block on its channel: only then does it belong in a heap (Go 1.23+)."""
    p: P | None = None
    """The P in whose heap it is (timerHeaped)."""
    entry: tuple[int, int, Timer] | None = None
    """Its place there; an older one, of before it was modified, counts for nothing."""
    zombie: bool = False
    """In a heap that it no longer belongs in (timerZombie)."""


@dataclass(slots=True, eq=False)
class P:
    """The right to run Go code. runtime2.go: p."""

    id: int
    runq: deque[Goroutine] = field(default_factory=deque)
    runnext: Goroutine | None = None
    schedtick: int = 0
    syscalltick: int = 0
    timers: list[tuple[int, int, Timer]] = field(default_factory=list)
    heaped: int = 0
    """Timers in the heap, zombies among them."""
    zombies: int = 0
    modified: int | None = None
    """The earliest time that a timer in the heap was moved to since the heap was put in order (minWhenModified)."""
    m: M | None = None
    seen_schedtick: int = 0
    """sysmon's notes (sysmontick): the ticks it saw last, and when."""
    seen_schedwhen: int = 0
    seen_syscalltick: int = 0
    seen_syscallwhen: int = 0


@dataclass(slots=True, eq=False)
class M(Thread):
    """An OS thread that runs Go code, or sysmon."""

    p: P | None = None
    next_p: P | None = None
    old_p: P | None = None
    """The P with which it went into a system call last."""
    curg: Goroutine | None = None
    spinning: bool = False
    locked_g: Goroutine | None = None
    """The G that is locked to it: this M runs nothing else."""
    is_changed: bool = False
    """The program has locked a G to it, and may have changed the thread (lockedExt)."""
    ends: bool = False
    """Its G has exited locked: the thread ends too."""
    doing: Any = None
    """What takes time before the operation under way has its result."""


@dataclass(slots=True, eq=False)
class Sched:
    """proc.go: schedt, with the Ps and Ms."""

    release: GoRelease
    ps: list[P]
    ms: list[M] = field(default_factory=list)
    threads_made: int = 0
    idle_ps: list[P] = field(default_factory=list)
    idle_ms: list[M] = field(default_factory=list)
    runq: deque[Goroutine] = field(default_factory=deque)
    nmspinning: int = 0
    nmidlelocked: int = 0
    """Ms that wait for the G that is locked to them."""
    needspinning: bool = False
    poller: M | None = None
    """The M that blocks in netpoll (lastpoll is 0 then), and until when (0: for ever)."""
    poll_until: int = 0
    netpoll_inited: bool = False
    net_waiters: int = 0
    """Gs that wait for the network."""
    net_ready: list[Goroutine] = field(default_factory=list)
    """Those of them for which something has arrived, and nobody has polled since."""
    last_poll: int = 0
    stuck: int = 0
    """Ms in a system call that never returns."""
    net_pending: int = 0
    """Arrivals that are still to come."""
    timer_sequence: int = 0
    handoffs: int = 0
    """How often a P was given away by a thread that blocks, or was taken from it (handoffp)."""
    dead_gs: int = 0
    """Gs that have ended and can be used again (gfget)."""

    @property
    def gomaxprocs(self) -> int:
        """The number of Ps."""
        return len(self.ps)

"""Decisions of the Go scheduler, as functions of a state.

Theory of operation
-------------------
Nothing here takes time and nothing here waits: the loop asks, a function answers and changes the queues, the
loop lets time pass. The functions have the runtime's names and keep its order, so that each can be laid beside
its source (go1.27.3, ``runtime/proc.go`` unless another file is named).

A G is data. There is no coroutine per G in the event loop: "which G runs next" is decided here, in
:func:`local_next`, :func:`global_batch` and :func:`steal`, and nowhere else.

What must hold between any two decisions is asserted in :func:`check`.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Iterator
from math import gcd
from typing import Final

from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.status import SYSCALL

DEADLOCK: Final = "fatal error: all goroutines are asleep - deadlock!"
NO_GOROUTINES: Final = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"
UNNOTICED: Final = ""
EXHAUSTED: Final = "fatal error: thread exhaustion"
"""What comes after ``runtime: program exceeds 10000-thread limit`` (checkmcount)."""


def runqput(sched: Sched, p: P, g: Goroutine, *, next: bool) -> None:  # noqa: A002 - the runtime's word
    """Put *g* on P's queue; with *next* as runnext, which kicks the old one to the tail (runqput, runqputslow)."""
    if next:
        g, p.runnext = p.runnext, g  # type: ignore[assignment]
        if g is None:
            return
    if len(p.runq) < sched.release.runq_capacity:
        p.runq.append(g)
        return
    for _ in range(sched.release.runq_capacity // 2):
        sched.runq.append(p.runq.popleft())
    sched.runq.append(g)


def local_next(p: P) -> tuple[Goroutine, bool] | None:
    """The P's own next G, and whether it inherits the time slice (runqget)."""
    if (g := p.runnext) is not None:
        p.runnext = None
        return g, True
    return (p.runq.popleft(), False) if p.runq else None


def next_at_once(sched: Sched, p: P, now: int) -> tuple[Goroutine, bool] | None:
    """What findRunnable finds in its first steps without a thread changing hands, or None if more is to be done.

    No timer is due, the global queue does not come first, and the P's own next G belongs to no other thread.
    """
    if p.timers and (_is_due(p, now) or wants_clean(p)):
        return None
    g = p.runnext
    if g is not None:
        if g.locked_m is not None or wants_global_check(sched, p):
            return None
        p.runnext = None
        return g, True
    if not p.runq or p.runq[0].locked_m is not None or wants_global_check(sched, p):
        return None
    return p.runq.popleft(), False


def wants_global_check(sched: Sched, p: P) -> bool:
    """Whether this round looks at the global queue first, for fairness (findRunnable)."""
    return p.schedtick % sched.release.global_check_every == 0 and bool(sched.runq)


def global_batch(sched: Sched, p: P) -> Goroutine | None:
    """A G of the global queue; a fair share of the others goes to the P's own (globrunqgetbatch)."""
    if not sched.runq:
        return None
    share = min(sched.release.runq_capacity // 2, len(sched.runq), len(sched.runq) // sched.gomaxprocs + 1)
    g = sched.runq.popleft()
    for _ in range(share - 1):
        p.runq.append(sched.runq.popleft())
    return g


def may_spin(sched: Sched, m: M) -> bool:
    """Whether an M without work may look for some: at most half as many spin as Ps are busy (findRunnable)."""
    return m.spinning or 2 * sched.nmspinning < sched.gomaxprocs - len(sched.idle_ps)


def steal_order(count: int, source: random.Random) -> Iterator[int]:
    """All Ps once, from a random start by a random stride that is coprime to their number (randomOrder)."""
    strides = [n for n in range(1, count + 1) if gcd(n, count) == 1]
    at, stride = source.randrange(count), strides[source.randrange(len(strides))]
    for _ in range(count):
        yield at
        at = (at + stride) % count


def runqsteal(p: P, victim: P) -> Goroutine | None:
    """Take half of the victim's queue, rounded up, from its head; the last of them runs now (runqgrab, runqsteal)."""
    taken = [victim.runq.popleft() for _ in range(len(victim.runq) - len(victim.runq) // 2)]
    if not taken:
        return None
    p.runq.extend(taken[:-1])
    return taken[-1]


def handoff_starts(sched: Sched, p: P) -> bool | None:
    """Whether the M that a P needs as its own blocks starts by spinning; None if it needs no other M (handoffp)."""
    if p.runq or p.runnext is not None or sched.runq:
        return False
    if sched.nmspinning + len(sched.idle_ps) == 0:
        return True
    if len(sched.idle_ps) == sched.gomaxprocs - 1 and sched.poller is None:
        return False
    return None


def backs_off(victim: P) -> bool:
    """Whether a thief waits before it takes *victim*'s runnext: its G may be about to block (runqgrab, Go 1.26+)."""
    g = victim.m.curg if victim.m is not None else None
    return victim.m is not None and (g is None or g.status is not SYSCALL)


def is_in_syscall(p: P) -> bool:
    """Whether the G that runs on this P is in a system call, so that the P can be taken (setBlockOnExitSyscall)."""
    m = p.m
    return m is not None and m.p is p and m.curg is not None and m.curg.status is SYSCALL


def checkdead(sched: Sched, horizon: int, *, any_goroutine: bool) -> str | None:
    """What the runtime says when nothing can ever run again (checkdead): UNNOTICED if nothing, None if something can.

    An M that polls or is in a system call counts as running, and a place in a timer heap as a timer. A poller that
    waits, no longer than until *horizon*, for a timer that nobody needs any more is waited for.
    """
    running = sched.stuck + (sched.poller is not None)
    if len(sched.ms) > len(sched.idle_ms) + sched.nmidlelocked + running:
        return None
    if sched.net_pending or sched.net_ready or sched.runq or any(p.runq or p.runnext for p in sched.ps):
        return None
    if not (any_goroutine or running):
        return NO_GOROUTINES
    if any(p.heaped > p.zombies for p in sched.ps):
        return None
    if sched.poller is not None and 0 < sched.poll_until <= horizon:
        return None
    return UNNOTICED if running or any(p.heaped for p in sched.ps) else DEADLOCK


# Timers: a heap a P. A stopped timer stays where it is, as a zombie, until somebody comes by.


def add_timer(sched: Sched, p: P, timer: Timer) -> bool:
    """Put a timer into P's heap; whether it is now the earliest there (time.go: maybeAdd, addHeap)."""
    sched.netpoll_inited = True
    while p.timers and (_is_ghost(p.timers[0]) or p.timers[0][2].zombie):
        _drop_first(p)  # cleanHead
    earliest = wake_time(p)
    timer.p = p
    p.heaped += 1
    when = _push(sched, p, timer)
    return earliest is None or when < earliest


def belongs_in_heap(timer: Timer) -> bool:
    """Whether a running timer that is in no heap has to be put into one (time.go: needsAdd)."""
    return timer.p is None and timer.when is not None and (timer.chan is None or timer.blocked > 0)


def move_timer(sched: Sched, timer: Timer) -> bool:
    """A timer in a heap has a new time; whether it is the earliest that was modified lately (time.go: modify)."""
    p = timer.p
    assert p is not None  # noqa: S101 - it is in a heap
    set_zombie(timer, to=False)
    when = _push(sched, p, timer)
    if p.modified is not None and p.modified <= when:
        return False
    p.modified = when
    return True


def set_zombie(timer: Timer, *, to: bool) -> None:
    """Mark a timer in a heap as one that does not belong there, or no longer so (time.go: timerZombie)."""
    if timer.p is not None and timer.zombie is not to:
        timer.zombie = to
        timer.p.zombies += 1 if to else -1


def wake_time(p: P) -> int | None:
    """When somebody has to look at P's heap, None for never; a zombie counts (time.go: wakeTime)."""
    while p.timers and _is_ghost(p.timers[0]):
        _drop_first(p)
    return p.timers[0][0] if p.timers else None


def wants_clean(p: P) -> bool:
    """Whether the P's own M throws the zombies out, due or not (time.go: check)."""
    return p.zombies > p.heaped // 4


def clean(p: P) -> None:
    """Throw all zombies out (time.go: adjust)."""
    for entry in p.timers:
        if not _is_ghost(entry) and entry[2].zombie:
            _leave_heap(p, entry[2])
    p.timers = [entry for entry in p.timers if not _is_ghost(entry)]
    heapq.heapify(p.timers)
    p.modified = None


def expired(p: P, now: int) -> Timer | None:
    """P's earliest timer if it is due, taken out of the heap; zombies on the way are thrown out (time.go: run)."""
    while p.timers:
        when, _, timer = p.timers[0]
        if not (_is_ghost(p.timers[0]) or timer.zombie):
            if when > now:
                return None
            _drop_first(p)
            return timer
        _drop_first(p)
    return None


def next_period(timer: Timer, now: int) -> int:
    """When a periodic timer fires again: missed periods are skipped (time.go: unlockAndRun)."""
    assert timer.when is not None  # noqa: S101 - it is due
    late = now - timer.when
    return timer.when + timer.period * (1 + late // timer.period)


def earliest_timer(ps: Iterable[P]) -> int | None:
    """When the first heap of these Ps has to be looked at, None for never (checkTimersNoP, timeSleepUntil)."""
    return min((when for p in ps if (when := wake_time(p)) is not None), default=None)


def epoll_wait(sched: Sched, delay: int) -> int:
    """How long epoll is asked to wait: at least 1 ms, else cut to whole ones (netpoll_epoll.go: netpoll)."""
    if delay <= 0:
        return 0
    shortest = sched.release.epoll_shortest
    return shortest if delay < shortest else delay // shortest * shortest


def check(sched: Sched) -> None:
    """Assert what must hold between any two decisions."""
    queued = [*sched.runq, *(g for p in sched.ps for g in (*p.runq, *([p.runnext] if p.runnext else [])))]
    running = [m.curg for m in sched.ms if m.curg is not None]
    assert len(queued) == len({id(g) for g in queued}), "a G is queued twice"  # noqa: S101
    assert not {id(g) for g in queued} & {id(g) for g in running}, "a G is queued and running"  # noqa: S101
    held = [m.p for m in sched.ms if m.p is not None]
    assert len(held) == len({p.id for p in held}), "a P has two Ms"  # noqa: S101
    assert not {p.id for p in held} & {p.id for p in sched.idle_ps}, "an idle P has an M"  # noqa: S101
    assert 0 <= sched.nmspinning <= sched.gomaxprocs, "more spinning Ms than Ps"  # noqa: S101
    assert sched.nmspinning == sum(m.spinning for m in sched.ms), "nmspinning does not count the spinning Ms"  # noqa: S101


def _push(sched: Sched, p: P, timer: Timer) -> int:
    assert timer.when is not None  # noqa: S101 - only what runs is in a heap
    sched.timer_sequence += 1
    timer.entry = (timer.when, sched.timer_sequence, timer)
    heapq.heappush(p.timers, timer.entry)
    return timer.when


def _is_due(p: P, now: int) -> bool:
    due = wake_time(p)
    return due is not None and due <= now


def _is_ghost(entry: tuple[int, int, Timer]) -> bool:
    return entry[2].entry is not entry


def _drop_first(p: P) -> None:
    entry = heapq.heappop(p.timers)
    if not _is_ghost(entry):
        _leave_heap(p, entry[2])


def _leave_heap(p: P, timer: Timer) -> None:
    set_zombie(timer, to=False)
    p.heaped -= 1
    timer.p = timer.entry = None

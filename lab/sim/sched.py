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
from collections.abc import Iterator
from math import gcd

from lab.sim.state import Goroutine, M, P, Sched, Timer


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


def wakes_one(sched: Sched) -> bool:
    """Whether a wake-up is wanted: none spins and a P is idle (wakep). Without an idle P the wish is noted."""
    if sched.nmspinning:
        return False
    if not sched.idle_ps:
        sched.needspinning = True
        return False
    return True


def steal_order(count: int, source: random.Random) -> Iterator[int]:
    """All Ps once, from a random start by a random stride that is coprime to their number (randomOrder)."""
    strides = [n for n in range(1, count + 1) if gcd(n, count) == 1]
    at, stride = source.randrange(count), strides[source.randrange(len(strides))]
    for _ in range(count):
        yield at
        at = (at + stride) % count


def runqsteal(p: P, victim: P, *, with_runnext: bool) -> Goroutine | None:
    """Take half of the victim's queue, rounded up, from its head; the last of them runs now (runqgrab, runqsteal)."""
    taken = [victim.runq.popleft() for _ in range(len(victim.runq) - len(victim.runq) // 2)]
    if not taken:
        if with_runnext and victim.runnext is not None:
            g, victim.runnext = victim.runnext, None
            return g
        return None
    p.runq.extend(taken[:-1])
    return taken[-1]


def handoff_needs_m(sched: Sched, p: P) -> bool:
    """Whether a P whose M blocks needs another M at once (handoffp): for work, or because nobody looks for any."""
    if p.runq or p.runnext is not None or sched.runq:
        return True
    if sched.nmspinning + len(sched.idle_ps) == 0:
        return True
    return len(sched.idle_ps) == sched.gomaxprocs - 1 and sched.poller is None


def add_timer(sched: Sched, p: P, timer: Timer) -> bool:
    """Put a timer into P's heap; whether it is now the earliest there (time.go: timers.addHeap, t.needsAdd)."""
    sched.netpoll_inited = True
    sched.timer_sequence += 1
    timer.p = p
    heapq.heappush(p.timers, (timer.when, sched.timer_sequence, timer))
    return p.timers[0][2] is timer


def next_timer(p: P) -> int:
    """When P's earliest timer is due, 0 for none; stopped ones at the head are cleaned away (time.go: wakeTime)."""
    while p.timers and _is_stale(p.timers[0]):
        heapq.heappop(p.timers)
    return p.timers[0][0] if p.timers else 0


def expired(p: P, now: int) -> Timer | None:
    """P's earliest timer if it is due, taken out of the heap (time.go: timers.run)."""
    when = next_timer(p)
    if not when or when > now:
        return None
    timer = heapq.heappop(p.timers)[2]
    timer.p = None
    return timer


def next_period(timer: Timer, now: int) -> int:
    """When a periodic timer fires again: missed periods are skipped (time.go: unlockAndRun)."""
    late = now - timer.when
    return timer.when + timer.period * (1 + late // timer.period)


def earliest_timer(ps: list[P]) -> int:
    """When the earliest timer of these Ps is due, 0 for none (checkTimersNoP, timeSleepUntil)."""
    return min((when for p in ps if (when := next_timer(p))), default=0)


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


def _is_stale(entry: tuple[int, int, Timer]) -> bool:
    when, _, timer = entry
    return timer.p is None or timer.when != when
